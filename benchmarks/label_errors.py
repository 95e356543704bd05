"""Hide 30 % of the codes of synthetic marks, and measure how many are found as label issues, and what training gains.

    python benchmarks/label_errors.py findings
    python benchmarks/label_errors.py heads
    python benchmarks/label_errors.py treatment

4,800 marks with the codes of real EU marks are drawn with `viennatag render` (needs `make artwork`; an existing folder
is used as it is). Their features come from a MobileNetV2 pretrained on ImageNet, which has seen no code. Each of 5
seeds hides other codes; a mark that loses all its codes is dropped. `findings` also adds one wrong code to 6 % of the
marks, drawn by frequency, and reports the precision of the first label issues of `viennatag inspect --model`, beside
chance, label frequency, and cleanlab on the labels with 50 marks or more. `heads` reports it for other heads.
`treatment` trains a head on the incomplete labels with each strategy and tests it on the full codes of the test
subset, whose packs are in no training mark. Results: benchmarks/results/label_errors.json.
"""

import argparse
import json
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from viennatag.data.labels import LabelSet
from viennatag.data.marks import SUBSETS, Marks, read_marks
from viennatag.evaluation.label_issues import misplaced, rank_label_issues
from viennatag.metrics.metrics import macro_average_precision
from viennatag.training.backbones.backbone import load_timm_backbone
from viennatag.training.data.examples import Examples
from viennatag.training.data.features import Features, extract_features
from viennatag.training.data.held_out import HeldOut
from viennatag.training.heads.heads import Cosine, Ensemble, Neighbours
from viennatag.training.selection.cross_fitting import ISSUE_STRATEGY, cross_fit_heads
from viennatag.training.selection.trained_strategy import train_strategy
from viennatag.training.strategies import BASELINE, MIN_COUNT, Strategy, find_strategy

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/label_errors.json"
BACKBONE = f"local-dir:{ROOT.parent / 'shared/backbones/mobilenetv2_100'}"
PROFILE = ROOT.parent / "shared/labels/eu_marks_20k.csv"
SIDE, MARKS = 128, 4_800
HIDDEN, WRONG, SEEDS, FIRST = 0.3, 0.06, 5, 500
FREQUENT = 50
HEADS = (
    *map(find_strategy, ("as-is", "hill", "neighbours")),
    Strategy("cosine and neighbours", "their mean", head=Ensemble((Cosine(), Neighbours()))),
)
"""Other strategies whose heads could score the labels."""
TREATMENTS = (BASELINE, "hill", "splc", "co-occurrence", "positive-unlabelled")
STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}
"""Two-sided 95 % of Student's t, by the number of values."""


def draw(folder: Path) -> Marks:
    """Return the marks of a folder, drawn first where it is empty."""
    if not (folder / "marks.csv").is_file():
        packs, fonts = (ROOT / "artwork/node_modules" / name for name in ("@iconify-json", "@fontsource"))
        arguments = ["render", "-o", folder, "--artwork", packs, "--fonts", fonts, "--profile", PROFILE]
        arguments += ["--count", MARKS, "--size", SIDE, "--seed", 1]
        arguments += ["--test-packs", "noto,iconoir,streamline-freehand-color"]
        subprocess.run([sys.executable, "-m", "viennatag", *map(str, arguments)], check=True)
    return read_marks(folder / "marks.csv", skip_bad=True)


def damage(marks: Marks, seed: int, *, wrong: float = 0.0) -> tuple[Marks, NDArray[np.intp]]:
    """Return the marks that still have a code after some were hidden and wrong ones added, and which they are."""
    random = np.random.default_rng(seed)
    everything = [code for codes in marks.codes for code in codes]
    rows = []
    for codes in marks.codes:
        kept = {code for code in codes if random.random() >= HIDDEN}
        if random.random() < wrong and (code := everything[random.integers(len(everything))]) not in codes:
            kept.add(code)
        rows.append(tuple(sorted(kept)))
    left = np.flatnonzero([bool(row) for row in rows])
    return replace(marks, codes=tuple(rows)).select(left), left


@dataclass(frozen=True, eq=False)
class Damaged:
    """Marks with hidden and wrong codes, and what is true of them.

    Attributes:
        marks: The marks as they are found.
        labels: The labels with enough marks.
        given: What the marks carry, shape (marks, labels).
        truth: What they should carry, same shape.
        left: Which of all marks they are.
        seed: Of the damage.
    """

    marks: Marks
    labels: LabelSet
    given: NDArray[np.bool_]
    truth: NDArray[np.bool_]
    left: NDArray[np.intp]
    seed: int

    @classmethod
    def of(cls, marks: Marks, seed: int) -> "Damaged":
        """Return marks of which some codes are hidden and some wrong."""
        damaged, left = damage(replace(marks, splits=("",) * len(marks)), seed, wrong=WRONG)
        labels = LabelSet.from_marks(damaged, min_count=MIN_COUNT)
        given, truth = (labels.encode(each.codes).toarray() for each in (damaged, marks.select(left)))
        return cls(damaged, labels, given, truth, left, seed)

    def scores(self, found: Features, strategy: Strategy) -> NDArray[np.float32]:
        """Return cross-fitted scores, shape (marks, labels)."""
        return cross_fit_heads(
            self.marks,
            self.labels,
            found.values,
            found.rows[self.left],
            hashes=found.hashes[self.left],
            strategy=strategy,
            seed=self.seed,
        ).to_array()

    def precisions(self, scores: NDArray[Any], name: str) -> dict[str, float]:
        """Return the precision of the first label issues of each kind."""

        def hits(limit: int, kind: str, level: str = "") -> list[bool]:
            return [
                bool(self.truth[each.row, self.labels.index[each.label]]) == (kind == "missing")
                for each in rank_label_issues(self.marks, self.labels, scores, limit=limit)
                if each.kind == kind and level in {"", self.labels.levels[self.labels.index[each.label]]}
            ]

        missing, wrong = hits(FIRST, "missing"), hits(FIRST, "wrong")
        return {
            f"missing, first 500, {name}": float(np.mean(missing)),
            f"missing, first 100, {name}": float(np.mean(missing[:100])),
            f"missing sections, first 500, {name}": float(np.mean(hits(10 * FIRST, "missing", "section")[:FIRST])),
            f"wrong, first 500, {name}": float(np.mean(wrong)),
            f"wrong, first 100, {name}": float(np.mean(wrong[:100])),
        }


def findings(marks: Marks, found: Features, seed: int) -> dict[str, float]:
    damaged = Damaged.of(marks, seed)
    given, truth = damaged.given, damaged.truth
    start = time.perf_counter()
    scores = damaged.scores(found, ISSUE_STRATEGY)
    seconds = time.perf_counter() - start
    sections = damaged.labels.at_level("section")
    often = np.tile(given.mean(axis=0), (len(given), 1))
    full = marks.select(damaged.left).codes
    wrong = sum(len(set(now) - set(before)) for now, before in zip(damaged.marks.codes, full, strict=True))
    return {
        **damaged.precisions(scores, "viennatag"),
        "missing, first 500, most frequent": first(often, ~given, truth),
        "missing sections, first 500, most frequent": first(
            often[:, sections], ~given[:, sections], truth[:, sections]
        ),
        "missing, by chance": float(truth[~given].mean()),
        "missing sections, by chance": float(truth[:, sections][~given[:, sections]].mean()),
        "wrong, first 500, rarest": first(-often, given, ~truth),
        "wrong, by chance": wrong / sum(map(len, damaged.marks.codes)),
        "wrong codes in total": wrong,
        **beside_cleanlab(scores, given, truth),
        "seconds": seconds,
    }


def heads(marks: Marks, found: Features, seed: int) -> dict[str, float]:
    damaged = Damaged.of(marks, seed)
    figures: dict[str, float] = {}
    for head in HEADS:
        figures |= damaged.precisions(damaged.scores(found, head), head.name)
    return figures


def first(certainty: NDArray[np.floating[Any]], among: NDArray[np.bool_], right: NDArray[np.bool_]) -> float:
    """Return the share of right ones among the 500 most certain of some pairs of mark and label."""
    order = np.argsort(-np.where(among, certainty, -np.inf), axis=None, kind="stable")[:FIRST]
    return float(right.ravel()[order].mean())


def beside_cleanlab(
    scores: NDArray[np.float32], given: NDArray[np.bool_], truth: NDArray[np.bool_]
) -> dict[str, float]:
    """Return the precision of the first 500 among frequent labels, any level: ours, and cleanlab's on the same scores.

    cleanlab knows no tree, so here an ancestor counts besides its descendant.
    """
    from cleanlab.multilabel_classification.filter import find_multilabel_issues_per_class
    from cleanlab.multilabel_classification.rank import get_label_quality_scores_per_class

    often = np.flatnonzero(given.sum(axis=0) >= FREQUENT)
    scores, given, truth = scores[:, often].astype(np.float64), given[:, often], truth[:, often]
    rows = [np.flatnonzero(row).tolist() for row in given]
    marked = csr_array(given)
    carried = marked.astype(np.float64)
    carried.data = scores[given]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flagged = np.asarray(find_multilabel_issues_per_class(rows, scores, filter_by="confident_learning", n_jobs=1))
        quality = np.asarray(get_label_quality_scores_per_class(rows, scores, adjust_pred_probs=True))

    return {
        "frequent labels": len(often),
        "frequent missing, viennatag": first(scores, ~given, truth),
        "frequent missing, cleanlab's quality": first(1 - quality, ~given, truth),
        "frequent missing, all that cleanlab flags": float(truth[flagged & ~given].mean()),
        "frequent missing, flagged by cleanlab": int((flagged & ~given).sum()),
        "frequent wrong, viennatag": first(misplaced(scores, carried, marked).toarray(), given, ~truth),
        "frequent wrong, cleanlab's quality": first(1 - quality, given, ~truth),
        "frequent wrong, all that cleanlab flags": float((~truth)[flagged & given].mean()),
        "frequent wrong, flagged by cleanlab": int((flagged & given).sum()),
    }


def treatment(marks: Marks, found: Features, seed: int) -> dict[str, float]:
    subsets = np.array([SUBSETS.index(split) for split in marks.splits])
    train, validation, test = (np.flatnonzero(subsets == at) for at in range(len(SUBSETS)))
    incomplete, left = damage(marks, seed)

    def reached(name: str, codes: Marks, which: NDArray[np.intp], labels: LabelSet) -> float:
        examples = Examples(found.values, found.rows[which], labels.encode(codes.codes), np.ones(len(which)))
        learning, stopping = (examples.select(np.flatnonzero(np.isin(which, rows))) for rows in (train, validation))
        stopped = HeldOut.of_examples(stopping)
        trained = train_strategy(find_strategy(name), labels, learning, stopping, stopped, seed=seed)
        truth = labels.encode(marks.select(test).codes)
        tested = Examples(found.values, found.rows[test], truth, np.ones(len(test)))
        return macro_average_precision(trained.scores(HeldOut.of_examples(tested)), truth).value

    train_marks = incomplete.select(np.flatnonzero(np.isin(left, train)))
    labels = LabelSet.from_marks(train_marks, min_count=MIN_COUNT)
    scores = {name: reached(name, incomplete, left, labels) for name in TREATMENTS}
    return {**scores, "nothing hidden": reached(BASELINE, marks, np.arange(len(marks)), labels)}


STAGES = {"findings": findings, "heads": heads, "treatment": treatment}


def interval(values: list[float]) -> dict[str, float]:
    """Return the mean over seeds and half the width of its 95 % interval."""
    spread = STUDENT[len(values)] * float(np.std(values, ddof=1)) / len(values) ** 0.5
    return {"mean": round(float(np.mean(values)), 4), "half": round(spread, 4)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=tuple(STAGES))
    parser.add_argument("--work", type=Path, default=ROOT / "work/label_errors", help="folder for marks and features")
    options = parser.parse_args()
    marks = draw(options.work / "register")
    backbone = load_timm_backbone(BACKBONE, cache=options.work, size=SIDE)
    paths = [options.work / "register" / image for image in marks.images]
    found = extract_features(paths, backbone, cache=options.work)
    rows: list[dict[str, float]] = []
    for seed in range(SEEDS):
        rows.append(STAGES[options.what](marks, found, seed))
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
