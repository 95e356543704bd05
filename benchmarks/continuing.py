"""An office's dialect learned from decisions: what is gained on them, what is lost on old marks, and how long it takes.

    make artwork && python benchmarks/continuing.py [--old 2400] [--counts 50,200]

The starter learns on from simulated decisions about rendered marks (of other seeds than its own): the examiner takes
the codes that are true, rejects the suggestions that are not, and in `renamed` calls what five of the commonest
pictorial sections show by the code of a sibling, and rejects the usual one; in `as taught` there is no dialect. Old
marks are rendered as those that the starter learned from were. Gains are on 800 further marks of the office that no
run sees. Features are computed before the clock starts. Results: benchmarks/results/continuing.json.
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

from viennatag.data.marks import Marks, read_marks
from viennatag.errors import DecisionsError
from viennatag.evaluation.comparison import contrast, draw_marks, sample_figures
from viennatag.evaluation.feedback import Decisions
from viennatag.model.bundle import Bundle, open_bundle
from viennatag.model.postprocessing import scores_from_logits
from viennatag.prediction.predictor import Predictor
from viennatag.training.backbones.graph_surgery import reopen
from viennatag.training.continual.update import continue_training
from viennatag.training.data.features import extract_features
from viennatag.training.postprocessing.pixel_colours import extract_readings, pick

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/continuing.json"
PROFILE = ROOT.parent / "shared/labels/eu_marks_20k.csv"
RENAMED = 5
SHOWN = ("macro_map", "micro_map", "micro_f1", "calibration_error")


def render(folder: Path, count: int, seed: int) -> tuple[Marks, Path]:
    artwork = ROOT / "artwork/node_modules"
    command = [sys.executable, "-m", "viennatag.cli", "render", "-o", folder, "--count", count, "--seed", seed]
    command += ["--artwork", artwork / "@iconify-json", "--fonts", artwork / "@fontsource", "--size", 128]
    command += ["--profile", PROFILE] if PROFILE.exists() else []
    if not (folder / "marks.csv").exists():
        subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    marks = read_marks(folder / "marks.csv", images=folder)
    return replace(marks, splits=("",) * len(marks)), folder


def dialect(marks: Marks, bundle: Bundle) -> dict[str, str]:
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


def decide(marks: Marks, suggested: list[set[str]], renamed: dict[str, str]) -> Decisions:
    codes = tuple(tuple(sorted(renamed.get(code, code) for code in each)) for each in marks.codes)
    rejected = []
    for said, true in zip(suggested, codes, strict=True):
        right = {".".join(code.split(".")[:depth]) for code in true for depth in (1, 2, 3)}
        rejected.append(tuple(sorted(said - right)))
    return Decisions(replace(marks, codes=codes), tuple(rejected))


def score(bundle: Bundle, marks: Marks, folder: Path, cache: Path) -> Any:
    opened, paths = reopen(bundle), [folder / image for image in marks.images]
    found = extract_features(paths, opened.trunk, cache=cache)
    logits = opened.see(found.values[found.rows]) @ opened.weight.T + opened.bias
    readings = extract_readings(paths, bundle.image_size, cache=cache)
    return scores_from_logits(logits, bundle, pick(bundle.labels, bundle.from_pixels, readings)[1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--old", type=int, default=2400)
    parser.add_argument("--counts", default="50,200")
    parser.add_argument("--work", type=Path, default=ROOT / "work/continuing")
    options = parser.parse_args()
    cache, start = options.work / "cache", open_bundle()
    old = render(options.work / "old", options.old, 101)
    office, folder = render(options.work / "office", 1600, 202)
    judged, learned = office.select(range(800, 1600)), office.select(range(800))
    for marks, place in (old, (office, folder)):
        score(start, marks, place, cache)
    scores = score(start, learned, folder, cache)
    suggest = Predictor(start).suggest
    suggested = [{each.code for each in suggest(row) if each.above_threshold} for row in scores]
    rows = []
    for name, renamed in (("renamed", dialect(learned, start)), ("as taught", {})):
        everything = decide(learned, suggested, renamed)
        truth = start.labels.encode(decide(judged, [set()] * len(judged), renamed).marks.codes)
        before = score(start, judged, folder, cache)
        for count in map(int, options.counts.split(",")):
            for given in (old, None):
                row: dict[str, Any] = {"dialect": name, "decisions": count, "old": given is not None}
                rows.append(row)
                clock = time.perf_counter()
                with tempfile.TemporaryDirectory() as out:
                    try:
                        found = continue_training(
                            start, everything.select(range(count)), folder, Path(out) / "b", cache=cache, old=given
                        )
                    except DecisionsError as exc:
                        print(row | {"refused": str(exc)})
                        row |= {"refused": str(exc).splitlines()[0]}
                        continue
                    row["seconds"] = round(time.perf_counter() - clock, 2)
                    bundle = found.bundle
                    own = [bundle.labels.index[label] for label in start.labels.names]
                    after = score(bundle, judged, folder, cache)[:, own]
                draws = draw_marks(len(judged))
                samples = {
                    when: sample_figures(each, each >= start.thresholds, truth, start.train_counts, draws)[None]
                    for when, each in (("before", before), ("after", after))
                }
                parts = {"unseen": contrast(samples, baseline="before"), "held_out": found.on_decisions}
                parts |= {"old_validation": found.on_old} if found.on_old else {}
                row |= {"pull": found.pull, "distance": round(found.distance, 3), "moved": found.moved}
                for part, figures in parts.items():
                    row[part] = {
                        figure: {
                            "before": round(figures["before"][figure].value, 4),
                            "after": round(figures["after"][figure].value, 4),
                            "low": round(figures["after"][figure].difference_low, 4),
                            "high": round(figures["after"][figure].difference_high, 4),
                            "verdict": figures["after"][figure].verdict,
                        }
                        for figure in SHOWN
                    }
                print(json.dumps(row), flush=True)
    seconds = [row["seconds"] for row in rows if "seconds" in row]
    print(f"median {statistics.median(seconds):.1f} s")
    RESULTS.write_text(json.dumps({"rows": rows, "old_marks": options.old}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
