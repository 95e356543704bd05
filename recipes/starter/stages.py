"""The stages of a recipe, read from a TOML file and checked.

Stages are data: a stage states what it starts from, which marks it draws and how it trains. What a stage produces is
known by its digest, which covers its own settings and those of all stages before it; so a stage is run again exactly
when something that it depends on has changed.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, ClassVar

from viennatag.errors import OptionError

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STAGES = HERE / "stages.toml"
STATISTICS = HERE / "code_statistics.tsv"


@dataclass(frozen=True)
class Artwork:
    """Where drawings and letters come from, and how marks are drawn with them.

    Attributes:
        coded: Folders of packs whose drawings have codes.
        unlabelled: Folders of packs whose other drawings are used without codes.
        fonts: Folders of fonts.
        test_packs: Packs of the test subset.
        brands: A pack of brand logos; drawings named like one of these are left out. None leaves out nothing.
        validation_share: Share of the other packs' drawings that is for the validation subset.
        image_size: Longer side of the marks, in pixels.
        balance: How much the frequencies of leading pictorial sections are flattened; see `viennatag render`.
    """

    coded: tuple[Path, ...]
    unlabelled: tuple[Path, ...]
    fonts: tuple[Path, ...]
    test_packs: tuple[str, ...]
    brands: Path | None = None
    validation_share: float = 0.1
    image_size: int = 224
    balance: float = 0.7


@dataclass(frozen=True)
class Round:
    """One training of the network.

    Attributes:
        name: Of the stage.
        kind: "distillation" writes a network, "round" a bundle.
        seed: Of the marks drawn and of the training.
        uniform: Marks that show all sections equally often.
        register: Marks whose codes follow the EU register.
        unlabelled: Drawings without codes, which only a teacher has targets for.
        epochs: Passes over the training marks.
        batch_size: Marks per step.
        learning_rate: Peak.
        size: Side of the image that the bundle takes, in pixels.
        training_size: Side of the image in training.
        style_augmentation: Share of the images that are shown in another style.
        keep_head: Whether the head trained jointly is kept.
        min_positives: Labels with fewer validation marks share a calibration.
        initial_size: Side of the image in the first epoch, from which it grows; None starts with `training_size`.
        start: The stage that it starts from; None starts from random weights.
        backbone: The architecture, if it starts from random weights.
        teacher: A pretrained network whose features are targets too.
        teacher_weight: Weight of these targets beside the codes.
    """

    name: str
    kind: str
    seed: int
    uniform: int
    register: int
    unlabelled: int
    epochs: int
    batch_size: int
    learning_rate: float
    size: int
    training_size: int
    style_augmentation: float
    keep_head: bool
    min_positives: int
    initial_size: int | None = None
    start: str | None = None
    backbone: str | None = None
    teacher: str | None = None
    teacher_weight: float = 10.0

    @property
    def needs(self) -> tuple[str, ...]:
        """The stages that it starts from."""
        return (self.start,) if self.start else ()

    @property
    def marks(self) -> str:
        """The name of its collection of marks, which stages of one seed and one size share."""
        return f"{self.seed}-{self.uniform}-{self.register}"

    def describe(self) -> str:
        """Return its settings in one line."""
        sizes = f"{self.initial_size} to {self.training_size}" if self.initial_size else f"{self.training_size}"
        given = f"from {self.start}" if self.start else f"{self.backbone}, random weights"
        return (
            f"{given}; seed {self.seed}; {self.uniform:,} + {self.register:,} marks; {self.epochs} epochs at {sizes} "
            f"pixels for {self.size}; learning rate {self.learning_rate:g}"
            + (f"; teacher {self.teacher}, {self.unlabelled:,} drawings without codes" if self.teacher else "")
            + ("; head kept" if self.keep_head else "")
        )


@dataclass(frozen=True)
class Mean:
    """The weighted mean of two bundles of one architecture, with labels and marks of the newer, of weight `share`."""

    name: str
    kind: str
    start: str
    newer: str
    share: float

    @property
    def needs(self) -> tuple[str, ...]:
        """The stages whose bundles it reads."""
        return (self.start, self.newer)

    def describe(self) -> str:
        """Return its settings in one line."""
        return f"weights of {self.start} and {self.newer}, the newer's share {self.share:g}"


@dataclass(frozen=True, kw_only=True)
class FineTuning:
    """How a network is fine-tuned on registered and rendered marks.

    Attributes:
        steps: Number of batches.
        registered: Registered marks in a batch.
        learning_rate: Peak, of the head; each block below has `layer_decay` times that of the one above.
        layer_decay: See there.
        frozen: Number of first blocks, the stem among them, that keep their weights.
        size: Side of the images in training, in pixels.
        weight_decay: Of AdamW.
        seed: Of everything random.
    """

    steps: int
    registered: int
    learning_rate: float
    layer_decay: float
    frozen: int
    size: int
    weight_decay: float
    seed: int


@dataclass(frozen=True)
class Mixture:
    """What one training sees in each batch beside registered marks.

    Attributes:
        rendered: Rendered marks of `uniform` and `register`.
        registers: Rendered marks that look like registers.
        clip_art: Drawings of clip art, each by itself.
        seeds: Number of trainings.
        left_out: Number of folds that a network is trained without; with two there are fewer trainings.
    """

    rendered: int
    registers: int = 0
    clip_art: int = 0
    seeds: int = 1
    left_out: int = 1

    def describe(self) -> str:
        """Return its settings in a few words."""
        parts = ((self.rendered, "rendered"), (self.registers, "like registers"), (self.clip_art, "of clip art"))
        shown = " + ".join(f"{count} {what}" for count, what in parts if count)
        return f"{self.seeds} with {shown}" + (f", {self.left_out} folds left out" if self.left_out > 1 else "")


@dataclass(frozen=True, kw_only=True)
class Registered(FineTuning):
    """Fine-tuning on registered marks labelled by hand, together with rendered ones, from `seed` on.

    Attributes:
        name: Of the stage.
        kind: "registered".
        start: The stage whose bundle it starts from.
        folder: Folder of the registered marks, below the root of the repository or absolute.
        uniform: Rendered marks that show all sections equally often.
        register: Rendered marks whose codes follow the EU register.
        registers: Rendered marks like those of registers of Asia and Africa; see `viennatag render`.
        mixtures: Trainings whose weights are averaged.
        min_positives: Form labels with fewer validation marks share a calibration.
    """

    name: str
    kind: str
    start: str
    folder: str
    uniform: int
    register: int
    mixtures: tuple[Mixture, ...]
    min_positives: int
    registers: int = 0

    @property
    def needs(self) -> tuple[str, ...]:
        """The stages that it starts from."""
        return (self.start,)

    @property
    def marks(self) -> str:
        """The name of its collection of rendered marks."""
        return f"{self.seed}-{self.uniform}-{self.register}-{self.registers}".removesuffix("-0")

    def describe(self) -> str:
        """Return its settings in one line."""
        collections = f"{self.uniform:,} + {self.register:,} + {self.registers:,}".removesuffix(" + 0")
        return (
            f"from {self.start}; registered marks with {collections} rendered marks, seed {self.seed}; {self.steps:,} "
            f"steps of {self.registered} registered marks and others at {self.size} pixels; learning rate "
            f"{self.learning_rate:g}, {self.layer_decay:g} a block, {self.frozen} blocks frozen; six networks, each "
            f"the mean of {sum(each.seeds for each in self.mixtures)}: "
            f"{', '.join(each.describe() for each in self.mixtures)}"
        )


Stage = Round | Mean | Registered


@dataclass(frozen=True)
class Recipe:
    """Stages in the order in which they run.

    Attributes:
        output: The folder that the last stage's bundle is copied to.
        artwork: What marks are drawn with.
        stages: By name.
    """

    output: Path
    artwork: Artwork
    stages: Mapping[str, Stage]

    kinds: ClassVar[Mapping[str, type[Stage]]] = {
        "distillation": Round,
        "round": Round,
        "mean": Mean,
        "registered": Registered,
    }

    def round(self, name: str) -> Round:
        """Return a stage that is a round."""
        stage = self.stages[name]
        assert isinstance(stage, Round)  # `read_recipe` has checked it
        return stage

    def needed_for(self, name: str) -> list[str]:
        """Return a stage and all that it depends on, in the order in which they run."""
        wanted = {name}
        for each in reversed(list(self.stages.values())):
            if each.name in wanted:
                wanted.update(each.needs)
        return [each for each in self.stages if each in wanted]

    def digest(self, name: str) -> str:
        """Return a hash of everything that the result of a stage depends on, except the artwork's contents."""
        stage = self.stages[name]
        said = {
            "settings": {key: value for key, value in asdict(stage).items() if key not in {"name", "start", "newer"}},
            "needs": [self.digest(each) for each in stage.needs],
            "artwork": asdict(self.artwork),
            "statistics": hashlib.sha256(STATISTICS.read_bytes()).hexdigest(),
        }
        return hashlib.sha256(json.dumps(said, default=_relative).encode()).hexdigest()[:24]


def read_recipe(path: Path = STAGES) -> Recipe:
    """Return the recipe of a TOML file; paths in it are below the root of the repository, or absolute.

    Raises:
        OptionError: If a key is unknown or missing, or a stage starts from one that does not precede it.
    """
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    artwork, defaults, problems = dict(table["artwork"]), table.get("defaults", {}), list[str]()
    for name in ("coded", "unlabelled", "fonts"):
        artwork[name] = tuple(ROOT / each for each in artwork[name])
    artwork["test_packs"] = tuple(artwork["test_packs"])
    artwork["brands"] = ROOT / artwork["brands"] if "brands" in artwork else None
    stages: dict[str, Stage] = {}
    for name, stated in table["stages"].items():
        stage = Recipe.kinds.get(stated.get("kind", ""))
        if stage is None:
            problems.append(f"{name}: kind is {stated.get('kind')!r}; expected {', '.join(Recipe.kinds)}")
            continue
        values = {**(defaults if stage is Round else {}), **stated, "name": name}
        wrong = _wrong_keys(stage, values)
        for mixture in values.get("mixtures", ()):
            wrong = wrong or _wrong_keys(Mixture, mixture)
        if wrong:
            problems.append(f"{name}: {wrong}")
            continue
        if stage is Registered:
            values["mixtures"] = tuple(Mixture(**each) for each in values["mixtures"])
        stages[name] = stage(**values)
        problems += _wrong_start(stages, name)
    if problems or not stages:
        raise OptionError(f"{path}: {'; '.join(problems) or 'no stages'}")
    if list(stages.values())[-1].kind == "distillation":
        raise OptionError(f"{path}: the last stage is a distillation, which writes no bundle; end with a round or mean")
    return Recipe(ROOT / table["output"], Artwork(**artwork), stages)


def _wrong_keys(stage: type[Stage | Mixture], values: Mapping[str, Any]) -> str:
    known = {each.name for each in fields(stage)}
    needed = {each.name for each in fields(stage) if each.default is MISSING}
    wrong = [f"unknown key {name}" for name in sorted(values.keys() - known)]
    return ", ".join(wrong + [f"{name} is missing" for name in sorted(needed - values.keys())])


def _wrong_start(stages: Mapping[str, Stage], name: str) -> list[str]:
    stage = stages[name]
    found = [f"{name}: {each} is no stage before it" for each in stage.needs if each not in stages or each == name]
    if found:
        return found
    if isinstance(stage, Mean):
        kinds: Sequence[str] = [stages[each].kind for each in stage.needs]
        if "distillation" in kinds or kinds[-1] != "round":
            return [f"{name}: a mean is of two bundles, the newer of a round"]
    elif isinstance(stage, Registered):
        if stages[stage.start].kind == "distillation":
            return [f"{name}: it starts from a bundle, and {stage.start} writes none"]
    elif not stage.start and not stage.backbone:
        return [f"{name}: neither start nor backbone is given"]
    elif (stage.kind == "distillation") != (stage.teacher is not None):
        return [f"{name}: a distillation has a teacher, a round has none"]
    return []


def _relative(path: object) -> str:
    """Return a path below the repository's root where it can, so that a checkout may be moved."""
    assert isinstance(path, Path)
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.as_posix()
