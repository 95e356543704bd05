"""A strategy: what to do about imbalance, as one value over four dials.

Labels (which labels are rare enough to be rolled up), sampling, loss and decision are independent
of each other. A named strategy is a preset over them.
"""

from dataclasses import dataclass
from difflib import get_close_matches

from viennatag.errors import OptionError


@dataclass(frozen=True)
class Strategy:
    """What to do about imbalance.

    Attributes:
        name: How the user names it.
        description: One line for `--help`.
        min_count: A code with fewer training marks counts for its parent instead.
        beta: Thresholds maximise F-beta: above 1 favours recall, below 1 precision.
        floor: No threshold is below this score, so that a rare label never wants everything.
        min_positives: Labels with fewer validation marks share a calibration and a threshold.
    """

    name: str
    description: str
    min_count: int = 5
    beta: float = 1.0
    floor: float = 0.05
    min_positives: int = 10


STRATEGIES = {
    strategy.name: strategy
    for strategy in (
        Strategy("as-is", "the marks as they are: binary cross-entropy, biases started at the label frequencies"),
    )
}


def find_strategy(name: str) -> Strategy:
    """Return the strategy of that name.

    Raises:
        OptionError: If there is none.
    """
    if name in STRATEGIES:
        return STRATEGIES[name]
    close = get_close_matches(name, STRATEGIES, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else f"; choose one of {', '.join(STRATEGIES)}"
    raise OptionError(f"there is no strategy {name!r}{hint}")
