"""What a look is given to: one drawing with the inks at hand, and its two plain paints."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viennatag.synthesis.anatomy import INK, Part, dissect
from viennatag.synthesis.palettes import BLACK, WHITE, contrast, in_colours, luminance, mixed

_FAINT = 0.12  # difference of lightness below which a colour is hardly seen


@dataclass(frozen=True)
class Subject:
    """A drawing that is to be given a look.

    Attributes:
        body: What stands inside its `<svg>` element.
        mono: Whether it is drawn in one colour, the ink.
        frame: Left, top, width and height of its ink, in the units of the body.
        inks: The colours at hand, the one that it is drawn in first; each is seen on the ground.
        ground: What stands behind.
        grey: Whether the mark has no colours.
        coverage: Gives how much of each cell of the frame is inked, shape (rows, columns), for a number of columns.
    """

    body: str
    mono: bool
    frame: tuple[float, float, float, float]
    inks: tuple[str, ...]
    ground: str
    grey: bool
    coverage: Callable[[int], NDArray[np.float64]]

    @property
    def ink(self) -> str:
        """The first ink."""
        return self.inks[0]

    @property
    def reach(self) -> float:
        """The longer side of the frame."""
        return max(self.frame[2:])

    @property
    def parts(self) -> tuple[Part, ...]:
        """Its shapes; none where it holds more than these."""
        return dissect(self.body)

    @property
    def shades(self) -> tuple[str, ...]:
        """The colours of its own shapes; none where it holds more than these."""
        paints = {paint for part in self.parts for paint in (part.fill, part.stroke)}
        return tuple(sorted(paint for paint in paints if paint.startswith("#")))

    @property
    def faint(self) -> bool:
        """Whether its own colours are hardly seen on the ground, such as a white heart on white."""
        inked = any(INK in (part.fill, part.stroke) for part in self.parts)
        return bool(self.shades) and not inked and all(contrast(each, self.ground) < _FAINT for each in self.shades)

    @property
    def tints(self) -> tuple[str, ...]:
        """The inks, or the ink and two tones of it where there is no other."""
        if len(self.inks) > 1:
            return self.inks
        away = WHITE if luminance(self.ink) < 0.75 else BLACK
        return self.ink, mixed(self.ink, away, 0.45), mixed(self.ink, self.ground, 0.25)


@dataclass(frozen=True)
class Looked:
    """A drawing in a look: SVG, and by how much of the frame's longer side it reaches beyond the frame."""

    svg: str
    beyond: float = 0.0


def inked(body: str, paint: str) -> str:
    """Return a body of one colour in a paint: a colour or `url(#name)`."""
    for shade in (f'="{INK}"', '="#000000"', '="#000"', '="black"'):
        body = body.replace(shade, f'="{paint}"')
    return f'<g fill="{paint}">{body}</g>'


def toned(subject: Subject) -> Looked:
    """Return a drawing in tones of the ink, as light as its colours are."""
    ink, ground = subject.ink, subject.ground
    other = ground if contrast(ground, ink) > 0.3 else BLACK if luminance(ink) > 0.6 else WHITE
    dark, light = sorted((ink, other), key=luminance)
    # A drawing in light colours only would hardly be seen: its darkest colour comes near the ink.
    darkest = min((luminance(shade) for shade in subject.shades), default=0.0)
    least = min(0.9, max(0.0, darkest - 0.3 * (1 - darkest)))  # white alone stays light

    def tone(colour: str) -> str:
        return mixed(dark, light, min(1.0, max(0.0, (luminance(colour) - least) / (1 - least) * 1.1)))

    return Looked(in_colours(subject.body, tone))
