"""The options of a training run."""

from dataclasses import asdict, dataclass, field

from viennatag.errors import OptionError
from viennatag.training.strategies import BASELINE, STRATEGIES, Strategy

_AT_LEAST_ONE = frozenset({"epochs", "batch_size", "patience", "accumulate", "devices", "nodes"})
_BELOW_ONE = frozenset({"warmup", "ema_decay", "frozen_fraction", "style_augmentation"})


@dataclass(frozen=True)
class FinetuneOptions:
    """How to fine-tune a backbone.

    Attributes:
        epochs: Passes over the training marks.
        batch_size: Marks per step, over all devices.
        learning_rate: Peak of the cosine schedule, reached after `warmup`.
        weight_decay: Weight decay of AdamW, on matrices only.
        warmup: Fraction of the steps in which the learning rate rises.
        ema_decay: Decay of the exponential moving average of the weights, which is what is kept.
        patience: Stop after this many epochs without a better validation macro average precision.
        layer_decay: Factor on the learning rate from each layer to the one before it; 1 for random weights.
        frozen_fraction: Fraction of the layers, from the image on, that are never trained.
        gradual_unfreezing: Epochs over which the trained layers are unfrozen, the last first (Howard and Ruder 2018,
            ULMFiT); 0 unfreezes all at once.
        freeze_statistics: Whether batch normalisation keeps its pretrained statistics.
        teacher_weight: Weight of the distillation loss.
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
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    warmup: float = 0.05
    ema_decay: float = 0.998
    patience: int = 4
    layer_decay: float = 1.0
    frozen_fraction: float = 0.0
    gradual_unfreezing: int = 0
    freeze_statistics: bool = False
    teacher_weight: float = 10.0
    style_augmentation: float = 0.0
    keep_head: bool = False
    size: int | None = None
    initial_size: int | None = None
    accumulate: int = 1
    devices: int = 1
    nodes: int = 1
    workers: int = 1

    def __post_init__(self) -> None:
        problems = []
        for name, value in asdict(self).items():
            if value is None:
                continue
            if not value >= 0 or (name in _AT_LEAST_ONE and value < 1):
                problems.append(f"{name} is {value}; it must be positive")
            elif name in _BELOW_ONE and value >= 1:
                problems.append(f"{name} is {value}; it must be below 1")
        if not 0 < self.layer_decay <= 1:
            problems.append(f"layer_decay is {self.layer_decay}; expected a factor above 0, at most 1")
        if not self.learning_rate > 0:
            problems.append(f"learning_rate is {self.learning_rate}; it must be positive")
        if self.batch_size % (self.devices * self.nodes):
            problems.append(f"batch_size is {self.batch_size}; it must be a multiple of the devices")
        if problems:
            raise OptionError("; ".join(problems))


@dataclass(frozen=True)
class TrainOptions:
    """How to train.

    Attributes:
        strategy: What to do about imbalance.
        budget: Seconds to choose a strategy in, with the `min_count` and `decision_rule` of `strategy`; None takes
            `strategy` itself.
        backbone: A timm name, `local-dir:` followed by a folder, or `bundle:` and a bundle.
        pretrained: Whether the backbone starts from its published weights, or at random.
        size: Side of the image, in pixels; by default what the backbone was trained with.
        finetune: How to fine-tune the backbone first; None leaves it as it is.
        teacher: A backbone whose features a fine-tuned network also learns to reproduce.
        seed: Seed of all random choices.
    """

    strategy: Strategy = field(default_factory=lambda: STRATEGIES[BASELINE])
    budget: float | None = None
    backbone: str = "efficientnet_b0"
    pretrained: bool = True
    size: int | None = None
    finetune: FinetuneOptions | None = None
    teacher: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.size is not None and not 32 <= self.size <= 1024:
            raise OptionError(f"size is {self.size} pixels; expected 32 to 1024")
        if self.teacher and not self.finetune:
            raise OptionError("a teacher only helps a network that is fine-tuned; add --finetune")
