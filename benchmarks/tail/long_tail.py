"""Strategies and published losses where the tail has power: at least 30 test images for every label.

    python benchmarks/tail/long_tail.py   (needs ../shared, `make clip-art`, and `make artwork` for words; resumable)

A long-tailed training part is cut out of a larger collection (see cut.py), and every strategy of viennatag learns a
head on the features of the same frozen MobileNetV2, with several seeds; those named `…, all stages` read all stages of
it. scikit-learn's logistic regression for each label has its C chosen on the validation part, for all labels together.
Calibration and thresholds of all methods are fitted alike, on the validation part. Intervals resample seeds and test
images together, and hold for all methods at once; the baseline is plain binary cross-entropy. Results:
benchmarks/results/tail.json.
"""

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from cut import Tail, cut, restricted
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import viennatag
from viennatag.data.marks import SUBSETS, Marks
from viennatag.evaluation.comparison import ROUNDS, Samples, contrast
from viennatag.files import atomic_file
from viennatag.metrics.metrics import frequency_bands, macro_average_precision
from viennatag.training.data.collection import VALIDATION, Collection
from viennatag.training.data.examples import Examples
from viennatag.training.heads.exported import LinearHead
from viennatag.training.heads.trainer import Schedule
from viennatag.training.selection.comparison_run import ComparisonRun, Scored, TrainingResult
from viennatag.training.selection.trained_strategy import as_trained, postprocess
from viennatag.training.strategies import BASELINE, PRIOR, STRATEGIES

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "benchmarks/question")]
from drawings import draw_clip_art  # noqa: E402 - scripts in folders of their own

from real_collections import load, plain_contrast  # noqa: E402
from stage_features import LAST, stage_features  # noqa: E402

RESULTS = ROOT / "benchmarks/results/tail.json"
PROBE = "scikit-learn"
STRENGTHS = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
SHOWN = ("macro_map", "head_map", "medium_map", "tail_map", "macro_f1", "micro_f1")
SIZES = {"corel5k": 192, "clip_art": 160, "fashion": 96, "words": 96}
"""Side of the images of each collection, in pixels."""
STAGED = ("as-is", "linear-and-ridge", "kernel", "few-examples")
"""Strategies that also learn on all stages."""
STAGES = ", all stages"


def marks_of(name: str, work: Path) -> tuple[Marks, Path]:
    """Return a whole collection, its own subsets forgotten, and the folder of its images."""
    if name == "words":
        from drawn import draw_words

        return draw_words(work / name)
    if name == "clip_art":
        return draw_clip_art(work / name, size=SIZES[name])
    task = load(name, work, train=0, size=SIZES[name], test=None)
    return task.marks, task.images


def cut_out(name: str, tail: Tail, work: Path) -> Collection:
    """Return the long-tailed part of a collection, with the features of all stages."""
    marks, images = marks_of(name, work)
    chosen = long_tailed(marks, tail, seed=0)
    paths = [images / image for image in chosen.images]
    features = stage_features(paths, name=f"{name}-cut", size=SIZES[name], work=work)
    subsets = np.array([SUBSETS.index(each) for each in chosen.splits], dtype=np.int8)
    return Collection(chosen, subsets, features, np.arange(len(chosen)))


def last_layer(collection: Collection) -> Collection:
    """Return a collection with the features of the last layer only."""
    return replace(collection, features=np.ascontiguousarray(collection.features[:, :LAST]))


def long_tailed(marks: Marks, tail: Tail, *, seed: int) -> Marks:
    """Return the images of a cut, in their subsets, with the labels that are kept."""
    labels = viennatag.LabelSet.from_marks(marks)
    subsets, kept = cut(labels.encode(marks.codes), tail, seed=seed)
    chosen = np.flatnonzero(subsets != "")
    codes = restricted(marks.codes, [labels.names[at] for at in kept])
    return replace(marks, codes=codes, splits=tuple(subsets.tolist()), groups=("",) * len(marks)).select(chosen)


def probe(run: ComparisonRun) -> Scored:
    """Return scores and decisions of logistic regression on standardised features, C chosen on the validation part."""
    train, validation = (run.collection.examples(run.labels, part) for part in (0, VALIDATION))
    scaler = StandardScaler().fit(_dense(train))
    seen, truth = scaler.transform(_dense(train)), train.targets.toarray()
    best, reached = None, -1.0
    for strength in STRENGTHS:
        fitted = [LogisticRegression(C=strength, max_iter=300).fit(seen, column) for column in truth.T]
        weight = np.concatenate([each.coef_ for each in fitted]) / scaler.scale_
        bias = np.concatenate([each.intercept_ for each in fitted]) - weight @ scaler.mean_
        head = LinearHead(weight.astype(np.float32), bias.astype(np.float32))
        found = macro_average_precision(validation.logits(head), validation.targets).value
        if found > reached:
            best, reached = head, found
    assert best is not None
    made = postprocess(as_trained(best, validation), STRATEGIES[BASELINE], run.labels, validation, run.validation)
    scores = made.scores(run.held_out)
    return scores, made.postprocessor.decide(scores)


def _dense(examples: Examples) -> Any:
    return np.asarray(examples.features[examples.rows], dtype=np.float64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=ROOT / "work/collections", help="folder for what is kept")
    parser.add_argument("--collections", default=",".join(SIZES))
    parser.add_argument("--strategies", help="names separated by commas; by default all that read no maps")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--probe", action=argparse.BooleanOptionalAction, default=True, help="scikit-learn's row, slow")
    options = parser.parse_args()
    tail = Tail()
    found: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    found["cut"] = asdict(tail)
    names = options.strategies.split(",") if options.strategies else [
        each.name for each in STRATEGIES.values() if not each.reads_feature_maps and not each.target_count
    ]  # fmt: skip
    for name in options.collections.split(","):
        collection = cut_out(name, tail, options.work)
        run, staged = (ComparisonRun.of(each, 1, ROUNDS, Schedule()) for each in (last_layer(collection), collection))
        samples: dict[str, Samples] = {PRIOR: run.prior_samples()[None]}
        methods = {each: (run, STRATEGIES[each]) for each in dict.fromkeys([BASELINE, *names])}
        methods |= {f"{each}{STAGES}": (staged, STRATEGIES[each]) for each in STAGED if each in methods}
        for method, (own, strategy) in methods.items():
            reached: list[TrainingResult] = []
            for seed in range(options.seeds):
                reached.append(own.result(replace(strategy, min_count=1), seed, options.work))
                print(f"{name}: {method}, seed {seed}: {reached[-1].samples[0, :4].round(4).tolist()}", flush=True)
            samples[method] = np.stack([each.samples for each in reached])
        if options.probe:
            samples[PROBE] = run.kept((PROBE, STRENGTHS), lambda: probe(run), options.work).samples[None]  # noqa: B023
        contrasts = contrast(samples, baseline=BASELINE)
        tested = run.evaluated.counts()
        found[name] = {
            "size": SIZES[name],
            "seeds": options.seeds,
            "images": {part: int(np.count_nonzero(collection.subsets == at)) for at, part in enumerate(SUBSETS)},
            "labels": {band: int(inside.sum()) for band, inside in frequency_bands(run.counts).items()},
            "test_images_of_a_label": {"least": int(tested.min()), "median": float(np.median(tested))},
            "methods": {
                method: {figure: plain_contrast(each[figure]) for figure in SHOWN} for method, each in contrasts.items()
            },
        }
        with atomic_file(RESULTS) as temporary:
            temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
