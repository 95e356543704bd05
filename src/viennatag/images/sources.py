"""What people hand in as an image: paths, bytes, open files, Pillow images and arrays."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viennatag.errors import ImageError
from viennatag.images.levels import to_eight_bits

ImageSource = str | Path | bytes | Image.Image | NDArray[np.generic] | BinaryIO
"""A path, the bytes of an image file, an open binary file, a Pillow image, or an array, which is grey (height, width),
RGB (height, width, 3) or RGBA (height, width, 4); see `viennatag.images.levels` for its values."""

_EXPECTED = (
    "expected a path, the bytes of an image file, an open binary file, a Pillow image, or a NumPy array of shape "
    "(height, width), (height, width, 3) for RGB, or (height, width, 4) for RGBA"
)


def content_or_image(source: ImageSource) -> bytes | Image.Image:
    """Return the bytes of an image file, or an image in memory.

    Raises:
        ImageError: If the file cannot be read, or the source is of a kind that is not taken.
    """
    if isinstance(source, (bytes, Image.Image)):
        return source
    if isinstance(source, (str, Path)):
        return _read_file(source)
    if isinstance(source, (bytearray, memoryview)):
        return bytes(source)
    if isinstance(source, np.ndarray):
        return _as_image(source)
    if hasattr(source, "read"):
        try:
            content: str | bytes = source.read()
        except UnicodeError:
            content = ""
        except (OSError, ValueError) as exc:  # a closed file
            raise ImageError(f"the open file cannot be read ({exc})") from exc
        if not isinstance(content, bytes):
            raise ImageError("the file is open as text; open it in binary mode, with 'rb'")
        if not content:
            raise ImageError("the open file is empty, or was read to its end; call seek(0) before")
        return content
    if isinstance(source, (list, tuple)):
        raise ImageError(f"this is a {type(source).__name__}, not one image; {_EXPECTED}")
    advice = "; numpy.asarray makes an array of a tensor" if hasattr(source, "__array__") else ""
    raise ImageError(f"this is of type {type(source).__name__}; {_EXPECTED}{advice}")


def _read_file(path: str | Path) -> bytes:
    if isinstance(path, str) and path.lower().startswith(("http://", "https://", "ftp://", "s3://", "data:")):
        raise ImageError(f"this is an address, which is not loaded; download the image first: {_EXPECTED}")
    try:
        kind = os.stat(path).st_mode
        if stat.S_ISDIR(kind):
            raise ImageError("this is a folder, not an image")
        if not stat.S_ISREG(kind):  # a pipe would block
            raise ImageError("this is a pipe or a device, not a file")
        return Path(path).read_bytes()
    except FileNotFoundError as exc:
        raise ImageError("there is no such file") from exc
    except OSError as exc:
        raise ImageError(f"the file cannot be read ({exc.strerror or exc})") from exc
    except ValueError as exc:  # a NUL character
        raise ImageError(f"this is no path of a file ({exc})") from exc


def _as_image(array: NDArray[np.generic]) -> Image.Image:
    pixels = array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array
    if pixels.ndim not in {2, 3} or pixels.shape[2:] not in {(), (3,), (4,)}:
        advice = "" if array.shape[:1] != (3,) else "; array.transpose(1, 2, 0) puts the channels last"
        raise ImageError(f"the array has shape {array.shape}; {_EXPECTED}{advice}")
    if not pixels.size:
        raise ImageError(f"the array is empty, of shape {array.shape}")
    return Image.fromarray(np.ascontiguousarray(to_eight_bits(pixels)))
