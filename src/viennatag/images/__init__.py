"""Image files to the pixels that a network takes: decoding, framing, crops, hashes and colours."""

from viennatag.images.reading import read_image, read_images

__all__ = ["read_image", "read_images"]
