"""Measure what an update with an office's feedback gains, what it forgets, and how long it takes.

    make artwork && python benchmarks/update.py [--old 2400] [--counts 50,200]

The starter is updated with simulated feedback on synthetic marks (of other seeds than its own). The examiner accepts
the true codes and rejects the other suggestions. In `renamed`, the examiner uses a sibling's code for what five of the
most frequent pictorial sections show, and rejects the usual code; in `as taught` the codes are the usual ones. Old
marks are drawn like the starter's training marks. Gains are measured on 800 further marks of the office that no run
has seen. Features are computed before the clock starts. Results: benchmarks/results/update.json.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.data.marks import Marks, read_marks
from viennatag.errors import FeedbackError
from viennatag.evaluation.comparison import ROUNDS, contrast, sample_metrics
from viennatag.evaluation.feedback import Feedback
from viennatag.metrics.bootstrap import draw_weights
from viennatag.model.bundle import Bundle, open_bundle
from viennatag.model.postprocessing import Outputs
from viennatag.prediction.predictor import Predictor
from viennatag.training.backbones.graph_surgery import cut_head, open_graph
from viennatag.training.continual.update import update
from viennatag.training.data.held_out import extract_held_out
from viennatag.training.postprocessing.forward import run_head

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/update.json"
PROFILE = ROOT.parent / "shared/labels/eu_marks_20k.csv"
RENAMED = 5
SHOWN = ("macro_map", "micro_map", "micro_f1", "calibration_error")


def render(folder: Path, count: int, seed: int) -> tuple[Marks, Path]:
    artwork = ROOT / "artwork/node_modules"
    command = [sys.executable, "-m", "viennatag", "render", "-o", folder, "--count", count, "--seed", seed]
    command += ["--artwork", artwork / "@iconify-json", "--fonts", artwork / "@fontsource", "--size", 128]
    command += ["--profile", PROFILE] if PROFILE.exists() else []
    if not (folder / "marks.csv").exists():
        subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    marks = read_marks(folder / "marks.csv", images=folder)
    return replace(marks, splits=("",) * len(marks)), folder


def renamed_codes(marks: Marks, bundle: Bundle) -> dict[str, str]:
    """Return five of the commonest pictorial sections, each with a known sibling that no mark carries."""
    counts = Counter(code for codes in marks.codes for code in codes if code.count(".") == 2)
    found: dict[str, str] = {}
    for code, _ in counts.most_common():
        division = code.rpartition(".")[0]
        others = [name for name in bundle.labels.names if name.startswith(f"{division}.") and not counts[name]]
        if int(code.partition(".")[0]) < 25 and others and division not in {each.rpartition(".")[0] for each in found}:
            found[code] = others[0]
        if len(found) == RENAMED:
            break
    return found


def give_feedback(marks: Marks, suggested: list[set[str]], renamed: dict[str, str]) -> Feedback:
    """Return the feedback of an examiner who uses other codes for some sections."""
    codes = tuple(tuple(sorted(renamed.get(code, code) for code in each)) for each in marks.codes)
    rejected = []
    for said, true in zip(suggested, codes, strict=True):
        right = {".".join(code.split(".")[:depth]) for code in true for depth in (1, 2, 3)}
        rejected.append(tuple(sorted(said - right)))
    return Feedback(replace(marks, codes=codes), tuple(rejected))


def serve(bundle: Bundle, marks: Marks, folder: Path, cache: Path) -> NDArray[np.float64]:
    """Return the scores of marks as the bundle serves them, from cached features; shape (marks, labels)."""
    held_out = extract_held_out(
        [folder / image for image in marks.images],
        open_graph(bundle).backbone,
        cache=cache,
        max_crops=bundle.postprocessor.max_crops,
        colours=bool(bundle.postprocessor.pixel_labels),
    )
    logits = run_head(cut_head(bundle.graph.read_bytes(), held_out.features.shape[1]), held_out.features)
    return bundle.postprocessor.scores(Outputs(logits, held_out.view_counts.tolist(), held_out.colours))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--old", type=int, default=2400, help="old marks")
    parser.add_argument("--counts", default="50,200", help="numbers of marks with feedback, separated by commas")
    parser.add_argument("--work", type=Path, default=ROOT / "work/update", help="folder for marks and features")
    options = parser.parse_args()
    cache, start = options.work / "cache", open_bundle()
    old = render(options.work / "old", options.old, 101)
    office, folder = render(options.work / "office", 1600, 202)
    test, learned = office.select(range(800, 1600)), office.select(range(800))
    for marks, place in (old, (office, folder)):
        serve(start, marks, place, cache)
    scores = serve(start, learned, folder, cache)
    suggest = Predictor(start).suggest
    suggested = [{each.code for each in suggest(row) if each.above_threshold} for row in scores]
    rows = []
    for name, renamed in (("renamed", renamed_codes(learned, start)), ("as taught", {})):
        feedback = give_feedback(learned, suggested, renamed)
        truth = start.labels.encode(give_feedback(test, [set()] * len(test), renamed).marks.codes)
        before = serve(start, test, folder, cache)
        for count in map(int, options.counts.split(",")):
            for given in (old, None):
                row: dict[str, Any] = {"codes": name, "marks": count, "old": given is not None}
                rows.append(row)
                clock = time.perf_counter()
                with tempfile.TemporaryDirectory() as out:
                    try:
                        found = update(
                            start, feedback.select(range(count)), folder, Path(out) / "b", cache=cache, old=given
                        )
                    except FeedbackError as exc:
                        print(row | {"refused": str(exc)})
                        row |= {"refused": str(exc).splitlines()[0]}
                        continue
                    row["seconds"] = round(time.perf_counter() - clock, 2)
                    bundle = found.bundle
                    own = [bundle.labels.index[label] for label in start.labels.names]
                    after = serve(bundle, test, folder, cache)[:, own]
                draws, decide = draw_weights(len(test), rounds=ROUNDS), start.postprocessor.decide
                samples = {
                    when: sample_metrics(each, decide(each), truth, start.train_counts, draws)[None]
                    for when, each in (("before", before), ("after", after))
                }
                contrasts = {"unseen": contrast(samples, baseline="before"), "held_out": found.on_feedback}
                contrasts |= {"old_validation": found.on_old} if found.on_old else {}
                row |= {"penalty": found.penalty, "distance": round(found.distance, 3), "moved": found.moved}
                for where, metrics in contrasts.items():
                    row[where] = {
                        metric: {
                            "before": round(metrics["before"][metric].value, 4),
                            "after": round(metrics["after"][metric].value, 4),
                            "low": round(metrics["after"][metric].difference_low, 4),
                            "high": round(metrics["after"][metric].difference_high, 4),
                            "verdict": metrics["after"][metric].verdict,
                        }
                        for metric in SHOWN
                    }
                print(json.dumps(row), flush=True)
    seconds = [row["seconds"] for row in rows if "seconds" in row]
    print(f"median {statistics.median(seconds):.1f} s")
    RESULTS.write_text(json.dumps({"rows": rows, "old_marks": options.old}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
