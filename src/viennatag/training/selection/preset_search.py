"""The search of a preset: how to fine-tune, image size, networks together, the mirrored view, strategy, in a time.

What matters most is tried first. Short fine-tunings choose one thing after another; what they chose is then trained in
full, within `best` several times with more or less regularisation, which short trainings cannot judge. These networks
are joined with the frozen one, all stages of which are read. What is kept is the best on the validation subset, or what
is joined of it, if that is not worse beyond noise. Each trial is recorded when it ends, and a fine-tuning goes on from
its last checkpoint, so a search that was killed goes on too. A fine-tuning that would pass the budget ends at its best
epoch.
"""

import hashlib
import json
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from viennatag.calibration.calibration import Calibration
from viennatag.calibration.platt import fit_platt
from viennatag.data.marks import SUBSETS
from viennatag.errors import BackboneError, OptionError
from viennatag.evaluation.comparison import Contrast
from viennatag.files import atomic_file
from viennatag.runtime.engine import Engine
from viennatag.training.backbones.backbone import Backbone
from viennatag.training.backbones.joining import join_backbones, mirror_backbone
from viennatag.training.backbones.loading import contents_digest, load_network
from viennatag.training.backbones.stages import STAGES
from viennatag.training.data.collection import TRAIN, VALIDATION, ProgressCallback
from viennatag.training.data.stored_features import StoredFeatures
from viennatag.training.heads.export import ExportedHead
from viennatag.training.heads.exported import mean_head, over_columns
from viennatag.training.options import FinetuneOptions, Preset, TrainOptions
from viennatag.training.selection.candidates import Candidate, TrainingMarks, contrasts, frozen
from viennatag.training.selection.strategy_search import search_strategies
from viennatag.training.strategies import STRATEGIES, Strategy

FROZEN, STAGED, FINETUNED = "frozen features", "frozen features of all stages", "fine-tuned"
SEARCHED = "searched strategy"
JOINED, MIRRORED = "joined networks", "mirrored view"
FULL_EPOCHS = 15
"""Another network is trained in full only where each then has this many epochs."""
LEAST_PATIENCE = 4
"""A full fine-tuning ends after this many epochs that are no better, or after half of them: where rare labels have few
validation marks, a lucky epoch comes early."""
SHORT_SHARE = 0.4
"""Share of the budget for short fine-tunings."""
IN_FULL = "in full"
"""The stage of the trainings that short ones prepare."""
LINEAR, KERNEL = ("linear-and-ridge",), ("kernel", "few-examples")
"""Strategies on features of all stages. Those with a kernel rank best on the long-tailed benchmarks, but their bundles
have no heat maps and cannot be updated, so Vienna codes do without them."""
_PROBE = 16
_STRIDE = 32  # pixels that the sides of convolutional networks are multiples of


@dataclass(frozen=True)
class PresetPlan:
    """What a preset may try.

    Attributes:
        budget: Seconds, where none are given.
        epochs: Of a full fine-tuning, at most.
        variants: By stage, the fields of `FinetuneOptions` that short fine-tunings change; `size_factor` is a factor
            on the image size.
        full: The fields that each full fine-tuning changes of what was chosen; the first ones, as time permits.
        mirrors: Whether photographs may be seen mirrored too, which costs time in serving.
        kernels: Whether a kernel head may read the stages; see `KERNEL`.
        short_epochs: Epochs of a short fine-tuning.
        head_share: Share of the budget for the strategy of the head.
        near: Share of the best network's macro average precision from which another takes part even if it is surely
            worse. On labels that can hardly be seen one of 0.85 cost 0.7 points, and those above 0.9 gained on every
            collection.
    """

    budget: float
    epochs: int
    variants: Mapping[str, tuple[Mapping[str, Any], ...]]
    full: tuple[Mapping[str, Any], ...] = ({},)
    mirrors: bool = False
    kernels: bool = False
    short_epochs: int = 3
    head_share: float = 0.1
    near: float = 0.9


_LOWER = {"learning_rate": 3e-4}
_LARGER = {"size_factor": 1.25}
SEARCHES: dict[Preset, PresetPlan] = {
    "balanced": PresetPlan(3600.0, 25, {"learning rate": (_LOWER,), "image size": (_LARGER,)}),
    "best": PresetPlan(
        3 * 3600.0,
        30,
        {"learning rate": (_LOWER,), "image size": (_LARGER, {"size_factor": 1.4})},
        ({}, {"mixing": 0.5}, {"mixing": 0.5, "augmentation": "none"}),
        mirrors=True,
        kernels=True,
    ),
}
"""By preset; `fast` searches nothing, see `train_fast`."""


@dataclass(frozen=True)
class PresetTrial:
    """One training of a search: what was asked and tried, its validation macro average precision, and seconds.

    `epoch_seconds` is what each epoch of fine-tuning took, or was expected to, as where it was found in the cache.
    """

    stage: str
    name: str
    macro_map: float
    seconds: float
    epoch_seconds: float = 0.0


def search_preset(data: TrainingMarks, options: TrainOptions) -> tuple[Candidate, dict[str, Any]]:
    """Return the best candidate on the validation subset, and how it was found, for the bundle to keep."""
    assert options.preset is not None
    plan = SEARCHES[options.preset]
    search = _Search(data, plan, options.budget or plan.budget, _record_path(data, options))
    base = replace(options, preset=None, budget=None)
    alone = {FROZEN: search.train("backbone", FROZEN, frozen(base))}
    chosen = data.completed(replace(base, finetune=FinetuneOptions(epochs=plan.short_epochs)))
    search.stage_strategies = KERNEL if plan.kernels and data.marks.taxonomy != "vienna" else LINEAR
    try:
        alone |= search.finetuned(chosen, alone[FROZEN].backbone)
    except BackboneError as exc:  # some networks only serve
        data.progress("search", 1, 1, f"no fine-tuning: {exc}")
        alone |= search.staged(base)
    candidates = {name: each for name, each in alone.items() if name.startswith(FROZEN)}
    if tuned := {name: each for name, each in alone.items() if name not in candidates}:
        candidates[FINETUNED] = tuned[_best(tuned)]
    photos = chosen.finetune is not None and chosen.finetune.augmentation == "photos"
    best, networks, views = _together(search, alone, candidates, mirrors=plan.mirrors and photos)
    found = search_strategies(
        candidates[best].collection,
        like=options.strategy,
        budget=max(min(plan.head_share * search.budget, search.left), 1.0),
        seed=options.seed,
        progress=data.progress,
    )
    candidates[SEARCHED] = replace(candidates[best], trained=found.trained, found=found)
    kept = SEARCHED if _verdict(candidates, SEARCHED, best) == "better" else best
    compared = contrasts(candidates, baseline=FROZEN)
    data.progress("choice", 1, 1, describe_choice(kept, compared[kept]))
    facts = {
        "preset": options.preset,
        "kept": kept,
        "networks": networks,
        "views": views,
        "trials": [{"stage": each.stage, "name": each.name, "macro_map": each.macro_map} for each in search.trials],
        "gains": {name: vars(each) for name, each in compared.items()},
    }
    return candidates[kept], facts


def train_fast(data: TrainingMarks, options: TrainOptions) -> Candidate:
    """Return linear heads on all stages of the frozen network, or a head on its last layer.

    The latter for Vienna codes, of which the gain was not measured, and for networks whose stages cannot be read.
    """
    named = options.backbone.partition(":")[0] in {"bundle", "onnx", STAGES.rstrip(":")}
    if named or data.marks.taxonomy == "vienna" or isinstance(data.images, StoredFeatures):
        return data.train(options)
    strategy = _with_labels_of(options.strategy, LINEAR[0])
    try:
        return data.train(replace(options, preset=None, backbone=STAGES + options.backbone, strategy=strategy))
    except (BackboneError, OptionError):  # not all networks have them
        return data.train(options)


def _together(
    search: "_Search", alone: Mapping[str, Candidate], candidates: dict[str, Candidate], *, mirrors: bool
) -> tuple[str, int, int]:
    """Add joined networks, and their mirrored view, to the candidates; return the best name, its networks and views.

    Both lower the noise of a prediction, so they are taken unless they are worse beyond noise: the validation subset
    flatters a network alone, whose epoch was chosen on it. Where no fine-tuned network is better than the
    frozen one with the same head, nothing is joined.
    """
    members = choose_members(_once_each(alone), search.plan.near)
    parts = sorted((alone[name] for name in members), key=lambda each: each.options.finetune is None)
    best, networks, views = _best(candidates), 1, 1
    plain = max(each.macro_map for name, each in candidates.items() if name not in {STAGED, FINETUNED})
    helps = FINETUNED in candidates and candidates[FINETUNED].macro_map > plain
    if helps and len(members) > 1 and search.has_time(parts[0].backbone, len(members)):
        candidates[JOINED] = search.made(
            "networks together", ", ".join(members), lambda: join_candidates(search.data, parts)
        )
        if _verdict(candidates, JOINED, best) != "worse":
            best, networks = JOINED, len(members)
    whole = candidates[best]
    head = whole.trained.head
    if mirrors and not head.reads_feature_maps and search.has_time(whole.backbone, 2):
        both = mirror_backbone(whole.backbone)
        candidates[MIRRORED] = search.made(
            "views", MIRRORED, lambda: search.data.with_backbone(whole.options, both, head, keep_head=True)
        )
        if _verdict(candidates, MIRRORED, best) != "worse":
            best, views = MIRRORED, 2
    return best, networks, views


def _once_each(alone: Mapping[str, Candidate]) -> dict[str, Candidate]:
    """Return the candidates without frozen networks that another one reads too, at the same size and in all stages."""
    staged = {each.backbone.size for name, each in alone.items() if name.startswith(STAGED)}
    return {
        name: each
        for name, each in alone.items()
        if not name.startswith(FROZEN) or name.startswith(STAGED) or each.backbone.size not in staged
    }


def _verdict(candidates: Mapping[str, Candidate], name: str, baseline: str) -> str:
    """Return whether a candidate is better or worse than another on the validation subset, beyond noise."""
    return contrasts({each: candidates[each] for each in (baseline, name)}, baseline=baseline)[name].verdict


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
        self._clock = _EpochClock(data.progress)
        self.plan, self.budget, self._path = plan, budget, path
        self.trials = _read_trials(path)
        self.stage_strategies: tuple[str, ...] = LINEAR
        self._deadline = time.perf_counter() + budget - sum(each.seconds for each in self.trials)
        self.data = replace(data, progress=self._clock, deadline=self._deadline - plan.head_share * budget)

    @property
    def left(self) -> float:
        """Seconds of the budget that are left, in all processes of the search."""
        return self._deadline - time.perf_counter()

    def train(self, stage: str, name: str, options: TrainOptions, *, epoch_seconds: float = 0.0) -> Candidate:
        """Return a training, which is added to the trials; an epoch that was kept counts as `epoch_seconds`."""
        epochs = options.finetune.epochs if options.finetune else 0
        return self.made(stage, name, lambda: self.data.train(options), epochs=epochs, epoch_seconds=epoch_seconds)

    def made(
        self, stage: str, name: str, make: Callable[[], Candidate], *, epochs: int = 0, epoch_seconds: float = 0.0
    ) -> Candidate:
        """Return what `make` returns, which is added to the trials unless it is among them from before."""
        started = time.perf_counter()
        self._report(f"{stage}: {name}")
        self._clock.restart()
        found = make()
        if self._made(stage, name) is None:
            seconds = round(time.perf_counter() - started, 1)
            measured = self._clock.epoch_seconds(epochs) or epoch_seconds
            self._add(PresetTrial(stage, name, found.macro_map, seconds, measured))
            self._report(f"{stage}: {name}: validation macro mAP {found.macro_map:.3f}")
        return found

    def _add(self, trial: PresetTrial) -> None:
        self.trials.append(trial)
        self._write()

    def _write(self) -> None:
        text = json.dumps([asdict(each) for each in self.trials], indent=1)
        with atomic_file(self._path) as temporary:  # trials and checksum in one file, so that a kill keeps both
            temporary.write_text(f"{zlib.crc32(text.encode())}\n{text}", encoding="utf-8")

    def finetuned(self, start: TrainOptions, backbone: Backbone) -> dict[str, Candidate]:
        """Return the networks that were fine-tuned, by name; none if there is no time for it."""
        epoch = self._expected_epoch(start)
        available = (1 - self.plan.head_share) * self.budget - self._spent()
        if epoch > available:
            self._report(f"no fine-tuning: an epoch would take about {epoch:,.0f} seconds, give more budget")
            return self.staged(start)
        chosen, short, overhead = start, None, 0.0
        if self.plan.short_epochs * epoch <= SHORT_SHARE * self.budget:
            chosen, short, overhead = self._short_trials(start, backbone, epoch)
            epoch = short.epoch_seconds
        found = self.staged(chosen)
        if _side(chosen, backbone) != backbone.size:
            name = f"{FROZEN}, {_side(chosen, backbone)} pixels"
            found[name] = self.train("backbone", name, frozen(chosen))
        if not short or self.left > overhead + epoch or any(each.stage == IN_FULL for each in self.trials):
            found |= self._in_full(chosen, backbone, epoch, overhead)
        reached = max((each.macro_map for each in found.values()), default=0.0)
        if short and short.macro_map > reached:  # few marks may want few epochs
            found[f"{short.stage}, {short.name}"] = self.data.train(chosen)
        return found

    def staged(self, chosen: TrainOptions) -> dict[str, Candidate]:
        """Return the frozen features of all stages, with the best head for them; none without stages, or time."""
        options = replace(frozen(chosen), backbone=STAGES + chosen.backbone)
        names = {each: f"{STAGED}, {each}" for each in self.stage_strategies}
        if not self._made("backbone", names[self.stage_strategies[0]]) and self.trials[0].seconds > self.left:
            return {}
        try:
            found = [
                self.train("backbone", name, replace(options, strategy=_with_labels_of(chosen.strategy, each)))
                for each, name in names.items()
            ]
        except (BackboneError, OptionError):  # not all networks have them
            return {}
        return {STAGED: max(found, key=lambda each: each.macro_map)}

    def _short_trials(
        self, start: TrainOptions, backbone: Backbone, epoch: float
    ) -> tuple[TrainOptions, PresetTrial, float]:
        """Return the best options of short fine-tunings, their trial, and the seconds of one beside its epochs."""
        chosen = start
        best = first = self._short("fine-tuning", "defaults", chosen, epoch)
        for stage, changes in self.plan.variants.items():
            origin, before = chosen, [chosen]
            for change in changes:
                tried = _changed(origin, change, backbone)
                name = ", ".join(f"{key} {value}" for key, value in change.items())
                expected = first.epoch_seconds * (_side(tried, backbone) / backbone.size) ** 2  # by pixels
                cost = self.plan.short_epochs * expected
                has_time = self._made(stage, name) or self._spent() + cost <= SHORT_SHARE * self.budget
                if tried in before or not has_time:
                    continue
                before.append(tried)
                trial = self._short(stage, name, tried, expected)
                if trial.macro_map > best.macro_map:
                    chosen, best = tried, trial
        return chosen, best, max(0.0, first.seconds - self.plan.short_epochs * first.epoch_seconds)

    def _in_full(self, chosen: TrainOptions, backbone: Backbone, epoch: float, overhead: float) -> dict[str, Candidate]:
        """Return full fine-tunings, by name: as many as can have `FULL_EPOCHS`, at least one, and then be joined."""
        wanted: list[TrainOptions] = []
        for change in self.plan.full:
            tried = _changed(chosen, change, backbone)
            wanted += [tried] if tried not in wanted else []
        one = max(each.seconds for each in self.trials if each.stage == "backbone")
        joining = (len(wanted) + 1) * one
        self.data = replace(self.data, deadline=self._deadline - self.plan.head_share * self.budget - joining)
        found: dict[str, Candidate] = {}
        for number, tried in enumerate(wanted, start=1):
            available = (1 - self.plan.head_share) * self.budget - joining - self._spent(number)
            share = available / max(1, min(len(wanted) - number + 1, int(available / (overhead + FULL_EPOCHS * epoch))))
            epochs = min(self.plan.epochs, int((share - overhead) / epoch))
            if found and epochs < min(FULL_EPOCHS // 2, self.plan.epochs):
                self._report(f"no time for network {number}")
                break
            epochs = max(1, epochs)
            options = _changed(tried, {"epochs": epochs, "patience": max(LEAST_PATIENCE, epochs // 2)}, backbone)
            name = f"network {number}, {epochs} epochs"
            if trained := self._converged(IN_FULL, name, options, epoch):
                found[name] = trained
        return found

    def has_time(self, backbone: Backbone, passes: int) -> bool:
        """Return whether there is time to compute the features of all marks by a number of networks of one kind."""
        seconds = passes * len(self.data.marks) * _serving_seconds(backbone)
        if seconds <= self.left:
            return True
        self._report(f"no time for networks together, whose features would take about {seconds:.0f} seconds")
        return False

    def _spent(self, number: int = 1) -> float:
        """Return the seconds before a training in full, which is planned by them alike after an interruption."""
        full = [at for at, each in enumerate(self.trials) if each.stage == IN_FULL][number - 1 :]
        return sum(each.seconds for each in self.trials[: full[0] if full else None])

    def _made(self, stage: str, name: str) -> PresetTrial | None:
        return next((each for each in self.trials if (each.stage, each.name) == (stage, name)), None)

    def _short(self, stage: str, name: str, options: TrainOptions, epoch_seconds: float) -> PresetTrial:
        if self._made(stage, name) is None:
            self._converged(stage, name, options, epoch_seconds)
        made = self._made(stage, name)
        assert made is not None
        return made

    def _converged(self, stage: str, name: str, options: TrainOptions, epoch_seconds: float) -> Candidate | None:
        """Return a fine-tuning, or None if it diverged, which is a trial too."""
        if (made := self._made(stage, name)) and not made.macro_map:
            return None
        started = time.perf_counter()
        try:
            return self.train(stage, name, options, epoch_seconds=epoch_seconds)
        except OptionError as exc:
            self._report(str(exc))
            self._add(PresetTrial(stage, name, 0.0, round(time.perf_counter() - started, 1), epoch_seconds))
            return None

    def _report(self, text: str) -> None:
        used = f"{(self.budget - self.left) / 60:.0f} of at most {self.budget / 60:.0f} minutes"
        self.data.progress("search", len(self.trials), len(self.trials), f"{used}; {text}")

    def _expected_epoch(self, options: TrainOptions) -> float:
        """Return about how many seconds an epoch of fine-tuning takes; it is asked once in a search."""
        at = next(at for at, each in enumerate(self.trials) if each.name == FROZEN)
        if not self.trials[at].epoch_seconds:
            self.trials[at] = replace(self.trials[at], epoch_seconds=self._estimate(options))
            self._write()
        return self.trials[at].epoch_seconds

    def _estimate(self, options: TrainOptions) -> float:
        """Return about how many seconds an epoch of fine-tuning takes, from those of some images."""
        network, size = load_network(options.backbone, size=options.size)
        network.train()
        pixels = torch.zeros((_PROBE, size, size, 3), dtype=torch.uint8)
        for _ in range(2):  # the first time is slower
            started = time.perf_counter()
            network(pixels)[0].sum().backward()
        marks = self.data.marks.splits.count(SUBSETS[TRAIN])
        return marks * (time.perf_counter() - started) / _PROBE


class _EpochClock:
    """A progress callback that passes on what it is told, and measures how long an epoch of fine-tuning takes."""

    def __init__(self, progress: ProgressCallback) -> None:
        self._progress = progress
        self.restart()

    def restart(self) -> None:
        """Measure anew."""
        self._steps: list[tuple[int, float]] = []
        self._total = 0

    def __call__(self, stage: str, done: int, total: int, remark: str) -> None:
        if stage == "finetune":
            self._steps, self._total = [*self._steps[:1], (done, time.perf_counter())], total
        self._progress(stage, done, total, remark)

    def epoch_seconds(self, epochs: int) -> float:
        """Return the seconds of one of these epochs; 0 where nothing was fine-tuned."""
        if len(self._steps) < 2:
            return 0.0
        (first, started), (last, ended) = self._steps
        return (ended - started) / (last - first) * self._total / epochs


def _serving_seconds(backbone: Backbone) -> float:
    pixels = np.zeros((_PROBE, backbone.size, backbone.size, 3), dtype=np.uint8)
    engine = Engine(backbone.graph)
    for _ in range(2):  # the first time is slower
        started = time.perf_counter()
        engine.run(pixels, ("features",))
    return (time.perf_counter() - started) / _PROBE


def _changed(options: TrainOptions, change: Mapping[str, Any], backbone: Backbone) -> TrainOptions:
    """Return options with fields of `FinetuneOptions` changed; `size_factor` is relative to a backbone's size."""
    assert options.finetune is not None
    if "size_factor" in change:
        return replace(options, size=_STRIDE * int(change["size_factor"] * backbone.size / _STRIDE + 0.5))
    return replace(options, finetune=replace(options.finetune, **change))


def _with_labels_of(strategy: Strategy, name: str) -> Strategy:
    """Return the strategy of a name, with the labels and the decisions of another one."""
    return replace(STRATEGIES[name], min_count=strategy.min_count, decision_rule=strategy.decision_rule)


def _side(options: TrainOptions, backbone: Backbone) -> int:
    return options.size or backbone.size


def choose_members(candidates: Mapping[str, Candidate], near: float) -> tuple[str, ...]:
    """Return the names of the candidates that are good enough to be joined with the best one, which is the first.

    They take images of the same size, and reach the share `near` of the best one, or are no worse beyond noise. Whether
    the mean is better is not asked of the validation subset, which flatters the network that was chosen on it: on
    photographs it said -0.9 points where the test subset said +0.8.
    """
    best = max(candidates, key=lambda name: candidates[name].macro_map)
    size, least = candidates[best].backbone.size, near * candidates[best].macro_map
    alike = {name: each for name, each in candidates.items() if each.backbone.size == size}
    found = contrasts(alike, baseline=best)
    good = [name for name, each in alike.items() if each.macro_map >= least or found[name].verdict != "worse"]
    return tuple(sorted(good, key=lambda name: -candidates[name].macro_map))


def join_candidates(data: TrainingMarks, members: Sequence[Candidate]) -> Candidate:
    """Return the candidate whose logits are the mean of those of others, with the options of the first one."""
    head = side_by_side(
        [each.trained.head for each in members],
        [_calibration(each) for each in members],
        [each.backbone.width for each in members],
    )
    backbone = join_backbones([each.backbone for each in members])
    return data.with_backbone(members[0].options, backbone, head, keep_head=True)


def side_by_side(
    heads: Sequence[ExportedHead], calibrations: Sequence[Calibration], widths: Sequence[int]
) -> ExportedHead:
    """Return the mean of heads' calibrated logits, each over features of its own, `widths` of them, side by side."""
    firsts = np.cumsum([0, *widths])
    of = int(firsts[-1])
    placed = [
        over_columns(head, int(first), width, of) for head, first, width in zip(heads, firsts, widths, strict=False)
    ]
    return mean_head(placed, calibrations, (1.0,) * len(placed))


def _calibration(candidate: Candidate) -> Calibration:
    labels = candidate.trained.labels
    validation = candidate.collection.examples(labels, VALIDATION)
    return fit_platt(validation.logits(candidate.trained.head), validation.targets, groups=labels.groups)
