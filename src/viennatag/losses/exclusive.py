"""Softmax within groups of exclusive labels, in front of any loss.

A loss for binary labels takes a logit and means its sigmoid. Within a group the logits are replaced by the log-odds of
the softmax, so that the sigmoid of each is its softmax probability. So every loss for imbalance applies to exclusive
labels too, and what raises one of a group lowers the others.
"""

from torch import Tensor, from_numpy, zeros_like

from viennatag.calibration.exclusive import ExclusiveGroups

_LEAST = -1e30
_TINY = 1e-30


def exclusive_log_odds(logits: Tensor, groups: ExclusiveGroups) -> Tensor:
    """Return logits of which those in a group are log p - log(1 - p), with p the softmax within the group.

    Where at most one label applies, a further outcome "none" has the logit 0. Logits have the shape (n, labels).
    """
    members, segments, exact = _on(logits, groups)
    z = logits.float() if logits.element_size() < 4 else logits
    inside = z[:, members]
    at = segments.expand(len(z), -1)
    none = z.new_zeros(len(groups)).masked_fill(exact, _LEAST).expand(len(z), -1)
    top = none.scatter_reduce(1, at, inside.detach(), "amax")
    powers, of_none = (inside - top.gather(1, at)).exp(), (none - top).exp()
    best = (inside == top.gather(1, at)).to(z)  # the others are summed without the largest, to be exact
    beside = of_none.masked_fill(none >= top, 0).scatter_add(1, at, powers * (1 - best))
    ties = (none >= top).to(z).scatter_add(1, at, best)
    total = of_none.scatter_add(1, at, powers).gather(1, at)
    others = (beside + (ties - 1)).gather(1, at).where(best > 0, total - powers)
    log_odds = inside - top.gather(1, at) - others.clamp_min(_TINY).log()
    return z.index_copy(1, members, log_odds)


def without_open_groups(targets: Tensor, groups: ExclusiveGroups) -> Tensor:
    """Return targets, unknown (-1) in each group of which exactly one label applies where none is true or unknown.

    Such a group does not apply, or its true label is too rare to be one of the labels. Targets have the shape (n,
    labels); they are in [0, 1], or -1 for unknown.
    """
    members, segments, exact = _on(targets, groups)
    inside = targets[:, members]
    at = segments.expand(len(targets), -1)
    said = zeros_like(inside[:, :1]).expand(-1, len(groups)).scatter_add(1, at, inside.abs())
    nothing = (said == 0) & exact
    return targets.index_copy(1, members, inside.masked_fill(nothing.gather(1, at), -1))


def _on(like: Tensor, groups: ExclusiveGroups) -> tuple[Tensor, Tensor, Tensor]:
    """Return members, segments and exactness of groups on a tensor's device."""
    members, segments, exact = (
        from_numpy(each).to(like.device) for each in (groups.members, groups.segments, groups.exact)
    )
    return members, segments, exact
