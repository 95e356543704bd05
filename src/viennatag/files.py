"""Write files whole or not at all.

A reader never sees half a file and a crash never destroys the version before: content goes to a temporary neighbour,
is flushed to the disk, then takes the name. What stands at the name and is no plain file or folder is never replaced.
"""

import errno
import os
import re
import stat
import sys
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from io import BufferedReader
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from viennatag.errors import OutputError

_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}
"""Errors of writing that are never one of reading something else inside the block."""
_LONGEST = 255  # bytes of a name
_SHOWN = 40  # characters of a name in that of its temporary neighbours, which must not be too long
_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")
_held: set[tuple[Path, int]] = set()  # outputs that this process writes, by thread


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write; it takes the name `path` when the block ends without an error.

    If `path` is a link, what it leads to is replaced, and the link stays.

    Raises:
        OutputError: If it cannot be written, or something that is no plain file stands there.
    """
    with _as_output_errors(path):
        path = _plain_target(path, stat.S_ISREG, "file")
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = _open_temporary(path)
        _copy_mode(path, temporary)
    try:
        with _as_output_errors(path, only=_DISK_ERRORS):
            yield temporary
        with _as_output_errors(path):
            _flush(temporary)
            os.replace(temporary, path)
            _flush(path.parent)
    finally:
        with suppress(OSError):
            temporary.unlink()
        os.close(handle)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder to fill; it takes the name `path`, in place of a folder of that name.

    The two folders are exchanged in one step where the system can do that. Elsewhere the old one is moved aside
    first; if the process ends between both steps, the next call of `recover_folder` brings it back.

    Raises:
        OutputError: If it cannot be written, another run is writing it, or something else than a folder stands there.
    """
    import shutil  # predictions write nothing and start sooner without

    with _as_output_errors(path):
        path = _plain_target(path, stat.S_ISDIR, "folder")
    with exclusive(path):
        workplace = _neighbour(path, "part")
        try:
            with _as_output_errors(path):
                _recover(path)
                for left in (workplace, _neighbour(path, "old")):  # by a run that was killed
                    shutil.rmtree(left, ignore_errors=True)
                workplace.mkdir(parents=True)
                _copy_mode(path, workplace)
            with _as_output_errors(path, only=_DISK_ERRORS):
                yield workplace
            with _as_output_errors(path):
                for file in (*workplace.rglob("*"), workplace):
                    _flush(file)
                _put_in_place(workplace, path)
                _flush(path.parent)
        finally:
            _recover(path)
            for left in (workplace, _neighbour(path, "old")):
                shutil.rmtree(left, ignore_errors=True)


@contextmanager
def replaced_together(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Yield a fresh path for each file, with the same ending; they take their names when all of them are written.

    The subsets of one split belong together: a run that ends in between leaves some missing, and none of another split.

    Raises:
        OutputError: If one cannot be written, another run is writing them, or something that is no plain file stands
            there.
    """
    with _as_output_errors(paths[0]):
        targets = [_plain_target(path, stat.S_ISREG, "file") for path in paths]
    fresh = [path.with_name(fitting_name(f".new-{path.name}")) for path in targets]
    with exclusive(targets[0]):
        try:
            yield fresh
            with _as_output_errors(paths[0]):
                for new, path in zip(fresh, targets, strict=True):
                    _copy_mode(path, new)
                for path in targets:
                    path.unlink(missing_ok=True)
                for new, path in zip(fresh, targets, strict=True):
                    os.replace(new, path)
                _flush(targets[0].parent)
        finally:
            for new in fresh:
                new.unlink(missing_ok=True)


@contextmanager
def exclusive(path: Path, *, first_only: bool = False) -> Iterator[None]:
    """Lock an output against other runs until the block ends; the lock ends with the process that holds it.

    The same thread may lock an output again inside the block. Where the system has no locks, nothing is locked.

    Args:
        path: The output.
        first_only: Of processes that train together only the first locks, for all of them.

    Raises:
        OutputError: If another run is writing there, or nothing can be written there.
    """
    check_home(path)
    with _as_output_errors(path):
        key = (Path(os.path.realpath(path)), threading.get_ident())
    if key in _held or (first_only and not _is_first_process()):
        yield
        return
    with _as_output_errors(path):
        path = key[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = _lock_file(_neighbour(path, "lock"))
        if handle is None:
            raise OutputError(f"{path}: another run is writing there; wait for it, or stop it first")
    _held.add(key)
    try:
        yield
    finally:
        _held.discard(key)
        with suppress(OSError):  # while it is locked, so that nobody holds a lock on a file that is gone
            _neighbour(path, "lock").unlink()
        os.close(handle)


def holding_output(function: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """Return a function that locks what its argument `out` names while it works; see `exclusive`."""

    @wraps(function)
    def run(*arguments: _Parameters.args, **named: _Parameters.kwargs) -> _Result:
        import inspect

        out = inspect.signature(function).bind(*arguments, **named).arguments["out"]
        with exclusive(Path(out), first_only=True):
            return function(*arguments, **named)

    return run


def recover_folder(path: Path) -> None:
    """Bring a folder back that a killed run had moved aside to replace it; see `atomic_folder`."""
    if not path.exists() and _neighbour(path, "old").is_dir():
        with exclusive(path), _as_output_errors(path):
            _recover(path)


def open_plain(path: Path) -> BufferedReader:
    """Return a file opened for reading, if it is a plain file: a named pipe would make its reader wait for ever.

    Raises:
        OSError: If it cannot be opened, or is something else.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(mode := os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, f"this is a {file_kind(mode)}, no plain file", str(path))
    return open(handle, "rb")


def file_digest(path: Path) -> str:
    """Return the digest of a plain file as descriptions hold it: `sha256:` and hexadecimal digits.

    Raises:
        OSError: If it cannot be read, or is no plain file.
    """
    import hashlib

    with open_plain(path) as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def content_digest(content: bytes) -> str:
    """Return the digest of the content of a file, as `file_digest` gives it."""
    import hashlib

    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def safe_cells(row: Iterable[Any]) -> list[Any]:
    """Return the cells of a row of CSV, with an apostrophe before each text that a spreadsheet would run.

    A spreadsheet takes a text that begins with `=`, `+`, `-`, `@`, a tab or a line break for a formula, unless it is
    a number.
    """
    return [f"'{cell}" if isinstance(cell, str) and _is_formula(cell) else cell for cell in row]


def plain_cell(cell: str) -> str:
    """Return a cell as it was before `safe_cells`."""
    return cell[1:] if cell.startswith("'") and _is_formula(cell) else cell


def _is_formula(cell: str) -> bool:
    if cell.lstrip("'")[:1] not in set("=+-@\t\r\n"):  # an apostrophe before is kept apart from one that we add
        return False
    try:
        float(cell)
    except ValueError:
        return True
    return False


def _neighbour(path: Path, ending: str) -> Path:
    """Return the hidden neighbour of an output: `part` is being written, `old` was replaced, `lock` is the lock."""
    return path.with_name(f".{_short(path.name)}.{ending}")


def temporary_neighbour(path: Path) -> Path:
    """Return the file that `atomic_file` writes first; a killed run may leave it."""
    return _neighbour(path, "part")


def fitting_name(name: str) -> str:
    """Return the name of a file as a file system takes it; one that is too long is cut, and keeps its ending."""
    if len(os.fsencode(name)) <= _LONGEST:
        return name
    ending = os.path.splitext(name)[1][-16:]
    return f"{_short(name.removesuffix(ending))}{ending}"


def _short(name: str) -> str:
    """Return a name to which an ending can be added; names of a file system have at most 255 bytes."""
    return name if len(name) <= _SHOWN else f"{name[:_SHOWN]}-{zlib.crc32(os.fsencode(name)):08x}"


def _plain_target(path: Path, wanted: Any, kind: str) -> Path:
    """Return the path behind links; what stands there must be of a kind, which a function of `stat` tells."""
    check_home(path)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        pass
    else:
        if not wanted(mode):
            raise OutputError(f"{path}: a {file_kind(mode)} stands there and is not replaced; name a {kind}")
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def check_home(path: Path) -> None:
    """Raise OutputError if a path means the home folder as a shell writes it, which would make a folder called `~`."""
    if path.parts[:1] == ("~",) and not os.path.exists("~"):
        raise OutputError(f"{path}: only a shell knows '~'; Path(...).expanduser() leads to your home folder")


def file_kind(mode: int) -> str:
    """Return what a file is, in a word, from its mode."""
    kinds = {stat.S_IFDIR: "folder", stat.S_IFREG: "file", stat.S_IFIFO: "named pipe", stat.S_IFSOCK: "socket"}
    return kinds.get(stat.S_IFMT(mode), "device")


def _open_temporary(path: Path) -> tuple[int, Path]:
    """Return an open temporary neighbour of a file; that of a killed run is taken over, that of a live one is not."""
    temporary = temporary_neighbour(path)
    handle = _lock_file(temporary)
    if handle is not None and _lockable():
        os.truncate(handle, 0)
        return handle, temporary
    if handle is not None:
        os.close(handle)
    import tempfile

    handle, name = tempfile.mkstemp(prefix=f".{_short(path.name)}.", dir=path.parent)
    os.chmod(name, 0o666 & ~_umask())  # mkstemp makes files private
    return handle, Path(name)


def _lock_file(path: Path) -> int | None:
    """Return the handle of a locked file, which is created if need be; None if another process holds the lock."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            if _lockable():
                import fcntl

                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not _same_file(handle, path):  # its owner removed it in between
                    os.close(handle)
                    continue
        except BlockingIOError:
            os.close(handle)
            return None
        except OSError:  # a file system without locks
            pass
        return handle


def _lockable() -> bool:
    return sys.platform != "win32"


def _is_first_process() -> bool:
    """Return whether this is the first of the processes that train together, on any node, or the only one."""
    names = ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "SLURM_PROCID")
    return all(os.environ.get(name, "") in {"", "0"} for name in names)


def _same_file(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.lstat())
    except FileNotFoundError:
        return False


def _copy_mode(path: Path, fresh: Path) -> None:
    """Give what is to replace something its permissions, before anything is written: it may be private."""
    with suppress(OSError):  # there is nothing yet, or the file system has no permissions
        mode = path.stat().st_mode
        fresh.chmod(stat.S_IMODE(mode) | (0o700 if stat.S_ISDIR(mode) else 0o600))  # it must be written itself


def _put_in_place(fresh: Path, path: Path) -> None:
    """Give a folder the name of another, which then stands at its own name or is gone."""
    if not path.exists():
        fresh.rename(path)
    elif not _exchange(fresh, path):
        path.rename(_neighbour(path, "old"))
        fresh.rename(path)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step; return whether the system can do that."""
    import ctypes

    try:
        if sys.platform == "linux":
            call, names = ctypes.CDLL(None, use_errno=True).renameat2, (os.fsencode(one), os.fsencode(other))
            return bool(call(-100, names[0], -100, names[1], 2) == 0)  # AT_FDCWD, RENAME_EXCHANGE
        if sys.platform == "darwin":
            call, names = ctypes.CDLL(None, use_errno=True).renamex_np, (os.fsencode(one), os.fsencode(other))
            return bool(call(names[0], names[1], 2) == 0)  # RENAME_SWAP
    except (OSError, AttributeError):  # a C library without the call
        pass
    return False


def _recover(path: Path) -> None:
    old = _neighbour(path, "old")
    if old.is_dir() and not path.exists():
        old.rename(path)


@contextmanager
def _as_output_errors(path: Path, *, only: set[int] | None = None) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as exc:  # ValueError: a name that holds what no name of a file may
        number, reason = getattr(exc, "errno", None), getattr(exc, "strerror", None) or exc
        if isinstance(exc, OutputError) or (only is not None and number not in only and not _is_cut_short(exc)):
            raise
        raise OutputError(f"{path}: it cannot be written ({reason}); name another place") from exc


def _is_cut_short(exc: Exception) -> bool:
    """Return whether NumPy could not write all of an array, which it says without a number of the error."""
    return re.fullmatch(r"\d+ requested and \d+ written", str(exc)) is not None


def keep(path: Path, content: bytes) -> None:
    """Write a file of the cache, with its digest in a neighbour; see `kept`."""
    with atomic_file(_digest_file(path)) as temporary:
        temporary.write_text(_sha256(content), encoding="ascii")
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)


def kept(path: Path) -> bytes | None:
    """Return the content of a file that `keep` wrote, None if it is missing or is not as it was written."""
    try:
        content, digest = path.read_bytes(), _digest_file(path).read_bytes()
    except OSError:
        return None
    return content if digest == _sha256(content).encode() else None


def _digest_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _sha256(content: bytes) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()


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


def printable(name: str) -> str:
    r"""Return a file name as text that any page or table can hold; bytes that are no UTF-8 show as `\xe9`."""
    try:
        return os.fsencode(name).decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # no file name, but a text of a table
        return name.encode("utf-8", "backslashreplace").decode("utf-8")


def is_text(name: str) -> bool:
    """Return whether a file name is valid text, so that a table can hold it."""
    return not any("\ud800" <= character <= "\udfff" for character in name)
