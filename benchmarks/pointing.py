"""Play the pointing game: does the peak of a code's heat map fall on the drawing that shows the code?

    python benchmarks/pointing.py [--marks work/starter/marks/110-30000-16000/uniform]

Marks of the test subset, drawn with packs that the starter has not seen, with one drawing each whose box is recorded.
The code is the drawing's first pictorial section, or the nearest ancestor that the bundle has. The chance of a random
hit is the share of the image inside the box. `suggested` are the marks whose code was above its threshold: those for
which an examiner would open the heat map. Results: benchmarks/results/pointing.json.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from viennatag.images.decoding import decode_image
from viennatag.prediction.predictor import Predictor
from viennatag.vienna.codes import FIRST_FORM_CATEGORY, parse_code

ROOT = Path(__file__).parents[1]
SIDE = 128  # the map is drawn this large to find its peak


def single_device(mark: dict[str, Any]) -> bool:
    return mark["split"] == "test" and len(mark["boxes"]) == 1 and "repeated" not in mark["kind"]


def known_code(codes: list[str], labels: dict[str, int]) -> str | None:
    """Return the first pictorial code, or its nearest ancestor among the labels."""
    pictorial = [parse_code(code) for code in codes if parse_code(code).category < FIRST_FORM_CATEGORY]
    return next((str(node) for node in reversed(pictorial[0].path) if str(node) in labels), None) if pictorial else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--marks",
        type=Path,
        default=ROOT / "work/starter/marks/110-30000-16000/uniform",
        help="folder of rendered marks",
    )
    parser.add_argument("--model", default="starter")
    parser.add_argument("--count", type=int, default=4000, help="most marks")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks/results/pointing.json")
    options = parser.parse_args()
    predictor = Predictor.load(options.model)
    bundle = predictor.bundle
    marks = [json.loads(line) for line in (options.marks / "details.jsonl").read_text(encoding="utf-8").splitlines()]
    marks = [mark for mark in marks if single_device(mark)]
    found: dict[str, list[tuple[bool, float]]] = defaultdict(list)
    for at in np.random.default_rng(options.seed).permutation(len(marks))[: options.count]:
        mark, box = marks[at], marks[at]["boxes"][0]
        code = known_code(box["codes"], bundle.labels.index)
        if code is None:
            continue
        image = decode_image(options.marks / mark["image"])
        explanation = predictor.explain(image, code)
        heat = explanation.heat(SIDE, SIDE)
        y, x = (np.array(np.unravel_index(heat.argmax(), heat.shape)) + 0.5) / SIDE
        left, top, width, height = box["box"]
        outcome = (bool(left <= x <= left + width and top <= y <= top + height), width * height)
        alone = "alone" in mark["kind"]
        suggested = explanation.score >= bundle.postprocessor.thresholds[bundle.labels.index[code]]
        for group in ("all", "drawing alone" if alone else "with a word or figure"):
            found[group].append(outcome)
        if suggested:
            found["suggested"].append(outcome)
            if not alone:
                found["suggested, with a word or figure"].append(outcome)
    results = {
        group: {
            "marks": len(outcomes),
            "peak_inside": round(float(np.mean([hit for hit, _ in outcomes])), 3),
            "chance": round(float(np.mean([area for _, area in outcomes])), 3),
        }
        for group, outcomes in sorted(found.items())
    }
    options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    for group, row in results.items():
        print(f"{group:<34} {row['marks']:>6,} marks: {row['peak_inside']:.1%} inside, chance {row['chance']:.1%}")


if __name__ == "__main__":
    main()
