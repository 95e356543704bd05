"""Find the file that a name of an image means: other slashes, other Unicode forms, no ending, folders of elsewhere."""

import os
import re
import unicodedata
from collections.abc import Iterable
from functools import cached_property
from html import unescape
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from viennatag.data.source_files import names_file
from viennatag.errors import DataError

_AFTER_PATH = re.compile(r"[?#].*", re.DOTALL)
_NUMBER = re.compile(r"0*(\d{1,18})", re.ASCII)


class ImageFinder:
    """The images below a folder, found by whatever a table or a register calls them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, name: str) -> str | None:
        """Return the path, below the folder, of the image that a name means; None if there is none.

        The name itself comes first. Then slashes of Windows, Unicode forms, case, a missing or other ending and zeros
        before a number are looked over, and then leading folders that are not those here, and then what addresses and
        data frames add: `%20`, `&amp;`, `?width=9`, and `.0` after a number.

        Raises:
            DataError: If several files fit equally well.
        """
        if self._is_file(name):
            return name
        path = _AFTER_PATH.sub("", name)
        spellings = (name, unquote(name), unescape(name), path, unquote(path), name.removesuffix(".0"))
        return next((found for each in dict.fromkeys(spellings) if (found := self._find(each))), None)

    def _find(self, name: str) -> str | None:
        parts = [part for part in name.replace("\\", "/").split("/") if part not in {"", "."}]
        for start in range(len(parts)):
            path = "/".join(parts[start:])
            if ".." not in parts[start:] and self._is_file(path):
                return path
            key = _key(path)
            fits = self._by_key.get(key, []) or self._by_stem.get(key, [])
            if not fits and names_file(key):  # a.jpeg for a.jpg
                fits = self._by_stem.get(key.rpartition(".")[0], [])
            if not fits and (number := _NUMBER.fullmatch(key)):
                fits = self._by_number.get(number[1], [])
            if len(fits) > 1:
                raise DataError(f"names an image for which several files fit: {name!r} may be {' or '.join(fits[:3])}")
            if fits:
                return fits[0]
        return None

    def find_below(self, name: str) -> str | None:
        """Return the only file of this name, which has no folder, in the folders below; None if there is not one."""
        fits = self._by_name.get(name, [])
        return fits[0] if len(fits) == 1 else None

    def _is_file(self, name: str) -> bool:
        try:
            return (self.folder / name).is_file()
        except (OSError, ValueError):  # no valid file name
            return False

    @cached_property
    def _files(self) -> list[str]:
        found = []
        for here, below, names in os.walk(self.folder):
            below.sort()
            found += [os.path.relpath(os.path.join(here, name), self.folder) for name in sorted(names)]
        return [name.replace(os.sep, "/") for name in found]

    @property
    def images(self) -> list[str]:
        """All images, by their paths below the folder."""
        return [name for name in self._files if names_file(name)]

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        return _grouped((PurePosixPath(name).name, name) for name in self._files)

    @cached_property
    def _by_key(self) -> dict[str, list[str]]:
        return _grouped((_key(name), name) for name in self._files)

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        """Images by their path without ending."""
        ended = ((name, PurePosixPath(name).suffix) for name in self.images)
        # an SVG drawing is often the original of an image beside it
        return _grouped((_key(name.removesuffix(end)), name) for name, end in ended if end.lower() != ".svg")

    @cached_property
    def _by_number(self) -> dict[str, list[str]]:
        """Images whose path without ending is a number, by it."""
        stems = ((_NUMBER.fullmatch(stem), names) for stem, names in self._by_stem.items())
        return _grouped((number[1], name) for number, names in stems if number for name in names)


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, name in pairs:
        found.setdefault(key, []).append(name)
    return found


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", name).casefold()).strip()
