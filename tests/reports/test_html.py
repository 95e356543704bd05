import importlib.util
import io
import re
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from viennatag.data.marks import Marks
from viennatag.inspection.profile import profile_marks
from viennatag.reports import html
from viennatag.reports.html import Markup
from viennatag.reports.profile import advise, profile_page

CHROMIUM = shutil.which("chromium")
HOSTILE = '<img src="https://example.org/x.png"> <script>alert("&")</script>'


def tree(markup: str) -> ET.Element:
    """Return a part of a page, parsed; all that these functions write is well-formed."""
    return ET.fromstring(f"<body>{markup}</body>")


def titles(markup: str) -> list[str]:
    return [element.text or "" for element in tree(markup).iter("title")]


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


def test_text_is_escaped_and_markup_is_not() -> None:
    assert html.text("a < b & c") == "a &lt; b &amp; c"
    assert html.text(Markup("<b>x</b>")) == "<b>x</b>"
    assert html.strong("<") == "<b>&lt;</b>"
    assert html.code_spans("see `x < 1` now") == "see <code>x &lt; 1</code> now"
    page = html.page(HOSTILE, HOSTILE, html.section(HOSTILE, html.tiles((HOSTILE, HOSTILE, HOSTILE)), lead=HOSTILE))
    assert "<script" not in page
    assert "<img" not in page


def test_a_table_aligns_numbers_to_the_right() -> None:
    found = tree(html.table(("name", "marks"), [("a & b", "1,000")], right={1}))
    assert [cell.text for cell in found.iter("td")] == ["a & b", "1,000"]
    assert [cell.get("class") for cell in found.iter("td")] == [None, "right"]


def test_a_log_chart_puts_points_where_they_belong() -> None:
    line = html.Line([(1, 1_000), (10, 10), (100, 1)], "blue", ["<first>", "second", "third"], fill=True)
    chart = html.log_chart([line, html.Line([], "red")], x="rank", y="marks")
    (points,) = [element.get("points", "") for element in tree(chart).iter("polyline")]
    (left, top), (middle, between), (right, bottom) = (map(float, point.split(",")) for point in points.split())
    assert middle == pytest.approx((left + right) / 2, abs=0.1)
    assert between == pytest.approx(bottom - (bottom - top) / 3, abs=0.1)
    assert 0 <= left < right <= html.WIDTH
    assert titles(chart) == ["<first>", "second", "third"]
    assert {"1", "10", "100", "1k"} <= {element.text for element in tree(chart).iter("text")}


def test_bars_are_as_high_as_their_values() -> None:
    chart = html.bar_chart([("1", 50, "one"), ("2", 100, "two"), ("3", 0, "none")], x="labels", y="marks")
    heights = [float(bar[0].get("height", "")) for bar in tree(chart).iter("g")]
    assert heights[0] == pytest.approx(heights[1] / 2, abs=0.1)
    assert heights[2] == 0
    assert titles(chart) == ["one", "two", "none"]
    assert tree(html.bar_chart([], x="labels", y="marks")) is not None


def test_shares_fill_the_bar() -> None:
    chart = html.share_bars([("labels", [(0.25, "blue", "a"), (0.75, "red", "b")])])
    wide = [float(part[0].get("width", "")) for part in tree(chart).iter("g")]
    assert wide[1] == pytest.approx(3 * wide[0], rel=0.05)
    assert {"25%", "75%", "labels"} == {element.text for element in tree(chart).iter("text")}


def test_a_triangle_map_has_one_cell_per_pair() -> None:
    names = ["a", "b", "a name so long that it would leave the chart and stand on what is right of it or beyond"]
    chart = html.triangle_map(names, [[], [(-0.5, "ab")], [(1.0, "ac"), (0.0, "bc")]])
    cells = list(tree(chart).iter("g"))
    assert [cell[1].get("fill-opacity") for cell in cells] == ["0.50", "1.00", "0.00"]
    assert [cell[1].get("class") for cell in cells] == ["red", "blue", "red"]
    assert titles(chart) == ["a", "ab", "b", "ac", "bc", names[2]]
    assert "…" in chart


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0"), (950, "950"), (1_000, "1k"), (2_500, "2.5k"), (3e6, "3M"), (0.25, "0.25")]
)
def test_axis_numbers_are_short(value: float, shown: str) -> None:
    assert html.short_number(value) == shown


def test_a_page_needs_nothing_from_outside_and_runs_nothing() -> None:
    page = profile_page(profile_marks(long_tail(taxonomy="flat")), source=HOSTILE)
    assert "default-src 'none'" in page
    assert not re.search(r"<(script|img|link|iframe|object)\b|url\(|@import|src=\"http|href=", page)
    body = page[page.index("<body>") : page.index("</html>")]
    assert ET.fromstring(body).find("main") is not None
    assert "&lt;script&gt;" in body


def test_advice_names_labels_numbers_and_strategies() -> None:
    advice = dict(advise(profile_marks(long_tail())))
    collect = next(text for title, text in advice.items() if title.startswith("Collect"))
    assert re.search(r"\d+ of 120 sections have fewer than 50 marks", collect)
    assert re.search(r"The nearest: \d+\.\d+\.\d+ \(\+\d+\)", collect)
    assert "`group-rare`" in advice["Decide what becomes of the rest"]
    assert "`more-data`" in advice["Decide what becomes of the rest"]
    assert "`class-weights`" in advice["Compare remedies for the imbalance"]
    ids, empty = tuple("abcdefgh" * 10), ("",) * 80
    even = Marks("flat", empty, (("cat", "dog"),) * 80, ids, empty, empty, (1.0,) * 80)
    assert [title for title, _ in advise(profile_marks(even))] == [
        "Keep the marks as they are",
        "Let your own marks decide",
    ]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("playwright is not installed: pip install 'viennatag[dev]'")
    if CHROMIUM is None:
        pytest.skip("there is no chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield chromium
        chromium.close()


@pytest.mark.parametrize(
    ("taxonomy", "scheme", "width"),
    [("vienna", "light", 1200), ("vienna", "dark", 1200), ("vienna", "light", 390), ("flat", "dark", 390)],
)
def test_a_page_opens_in_a_browser(browser: Any, tmp_path: Path, taxonomy: str, scheme: str, width: int) -> None:
    file = tmp_path / "page.html"
    file.write_text(profile_page(profile_marks(long_tail(taxonomy=taxonomy)), source="marks.csv"), encoding="utf-8")
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
