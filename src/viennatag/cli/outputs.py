"""Check that what a command makes can be written, before the work and not after it."""

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from viennatag.errors import OutputError, require
from viennatag.files import cache_folder, check_home, file_kind

_ROOM = 1 << 20
"""Bytes that must be free where something is written."""


def check_outputs(
    files: Mapping[str, Path | None] | None = None,
    *,
    folders: Mapping[str, Path | None] | None = None,
    bundle: Path | None = None,
    inputs: Iterable[Path | None] = (),
    apart: Iterable[Path] = (),
) -> None:
    """Check what the options of a command name for writing; None is an option that was not given.

    Args:
        files: Files to write, by option.
        folders: Folders to write into, by option.
        bundle: Folder that a bundle is written to, by -o.
        inputs: Files that the command reads, which it must not overwrite.
        apart: Folders of images, where images that it writes into `folders` would be taken for more of them.

    Raises:
        OutputError: If one of them cannot be written, is no plain file or folder, is read by this command, or lies in
            a folder that is kept apart.
        BundleError: If something besides a bundle stands where a bundle is to be written.
        MissingExtraError: If a page is to be written by --report, and what draws it is not installed.
    """
    taken = {os.path.realpath(each): "it is read by this command, and never overwritten" for each in inputs if each}
    for option, path in {**(folders or {}), "--out": bundle or (folders or {}).get("--out")}.items():
        if path is not None:
            _check(option, path, stat.S_ISDIR, "folder", taken)
            _check_apart(option, path, apart)
    if files and files.get("--report"):
        require("jinja2", "data")
    for option, path in (files or {}).items():
        if path is not None:
            _check(option, path, stat.S_ISREG, "file", taken)
            taken[os.path.realpath(path)] = f"{option} writes it too"
    if bundle is not None:
        from viennatag.model.bundle import check_place

        check_place(bundle)


def _check_apart(option: str, path: Path, folders: Iterable[Path]) -> None:
    for folder in folders:
        if folder.is_dir() and Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
            found = f"it lies in {folder}, where the next run would take what is written for images"
            raise OutputError(f"{option} {path}: {found}; name a folder beside it")


def check_cache(cache: Path | None) -> None:
    """Check that the folder that keeps features and results can be written.

    Raises:
        OutputError: If it cannot.
    """
    try:
        check_outputs(folders={"--cache": cache or cache_folder()})
    except OutputError as exc:
        raise exc if cache else OutputError(f"{exc}, by --cache FOLDER or XDG_CACHE_HOME") from exc


def _check(option: str, path: Path, wanted: Callable[[int], bool], kind: str, taken: Mapping[str, str]) -> None:
    if str(path) == "-":
        raise OutputError(f"{option} -: standard output is not taken; name a {kind}")
    check_home(path)
    target = Path(os.path.realpath(path))  # a link stays, what it leads to is written
    if reason := taken.get(str(target)):
        raise OutputError(f"{option} {path}: {reason}; name another {kind}")
    try:
        try:
            mode = target.stat().st_mode
        except FileNotFoundError:
            place = next(each for each in target.parents if each.exists())
        else:
            if not wanted(mode):
                raise OutputError(f"{option} {path}: a {file_kind(mode)} stands there; name a {kind}")
            if not os.access(target, os.W_OK):
                raise PermissionError(errno.EACCES, "it is write-protected")
            if kind == "file":
                _check_replaced(option, path, target)
            place = target if kind == "folder" else target.parent
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
        if shutil.disk_usage(place).free < _ROOM:
            raise OSError(errno.ENOSPC, "the disk is full")
    except OSError as exc:
        if isinstance(exc, OutputError):
            raise
        raise OutputError(
            f"{option} {path}: it cannot be written ({exc.strerror or exc}); name another {kind}"
        ) from exc


def _check_replaced(option: str, path: Path, target: Path) -> None:
    """Raise OutputError if a file seems to be no older version of what is written, but somebody's work."""
    from viennatag.images.containers import image_ending

    with target.open("rb") as file:
        start = file.read(1024)
    if option == "--report" and start and not start.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        raise OutputError(f"--report {path}: something that is no HTML page stands there; name another file")
    if option != "--sheet" and image_ending(start):
        raise OutputError(f"{option} {path}: an image stands there and is not replaced; name another file")
