"""Answer the question by measurement: its recipe against viennatag's `auto`, every strategy, and published methods.

    python benchmarks/question/run.py            (needs `make artwork` and ../shared; resumable, 5 seeds)

All start from the same pretrained network, are trained on the same images of three synthetic collections (see
drawn.py), and are tested on the same marks. Figures are means over the seeds; intervals resample seeds and test marks
together and hold for all methods at once. Results: benchmarks/results/question.json, question.md.

Published methods: a linear probe of scikit-learn (logistic regression per label on standardised features, its
defaults); the asymmetric loss with its authors' exponents, margin and threshold for COCO (Ridnik 2021: 0, 4, 0.05,
0.8); the distribution-balanced loss with class-aware sampling and its authors' constants for COCO (Wu 2020). The last
two are trained on the same features by the same trainer as viennatag's strategies.
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
from recipe import AS_RECORDED, follow
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from viennatag.data.marks import SUBSETS
from viennatag.evaluation.comparison import METRICS, ROUNDS, Comparison, ComparisonRow, Samples, contrast, mark_best
from viennatag.images.reading import read_image
from viennatag.losses.losses import Asymmetric, DistributionBalanced
from viennatag.metrics.metrics import frequency_bands
from viennatag.sampling.sampling import ClassAware
from viennatag.thresholds.decision_rules import OneThreshold
from viennatag.training.backbones.backbone import load_timm_backbone
from viennatag.training.data.collection import TEST, TRAIN, Collection, add_extra_marks, collect
from viennatag.training.data.examples import Examples
from viennatag.training.heads.trainer import Schedule
from viennatag.training.selection.comparison_run import ComparisonRun, Scored, train_on
from viennatag.training.selection.strategy_search import search_strategies
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
        decision_rule=OneThreshold(0.8),
    ),
    Strategy(
        "balanced-published",
        "distribution-balanced loss and class-aware sampling, its paper's constants (Wu 2020)",
        loss=DistributionBalanced(),
        sampling=ClassAware(),
        decision_rule=OneThreshold(0.5),
    ),
)
QUESTION, PROBE, AUTO, EXTRA = "question", "scikit-learn", "auto", "more-data"
DESCRIPTIONS = {
    QUESTION: "the recipe of the question",
    PROBE: "logistic regression for each label, threshold 0.5",
    AUTO: "chosen by validation, or a blend",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=ROOT / "work/question", help="folder for images and what is kept")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", choices=("methods", "question"), help="fill the cache with some results, write none")
    parser.add_argument("--collection", help="with --only: of this collection only")
    options = parser.parse_args()
    backbone = load_timm_backbone(BACKBONE, cache=options.work, size=SIDE)
    found: dict[str, Any] = {}
    for name, (marks, folder) in draw(options.work).items():
        if options.only and options.collection not in (None, name):
            continue
        collection = collect(marks, folder, backbone, cache=options.work, skip_bad=True)
        contest = ComparisonRun.of(collection, MIN_COUNT, ROUNDS, Schedule())
        methods = {
            **{each.name: _strategy(contest, each, options.work) for each in (*_applicable(), *PEERS)},
            AUTO: _auto(contest, options.work),
            PROBE: _probe(contest, options.work),
            QUESTION: _question(contest, folder, options.work),
        }
        if further := draw_more(options.work, name, collection):
            more = add_extra_marks(collection, *further, backbone, cache=options.work, skip_bad=True)
            methods[EXTRA] = _more_data(contest, more, options.work)
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
    return [each for each in STRATEGIES.values() if not each.target_count and not each.reads_feature_maps]


def _said(collection: str, method: str, seed: int, run: Callable[[int], NDArray[np.float64]]) -> NDArray[np.float64]:
    found = run(seed)
    print(f"{collection}, {method}, seed {seed}: macro mAP {found[0, 0]:.3f}", file=sys.stderr, flush=True)
    return found


def _strategy(contest: ComparisonRun, strategy: Strategy, cache: Path) -> Callable[[int], NDArray[np.float64]]:
    return lambda seed: contest.result(strategy, seed, cache).samples


def _more_data(contest: ComparisonRun, more: Collection, cache: Path) -> Callable[[int], NDArray[np.float64]]:
    """Return the metrics of training on extra marks too."""

    def run(seed: int) -> Scored:
        return contest.projected(*train_on(more, STRATEGIES[EXTRA], min_count=MIN_COUNT, seed=seed))

    return lambda seed: contest.kept((EXTRA, seed, more.digest), lambda: run(seed), cache).samples


def _auto(contest: ComparisonRun, cache: Path) -> Callable[[int], NDArray[np.float64]]:
    def run(seed: int) -> Scored:
        chosen = search_strategies(contest.collection, budget=BUDGET, seed=seed)
        print(f"chosen: {chosen.name}", file=sys.stderr)
        scores = chosen.trained.scores(contest.held_out)
        return scores, chosen.trained.postprocessor.decide(scores)

    tried = tuple(name for name, each in STRATEGIES.items() if not each.reads_feature_maps)
    return lambda seed: contest.kept((AUTO, seed, tried), lambda: run(seed), cache).samples


def _probe(contest: ComparisonRun, cache: Path) -> Callable[[int], NDArray[np.float64]]:
    def run() -> Scored:
        train = contest.collection.examples(contest.labels, TRAIN)
        scaler = StandardScaler().fit(_dense(train))
        seen, tested = scaler.transform(_dense(train)), scaler.transform(_dense(contest.evaluated))
        targets = train.targets.toarray()
        scores = np.stack(
            [LogisticRegression(max_iter=1000).fit(seen, column).predict_proba(tested)[:, 1] for column in targets.T],
            axis=1,
        )
        return scores, scores >= 0.5

    return lambda _: contest.kept(PROBE, run, cache).samples


def _dense(examples: Examples) -> NDArray[np.float64]:
    return np.asarray(examples.features[examples.rows], dtype=np.float64)


def _question(contest: ComparisonRun, images: Path, cache: Path) -> Callable[[int], NDArray[np.float64]]:
    collection, recipe = contest.collection, AS_RECORDED

    def run(seed: int) -> Scored:
        own = np.flatnonzero(collection.subsets != TEST)
        targets = contest.labels.encode(collection.marks.select(own).codes).toarray()
        test = np.flatnonzero(collection.subsets == TEST)
        scores = follow(recipe, BACKBONE, _pixels(collection, own, images), targets,
                        _pixels(collection, test, images), seed=seed)  # fmt: skip
        return scores, scores >= recipe.threshold

    return lambda seed: contest.kept((recipe, seed), lambda: run(seed), cache).samples


def _pixels(collection: Collection, rows: NDArray[np.intp], images: Path) -> NDArray[np.uint8]:
    return np.stack([read_image(images / collection.marks.images[at], SIDE) for at in rows])


def _compared(contest: ComparisonRun, samples: dict[str, Samples], seeds: int) -> Comparison:
    contrasts = contrast(samples, baseline=BASELINE)
    descriptions = {each.name: (each.description, each.reply) for each in (*STRATEGIES.values(), *PEERS)}
    descriptions |= {name: (text, 0) for name, text in DESCRIPTIONS.items()}
    descriptions[PRIOR] = ("the label frequencies of the training subset, for every mark", 0)
    present = contest.evaluated.counts() > 0
    return Comparison(
        rows=mark_best(tuple(ComparisonRow(name, *descriptions[name], 0.0, contrasts[name]) for name in samples)),
        baseline=BASELINE,
        seeds=seeds,
        rounds=ROUNDS,
        marks={name: int(np.count_nonzero(contest.collection.subsets == at)) for at, name in enumerate(SUBSETS)},
        labels={name: int(np.sum(inside & present)) for name, inside in frequency_bands(contest.counts).items()},
        left_out=int(np.sum(~present)),
        omitted={} if EXTRA in samples else {EXTRA: "there are no extra marks"},
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
        marks = ", ".join(f"{count:,} {subset}" for subset, count in comparison.marks.items())
        figures = [METRICS[at] for at in (0, 1, 2, 3, 4, 5)]
        lines += [f"## {name}", "", f"Marks: {marks}. Labels: {labels}. {comparison.seeds} seeds.", ""]
        lines += ["| method | " + " | ".join(figures) + " |", "|---" * (1 + len(figures)) + "|"]
        for row in sorted(comparison.rows, key=lambda each: -each.metrics[METRICS[0]].value):
            lines.append(f"| {row.name} | " + " | ".join(_cell(row, figure) for figure in figures) + " |")
        lines.append("")
    return "\n".join(lines)


def _cell(row: ComparisonRow, figure: str) -> str:
    each = row.metrics[figure]
    if np.isnan(each.value):
        return "-"
    text = f"{100 * each.value:.1f} [{100 * each.low:.1f}, {100 * each.high:.1f}]"
    return text if each.verdict not in {"better", "worse"} else f"{text} {100 * each.difference:+.1f}"


if __name__ == "__main__":
    main()
