"""Find the image file on disk for the name that a register gives."""

import hashlib
import re
from pathlib import PurePosixPath
from urllib.parse import unquote

from viennatag.data.image_names import ImageFinder
from viennatag.data.source_files import IMAGE_ENDINGS

_MEDIA = {
    ".mp3", ".mp4", ".m4a", ".wav", ".ogg", ".flac", ".wma", ".avi", ".mov", ".mpg", ".mpeg", ".wmv", ".pdf", ".doc",
    ".docx", ".svg", ".obj", ".stl", ".x3d",
}  # fmt: skip
"""Endings of other media in registers: sounds, films, documents, 3D models."""
_UNSAFE = re.compile(r"[^\w.-]+")


def plain_name(name: str) -> str:
    """Return a register's name or URL of an image as a path below the folder of images.

    `file://018/1.JPG` and `/018/1.JPG` become `018/1.JPG`; of a URL only a last part that names a
    file is kept, empty if there is none.
    """
    text = name.strip().replace("\\", "/")
    scheme, _, rest = text.partition("://")
    if rest and scheme.lower() == "file":
        text = unquote(rest)
    elif rest:
        text = unquote(re.split(r"[?#]", rest, maxsplit=1)[0]).rpartition("/")[2]
        if PurePosixPath(text).suffix.lower() not in _MEDIA.union(IMAGE_ENDINGS):
            return ""
    parts = [part for part in text.split("/") if part not in {"", "."}]
    return "/".join(parts if ".." not in parts else parts[-1:] if parts[-1] != ".." else [])


def is_other_medium(name: str) -> bool:
    """Return whether a name is that of a sound, a film or another medium without an image."""
    return PurePosixPath(name).suffix.lower() in _MEDIA.difference(IMAGE_ENDINGS)


def find_image(folder: ImageFinder, name: str, number: str) -> str | None:
    """Return the path below `folder` of a mark's image, None if it is not there.

    The search uses its name, and then the mark's number, with and without the office before it.

    Raises:
        DataError: If several images fit.
    """
    numbers = (plain_name(number), plain_name(number.rpartition("-")[2]))
    return next((found for each in (name, *numbers) if each and (found := folder.find(each))), None)


def safe_file_name(text: str) -> str:
    """Return a text as a file name that is valid on every system; different texts give different names."""
    safe = _UNSAFE.sub("_", text).strip("._")[:100]
    if safe == text == text.lower():  # some disks ignore case
        return safe
    return f"{safe}-{hashlib.sha256(text.encode()).hexdigest()[:12]}".lstrip("-")
