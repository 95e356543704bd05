"""From marks to a bundle.

The one path that every model takes: split, trunk, features by the serving engine, head,
calibration and thresholds on the validation part, judgement on the test part, bundle.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.data.labels import LabelSet
from viennatag.data.marks import PARTS, Marks
from viennatag.errors import OptionError
from viennatag.evaluation.evaluation import Evaluation, judge
from viennatag.images.colour_features import SEEN
from viennatag.images.crops import MOST
from viennatag.model.bundle import Bundle, write_bundle
from viennatag.model.model_card import ARTWORK
from viennatag.model.parent_child import lift_logits
from viennatag.model.postprocessing import scores_from_logits
from viennatag.training.backbones.backbone import LOCAL, Trunk
from viennatag.training.backbones.loading import BUNDLE, find_trunk
from viennatag.training.data.collection import TEST, TRAIN, VALIDATION, Collection, Report, collect
from viennatag.training.finetuning.run import split_readable, teach_trunk
from viennatag.training.heads.export import join_head
from viennatag.training.heads.exported import LinearHead
from viennatag.training.heads.heads import Linear
from viennatag.training.heads.trainer import Examples
from viennatag.training.learner import Learned, decide_by, keep, learn
from viennatag.training.options import TrainOptions
from viennatag.training.postprocessing.crop_selection import compare_views, merged_logits, worth_it
from viennatag.training.postprocessing.parent_weight import compare_lifts
from viennatag.training.postprocessing.pixel_colours import extract_readings, pick, read_colours
from viennatag.training.postprocessing.prior_shift import move_scores
from viennatag.training.selection.strategy_search import Choice, choose
from viennatag.training.strategies import STRATEGIES

ATTRIBUTION = "ATTRIBUTION.md"
"""Where a folder of images says whose artwork they show, as `viennatag render` does; it goes into the model card."""


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
    report, start = report or (lambda *_: None), None
    if imitate and not options.teacher:
        raise OptionError("images without codes are only of use to a network with a teacher; name one")
    if options.strategy.until and not more:
        raise OptionError(f"{options.strategy.name} adds marks; name them with --more and --more-images (more=)")
    keep_head = options.finetune is not None and options.finetune.keep_head
    if keep_head and (options.budget is not None or not isinstance(options.strategy.head, Linear)):
        raise OptionError(
            f"{options.strategy.name} has a head of its own, not the linear one that learns along; leave "
            "--keep-head (keep_head=) out, or choose a strategy with a linear head"
        )
    if options.finetune:
        marks = split_readable(marks, images, skip_bad=skip_bad, seed=options.seed, report=report)
        trunk, start = teach_trunk(marks, Path(images), options, cache=cache, imitate=imitate, report=report)
    else:
        report("backbone", 0, 1, options.backbone)
        trunk = find_trunk(
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
    sights = Sights(collection, Path(images), trunk.size, cache, report)
    return finish(collection, trunk, start, options, Path(out), expected, sights, report)


@dataclass(frozen=True)
class Sights:
    """What the images of a collection show besides their features, looked up when it is asked for.

    Attributes:
        collection: The marks.
        images: Folder that their images are relative to.
        size: Side of the square that the network sees.
        cache: Folder that keeps readings.
        report: Told how far the work is.
    """

    collection: Collection
    images: Path
    size: int
    cache: Path
    report: Report

    def of(self, part: int) -> NDArray[np.float32]:
        """Return what pixels say of the colours of one part of the collection; see `extract_readings`."""
        return extract_readings(
            self._paths(part),
            self.size,
            cache=self.cache,
            progress=lambda done, total: self.report("colours", done, total, ""),
        )

    def merged(self, graph: bytes, labels: LabelSet, part: int) -> NDArray[np.float32]:
        """Return what a graph says of the marks of one part of the collection, each seen whole and by its parts."""
        return merged_logits(
            graph,
            self._paths(part),
            labels,
            MOST,
            progress=lambda done, total: self.report("parts", done, total, ""),
        )

    def _paths(self, part: int) -> list[Path]:
        names = self.collection.marks.images
        return [self.images / names[at] for at in np.flatnonzero(self.collection.parts == part)]


def finish(
    collection: Collection,
    trunk: Trunk,
    start: LinearHead | None,
    options: TrainOptions,
    out: Path,
    expected: Marks | None,
    sights: Sights,
    report: Report,
) -> tuple[Bundle, Evaluation]:
    """Return the bundle, written to `out`, of a head over the features of a trunk, and its evaluation.

    Args:
        collection: The marks and what the trunk sees in them.
        trunk: From pixels to features.
        start: The head that learned along with the trunk, if one did.
        options: How to train; what they say of the trunk is only written down.
        out: The folder of the bundle.
        expected: Marks whose code frequencies the scores are for.
        sights: What the pixels say of colours.
        report: Told how far the work is.
    """
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
        validation = collection.examples(labels, VALIDATION)
    else:
        labels = collection.labels(min_count=strategy.min_count)
        validation = collection.examples(labels, VALIDATION)
        if start and options.finetune and options.finetune.keep_head:
            learned = keep(start, strategy, labels, validation)
        else:
            learned = learn(
                strategy,
                labels,
                collection.training(labels, until=strategy.until),
                validation,
                start=start,
                seed=options.seed,
                progress=lambda epoch, epochs, best: report("head", epoch, epochs, f"validation macro mAP {best:.3f}"),
            )
    test = collection.examples(labels, TEST)
    logits, graph = validation.logits(learned.head), join_head(trunk, learned.head)
    merged, compared = _look_at_parts(graph, labels, validation, logits, sights)
    logits = logits if merged is None else merged
    lift, lifted = compare_lifts(logits, validation.targets, labels, min_positives=strategy.min_positives)
    if lift or merged is not None:
        calibration, rule = decide_by(
            lift_logits(logits, labels, lift),
            validation.targets,
            labels,
            decision=strategy.decision,
            min_positives=strategy.min_positives,
        )
        learned = replace(learned, calibration=calibration, rule=rule)
    counts = collection.examples(labels, TRAIN).counts()  # what is true of the register, without added marks
    bundle = Bundle(
        labels=labels,
        train_counts=counts,
        prior=counts / np.count_nonzero(parts == TRAIN),
        calibration=learned.calibration,
        thresholds=learned.rule.thresholds,
        top=learned.rule.top,
        image_size=trunk.size,
        training={**_describe(options, parts, learned, choice), **compared, **lifted},
        parts=0 if merged is None else MOST,
        lift=lift,
    )
    if labels.taxonomy == "vienna" and labels.index.keys() & set(SEEN):
        bundle = read_colours(bundle, logits, sights.of(VALIDATION), validation.targets, strategy.decision)
    report("test", 0, 1, "")
    judged = collection.marks.select(np.flatnonzero(parts == TEST))
    seen = pick(labels, bundle.from_pixels, sights.of(TEST))[1] if bundle.from_pixels else None
    shown = sights.merged(graph, labels, TEST) if bundle.parts else test.logits(learned.head)
    evaluation = judge(scores_from_logits(shown, bundle, seen), judged, bundle, seed=options.seed)
    report("test", 1, 1, f"{len(test):,} marks")
    bundle = replace(bundle, metrics=evaluation.to_json())
    if expected:
        bundle = move_scores(bundle, expected, strategy.decision, validation.targets, lambda: sights.of(VALIDATION))
    thanks = sights.images / ATTRIBUTION
    notes = {ARTWORK: thanks.read_text(encoding="utf-8")} if thanks.is_file() else {}
    return write_bundle(bundle, graph, out, notes=notes), evaluation


def _look_at_parts(
    graph: bytes, labels: LabelSet, validation: Examples, logits: NDArray[np.float32], sights: Sights
) -> tuple[NDArray[np.float32] | None, dict[str, Any]]:
    """Return logits of the validation marks with their parts, if these are worth it, and what was measured."""
    if not labels.is_pictorial.any():
        return None, {}
    merged = sights.merged(graph, labels, VALIDATION)
    compared = compare_views(logits, merged, validation.targets, labels)
    return merged if worth_it(compared) else None, {"views": compared}


def _describe(
    options: TrainOptions, parts: NDArray[np.int8], learned: Learned, choice: Choice | None
) -> dict[str, Any]:
    return {
        **asdict(options),
        "strategy": {"name": "auto", **choice.to_json()} if choice else options.strategy.to_json(),
        "backbone": _without_folder(options.backbone),
        "teacher": options.teacher and _without_folder(options.teacher),
        "marks": {part: int(np.count_nonzero(parts == at)) for at, part in enumerate(PARTS)},
        "validation_macro_map": learned.macro_map,
        "head_epochs": learned.epochs,
    }


def _without_folder(backbone: str) -> str:
    """Return a backbone's name without the folders of this machine."""
    if backbone.startswith(BUNDLE):
        return BUNDLE + Path(backbone.removeprefix(BUNDLE)).name
    return Path(backbone).name if backbone.startswith(LOCAL) else backbone
