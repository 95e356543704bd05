"""Hide 30 % of the codes of rendered marks: how many come back as doubts, and what does a treatment of the gaps bring?

    python benchmarks/label_errors.py findings  --marks work/starter/register --work work/label_errors
    python benchmarks/label_errors.py treatment --marks work/starter/register --work work/label_errors

The marks are those of the validation and test parts of what `make starter` drew, which the starter's trunk did not
learn from; its features are used. Each of 5 seeds hides other codes. `findings` also puts one wrong code on 6 % of the
marks, drawn as often as it occurs, and gives the precision of what `viennatag inspect --model` lists first, beside
cleanlab where it can be asked, on labels with 50 marks or more. `treatment` trains a head on the gaps with each
strategy and judges it against the full codes of marks of other drawings. Results: benchmarks/results/label_errors.json.
"""

import argparse
import json
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.bundle import open_bundle
from viennatag.doubts import find_doubts
from viennatag.labels import LabelSet
from viennatag.marks import Marks, read_marks
from viennatag.metrics import macro_average_precision
from viennatag.split import mark_groups
from viennatag.stratify import stratify
from viennatag.training.backbone import read_trunk
from viennatag.training.crossfit import cross_fitted_scores
from viennatag.training.features import Features, extract_features
from viennatag.training.head import Examples
from viennatag.training.learner import learn
from viennatag.training.strategy import BASELINE, MIN_COUNT, find_strategy

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/label_errors.json"
HIDDEN, WRONG, SEEDS, FIRST = 0.3, 0.06, 5, 500
FREQUENT = 50
TREATMENTS = (BASELINE, "hill", "splc", "co-occurrence", "positive-unlabelled")
STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}
"""Two-sided 95 % of Student's t, by the number of values."""


def damage(marks: Marks, seed: int, *, wrong: float = 0.0) -> tuple[Marks, set[tuple[int, str]]]:
    """Return marks of which codes are hidden and wrong ones added, and the added ones."""
    random = np.random.default_rng(seed)
    everything = [code for codes in marks.codes for code in codes]
    rows, added = [], set()
    for at, codes in enumerate(marks.codes):
        kept = {code for code in codes if random.random() >= HIDDEN}
        if random.random() < wrong and (code := everything[random.integers(len(everything))]) not in codes:
            kept.add(code)
            added.add((at, code))
        rows.append(tuple(sorted(kept)))
    return replace(marks, codes=tuple(rows)), added


def findings(marks: Marks, found: Features, seed: int) -> dict[str, float]:
    damaged, added = damage(marks, seed, wrong=WRONG)
    labels = LabelSet.from_marks(damaged, min_count=MIN_COUNT)
    truth = labels.encode(marks.codes).toarray()
    start = time.perf_counter()
    scores = cross_fitted_scores(damaged, labels, found.values, found.rows, hashes=found.hashes, seed=seed)
    seconds = time.perf_counter() - start
    doubts = find_doubts(damaged, labels, scores, limit=3 * FIRST)
    missing = [bool(truth[each.row, labels.index[each.label]]) for each in doubts if each.kind == "missing"]
    sections = [
        bool(truth[each.row, labels.index[each.label]])
        for each in doubts
        if each.kind == "missing" and each.label.count(".") == 2
    ]
    wrong = [(each.row, each.label) in added for each in doubts if each.kind == "wrong"]
    given = labels.encode(damaged.codes).toarray()
    return {
        "missing_first_500": float(np.mean(missing[:FIRST])),
        "missing_first_100": float(np.mean(missing[:100])),
        "missing_sections_first_200": float(np.mean(sections[:200])),
        "missing_by_chance": float(truth[~given].mean()),
        "wrong_first_500": float(np.mean(wrong[:FIRST])),
        "wrong_first_100": float(np.mean(wrong[:100])),
        "wrong_by_chance": len(added) / sum(map(len, damaged.codes)),
        **beside_cleanlab(scores, given, truth),
        "seconds": seconds,
    }


def beside_cleanlab(
    scores: NDArray[np.float32], given: NDArray[np.bool_], truth: NDArray[np.bool_]
) -> dict[str, float]:
    """Return the precision of the first findings among frequent labels: ours, and cleanlab's on the same scores."""
    from cleanlab.multilabel_classification.filter import find_multilabel_issues_per_class
    from cleanlab.multilabel_classification.rank import get_label_quality_scores_per_class

    often = np.flatnonzero(given.sum(axis=0) >= FREQUENT)
    scores, given, truth = scores[:, often].astype(np.float64), given[:, often], truth[:, often]
    rows = [np.flatnonzero(row).tolist() for row in given]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flagged = np.asarray(find_multilabel_issues_per_class(rows, scores, filter_by="confident_learning", n_jobs=1))
        quality = np.asarray(get_label_quality_scores_per_class(rows, scores, adjust_pred_probs=True))
    typical: NDArray[np.float64] = (scores * given).sum(axis=0) / given.sum(axis=0)

    def first(certainty: NDArray[np.floating[Any]], among: NDArray[np.bool_], right: NDArray[np.bool_]) -> float:
        order = np.argsort(-np.where(among, certainty, -np.inf), axis=None, kind="stable")[:FIRST]
        return float(right.ravel()[order].mean())

    return {
        "frequent_labels": float(len(often)),
        "frequent_missing_ours": first(scores, ~given, truth),
        "frequent_missing_cleanlab_quality": first(1 - quality, ~given, truth),
        "frequent_missing_cleanlab_flagged": float(truth[flagged & ~given].mean()),
        "frequent_wrong_ours": first(typical - scores, given, ~truth),
        "frequent_wrong_cleanlab_quality": first(1 - quality, given, ~truth),
        "frequent_wrong_cleanlab_flagged": float((~truth)[flagged & given].mean()),
    }


def treatment(marks: Marks, found: Features, seed: int) -> dict[str, float]:
    groups = mark_groups(marks, found.hashes)
    every = LabelSet.from_marks(marks).encode(marks.codes)
    parts = stratify(every, fractions=(0.6, 0.15, 0.25), groups=groups, seed=seed)
    damaged, _ = damage(marks, seed)
    train, validation, test = (np.flatnonzero(parts == part) for part in range(3))
    labels = LabelSet.from_marks(damaged.select(train), min_count=MIN_COUNT)
    truth = labels.encode(marks.codes)[test]

    def reached(name: str, codes: Marks) -> float:
        examples = Examples(found.values, found.rows, labels.encode(codes.codes), np.ones(len(marks)))
        learned = learn(find_strategy(name), labels, examples.select(train), examples.select(validation), seed=seed)
        return macro_average_precision(learned.scores(examples.select(test)), truth).value

    scores = {name: reached(name, damaged) for name in TREATMENTS}
    return {**scores, "nothing hidden": reached(BASELINE, marks)}


def interval(values: list[float]) -> dict[str, float]:
    """Return the mean over seeds and half the width of its 95 % interval."""
    spread = STUDENT[len(values)] * float(np.std(values, ddof=1)) / len(values) ** 0.5
    return {"mean": round(float(np.mean(values)), 4), "half": round(spread, 4)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("findings", "treatment"))
    parser.add_argument("--marks", type=Path, default=ROOT / "work/starter/register", help="folder with marks.csv")
    parser.add_argument("--work", type=Path, default=ROOT / "work/label_errors", help="folder for features")
    options = parser.parse_args()
    table = read_marks(options.marks / "marks.csv", skip_bad=True)
    marks = table.select([at for at, part in enumerate(table.splits) if part in {"validation", "test"}])
    marks = replace(marks, splits=("",) * len(marks))
    bundle = open_bundle()
    trunk = read_trunk(bundle.graph, backbone="starter")
    found = extract_features([options.marks / image for image in marks.images], trunk, cache=options.work)
    rows: list[dict[str, float]] = []
    for seed in range(SEEDS):
        rows.append({"findings": findings, "treatment": treatment}[options.what](marks, found, seed))
        print(seed, {name: round(value, 4) for name, value in rows[-1].items()}, flush=True)
    write(options.what, len(marks), rows)


def write(what: str, marks: int, rows: list[dict[str, float]]) -> None:
    result: dict[str, Any] = {name: interval([row[name] for row in rows]) for name in rows[0]}
    if what == "treatment":
        result["against as-is"] = {
            name: interval([row[name] - row[BASELINE] for row in rows]) for name in rows[0] if name != BASELINE
        }
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    kept[what] = {"marks": marks, "hidden": HIDDEN, "seeds": len(rows), **result}
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
