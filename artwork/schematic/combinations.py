"""Objects that hold, wear or are other objects: a leaf in a drop, an owl with glasses, a cup with a face."""

import random
from collections.abc import Mapping

from schematic.beings import draw_face
from schematic.geometry import Points, box, centre, ellipse, moved, scaled
from schematic.sketch import Kind, Sketch

KindsByName = dict[str, tuple[Kind, str, str]]

_ROOM = 40
"""Least width and height of a plane that holds something."""
_TRIES = 200

_HELD = {
    "apple": "heart open-book leaf",
    "balloon": "heart tick leaf",
    "bell": "heart lightning",
    "bomb": "lightning skull",
    "box-closed": "heart leaf fish",
    "bucket": "fish drop",
    "chess-rook": "lion-head key-round",
    "closed-book": "heart leaf eye key-round",
    "cloud": "lightning key-round padlock note rocket",
    "cup": "heart leaf lightning",
    "drop": "leaf flame fish lightning",
    "dustbin": "leaf heart",
    "egg": "lightning flower",
    "envelope": "heart leaf tick",
    "flame": "drop heart lightning",
    "gear": "leaf wrench bulb lightning",
    "head-profile": "gear heart leaf bulb",
    "heart": "leaf cup house open-hand paw tooth key-round",
    "house": "heart key-round leaf cat-sitting cup",
    "jar": "heart bee",
    "leaf": "lightning house drop",
    "monitor": "gear heart lightning rocket",
    "paw": "heart",
    "pumpkin": "owl cat-head",
    "shopping-bag": "heart leaf apple cup",
    "smartphone": "heart gear cup fish",
    "suitcase": "heart plane-above globe",
    "t-shirt": "heart lightning crown",
    "tooth": "heart leaf",
    "trophy": "tick lightning",
}
"""An object, and what is seen in it."""

_IN_SHIELD = {"padlock": "24.1.12", "sword": "24.1.12", "tick": "24.1.3", "lion-head": "24.1.9", "leaf": "24.1.10"}
"""What is seen in a shield, and the section of such a shield."""

_WITH_GLASSES = "owl cat-head dog-head bear-head fox-head mouse egg pear skull monkey-head pig rabbit-head bulb"
_WITH_HAT = "skull ghost fox-head bear-head pig owl egg cat-head monkey-head robot-head penguin"
_HATS = ("top-hat", "hard-hat", "cowboy-hat", "crown", "cap")
_WITH_FACE = (
    "alarm-clock balloon bell bomb box-closed bucket closed-book cup cupcake doughnut dustbin egg envelope gear house "
    "monitor parcel shopping-bag smartphone tooth"
)
_PLANTS_WITH_FACE = "acorn apple lemon mushroom pear pumpkin strawberry"
_GLASSES, _PERSON, _PLANT = "16.3.13", "4.5.2", "4.5.1"
"""Glasses; an object, and a plant, that stands for a person."""


def combine(kinds: Mapping[str, tuple[Kind, str, str]]) -> KindsByName:
    """Return the kinds that others make together."""
    found: KindsByName = {}
    for name in (*_WITH_FACE.split(), *_PLANTS_WITH_FACE.split()):
        kind, codes, _ = kinds[name]
        code = _PERSON if name in _WITH_FACE.split() else _PLANT
        found[f"{name}-face"] = (personified(kind), f"{codes} {code}", "")
    for name, inside in _HELD.items():
        for other in inside.split():
            codes = f"{kinds[name][1]} {kinds[other][1]}"
            found[f"{name}-with-{other}"] = (holding(kinds[name][0], kinds[other][0]), codes, "")
    for name, code in _IN_SHIELD.items():
        kind, codes, _ = kinds[name]
        found[f"shield-with-{name}"] = (holding(kinds["shield-plain"][0], kind), f"{code} {codes}", "")
    for name in _WITH_GLASSES.split():
        kind, codes, turns = kinds[name]
        found[f"{name}-with-glasses"] = (wearing_glasses(kind), f"{codes} {_GLASSES}", turns)
    for at, name in enumerate(_WITH_HAT.split()):
        hat = _HATS[at % len(_HATS)]
        codes = f"{kinds[name][1]} {kinds[hat][1]}"
        found[f"{name}-with-{hat}"] = (wearing(kinds[name][0], kinds[hat][0]), codes, "mirror tilt")
    return found


def personified(kind: Kind) -> Kind:
    """Return a kind with a face on its largest plane, and perhaps arms and legs."""

    def draw(sketch: Sketch, rng: random.Random) -> None:
        bare, widest = _roomy(kind, rng)
        size = min(_spread(widest))
        sketch.marks += [mark for mark in bare.marks if mark[0] != "detail"]
        x, y = centre(widest)
        draw_face(sketch, rng, x, y, size * rng.uniform(0.36, 0.46))
        if rng.random() < 0.35:
            bottom = max(point[1] for point in widest)
            for side, edge in ((-1, min(widest)[0]), (1, max(widest)[0])):
                sketch.line([(edge, y + 4), (edge + side * 10, y + rng.choice((-12, 12)))], 4)
                sketch.line([(x + side * 8, bottom - 1), (x + side * 9, bottom + 11)], 4)

    return draw


def holding(outer: Kind, inner: Kind) -> Kind:
    """Return a kind of which another is cut out, on its largest plane."""

    def draw(sketch: Sketch, rng: random.Random) -> None:
        bare, widest = _roomy(outer, rng)
        sketch.marks += [mark for mark in bare.marks if mark[0] != "detail"]
        held = Sketch()
        inner(held, rng)
        size = min(_spread(widest)) * rng.uniform(0.5, 0.66)
        for what, points, value in _placed(held, centre(widest), size):
            if what == "plane":
                sketch.detail(points)
            elif what == "line":
                sketch.score(points, value)
            else:
                sketch.plane(points, 1)

    return draw


def wearing_glasses(kind: Kind) -> Kind:
    """Return a kind with glasses on its largest plane."""

    def draw(sketch: Sketch, rng: random.Random) -> None:
        bare, widest = _roomy(kind, rng)
        sketch.marks += bare.marks
        wide, high = _spread(widest)
        x, y = centre(widest)
        y -= high * rng.uniform(0.0, 0.12)
        apart, radius = wide * 0.21, wide * rng.uniform(0.13, 0.17)
        square, dark, stroke = rng.random() < 0.4, rng.random() < 0.3, wide * rng.uniform(0.04, 0.08)
        for at in (x - apart, x + apart):
            lens = box(at - radius, y - radius * 0.8, 2 * radius, 1.6 * radius, 3) if square else ellipse(at, y, radius)
            if dark:
                sketch.detail(lens)
            else:
                sketch.score([*lens, lens[0]], stroke)
        sketch.score([(x - apart + radius, y), (x + apart - radius, y)], stroke)

    return draw


def wearing(kind: Kind, hat: Kind) -> Kind:
    """Return a kind with something on its head."""

    def draw(sketch: Sketch, rng: random.Random) -> None:
        bare, widest = _roomy(kind, rng)
        worn = Sketch()
        hat(worn, rng)
        size = _spread(widest)[0] * rng.uniform(0.75, 1.0)
        top = min(y for _, y in widest)
        wide, high = _spread([point for _, points, _ in worn.marks for point in points])
        high *= size / max(wide, high)
        middle = centre(widest)[0], top - high / 2 + _spread(widest)[1] * rng.uniform(0.1, 0.22)
        whole = Sketch([*bare.marks, *_placed(worn, middle, size)])
        sketch.marks += _placed(whole, (50, 50), 88)

    return draw


def _roomy(kind: Kind, rng: random.Random) -> tuple[Sketch, Points]:
    """Return a drawing of a kind whose largest plane has room, and that plane: some forms have none."""
    for _ in range(_TRIES):
        sketch = Sketch()
        kind(sketch, rng)
        planes = [points for what, points, _ in sketch.marks if what == "plane"]
        widest = max(planes, key=lambda points: _spread(points)[0] * _spread(points)[1], default=[])
        if widest and min(_spread(widest)) >= _ROOM:
            return sketch, widest
    raise ValueError(f"{kind.__name__} has no plane with room for something")


def _placed(sketch: Sketch, middle: tuple[float, float], size: float) -> list[tuple[str, Points, float]]:
    """Return what a sketch holds about a middle, its longer side of a size."""
    every = [point for _, points, _ in sketch.marks for point in points]
    left, top = min(x for x, _ in every), min(y for _, y in every)
    wide, high = _spread(every)
    share = size / max(wide, high)
    old = left + wide / 2, top + high / 2
    return [
        (
            what,
            moved(scaled(points, share, None, old), middle[0] - old[0], middle[1] - old[1]),
            value * share if what == "line" else value,
        )
        for what, points, value in sketch.marks
    ]


def _spread(points: Points) -> tuple[float, float]:
    """Return how wide and how high an outline is."""
    across, down = [x for x, _ in points], [y for _, y in points]
    return max(across) - min(across), max(down) - min(down)
