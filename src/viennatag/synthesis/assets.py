"""Assets of a subset: drawings by section and fonts, and how a drawing is rendered as an element of a mark."""

import hashlib
import io
import random
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viennatag.errors import ArtworkError, require
from viennatag.synthesis.artwork import Drawing
from viennatag.synthesis.elements import Bounds, Element, number
from viennatag.synthesis.layouts import PLURALS
from viennatag.synthesis.lettering import FontFile
from viennatag.synthesis.palettes import Palette, channels, lightness_difference
from viennatag.synthesis.styles import StyleInput, apply_style
from viennatag.vienna.codes import parse_code

_VISIBLE = 0.12  # lightness difference from which a colour is visible on its background
_SAMPLE = 64  # pixels of the picture in which a drawing's visible area is measured
_TRIED = 100  # drawings of a pack that are looked at before it is taken for blank
_OPAQUE = 40  # alpha, 0 to 255, above which a pixel is visible
_NUMBERED = frozenset({
    "1.1", "2.1", "2.3", "2.5", "3.7", "5.1", "5.3", "5.5", "14.5", "22.3", "24.5", "24.7", "24.9", "24.15",
})  # fmt: skip
"""Divisions with sections for one, two and more of a thing: such a drawing is not repeated."""
_PICTURE = re.compile(r"image|<!", re.IGNORECASE)  # a document type may define entities that hold an element
_KINDS = {2: "human", 3: "animal", 4: "animal", 5: "plant", 1: "star"}


@dataclass(frozen=True)
class Assets:
    """Drawings and fonts of one subset (training, validation or test); fonts of other scripts than Latin by script."""

    drawings: tuple[Drawing, ...]
    fonts: tuple[FontFile, ...]
    script_fonts: Mapping[str, tuple[FontFile, ...]] = field(default_factory=dict)

    @cached_property
    def by_code(self) -> dict[str, dict[str, list[int]]]:
        """Indices of drawings by section and group; those of one thing also by the sections of several."""
        found: dict[str, dict[str, list[int]]] = {}
        for index, drawing in enumerate(self.drawings):
            for code in drawing.codes:
                found.setdefault(code, {}).setdefault(drawing.group, []).append(index)
        for code, plural in PLURALS.items():
            if plural.one in found:
                found[code] = {**found[plural.one], **found.get(code, {})}
        return found

    @cached_property
    def by_division(self) -> dict[str, list[str]]:
        """Sections that drawings show, by division."""
        found: dict[str, list[str]] = {}
        for code in sorted(self.by_code):
            found.setdefault(code.rpartition(".")[0], []).append(code)
        return found

    @cached_property
    def by_kind(self) -> dict[str, list[int]]:
        """Indices of drawings by kind of content."""
        found: dict[str, list[int]] = {}
        for index, drawing in enumerate(self.drawings):
            found.setdefault(content_kind(drawing.codes), []).append(index)
        return found

    @staticmethod
    def is_single(drawing: Drawing) -> bool:
        """Return whether a drawing may be repeated in a mark: its sections state no number."""
        return not {code.rsplit(".", 1)[0] for code in drawing.codes} & _NUMBERED

    def choose(self, code: str, wanted: Collection[str], rng: random.Random) -> Drawing:
        """Return a drawing with a section; of three candidates the one with most wanted sections.

        Groups, not drawings, are equally likely: otherwise the pack with most styles would dominate.
        """
        groups = list(self.by_code[code].values())
        found: dict[float, Drawing] = {}
        for _ in range(3 if len(wanted) > 1 else 1):
            drawing = self.drawings[rng.choice(rng.choice(groups))]
            found[len(set(drawing.codes) & set(wanted)) + rng.random() * 0.5] = drawing
        return found[max(found)]


def content_kind(codes: Iterable[str]) -> str:
    """Return the kind of content with these sections: `star`, `human`, `animal`, `plant` or `thing`."""
    categories = {parse_code(code).category for code in codes}
    return next((kind for category, kind in _KINDS.items() if category in categories), "thing")


def render_drawing(
    drawing: Drawing, foreground: str, background: str, palette: Palette, rng: random.Random
) -> Element | None:
    """Return a drawing in a random style, cropped to its visible area; None if nothing of it is visible.

    A drawing in one colour gets the foreground; one with colours keeps them or is toned with it. A grey palette of
    the mark takes the colours from the drawing.
    """
    left, top, width, height = _visible_area(drawing)
    if width <= 0 or height <= 0:
        return None
    x, y = drawing.view[0] + left * drawing.view[2], drawing.view[1] + top * drawing.view[3]
    frame = (x, y, width * drawing.view[2], height * drawing.view[3])
    visible = [each for each in palette.colours if lightness_difference(each, background) > _VISIBLE]
    others = [each for each in visible if each != foreground]
    grey = all(max(channels(each)) - min(channels(each)) < 24 for each in (*palette.colours, palette.background))
    coverage = partial(_coverage, drawing, frame)
    drawn = StyleInput(drawing.body, drawing.mono, frame, (foreground, *others), background, grey, coverage)
    styled = apply_style(drawn, rng)
    margin = styled.beyond * drawn.reach
    wide, high = frame[2] + 2 * margin, frame[3] + 2 * margin
    scale = 100 / max(wide, high)
    body = _unique_ids(styled.svg, f"d{rng.randrange(10**6)}")
    transform = f"scale({scale:.5g}) translate({number(margin - x)} {number(margin - y)})"
    colour = f' color="{foreground}"' if drawing.mono else ""
    edge = margin * scale  # shadows and rims do not belong to the box
    box = Bounds(drawing.pack, drawing.name, drawing.codes, edge, edge, frame[2] * scale, frame[3] * scale)
    return Element(
        f'<g transform="{transform}"{colour}>{body}</g>', wide * scale, high * scale, frozenset(drawing.codes),
        frozenset({content_kind(drawing.codes)}), (box,),
    )  # fmt: skip


def _unique_ids(body: str, prefix: str) -> str:
    """Return SVG with prefixed ids, so that two drawings in one mark do not use each other's gradients."""
    if ' id="' not in body:
        return body
    body = re.sub(r' id="([^"]+)"', rf' id="{prefix}\1"', body)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{prefix}", body)


def check_visible(drawings: Iterable[Drawing]) -> None:
    """Raise ArtworkError if there is a pack of which the first drawings all show nothing, or cannot be drawn."""
    packs: dict[str, list[Drawing]] = {}
    for drawing in drawings:
        packs.setdefault(drawing.pack, []).append(drawing)
    for pack, members in packs.items():
        if not any(_visible_area(drawing)[2] for drawing in members[:_TRIED]):
            first = members[0]
            raise ArtworkError(
                f"{pack}: its drawings show nothing ({', '.join(each.name for each in members[:3])}); "
                f"{_why_blank(first)}; leave the pack out, or correct its SVG"
            )


def _why_blank(drawing: Drawing) -> str:
    try:
        _sampled(drawing, drawing.view, _SAMPLE, _SAMPLE)
    except ValueError as exc:
        return f"{drawing.name} cannot be drawn: {exc}"
    return f"{drawing.name} is blank"


@lru_cache(maxsize=65_536)
def _visible_area(drawing: Drawing) -> tuple[float, float, float, float]:
    """Return left, top, width and height of the visible area as fractions of the view box; zeros if it is blank."""
    try:
        visible = _sampled(drawing, drawing.view, _SAMPLE, _SAMPLE) > _OPAQUE
    except ValueError:
        visible = np.zeros((1, 1), bool)
    rows, columns = np.flatnonzero(visible.any(axis=1)), np.flatnonzero(visible.any(axis=0))
    if not rows.size:
        return 0.0, 0.0, 0.0, 0.0
    left, right, top, bottom = (float(at) / _SAMPLE for at in (columns[0], columns[-1] + 1, rows[0], rows[-1] + 1))
    return left, top, right - left, bottom - top


def _sampled(drawing: Drawing, frame: tuple[float, float, float, float], columns: int, rows: int) -> NDArray[np.uint8]:
    """Return the opacity of a drawing within a frame, 0 to 255, shape (rows, columns)."""
    image = draw_page(drawing.body, " ".join(map(str, frame)), columns, rows)
    return np.asarray(image.convert("RGBA"))[..., 3]


def _coverage(drawing: Drawing, frame: tuple[float, float, float, float], columns: int) -> NDArray[np.float64]:
    """Return the covered share of each cell of a frame; the cells are about square."""
    rows = max(1, round(columns * frame[3] / frame[2]))
    fine = _sampled(drawing, frame, 4 * columns, 4 * rows) / 255
    return np.asarray(fine.reshape(rows, 4, columns, 4).mean(axis=(1, 3)))


def draw_page(body: str, view: str, width: int, height: int) -> Image.Image:
    """Return what stands inside an `<svg>` element as an image of this size; `view` is the view box."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{view}" width="{width}" height="{height}" preserveAspectRatio="none">{body}</svg>'
    )
    return Image.open(io.BytesIO(rasterise(svg)))


def rasterise(svg: str) -> bytes:
    """Return SVG drawn as PNG bytes; no file of this machine and nothing of the network is ever in it.

    Raises:
        ValueError: If the renderer refuses the SVG, or it holds or names a picture.
    """
    _refuse_pictures(svg)
    # The system's fonts are never needed and take half a second to scan.
    return bytes(require("resvg_py", "render").svg_to_bytes(svg_string=svg, skip_system_fonts=True))


def _refuse_pictures(svg: str) -> None:
    """Raise ValueError if SVG holds an element that the renderer would load a picture for.

    It opens whatever path such an element names, in any namespace, so the elements are looked for as it sees them.
    """
    if _PICTURE.search(svg) is None:  # most drawings; parsing them would take as long as drawing them
        return

    def start(name: str, _: dict[str, str]) -> None:
        if name.rpartition(":")[2].lower() in {"image", "feimage"}:
            raise ValueError(f"the drawing holds or names a picture (<{name}>), which is never loaded")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    try:
        parser.Parse(svg, True)
    except expat.ExpatError as exc:
        raise ValueError(str(exc)) from exc


def hash_fraction(text: str) -> float:
    """Return a number in [0, 1) that depends on a text only; the same in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "big") / 2**48


def split_groups(drawings: Sequence[Drawing], *, share: float) -> dict[str, str]:
    """Return `train` or `validation` for each group, so that no section loses most of its groups to validation."""
    groups_of: dict[str, set[str]] = {}
    codes_of: dict[str, set[str]] = {}
    for drawing in drawings:
        codes_of.setdefault(drawing.group, set()).update(drawing.codes)
        for code in drawing.codes:
            groups_of.setdefault(code, set()).add(drawing.group)
    room = {code: int(len(groups) * share + 0.5) for code, groups in groups_of.items()}
    subsets = {}
    for group in sorted(codes_of, key=hash_fraction):
        chosen = all(room[code] > 0 for code in codes_of[group])
        for code in codes_of[group] if chosen else ():
            room[code] -= 1
        subsets[group] = "validation" if chosen else "train"
    return subsets
