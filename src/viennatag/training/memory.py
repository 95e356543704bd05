"""Keep freed memory for the next training step.

The C library of Linux returns a large block to the system as soon as it is freed, and gets it back page by page, each
cleared first. A training step allocates hundreds of such blocks, of the same sizes as the step before.
"""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # malloc.h of glibc; see mallopt(3)


def keep_freed_memory() -> bool:
    """Let this process keep memory that it frees, and return whether its C library can."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    return mallopt is not None and bool(mallopt(_MMAP_MAX, 0) and mallopt(_TRIM_THRESHOLD, -1))
