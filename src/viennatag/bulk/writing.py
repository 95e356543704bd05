"""What goes wrong when a file of a run is written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from viennatag.errors import BulkError, OutputError


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what goes wrong when a file is written in the block into a BulkError, in the one place."""
    try:
        yield
    except OutputError as exc:
        raise BulkError(str(exc)) from exc
    except (OSError, UnicodeEncodeError) as exc:
        raise BulkError(f"{path}: it cannot be written: {exc}") from exc
