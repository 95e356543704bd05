"""How a drawing is taken apart and painted anew, alone and in a figure of its own."""

import random
from pathlib import Path

import numpy as np
import pytest

from viennatag.synthesis import read_artwork
from viennatag.synthesis.anatomy import INK, dissect, divided, subpaths
from viennatag.synthesis.artwork import Drawing
from viennatag.synthesis.composition import Composition
from viennatag.synthesis.finish import draw_pixels
from viennatag.synthesis.looks import LOOKS
from viennatag.synthesis.mounts import draw_mounted
from viennatag.synthesis.palettes import Palette
from viennatag.synthesis.pieces import Piece, surface
from viennatag.synthesis.studio import draw_piece
from viennatag.synthesis.subject import Subject, toned

pytest.importorskip("resvg_py")

DATA = Path(__file__).parents[1] / "data" / "artwork"
DRAWINGS = read_artwork([DATA / "tiny", DATA / "drawn"])[0]
PALETTE = Palette("#ffffff", ("#1b3f8a", "#d2231c", "#1f8a3a"))


def pixels(piece: Piece, *, ground: str = "#ffffff") -> np.ndarray:
    svg = surface(piece.width, piece.height, ground) + piece.svg
    mark = Composition(svg, piece.width, piece.height, (), (), "", ())
    return np.asarray(draw_pixels(mark, size=96)).astype(int)


def test_path_data_is_taken_apart_where_its_pieces_begin() -> None:
    d = "m10 10h20v20h-20zm5 5l2 2 2-2zM50 50a5 5 0 01 5.5.5H60"
    pieces = subpaths(d)
    assert [start[:7] for start, _ in pieces] == ["M10 10h", "M15 15l", "M50 50a"]
    assert pieces[0][1] == (10, 10, 30, 30)
    assert pieces[1][1] == (15, 15, 19, 17)
    assert pieces[2][1] == pytest.approx((50, 50, 60, 50.5))
    assert subpaths("none") == ()


def test_a_path_that_goes_on_after_its_end_begins_where_it_began() -> None:
    assert [start for start, _ in subpaths("M1 2L5 2L5 6Zl-3 0")] == ["M1 2L5 2L5 6Z", "M1 2l-3 0"]


def test_parts_inherit_paint_and_transforms() -> None:
    body = (
        '<g fill="none" stroke="currentColor" stroke-width="2"><path d="M0 0h4"/>'
        '<g opacity=".5" transform="rotate(9)"><circle cx="3" cy="3" r="2" fill="#abc"/></g></g>'
    )
    line, circle = dissect(body)
    assert (line.fill, line.stroke, line.thickness, line.bounds) == ("none", INK, 2, (0, 0, 4, 0))
    assert (circle.fill, circle.opacity, circle.bounds) == ("#aabbcc", 0.5, None)
    assert 'transform="rotate(9)"' in circle.painted("#000000")
    assert dissect('<g mask="url(#a)"><path d="M0 0h4"/></g>') == ()
    assert dissect("<path") == ()


def test_holes_stay_with_what_they_are_cut_out_of() -> None:
    ring, dot = divided(dissect('<path fill="currentColor" d="M0 0h9v9h-9zM2 2h3v3h-3zM20 20h4v4h-4z"/>'))
    assert ring.d.count("M") == 2
    assert dot.bounds == (20, 20, 24, 24)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.__name__)
def test_a_look_leaves_a_drawing_where_it_is_and_in_the_inks(look: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def only(subject: Subject, rng: random.Random) -> object:
        return look(subject, rng) or LOOKS[0](subject, rng)  # type: ignore[operator]

    monkeypatch.setattr("viennatag.synthesis.studio.give_look", only)
    for drawing in DRAWINGS:
        for seed in range(3):
            piece = draw_piece(drawing, PALETTE.main, "#ffffff", PALETTE, random.Random(seed))
            assert piece is not None
            assert piece.codes == set(drawing.codes)
            seen = np.abs(pixels(piece) - 255).max(axis=2) > 40
            assert 0.02 < seen.mean() < 0.98
            rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
            assert np.ptp(rows) > 0.7 * seen.shape[0]
            assert np.ptp(columns) > 0.7 * seen.shape[1]


def test_a_mark_without_colours_stays_without_in_every_look() -> None:
    grey = Palette("#ffffff", ("#000000",))
    for drawing in DRAWINGS:
        for seed in range(40):
            piece = draw_piece(drawing, "#000000", "#ffffff", grey, random.Random(seed))
            assert piece is not None
            found = pixels(piece)
            assert np.ptp(found, axis=2).max() < 8


def test_a_white_drawing_is_seen_on_white() -> None:
    body = '<path fill="#fafafa" d="M2 2H22V22H2Z"/><path fill="#eeeeee" d="M6 6H18V10H6Z"/>'
    white = Drawing("p", "flag", "flag", "p:flag", body, (0, 0, 24, 24), False, "MIT", ("24.7.1",))
    for seed in range(30):
        piece = draw_piece(white, "#000000", "#ffffff", Palette("#ffffff", ("#000000",)), random.Random(seed))
        assert piece is not None
        assert (pixels(piece).min(axis=2) < 150).mean() > 0.02


def test_a_mounted_drawing_carries_the_sections_of_its_figure() -> None:
    kinds = set()
    for seed in range(60):
        drawing: Drawing = DRAWINGS[seed % len(DRAWINGS)]
        piece = draw_mounted(drawing, "#ffffff", PALETTE, random.Random(seed))
        assert piece is not None
        form = {code for code in piece.codes - set(drawing.codes) if code.startswith(("24.1.", "26."))}
        assert set(drawing.codes) <= piece.codes
        assert len(form) >= 2 or "24.1.5" in form  # what it is, and what it contains
        (box,) = piece.boxes
        assert box.left >= -0.1
        assert box.left + box.width <= piece.width + 0.1
        assert box.top >= -0.1
        assert box.top + box.height <= piece.height + 0.1
        assert np.abs(pixels(piece) - 255).max() > 60
        kinds |= piece.kinds
    assert {"circle", "quadrilateral"} <= kinds


def test_the_same_seed_gives_the_same_look() -> None:
    for seed in range(20):
        one, two = (draw_mounted(DRAWINGS[0], "#ffffff", PALETTE, random.Random(seed)) for _ in range(2))
        assert one == two


def test_a_drawing_in_white_alone_has_light_tones() -> None:
    body = '<path d="M0 0h9v9H0z" fill="#ffffff"/>'
    subject = Subject(
        body, False, (0, 0, 9, 9), ("#1b3f8a",), "#ffffff", False, lambda columns: np.ones((columns, columns))
    )
    assert 'fill="#ffffff"' in toned(subject).svg
