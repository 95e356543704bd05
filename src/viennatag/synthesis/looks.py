"""How one drawing looks in a mark: flat, in several inks, fading, engraved, hollow, as a silhouette, and so on.

The same cat is on one register as an outline, on the next as a silhouette, and again in four flat colours. A
pack draws it in one style; a look paints it in another, without touching what it shows. Colours come from the
mark's inks or from the drawing itself; none is set that the pixels would not show.
"""

import random
from collections.abc import Callable, Sequence

import numpy as np

from viennatag.synthesis.anatomy import INK, Part, divided
from viennatag.synthesis.palettes import BLACK, WHITE, contrast, in_colours, luminance, mixed, turned_hue
from viennatag.synthesis.pieces import number
from viennatag.synthesis.subject import Looked, Subject, inked, toned

_BLOB = 0.6  # share of the frame from which a silhouette tells little: a head, a cup, a box

Look = Callable[[Subject, random.Random], Looked | None]
"""Paints a subject; None where the look does not suit it."""


def give_look(subject: Subject, rng: random.Random) -> Looked:
    """Return a subject in a look that suits it, often as it is."""
    table = (LINED if _is_lined(subject) else FILLED) if subject.mono else FAINT if subject.faint else COLOURED
    (look,) = rng.choices(list(table), list(table.values()))
    return look(subject, rng) or (toned(subject) if subject.faint else flat(subject, rng))


def _is_lined(subject: Subject) -> bool:
    """Return whether a drawing in one colour consists of lines rather than of surfaces."""
    return f'stroke="{INK}"' in subject.body


def flat(subject: Subject, _: random.Random) -> Looked:
    """Return a drawing as it is: in the ink, or in its own colours where the mark has any."""
    if subject.mono:
        return Looked(inked(subject.body, subject.ink))
    return toned(subject) if subject.grey else Looked(subject.body)


def _name(rng: random.Random) -> str:
    return f"look{rng.randrange(10**6)}"


def _across(subject: Subject, rng: random.Random, *, share: float = 1.0) -> str:
    """Return the attributes of a gradient that runs over a share of the frame."""
    left, top, width, height = subject.frame
    right, low = rng.choice(((1, 0), (0, 1), (0, 1), (1, 1), (1, -1), (0.4, 1)))
    x, y = left, top + (height if low < 0 else 0)
    ends = (x + right * width * share, y + low * height * share)
    return (
        f'gradientUnits="userSpaceOnUse" x1="{number(x)}" y1="{number(y)}" x2="{number(ends[0])}" '
        f'y2="{number(ends[1])}"'
    )


def _stops(stops: Sequence[tuple[float, str]]) -> str:
    return "".join(f'<stop offset="{at:.3f}" stop-color="{colour}"/>' for at, colour in stops)


def fading(subject: Subject, rng: random.Random) -> Looked:
    """Return a drawing whose ink fades into another one, or into a lighter or darker tone."""
    tints = subject.tints
    others = [tint for tint in tints[1:] if contrast(tint, subject.ground) > 0.12] or [subject.ink]
    ends = [tints[0], rng.choice(others)]
    if len(others) > 1 and rng.random() < 0.3:
        ends.append(rng.choice(others))
    rng.shuffle(ends)
    stops, name = _stops([(index / (len(ends) - 1), ink) for index, ink in enumerate(ends)]), _name(rng)
    if rng.random() < 0.2:
        left, top, width, height = subject.frame
        server = (
            f'<radialGradient id="{name}" gradientUnits="userSpaceOnUse" cx="{number(left + width / 2)}" '
            f'cy="{number(top + height / 2)}" r="{number(subject.reach * 0.55)}">{stops}</radialGradient>'
        )
    else:
        server = f'<linearGradient id="{name}" {_across(subject, rng)}>{stops}</linearGradient>'
    return Looked(server + inked(subject.body, f"url(#{name})"))


def banded(subject: Subject, rng: random.Random) -> Looked:
    """Return a drawing cut into two to four bands of different inks."""
    tints = list(subject.tints[:4])
    if len(tints) > 2 and rng.random() < 0.5:
        del tints[2:]
    rng.shuffle(tints)
    edges = [0.0, *sorted(rng.uniform(0.2, 0.8) for _ in tints[1:]), 1.0]
    if len(tints) == 2:
        edges[1] = rng.choice((0.5, 0.5, rng.uniform(0.3, 0.7)))
    stops = [(edge, ink) for index, ink in enumerate(tints) for edge in edges[index : index + 2]]
    name = _name(rng)
    server = f'<linearGradient id="{name}" {_across(subject, rng)}>{_stops(stops)}</linearGradient>'
    return Looked(server + inked(subject.body, f"url(#{name})"))


def _bars(subject: Subject, rng: random.Random, *, pitch: float, share: float, ink: str, turn: float | None) -> str:
    """Return a paint server of parallel bars and its name, as `name|svg`; between the bars nothing is painted."""
    name, soft = _name(rng), 0.04
    left, top = subject.frame[:2]
    angle = rng.choice((0, 0, 45, -45, 30)) if turn is None else turn
    clear = 'stop-opacity="0"'
    stops = (
        f'<stop offset="0" stop-color="{ink}"/><stop offset="{share - soft:.3f}" stop-color="{ink}"/>'
        f'<stop offset="{share:.3f}" stop-color="{ink}" {clear}/><stop offset="{1 - soft:.3f}" stop-color="{ink}" '
        f'{clear}/><stop offset="1" stop-color="{ink}"/>'
    )
    return (
        f'{name}|<linearGradient id="{name}" gradientUnits="userSpaceOnUse" spreadMethod="repeat" x1="{number(left)}" '
        f'y1="{number(top)}" x2="{number(left)}" y2="{number(top + pitch)}" '
        f'gradientTransform="rotate({angle} {number(left)} {number(top)})">{stops}</linearGradient>'
    )


def striped(subject: Subject, rng: random.Random) -> Looked:
    """Return a drawing made of bars."""
    pitch = subject.reach / rng.uniform(8, 15)
    name, _, server = _bars(
        subject, rng, pitch=pitch, share=rng.uniform(0.6, 0.75), ink=subject.ink, turn=None
    ).partition("|")
    return Looked(server + inked(subject.body, f"url(#{name})"))


def engraved(subject: Subject, rng: random.Random) -> Looked | None:
    """Return a drawing as engravers cut it: outlines, and hatching the denser the darker a surface is."""
    parts = subject.parts
    if not parts:
        return None
    pitch, turn = subject.reach / rng.uniform(26, 42), rng.choice((0, 35, 45, -45))
    servers, paints = "", []
    for share in (0.75, 0.5, 0.28):
        name, _, server = _bars(subject, rng, pitch=pitch, share=share, ink=subject.ink, turn=turn).partition("|")
        servers += server
        paints.append(f"url(#{name})")
    paints = [subject.ink, *paints, subject.ground]
    line = subject.reach / rng.uniform(70, 110)
    dark = luminance(subject.ink) < luminance(subject.ground)
    svg = ""
    for part in parts:
        if part.fill == "none":
            svg += part.painted("none", subject.ink)
            continue
        light = 0.0 if part.fill == INK else luminance(part.fill) if dark else 1 - luminance(part.fill)
        paint = paints[1 if subject.mono else min(4, int(light * 5))]
        if paint.startswith("url") and not subject.mono:  # hatching covers what lies below it
            svg += part.painted(subject.ground)
        svg += part.painted(paint, subject.ink, thickness=line)
    return Looked(servers + svg, line / subject.reach / 2)


def hollow(subject: Subject, rng: random.Random) -> Looked | None:
    """Return a drawing as an outline: each surface in the colour of the ground with a line around it."""
    parts = subject.parts
    if not parts or len(parts) > 40:
        return None
    line = subject.reach / rng.uniform(28, 55)
    svg = "".join(
        part.painted("none", subject.ink)
        if part.fill == "none"
        else part.painted(subject.ground, subject.ink, thickness=line)
        for part in parts
        if subject.mono or part.fill == "none" or part.area > (2 * line) ** 2 or part.bounds is None
    )
    return Looked(svg, line / subject.reach / 2)


def bold(subject: Subject, rng: random.Random) -> Looked | None:
    """Return a drawing in one colour that is fatter and rounder, with fewer details."""
    parts = subject.parts
    if not parts:
        return None
    more, times = subject.reach / rng.uniform(20, 45), rng.uniform(1.25, 1.6)
    svg = "".join(
        part.painted("none", subject.ink, thickness=part.thickness * times)
        if part.fill == "none"
        else part.painted(subject.ink, subject.ink, thickness=more)
        for part in parts
    )
    return Looked(svg, more / subject.reach / 2)


def rimmed(subject: Subject, rng: random.Random) -> Looked | None:
    """Return a drawing with a thick outline around all of it, as stickers have."""
    parts = subject.parts
    if not parts:
        return None
    others = [ink for ink in subject.tints[1:] if contrast(ink, subject.ink) > 0.2]
    rim = rng.choice(others) if others else BLACK if luminance(subject.ground) > 0.5 else WHITE
    if not subject.mono:
        rim = subject.ink
    gap = rng.random() < 0.4
    wide = subject.reach * rng.uniform(0.05, 0.11)
    lines = [part.thickness * (part.stroke != "none") for part in parts]
    around = "".join(part.painted(rim, rim, thickness=line + wide) for part, line in zip(parts, lines, strict=True))
    if gap:
        paint = subject.ground
        around += "".join(
            part.painted(paint, paint, thickness=line + wide / 2) for part, line in zip(parts, lines, strict=True)
        )
    return Looked(around + flat(subject, rng).svg, wide / subject.reach / 2)


def shaded(subject: Subject, rng: random.Random) -> Looked:
    """Return a drawing that light falls on from the upper left, with its shadow on the ground."""
    left, top, width, height = subject.frame
    light, dark = mixed(subject.ink, WHITE, rng.uniform(0.4, 0.7)), mixed(subject.ink, BLACK, rng.uniform(0.35, 0.6))
    name, by = _name(rng), subject.reach * rng.uniform(0.015, 0.04)
    stops = _stops([(0, light), (0.45, subject.ink), (1, dark)])
    server = (
        f'<radialGradient id="{name}" gradientUnits="userSpaceOnUse" cx="{number(left + width * 0.35)}" '
        f'cy="{number(top + height * 0.28)}" r="{number(subject.reach * 0.8)}">{stops}</radialGradient>'
    )
    shadow = inked(subject.body, mixed(subject.ground, BLACK, 0.6))
    falls = (f'<g transform="translate({number(step)} {number(step)})">{shadow}</g>' for step in (1.6 * by, by))
    gloss = inked(subject.body, f"url(#{name})")
    return Looked(f'{server}<g opacity="0.25">{"".join(falls)}</g>{gloss}', 1.6 * by / subject.reach)


def dotted(subject: Subject, rng: random.Random) -> Looked:
    """Return a drawing as a screen of dots or squares, larger where there is more ink."""
    columns = rng.randint(18, 30)
    shares = subject.coverage(columns)
    left, top, width, height = subject.frame
    across, down = width / shares.shape[1], height / shares.shape[0]
    side, square = min(across, down), rng.random() < 0.4
    marks = []
    for row, column in zip(*np.nonzero(shares > 0.15), strict=True):
        x, y = left + (column + 0.5) * across, top + (row + 0.5) * down
        half = side / 2 * (0.9 if square else 1.05 * float(shares[row, column]) ** 0.5)
        marks.append(
            f"M{number(x - half)} {number(y - half)}h{number(2 * half)}v{number(2 * half)}h{number(-2 * half)}z"
            if square
            else f"M{number(x - half)} {number(y)}a{number(half)} {number(half)} 0 1 0 {number(2 * half)} 0"
            f"a{number(half)} {number(half)} 0 1 0 {number(-2 * half)} 0z"
        )
    return Looked(f'<path d="{"".join(marks)}" fill="{subject.ink}"/>')


def parted(subject: Subject, rng: random.Random) -> Looked | None:
    """Return a drawing in one colour whose shapes are in different inks."""
    parts = divided(subject.parts)
    if not 2 <= len(parts) <= 60:
        return banded(subject, rng) if len(parts) == 1 else None
    tints = [tint for tint in subject.tints if contrast(tint, subject.ground) > 0.1] or [subject.ink]
    largest = sorted(range(len(parts)), key=lambda at: -parts[at].area)
    order = rng.sample(tints[1:], len(tints) - 1)
    inks = [tints[0], *order]
    alternating = rng.random() < 0.5
    chosen = {
        at: inks[rank % len(inks)] if alternating or rank < 2 else rng.choice(inks) for rank, at in enumerate(largest)
    }
    svg = "".join(
        part.painted(chosen[at] if part.fill != "none" else "none", chosen[at] if part.stroke != "none" else "none")
        for at, part in enumerate(parts)
    )
    return Looked(svg)


def filled(subject: Subject, rng: random.Random) -> Looked | None:
    """Return a line drawing whose surfaces are filled with another ink or a tint."""
    parts = divided(subject.parts)
    if not parts or len(parts) > 60:
        return None
    pale = mixed(subject.ink, subject.ground, rng.uniform(0.6, 0.85))
    tint = rng.choice(subject.tints[1:]) if rng.random() < 0.6 else pale
    by = subject.reach * rng.choice((0, 0, 0.04))
    surfaces = "".join(part.painted(tint) for part in parts if part.tag != "line" and part.stroke != "none")
    lines = "".join(
        part.painted(subject.ink if part.fill != "none" else "none", subject.ink if part.stroke != "none" else "none")
        for part in parts
    )
    return Looked(f'<g transform="translate({number(by)} {number(by)})">{surfaces}</g>{lines}', by / subject.reach)


def solid(subject: Subject, rng: random.Random) -> Looked | None:
    """Return a line drawing as its solid version: large surfaces in the ink, the lines on them cut out."""
    parts = divided(subject.parts)
    if not parts or len(parts) > 60:
        return None
    ordered = sorted(parts, key=lambda part: -part.area)
    outer = [part for part in ordered if not any(_covers(other, part) for other in ordered if other is not part)]
    if not any("z" in part.d.lower() or part.tag in {"circle", "rect", "ellipse", "polygon"} for part in outer):
        return None
    svg = "".join(part.painted(subject.ink if part.tag != "line" else "none", subject.ink) for part in outer)
    svg += "".join(part.painted("none", subject.ground) for part in ordered if part not in outer)
    return Looked(svg)


def _covers(outer: Part, inner: Part) -> bool:
    if outer.bounds is None or inner.bounds is None or outer.area <= inner.area or outer.tag == "line":
        return False
    return (
        outer.bounds[0] <= inner.bounds[0]
        and outer.bounds[1] <= inner.bounds[1]
        and outer.bounds[2] >= inner.bounds[2]
        and outer.bounds[3] >= inner.bounds[3]
    )


def silhouette(subject: Subject, rng: random.Random) -> Looked | None:
    """Return all that a drawing covers in one ink, or with one fading into another."""
    if not subject.parts or float(subject.coverage(16).mean()) > _BLOB:
        return None
    paint, server = subject.ink, ""
    if rng.random() < 0.2:
        paint, tint = f"url(#{_name(rng)})", rng.choice(subject.tints[1:])
        stops = _stops([(0, subject.ink), (1, tint)])
        server = f'<linearGradient id="{paint[5:-1]}" {_across(subject, rng)}>{stops}</linearGradient>'
    body = "".join(
        part.painted(paint if part.fill != "none" else "none", paint if part.stroke != "none" else "none")
        for part in subject.parts
    )
    return Looked(server + body)


def turned_hues(subject: Subject, rng: random.Random) -> Looked:
    """Return a drawing all of whose colours are moved around the circle of hues together."""
    if subject.grey:
        return toned(subject)
    degrees = rng.uniform(40, 320)
    return Looked(in_colours(subject.body, lambda colour: turned_hue(colour, degrees)))


def rebranded(subject: Subject, _: random.Random) -> Looked:
    """Return a drawing in the mark's inks, from dark to light as its colours are, and the ground for white."""
    steps, white = sorted(subject.tints, key=luminance), 0.93
    lights = [luminance(part.fill) for part in subject.parts if part.fill.startswith("#")]
    lights = [light for light in lights if light < white] or [0.0, white]
    least, span = min(lights), max(lights) - min(lights) + 1e-6

    def ink(colour: str) -> str:
        light = luminance(colour)
        if light >= white:
            return subject.ground
        return steps[min(len(steps) - 1, max(0, int((light - least) / span * len(steps))))]

    return Looked(in_colours(subject.body, ink))


def two_toned(subject: Subject, rng: random.Random) -> Looked | None:
    """Return a drawing in the ink and the ground alone: what is dark is inked, what is light has an outline."""
    parts = subject.parts
    if not parts or len(parts) > 60:
        return None
    cut, line = rng.uniform(0.35, 0.65), subject.reach / rng.uniform(45, 90)
    dark = luminance(subject.ink) < luminance(subject.ground)

    def tone(paint: str, cut: float) -> str:
        light = 0.0 if paint == INK else luminance(paint)
        return subject.ink if (light < cut) == dark else subject.ground

    svg = ""
    for part in parts:
        fill = part.fill if part.fill == "none" else tone(part.fill, cut)
        stroke = part.stroke if part.stroke == "none" else tone(part.stroke, 0.85)
        edged = fill == subject.ground and stroke == "none" and part.area > (4 * line) ** 2
        svg += part.painted(fill, subject.ink, thickness=line) if edged else part.painted(fill, stroke)
    return Looked(svg, line / subject.reach / 2)


def own_tones(subject: Subject, _: random.Random) -> Looked:
    """Return a drawing in tones of the ink, see `toned`."""
    return toned(subject)


FILLED: dict[Look, float] = {
    flat: 42, parted: 15, fading: 10, banded: 4, striped: 3, engraved: 4, hollow: 8, bold: 4, rimmed: 4, shaded: 4,
    dotted: 2,
}  # fmt: skip
LINED: dict[Look, float] = {
    flat: 42, parted: 12, filled: 13, solid: 14, bold: 8, fading: 6, banded: 2, rimmed: 2, dotted: 1,
}  # fmt: skip
COLOURED: dict[Look, float] = {
    flat: 32, turned_hues: 12, rebranded: 16, own_tones: 12, silhouette: 7, two_toned: 6, hollow: 6, engraved: 5,
    rimmed: 4,
}  # fmt: skip

FAINT: dict[Look, float] = {own_tones: 3, hollow: 2, engraved: 1, silhouette: 1, rimmed: 1}
"""How often each look is given: to surfaces in one ink, to lines, to drawings with colours, and to faint ones."""

LOOKS = tuple({look.__name__: look for table in (FILLED, LINED, COLOURED) for look in table}.values())
"""Every look, for sheets and tests."""
