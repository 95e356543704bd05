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
    faces,
    fastenings,
    flowers,
    food,
    fruit,
    furniture,
    hats,
    hoofed,
    houses,
    jewels,
    keys,
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
from schematic.combinations import combine
from schematic.sketch import Kind

_MODULES = (
    sky, weather, elements, landscapes, trees, flowers, fruit, people, body, faces, mammals, hoofed, birds, sea,
    crawling, beings, houses, openings, towers, structures, food, sweets, clothes, hats, bags, tableware, furniture,
    lights, tools, fastenings, keys, machines, apparatus, optics, measures, jewels, vehicles, ships, aircraft,
    things, bottles, desk, play, arms, emblems, signs,
)  # fmt: skip

KINDS: dict[str, tuple[Kind, str, str]] = {}
"""Each kind of object: what draws it, its codes, and whether it may be drawn `mirror`ed and `tilt`ed."""

for _module in _MODULES:
    if _twice := KINDS.keys() & _module.KINDS:
        raise ValueError(f"{_module.__name__} draws {', '.join(sorted(_twice))} again")
    KINDS.update(_module.KINDS)
KINDS.update(combine(KINDS))
