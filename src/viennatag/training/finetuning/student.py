"""The network in training: its head for the codes and, with a teacher, one for the teacher's features."""

import math
from dataclasses import dataclass, field
from typing import Any

import lightning
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from viennatag.calibration.exclusive import ExclusiveGroups
from viennatag.errors import OptionError
from viennatag.losses.elementwise import leave_out_unknown
from viennatag.losses.exclusive import exclusive_log_odds, without_open_groups
from viennatag.losses.losses import BinaryCrossEntropy, Loss
from viennatag.metrics.metrics import macro_average_precision
from viennatag.metrics.scores import as_targets, known_counts
from viennatag.sampling.sampling import Sampling
from viennatag.training.backbones.backbone import PixelNetwork, layer_depths
from viennatag.training.data.augmentation import AUGMENTATIONS, mix
from viennatag.training.data.batches import Batches
from viennatag.training.data.pixels import Pixels
from viennatag.training.data.style_augmentation import augment_style
from viennatag.training.options import FinetuneOptions

_STRIDE = 16  # pixels that a side grows by: networks halve it four or five times
_GROWN = 2 / 3  # fraction of the epochs after which the side has its full length


@dataclass(frozen=True, eq=False)
class FineTuningData:
    """Images and targets for fine-tuning.

    Attributes:
        pixels: Images by position.
        targets: Shape (images, labels).
        train: Training images.
        validation: Images for early stopping.
        weights: Weight of the codes of each image of `train`; 0 where they are not known.
        teacher: The teacher's features of each image of `train`, shape (images, width), if there is a teacher.
        loss: Of the codes.
        sampling: Which images an epoch shows.
        head: Initial weight and bias of the head (Kumar et al. 2022: a trained head spares the features the large
            gradients of a random one); None starts at the label frequencies.
        unknown: Labels whose targets are unknown for an image in another style, and for a mirrored one, shape
            (2, labels); None is no label.
        exclusive: Groups of exclusive labels, which are learned by a softmax.
        at_a_time: Pixels that a processor is shown at a time, where normalisation keeps its statistics. The gradients
            of a batch are the same; what layers keep for them takes a fifth of the memory and stays in the cache, so a
            step is faster.
    """

    pixels: Pixels
    targets: csr_array
    train: NDArray[np.intp]
    validation: NDArray[np.intp]
    weights: NDArray[np.float64]
    teacher: NDArray[np.float16] | None = None
    loss: Loss = field(default_factory=BinaryCrossEntropy)
    sampling: Sampling = field(default_factory=Sampling)
    head: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
    unknown: NDArray[np.bool_] | None = None
    exclusive: ExclusiveGroups | None = None
    at_a_time: int = 12 * 160**2


@dataclass(frozen=True)
class _Shown:
    """A batch as it is shown: pixels, targets, weights, which targets are unknown, the teacher's features."""

    pixels: Tensor
    truth: Tensor
    weights: Tensor
    unknown: Tensor | None
    wanted: Tensor | None

    def __getitem__(self, rows: slice) -> "_Shown":
        return _Shown(*(None if each is None else each[rows] for each in vars(self).values()))  # type: ignore[arg-type]


class StudentNetwork(lightning.LightningModule):
    """A network in training, its moving average, and its data."""

    mark_weights: Tensor
    prior: Tensor
    teacher_mean: Tensor
    teacher_scale: Tensor

    def __init__(
        self, network: PixelNetwork, data: FineTuningData, options: FinetuneOptions, batches: Batches, seed: int
    ) -> None:
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last).train()
        self.average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(options.ema_decay), use_buffers=True)
        self.average.eval().requires_grad_(False)
        self.data, self.options, self.batches, self.seed = data, options, batches, seed
        known = data.train[data.weights > 0]
        counts = np.asarray(as_targets(data.targets[known]).sum(axis=0), dtype=np.int64).ravel()
        marks = known_counts(data.targets[known])
        self.objective = data.loss.prepare(counts, marks)
        self.register_buffer("prior", torch.from_numpy(counts / np.maximum(marks, 1)).float(), persistent=False)
        width = int(network.network.num_features)  # type: ignore[arg-type]
        self.head = nn.Linear(width, data.targets.shape[1])
        initial = data.loss.initial_bias(counts, marks)
        initial = data.exclusive.initial_logits(initial) if data.exclusive else initial
        weight, bias = data.head or (np.zeros(self.head.weight.shape, np.float32), initial.astype(np.float32))
        with torch.no_grad():
            self.head.weight.copy_(torch.from_numpy(weight))
            self.head.bias.copy_(torch.from_numpy(bias))
        mark_weights = data.weights / data.weights[data.weights > 0].mean()
        self.register_buffer("mark_weights", torch.from_numpy(mark_weights).float(), persistent=False)
        self.distillation: nn.Linear | None = None
        if data.teacher is not None:
            self.distillation = nn.Linear(width, data.teacher.shape[1])
            drawn = torch.from_numpy(data.teacher[:20_000].astype(np.float32))
            self.register_buffer("teacher_mean", drawn.mean(0), persistent=False)
            self.register_buffer("teacher_scale", drawn.std(0).clamp_min(1e-3), persistent=False)
        self.depths, self.layers = layer_depths(network)
        self.batch_loss = 0.0  # of the last batch, all its images
        self._logits: list[tuple[Tensor, Tensor]] = []

    # Training

    def setup(self, stage: str) -> None:
        """Set this process's share of the batches."""
        self.batches.share = (self.trainer.global_rank, self.trainer.world_size)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Resume with the batch after the last one of the checkpoint."""
        loops = checkpoint["loops"]["fit_loop"]
        done = int(loops["epoch_loop.batch_progress"]["current"]["ready"])
        self.batches.epoch = int(loops["epoch_progress"]["current"]["completed"])
        self.batches.skip = done if done < len(self.batches) else 0

    def on_train_epoch_start(self) -> None:
        """Unfreeze the layers that are trained in this epoch."""
        self.batches.epoch = self.current_epoch  # the pass begins after this hook
        self.network.train()
        options, epoch = self.options, self.current_epoch
        unfrozen = 1.0 if not options.gradual_unfreezing else min(1.0, (epoch + 1) / options.gradual_unfreezing)
        lowest = self.layers * (1 - unfrozen * (1 - options.frozen_fraction))
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad_(self.depths[name] >= round(lowest))
        if options.freeze_statistics:
            for module in self.network.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()

    def _side(self) -> int:
        start, full = self.options.initial_size, self.data.pixels.size
        if start is None:
            return full
        grown = min(1.0, self.current_epoch / max(1.0, _GROWN * self.options.epochs))
        return min(full, start + round((full - start) * grown / _STRIDE) * _STRIDE)

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        """Return the loss of a batch: uint8 pixels (n, side, side, 3) and positions (n,).

        Images that are shown a few at a time have given their gradients but for the last few. Several processes
        exchange the sum, after the backward pass of these last.
        """
        shown = self._shown(batch, index)
        count, side = shown.pixels.shape[:2]
        few = count
        if self.device.type == "cpu" and self.options.freeze_statistics:
            few = -(-count // -(-count * side**2 // self.data.at_a_time))
        self.batch_loss = 0.0
        for start in range(0, count - few, few):
            loss = self._loss(shown[start : start + few]) / count
            self.batch_loss += float(loss.detach())
            with torch.autocast("cpu", enabled=False):
                (loss / self.options.accumulate).backward()
        last = self._loss(shown[few * ((count - 1) // few) :]) / count
        self.batch_loss += float(last.detach())
        return last

    def optimizer_zero_grad(self, *_: Any) -> None:
        """Leave the gradients of images that were shown already; `optimizer_step` removes them."""

    def _shown(self, batch: tuple[Tensor, Tensor], index: int) -> _Shown:
        pixels, positions = batch
        rank = self.trainer.global_rank
        seed = int(np.random.SeedSequence((self.seed, self.current_epoch, index, rank)).generate_state(1)[0])
        chance = torch.Generator().manual_seed(seed)
        unknown = None
        if self.options.style_augmentation:
            pixels, restyled, mirrored = augment_style(pixels, chance, self.options.style_augmentation)
            if self.data.unknown is not None:
                form, letters = torch.from_numpy(self.data.unknown).to(pixels.device)
                unknown = restyled[:, None] & form | mirrored[:, None] & letters
        pixels = AUGMENTATIONS[self.options.augmentation](pixels, chance, self._side())
        at = positions.cpu().numpy()
        truth = torch.from_numpy(self.data.targets[self.data.train[at]].toarray().astype(np.float32)).to(pixels.device)
        if self.data.exclusive:
            truth = without_open_groups(truth, self.data.exclusive)
        if self.data.exclusive or self.data.targets.dtype != np.bool_:
            hidden = truth < 0
            truth, unknown = truth.clamp_min(0), hidden if unknown is None else unknown | hidden
        weights = self.mark_weights[positions]
        if self.options.mixing and torch.rand(1, generator=chance) < self.options.mixing:
            pixels, partner, own = mix(pixels, chance)
            truth = own[:, None] * truth + (1 - own[:, None]) * truth[partner]
            weights = own * weights + (1 - own) * weights[partner]
            unknown = None if unknown is None else unknown | unknown[partner]
        truth = torch.lerp(truth, self.prior.expand_as(truth), self.options.label_smoothing)
        wanted = None
        if self.data.teacher is not None:
            wanted = torch.from_numpy(self.data.teacher[at].astype(np.float32)).to(pixels.device)
        return _Shown(pixels, truth, weights, unknown, wanted)

    def _loss(self, shown: _Shown) -> Tensor:
        """Return the loss, summed over images."""
        features, _ = self.network(shown.pixels)
        logits, truth = self.head(features).float(), shown.truth
        if self.data.exclusive:
            logits = exclusive_log_odds(logits, self.data.exclusive)
        if shown.unknown is not None:
            logits, truth, _ = leave_out_unknown(logits, truth.masked_fill(shown.unknown, -1))
        done = self.global_step / max(1, self.trainer.estimated_stepping_batches)
        loss = (self.objective(logits, truth, done) * shown.weights).sum()
        if self.distillation is not None and shown.wanted is not None:
            gap = self.distillation(features).float() - (shown.wanted - self.teacher_mean) / self.teacher_scale
            loss = loss + self.options.teacher_weight * gap.square().mean(1).sum()
        return loss

    def optimizer_step(self, *arguments: Any, **named: Any) -> None:
        """Take a step and update the moving average, before any checkpoint is written."""
        super().optimizer_step(*arguments, **named)
        self.zero_grad()
        # An early average would keep the random start: the decay grows with the step.
        step = self.global_step
        self.average.multi_avg_fn = get_ema_multi_avg_fn(min(self.options.ema_decay, (1 + step) / (10 + step)))
        self.average.update_parameters(self.network)

    # Validation

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        """Collect the logits of a batch of validation marks."""
        pixels, positions = batch
        self.average.eval()
        features, _map = self.average(pixels)
        self._logits.append((positions.cpu(), self.head(features).float().cpu()))

    def on_validation_epoch_end(self) -> None:
        """Log the macro average precision of the moving average."""
        positions = torch.cat([positions for positions, _ in self._logits]).numpy()
        logits = torch.cat([logits for _, logits in self._logits]).numpy()
        self._logits.clear()
        if not np.isfinite(logits).all():
            raise OptionError(
                f"fine-tuning diverged: the network gives no numbers any more; set finetune.learning_rate below "
                f"{self.options.learning_rate:g}"
            )
        truth = self.data.targets[self.data.validation[positions]]
        # Every process has seen the same marks, so all agree.
        self.log("macro_map", macro_average_precision(logits, truth).value)

    # Optimisation

    def configure_optimizers(self) -> Any:
        """Return AdamW, slower for lower layers, and a cosine schedule with warm-up."""
        options = self.options
        assert options.learning_rate is not None
        assert options.layer_decay is not None
        groups: dict[tuple[float, float], list[nn.Parameter]] = {}
        for name, parameter in self.named_parameters():
            if name.startswith("average."):
                continue
            inside = name.removeprefix("network.")
            depth = self.depths[inside] if name.startswith("network.") else self.layers
            key = (options.layer_decay ** (self.layers - depth), options.weight_decay if parameter.ndim > 1 else 0.0)
            groups.setdefault(key, []).append(parameter)
        optimizer = torch.optim.AdamW(
            (
                {"params": parameters, "lr": options.learning_rate * scale, "weight_decay": decay}
                for (scale, decay), parameters in groups.items()
            ),
            fused=True,  # a fifth of the time on a processor
        )
        optimizer._step_supports_amp_scaling = False  # else Lightning will not clip
        steps = max(1, int(self.trainer.estimated_stepping_batches))
        warmup = max(1, int(steps * options.warmup))

        def factor(step: int) -> float:
            if step < warmup:
                return (step + 1) / warmup
            return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
