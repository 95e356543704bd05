"""Budgets in bytes: what an archive says of its sizes is never believed, and what it unfolds to is counted."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO

MAX_IMAGE = 100_000_000
"""Bytes of an image file in an archive; a larger one must be unpacked first."""
UNFOLDED = 1_000_000_000
"""Bytes that any archive may unfold to."""
_RATIO = 100  # an archive of images unfolds to little more than its own size
_HEADER = 1 << 20  # bytes that one header of a TAR may take


def unfolding_budget(size: int, least: int = UNFOLDED) -> int:
    """Return how many bytes an archive of a size in bytes may unfold to, at least the given number."""
    return max(least, _RATIO * size)


def affordable(sizes: Iterable[int], budget: int) -> Iterator[bool]:
    """Yield whether each image of an archive can be read, by the sizes that it states, which nothing exceeds."""
    for size in sizes:
        budget -= size if size <= MAX_IMAGE else 0  # a larger one is refused without reading it
        yield budget >= 0


class BoundedStream:
    """An unpacked TAR that can be read up to a budget, and in small pieces until `piece` is raised.

    `tarfile` reads whatever length a header states, so the length is checked here.

    Attributes:
        piece: Most bytes of one call of `read`.
    """

    def __init__(self, stream: BinaryIO, budget: int, file: BinaryIO) -> None:
        self._stream, self._budget, self._file = stream, budget, file
        self.piece = _HEADER

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes.

        Raises:
            OSError: If they are more than `piece`, or lie beyond the budget.
        """
        if not 0 <= size <= self.piece:
            raise OSError(f"a header states {size:,} bytes")
        self._check(self._stream.tell() + size)
        return self._stream.read(size)

    def seek(self, at: int) -> int:
        """Go to a byte.

        Raises:
            OSError: If it lies beyond the budget.
        """
        self._check(at)
        return self._stream.seek(at)

    def tell(self) -> int:
        """Return the number of the next byte."""
        return self._stream.tell()

    def close(self) -> None:
        """Close the archive, and the file that it is unpacked from."""
        self._stream.close()
        self._file.close()

    def _check(self, end: int) -> None:
        if end > self._budget:
            raise OSError(f"it reaches beyond byte {self._budget:,}, where an archive of images of this size ends")
