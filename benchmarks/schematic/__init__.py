"""Objects as logos reduce them: a few planes, a few lines, holes for what matters; drawn by rule, in many forms."""

# fmt: off

from schematic import (
    aircraft,
    apparatus,
    arms,
    bags,
    beings,
    birds,
    body,
    bottles,
    clothes,
    crawling,
    desk,
    elements,
    emblems,
    fastenings,
    flowers,
    food,
    fruit,
    furniture,
    hats,
    hoofed,
    houses,
    jewels,
    landscapes,
    lights,
    machines,
    mammals,
    measures,
    openings,
    optics,
    people,
    play,
    sea,
    ships,
    signs,
    sky,
    structures,
    sweets,
    tableware,
    things,
    tools,
    towers,
    trees,
    vehicles,
    weather,
)
from schematic.sketch import Kind

_MODULES = (
    sky, weather, elements, landscapes, trees, flowers, fruit, people, body, mammals, hoofed, birds, sea, crawling,
    beings, houses, openings, towers, structures, food, sweets, clothes, hats, bags, tableware, furniture, lights,
    tools, fastenings, machines, apparatus, optics, measures, jewels, vehicles, ships, aircraft, things, bottles,
    desk, play, arms, emblems, signs,
)  # fmt: skip

KINDS: dict[str, tuple[Kind, str, str]] = {name: kind for module in _MODULES for name, kind in module.KINDS.items()}
"""Each kind of object: what draws it, its codes, and whether it may be drawn `mirror`ed and `tilt`ed."""

_WITH_FACES = frozenset(
    {"cup", "egg", "doughnut", "cupcake", "tooth", "box-closed", "parcel", "shopping-bag", "gear", "monitor", "balloon"}
    | {"dustbin", "envelope", "closed-book", "alarm-clock", "house", "bomb", "bell", "bucket", "smartphone"}
)
_PLANTS_WITH_FACES = frozenset({"apple", "pear", "lemon", "mushroom", "acorn", "pumpkin", "strawberry"})

for name in sorted(_WITH_FACES | _PLANTS_WITH_FACES):
    kind, codes, _ = KINDS[name]
    KINDS[f"{name}-face"] = (beings.personified(kind), f"{codes} {'4.5.2' if name in _WITH_FACES else '4.5.1'}", "")
