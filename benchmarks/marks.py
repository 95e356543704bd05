"""Make the files that the speed benchmarks read: marks like those that registers publish, in many sizes and formats.

    python benchmarks/marks.py [-o work/marks] [--count 5000] [--drawn 1000]

Draws marks 1,000 pixels wide with `viennatag render` and saves each several times: 400 to 1,000 pixels on the longer
side, seven in ten as JPEG (quality 75 to 95), the others as PNG, a third of these with a transparent background and a
third in grey or with a palette, as in offices' exports. All files differ. Needs `make artwork` and ../shared; takes
about two minutes on two idle cores. An existing folder is left as it is.
"""

import argparse
import random
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from PIL import Image

from viennatag.synthesis import RenderOptions, draw_marks

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "work/marks"
"""Where the other benchmarks look for them."""
SMALLEST, LARGEST = 400, 1000


def save(drawn: Path, out: Path, number: int) -> None:
    """Save a drawn mark as a file whose size and format depend on its number only."""
    random_ = random.Random(number)
    side = random_.randint(SMALLEST, LARGEST)
    with Image.open(drawn) as file:
        image = file.convert("RGB")
    scale = side / max(image.size)
    image = image.resize([max(8, round(edge * scale)) for edge in image.size], Image.Resampling.LANCZOS)
    name = out / f"{number // 1000:03}" / f"{number:06}"
    name.parent.mkdir(parents=True, exist_ok=True)
    if random_.random() < 0.7:
        image.save(name.with_suffix(".jpg"), quality=random_.randint(75, 95))
        return
    kind = random_.choice(("RGB", "RGBA", "L", "P", "RGB", "RGBA"))
    if kind == "RGBA":  # the lightest pixels become transparent
        image.putalpha(image.convert("L").point(lambda level: 0 if level > 250 else 255))
    elif kind != "RGB":
        image = image.quantize(64) if kind == "P" else image.convert(kind)
    image.save(name.with_suffix(".png"))


def make_marks(folder: Path, *, count: int, drawn: int) -> Path:
    """Return a folder of `count` files made of `drawn` marks; an existing folder is left as it is."""
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        marks, saved = Path(name) / "drawn", Path(name) / "saved"
        draw_marks(
            marks,
            RenderOptions(count=drawn, test_packs=("noto", "iconoir", "streamline-freehand-color"), size=LARGEST),
            artwork=[ROOT / "artwork/node_modules/@iconify-json"],
            fonts=[ROOT / "artwork/node_modules/@fontsource"],
            profile=ROOT.parent / "shared/labels/eu_marks_20k.csv",
        )
        images = sorted(path for path in (marks / "images").rglob("*") if path.is_file())
        with ProcessPoolExecutor() as pool:
            sources = [images[number % len(images)] for number in range(count)]
            list(pool.map(save, sources, [saved] * count, range(count), chunksize=50))
        saved.rename(folder)
    return folder


def files(folder: Path, count: int) -> list[Path]:
    """Return the first `count` files of a folder of images.

    Raises:
        SystemExit: If there are none.
    """
    found = sorted(path for path in folder.rglob("*.*") if path.is_file())[:count]
    if not found:
        raise SystemExit(f"{folder}: no images; run python benchmarks/marks.py first")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, default=FOLDER)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--drawn", type=int, default=1000, help="marks that the files are made of")
    options = parser.parse_args()
    folder = make_marks(options.out, count=options.count, drawn=options.drawn)
    found = files(folder, options.count)
    print(
        f"{folder}: {len(found):,} files, {sum(path.stat().st_size for path in found) / len(found) / 1e3:.0f} kB each"
    )


if __name__ == "__main__":
    main()
