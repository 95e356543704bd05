"""Evaluate a bundle on registered marks of Japan and Kenya, labelled by hand; see shared/real_marks/README.md.

    python benchmarks/real_marks.py [BUNDLE] [--folds FOLDER] [-o results.json]

BUNDLE must not have learned from these marks. With `--folds`, FOLDER holds the bundles `fold-0` to `fold-4`; each was
trained without the marks of its fold and is evaluated on that fold, and the figures are of all folds together.

An entry of a mark is a set of equally good codes. A code hits an entry if it equals one of them or is an ancestor of
one. Prints, by register and for all marks, with 95 % bootstrap intervals over marks:

- hit@1, hit@3 and hit@10 at three levels, on marks with something pictured;
- default answers on the same marks: share of the pictorial suggestions that hit an entry (`precision`), share of marks
  with one that does (`helped`), share of marks without any (`silent`), share of entries equalled by one (`recall`);
- over-tagging: share of plain words and of abstract marks that are given a pictorial suggestion;
- calibration of pictorial sections, divisions and categories: expected calibration error.

Codes of categories 25 to 29 count neither as right nor as wrong.
"""

import argparse
import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from real_logos import HITS_AT, rank
from viennatag.metrics.bootstrap import Interval, draw_weights
from viennatag.prediction.predictor import Predictor
from viennatag.vienna.codes import FIRST_FORM_CATEGORY, LEVELS, Code, parse_code

MARKS = Path(__file__).parents[2] / "shared/real_marks"
FOLDS = range(5)


@dataclass(frozen=True)
class RealMark:
    """A registered mark and what it shows.

    Attributes:
        image: Its file.
        register: JP or KE.
        kind: Such as `word+device`; `word` and `abstract` show nothing pictured.
        fold: 0 to 4.
        entries: What it shows; each entry is a set of equally good pictorial codes.
    """

    image: Path
    register: str
    kind: str
    fold: int
    entries: tuple[frozenset[Code], ...]


@dataclass(frozen=True)
class Answer:
    """What a bundle says about a mark.

    Attributes:
        ranked: Pictorial codes of each level, best first.
        suggested: Pictorial codes suggested by default.
        scores: Scores of all pictorial codes.
        codes: These codes, in the same order.
    """

    ranked: list[list[Code]]
    suggested: list[Code]
    scores: NDArray[np.float64]
    codes: list[Code]


def read_real_marks(folder: Path = MARKS) -> list[RealMark]:
    """Return the marks of the table."""
    with (folder / "marks.csv").open(encoding="utf-8") as file:
        return [
            RealMark(
                folder / row["image"],
                row["register"],
                row["kind"],
                int(row["fold"]),
                tuple(
                    frozenset(map(parse_code, entry.split("|")))
                    for entry in row["figurative"].split(";")
                    if entry.strip()
                ),
            )
            for row in csv.DictReader(file)
        ]


def answer(predictor: Predictor, mark: RealMark) -> Answer:
    """Return what a bundle says about a mark."""
    scores = predictor.score_image(mark.image)
    codes = list(map(parse_code, predictor.bundle.labels.names))
    kept = [at for at, code in enumerate(codes) if code.category < FIRST_FORM_CATEGORY]
    suggested = [parse_code(each.code) for each in predictor.suggest(scores) if each.above_threshold]
    return Answer(
        rank(scores, codes),
        [code for code in suggested if code.category < FIRST_FORM_CATEGORY],
        scores[kept],
        [codes[at] for at in kept],
    )


def closure(entries: tuple[frozenset[Code], ...]) -> set[Code]:
    """Return the codes of all entries, with their ancestors."""
    return {node for entry in entries for code in entry for node in code.path}


def metrics(marks: list[RealMark], answers: list[Answer]) -> dict[str, Interval]:
    """Return every metric of the marks with its interval."""
    weights = draw_weights(len(marks), rounds=1000)
    truth = [closure(mark.entries) for mark in marks]
    pictured = np.array([bool(mark.entries) for mark in marks])
    found: dict[str, Interval] = {}

    def share(name: str, counted: Sequence[float], total: Sequence[float]) -> None:
        totals = weights @ np.array(total, dtype=float)
        found[name] = Interval.of(weights @ np.array(counted, dtype=float) / np.where(totals > 0, totals, np.nan))

    for depth, level in enumerate(LEVELS):
        wanted = [{code for code in each if code.level == level} for each in truth]
        for k in HITS_AT:
            hits = [bool(want & set(each.ranked[depth][:k])) for want, each in zip(wanted, answers, strict=True)]
            share(f"{level} hit@{k}", hits, [bool(want) for want in wanted])
    right = [len(want & set(each.suggested)) for want, each in zip(truth, answers, strict=True)]
    made = [len(each.suggested) for each in answers]
    share(
        "precision",
        [n * p for n, p in zip(right, pictured, strict=True)],
        [n * p for n, p in zip(made, pictured, strict=True)],
    )
    share("helped", [n > 0 for n in right], list(pictured))
    share("silent", [not n and p for n, p in zip(made, pictured, strict=True)], list(pictured))
    recalled = [
        sum(bool(entry & set(each.suggested)) for entry in mark.entries)
        for mark, each in zip(marks, answers, strict=True)
    ]
    share("recall", recalled, [len(mark.entries) for mark in marks])
    for kind in ("word", "abstract"):
        of_kind = [mark.kind == kind for mark in marks]
        share(f"over-tagged {kind}", [n > 0 and p for n, p in zip(made, of_kind, strict=True)], of_kind)
    return found


def calibration_errors(marks: list[RealMark], answers: list[Answer], bins: int = 10) -> dict[str, float]:
    """Return the expected calibration error of the ten highest scores of each mark, by level."""
    errors: dict[str, float] = {}
    for level in LEVELS:
        scores, right = list[float](), list[bool]()
        for mark, each in zip(marks, answers, strict=True):
            want = closure(mark.entries)
            of_level = np.array([at for at, code in enumerate(each.codes) if code.level == level])
            best = of_level[np.argsort(-each.scores[of_level])[:10]]
            scores.extend(each.scores[best])
            right.extend(each.codes[at] in want for at in best)
        order = np.argsort(scores)
        groups = np.array_split(order, bins)
        gaps = [abs(np.mean(np.array(scores)[at]) - np.mean(np.array(right)[at])) * len(at) for at in groups]
        errors[level] = float(sum(gaps) / len(order))
    return errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", nargs="?", default="starter")
    parser.add_argument("--folds", type=Path, help="folder of the bundles fold-0 to fold-4")
    parser.add_argument("-o", "--out", type=Path, help="write the figures to this JSON file")
    options = parser.parse_args()
    marks = read_real_marks()
    if options.folds:
        marks = [mark for fold in FOLDS for mark in marks if mark.fold == fold]
        predictors = {fold: Predictor.load(options.folds / f"fold-{fold}") for fold in FOLDS}
    else:
        predictors = dict.fromkeys(FOLDS, Predictor.load(options.bundle))
    answers = [answer(predictors[mark.fold], mark) for mark in marks]
    figures: dict[str, dict[str, object]] = {}
    for register in ("JP", "KE", "all"):
        rows = [at for at, mark in enumerate(marks) if register in {mark.register, "all"}]
        some, said = [marks[at] for at in rows], [answers[at] for at in rows]
        found = metrics(some, said)
        figures[register] = {
            "marks": len(some),
            "pictured": sum(bool(mark.entries) for mark in some),
            **{name: [each.value, each.low, each.high] for name, each in found.items()},
            "calibration error": calibration_errors(some, said),
        }
        print(f"{register}: {len(some)} marks, {figures[register]['pictured']} with something pictured; %")
        for name, each in found.items():
            print(f"  {name:<20} {100 * each.value:5.1f}  ({100 * each.low:.1f} to {100 * each.high:.1f})")
        for level, error in calibration_errors(some, said).items():
            print(f"  {'calibration ' + level:<20} {100 * error:5.1f}")
    if options.out:
        options.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
