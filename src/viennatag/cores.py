"""How many processor cores this process may use, and work on all of them."""

import math
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_CONTROL_GROUPS = Path("/sys/fs/cgroup")


def available_cores(groups: Path = _CONTROL_GROUPS) -> int:
    """Return how many cores this process may use: those of its affinity, or what a container's limit allows.

    Args:
        groups: Where Linux tells the limits of the control group, of version 2 or 1.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, math.ceil(_limit(groups))))


def in_threads(
    compute: Callable[[_Item], _Result],
    items: Iterable[_Item],
    *,
    workers: int,
    ahead: int,
    weigh: Callable[[_Item], int] = lambda _: 0,
    most: int = 0,
) -> Iterator[_Result]:
    """Yield the result of each item, in order; items are asked for in this thread, a few in advance.

    Args:
        compute: What to do with an item, in one of the threads.
        items: None of them is None.
        workers: Threads.
        ahead: Items that wait or are worked on at a time.
        weigh: Weight of an item, such as its bytes.
        most: No more items are asked for while those that wait weigh more.
    """
    from concurrent.futures import ThreadPoolExecutor

    remaining, held = iter(items), 0
    queue: deque[tuple[Future[_Result], int]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="cores") as pool:
        try:
            while True:
                while len(queue) < ahead and held <= most and (item := next(remaining, None)) is not None:
                    queue.append((pool.submit(compute, item), weigh(item)))
                    held += queue[-1][1]
                if not queue:
                    return
                future, weight = queue.popleft()
                yield future.result()
                held -= weight
        finally:
            for future, _ in queue:
                future.cancel()


def _limit(groups: Path) -> float:
    """Return the processor time that the control group may use, in cores; a large number without a limit."""
    try:
        if (groups / "cpu.max").is_file():
            used, period = (groups / "cpu.max").read_text(encoding="ascii").split()
        else:
            used, period = (
                (groups / f"cpu/cpu.cfs_{name}_us").read_text(encoding="ascii") for name in ("quota", "period")
            )
        if int(used) > 0 and int(period) > 0:
            return int(used) / int(period)
    except (OSError, ValueError):  # no control groups, or no limit: `max`
        pass
    return 1e9
