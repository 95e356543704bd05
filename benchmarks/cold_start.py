"""Cold `viennatag predict` against the least that could answer: a script that opens the graph and runs it once.

    python benchmarks/cold_start.py [IMAGE] [--python PYTHON-OF-A-BASE-INSTALL]

Whole processes, in turn, medians. Results: benchmarks/results/cold_start.json.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from viennatag.bundle import open_bundle

ROOT = Path(__file__).parents[1]
LEAST = """
import sys, numpy, onnxruntime
from PIL import Image
image = Image.open(sys.argv[2]).convert("RGB").resize((int(sys.argv[3]),) * 2)
session = onnxruntime.InferenceSession(sys.argv[1])
print(session.run(["logits"], {"pixels": numpy.asarray(image)[None]})[0].argmax())
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", nargs="?", default=str(ROOT / "examples/sample-mark.png"))
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--bundle", default="starter")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks/results/cold_start.json")
    options = parser.parse_args()
    bundle = open_bundle(options.bundle)
    commands = {
        "viennatag": [options.python, "-m", "viennatag.cli", "predict", options.image, "--model", str(bundle.path)],
        "least": [options.python, "-c", LEAST, str(bundle.graph), options.image, str(bundle.image_size)],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(options.rounds + 1):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            if turn:
                seconds[name].append(time.perf_counter() - start)
    medians = {name: round(statistics.median(values), 3) for name, values in seconds.items()}
    results = {**medians, "ratio": round(medians["viennatag"] / medians["least"], 2)}
    options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(*(f"{name}: {value}" for name, value in results.items()), sep="\n")


if __name__ == "__main__":
    main()
