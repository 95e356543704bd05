"""The published protocol of corel5k: five words for each image, against twenty years of published results.

    python benchmarks/corel5k.py [--networks work/efficientnet_lite0:224,work/efficientnet_lite1:256]

It needs ../shared; extraction takes about 2 minutes on one core for each network, each row seconds.

All 4,500 images that are not test images are learned from, with all their words, and 499 are judged: mean precision and
recall of the words of the test part, their F1, and N+, the words found at all (Duygulu et al. 2002; Makadia et al.
2008). Features are those of a frozen MobileNetV2, pretrained on ImageNet: its last layer or all stages, of the image or
averaged with its mirror image. `--networks` adds others, of question/lite.py, each with the side of its images: a row
for each of them beside those before it, their logits averaged. The head is the kernel head.

Three decision rules: the five best scores, `macro-5` of viennatag, and the one that promises the best figure of the
protocol itself, see `ProtocolRule`. Calibration and rules are fitted on the 4,500 images, each scored by a head that
did not see it (leave one out); nothing is chosen on test images. Each row also has the mean of nine parts of these
images, judged by rules of the other eight. Intervals resample test images. Results: benchmarks/results/corel5k.json.
"""

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import viennatag
from real_collections import BACKBONE, ROOT, Task, load
from stage_features import LAST, stage_features
from viennatag.calibration.platt import fit_platt
from viennatag.data.labels import LabelSet
from viennatag.files import atomic_file
from viennatag.metrics.metrics import macro_average_precision
from viennatag.metrics.scores import Scores, Targets
from viennatag.thresholds.decision_rules import DecisionRule, find_decision_rule
from viennatag.thresholds.thresholds import Thresholds
from viennatag.training.data.examples import Examples
from viennatag.training.heads.kernel import Kernel
from viennatag.training.heads.trainer import standardise_columns

RESULTS = ROOT / "benchmarks/results/corel5k.json"
WORDS = 5
TEST_IMAGES = 499
PARTS = 9
"""Of the training images, each about as large as the test part."""
PUBLISHED = {"TagProp 2009": (37.0, 160), "2PKNN-ML 2012": (45.0, 191), "CCA-KNN 2015": (46.5, 201)}
ROUNDS = 500


@dataclass(frozen=True)
class ProtocolRule(DecisionRule):
    """The k words of an image that promise the best F1 of mean precision and mean recall in some images.

    As `macro-K`, but for the figure that the protocol counts. In a few hundred images a rare word that is given seldom
    may not be given at all, and then its precision is 0. With q the suggestions of a word to be expected in these
    images, t how many of them are right and c how many images carry it, its precision is about (1 - exp(-q)) t / q,
    its recall t / (c / (1 - exp(-c))), and it is judged with the chance 1 - exp(-c).

    Attributes:
        k: Words of an image.
        images: How many are judged together.
        rounds: Steps of the Frank-Wolfe method, as in `viennatag.thresholds.tuning.macro_gains`.
    """

    k: int = WORDS
    images: int = TEST_IMAGES
    rounds: int = 200

    def _fit(self, scores: Scores, targets: Targets, groups: ArrayLike | None, levels: NDArray[np.intp]) -> Thresholds:
        share = self.images / len(scores)
        carried = share * scores.sum(axis=0) + 1e-6
        judged = -np.expm1(-carried)
        given, right = carried.copy(), share * np.einsum("iw,iw->w", scores, scores)
        best, reached = Thresholds(np.zeros(len(carried)), levels, self.k), -1.0
        for at in range(self.rounds):
            rule = self._step(given, right, carried, judged, levels)
            chosen = rule(scores)
            now, hits = share * chosen.sum(axis=0), share * np.einsum("iw,iw->w", scores, chosen)
            promised = _f1(*_means(now, hits, carried, judged))
            if promised > reached:
                best, reached = rule, promised
            step = 2 / (at + 3)
            given += step * (now - given)
            right += step * (hits - right)
        return best

    def _step(
        self,
        given: NDArray[np.float64],
        right: NDArray[np.float64],
        carried: NDArray[np.float64],
        judged: NDArray[np.float64],
        levels: NDArray[np.intp],
    ) -> Thresholds:
        """Return the rule of the gradient: what one more suggestion of each word gains, as it is right or wrong."""
        precision, recall = _means(given, right, carried, judged)
        of_precision, of_recall = recall**2, precision**2  # of their F1, but for a common factor
        given = np.maximum(given, 1e-3)
        kept = -np.expm1(-given) / given
        for_right = judged * (of_precision * kept + of_recall * judged / carried)
        for_any = judged * of_precision * right * (np.exp(-given) - kept) / given
        return Thresholds(-for_any / for_right, levels, self.k, weights=for_right)


def _means(
    given: NDArray[np.float64], right: NDArray[np.float64], carried: NDArray[np.float64], judged: NDArray[np.float64]
) -> tuple[float, float]:
    """Return the mean precision and the mean recall to be expected of the words that are judged."""
    given = np.maximum(given, 1e-3)
    precision, recall = -np.expm1(-given) * right / given, right * judged / carried
    return float(np.average(precision, weights=judged)), float(np.average(recall, weights=judged))


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / max(precision + recall, 1e-12)


RULES: dict[str, DecisionRule] = {
    f"top-{WORDS}": find_decision_rule(f"top-{WORDS}"),
    f"macro-{WORDS}": find_decision_rule(f"macro-{WORDS}"),
    "protocol": ProtocolRule(),
}


def judged(decided: NDArray[np.bool_], truth: NDArray[np.bool_], *, rounds: int = ROUNDS) -> dict[str, float]:
    """Return precision, recall, F1 and N+ over the words of the test images, with intervals over images."""

    def figures(weights: NDArray[np.float64]) -> tuple[float, float, float, int]:
        right, given, carried = (weights @ each for each in (decided & truth, decided, truth))
        words = carried > 0
        precision = float(np.mean((right / np.maximum(given, 1e-9))[words]))
        recall = float(np.mean(right[words] / carried[words]))
        return precision, recall, _f1(precision, recall), int(np.count_nonzero(right))

    precision, recall, f1, found = figures(np.ones(len(truth)))
    random = np.random.default_rng(0)
    tried = [figures(random.multinomial(len(truth), np.full(len(truth), 1 / len(truth))).astype(float))[2]
             for _ in range(rounds)]  # fmt: skip
    shifted = np.quantile(tried, (0.025, 0.975)) - np.mean(tried) + f1
    return {
        "precision": round(100 * precision, 1),
        "recall": round(100 * recall, 1),
        "f1": round(100 * f1, 1),
        "f1_low": round(100 * float(shifted[0]), 1),
        "f1_high": round(100 * float(shifted[1]), 1),
        "n_plus": found,
    }


@dataclass(frozen=True)
class Words:
    """The collection as the protocol sees it: `truth` of all images, and the positions of those learned and judged."""

    names: LabelSet
    truth: Any
    learned: NDArray[np.intp]
    tested: NDArray[np.intp]

    @classmethod
    def of(cls, task: Task) -> "Words":
        """Return the words of the training images, with which all images are labelled."""
        test = np.array(task.marks.splits) == "test"
        names = LabelSet.from_marks(task.marks.select(np.flatnonzero(~test)), min_count=1)
        known = set(names.names)
        codes = [tuple(word for word in each if word in known) for each in task.marks.codes]
        return cls(names, names.encode(codes), np.flatnonzero(~test), np.flatnonzero(test))


Logits = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Of the images learned from, each by a head without it, and of the test images."""


def fit(words: Words, inputs: NDArray[np.float32], kind: Kernel) -> Logits:
    """Return the logits of a head on these features."""
    rows = words.learned
    mean, scale = standardise_columns(inputs[rows])
    examples = Examples(inputs, rows, words.truth[rows], np.ones(len(rows)))
    head, _, left_out = kind.fit_left_out(examples, mean=mean, scale=scale)
    return left_out, head(inputs[words.tested])


def measure(words: Words, logits: Logits) -> dict[str, Any]:
    """Return what logits reach with each decision rule, on the test images and on parts of the others."""
    targets, held = words.truth[words.learned], words.truth[words.tested]
    alike = targets.shape[0]  # one calibration for all words: on held-out training images better than one for each
    calibration = fit_platt(logits[0], targets, groups=words.names.groups, min_positives=alike)
    left_out, scores = calibration(logits[0]), calibration(logits[1])
    found: dict[str, Any] = {"macro_map": round(100 * macro_average_precision(scores, held).value, 1)}
    parts = np.array_split(np.random.default_rng(0).permutation(alike), PARTS)
    for name, rule in RULES.items():
        found[name] = judged(rule.fit(left_out, targets)(scores), held.toarray() > 0)
        found[name] |= _on_parts(rule, left_out, targets, parts)
    return found


def _on_parts(
    rule: DecisionRule, scores: NDArray[np.float64], targets: Any, parts: Sequence[NDArray[np.intp]]
) -> dict[str, float]:
    """Return the means over parts of the training images, each judged by a rule of the others."""
    reached = []
    for part in parts:
        others = np.setdiff1d(np.arange(len(scores)), part)
        decided = rule.fit(scores[others], targets[others])(scores[part])
        reached.append(judged(decided, targets[part].toarray() > 0, rounds=1))
    return {f"parts_{name}": round(float(np.mean([each[name] for each in reached])), 1) for name in ("f1", "n_plus")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=ROOT / "work/collections", help="folder for what is kept")
    parser.add_argument("--size", type=int, default=192, help="side of the images")
    parser.add_argument("--networks", default="", help="FOLDER:SIDE of further ones, separated by commas")
    options = parser.parse_args()
    task = load("corel5k", options.work, train=0, size=options.size, test=None)
    words = Words.of(task)
    # softness and strengths as chosen on held-out training images
    kind = Kernel(max_marks=len(task.marks), strengths=(0.1, 0.4), softness=0.001)
    found: dict[str, Any] = {"version": viennatag.__version__, "size": options.size, "published": PUBLISHED}
    for name, logits in rows(task, words, kind, options.work, options.size, options.networks):
        found[name] = measure(words, logits)
        print(name, json.dumps(found[name]), flush=True)
        with atomic_file(RESULTS) as temporary:
            temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def rows(task: Task, words: Words, kind: Kernel, work: Path, size: int, networks: str) -> Iterable[tuple[str, Logits]]:
    """Give the name and the logits of each row."""
    plain, both = features_of(task, work, "corel5k", size)
    yield "last layer", fit(words, plain[:, :LAST], kind)
    yield "last layer, mirrored too", fit(words, both[:, :LAST], kind)
    yield "all stages", fit(words, plain, kind)
    logits = [fit(words, both, kind)]
    yield "all stages, mirrored too", logits[0]
    for network in filter(None, networks.split(",")):
        folder, _, side = network.rpartition(":")
        name = f"corel5k-{Path(folder).name.removeprefix('efficientnet_')}"
        inputs = features_of(task, work, name, int(side), backbone=f"local-dir:{folder}")[1]
        logits.append(fit(words, inputs, kind))
        together = tuple(np.mean([each[at] for each in logits], axis=0) for at in (0, 1))
        yield f"all stages of {len(logits)} networks, mirrored too", (together[0], together[1])


def features_of(
    task: Task, work: Path, name: str, size: int, backbone: str = BACKBONE
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the features of all images, and their means with those of the mirror images."""
    paths = [task.images / image for image in task.marks.images]
    plain, mirrored = (
        stage_features(paths, name=name, size=size, work=work, mirrored=each, backbone=backbone).astype(np.float32)
        for each in (False, True)
    )
    return plain, np.asarray((plain + mirrored) / 2, dtype=np.float32)


if __name__ == "__main__":
    main()
