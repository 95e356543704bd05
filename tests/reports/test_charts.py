import xml.etree.ElementTree as ET

import pytest

from viennatag.reports import charts


def tree(svg: str) -> ET.Element:
    return ET.fromstring(f"<body>{svg}</body>")


def titles(svg: str) -> list[str]:
    return [element.text or "" for element in tree(svg).iter("title")]


def test_a_log_chart_puts_points_where_they_belong() -> None:
    line = charts.Line([(1, 1_000), (10, 10), (100, 1)], "blue", ["<first>", "second", "third"], fill=True)
    chart = charts.log_chart([line, charts.Line([], "red")], x="rank", y="marks")
    (points,) = [element.get("points", "") for element in tree(chart).iter("polyline")]
    (left, top), (middle, between), (right, bottom) = (map(float, point.split(",")) for point in points.split())
    assert middle == pytest.approx((left + right) / 2, abs=0.1)
    assert between == pytest.approx(bottom - (bottom - top) / 3, abs=0.1)
    assert 0 <= left < right <= charts.WIDTH
    assert titles(chart) == ["<first>", "second", "third"]
    assert {"1", "10", "100", "1k"} <= {element.text for element in tree(chart).iter("text")}


def test_bars_are_as_high_as_their_values() -> None:
    chart = charts.bar_chart([("1", 50, "one"), ("2", 100, "two"), ("3", 0, "<none>")], x="labels", y="marks")
    heights = [float(bar[0].get("height", "")) for bar in tree(chart).iter("g")]
    assert heights[0] == pytest.approx(heights[1] / 2, abs=0.1)
    assert heights[2] == 0
    assert titles(chart) == ["one", "two", "<none>"]
    assert {"0", "20", "40", "60", "80", "100"} <= {element.text for element in tree(chart).iter("text")}
    assert list(tree(charts.bar_chart([], x="labels", y="marks")).iter("g")) == []
    few = charts.bar_chart([("1", 2, "two")], x="labels", y="marks")
    assert [each.text for each in tree(few).iter("text")].count("1.5") == 0, "there is no half of a mark"


def test_shares_fill_the_bar() -> None:
    chart = charts.share_bars([("labels", [(0.25, "blue", "a"), (0.75, "red", "b")])])
    widths = [float(segment[0].get("width", "")) for segment in tree(chart).iter("g")]
    assert widths == pytest.approx([0.25 * charts.WIDTH - 2, 0.75 * charts.WIDTH - 2], abs=0.1)
    assert {"25%", "75%", "labels"} == {element.text for element in tree(chart).iter("text")}


def test_a_triangle_map_has_one_cell_per_pair() -> None:
    names = ["a", "b", "a name so long that it would leave the chart and stand on what is right of it or beyond"]
    chart = charts.triangle_map(names, [[], [(-0.5, "ab")], [(1.0, "ac"), (0.0, "bc")]])
    cells = list(tree(chart).iter("g"))
    assert [cell[1].get("fill-opacity") for cell in cells] == ["0.50", "1.00", "0.00"]
    assert [cell[1].get("class") for cell in cells] == ["red", "blue", "red"]
    assert titles(chart) == ["a", "ab", "b", "ac", "bc", names[2]]
    assert "…" in chart


def test_intervals_lie_around_zero() -> None:
    rows = [charts.IntervalRow("<a>", 0.02, 0.01, 0.03, "blue"), charts.IntervalRow("b", -0.01, -0.02, 0.01, "grey")]
    chart = tree(charts.interval_chart(rows, label="macro mAP"))
    (zero,) = [float(line.get("x1", "")) for line in chart.iter("line") if line.get("class") == "rule"]
    first, second = [line for line in chart.iter("line") if line.get("class") != "rule"]
    assert zero < float(first.get("x1", "")) < float(first.get("x2", "")) <= charts.WIDTH
    assert float(second.get("x1", "")) < zero < float(second.get("x2", ""))
    assert [title.text for title in chart.iter("title")] == ["<a>: +2.0, +1.0 to +3.0", "b: -1.0, -2.0 to +1.0"]
    nothing = charts.interval_chart([charts.IntervalRow("a", 0.0, 0.0, 0.0, "grey")], label="alike")
    assert "nan" not in nothing


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0"), (950, "950"), (1_000, "1k"), (2_500, "2.5k"), (3e6, "3M"), (0.25, "0.25")]
)
def test_axis_numbers_are_short(value: float, shown: str) -> None:
    assert charts.short_number(value) == shown
