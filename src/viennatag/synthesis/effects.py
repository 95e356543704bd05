"""Render marks as pixels, and degrade them as scanning and compression do.

Registers hold marks as they were filed: scanned from background, faxed, saved as JPEG more than once, enlarged
from a thumbnail. A network that has seen only clean pictures stumbles over these.
"""

import io
import random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

from viennatag.errors import ArtworkError
from viennatag.synthesis.assets import draw_page
from viennatag.synthesis.composition import Composition


def render_pixels(mark: Composition, *, size: int) -> Image.Image:
    """Return a mark as an RGB image whose longer side is `size` pixels.

    Raises:
        ArtworkError: If the renderer refuses the SVG.
    """
    scale = size / max(mark.width, mark.height)
    width, height = max(8, round(mark.width * scale)), max(8, round(mark.height * scale))
    try:
        return draw_page(mark.svg, f"0 0 {mark.width:.3f} {mark.height:.3f}", width, height).convert("RGB")
    except ValueError as exc:
        drawings = ", ".join(f"{box.pack}:{box.name}" for box in mark.boxes) or "no drawing"
        raise ArtworkError(f"a mark with {drawings} cannot be drawn: {exc}") from exc


def degrade(image: Image.Image, rng: random.Random, *, strength: float = 1.0) -> Image.Image:
    """Return an RGB image degraded like scans and repeatedly saved files.

    A strength of 0 leaves every image clean, 1 about half of them.
    """
    if rng.random() < 0.14 * strength:
        small = rng.choice((rng.uniform(0.2, 0.35), rng.uniform(0.35, 0.75), rng.uniform(0.35, 0.75)))
        size = (max(8, int(image.width * small)), max(8, int(image.height * small)))
        ways = (Image.Resampling.BILINEAR, Image.Resampling.NEAREST, Image.Resampling.BICUBIC)
        image = image.resize(size, Image.Resampling.BILINEAR).resize(image.size, rng.choice(ways))
    if rng.random() < 0.1 * strength:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.3)))
    if rng.random() < 0.06 * strength:  # a fax or photocopy is black and white
        cut = rng.randint(110, 190)
        if _colourless(image):
            image = image.convert("L").point([0 if level < cut else 255 for level in range(256)]).convert("RGB")
    if rng.random() < 0.12 * strength:
        image = _grainy(image, rng)
    if rng.random() < 0.05 * strength:
        image = _unevenly_lit(image, rng)
    if rng.random() < 0.05 * strength:  # paper that is not quite white
        background = [rng.uniform(0.9, 0.99) for _ in range(3)]
        image = image.point([round(level * share) for share in background for level in range(256)])
    if rng.random() < 0.3 * strength:
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=rng.randint(25, 75))
        image = Image.open(stream).convert("RGB")
    return image


def print_in_journal(image: Image.Image, rng: random.Random, *, side: int) -> Image.Image:
    """Return an RGB image as a scanned journal shows it: small, on paper, with the next page shining through.

    `side` is the longer side of the print in pixels.
    """
    image = image.copy()
    image.thumbnail((side, side), Image.Resampling.BOX if rng.random() < 0.5 else Image.Resampling.BICUBIC)
    pixels = np.asarray(image.convert("L").convert("RGB") if rng.random() < 0.2 else image, dtype=np.float32)
    darkest = rng.uniform(0, 90) if rng.random() < 0.5 else 0.0  # thin ink
    pixels = darkest + pixels * (1 - darkest / 255)
    if rng.random() < 0.3:
        back = ImageFilter.GaussianBlur(rng.uniform(0.6, 1.5))
        shine = np.asarray(ImageOps.mirror(image).rotate(rng.choice((0, 180))).convert("L").filter(back), np.float32)
        pixels -= (255 - shine)[..., None] * rng.uniform(0.04, 0.12)
    if rng.random() < 0.5:
        pixels *= np.array([rng.uniform(0.86, 1.0)] * 3) * np.array([1, 1, rng.uniform(0.94, 1.0)])  # paper
    if rng.random() < 0.25:  # a rule of the journal beside the mark
        width = rng.randint(1, 2)
        edge = [slice(None, width), slice(-width, None)][rng.randrange(2)]
        pixels[edge if rng.random() < 0.5 else (slice(None), edge)] = rng.uniform(40, 190)
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    if rng.random() < 0.3:
        image = _grainy(image, rng)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=rng.randint(15, 70))
    return Image.open(stream).convert("RGB")


def encode(image: Image.Image, ending: str, rng: random.Random) -> bytes:
    """Return an image as the bytes of a `png` or `jpg` file, with fast compression."""
    stream = io.BytesIO()
    if ending == "jpg":
        image.save(stream, "JPEG", quality=rng.randint(70, 95))
    else:
        image.save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def _colourless(image: Image.Image) -> bool:
    pixels = np.asarray(image.resize((32, 32), Image.Resampling.BOX), dtype=np.int16)
    return bool((pixels.max(axis=2) - pixels.min(axis=2)).max() < 24)


def _unevenly_lit(image: Image.Image, rng: random.Random) -> Image.Image:
    """Return an image like a photograph of a printed mark, darker at one side."""
    across = np.linspace(-1, 1, image.width, dtype=np.float32)[None, :, None] * rng.uniform(-0.16, 0.16)
    down = np.linspace(-1, 1, image.height, dtype=np.float32)[:, None, None] * rng.uniform(-0.16, 0.16)
    lit = np.asarray(image, dtype=np.float32) * (rng.uniform(0.85, 1.0) + across + down)
    return Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))


def _grainy(image: Image.Image, rng: random.Random) -> Image.Image:
    pixels: NDArray[np.float32] = np.asarray(image, dtype=np.float32)
    noise = np.random.default_rng(rng.getrandbits(32)).normal(0, rng.uniform(2, 14), (*pixels.shape[:2], 1))
    return Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))
