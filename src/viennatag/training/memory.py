"""Memory that one step freed is kept for the next.

The C library of Linux gives a large block back to the system as soon as it is freed, and the system hands it out anew
page by page, each of them cleared first. A step of training asks for hundreds of such blocks, of the same sizes as the
step before.
"""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # malloc.h of glibc; see mallopt(3)


def keep_freed_memory() -> bool:
    """Let this process keep what it frees from now on, and return whether its C library can do so."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    return mallopt is not None and bool(mallopt(_MMAP_MAX, 0) and mallopt(_TRIM_THRESHOLD, -1))
