"""Planes side by side with a gap, as folded and cut things have them, and things cut out of a tile."""

# fmt: off

import math
import random
from collections.abc import Callable, Sequence

from schematic.geometry import Point, Points, box, centre, ellipse, half_of, regular, scaled
from schematic.sketch import Sketch

Part = tuple[Points, int]


def inset(points: Points, by: float) -> Points:
    """Return a convex polygon whose edges lie farther in; others are made smaller."""
    if not _convex(points):
        return scaled(points, 1 - by / 25, None, centre(points))
    kept = list(points)
    middle = centre(points)
    for at, (x, y) in enumerate(points):
        u, v = points[at - 1]
        length = math.hypot(x - u, y - v)
        if length < 0.01:
            continue
        across, down = (v - y) / length, (x - u) / length
        if (middle[0] - x) * across + (middle[1] - y) * down < 0:
            across, down = -across, -down
        kept = half_of(kept, (x + across * by, y + down * by), math.degrees(math.atan2(down, across)))
        if len(kept) < 3:
            return points
    return kept


def tile(rng: random.Random) -> Points:
    """Return a disc, a square or another plain figure that fills the drawing."""
    return rng.choice((ellipse(50, 50, 45), ellipse(50, 50, 45), box(7, 7, 86, 86, rng.choice((0, 10, 22))), regular(50,
        50, 46, 6, rng.choice((-90, 0)))))


def show(sketch: Sketch, rng: random.Random, parts: Sequence[Part], holes: Sequence[Points] = (), tiled: float = 0.15,
    gap: float | None = None, within: tuple[float, float] = (0.55, 0.64),
    ground: Callable[[random.Random], Points] = tile) -> None:
    """Draw parts that lie side by side, or at times cut them out of a tile, of whose size they are `within` a share."""
    by = rng.choice((0.8, 1.2, 1.8)) if gap is None else gap
    shown = [(inset(points, by) if by else points, tone) for points, tone in parts]
    if rng.random() >= tiled:
        for points, tone in shown:
            sketch.plane(points, tone)
        for points in holes:
            sketch.detail(points)
        return
    share = rng.uniform(*within)
    sketch.plane(ground(rng))
    for points, _ in shown:
        sketch.detail(scaled(points, share))
    for points in holes:
        sketch.plane(scaled(points, share), 1)


def _convex(points: Sequence[Point]) -> bool:
    turns = []
    for at, (x, y) in enumerate(points):
        (u, v), (a, b) = points[at - 1], points[at - 2]
        turns.append((u - a) * (y - v) - (v - b) * (x - u))
    return all(turn >= -0.01 for turn in turns) or all(turn <= 0.01 for turn in turns)
