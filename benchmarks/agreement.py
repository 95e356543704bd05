"""Measure whether all engines and precisions give the same scores: 1,000 marks, each against ONNX Runtime in float32.

    python benchmarks/agreement.py MARKS --images FOLDER [--count 1000]

Reduced bundles are made with other marks than those of the test. Fails if a stated tolerance is exceeded.
Results: benchmarks/results/agreement.json.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

from viennatag.data.marks import read_marks
from viennatag.errors import PrecisionError
from viennatag.metrics.metrics import average_precision
from viennatag.model.bundle import Bundle, open_bundle
from viennatag.prediction.predictor import Predictor
from viennatag.prediction.quantization import PRECISIONS, quantize
from viennatag.runtime.backends import installed_runtimes

ROOT = Path(__file__).parents[1]
TOLERANCES = {"float32": (1e-6, 0.001), "bfloat16": (1e-4, 0.15), "int8": (1e-3, 0.5)}
"""Mean and largest absolute difference of a score in [0, 1], by precision."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("marks", type=Path)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--bundle", default="starter")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks/results/agreement.json")
    options = parser.parse_args()
    original = open_bundle(options.bundle)
    table = read_marks(options.marks, taxonomy=original.labels.taxonomy, skip_bad=True)
    order = np.random.default_rng(0).permutation(len(table))
    judging, others = table.select(order[: options.count]), table.select(order[options.count :][:1000])
    targets = original.labels.encode(judging.codes)
    sections = original.labels.at_level(original.labels.level_names[-1])
    rows: list[dict[str, object]] = []
    broken: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        bundles: list[Bundle] = [original]
        for precision in PRECISIONS:
            try:
                bundles.append(
                    quantize(original, others, options.images, Path(folder) / precision, precision=precision)[0]
                )
            except PrecisionError as exc:
                print(exc)
        reference = None
        for bundle in bundles:
            for engine in installed_runtimes():
                predictor = Predictor(bundle, engine=engine)
                paths = [options.images / image for image in judging.images]
                scores = np.concatenate([found for _, found in predictor.score_many(paths)])
                reference = scores if reference is None else reference
                difference = np.abs(scores - reference)
                best = scores[:, sections].argmax(axis=1) == reference[:, sections].argmax(axis=1)
                mean, largest = float(difference.mean()), float(difference.max())
                rows.append(
                    {
                        "precision": bundle.precision,
                        "engine": engine,
                        "mean_difference": round(mean, 7),
                        "difference_of_999_in_1000": round(float(np.quantile(difference, 0.999)), 5),
                        "largest_difference": round(largest, 5),
                        "same_best_section": round(float(best.mean()), 4),
                        "macro_map": round(100 * float(np.nanmean(average_precision(scores, targets))), 3),
                    }
                )
                allowed = TOLERANCES[bundle.precision]
                if mean > allowed[0] or largest > allowed[1]:
                    broken.append(f"{bundle.precision} on {engine}: {mean:.2g}, {largest:.2g}; allowed {allowed}")
    options.out.write_text(json.dumps({"marks": options.count, "found": rows}, indent=1) + "\n", encoding="utf-8")
    print(*rows, sep="\n")
    if broken:
        raise SystemExit("\n".join(broken))


if __name__ == "__main__":
    main()
