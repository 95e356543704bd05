"""The options of a training run."""

from dataclasses import asdict, dataclass, field, replace
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from viennatag.errors import OptionError
from viennatag.split.splitting import MAX_DISTANCE
from viennatag.training.data.profiles import AugmentationProfile
from viennatag.training.logs import LOGGERS, LoggerName
from viennatag.training.onnx_input import OnnxInput
from viennatag.training.strategies import BASELINE, STRATEGIES, Strategy

_AT_LEAST_ONE = frozenset({"epochs", "batch_size", "patience", "accumulate", "devices", "nodes"})
_BELOW_ONE = frozenset({"warmup", "ema_decay", "frozen_fraction", "style_augmentation", "label_smoothing"})
_PRETRAINED, _RANDOM = (1e-3, 0.9), (2e-3, 1.0)
"""Learning rate and layer decay for pretrained and for random weights."""
Preset = Literal["fast", "balanced", "best"]
PRESETS: tuple[Preset, ...] = get_args(Preset)


@dataclass(frozen=True)
class FinetuneOptions:
    """How to fine-tune a backbone.

    Attributes:
        epochs: Passes over the training marks.
        batch_size: Marks per step, over all devices.
        learning_rate: Peak of the cosine schedule, reached after `warmup`; None is what suits the initial weights,
            pretrained or random.
        weight_decay: Weight decay of AdamW, on matrices only.
        warmup: Fraction of the steps in which the learning rate rises.
        ema_decay: Decay of the exponential moving average of the weights, which is what is kept.
        patience: Stop after this many epochs without a better validation macro average precision.
        layer_decay: Factor on the learning rate from each layer to the one before it; None is what suits the initial
            weights, 1 for random ones.
        frozen_fraction: Fraction of the layers, from the image on, that are never trained.
        gradual_unfreezing: Epochs over which the trained layers are unfrozen, the last first (Howard and Ruder 2018,
            ULMFiT); 0 unfreezes all at once.
        freeze_statistics: Whether batch normalisation keeps its statistics; None keeps pretrained ones.
        teacher_weight: Weight of the distillation loss.
        augmentation: How images are augmented: marks, photos, none, or auto, which asks the collection.
        mixing: Fraction of the batches whose images are mixed in pairs, with their targets (mixup and CutMix).
        label_smoothing: Share of each target that is replaced by the label's frequency.
        style_augmentation: Fraction of the images that are shown in another style; of Vienna codes these train what a
            mark depicts, not its form.
        keep_head: Whether to keep the linear head that is trained jointly, on augmented marks; else its training goes
            on over the features of the marks as they are.
        size: Side of the image in training, in pixels; None takes that of the backbone. A smaller side costs less, but
            the last epochs should use the final size (Touvron et al. 2019, arXiv 1906.06423).
        initial_size: Side in the first epoch, which grows until two thirds of the epochs are done (progressive
            resizing: Tan and Le 2021, EfficientNetV2, section 4.2); None starts with `size`.
        accumulate: Batches per step of the optimiser.
        devices: GPUs, or processes on a CPU.
        nodes: Machines, started by torchrun or a cluster's own launcher.
        workers: Processes that read images where their pixels are not cached.
    """

    epochs: int = 12
    batch_size: int = 64
    learning_rate: float | None = None
    weight_decay: float = 0.05
    warmup: float = 0.05
    ema_decay: float = 0.998
    patience: int = 4
    layer_decay: float | None = None
    frozen_fraction: float = 0.0
    gradual_unfreezing: int = 0
    freeze_statistics: bool | None = None
    teacher_weight: float = 10.0
    augmentation: AugmentationProfile = "auto"
    mixing: float = 0.0
    label_smoothing: float = 0.0
    style_augmentation: float = 0.0
    keep_head: bool = False
    size: int | None = None
    initial_size: int | None = None
    accumulate: int = 1
    devices: int = 1
    nodes: int = 1
    workers: int = 1

    def __post_init__(self) -> None:
        _check_types(self)
        problems = []
        for name, value in asdict(self).items():
            if value is None or isinstance(value, str):
                continue
            if not value >= 0 or (name in _AT_LEAST_ONE and value < 1):
                problems.append(f"{name} is {value}; it must be positive")
            elif name in _BELOW_ONE and value >= 1:
                problems.append(f"{name} is {value}; it must be below 1")
        if self.layer_decay is not None and not 0 < self.layer_decay <= 1:
            problems.append(f"layer_decay is {self.layer_decay}; expected a factor above 0, at most 1")
        if self.learning_rate is not None and not self.learning_rate > 0:
            problems.append(f"learning_rate is {self.learning_rate}; it must be positive")
        if self.batch_size % (self.devices * self.nodes):
            problems.append(f"batch_size is {self.batch_size}; it must be a multiple of the devices")
        if not self.mixing <= 1:
            problems.append(f"mixing is {self.mixing}; it must be at most 1")
        if problems:
            raise OptionError("; ".join(problems))

    def completed(self, *, pretrained: bool, profile: AugmentationProfile = "marks") -> "FinetuneOptions":
        """Return the options with what suits the initial weights, and the images, where nothing is set.

        Low layers of a pretrained network are general, so they learn slowly (Howard and Ruder 2018, ULMFiT, section
        3.2). Its statistics stay: on 2,000 photographs those of few, augmented batches cost 4 points of macro mAP.
        """
        rate, decay = _PRETRAINED if pretrained else _RANDOM
        return replace(
            self,
            learning_rate=rate if self.learning_rate is None else self.learning_rate,
            layer_decay=decay if self.layer_decay is None else self.layer_decay,
            freeze_statistics=pretrained if self.freeze_statistics is None else self.freeze_statistics,
            augmentation=profile if self.augmentation == "auto" else self.augmentation,
        )


@dataclass(frozen=True)
class TrainOptions:
    """How to train.

    Attributes:
        strategy: What to do about imbalance.
        preset: What is searched for. Nothing in fast, which trains a head on the backbone as it is; balanced and best
            search for how to fine-tune it, image size, augmentation and strategy, within the budget. None does what
            the other options say.
        budget: Seconds for the search of a preset, by default that of the preset; without one, seconds to choose a
            strategy in, with the `min_count` and `decision_rule` of `strategy`, and None takes `strategy` itself.
        backbone: A timm name, `torchvision:` and a name there, `hf:` and a model of timm's on Hugging Face,
            `local-dir:` and a folder, `bundle:` and a bundle, or `onnx:` and a file.
        pretrained: Whether the backbone starts from its published weights, or at random.
        size: Side of the image, in pixels; by default what the backbone was trained with.
        onnx: What the graph of a backbone `onnx:FILE` takes.
        finetune: How to fine-tune the backbone first; None leaves it as it is.
        teacher: A backbone whose features a fine-tuned network also learns to reproduce.
        near_duplicates: Bits of 64 in which the hashes of images that look alike, and stay in one subset, differ at
            most, 0 to 8; None does not look.
        logger: Where the figures of each epoch go besides the bundle: csv is nowhere else; tensorboard, mlflow, wandb.
        seed: Seed of all random choices.
    """

    strategy: Strategy = field(default_factory=lambda: STRATEGIES[BASELINE])
    preset: Preset | None = None
    budget: float | None = None
    backbone: str = "efficientnet_b0"
    pretrained: bool = True
    size: int | None = None
    onnx: OnnxInput = field(default_factory=OnnxInput)
    finetune: FinetuneOptions | None = None
    teacher: str | None = None
    near_duplicates: int | None = MAX_DISTANCE
    logger: LoggerName = "csv"
    seed: int = 0

    @property
    def asks_for_nothing(self) -> bool:
        """Whether neither a preset nor anything that one chooses is asked for, and the backbone is pretrained."""
        own = (self.preset, self.budget, self.finetune, self.teacher)
        return not any(own) and self.pretrained and self.strategy.trains_like(STRATEGIES[BASELINE])

    def __post_init__(self) -> None:
        _check_types(self)
        if self.size is not None and not 32 <= self.size <= 1024:
            raise OptionError(f"size is {self.size} pixels; expected 32 to 1024")
        if not 0 <= self.seed < 2**32:  # as many as Lightning takes
            raise OptionError(f"seed is {self.seed}; expected 0 to {2**32 - 1:,}")
        if self.near_duplicates is not None and not 0 <= self.near_duplicates <= 8:
            raise OptionError(f"near_duplicates is {self.near_duplicates} bits; expected 0 to 8, or none")
        if self.preset not in {None, *PRESETS}:
            raise OptionError(f"there is no preset {self.preset!r}; choose among {', '.join(PRESETS)}")
        if self.logger not in LOGGERS:
            raise OptionError(f"there is no logger {self.logger!r}; choose among {', '.join(LOGGERS)}")
        if self.budget is not None and not self.budget > 0:
            raise OptionError(f"budget is {self.budget} seconds; it must be positive")
        if self.preset is not None and (
            self.finetune or self.teacher or not self.strategy.trains_like(STRATEGIES[BASELINE])
        ):
            raise OptionError(
                f"the preset {self.preset} chooses how to fine-tune, and the strategy; leave these options out, or the "
                "preset"
            )
        if self.preset is not None and not self.pretrained:
            raise OptionError("presets start from pretrained weights; leave pretrained=false out, or the preset")
        if self.teacher and not self.finetune:
            raise OptionError("a teacher only helps a network that is fine-tuned; add --finetune")
        if self.teacher and self.finetune and self.finetune.mixing:
            raise OptionError("a teacher has seen no mixed images; leave finetune.mixing or the teacher out")


_KINDS: dict[Any, tuple[type, str]] = {
    bool: (bool, "True or False"), int: (Integral, "a whole number"), float: (Real, "a number"), str: (str, "text"),
    NoneType: (NoneType, "None"), Strategy: (Strategy, f"a Strategy, such as strategies()[{BASELINE!r}]"),
}  # fmt: skip
"""What is taken for an annotation, and its name."""


def _check_types(options: object) -> None:
    """Raise OptionError where options are of other types than their annotations; all of them are named."""
    problems = []
    for name, hint in get_type_hints(type(options)).items():
        value = getattr(options, name)
        stated = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
        plain = [str if get_origin(kind) is Literal else kind for kind in stated]  # values are checked elsewhere
        kinds = [_KINDS.get(kind, (kind, f"{kind.__name__}(...)")) for kind in plain]
        if not any(isinstance(value, kind) and (kind is bool or not isinstance(value, bool)) for kind, _ in kinds):
            problems.append(f"{name} is {value!r}; expected {' or '.join(words for _, words in kinds)}")
    if problems:
        raise OptionError("; ".join(problems))
