import io
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jinja2 import UndefinedError
from markupsafe import Markup
from PIL import Image

from viennatag.cli import main
from viennatag.data.marks import Marks
from viennatag.inspection.profile import profile
from viennatag.reports import pages
from viennatag.reports.pages import code_spans, profile_page, render
from viennatag.reports.profile import advise
from viennatag.reports.tables import ReportTable

HOSTILE = '<img src="https://example.org/x.png"> <script>alert("&")</script>'


def long_tail(*, labels: int = 120, taxonomy: Any = "vienna") -> Marks:
    random = np.random.default_rng(0)
    names = [
        f"{1 + at % 24}.{1 + at % 5}.{1 + at % 9}" if taxonomy == "vienna" else f"{HOSTILE} {at}"
        for at in range(labels)
    ]
    weights = 1 / np.arange(1, labels + 1)
    rows = tuple(
        tuple(
            names[at] for at in random.choice(labels, random.integers(1, 6), replace=False, p=weights / weights.sum())
        )
        for _ in range(1_500)
    )
    ids, empty = tuple(f"{HOSTILE}{at}" for at in range(1_500)), ("",) * 1_500
    return Marks(taxonomy, ids, rows, ids, empty, empty, (1.0,) * 1_500, skipped=(f"row 7 {HOSTILE}",))


def test_templates_escape_text_but_not_markup() -> None:
    page = render("page", title=HOSTILE, lead=HOSTILE)
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;") == 3
    assert code_spans("see `x < 1` now") == "see <code>x &lt; 1</code> now"
    entry = ReportTable(("name", "marks"), [("a & b", Markup("<b>1,000</b>"))], {1})
    issues = ET.fromstring(f"<body>{render('label_issues', tables=[(HOSTILE, entry)])}</body>")
    assert [cell.text for cell in issues.iter("td")] == ["a & b", None]
    assert [cell.get("class") for cell in issues.iter("td")] == [None, "right"]
    assert [bold.text for bold in issues.iter("b")] == ["1,000"]
    assert [title.text for title in issues.iter("h3")] == [HOSTILE]


def test_a_template_without_its_context_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="lead"):
        render("page", title="A page")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The base install has no jinja2; only the pages need it."""
    monkeypatch.setitem(sys.modules, "jinja2", None)
    pages._environment.cache_clear()
    monkeypatch.setattr(sys, "argv", ["viennatag", "inspect"])
    monkeypatch.setattr("viennatag.cli.app", lambda: render("page", title="", lead=""))
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "pip install 'viennatag[data]'" in capsys.readouterr().err


def test_a_page_needs_nothing_from_outside_and_runs_nothing() -> None:
    page = profile_page(profile(long_tail(taxonomy="flat")), source=HOSTILE)
    assert "default-src 'none'" in page
    assert not re.search(r"<(script|img|link|iframe|object)\b|url\(|@import|src=\"http|href=", page)
    body = page[page.index("<body>") : page.index("</html>")]
    assert ET.fromstring(body).find("main") is not None
    assert "&lt;script&gt;" in body


def test_advice_names_labels_numbers_and_strategies() -> None:
    advice = dict(advise(profile(long_tail())))
    collect = next(text for title, text in advice.items() if title.startswith("Collect"))
    assert re.search(r"With fewer than 50 marks: \d+ of 120 sections", collect)
    assert re.search(r"The closest: \d+\.\d+\.\d+ \(\+\d+\)", collect)
    assert "`group-rare`" in advice["Choose what to do with the other rare labels"]
    assert "Compare `few-examples`" in advice["Choose what to do with the other rare labels"]
    assert "`more-data`" in advice["Choose what to do with the other rare labels"]
    assert "`class-weights`" in advice["Compare strategies for the imbalance"]
    flat = dict(advise(profile(long_tail(taxonomy="flat"))))["Choose what to do with the other rare labels"]
    assert "Compare `few-examples`" in flat  # measured: grouping flat labels loses the tail
    assert "`group-rare` gives up" in flat
    ids, empty = tuple("abcdefgh" * 10), ("",) * 80
    even = Marks("flat", empty, (("cat", "dog"),) * 80, ids, empty, empty, (1.0,) * 80)
    assert [title for title, _ in advise(profile(even))] == ["Keep the marks as they are", "Compare on your own marks"]


@pytest.mark.parametrize(
    ("taxonomy", "scheme", "width"),
    [("vienna", "light", 1200), ("vienna", "dark", 1200), ("vienna", "light", 390), ("flat", "dark", 390)],
)
def test_a_page_opens_in_a_browser(browser: Any, tmp_path: Path, taxonomy: str, scheme: str, width: int) -> None:
    file = tmp_path / "page.html"
    file.write_text(profile_page(profile(long_tail(taxonomy=taxonomy)), source="marks.csv"), encoding="utf-8")
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    shot = np.asarray(Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB"))
    assert said == []
    assert asked == [file.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("[...document.querySelectorAll('svg')].every(svg => svg.getBoundingClientRect().height > 60)")
    assert page.evaluate(_OUTSIDE) == []
    ground = shot[5, 5].astype(int)
    assert (ground.mean() > 230) if scheme == "light" else (ground.mean() < 40)
    drawn = np.abs(shot.astype(int) - ground).max(axis=2) > 60
    assert 0.02 < drawn.mean() < 0.5  # neither blank nor flooded
    bands = np.array_split(drawn, 12)
    assert all(band.any() for band in bands)
    page.locator("summary").click()  # the table of all labels scrolls by itself, the page does not
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


_OUTSIDE = """[...document.querySelectorAll('svg text')].filter(text => {
    const own = text.getBoundingClientRect(), card = text.closest('.card').getBoundingClientRect();
    return own.left < card.left || own.right > card.right || own.top < card.top || own.bottom > card.bottom;
}).map(text => text.textContent)"""
