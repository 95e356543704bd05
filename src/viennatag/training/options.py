"""What a training is asked to do."""

from dataclasses import dataclass

from viennatag.errors import OptionError
from viennatag.training.finetuning.finetune import FinetuneOptions
from viennatag.training.strategies import Strategy


@dataclass(frozen=True)
class TrainOptions:
    """How to train.

    Attributes:
        strategy: What to do about imbalance.
        budget: Seconds to choose a strategy in, with the `min_count` and `decision` of `strategy`; None takes
            `strategy` itself.
        backbone: A timm name, `local-dir:` followed by a folder, or `bundle:` and a bundle.
        pretrained: Whether the backbone starts from its published weights, or at random.
        size: Side of the image, in pixels; by default what the backbone was trained with.
        finetune: How to teach the whole network first; None leaves the backbone as it is.
        teacher: A backbone whose features a finetuned network also learns to reproduce.
        seed: Of every random choice.
    """

    strategy: Strategy
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
            raise OptionError("a teacher only helps a network that is finetuned; add --finetune")
