"""The network while it learns: its head for the codes and, under a teacher, one for the teacher's features."""

import math
from typing import TYPE_CHECKING, Any

import lightning
import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from viennatag.metrics.figures import macro_average_precision
from viennatag.training.backbones.backbone import PixelNetwork, layer_depths
from viennatag.training.data.augmentation import augment
from viennatag.training.data.batches import Batches
from viennatag.training.data.style_augmentation import restyle

if TYPE_CHECKING:
    from viennatag.training.finetuning.finetune import FinetuneOptions, Lesson

_STRIDE = 16  # pixels that a side grows by: networks halve it four or five times
_GROWN = 2 / 3  # share of the epochs after which the side is full


class Pupil(lightning.LightningModule):
    """A network, its moving average, and what it is taught with."""

    mark_weights: Tensor
    teacher_mean: Tensor
    teacher_scale: Tensor

    def __init__(
        self, network: PixelNetwork, lesson: "Lesson", options: "FinetuneOptions", batches: Batches, seed: int
    ) -> None:
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last).train()
        self.average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(options.ema), use_buffers=True)
        self.average.eval().requires_grad_(False)
        self.lesson, self.options, self.batches, self.seed = lesson, options, batches, seed
        known = lesson.train[lesson.weights > 0]
        counts = np.asarray(lesson.targets[known].sum(axis=0), dtype=np.int64).ravel()
        self.objective = lesson.loss.prepare(counts, len(known))
        width = int(network.network.num_features)  # type: ignore[arg-type]
        self.head = nn.Linear(width, lesson.targets.shape[1])
        weight, bias = lesson.head or (
            np.zeros(self.head.weight.shape, np.float32),
            lesson.loss.start(counts, len(known)).astype(np.float32),
        )
        with torch.no_grad():
            self.head.weight.copy_(torch.from_numpy(weight))
            self.head.bias.copy_(torch.from_numpy(bias))
        mark_weights = lesson.weights / lesson.weights[lesson.weights > 0].mean()
        self.register_buffer("mark_weights", torch.from_numpy(mark_weights).float(), persistent=False)
        self.imitation: nn.Linear | None = None
        if lesson.teacher is not None:
            self.imitation = nn.Linear(width, lesson.teacher.shape[1])
            drawn = torch.from_numpy(lesson.teacher[:20_000].astype(np.float32))
            self.register_buffer("teacher_mean", drawn.mean(0), persistent=False)
            self.register_buffer("teacher_scale", drawn.std(0).clamp_min(1e-3), persistent=False)
        self.depths, self.layers = layer_depths(network)
        self._seen: list[tuple[Tensor, Tensor]] = []

    # One epoch

    def setup(self, stage: str) -> None:
        """Learn which share of the batches is this process's own."""
        self.batches.share = (self.trainer.global_rank, self.trainer.world_size)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on with the batch after the last one of the checkpoint."""
        loops = checkpoint["loops"]["fit_loop"]
        done = int(loops["epoch_loop.batch_progress"]["current"]["ready"])
        self.batches.epoch = int(loops["epoch_progress"]["current"]["completed"])
        self.batches.skip = done if done < len(self.batches) else 0

    def on_train_epoch_start(self) -> None:
        """Release the layers that learn in this epoch."""
        self.batches.epoch = self.current_epoch  # the pass begins after this hook
        self.network.train()
        options, epoch = self.options, self.current_epoch
        released = 1.0 if not options.gradual else min(1.0, (epoch + 1) / options.gradual)
        lowest = self.layers * (1 - released * (1 - options.frozen))
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad_(self.depths[name] >= round(lowest))
        if options.freeze_statistics:
            for module in self.network.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()

    def _side(self) -> int | None:
        """Return the side of the images in this epoch."""
        start, full = self.options.start_size, self.lesson.pixels.size
        if start is None:
            return None
        grown = min(1.0, self.current_epoch / max(1.0, _GROWN * self.options.epochs))
        return min(full, start + round((full - start) * grown / _STRIDE) * _STRIDE)

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        """Return the loss of a batch: uint8 pixels (n, side, side, 3) and positions (n,)."""
        pixels, positions = batch
        rank = self.trainer.global_rank
        seed = int(np.random.SeedSequence((self.seed, self.current_epoch, index, rank)).generate_state(1)[0])
        chance = torch.Generator().manual_seed(seed)
        unknown = None
        if self.options.restyle:
            pixels, restyled, mirrored = restyle(pixels, chance, self.options.restyle)
            if self.lesson.form is not None:
                form, letters = torch.from_numpy(self.lesson.form).to(pixels.device)
                unknown = restyled[:, None] & form | mirrored[:, None] & letters
        features, _ = self.network(augment(pixels, chance, size=self._side()))
        logits = self.head(features).float()
        if unknown is not None:  # what has no gradient is not learned from
            logits = torch.where(unknown, logits.detach(), logits)
        at = positions.cpu().numpy()
        truth = torch.from_numpy(self.lesson.targets[self.lesson.train[at]].toarray().astype(np.float32))
        done = self.global_step / max(1, self.trainer.estimated_stepping_batches)
        losses = self.objective(logits, truth.to(features.device), done)
        loss = (losses * self.mark_weights[positions]).mean()
        if self.imitation is not None and self.lesson.teacher is not None:
            seen = torch.from_numpy(self.lesson.teacher[at].astype(np.float32)).to(features.device)
            gap = self.imitation(features).float() - (seen - self.teacher_mean) / self.teacher_scale
            loss = loss + self.options.teacher_weight * gap.square().mean()
        return loss

    def optimizer_step(self, *arguments: Any, **named: Any) -> None:
        """Take a step and move the average towards the network, before any checkpoint is written."""
        super().optimizer_step(*arguments, **named)
        # Early averages would remember the random start: let the decay grow with the step.
        step = self.global_step
        self.average.multi_avg_fn = get_ema_multi_avg_fn(min(self.options.ema, (1 + step) / (10 + step)))
        self.average.update_parameters(self.network)

    # What it has learned

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        """Keep the logits of a batch of validation marks."""
        pixels, positions = batch
        self.average.eval()
        features, _map = self.average(pixels)
        self._seen.append((positions.cpu(), self.head(features).float().cpu()))

    def on_validation_epoch_end(self) -> None:
        """Log the macro average precision of the moving average."""
        positions = torch.cat([positions for positions, _ in self._seen]).numpy()
        logits = torch.cat([logits for _, logits in self._seen]).numpy()
        self._seen.clear()
        truth = self.lesson.targets[self.lesson.validation[positions]]
        # The same marks were judged in every process, so all agree.
        self.log("macro_map", macro_average_precision(logits, truth).value)

    # How it learns

    def configure_optimizers(self) -> Any:
        """Return AdamW, slower for lower layers, and a cosine schedule with warm-up."""
        options = self.options
        groups: dict[tuple[float, float], list[nn.Parameter]] = {}
        for name, parameter in self.named_parameters():
            if name.startswith("average."):
                continue
            inside = name.removeprefix("network.")
            depth = self.depths[inside] if name.startswith("network.") else self.layers
            key = (options.layer_decay ** (self.layers - depth), options.weight_decay if parameter.ndim > 1 else 0.0)
            groups.setdefault(key, []).append(parameter)
        optimizer = torch.optim.AdamW(
            [
                {"params": parameters, "lr": options.learning_rate * scale, "weight_decay": decay}
                for (scale, decay), parameters in groups.items()
            ],
            lr=options.learning_rate,
        )
        steps = max(1, int(self.trainer.estimated_stepping_batches))
        warmup = max(1, int(steps * options.warmup))

        def factor(step: int) -> float:
            if step < warmup:
                return (step + 1) / warmup
            return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
