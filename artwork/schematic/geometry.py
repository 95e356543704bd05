"""Outlines as lists of points, x to the right and y down, in a square of 100 by 100."""

# fmt: off

import math
from collections.abc import Sequence

Point = tuple[float, float]
Points = list[Point]


def polygon(*numbers: float) -> Points:
    """Return points from x, y, x, y and so on."""
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def ellipse(x: float, y: float, across: float, down: float | None = None, *, points: int = 40) -> Points:
    """Return an ellipse about a centre with its half axes; a circle if only one is given."""
    return arc(x, y, across, down, 0, 360 - 360 / points, points=points)


def arc(x: float, y: float, across: float, down: float | None = None, start: float = 0, end: float = 180,
    points: int = 24) -> Points:
    """Return points on an ellipse from one angle to another, in degrees, clockwise from the right."""
    down = across if down is None else down
    angles = [math.radians(start + (end - start) * at / (points - 1)) for at in range(points)]
    return [(x + across * math.cos(angle), y + down * math.sin(angle)) for angle in angles]


def box(left: float, top: float, width: float, height: float, corner: float = 0) -> Points:
    """Return a rectangle with rounded corners."""
    corner = min(corner, width / 2, height / 2)
    if corner <= 0:
        return polygon(left, top, left + width, top, left + width, top + height, left, top + height)
    right, bottom = left + width - corner, top + height - corner
    left, top = left + corner, top + corner
    ends = ((right, top, -90), (right, bottom, 0), (left, bottom, 90), (left, top, 180))
    return [point for x, y, turn in ends for point in arc(x, y, corner, None, turn, turn + 90, points=7)]


def regular(x: float, y: float, radius: float, sides: int, turn: float = -90) -> Points:
    """Return a regular polygon; the first corner is above the centre."""
    return [along(x, y, radius, turn + 360 * at / sides) for at in range(sides)]


def star(x: float, y: float, radius: float, tips: int, inner: float, turn: float = -90) -> Points:
    """Return a star whose inner corners are at a share `inner` of the radius."""
    return [along(x, y, radius if at % 2 == 0 else radius * inner, turn + 180 * at / tips) for at in range(2 * tips)]


def along(x: float, y: float, distance: float, degrees: float) -> Point:
    """Return the point at a distance from another, in a direction clockwise from the right."""
    return x + distance * math.cos(math.radians(degrees)), y + distance * math.sin(math.radians(degrees))


def curve(*numbers: float, closed: bool = True, points: int = 8) -> Points:
    """Return a smooth line (Catmull-Rom) through x, y, x, y and so on."""
    knots = polygon(*numbers)
    count = len(knots)
    found: Points = []
    for at in range(count if closed else count - 1):
        around = [knots[(at + step) % count if closed else min(max(at + step, 0), count - 1)] for step in (-1, 0, 1, 2)]
        found += [_between(around, step / points) for step in range(points)]
    return found if closed else [*found, knots[-1]]


def _between(around: Sequence[Point], t: float) -> Point:
    first, second, third, fourth = around

    def one(a: float, b: float, c: float, d: float) -> float:
        return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)

    return one(first[0], second[0], third[0], fourth[0]), one(first[1], second[1], third[1], fourth[1])


def thick(line: Sequence[Point], width: float, *, end: float | None = None) -> Points:
    """Return the outline of a line of a width, which runs evenly to another width at its end."""
    end = width if end is None else end
    left: Points = []
    right: Points = []
    for at, (x, y) in enumerate(line):
        before, after = line[max(at - 1, 0)], line[min(at + 1, len(line) - 1)]
        angle = math.atan2(after[1] - before[1], after[0] - before[0])
        half = (width + (end - width) * at / max(1, len(line) - 1)) / 2
        left.append((x - half * math.sin(angle), y + half * math.cos(angle)))
        right.append((x + half * math.sin(angle), y - half * math.cos(angle)))
    return left + right[::-1]


def ring(x: float, y: float, radius: float, width: float, start: float = 0, end: float = 360) -> Points:
    """Return a part of a ring: `radius` is in the middle of its width."""
    return arc(x, y, radius + width / 2, None, start, end) + arc(x, y, radius - width / 2, None, end, start)


def moved(points: Sequence[Point], x: float = 0, y: float = 0) -> Points:
    return [(across + x, down + y) for across, down in points]


def turned(points: Sequence[Point], degrees: float, about: Point = (50, 50)) -> Points:
    """Return points turned clockwise."""
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    x, y = about
    return [(x + (a - x) * cosine - (b - y) * sine, y + (a - x) * sine + (b - y) * cosine) for a, b in points]


def scaled(points: Sequence[Point], across: float, down: float | None = None, about: Point = (50, 50)) -> Points:
    down = across if down is None else down
    return [(about[0] + (x - about[0]) * across, about[1] + (y - about[1]) * down) for x, y in points]


def mirrored(points: Sequence[Point], axis: float = 50) -> Points:
    """Return points mirrored from left to right."""
    return [(2 * axis - x, y) for x, y in points]


def centre(points: Sequence[Point]) -> Point:
    return sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)


def half_of(points: Sequence[Point], through: Point, degrees: float) -> Points:
    """Return what of a polygon lies to one side of a line, exactly if it is convex (Sutherland and Hodgman 1974)."""
    normal = (math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))
    kept: Points = []
    for at, here in enumerate(points):
        last = points[at - 1]
        inside, before = ((x - through[0]) * normal[0] + (y - through[1]) * normal[1] for x, y in (here, last))
        if (inside >= 0) != (before >= 0):
            share = before / (before - inside)
            kept.append((last[0] + share * (here[0] - last[0]), last[1] + share * (here[1] - last[1])))
        if inside >= 0:
            kept.append(here)
    return kept


def simplified(points: Sequence[Point], tolerance: float) -> Points:
    """Return a line with fewer points, none farther from the old one than a tolerance (Douglas and Peucker 1973)."""
    if len(points) < 3:
        return list(points)
    (x, y), (u, v) = points[0], points[-1]
    length = math.hypot(u - x, v - y)
    away = [abs((u - x) * (y - b) - (x - a) * (v - y)) / length if length else math.hypot(a - x, b - y) for a,
        b in points[1:-1]]
    farthest = max(range(len(away)), key=away.__getitem__)
    if away[farthest] <= tolerance:
        return [points[0], points[-1]]
    split = farthest + 1
    return simplified(points[: split + 1], tolerance)[:-1] + simplified(points[split:], tolerance)


def rounded(points: Sequence[Point], radius: float, *, closed: bool = True) -> Points:
    """Return a line whose corners are cut off at a distance, or in the middle of shorter edges, and curved."""
    found: Points = []
    for at, here in enumerate(points):
        if not closed and at in {0, len(points) - 1}:
            found.append(here)
            continue
        first, last = (_towards(here, points[(at + step) % len(points)], radius) for step in (-1, 1))
        found += [first, (here[0] / 2 + (first[0] + last[0]) / 4, here[1] / 2 + (first[1] + last[1]) / 4), last]
    return found


def _towards(here: Point, there: Point, distance: float) -> Point:
    length = math.dist(here, there)
    share = min(0.45, distance / length) if length else 0.0
    return here[0] + share * (there[0] - here[0]), here[1] + share * (there[1] - here[1])


def smoothed(points: Sequence[Point]) -> Points:
    """Return a closed line whose corners are cut at a quarter of their sides (Chaikin 1974)."""
    return [(share * points[at - 1][0] + (1 - share) * u, share * points[at - 1][1] + (1 - share) * v) for at, (u,
        v) in enumerate(points) for share in (0.75, 0.25)]
