"""The question, answered by measurement: its recipe beside viennatag's `auto`, every strategy, and peers.

    python benchmarks/question/run.py            (needs `make artwork` and ../shared; resumable, 5 seeds)

All start from the same pretrained network, see the same images of three rendered collections (see drawn.py), and are
judged on the same test marks. Figures are means over the seeds; intervals draw seeds and test marks again, together,
and hold for all methods at once. Results: benchmarks/results/question.json, question.md.

Peers: a linear probe of scikit-learn (logistic regression for each label, on standardised features, its defaults);
the asymmetric loss with the exponents, margin and threshold that its authors used for COCO (Ridnik 2021: 0, 4, 0.05,
0.8); the distribution-balanced loss with class-aware sampling and its authors' constants for COCO (Wu 2020). The last
two learn on the same features and by the same trainer as viennatag's own strategies.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from drawn import ROOT, draw, draw_more
from numpy.typing import NDArray
from recipe import Recipe, follow
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from viennatag.data.marks import PARTS
from viennatag.evaluation.comparison import FIGURES, ROUNDS, Comparison, Row, Samples, contrast, crown
from viennatag.images.decoding import read_image
from viennatag.losses.losses import Asymmetric, DistributionBalanced
from viennatag.metrics.figures import frequency_bands
from viennatag.sampling.sampling import ClassAware
from viennatag.thresholds.decision_rules import OneThreshold
from viennatag.training.backbones.backbone import load_trunk
from viennatag.training.data.collection import TEST, TRAIN, Collection, add_marks, collect
from viennatag.training.heads.trainer import Examples, Schedule
from viennatag.training.selection.comparison_run import Contest, Decided, learn_on
from viennatag.training.selection.strategy_search import choose
from viennatag.training.strategies import BASELINE, PRIOR, STRATEGIES, Strategy

BACKBONE = f"local-dir:{ROOT.parent / 'shared/backbones/mobilenetv2_100'}"
SIDE = 96
RESULTS = ROOT / "benchmarks/results"
MIN_COUNT = 5
BUDGET = 3600.0  # so much that no choice depends on how busy the machine is
PEERS = (
    Strategy(
        "asymmetric-published",
        "asymmetric loss, its paper's constants and threshold (Ridnik 2021)",
        loss=Asymmetric(0.0, 4.0, 0.05),
        decision=OneThreshold(0.8),
    ),
    Strategy(
        "balanced-published",
        "distribution-balanced loss and class-aware sampling, its paper's constants (Wu 2020)",
        loss=DistributionBalanced(),
        sampling=ClassAware(),
        decision=OneThreshold(0.5),
    ),
)
QUESTION, PROBE, AUTO, MORE = "question", "scikit-learn", "auto", "more-data"
SAID = {
    QUESTION: "the recipe of the question",
    PROBE: "logistic regression for each label, threshold 0.5",
    AUTO: "chosen by validation, or a blend",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=ROOT / "work/question", help="folder for images and what is kept")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", choices=("methods", "question"), help="fill the cache with a part, write no results")
    parser.add_argument("--collection", help="with --only: of this collection only")
    options = parser.parse_args()
    trunk = load_trunk(BACKBONE, cache=options.work, size=SIDE)
    found: dict[str, Any] = {}
    for name, (marks, folder) in draw(options.work).items():
        if options.only and options.collection not in (None, name):
            continue
        collection = collect(marks, folder, trunk, cache=options.work, skip_bad=True)
        contest = Contest.of(collection, MIN_COUNT, ROUNDS, Schedule())
        methods = {
            **{each.name: _strategy(contest, each, options.work) for each in (*_applicable(), *PEERS)},
            AUTO: _auto(contest, options.work),
            PROBE: _probe(contest, options.work),
            QUESTION: _question(contest, folder, options.work),
        }
        if further := draw_more(options.work, name, collection):
            more = add_marks(collection, *further, trunk, cache=options.work, skip_bad=True)
            methods[MORE] = _more_data(contest, more, options.work)
        samples: dict[str, Samples] = {PRIOR: contest.prior_samples()[None]}
        for method, run in methods.items():
            if options.only and (options.only == "question") != (method == QUESTION):
                continue
            seeds = 1 if method == PROBE else options.seeds  # logistic regression has no randomness
            samples[method] = np.stack([_said(name, method, seed, run) for seed in range(seeds)])
        if not options.only:
            found[name] = _compared(contest, samples, options.seeds)
    if found:
        text = json.dumps({name: each.to_json() for name, each in found.items()}, indent=1)
        (RESULTS / "question.json").write_text(text + "\n", encoding="utf-8")
        (RESULTS / "question.md").write_text(_page(found), encoding="utf-8")
        print(_page(found))


def _applicable() -> list[Strategy]:
    return [each for each in STRATEGIES.values() if not each.until and not each.reads_maps]


def _said(collection: str, method: str, seed: int, run: Callable[[int], NDArray[np.float64]]) -> NDArray[np.float64]:
    found = run(seed)
    print(f"{collection}, {method}, seed {seed}: macro mAP {found[0, 0]:.3f}", file=sys.stderr, flush=True)
    return found


def _strategy(contest: Contest, strategy: Strategy, cache: Path) -> Callable[[int], NDArray[np.float64]]:
    return lambda seed: contest.result(strategy, seed, cache).samples


def _more_data(contest: Contest, more: Collection, cache: Path) -> Callable[[int], NDArray[np.float64]]:
    """Return what learns from further marks too, and is judged like the others."""

    def run(seed: int) -> Decided:
        return contest.projected(*learn_on(more, STRATEGIES[MORE], min_count=MIN_COUNT, seed=seed))

    return lambda seed: contest.kept((MORE, seed, more.digest), lambda: run(seed), cache).samples


def _auto(contest: Contest, cache: Path) -> Callable[[int], NDArray[np.float64]]:
    def run(seed: int) -> Decided:
        chosen = choose(contest.collection, min_count=MIN_COUNT, budget=BUDGET, seed=seed)
        print(f"chosen: {chosen.name}", file=sys.stderr)
        scores = chosen.learned.scores(contest.judged)
        return scores, chosen.learned.rule(scores)

    tried = tuple(name for name, each in STRATEGIES.items() if not each.reads_maps)
    return lambda seed: contest.kept((AUTO, seed, tried), lambda: run(seed), cache).samples


def _probe(contest: Contest, cache: Path) -> Callable[[int], NDArray[np.float64]]:
    def run() -> Decided:
        train = contest.collection.examples(contest.labels, TRAIN)
        scaler = StandardScaler().fit(_dense(train))
        seen, judged = scaler.transform(_dense(train)), scaler.transform(_dense(contest.judged))
        targets = train.targets.toarray()
        scores = np.stack(
            [LogisticRegression(max_iter=1000).fit(seen, column).predict_proba(judged)[:, 1] for column in targets.T],
            axis=1,
        )
        return scores, scores >= 0.5

    return lambda _: contest.kept(PROBE, run, cache).samples


def _dense(examples: Examples) -> NDArray[np.float64]:
    return np.asarray(examples.features[examples.rows], dtype=np.float64)


def _question(contest: Contest, images: Path, cache: Path) -> Callable[[int], NDArray[np.float64]]:
    collection, recipe = contest.collection, Recipe()

    def run(seed: int) -> Decided:
        own = np.flatnonzero(collection.parts != TEST)
        targets = contest.labels.encode(collection.marks.select(own).codes).toarray()
        test = np.flatnonzero(collection.parts == TEST)
        scores = follow(recipe, BACKBONE, _pixels(collection, own, images), targets,
                        _pixels(collection, test, images), seed=seed)  # fmt: skip
        return scores, scores >= recipe.threshold

    return lambda seed: contest.kept((recipe, seed), lambda: run(seed), cache).samples


def _pixels(collection: Collection, rows: NDArray[np.intp], images: Path) -> NDArray[np.uint8]:
    return np.stack([read_image(images / collection.marks.images[at], SIDE) for at in rows])


def _compared(contest: Contest, samples: dict[str, Samples], seeds: int) -> Comparison:
    contrasts = contrast(samples, baseline=BASELINE)
    said = {each.name: (each.description, each.reply) for each in (*STRATEGIES.values(), *PEERS)}
    said |= {name: (text, 0) for name, text in SAID.items()}
    said[PRIOR] = ("the label frequencies of the training part, for every mark", 0)
    present = contest.judged.counts() > 0
    return Comparison(
        rows=crown(tuple(Row(name, *said[name], 0.0, contrasts[name]) for name in samples)),
        baseline=BASELINE,
        seeds=seeds,
        rounds=ROUNDS,
        marks={part: int(np.count_nonzero(contest.collection.parts == at)) for at, part in enumerate(PARTS)},
        labels={name: int(np.sum(inside & present)) for name, inside in frequency_bands(contest.counts).items()},
        left_out=int(np.sum(~present)),
        omitted={} if MORE in samples else {MORE: "there are no further marks"},
        reused=0,
    )


def _page(found: dict[str, Comparison]) -> str:
    lines = [
        "# The question's recipe, viennatag and peers",
        "",
        f"`python benchmarks/question/run.py`, {os.cpu_count()} cores. In points of 100: value [95 % interval], and",
        "the difference from `as-is` (plain BCE) where it is beyond noise.",
        "",
    ]
    for name, comparison in found.items():
        labels = ", ".join(f"{count} {band}" for band, count in comparison.labels.items())
        marks = ", ".join(f"{count:,} {part}" for part, count in comparison.marks.items())
        figures = [FIGURES[at] for at in (0, 1, 2, 3, 4, 5)]
        lines += [f"## {name}", "", f"Marks: {marks}. Labels: {labels}. {comparison.seeds} seeds.", ""]
        lines += ["| method | " + " | ".join(figures) + " |", "|---" * (1 + len(figures)) + "|"]
        for row in sorted(comparison.rows, key=lambda each: -each.figures[FIGURES[0]].value):
            lines.append(f"| {row.name} | " + " | ".join(_cell(row, figure) for figure in figures) + " |")
        lines.append("")
    return "\n".join(lines)


def _cell(row: Row, figure: str) -> str:
    each = row.figures[figure]
    if np.isnan(each.value):
        return "-"
    text = f"{100 * each.value:.1f} [{100 * each.low:.1f}, {100 * each.high:.1f}]"
    return text if each.verdict not in {"better", "worse"} else f"{text} {100 * each.difference:+.1f}"


if __name__ == "__main__":
    main()
