"""How many processor cores this process may use."""

import math
import os
from pathlib import Path

_CONTROL_GROUPS = Path("/sys/fs/cgroup")


def available_cores(groups: Path = _CONTROL_GROUPS) -> int:
    """Return how many cores this process may use: those of its affinity, or what a container's limit allows.

    Args:
        groups: Where Linux tells the limits of the control group, of version 2 or 1.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, math.ceil(_limit(groups))))


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
