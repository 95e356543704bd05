"""Write files whole or not at all.

A reader never sees half a file and a crash never destroys the version before: content goes to a
temporary neighbour, is flushed to the disk, then takes the name.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write; it takes the name `path` when the block ends without an error."""
    import tempfile  # predictions write nothing and start sooner without

    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())  # mkstemp makes files private
        _flush(temporary)
        temporary.replace(path)
        _flush(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder to fill; it takes the name `path`, in place of a folder of that name."""
    import shutil
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True)
    workplace = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        fresh, old = workplace / "new", workplace / "old"
        fresh.mkdir()
        yield fresh
        for file in fresh.rglob("*"):
            _flush(file)
        if path.exists():
            path.replace(old)
        try:
            fresh.replace(path)
        except OSError:
            if old.exists():
                old.replace(path)
            raise
        _flush(path.parent)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def cache_folder() -> Path:
    """Return the folder that keeps what can be made again: trunks, features, checkpoints, measured speeds."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "viennatag"
