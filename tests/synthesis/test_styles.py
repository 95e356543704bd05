"""How a drawing is taken apart and painted anew, alone and in a figure of its own."""

import random
from pathlib import Path

import numpy as np
import pytest

from viennatag.synthesis import read_artwork
from viennatag.synthesis.artwork import Drawing
from viennatag.synthesis.assets import render_drawing
from viennatag.synthesis.composition import Composition
from viennatag.synthesis.effects import render_pixels
from viennatag.synthesis.elements import Element, surface
from viennatag.synthesis.frames import draw_framed
from viennatag.synthesis.palettes import Palette
from viennatag.synthesis.styles import STYLES, StyleInput, toned
from viennatag.synthesis.svg_shapes import FOREGROUND, parse_shapes, split_subpaths, subpaths

pytest.importorskip("resvg_py")

DATA = Path(__file__).parents[1] / "data" / "artwork"
DRAWINGS = read_artwork([DATA / "tiny", DATA / "drawn"])[0]
PALETTE = Palette("#ffffff", ("#1b3f8a", "#d2231c", "#1f8a3a"))


def pixels(element: Element, *, background: str = "#ffffff") -> np.ndarray:
    svg = surface(element.width, element.height, background) + element.svg
    mark = Composition(svg, element.width, element.height, (), (), "", ())
    return np.asarray(render_pixels(mark, size=96)).astype(int)


def test_path_data_is_taken_apart_where_its_pieces_begin() -> None:
    d = "m10 10h20v20h-20zm5 5l2 2 2-2zM50 50a5 5 0 01 5.5.5H60"
    elements = subpaths(d)
    assert [start[:7] for start, _ in elements] == ["M10 10h", "M15 15l", "M50 50a"]
    assert elements[0][1] == (10, 10, 30, 30)
    assert elements[1][1] == (15, 15, 19, 17)
    assert elements[2][1] == pytest.approx((50, 50, 60, 50.5))
    assert subpaths("none") == ()


def test_a_path_that_goes_on_after_its_end_begins_where_it_began() -> None:
    assert [start for start, _ in subpaths("M1 2L5 2L5 6Zl-3 0")] == ["M1 2L5 2L5 6Z", "M1 2l-3 0"]


def test_parts_inherit_paint_and_transforms() -> None:
    body = (
        '<g fill="none" stroke="currentColor" stroke-width="2"><path d="M0 0h4"/>'
        '<g opacity=".5" transform="rotate(9)"><circle cx="3" cy="3" r="2" fill="#abc"/></g></g>'
    )
    line, circle = parse_shapes(body)
    assert (line.fill, line.stroke, line.thickness, line.bounds) == ("none", FOREGROUND, 2, (0, 0, 4, 0))
    assert (circle.fill, circle.opacity, circle.bounds) == ("#aabbcc", 0.5, None)
    assert 'transform="rotate(9)"' in circle.painted("#000000")
    assert parse_shapes('<g mask="url(#a)"><path d="M0 0h4"/></g>') == ()
    assert parse_shapes("<path") == ()


def test_holes_stay_with_what_they_are_cut_out_of() -> None:
    ring, dot = split_subpaths(parse_shapes('<path fill="currentColor" d="M0 0h9v9h-9zM2 2h3v3h-3zM20 20h4v4h-4z"/>'))
    assert ring.d.count("M") == 2
    assert dot.bounds == (20, 20, 24, 24)


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.__name__)
def test_a_style_leaves_a_drawing_where_it_is_and_in_the_inks(style: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def only(subject: StyleInput, rng: random.Random) -> object:
        return style(subject, rng) or STYLES[0](subject, rng)  # type: ignore[operator]

    monkeypatch.setattr("viennatag.synthesis.assets.apply_style", only)
    for drawing in DRAWINGS:
        for seed in range(3):
            element = render_drawing(drawing, PALETTE.main, "#ffffff", PALETTE, random.Random(seed))
            assert element is not None
            assert element.codes == set(drawing.codes)
            seen = np.abs(pixels(element) - 255).max(axis=2) > 40
            assert 0.02 < seen.mean() < 0.98
            rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
            assert np.ptp(rows) > 0.7 * seen.shape[0]
            assert np.ptp(columns) > 0.7 * seen.shape[1]


def test_a_mark_without_colours_stays_without_in_every_style() -> None:
    grey = Palette("#ffffff", ("#000000",))
    for drawing in DRAWINGS:
        for seed in range(40):
            element = render_drawing(drawing, "#000000", "#ffffff", grey, random.Random(seed))
            assert element is not None
            found = pixels(element)
            assert np.ptp(found, axis=2).max() < 8


def test_a_white_drawing_is_seen_on_white() -> None:
    body = '<path fill="#fafafa" d="M2 2H22V22H2Z"/><path fill="#eeeeee" d="M6 6H18V10H6Z"/>'
    white = Drawing("p", "flag", "flag", "p:flag", body, (0, 0, 24, 24), False, ("24.7.1",))
    for seed in range(30):
        element = render_drawing(white, "#000000", "#ffffff", Palette("#ffffff", ("#000000",)), random.Random(seed))
        assert element is not None
        assert (pixels(element).min(axis=2) < 150).mean() > 0.02


def test_a_mounted_drawing_carries_the_sections_of_its_figure() -> None:
    kinds = set()
    for seed in range(60):
        drawing: Drawing = DRAWINGS[seed % len(DRAWINGS)]
        element = draw_framed(drawing, "#ffffff", PALETTE, random.Random(seed))
        assert element is not None
        form = {code for code in element.codes - set(drawing.codes) if code.startswith(("24.1.", "26."))}
        assert set(drawing.codes) <= element.codes
        assert len(form) >= 2 or "24.1.5" in form  # what it is, and what it contains
        (box,) = element.boxes
        assert box.left >= -0.1
        assert box.left + box.width <= element.width + 0.1
        assert box.top >= -0.1
        assert box.top + box.height <= element.height + 0.1
        assert np.abs(pixels(element) - 255).max() > 60
        kinds |= element.kinds
    assert {"circle", "quadrilateral"} <= kinds


def test_the_same_seed_gives_the_same_style() -> None:
    for seed in range(20):
        one, two = (draw_framed(DRAWINGS[0], "#ffffff", PALETTE, random.Random(seed)) for _ in range(2))
        assert one == two


def test_a_drawing_in_white_alone_has_light_tones() -> None:
    body = '<path d="M0 0h9v9H0z" fill="#ffffff"/>'
    subject = StyleInput(
        body, False, (0, 0, 9, 9), ("#1b3f8a",), "#ffffff", False, lambda columns: np.ones((columns, columns))
    )
    assert 'fill="#ffffff"' in toned(subject).svg
