"""SVG drawings to pixels, by resvg, which the extra `svg` installs.

A drawing may be from a stranger, so it must not show files of this machine or load anything: what it refers to outside
of itself is left out before resvg sees it.
"""

import re

from viennatag.errors import ImageError, MissingExtraError, require

LONGER_SIDE = 1024
"""Pixels of the longer side of a drawing."""

_STATED = re.compile(rb"""<\?xml\s[^>]{0,100}?encoding\s*=\s*["']([\w.-]{1,40})["']""")
_ROOT = re.compile(r"<(?:\w+:)?svg\b[^>]*>")
_ATTRIBUTE = r"""\s{name}\s*=\s*["']\s*([^"']*)["']"""
_ENTITY = re.compile(r"""<!ENTITY\s+[^\s"'%]+\s+(?:"[^"&<%]*"|'[^'&<%]*')\s*>""")
_REFERENCE = re.compile(r"""(href\s*=\s*)(["'])(.*?)\2""", re.DOTALL)
_INSIDE = re.compile(r"\s*(#|data:image/(png|jpe?g|gif|webp)[;,])")


def is_drawing(content: bytes) -> bool:
    """Return whether content seems to be an SVG document."""
    start = content[:2048].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()  # UTF-16 too
    return start.startswith(b"<") and b"<html" not in start and re.search(rb"<(\w+:|!doctype )?svg", start) is not None


def draw_svg(content: bytes) -> bytes:
    """Return a drawing as a PNG file whose longer side has `LONGER_SIDE` pixels; nothing outside of it is loaded.

    Raises:
        ImageError: If resvg is not installed, or the drawing is damaged.
    """
    try:
        resvg = require("resvg_py", "svg")
    except MissingExtraError as exc:
        raise ImageError(f"this is an SVG drawing; {exc}, or convert it to PNG first") from exc
    try:
        text = without_references(_decoded(content))
        side = {"width" if _aspect(text) >= 1 else "height": LONGER_SIDE}
        without_fonts = "<text" not in text and ":text" not in text  # finding the fonts takes longer than the drawing
        return bytes(resvg.svg_to_bytes(svg_string=text, skip_system_fonts=without_fonts, **side))
    except (ValueError, LookupError) as exc:  # an encoding that nobody knows is a LookupError
        raise ImageError(f"the SVG drawing is damaged ({exc})") from exc


def _decoded(content: bytes) -> str:
    """Return the text of a drawing in UTF-8, in UTF-16 with its mark, or in the encoding that it states."""
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return content.decode("utf-16")
    stated = _STATED.match(content)
    return content.decode(stated[1].decode() if stated else "utf-8-sig")


def without_references(svg: str) -> str:
    """Return an SVG document without references to anything outside of it.

    Raises:
        ValueError: If its entities may hide some.
    """
    if svg.count("<!ENTITY") != len(_ENTITY.findall(svg)):
        raise ValueError("its entities hold more than plain text; save it again as plain SVG")
    return _REFERENCE.sub(lambda found: found[0] if _INSIDE.match(found[3]) else f'{found[1]}""', svg)


def _aspect(svg: str) -> float:
    """Return width over height, as far as the root element states it; else 1."""
    root = _ROOT.search(svg)
    if not root:
        return 1.0

    def numbers(name: str) -> list[float]:
        found = re.search(_ATTRIBUTE.format(name=name), root[0])
        return [float(each) for each in re.findall(r"\d+(?:\.\d+)?(?=[\s,a-z]|$)", found[1])] if found else []

    sides = [*numbers("width"), *numbers("height")]
    if len(sides) != 2:
        sides = numbers("viewBox")[-2:]
    return sides[0] / sides[1] if len(sides) == 2 and sides[1] else 1.0
