"""Read artwork: packs in the Iconify JSON format and folders of SVG files.

A drawing's codes follow from its name (`keywords`), unless its pack states them (`codes` of an icon). What must
stay out stays out here: brand logos, because they are other people's marks, and share-alike artwork, because
its licence would reach the images drawn with it. Styles of one drawing (outline, filled, old edition) share a
*group*, so that a split can keep near-duplicates together.
"""

import fnmatch
import json
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from viennatag.errors import ArtworkError, CodeError
from viennatag.files import open_plain
from viennatag.synthesis.keywords import Keywords, match_codes, normalise, read_keywords
from viennatag.vienna.codes import parse_code

_PACKS = tomllib.loads(resources.files(__package__).joinpath("packs.toml").read_text(encoding="utf-8"))
BRAND_PACKS = tuple(_PACKS["brands"].split())
"""Packs of other people's trade marks, as shell patterns: never drawn."""

MAX_BODY = 40_000
"""Characters of SVG above which a drawing is left out: it would take up to a tenth of a second to draw."""

# Blurred shadows and glows take most of the drawing time and are gone at the size of a mark.
_FILTER, _FILTERED = re.compile(r"<filter\b"), re.compile(r' filter="url\(#[^"]*\)"')
_MAX_FILE = 1 << 20  # bytes of an SVG file; a drawing that is drawn has fewer characters than that

_UNITS = {"": 1.0, "px": 1.0, "pt": 96 / 72, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}
"""What a unit of length is in units of the drawing: CSS has 96 pixels to the inch."""


@dataclass(frozen=True)
class Drawing:
    """One drawing of a pack.

    Attributes:
        pack: The pack's name.
        name: The drawing's name in the pack.
        key: The name without style and size.
        group: Pack family and key; the same for all styles of one drawing.
        body: What stands inside the `<svg>` element.
        view: Left, top, width and height of the view box.
        mono: Whether it is drawn in the current colour only; else it has colours of its own.
        codes: The sections that it shows.
    """

    pack: str
    name: str
    key: str
    group: str
    body: str
    view: tuple[float, float, float, float]
    mono: bool
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pack:
    """A pack that drawings come from, as the attribution names it; the address is where its licence stands."""

    name: str
    title: str
    author: str
    licence: str
    url: str


@cache
def pack_family(pack: str) -> str:
    """Return the family that a pack belongs to: packs of one family hold styles of the same drawings."""
    families = _PACKS["families"].items()
    return next((str(family) for family, patterns in families if _matches(pack, patterns.split())), pack)


def is_brand_pack(pack: str) -> bool:
    """Return whether a pack holds other people's trade marks."""
    return _matches(pack, BRAND_PACKS)


def _matches(pack: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(pack, pattern) for pattern in patterns)


def read_artwork(
    paths: Iterable[Path | str], *, keywords: Sequence[Keywords] | None = None, allow_share_alike: bool = False
) -> tuple[tuple[Drawing, ...], tuple[Pack, ...]]:
    """Return the drawings whose names are in the keyword table, and their packs, in the order of the paths.

    Args:
        paths: Folders: one Iconify JSON pack (`icons.json` in it), a folder of such packs, or SVG files.
        keywords: Which names show which section; by default viennatag's table.
        allow_share_alike: Whether packs under a share-alike licence are drawn.

    Raises:
        ArtworkError: If a folder is missing or unreadable, is a pack of brands or of share-alike artwork,
            or if nothing in all folders is in the table.
    """
    drawings, packs = read_drawings(paths, allow_share_alike=allow_share_alike)
    table = read_keywords() if keywords is None else keywords
    codes = find_codes(drawings, table)
    coded: dict[tuple[str, str], Drawing] = {}
    for drawing, matched in zip(drawings, codes, strict=True):
        if matched and len(drawing.body) <= MAX_BODY:
            key = drawing.group, drawing.body  # an alias draws the same under another name
            before = coded[key].codes if key in coded else ()
            coded[key] = replace(coded.get(key, drawing), codes=tuple(dict.fromkeys((*before, *matched))))
    if not coded:
        raise ArtworkError(
            f"none of {len(drawings):,} drawings is in the keyword table; expected Iconify JSON packs "
            "(a folder with icons.json) or SVG files named by what they show, such as cat.svg"
        )
    used = {drawing.pack for drawing in coded.values()}
    return tuple(coded.values()), tuple(pack for pack in packs if pack.name in used)


def read_drawings(paths: Iterable[Path | str], *, allow_share_alike: bool = False) -> tuple[list[Drawing], list[Pack]]:
    """Return all drawings, without codes from their names, and their packs; as `read_artwork` otherwise.

    Raises:
        ArtworkError: If a folder is missing or unreadable, or is a pack of brands or of share-alike artwork.
    """
    drawings: list[Drawing] = []
    packs: dict[str, Pack] = {}
    seen: set[tuple[str, str]] = set()
    for folder, named in _pack_folders(paths):
        if (folder / "icons.json").is_file():
            try:
                found, pack = _read_pack(folder)
            except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as exc:
                why = f"this is no pack in the Iconify JSON format ({type(exc).__name__}: {exc})"
                raise ArtworkError(f"{folder / 'icons.json'}: {why}") from exc
        else:
            found, pack = _read_svg_folder(folder)
        if "SA" in re.split(r"[\s-]+", pack.licence.upper()) and not allow_share_alike:
            if named:
                raise ArtworkError(
                    f"{folder}: the licence {pack.licence} is share-alike and would reach the rendered marks; "
                    "leave the pack out, or accept that with --allow-share-alike (allow_share_alike=True)"
                )
            continue
        packs.setdefault(pack.name, pack)
        drawings += [drawing for drawing in found if (drawing.pack, drawing.name) not in seen]
        seen.update((drawing.pack, drawing.name) for drawing in found)
    return drawings, list(packs.values())


def find_codes(drawings: Sequence[Drawing], table: Iterable[Keywords]) -> list[tuple[str, ...]]:
    """Return the codes of each drawing: those that its pack states, else those that the table has for its name."""
    named = match_codes([(drawing.pack, drawing.key) for drawing in drawings], table)
    return [drawing.codes or codes for drawing, codes in zip(drawings, named, strict=True)]


def _pack_folders(paths: Iterable[Path | str]) -> list[tuple[Path, bool]]:
    """Return each pack's folder and whether the user named it; brands in a parent folder are passed over."""
    folders: list[tuple[Path, bool]] = []
    for path in map(Path, paths):
        if not path.is_dir():
            raise ArtworkError(f"{path}: there is no such folder of artwork")
        inside = sorted(child.parent for child in path.glob("*/icons.json"))
        if (path / "icons.json").is_file() or not inside:
            name = path.resolve().name
            if is_brand_pack(name):
                raise ArtworkError(
                    f"{path}: {name!r} is a pack of brand logos, which are other people's trade marks; "
                    "choose packs of generic artwork"
                )
            folders.append((path, True))
        else:
            folders += [(folder, False) for folder in inside if not is_brand_pack(folder.name)]
    if not folders:
        raise ArtworkError("no artwork is named; name at least one folder of packs or of SVG files")
    return folders


def _load_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as exc:
        raise ArtworkError(f"{path}: this is not a readable JSON file: {exc}") from exc
    if not isinstance(content, dict):
        raise ArtworkError(f"{path}: expected a JSON object")
    return content


def _read_pack(folder: Path) -> tuple[list[Drawing], Pack]:
    icons = _load_json(folder / "icons.json")
    info = _load_json(folder / "info.json") if (folder / "info.json").is_file() else icons.get("info", {})
    name = str(icons.get("prefix") or folder.resolve().name)
    licence = info.get("license") or {}
    title = str(licence.get("spdx") or licence.get("title") or "unknown")
    author = str((info.get("author") or {}).get("name", "unknown"))
    pack = Pack(name, str(info.get("name", name)), author, title, str(licence.get("url", "")))
    if "icons" not in icons:
        raise ArtworkError(f"{folder / 'icons.json'}: no 'icons' in it; expected a pack in the Iconify JSON format")
    family = pack_family(name)
    drawings = []
    for entry in (*icons["icons"], *icons.get("aliases", {})):
        icon, root = _resolve(icons, entry)
        if icon.get("hidden") or not icon.get("body"):
            continue
        left, top, width, height = (
            float(icon.get(key, icons.get(key, usual)))
            for key, usual in (("left", 0), ("top", 0), ("width", 16), ("height", 16))
        )
        view = left, top, width, height
        body = _turned(_without_filters(icon["body"]), view, icon)
        group = f"{family}:{normalise(root, name)}"
        try:
            codes = tuple(str(parse_code(code)) for code in icon.get("codes", ()))
        except CodeError as exc:
            raise ArtworkError(f"{folder / 'icons.json'}: the codes of {entry!r}: {exc}") from exc
        drawings.append(Drawing(name, entry, normalise(entry, name), group, body, view, _is_mono(body), codes))
    return drawings, pack


def _without_filters(body: str) -> str:
    """Return SVG without filters, in time that grows with its length only."""
    *parts, rest = body.split("</filter>")
    found = []
    for part in parts:
        opening = _FILTER.search(part)
        found.append(part[: opening.start()] if opening else f"{part}</filter>")
    return _FILTERED.sub("", "".join(found) + rest)


def _resolve(icons: dict[str, Any], entry: str) -> tuple[dict[str, Any], str]:
    """Return an icon, or an alias with what it changes of its parent, and the name of the icon at the root."""
    changes: dict[str, Any] = {}
    for _ in range(6):  # aliases of aliases exist; longer chains are loops
        if entry in icons["icons"]:
            return icons["icons"][entry] | changes, entry
        changes = icons.get("aliases", {}).get(entry, {}) | changes
        entry = changes.pop("parent", "")
    return {}, entry


def _turned(body: str, view: tuple[float, float, float, float], icon: dict[str, Any]) -> str:
    """Return a body with the quarter turns and mirrors that an alias asks for."""
    left, top, width, height = view
    middle_x, middle_y = left + width / 2, top + height / 2
    if icon.get("hFlip") or icon.get("vFlip"):
        across, down = (-1 if icon.get("hFlip") else 1), (-1 if icon.get("vFlip") else 1)
        shift = f"translate({middle_x * (1 - across):g} {middle_y * (1 - down):g}) scale({across} {down})"
        body = f'<g transform="{shift}">{body}</g>'
    if icon.get("rotate", 0) % 4:
        body = f'<g transform="rotate({icon["rotate"] % 4 * 90} {middle_x:g} {middle_y:g})">{body}</g>'
    return body


_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b")


def _is_mono(body: str) -> bool:
    """Return whether SVG uses the current colour, or states none other than black."""
    return "currentColor" in body or {found.lower() for found in _COLOUR.findall(body)} <= {"#000", "#000000"}


def _read_svg_folder(folder: Path) -> tuple[list[Drawing], Pack]:
    pack = folder.resolve().name
    drawings = []
    for path in sorted(folder.rglob("*.svg")):
        try:
            with open_plain(path) as file:
                text = file.read(_MAX_FILE + 1).decode("utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise ArtworkError(f"{path}: this SVG file cannot be read: {exc}") from exc
        if len(text) > _MAX_FILE:
            continue
        closing = text.rfind("</svg>")
        opening = re.compile(r"<svg\b[^>]*>").search(text, 0, max(0, closing))
        if opening is None:
            raise ArtworkError(f"{path}: no <svg> element in it")
        view = _view_box(opening.group(), path)
        body = text[opening.end() : closing].strip()
        kept = re.findall(r'\b(fill|stroke|stroke-width|stroke-linecap|stroke-linejoin)="([^"]*)"', opening.group())
        if kept:
            body = "<g " + " ".join(f'{name}="{value}"' for name, value in kept) + f">{body}</g>"
        key = normalise(path.stem)
        drawings.append(Drawing(pack, path.stem, key, f"{pack}:{key}", body, view, _is_mono(body)))
    if not drawings:
        raise ArtworkError(f"{folder}: neither icons.json nor SVG files in it")
    return drawings, Pack(pack, pack, "unknown", "unknown", "")


def _view_box(opening: str, path: Path) -> tuple[float, float, float, float]:
    box = re.search(r'viewBox="([^"]+)"', opening)
    numbers = re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", box.group(1)) if box else []
    if len(numbers) == 4:
        left, top, width, height = map(float, numbers)
        return left, top, width, height
    sides = [re.search(rf'(?<![\w-]){side}="(\d+\.?\d*)\s*([a-z%]*)"', opening) for side in ("width", "height")]
    sizes = [float(side[1]) * _UNITS[side[2]] for side in sides if side and side[2] in _UNITS]
    if len(sizes) != 2:
        raise ArtworkError(f"{path}: its <svg> element has neither a viewBox nor a width and height")
    return 0.0, 0.0, sizes[0], sizes[1]


def write_attribution(packs: Iterable[Pack], font_families: Iterable[str]) -> str:
    """Return the text (Markdown) that names the packs and fonts which marks were drawn with."""
    rows = [f"| {pack.name} | {pack.title} | {pack.author} | {pack.licence} | {pack.url} |\n" for pack in packs]
    families = sorted(font_families)
    return f"""# What these marks are drawn with

The marks were put together from the drawings of these packs, recoloured, scaled and combined.

| pack | title | author | licence | text of the licence |
|---|---|---|---|---|
{"".join(rows)}
Letters are of {len(families)} font families, each with its own licence: {", ".join(families)}.
"""
