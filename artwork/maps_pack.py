"""Make a pack of maps: outlines of countries, continents and the world, from Natural Earth (public domain).

    python artwork/maps_pack.py -o artwork/maps/maps       (needs `npm install` in this folder: world-atlas)

Each map is drawn in several ways, which are one group: filled, in a line, with coarse edges; continents also with their
countries apart and in many colours. The pack states the codes of its maps (1.17).
"""

import argparse
import json
import math
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

from packs import write_pack
from viennatag.synthesis.palettes import mix_colours

HERE = Path(__file__).parent
ATLAS = HERE / "node_modules/world-atlas/countries-50m.json"
INFO = {
    "prefix": "maps",
    "name": "Maps of Natural Earth",
    "author": {"name": "Natural Earth; world-atlas by Michael Bostock"},
    "license": {"title": "Public domain", "spdx": "CC-PDDC", "url": "https://www.naturalearthdata.com"},
}
SIDE = 100.0
COUNTRY, ISLAND, WORLD = "1.17.11", "1.17.11 1.17.12", "1.17.1"
"""The sections of these maps."""
ISLANDS = frozenset(["132", "144", "174", "192", "352", "372", "388", "450", "480", "554", "630", "690", "702"])
"""Countries that are islands."""
FAR = 0.15
"""Parts of a country smaller than this share of its largest are left out, such as far islands."""
COLOURS = ("#1f7a3a", "#f2b01e", "#c0392b", "#2c6fb3", "#7d3c98", "#e67e22", "#16a085")

Ring = list[tuple[float, float]]


def read_countries(path: Path) -> dict[str, list[Ring]]:
    """Return the outer rings of each country, in degrees, by its ISO number or else its name."""
    atlas = json.loads(path.read_text(encoding="utf-8"))
    (wide, high), (left, low) = atlas["transform"]["scale"], atlas["transform"]["translate"]
    arcs = []
    for arc in atlas["arcs"]:
        x, y, points = 0, 0, []
        for right, up in arc:
            x, y = x + right, y + up
            points.append((x * wide + left, y * high + low))
        arcs.append(points)
    found: dict[str, list[Ring]] = {}
    for country in atlas["objects"]["countries"]["geometries"]:
        polygons = country["arcs"] if country["type"] == "MultiPolygon" else [country["arcs"]]
        rings = [[point for at in each[0] for point in (arcs[at] if at >= 0 else arcs[~at][::-1])] for each in polygons]
        if max(x for ring in rings for x, _ in ring) - min(x for ring in rings for x, _ in ring) > 180:
            rings = [[(x % 360, y) for x, y in ring] for ring in rings]  # across the date line
        found.setdefault(country.get("id") or country["properties"]["name"], []).extend(rings)
    return found


def main_parts(rings: Iterable[Ring]) -> list[Ring]:
    """Return the rings of a country that are not much smaller than its largest."""
    rings = list(rings)
    largest = max(map(area, rings))
    return [ring for ring in rings if area(ring) >= FAR * largest]


def area(ring: Ring) -> float:
    """Return the area of a ring in square degrees."""
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(ring, ring[1:] + ring[:1], strict=True))) / 2


def projected(parts: Sequence[list[Ring]]) -> list[list[Ring]]:
    """Return rings of several countries in a square frame, north up, true to shape at their middle latitude."""
    points = [point for rings in parts for ring in rings for point in ring]
    squeeze = math.cos(math.radians((min(y for _, y in points) + max(y for _, y in points)) / 2))
    left, top = min(x for x, _ in points), max(y for _, y in points)
    right, low = max(x for x, _ in points), min(y for _, y in points)
    scale = SIDE / max((right - left) * squeeze, top - low)
    return [[[((x - left) * squeeze * scale, (top - y) * scale) for x, y in ring] for ring in rings] for rings in parts]


def simplified(ring: Ring, tolerance: float) -> Ring:
    """Return a ring with fewer corners, none further from it than the tolerance (Douglas and Peucker 1973)."""
    kept, stack = {0, len(ring) - 1}, [(0, len(ring) - 1)]
    while stack:
        first, last = stack.pop()
        (x0, y0), (x1, y1) = ring[first], ring[last]
        length = math.hypot(x1 - x0, y1 - y0)
        furthest, distance = 0, tolerance
        for at in range(first + 1, last):
            x, y = ring[at]
            off = abs((x1 - x0) * (y0 - y) - (x0 - x) * (y1 - y0)) / length if length else math.hypot(x - x0, y - y0)
            if off > distance:
                furthest, distance = at, off
        if furthest:
            kept.add(furthest)
            stack += [(first, furthest), (furthest, last)]
    return [ring[at] for at in sorted(kept)]


def outline(rings: Iterable[Ring], tolerance: float) -> str:
    """Return the path data of rings with edges of this coarseness."""
    shapes = (simplified(ring, tolerance) for ring in rings)
    return "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring) + "Z" for ring in shapes if len(ring) > 3)


def ways(parts: Sequence[list[Ring]]) -> list[str]:
    """Return one map drawn in several ways, as SVG."""
    parts = projected(parts)
    every = [ring for rings in parts for ring in rings]
    fine, coarse, bare = (outline(every, tolerance) for tolerance in (0.25, 1.2, 3.5))
    join = 'stroke="currentColor" stroke-linejoin="round"'
    drawn = [f'<path d="{d}" fill="currentColor" {join} stroke-width=".6"/>' for d in (fine, coarse, bare)]
    if len(parts) == 1:
        lines = ((fine, 1.5), (coarse, 4))
        return [*drawn, *(f'<path d="{d}" fill="none" {join} stroke-width="{thick}"/>' for d, thick in lines)]
    apart = "".join(f'<path d="{outline(rings, 0.5)}"/>' for rings in parts)
    drawn.append(f'<g fill="currentColor" stroke="#ffffff" stroke-width=".8">{apart}</g>')
    drawn.append(f'<g fill="none" stroke="currentColor" stroke-width=".7">{apart}</g>')
    tinted = "".join(
        f'<path d="{outline(rings, 0.5)}" fill="{mix_colours(COLOURS[at % 7], COLOURS[at * 3 % 5], 0.4)}"/>'
        for at, rings in enumerate(parts)
    )
    return [*drawn, tinted]


def icons(countries: dict[str, list[Ring]], continents: dict[str, dict[str, str]]) -> dict[str, dict[str, object]]:
    """Return all maps as icons of Iconify."""
    found: dict[str, tuple[str, list[list[Ring]]]] = {}
    for name, row in continents.items():
        found[name] = row["codes"], [main_parts(countries[each]) for each in row["countries"].split()]
    land = [ring for rings in countries.values() for ring in rings if area(ring) > 4 and max(y for _, y in ring) > -50]
    found["world"] = WORLD, [[ring for ring in land if max(x for x, _ in ring) <= 190]]
    for number, rings in countries.items():
        if area(max(rings, key=area)) > 0.25:  # smaller ones have no shape at this scale
            code = ISLAND if number in ISLANDS else COUNTRY
            found[f"country-{number.lower().replace(' ', '-').replace('.', '')}x"] = code, [main_parts(rings)]
    view = {"left": -4, "top": -4, "width": SIDE + 8, "height": SIDE + 8}
    return {
        f"{name}-map-{way}": {"body": body, "codes": codes.split(), **view}
        for name, (codes, parts) in found.items()
        for way, body in enumerate(ways(parts), start=1)
        if len(body) < 40_000
    }


def read_continents() -> dict[str, dict[str, str]]:
    """Return the countries and sections of each continent."""
    return tomllib.loads((HERE / "maps.toml").read_text(encoding="utf-8"))


def section_codes() -> set[str]:
    """Return the sections of each kind of map."""
    return {COUNTRY, ISLAND, WORLD, *(row["codes"] for row in read_continents().values())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder of the pack")
    options = parser.parse_args()
    drawn = icons(read_countries(ATLAS), read_continents())
    write_pack(options.out, INFO, drawn)
    print(f"wrote {options.out}: {len(drawn):,} maps")


if __name__ == "__main__":
    main()
