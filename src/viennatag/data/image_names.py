"""Find the file that a name of an image means: other slashes, other Unicode forms, no ending, folders of elsewhere."""

import os
import unicodedata
from functools import cached_property
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from viennatag.data.source_files import IMAGE_ENDINGS
from viennatag.errors import DataError


class ImageFinder:
    """The images below a folder, found by whatever a table or a register calls them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, name: str) -> str | None:
        """Return the path, below the folder, of the image that a name means; None if there is none.

        The name itself comes first. Then `%20` and the like, slashes of Windows, Unicode forms, case and a missing
        ending are looked over, and then leading folders that are not those here.

        Raises:
            DataError: If several files fit equally well.
        """
        if self._is_file(name):
            return name
        if "%" in name and (plain := unquote(name)) != name and (decoded := self.find(plain)):
            return decoded
        parts = [part for part in name.replace("\\", "/").split("/") if part not in {"", "."}]
        for start in range(len(parts)):
            path = "/".join(parts[start:])
            if ".." not in parts[start:] and self._is_file(path):
                return path
            found = self._by_key.get(_key(path), []) or self._by_stem.get(_key(path), [])
            if len(found) > 1:
                raise DataError(f"names an image for which several files fit: {name!r} may be {' or '.join(found[:3])}")
            if found:
                return found[0]
        return None

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

    @cached_property
    def _by_key(self) -> dict[str, list[str]]:
        keys: dict[str, list[str]] = {}
        for name in self._files:
            keys.setdefault(_key(name), []).append(name)
        return keys

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        """Images by their path without ending."""
        stems: dict[str, list[str]] = {}
        for name in self._files:
            ending = PurePosixPath(name).suffix
            if ending.lower() in IMAGE_ENDINGS and ending.lower() != ".svg":  # often the original of one beside it
                stems.setdefault(_key(name.removesuffix(ending)), []).append(name)
        return stems


def printable(name: str) -> str:
    r"""Return a file name as text that any page or table can hold; bytes that are no UTF-8 show as `\xe9`."""
    try:
        return os.fsencode(name).decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # no file name, but a text of a table
        return name.encode("utf-8", "backslashreplace").decode("utf-8")


def is_text(name: str) -> bool:
    """Return whether a file name is valid text, so that a table can hold it."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", name).casefold())
