"""Evaluate colour codes measured from pixels against those of a bundle's head, on marks whose colours are known.

    python benchmarks/colours.py [BUNDLE] [--marks 300] [-o results.json]

The colour labels of synthetic marks come from their own clean pixels, so these labels alone cannot evaluate a method
that reads pixels. Here the truth is the palette of each mark: a colour is present if pixels of exactly that colour
cover enough of a drawing of 640 pixels, soft edges left out; marks with gradients or multicoloured drawings are left
out. Both methods get the same mark at 224 pixels, clean and degraded in four ways that registers show, framed like the
input of the network. The packs are those that the starter has not seen. Results are average precision per code, with
the 95 % interval of the difference over samples of marks. Needs `make artwork` and ../shared.
"""

import argparse
import io
import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from viennatag.data.marks import read_marks
from viennatag.images.colour_features import COLOUR_LABELS, colour_features
from viennatag.images.colours import CODES, COUNTS, MANY, MIN_SHARE, NAMES, name_colour
from viennatag.images.reading import read_image
from viennatag.metrics.bootstrap import Interval, draw_weights
from viennatag.metrics.metrics import average_precision
from viennatag.prediction.predictor import Predictor
from viennatag.runtime.engine import Engine
from viennatag.synthesis.artwork import read_artwork
from viennatag.synthesis.assets import Assets
from viennatag.synthesis.composition import compose_mark
from viennatag.synthesis.effects import degrade, render_pixels
from viennatag.synthesis.lettering import find_fonts, usable_fonts
from viennatag.synthesis.palettes import Palette, choose_palette

ROOT = Path(__file__).parents[1]
PROFILE = ROOT.parent / "shared/labels/eu_marks_20k.csv"
PACKS, FONTS = (ROOT / "artwork/node_modules" / name for name in ("@iconify-json", "@fontsource"))
TEST_PACKS = ("noto", "iconoir", "streamline-freehand-color")
LARGE, SIZE = 640, 224
EXPLAINED = 0.75
"""A mark is used if at least this share of its figure has exactly a colour of its palette; the rest is soft edges."""
DULL = {"white", "black", "grey"}


def jpeg(image: Image.Image, _: random.Random) -> Image.Image:
    """Saved at quality 30."""
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=30)
    return Image.open(stream).convert("RGB")


def small(image: Image.Image, _: random.Random) -> Image.Image:
    """Made as small as 80 pixels and large again."""
    scale = 80 / max(image.size)
    less = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(less, Image.Resampling.BILINEAR).resize(image.size, Image.Resampling.BICUBIC)


def scanned(image: Image.Image, rng: random.Random) -> Image.Image:
    """Blurred, on tinted background, with grain, and saved as JPEG."""
    image = image.filter(ImageFilter.GaussianBlur(0.8))
    pixels = np.asarray(image, dtype=np.float32) * [rng.uniform(0.9, 1.0) for _ in range(3)]
    grain = np.random.default_rng(rng.getrandbits(32)).normal(0, 8, (*pixels.shape[:2], 1))
    return jpeg(Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8)), rng)


WEAR: dict[str, Callable[[Image.Image, random.Random], Image.Image]] = {
    "clean": lambda image, _: image,
    "as rendered marks": degrade,
    "jpeg": jpeg,
    "small": small,
    "scanned": scanned,
}


def true_codes(image: Image.Image, palette: Palette) -> set[str] | None:
    """Return the colour codes of a large drawing by the exact inks that it was drawn with; None if others are in it."""
    pixels = np.asarray(image).astype(np.int64) @ (65_536, 256, 1)
    values = {shade: int(shade[1:], 16) for shade in (*palette.colours, palette.background)}
    names = {shade: name_colour(*(int(shade[at : at + 2], 16) for at in (1, 3, 5))) for shade in values}
    areas = {shade: int(np.count_nonzero(pixels == value)) for shade, value in values.items()}
    background = names[palette.background]
    figure = pixels.size - areas[palette.background]
    covered = dict.fromkeys(NAMES, 0)
    for shade, area in areas.items():
        if shade != palette.background:
            covered[names[shade]] += area
    if not figure or sum(covered.values()) < EXPLAINED * figure:
        return None
    shown = {name for name, area in covered.items() if name and area >= MIN_SHARE * sum(covered.values())}
    if background not in DULL:
        shown.add(background)
    if background == "white":
        shown.discard("white")
    if not shown - DULL:
        return set()
    if background == "black":
        shown.add("black")
    return {CODES[name] for name in shown} | {COUNTS.get(len(shown), MANY), "29", "29.1"}


def draw(count: int, seed: int) -> tuple[dict[str, list[NDArray[np.uint8]]], list[set[str]]]:
    """Return squares for each kind of wear, and the codes of each mark."""
    drawings, _ = read_artwork([PACKS / pack for pack in TEST_PACKS])
    fonts = usable_fonts(find_fonts(sorted(FONTS.iterdir())[::4]))
    studio = Assets(drawings, fonts)
    known = set(studio.by_code)
    rows = [row for row in read_marks(PROFILE, require_images=False, skip_bad=True).codes if known & set(row)]
    squares: dict[str, list[NDArray[np.uint8]]] = {name: [] for name in WEAR}
    truth: list[set[str]] = []
    at = 0
    while len(truth) < count:
        rng = random.Random(f"{seed}:{at}")
        at += 1
        wanted = [code for code in rng.choice(rows) if code in known or code in CODES.values()]
        before = rng.getstate()
        palette = choose_palette(rng, wanted=wanted, colour=0.7)  # the first that composing chooses
        rng.setstate(before)
        mark = compose_mark(studio, wanted, rng, colour=0.7)
        codes = None if palette.gradient else true_codes(render_pixels(mark, size=LARGE), palette)
        if codes is None:
            continue
        truth.append(codes)
        image = render_pixels(mark, size=SIZE)
        for name, worn in WEAR.items():
            squares[name].append(read_image(worn(image, rng), 160))
    print(f"{count} marks of {at} have inks that are known")
    return squares, truth


def precisions(scores: NDArray[np.float32], targets: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return average precisions of the scores and of samples of the marks, shape (samples, codes)."""
    from scipy.sparse import csr_array

    return average_precision(scores, csr_array(targets), draw_weights(len(scores)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", nargs="?", default="starter")
    parser.add_argument("--marks", type=int, default=300)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("-o", "--out", type=Path, help="write the figures to this JSON file")
    options = parser.parse_args()
    predictor = Predictor.load(options.bundle)
    labels = predictor.bundle.labels
    codes = tuple(code for code in COLOUR_LABELS if code in labels.index)
    columns = [labels.index[code] for code in codes]
    squares, truth = draw(options.marks, options.seed)
    targets = np.array([[code in row for code in codes] for row in truth])
    engine = Engine(predictor.bundle.graph)
    kept = np.flatnonzero(targets.sum(axis=0) >= 5)
    figures: dict[str, object] = {"marks": len(truth), "codes": {codes[at]: int(targets[:, at].sum()) for at in kept}}
    print("mean average precision of the codes, %: head, pixels; and the codes that the head reads better or as well")
    for name, images in squares.items():
        pixels = np.stack(images)
        logits = np.concatenate([engine.run(pixels[at : at + 8], ("logits",))[0] for at in range(0, len(pixels), 8)])
        samples = [
            precisions(scores, targets)[:, kept] for scores in (logits[:, columns], colour_features(pixels, codes))
        ]
        means, gains = [each[0].mean() for each in samples], samples[1] - samples[0]
        mean = Interval.of(gains.mean(axis=1))
        each = [Interval.of(gains[:, at]) for at in range(len(kept))]
        figures[name] = {
            "head": float(means[0]),
            "pixels": float(means[1]),
            "gain": [mean.value, mean.low, mean.high],
            "codes": {
                codes[at]: [float(samples[0][0, to]), float(samples[1][0, to]), each[to].low, each[to].high]
                for to, at in enumerate(kept)
            },
        }
        unsure = [codes[at] for at, gain in zip(kept, each, strict=True) if gain.low <= 0]
        print(f"{name:<18} {100 * means[0]:5.1f} {100 * means[1]:5.1f}  {' '.join(unsure) or 'none'}")
    if options.out:
        options.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
