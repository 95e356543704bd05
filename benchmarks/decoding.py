"""Measure what it costs to make pixels of image files, and how far scores move when that changes.

    git clone . /tmp/before && git -C /tmp/before checkout 7cf4bc9
    python benchmarks/decoding.py [--images FOLDER] [--against /tmp/before/src] [--libraries FOLDER]

The images, by default ../shared/real_marks/images, are taken as they are, and as copies in other sizes and formats.
Each candidate reads all of them from memory, in turn, in a process of its own; what is compared is processor time.
Candidates are this tree, the one of `--against`, plain Pillow (open, convert, resize), and, where they are installed
or lie in the folder of `--libraries`, simplejpeg with Pillow's resize, OpenCV's reduced decoding with its resize by
area, and thumbnails of libvips. Only the first two frame a mark and cut up to three crops. Scores are those of the
packaged bundle from the pixels of both trees.
Results: benchmarks/results/decoding.json.
"""

import argparse
import io
import json
import math
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
SIZE, CROPS = 192, 3
ROUNDS = 5
COPIES: dict[str, tuple[int, str, dict[str, Any]]] = {
    "jpeg-650": (650, "JPEG", {"quality": 90}),
    "jpeg-650-low": (650, "JPEG", {"quality": 60}),
    "jpeg-2500": (2500, "JPEG", {"quality": 85}),
    "jpeg-5000": (5000, "JPEG", {"quality": 85}),
    "png-650": (650, "PNG", {}),
    "webp-650": (650, "WEBP", {"quality": 85}),
    "tiff-650": (650, "TIFF", {"compression": "tiff_lzw"}),
    "gif-650": (650, "GIF", {}),
    "bmp-650": (650, "BMP", {}),
}
"""Longer side, format and options of each kind of copy."""
Reader = Callable[[bytes], Any]


def make_copies(paths: list[Path], count: int) -> dict[str, list[bytes]]:
    """Return the files by kind; large sizes are copies of fewer marks."""
    found = {"originals": [path.read_bytes() for path in paths]}
    large = [path for path in paths if max(Image.open(path).size) >= 300]
    for kind, (side, format_, options) in COPIES.items():
        found[kind] = []
        for path in large[: max(4, count * 650 // side)]:
            image = Image.open(path).convert("RGB")
            scale = side / max(image.size)
            image = image.resize([max(1, round(edge * scale)) for edge in image.size], Image.Resampling.LANCZOS)
            file = io.BytesIO()
            image.save(file, format_, **options)
            found[kind].append(file.getvalue())
    return found


def read_plainly(content: bytes) -> object:
    return np.asarray(_squeeze(Image.open(io.BytesIO(content)).convert("RGB")))


def read_with_simplejpeg(content: bytes) -> object:
    import simplejpeg  # type: ignore[import-not-found,unused-ignore]

    height, width, *_ = simplejpeg.decode_jpeg_header(content)
    by = 2 if max(height, width) >= 2.8 * SIZE else 1
    sides = {"min_height": max(1, height // by), "min_width": max(1, width // by), "min_factor": 1}
    return np.asarray(
        _squeeze(Image.fromarray(simplejpeg.decode_jpeg(content, fastdct=True, fastupsample=True, **sides)))
    )


def read_with_opencv(content: bytes) -> object:
    import cv2  # type: ignore[import-not-found,unused-ignore]

    cv2.setNumThreads(1)
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_REDUCED_COLOR_2)
    return cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA)


def read_with_libvips(content: bytes) -> object:
    import pyvips  # type: ignore[import-not-found,unused-ignore]

    return pyvips.Image.thumbnail_buffer(content, SIZE, height=SIZE, size="force").numpy()


def _squeeze(image: Image.Image) -> Image.Image:
    return image.resize((SIZE, SIZE), Image.Resampling.BILINEAR, reducing_gap=2.0)


def read_here(content: bytes) -> object:
    from viennatag.images.decoding import read_framed_image

    return read_framed_image(content, SIZE, max_crops=CROPS).views


def measure_stages(files: list[bytes]) -> dict[str, float]:
    """Return the share of each stage in `read_framed_image` of this tree."""
    from viennatag.images import decoding

    names = {"_decode_sized": "decode", "find_framing": "framing", "_frame": "resize", "find_crops": "find crops"}
    spent = dict.fromkeys(names.values(), 0.0)

    def timed(name: str) -> Callable[..., Any]:
        original: Callable[..., Any] = getattr(decoding, name)

        def run(*args: Any) -> Any:
            start = time.process_time()
            found = original(*args)
            spent[names[name]] += time.process_time() - start
            return found

        return run

    for name in names:
        setattr(decoding, name, timed(name))
    start = time.process_time()
    for content in files:
        decoding.read_framed_image(content, SIZE, max_crops=CROPS)
    total = time.process_time() - start
    return {name: round(seconds / total, 3) for name, seconds in spent.items()}


def work(name: str, files: Path, views: Path) -> None:
    """Answer each line on stdin, which names a kind, with the seconds that a candidate takes for it."""
    contents: dict[str, list[bytes]] = pickle.loads(files.read_bytes())
    read: Reader = READERS[name]
    if name in {"here", "before"}:
        views.write_bytes(pickle.dumps({kind: [read(content) for content in each] for kind, each in contents.items()}))
    for line in sys.stdin:
        kind = line.strip()
        if kind == "stages":
            print(json.dumps({kind: measure_stages(each) for kind, each in contents.items()}), flush=True)
            continue
        try:
            start = time.process_time()
            for content in contents[kind]:
                read(content)
            print(time.process_time() - start, flush=True)
        except Exception:  # a library that is not installed, or not for this format
            print("nan", flush=True)


READERS: dict[str, Reader] = {
    "here": read_here,
    "before": read_here,
    "pillow": read_plainly,
    "simplejpeg": read_with_simplejpeg,
    "opencv": read_with_opencv,
    "libvips": read_with_libvips,
}


class Candidate:
    """One way to read, in a process of its own."""

    def __init__(self, name: str, folder: Path, source: Path, libraries: Path | None) -> None:
        """Start it with the package of a source folder."""
        paths = os.pathsep.join(map(str, filter(None, [source, libraries])))
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--work", name, str(folder / "files"), str(folder / f"{name}.views")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "VIPS_CONCURRENCY": "1"},
        )

    def ask(self, kind: str) -> str:
        """Return the answer to a line."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{kind}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()

    def close(self) -> None:
        """End it."""
        self._process.communicate()


def measure_movement(folder: Path) -> dict[str, dict[str, float]]:
    """Return how far scores move from the pixels of one tree to those of the other, by kind."""
    from viennatag.images.decoding import FramedImage
    from viennatag.prediction.predictor import Predictor

    predictor = Predictor.load(threads=1)
    full = (0.0, 0.0, 1.0, 1.0)

    def score(all_views: list[list[Any]]) -> Any:
        crops = predictor.postprocessor.max_crops

        def cut(views: list[Any]) -> Callable[[], Any]:
            return lambda: tuple((each, full) for each in views[1 : 1 + crops])

        images = [FramedImage(views[0], SIZE, SIZE, full, cut(views)) for views in all_views]
        batches = [images[at : at + 8] for at in range(0, len(images), 8)]
        return np.concatenate([predictor.postprocessor.scores(predictor.forward(batch)[0]) for batch in batches])

    here, before = (pickle.loads((folder / f"{name}.views").read_bytes()) for name in ("here", "before"))
    found = {}
    for kind, views in here.items():
        moved = np.abs(score(views) - score(before[kind]))
        found[kind] = {
            "99.9 % move by at most": round(float(np.quantile(moved, 0.999)), 4),
            "share of scores that move by more than 0.02": round(float((moved > 0.02).mean()), 5),
        }
    return found


def main() -> None:
    if sys.argv[1:2] == ["--work"]:
        work(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
        return
    import tempfile

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, default=ROOT / "../shared/real_marks/images")
    parser.add_argument("--against", type=Path, help="the folder src of another checkout")
    parser.add_argument("--libraries", type=Path, help="a folder with simplejpeg, cv2 and pyvips")
    parser.add_argument("--count", type=int, default=60, help="marks that copies are made of")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks/results/decoding.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = make_copies(sorted(options.images.iterdir()), options.count)
        (folder / "files").write_bytes(pickle.dumps(files))
        names = [each for each in READERS if each != "before" or options.against]
        candidates = {
            each: Candidate(each, folder, options.against if each == "before" else ROOT / "src", options.libraries)
            for each in names
        }
        costs: dict[str, dict[str, float]] = {}
        for kind, contents in files.items():
            rounds = [{each: float(one.ask(kind)) for each, one in candidates.items()} for _ in range(ROUNDS)]
            best = {each: min(seconds[each] for seconds in rounds[1:]) for each in names}
            costs[kind] = {f"ms_{each}": round(1e3 * best[each] / len(contents), 3) for each in names}
            costs[kind] |= {f"ratio_to_{each}": round(best["here"] / best[each], 3) for each in names if each != "here"}
        results: dict[str, Any] = {
            "files": {kind: len(contents) for kind, contents in files.items()},
            "processor_time": {
                kind: {key: value for key, value in each.items() if not math.isnan(value)}
                for kind, each in costs.items()
            },
            "shares_of_stages": json.loads(candidates["here"].ask("stages")),
        }
        for one in candidates.values():
            one.close()
        if options.against:
            results["movement_of_scores"] = measure_movement(folder)
    options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
