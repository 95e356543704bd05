"""Time one image, warm: viennatag against the bare engine and against other libraries.

    python benchmarks/marks.py  # once: 5,000 marks of 400 to 1,000 pixels, JPEG and PNG, like those of registers
    python benchmarks/latency.py [--rivals-python PYTHON] [--rivals timm,keras,transformers] [--minutes 4]

The first two parts run the starter in this process: `Predictor.predict` of a file, crops included, against the same
engine's call on a ready array plus Pillow's own open, convert and resize of that file; on the sample, and on real marks
of ../shared/real_marks, where figures are the median of ratios and the ratio of totals. These are of CPU time, which
another program on the machine changes little. The third part runs EfficientNet-B0 with random weights, each library in
a process of its own, on one image and on 5,000 images, a hundred at a time in turn. After `--minutes` it stops and says
how many images were done; called again it continues with the next hundred.
`--rivals-python` is an interpreter that has keras with tensorflow, and transformers with torch: install
`keras tensorflow transformers torch pillow` in a new environment. Results: benchmarks/results/latency.json.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from marks import FOLDER, files
from plain import decode_plainly
from viennatag.prediction.predictor import Predictor
from viennatag.runtime.engine import Engine

ROOT = Path(__file__).parents[1]
CHUNK = 100  # images
REGISTERS = {"J": "Japan", "K": "Kenya"}
"""By the first letter of a file name; the marks of the latter are thumbnails of 143 × 114 pixels at the median."""


def in_turn(candidates: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median milliseconds of CPU time of each; one round in ten warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for turn in range(rounds + rounds // 10 + 1):
        for name, run in candidates.items():
            start = time.process_time()
            run()
            if turn > rounds // 10:
                seconds[name].append(time.process_time() - start)
    return {name: round(1000 * statistics.median(values), 3) for name, values in seconds.items()}


@cache
def starter() -> Predictor:
    return Predictor.load(threads=1)


def one_image(image: str, rounds: int) -> dict[str, float]:
    """Return milliseconds of the starter on one core, whole and in its stages."""
    predictor = starter()
    engine: Engine = predictor.engine
    size = engine.size
    ready = np.random.default_rng(0).integers(0, 256, (1, size, size, 3), dtype=np.uint8)

    def bare() -> None:
        decode_plainly(image, size)
        engine.run(ready, ("logits",))

    found = in_turn({"predict": lambda: predictor.predict(image), "bare_engine_and_decode": bare}, rounds)
    return {**found, "ratio": round(found["predict"] / found["bare_engine_and_decode"], 3)}


def real_marks(images: list[Path], rounds: int) -> dict[str, float]:
    """Return how long real marks take on one core, over bare decode and engine: at the median, and in total."""
    each = [one_image(str(image), rounds) for image in images]
    whole, bare = (np.array([found[name] for found in each]) for name in ("predict", "bare_engine_and_decode"))
    return {
        "marks": len(each),
        "predict": round(float(whole.mean()), 3),
        "bare_engine_and_decode": round(float(bare.mean()), 3),
        "median_ratio": round(float(np.median(whole / bare)), 3),
        "total_ratio": round(float(whole.sum() / bare.sum()), 3),
    }


class Libraries:
    """Each library in a process of its own, asked in turn."""

    def __init__(self, names: list[str], python: str) -> None:
        """Start them; those of which viennatag's own environment knows nothing with another interpreter."""
        self._processes = {
            name: subprocess.Popen(
                [sys.executable if name in {"viennatag", "timm"} else python, ROOT / "benchmarks/rivals.py", name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for name in names
        }
        for process in self._processes.values():
            assert process.stdout is not None
            while "ready" not in process.stdout.readline():
                if process.poll() is not None:
                    raise SystemExit(f"{process.args!r} ended early")

    def seconds(self, paths: list[str]) -> dict[str, float]:
        """Return what each takes for the same images."""
        return {name: self._ask(name, paths) for name in self._processes}

    def _ask(self, name: str, paths: list[str]) -> float:
        process = self._processes[name]
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\t".join(paths) + "\n")
        process.stdin.flush()
        return float(process.stdout.readline())

    def close(self) -> None:
        """End them."""
        for process in self._processes.values():
            process.terminate()


def against(
    rivals: list[str], python: str, image: str, many: list[str], *, rounds: int, minutes: float, kept: Path
) -> dict[str, Any]:
    """Return milliseconds of each library with one image and with many, and how many times ours that is.

    What was measured of the many is kept, so that the next call goes on behind it.
    """
    names = ["viennatag", *rivals]
    libraries = Libraries(names, python)
    alone = [libraries.seconds([image]) for _ in range(rounds + 2)][2:]
    chunks: list[dict[str, float]] = []
    settings = {"names": names, "images": many}
    if kept.is_file():
        found = json.loads(kept.read_text(encoding="utf-8"))
        chunks = found["chunks"] if found["settings"] == settings else []
    deadline = time.monotonic() + 60 * minutes
    while len(chunks) * CHUNK < len(many) and (not chunks or time.monotonic() < deadline):
        at = len(chunks) * CHUNK
        chunks.append(libraries.seconds(many[at : at + CHUNK]))
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps({"settings": settings, "chunks": chunks}), encoding="utf-8")
    libraries.close()
    done = min(len(many), len(chunks) * CHUNK)
    results: dict[str, Any] = {
        name: {
            "one_image_ms": round(1000 * statistics.median(each[name] for each in alone), 2),
            "many_images_ms_each": round(1000 * sum(each[name] for each in chunks) / done, 2),
        }
        for name in names
    }
    ours = results["viennatag"]
    for name in rivals:
        for what in ("one_image_ms", "many_images_ms_each"):
            results[name][f"{what.partition('_')[0]}_ratio"] = round(results[name][what] / ours[what], 2)
    return {**results, "many": done}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", default=str(ROOT / "examples/sample-mark.png"))
    parser.add_argument("--marks", type=Path, default=ROOT.parent / "shared/real_marks/images", help="real marks")
    parser.add_argument("--every", type=int, default=4, help="of the real marks, one in so many")
    parser.add_argument("--images", type=Path, default=FOLDER, help="folder of marks, for many")
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--rivals", default="timm", help="empty for none")
    parser.add_argument("--rivals-python", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=4, help="for the many; call it again to go on")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks/results/latency.json")
    options = parser.parse_args()
    rivals = list(filter(None, options.rivals.split(",")))
    marks = sorted(path for path in options.marks.iterdir() if path.is_file())[:: options.every]
    results = json.loads(options.out.read_text(encoding="utf-8")) if options.out.is_file() else {}
    results |= {
        "starter_on_one_core_ms": one_image(options.image, options.rounds),
        "real_marks_on_one_core_ms": {
            register: real_marks([path for path in marks if path.name.startswith(initial)], options.rounds // 20)
            for initial, register in REGISTERS.items()
        },
    }
    if rivals:
        results["efficientnet_b0"] = against(
            rivals,
            options.rivals_python,
            options.image,
            [str(path) for path in files(options.images, options.count)],
            rounds=options.rounds // 5,
            minutes=options.minutes,
            kept=ROOT / "work/latency.json",
        )
    options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
