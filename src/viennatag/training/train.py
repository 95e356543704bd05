"""From marks to a bundle.

The one path that every model takes: split, trunk, features by the serving engine, head,
calibration and thresholds on the validation part, judgement on the test part, bundle.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.bundle import Bundle, write_bundle
from viennatag.errors import OptionError
from viennatag.evaluation import Evaluation, judge
from viennatag.marks import PARTS, Marks
from viennatag.training.auto import Choice, choose
from viennatag.training.backbone import Trunk, load_trunk
from viennatag.training.collection import TEST, TRAIN, VALIDATION, Collection, Report, collect
from viennatag.training.export import join_head
from viennatag.training.learner import Learned, learn
from viennatag.training.options import TrainOptions
from viennatag.training.strategy import STRATEGIES
from viennatag.training.teaching import split_readable, teach_trunk

TRUST = 100
"""So many marks with the frequencies of training are added to those expected, which may lack a rare code by chance."""

CERTAIN = 1e-6
"""No label is taken to be rarer than this, or closer to being on every mark."""


def train(
    marks: Marks,
    images: Path | str,
    out: Path | str,
    options: TrainOptions,
    *,
    cache: Path,
    imitate: Sequence[Path] = (),
    more: tuple[Marks, Path | str] | None = None,
    expected: Marks | None = None,
    skip_bad: bool = False,
    report: Report | None = None,
) -> tuple[Bundle, Evaluation]:
    """Write a bundle learned from marks and return it with its judgement on the test part.

    Args:
        marks: What to learn; where their `split` is given it is kept.
        images: Folder that the marks' images are relative to.
        out: Folder to write the bundle to.
        options: How to train.
        cache: Folder that keeps exported trunks, features and checkpoints between runs.
        imitate: Images without codes; a finetuned network learns to see them as its teacher does.
        more: Further marks, and the folder of their images, that a strategy may add to training.
        expected: Marks like those to come, of which only the codes are read: scores are moved to the frequencies
            among these. The judgement is on the test part, with the frequencies of the marks learned from.
        skip_bad: Leave out marks whose image cannot be read, instead of raising.
        report: Told how far the work is.

    Raises:
        DataError: If the marks cannot be used.
        BackboneError: If the backbone cannot be had.
        BundleError: If `out` holds something that is not a bundle.
    """
    report = report or (lambda *_: None)
    if imitate and not options.teacher:
        raise OptionError("images without codes are only of use to a network with a teacher; name one")
    if options.strategy.until and not more:
        raise OptionError(f"{options.strategy.name} adds marks; name them with --more and --more-images (more=)")
    if options.finetune:
        marks = split_readable(marks, images, skip_bad=skip_bad, seed=options.seed, report=report)
        trunk = teach_trunk(marks, Path(images), options, cache=cache, imitate=imitate, report=report)
    else:
        report("backbone", 0, 1, options.backbone)
        trunk = load_trunk(
            options.backbone, cache=cache, pretrained=options.pretrained, size=options.size, seed=options.seed
        )
        report("backbone", 1, 1, f"{options.backbone}, {trunk.width} features at {trunk.size} pixels")
    collection = collect(
        marks,
        images,
        trunk,
        cache=cache,
        maps=options.budget is None and options.strategy.reads_maps,
        more=more,
        skip_bad=skip_bad,
        seed=options.seed,
        report=report,
    )
    return _finish(collection, trunk, options, Path(out), expected, report)


def _finish(
    collection: Collection, trunk: Trunk, options: TrainOptions, out: Path, expected: Marks | None, report: Report
) -> tuple[Bundle, Evaluation]:
    strategy, parts, choice = options.strategy, collection.parts, None
    if options.budget is not None:
        choice = choose(
            collection,
            strategies=[replace(each, decision=strategy.decision) for each in STRATEGIES.values()],
            min_count=strategy.min_count,
            budget=options.budget,
            seed=options.seed,
            report=report,
        )
        learned, labels = choice.learned, choice.learned.labels
    else:
        labels = collection.labels(min_count=strategy.min_count)
        learned = learn(
            strategy,
            labels,
            collection.training(labels, until=strategy.until),
            collection.examples(labels, VALIDATION),
            seed=options.seed,
            progress=lambda epoch, epochs, best: report("head", epoch, epochs, f"validation macro mAP {best:.3f}"),
        )
    test = collection.examples(labels, TEST)
    counts = collection.examples(labels, TRAIN).counts()  # what is true of the register, without added marks
    bundle = Bundle(
        labels=labels,
        train_counts=counts,
        prior=counts / np.count_nonzero(parts == TRAIN),
        calibration=learned.calibration,
        thresholds=learned.rule.thresholds,
        top=learned.rule.top,
        image_size=trunk.size,
        training=_describe(options, parts, learned, choice),
    )
    report("test", 0, 1, "")
    judged = collection.marks.select(np.flatnonzero(parts == TEST))
    evaluation = judge(learned.scores(test), judged, bundle, seed=options.seed)
    report("test", 1, 1, f"{len(test):,} marks")
    bundle = replace(bundle, metrics=evaluation.to_json())
    if expected:
        bundle = _moved(bundle, expected)
    return write_bundle(bundle, join_head(trunk, learned.head), out), evaluation


def _moved(bundle: Bundle, expected: Marks) -> Bundle:
    """Return a bundle whose scores are for marks with the frequencies of others."""
    counts = np.asarray(bundle.labels.encode(expected.codes).sum(axis=0), dtype=np.float64).ravel()
    prior = np.clip(bundle.prior, CERTAIN, 1 - CERTAIN)
    shares = (counts + TRUST * prior) / (len(expected) + TRUST)
    return replace(
        bundle,
        calibration=bundle.calibration.moved(prior, np.minimum(shares, 1 - CERTAIN)),
        training={**bundle.training, "expected_marks": len(expected)},
    )


def _describe(
    options: TrainOptions, parts: NDArray[np.int8], learned: Learned, choice: Choice | None
) -> dict[str, Any]:
    return {
        **asdict(options),
        "strategy": {"name": "auto", **choice.to_json()} if choice else options.strategy.to_json(),
        "backbone": Path(options.backbone).name if options.backbone.startswith("local-dir:") else options.backbone,
        "teacher": options.teacher and Path(options.teacher).name,
        "marks": {part: int(np.count_nonzero(parts == at)) for at, part in enumerate(PARTS)},
        "validation_macro_map": learned.macro_map,
        "head_epochs": learned.epochs,
    }
