"""One image, warm: viennatag against the bare engine, and against what a user would run instead.

    python benchmarks/latency.py [--rivals-python PYTHON] [--rivals timm,keras,transformers]

The first part runs the starter in this process: `Predictor.predict` of a file, against the same engine's call on a
ready array plus Pillow's own open, convert and resize of that file. The second runs EfficientNet-B0 with random
weights, each library in a process of its own, on one image and on many. All in turn, medians, ratios.
`--rivals-python` is an interpreter that has keras with tensorflow, and transformers with torch.
Results: benchmarks/results/latency.json.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from viennatag.engine import Engine
from viennatag.predictor import Predictor

ROOT = Path(__file__).parents[1]


def in_turn(candidates: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median milliseconds of each; one round in ten warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for turn in range(rounds + rounds // 10 + 1):
        for name, run in candidates.items():
            start = time.perf_counter()
            run()
            if turn > rounds // 10:
                seconds[name].append(time.perf_counter() - start)
    return {name: round(1000 * statistics.median(values), 3) for name, values in seconds.items()}


def one_image(image: str, rounds: int) -> dict[str, float]:
    """Return milliseconds of the starter on one core, whole and in bare parts."""
    predictor = Predictor.load(threads=1)
    engine: Engine = predictor.engine
    size = engine.size
    ready = np.random.default_rng(0).integers(0, 256, (1, size, size, 3), dtype=np.uint8)

    def decode() -> object:
        with Image.open(image) as file:
            shown = file.convert("RGB")
            if file.mode == "RGBA":  # what lies under full transparency is not the picture
                shown = Image.new("RGB", file.size, "white")
                shown.paste(file, mask=file)
            return np.asarray(shown.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=2.0))

    def bare() -> None:
        decode()
        engine.run(ready, ("logits",))

    found = in_turn({"predict": lambda: predictor.predict(image), "bare_engine_and_decode": bare}, rounds)
    return {**found, "ratio": round(found["predict"] / found["bare_engine_and_decode"], 3)}


def against(rivals: list[str], python: str, image: str, many: list[str], rounds: int) -> dict[str, dict[str, float]]:
    """Return seconds of each library with one image, and with many, in processes that take turns."""
    processes = {
        name: subprocess.Popen(
            [sys.executable if name in {"viennatag", "timm"} else python, ROOT / "benchmarks/rivals.py", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ["viennatag", *rivals]
    }

    def ask(name: str, paths: list[str]) -> float:
        process = processes[name]
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\t".join(paths) + "\n")
        process.stdin.flush()
        return float(process.stdout.readline())

    for process in processes.values():
        assert process.stdout is not None
        while "ready" not in process.stdout.readline():
            if process.poll() is not None:
                raise SystemExit(f"{process.args!r} ended early")
    alone: dict[str, list[float]] = {name: [] for name in processes}
    bulk: dict[str, list[float]] = {name: [] for name in processes}
    for turn in range(rounds + 2):
        for name in processes:
            seconds = ask(name, [image])
            if turn > 1:
                alone[name].append(seconds)
    for at in range(0, len(many), 100):
        for name in processes:
            bulk[name].append(ask(name, many[at : at + 100]) / len(many[at : at + 100]))
    for process in processes.values():
        process.terminate()
    results = {
        name: {
            "one_image_ms": round(1000 * statistics.median(alone[name]), 2),
            "many_images_ms_each": round(1000 * statistics.median(bulk[name]), 2),
        }
        for name in processes
    }
    ours = results["viennatag"]
    for name in rivals:
        for what in ("one_image_ms", "many_images_ms_each"):
            results[name][f"{what.partition('_')[0]}_ratio"] = round(results[name][what] / ours[what], 2)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", default=str(ROOT / "examples/sample-mark.png"))
    parser.add_argument("--images", type=Path, help="folder of marks, for many")
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--rivals", default="timm")
    parser.add_argument("--rivals-python", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks/results/latency.json")
    options = parser.parse_args()
    many = sorted(str(path) for path in options.images.rglob("*.*"))[: options.count] if options.images else []
    many = many or [options.image] * options.count
    rivals = list(filter(None, options.rivals.split(",")))
    results = {
        "starter_on_one_core_ms": one_image(options.image, options.rounds),
        "efficientnet_b0": against(rivals, options.rivals_python, options.image, many, options.rounds // 5),
        "many": len(many),
    }
    options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
