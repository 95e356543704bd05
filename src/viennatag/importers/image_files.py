"""From the name that a register gives an image to the file on the user's disk."""

import hashlib
import re
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

ENDINGS = (".jpg", ".jpeg", ".png", ".gif", ".tif", ".tiff", ".bmp", ".webp", ".ppm")
_MEDIA = {
    ".mp3", ".mp4", ".m4a", ".wav", ".ogg", ".flac", ".wma", ".avi", ".mov", ".mpg", ".mpeg", ".wmv", ".pdf", ".doc",
    ".docx", ".svg", ".obj", ".stl", ".x3d",
}  # fmt: skip
"""What registers hold in place of an image: sounds, films, documents, drawings in space."""
_MAGIC = (
    (b"\x89PNG\r\n", ".png"), (b"\xff\xd8\xff", ".jpg"), (b"GIF8", ".gif"), (b"II*\0", ".tif"), (b"MM\0*", ".tif"),
    (b"BM", ".bmp"),
)  # fmt: skip
_UNSAFE = re.compile(r"[^\w.-]+")


def plain_name(name: str) -> str:
    """Return a register's name or address of an image as a path that stays below the folder of images.

    `file://018/1.JPG` and `/018/1.JPG` become `018/1.JPG`; of an address on the web only a last part that
    names a file is kept, empty if there is none.
    """
    text = name.strip().replace("\\", "/")
    scheme, _, rest = text.partition("://")
    if rest and scheme.lower() == "file":
        text = unquote(rest)
    elif rest:
        text = unquote(re.split(r"[?#]", rest, maxsplit=1)[0]).rpartition("/")[2]
        if PurePosixPath(text).suffix.lower() not in _MEDIA.union(ENDINGS):
            return ""
    parts = [part for part in text.split("/") if part not in {"", "."}]
    return "/".join(parts if ".." not in parts else parts[-1:] if parts[-1] != ".." else [])


def is_other_medium(name: str) -> bool:
    """Return whether a name is that of a sound, a film or anything else that shows no image."""
    return PurePosixPath(name).suffix.lower() in _MEDIA


def find_image(folder: Path, name: str, number: str) -> str | None:
    """Return the path below `folder` of a mark's image, None if it is not there.

    It is looked for under its name, with and without the folders in it, in the cases that occur;
    then under the mark's number, with and without the office before it.
    """
    bases = dict.fromkeys(filter(None, (name, name.rpartition("/")[2])))
    tries = [each for base in bases for each in _cases(base)]
    numbers = dict.fromkeys(filter(None, (plain_name(number), plain_name(number.rpartition("-")[2]))))
    tries += [f"{each}{cased}" for each in numbers for ending in ENDINGS for cased in (ending, ending.upper())]
    try:
        return next((each for each in dict.fromkeys(tries) if (folder / each).is_file()), None)
    except (OSError, ValueError):  # a name that no file can have
        return None


def _cases(name: str) -> tuple[str, ...]:
    path = PurePosixPath(name)
    stem, ending = name.removesuffix(path.suffix), path.suffix
    return name, stem + ending.lower(), stem + ending.upper(), name.lower(), name.upper()


def image_ending(content: bytes) -> str:
    """Return the ending for an image's bytes, empty if they are no image that is known."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return ".webp"
    return next((ending for magic, ending in _MAGIC if content.startswith(magic)), "")


def safe_file_name(text: str) -> str:
    """Return a text as a file name that every system takes; different texts give different names."""
    safe = _UNSAFE.sub("_", text).strip("._")[:100]
    if safe == text == text.lower():  # some disks do not tell upper from lower case
        return safe
    return f"{safe}-{hashlib.sha256(text.encode()).hexdigest()[:12]}".lstrip("-")
