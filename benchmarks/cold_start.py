"""Time a cold `viennatag predict` against a minimal script that opens the graph and runs it once.

    python benchmarks/cold_start.py [IMAGE] [--python .venv-base/bin/python]

`--python` is the interpreter of a base installation, as made by `make demo`, without further packages. Whole processes
are run in turn; results are medians of elapsed time and of processor time, since a busy machine stretches the former.
Both have their bytecode compiled, as after an installation.
Results: benchmarks/results/cold_start.json.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from viennatag.model.bundle import open_bundle

ROOT = Path(__file__).parents[1]
LEAST = """
import sys, numpy, onnxruntime
from PIL import Image
image = Image.open(sys.argv[2]).convert("RGB").resize((int(sys.argv[3]),) * 2)
session = onnxruntime.InferenceSession(sys.argv[1])
print(session.run(["logits"], {"pixels": numpy.asarray(image)[None]})[0].argmax())
"""


def processor_seconds() -> float:
    """Return what all processes that have ended took of the processors."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", nargs="?", default=str(ROOT / "examples/sample-mark.png"))
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--bundle", default="starter")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks/results/cold_start.json")
    options = parser.parse_args()
    bundle = open_bundle(options.bundle)
    commands = {
        "viennatag": [options.python, "-m", "viennatag", "predict", options.image, "--model", str(bundle.path)],
        "least": [options.python, "-c", LEAST, str(bundle.graph), options.image, str(bundle.image_size)],
    }
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    wall: dict[str, list[float]] = {name: [] for name in commands}
    work: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(options.rounds + 1):
        for name, command in commands.items():
            start, before = time.perf_counter(), processor_seconds()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
            if turn:
                wall[name].append(time.perf_counter() - start)
                work[name].append(processor_seconds() - before)
    results = {
        f"{what}{name}": round(statistics.median(values), 3)
        for what, measured in (("", wall), ("processor_", work))
        for name, values in measured.items()
    }
    for what in ("", "processor_"):
        results[f"{what}ratio"] = round(results[f"{what}viennatag"] / results[f"{what}least"], 2)
    options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(*(f"{name}: {value}" for name, value in results.items()), sep="\n")


if __name__ == "__main__":
    main()
