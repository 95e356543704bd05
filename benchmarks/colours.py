"""Judge colour codes read from pixels beside those of a bundle's head, on marks whose inks are known.

    python benchmarks/colours.py [BUNDLE] [--marks 300] [-o results.json]

Rendered marks are labelled from their own clean pixels, so a reader of pixels cannot be judged by these labels alone.
Here the truth comes from the palette that each mark was composed with: a colour is there if pixels of exactly that ink
cover enough of a drawing 640 pixels large, where soft edges are nothing; marks with gradients or drawings in colours
of their own are left out. What is judged is the same mark at 224 pixels, clean and worn in four ways that registers
know, in the square that the network sees. The packs are those that the starter has not seen. Average precision
per code, with the 95 % interval of the difference over samples of marks. Needs `make artwork` and ../shared.
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

from starter import FONTS, PACKS, PROFILE, TEST_PACKS
from viennatag.data.marks import read_marks
from viennatag.images.colour_features import LEAST, SEEN, colour_evidence
from viennatag.images.colours import CODES, COUNTS, MANY, NAMES, name_colour
from viennatag.images.decoding import read_image
from viennatag.metrics.bootstrap import Interval, Ranking, bootstrap
from viennatag.prediction.predictor import Predictor
from viennatag.runtime.engine import Engine
from viennatag.synthesis.artwork import read_artwork
from viennatag.synthesis.composition import compose_mark
from viennatag.synthesis.finish import draw_pixels, wear
from viennatag.synthesis.lettering import find_fonts, usable_fonts
from viennatag.synthesis.palettes import Palette, choose_palette
from viennatag.synthesis.studio import Studio

LARGE, SIZE = 640, 224
EXPLAINED = 0.75
"""A mark is judged if at least this share of its figure has exactly an ink of its palette; the rest is soft edges."""
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
    """Blurred, on tinted paper, with grain, and saved as JPEG."""
    image = image.filter(ImageFilter.GaussianBlur(0.8))
    pixels = np.asarray(image, dtype=np.float32) * [rng.uniform(0.9, 1.0) for _ in range(3)]
    grain = np.random.default_rng(rng.getrandbits(32)).normal(0, 8, (*pixels.shape[:2], 1))
    return jpeg(Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8)), rng)


WEAR: dict[str, Callable[[Image.Image, random.Random], Image.Image]] = {
    "clean": lambda image, _: image,
    "as rendered marks": wear,
    "jpeg": jpeg,
    "small": small,
    "scanned": scanned,
}


def true_codes(image: Image.Image, palette: Palette) -> set[str] | None:
    """Return the colour codes of a large drawing by the exact inks that it was drawn with; None if others are in it."""
    pixels = np.asarray(image).astype(np.int64) @ (65_536, 256, 1)
    values = {shade: int(shade[1:], 16) for shade in (*palette.inks, palette.paper)}
    names = {shade: name_colour(*(int(shade[at : at + 2], 16) for at in (1, 3, 5))) for shade in values}
    areas = {shade: int(np.count_nonzero(pixels == value)) for shade, value in values.items()}
    paper = names[palette.paper]
    figure = pixels.size - areas[palette.paper]
    covered = dict.fromkeys(NAMES, 0)
    for shade, area in areas.items():
        if shade != palette.paper:
            covered[names[shade]] += area
    if not figure or sum(covered.values()) < EXPLAINED * figure:
        return None
    shown = {name for name, area in covered.items() if name and area >= LEAST * sum(covered.values())}
    if paper not in DULL:
        shown.add(paper)
    if paper == "white":
        shown.discard("white")
    if not shown - DULL:
        return set()
    if paper == "black":
        shown.add("black")
    return {CODES[name] for name in shown} | {COUNTS.get(len(shown), MANY), "29", "29.1"}


def draw(count: int, seed: int) -> tuple[dict[str, list[NDArray[np.uint8]]], list[set[str]]]:
    """Return squares for each kind of wear, and the codes of each mark."""
    drawings, _ = read_artwork([PACKS / pack for pack in TEST_PACKS])
    fonts = usable_fonts(find_fonts(sorted(FONTS.iterdir())[::4]))
    studio = Studio(drawings, fonts)
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
        codes = None if palette.gradient else true_codes(draw_pixels(mark, size=LARGE), palette)
        if codes is None:
            continue
        truth.append(codes)
        image = draw_pixels(mark, size=SIZE)
        for name, worn in WEAR.items():
            squares[name].append(read_image(worn(image, rng), 160))
    print(f"{count} marks of {at} have inks that are known")
    return squares, truth


def judge(scores: NDArray[np.float32], targets: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return average precisions of the scores and of samples of the marks, shape (samples, codes)."""
    from scipy.sparse import csr_array

    ranking = Ranking.of(scores, csr_array(targets))
    return bootstrap(ranking.average_precision, len(scores), rounds=200, seed=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", nargs="?", default="starter")
    parser.add_argument("--marks", type=int, default=300)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("-o", "--out", type=Path, help="write the figures to this JSON file")
    options = parser.parse_args()
    predictor = Predictor.load(options.bundle)
    labels = predictor.bundle.labels
    codes = tuple(code for code in SEEN if code in labels.index)
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
        samples = [judge(scores, targets)[:, kept] for scores in (logits[:, columns], colour_evidence(pixels, codes))]
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
