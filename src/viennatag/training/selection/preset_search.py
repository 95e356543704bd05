"""The search of a preset: how to fine-tune, image size, augmentation, then the strategy, within a budget of time.

What matters most is tried first. Short fine-tunings choose one thing after another; what they chose is then trained in
full (successive halving with two rounds: Jamieson and Talwalkar 2016). The best on the validation subset is kept, the
frozen features among them, so that a search never ends below what it tried. Each trial is recorded when it ends, and a
fine-tuning goes on from its last checkpoint, so a search that was killed goes on too.
"""

import hashlib
import json
import time
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from viennatag.data.marks import SUBSETS
from viennatag.errors import BackboneError, OptionError
from viennatag.evaluation.comparison import Contrast
from viennatag.files import atomic_file
from viennatag.runtime.engine import Engine
from viennatag.training.backbones.backbone import Backbone
from viennatag.training.backbones.loading import contents_digest
from viennatag.training.data.collection import TRAIN
from viennatag.training.options import FinetuneOptions, Preset, TrainOptions
from viennatag.training.selection.candidates import Candidate, TrainingMarks, contrasts, frozen
from viennatag.training.selection.strategy_search import search_strategies
from viennatag.training.strategies import STRATEGIES

FROZEN, FINETUNED, SEARCHED = "frozen features", "fine-tuned", "searched strategy"
SHORT_EPOCHS = 3
"""Epochs of a short fine-tuning."""
TRAINING_COST = 4.0
"""Times that an image takes in training, of those in serving; a guess until an epoch was measured."""
SHORT_SHARE, HEAD_SHARE = 0.4, 0.1
"""Shares of the budget for short fine-tunings, and for the strategy of the head."""
IN_FULL = "in full"
"""The stage of the training that short ones prepare."""
_PROBE = 16
_STRIDE = 32  # pixels that the sides of convolutional networks are multiples of


@dataclass(frozen=True)
class PresetPlan:
    """What a preset may try.

    Attributes:
        budget: Seconds, where none are given.
        epochs: Of the full fine-tuning, at most.
        variants: By stage, the fields of `FinetuneOptions` that short fine-tunings change; `size_factor` is a factor
            on the image size.
    """

    budget: float
    epochs: int
    variants: Mapping[str, tuple[Mapping[str, Any], ...]]


SEARCHES: dict[Preset, PresetPlan] = {
    "balanced": PresetPlan(3600.0, 12, {"learning rate": ({"learning_rate": 3e-4}, {"learning_rate": 2e-3})}),
    "best": PresetPlan(
        3 * 3600.0,
        30,
        {
            "learning rate": ({"learning_rate": 3e-4}, {"learning_rate": 2e-3}),
            "batch normalisation": ({"freeze_statistics": False},),
            "image size": ({"size_factor": 1.25},),
            "augmentation": ({"mixing": 0.5}, {"augmentation": "none"}, {"label_smoothing": 0.05}),
        },
    ),
}
"""By preset; `fast` searches nothing."""


@dataclass(frozen=True)
class PresetTrial:
    """One training of a search.

    Attributes:
        stage: What was asked.
        name: What was tried.
        macro_map: Validation macro average precision, in [0, 1].
        seconds: What it took.
    """

    stage: str
    name: str
    macro_map: float
    seconds: float


def search_preset(data: TrainingMarks, options: TrainOptions) -> tuple[Candidate, dict[str, Any]]:
    """Return the best candidate on the validation subset, and how it was found, for the bundle to keep.

    Raises:
        DataError: If an image cannot be read.
        BackboneError: If the backbone cannot be had.
    """
    assert options.preset is not None
    plan = SEARCHES[options.preset]
    search = _Search(data, plan, options.budget or plan.budget, _record_path(data, options))
    base = replace(options, preset=None, budget=None)
    candidates = {FROZEN: search.train("backbone", FROZEN, frozen(base))}
    try:
        tuned = search.finetuned(base, candidates[FROZEN].backbone)
    except BackboneError as exc:  # some networks only serve
        data.progress("search", 1, 1, f"no fine-tuning: {exc}")
        tuned = None
    if tuned:
        candidates[FINETUNED] = tuned
    best = _best(candidates)
    found = search_strategies(
        candidates[best].collection,
        strategies=[replace(each, decision_rule=options.strategy.decision_rule) for each in STRATEGIES.values()],
        min_count=options.strategy.min_count,
        budget=max(HEAD_SHARE * search.budget, 1.0),
        seed=options.seed,
        progress=data.progress,
    )
    candidates[SEARCHED] = replace(candidates[best], trained=found.trained, found=found)
    compared = contrasts(candidates, baseline=FROZEN)
    kept = max(compared, key=lambda name: compared[name].value)
    data.progress("choice", 1, 1, describe_choice(kept, compared[kept]))
    facts = {
        "preset": options.preset,
        "kept": kept,
        "trials": [
            {name: value for name, value in asdict(each).items() if name != "seconds"} for each in search.trials
        ],
        "gains": {name: vars(each) for name, each in compared.items()},
    }
    return candidates[kept], facts


def describe_choice(kept: str, found: Contrast) -> str:
    """Return what was kept, and why; `found` is measured against the frozen features."""
    return (
        f"kept: {kept}; macro mAP on the validation subset {found.value:.3f}, that of frozen features "
        f"{found.value - found.difference:.3f}, the difference between {found.difference_low:+.3f} and "
        f"{found.difference_high:+.3f}"
    )


def _best(candidates: dict[str, Candidate]) -> str:
    return max(candidates, key=lambda name: candidates[name].macro_map)


def _record_path(data: TrainingMarks, options: TrainOptions) -> Path:
    """Return the file of a search's trials, the same only for the same marks, options and plan."""
    marks = data.marks
    content = (
        contents_digest(options.backbone),
        *(options, options.preset and SEARCHES[options.preset]),
        *(marks.images, marks.codes, marks.splits, marks.weights, *([marks.unknown] if marks.unknown else [])),
    )
    return data.cache / "presets" / f"{hashlib.sha256(repr(content).encode()).hexdigest()[:24]}.json"


def _read_trials(path: Path) -> list[PresetTrial]:
    """Return the trials of an interrupted search; none if their file is missing or not as it was written."""
    try:
        checksum, _, text = path.read_text(encoding="utf-8").partition("\n")
        if checksum == str(zlib.crc32(text.encode())):
            return [PresetTrial(**each) for each in json.loads(text)]
    except (OSError, ValueError, TypeError):
        pass
    return []


class _Search:
    """The trials of a search, kept in a file, and the time that they took."""

    def __init__(self, data: TrainingMarks, plan: PresetPlan, budget: float, path: Path) -> None:
        self.data, self.plan, self.budget, self._path = data, plan, budget, path
        self.trials = _read_trials(path)

    def train(self, stage: str, name: str, options: TrainOptions) -> Candidate:
        """Return a training, which is added to the trials unless it is among them from before."""
        started = time.perf_counter()
        self._report(f"{stage}: {name}")
        found = self.data.train(options)
        if self._made(stage, name) is None:
            self._add(PresetTrial(stage, name, found.macro_map, round(time.perf_counter() - started, 1)))
        return found

    def _add(self, trial: PresetTrial) -> None:
        self.trials.append(trial)
        text = json.dumps([asdict(each) for each in self.trials], indent=1)
        with atomic_file(self._path) as temporary:  # trials and checksum in one file, so that a kill keeps both
            temporary.write_text(f"{zlib.crc32(text.encode())}\n{text}", encoding="utf-8")

    def finetuned(self, base: TrainOptions, backbone: Backbone) -> Candidate | None:
        """Return the network that was fine-tuned in full as short trials chose; None if there is no time for it."""
        seconds = self._estimate(backbone)
        if seconds > SHORT_SHARE * self.budget:
            self._report(f"no fine-tuning: an epoch would take about {seconds / 60:.0f} minutes, give more budget")
            return None
        chosen = self.data.completed(replace(base, finetune=FinetuneOptions(epochs=SHORT_EPOCHS)))
        first = self._short("fine-tuning", "defaults", chosen)
        seconds, reached = first.seconds / SHORT_EPOCHS, first.macro_map
        for stage, changes in self.plan.variants.items():
            start = chosen
            for change in changes:
                tried = _changed(start, change, backbone.size)
                name = ", ".join(f"{key} {value}" for key, value in change.items())
                cost = SHORT_EPOCHS * seconds * _area(tried, backbone.size)
                if tried == start or not (self._made(stage, name) or self._spent + cost <= SHORT_SHARE * self.budget):
                    continue
                trial = self._short(stage, name, tried)
                if trial.macro_map > reached:
                    chosen, reached = tried, trial.macro_map
        left = (1 - HEAD_SHARE) * self.budget - self._spent
        epochs = max(1, min(self.plan.epochs, int(left / (seconds * _area(chosen, backbone.size)))))
        full = self.train(IN_FULL, f"{epochs} epochs", _changed(chosen, {"epochs": epochs}, backbone.size))
        return full if full.macro_map >= reached else self.data.train(chosen)  # few marks may want few epochs

    @property
    def _spent(self) -> float:
        """Seconds that trials took, those before an interruption too; not those in full, which are the last."""
        return sum(each.seconds for each in self.trials if each.stage != IN_FULL)

    def _made(self, stage: str, name: str) -> PresetTrial | None:
        return next((each for each in self.trials if (each.stage, each.name) == (stage, name)), None)

    def _short(self, stage: str, name: str, options: TrainOptions) -> PresetTrial:
        if self._made(stage, name) is None:
            try:
                self.train(stage, name, options)
            except OptionError as exc:  # it diverged
                self._report(str(exc))
                self._add(PresetTrial(stage, name, 0.0, 0.0))
        made = self._made(stage, name)
        assert made is not None
        return made

    def _report(self, text: str) -> None:
        used = f"{self._spent / 60:.0f} of at most {self.budget / 60:.0f} minutes"
        self.data.progress("search", len(self.trials), len(self.trials), f"{used}; {text}")

    def _estimate(self, backbone: Backbone) -> float:
        """Return about how many seconds an epoch of fine-tuning takes, from those of some images in serving."""
        pixels = np.zeros((_PROBE, backbone.size, backbone.size, 3), dtype=np.uint8)
        engine = Engine(backbone.graph)
        engine.run(pixels, ("features",))
        started = time.perf_counter()
        engine.run(pixels, ("features",))
        marks = self.data.marks.splits.count(SUBSETS[TRAIN])
        return TRAINING_COST * marks * (time.perf_counter() - started) / _PROBE


def _changed(options: TrainOptions, change: Mapping[str, Any], size: int) -> TrainOptions:
    """Return options with fields of `FinetuneOptions` changed; `size_factor` is relative to `size`, in pixels."""
    assert options.finetune is not None
    if "size_factor" in change:
        return replace(options, size=_STRIDE * round(change["size_factor"] * size / _STRIDE))
    return replace(options, finetune=replace(options.finetune, **change))


def _area(options: TrainOptions, size: int) -> float:
    """Return how many times the pixels an image has, of those of one of `size`."""
    return ((options.size or size) / size) ** 2
