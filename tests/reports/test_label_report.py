import base64
import csv
import gzip
import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.data.test_labels import marks_of
from tests.evaluation.test_label_report import example
from tests.reports.test_pages import HOSTILE
from viennatag.evaluation.label_report import LabelReport, label_report
from viennatag.reports.label_report import label_report_page, stored_details, write_label_table

NAMES = ["cat", "dog", HOSTILE, "ox"]


@pytest.fixture
def report() -> LabelReport:
    return label_report(*example(120), names=NAMES, support={"train": [500, 50, 5, 0]}, rounds=20)


def page_of(report: LabelReport, folder: Path, *, most_pictures: int = 100) -> str:
    """Return a page with the images of its marks, one of which is damaged."""
    for at in range(120):
        Image.new("RGB", (32, 32), (2 * at, 80, 160)).save(folder / f"{at}.png")
    (folder / "7.png").write_bytes(b"")
    marks = marks_of([[HOSTILE]] * 120)
    marks = replace(marks, taxonomy="flat", images=tuple(f"{at}.png" for at in range(120)))
    return label_report_page(report, source=HOSTILE, marks=marks, images=folder, most_pictures=most_pictures)


def test_the_table_has_a_row_for_each_label(report: LabelReport) -> None:
    file = io.StringIO()
    write_label_table(report, file)
    rows = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert [row["label"] for row in rows] == NAMES
    assert [row["train_marks"] for row in rows] == ["500", "50", "5", "0"]
    assert rows[3]["average_precision"] == ""
    assert float(rows[0]["average_precision"]) == pytest.approx(report.average_precision[0], rel=1e-4)


def test_the_page_loads_nothing_and_escapes_labels(report: LabelReport, tmp_path: Path) -> None:
    page = page_of(report, tmp_path)
    assert "default-src 'none'" in page
    assert not re.search(r"<(link|iframe|object)\b|url\(|@import|src=\"http|href=", page)
    assert "<script>alert" not in page
    assert page.count("<script>") == 1


def test_the_page_is_sorted_searched_and_opened_in_a_browser(browser: Any, report: LabelReport, tmp_path: Path) -> None:
    file = tmp_path / "labels.html"
    file.write_text(page_of(report, tmp_path), encoding="utf-8")
    for width in (1200, 390):
        context = browser.new_context(viewport={"width": width, "height": 900})
        page = context.new_page()
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message, said=said: said.append(message.text))
        page.on("pageerror", lambda error, said=said: said.append(str(error)))
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto(file.as_uri())

        def names(page: Any = page) -> list[str]:
            return page.locator("tr.label:visible .open b").all_text_contents()

        assert names() == NAMES
        head = page.locator("th.bar button")
        head.click()
        best = [NAMES[at] for at in np.argsort(-report.average_precision[:3])]
        assert names() == [*best, "ox"]  # an undefined figure is last
        head.click()
        assert names() == [*best[::-1], "ox"]
        page.get_by_label("Frequency").select_option("medium")
        assert names() == ["dog"]
        page.get_by_label("Frequency").select_option("")
        page.get_by_label("Search labels").fill("CA")
        assert names() == ["cat"]
        assert page.locator("#count").text_content() == "1 of 4 labels"
        page.locator("tr.label:visible .open").click()
        assert page.locator(".opened svg").count() >= 2
        loaded = "images => images.every(image => !image.src || image.naturalWidth === 88)"
        assert page.locator(".opened img").evaluate_all(loaded)
        assert page.locator(".opened img[src]").count() >= 5
        page.get_by_label("Search labels").fill("nothing like it")
        assert page.locator("#none").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.get_by_label("Search labels").fill("")
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 690, "height": 900})  # of A4 within its margins
        assert page.locator("#labels").evaluate("table => table.getBoundingClientRect().right") <= 690
        assert not page.get_by_label("Search labels").is_visible()
        assert said == []
        assert {url.partition(":")[0] for url in asked} <= {"file", "data"}
        assert [url for url in asked if url.startswith("file")] == [file.as_uri()]
        context.close()


def test_details_of_many_labels_are_packed_as_a_whole() -> None:
    details = [f"<template id='details-{at}'>{at}</template>" for at in range(120)]
    assert stored_details(details, most_plain=10_000) == "".join(details)
    blocks = re.findall(r'id="block-(\d+)">([^<]+)<', stored_details(details, most_plain=100))
    assert [int(number) for number, _ in blocks] == [0, 1, 2]
    assert "".join(gzip.decompress(base64.b64decode(each)).decode() for _, each in blocks) == "".join(details)


def test_pictures_are_bounded_and_the_page_says_so(report: LabelReport, tmp_path: Path) -> None:
    shown = {row for each in report.details for row in (*each.right, *each.false_positives, *each.missed)}
    page = page_of(report, tmp_path, most_pictures=3)
    assert page.count("data:image/jpeg") == 3
    assert f"Only 3 of the {len(shown)} marks that labels name are pictured" in page
    assert "are pictured" not in page_of(report, tmp_path)


@pytest.mark.slow
def test_thousands_are_counted_alike_and_opened(browser: Any, tmp_path: Path) -> None:
    scores = np.linspace(0, 1, 400).reshape(200, 2).repeat(600, axis=1)
    file = tmp_path / "labels.html"
    report = label_report(scores, scores > 0.4, rounds=2)
    file.write_text(label_report_page(report, source="many"), encoding="utf-8")
    assert file.stat().st_size < 3_000_000
    page = browser.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text))
    page.goto(file.as_uri())
    assert page.locator("#count").text_content() == "1,200 labels"
    for name in ("label 7", "label 8", "label 1199"):  # two of one block at once
        page.locator("tr.label").filter(has=page.get_by_text(name, exact=True)).click()
    page.locator(".opened svg").nth(5).wait_for()
    assert page.locator(".opened").count() == 3
    assert said == []
    page.get_by_label("Search labels").fill("1")
    assert re.fullmatch(r"\d+ of 1,200 labels", page.locator("#count").text_content())
    page.close()


def test_a_report_of_arrays_needs_no_marks(report: LabelReport) -> None:
    page = label_report_page(report, source="my own model")
    assert "my own model" in page
    assert "data:image" not in page
