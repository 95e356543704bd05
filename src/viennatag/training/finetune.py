"""Teach a whole network, from random or pretrained weights, on Lightning.

What comes out is a better trunk: the head that learns with it is thrown away, and the ordinary path
(export, features, head, calibration) follows on the trunk as on any pretrained one. An interrupted
run goes on from its last checkpoint.

A teacher can help a small network to see: besides the codes it then learns to reproduce the
teacher's features of the same image (Romero et al. 2015, FitNets). Only the teacher's outputs are
used; nothing of its weights is in the result.
"""

import logging
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Dataset, Sampler

from viennatag.errors import OptionError
from viennatag.images import read_image
from viennatag.metrics import macro_average_precision
from viennatag.training.augment import augment
from viennatag.training.backbone import PixelNetwork

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True)
class FinetuneOptions:
    """How to teach a network.

    Attributes:
        epochs: Passes over the training marks.
        batch_size: Marks per step.
        learning_rate: Peak of the cosine schedule, reached after `warmup`.
        weight_decay: Of AdamW, on matrices only.
        warmup: Share of the steps in which the learning rate rises.
        ema: Decay of the moving average of the weights, which is what is kept.
        patience: Stop after this many epochs without a better validation macro average precision.
        teacher_weight: How much the teacher's features count beside the codes.
        size: Side of the image while teaching, in pixels; None takes that of the trunk. A network may be taught at
            about 0.8 of the size it serves, for less and with no loss (Touvron et al. 2019, arXiv 1906.06423).
        workers: Processes that read images.
    """

    epochs: int = 12
    batch_size: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    warmup: float = 0.05
    ema: float = 0.998
    patience: int = 4
    teacher_weight: float = 10.0
    size: int | None = None
    workers: int = 1

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value is None:
                continue
            if not value >= 0 or (name in {"epochs", "batch_size", "learning_rate", "patience"} and not value):
                raise OptionError(f"{name} is {value}; it must be positive")


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a network is taught on.

    Attributes:
        paths: Image of each mark.
        targets: Shape (marks, labels).
        train: Marks to learn from.
        validation: Marks to stop on.
        weights: How much each mark of `train` counts.
        teacher: Features of each mark of `train` that the network should reproduce, if any.
    """

    paths: Sequence[Path]
    targets: "csr_array"
    train: NDArray[np.intp]
    validation: NDArray[np.intp]
    weights: NDArray[np.float64]
    teacher: NDArray[np.float16] | None = None


def finetune(
    network: PixelNetwork,
    lesson: Lesson,
    *,
    size: int,
    options: FinetuneOptions,
    checkpoints: Path,
    seed: int = 0,
    progress: Callable[[int, int, float], None] | None = None,
) -> PixelNetwork:
    """Return the network with the best validation macro average precision.

    Args:
        network: Where to start.
        lesson: The marks.
        size: Side of the square that the trunk takes, in pixels.
        options: How to teach.
        checkpoints: Folder that holds the state of this run; a run that finds one there goes on from it.
        seed: Of the order of marks, augmentation and the new head.
        progress: Told the step, the number of steps, and the best macro average precision so far.
    """
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # progress is reported by the caller
    lightning.seed_everything(seed, verbose=False)
    size = options.size or size
    pupil = _Pupil(network, lesson, options, seed)
    best = ModelCheckpoint(checkpoints, filename="best", monitor="macro_map", mode="max", enable_version_counter=False)
    last = ModelCheckpoint(
        checkpoints, filename="last", every_n_epochs=1, save_on_train_epoch_end=True, enable_version_counter=False
    )
    callbacks: list[Callback] = [best, last, EarlyStopping("macro_map", mode="max", patience=options.patience)]
    if progress:
        callbacks.append(_Reporter(progress))
    on_gpu = torch.cuda.is_available()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Lightning advises on worker counts and log intervals
        trainer = lightning.Trainer(
            max_epochs=options.epochs,
            accelerator="gpu" if on_gpu else "cpu",
            devices=1,
            precision="bf16-mixed" if on_gpu else "32-true",
            gradient_clip_val=5.0,
            callbacks=callbacks,
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        order = _EpochOrder(len(lesson.train), seed)
        resume = checkpoints / "last.ckpt"
        trainer.fit(
            pupil,
            train_dataloaders=_loader(lesson.paths, lesson.train, size, options, order),
            val_dataloaders=_loader(lesson.paths, lesson.validation, size, options, None),
            ckpt_path=str(resume) if resume.exists() else None,
            weights_only=False,  # the checkpoint is this run's own
        )
    state = torch.load(best.best_model_path, map_location="cpu", weights_only=True)["state_dict"]
    prefix = "average.module."
    network.load_state_dict({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
    return network.cpu().eval()


class _Pupil(lightning.LightningModule):
    """The network with a head for the codes and, under a teacher, one for its features."""

    def __init__(self, network: PixelNetwork, lesson: Lesson, options: FinetuneOptions, seed: int) -> None:
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last).train()
        self.average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(options.ema), use_buffers=True)
        self.lesson, self.options, self.seed = lesson, options, seed
        prior = (np.asarray(lesson.targets[lesson.train].sum(axis=0)).ravel() + 0.5) / (len(lesson.train) + 1)
        width = int(network.network.num_features)  # type: ignore[arg-type]
        self.head = nn.Linear(width, lesson.targets.shape[1])
        nn.init.zeros_(self.head.weight)
        with torch.no_grad():
            self.head.bias.copy_(torch.from_numpy(np.log(prior / (1 - prior))))
        self.mark_weights = torch.from_numpy(lesson.weights / lesson.weights.mean()).float()
        self.imitation: nn.Linear | None = None
        if lesson.teacher is not None:
            self.imitation = nn.Linear(width, lesson.teacher.shape[1])
            drawn = torch.from_numpy(lesson.teacher[:20_000].astype(np.float32))
            self.teacher_mean, self.teacher_scale = drawn.mean(0), drawn.std(0).clamp_min(1e-3)
        self._seen: list[tuple[Tensor, Tensor]] = []

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        pixels, positions = batch
        positions = positions.cpu()
        generator = torch.Generator().manual_seed(hash((self.seed, self.current_epoch, index)) % 2**63)
        features, _ = self.network(augment(pixels, generator))
        rows = self.lesson.train[positions.numpy()]
        truth = torch.from_numpy(self.lesson.targets[rows].toarray().astype(np.float32)).to(features.device)
        losses = nn.functional.binary_cross_entropy_with_logits(self.head(features), truth, reduction="none").sum(1)
        if self.imitation is not None and self.lesson.teacher is not None:
            shown = torch.from_numpy(self.lesson.teacher[positions.numpy()].astype(np.float32))
            wanted = ((shown - self.teacher_mean) / self.teacher_scale).to(features.device)
            losses = losses + self.options.teacher_weight * (self.imitation(features) - wanted).square().mean(1)
        return (losses * self.mark_weights[positions].to(features.device)).mean()

    def on_train_batch_end(self, *_: Any) -> None:
        # Early averages would remember the random start: let the decay grow with the step.
        step = self.global_step
        self.average.multi_avg_fn = get_ema_multi_avg_fn(min(self.options.ema, (1 + step) / (10 + step)))
        self.average.update_parameters(self.network)

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        pixels, positions = batch
        features, _map = self.average(pixels)
        self._seen.append((positions.cpu(), self.head(features).float().cpu()))

    def on_validation_epoch_end(self) -> None:
        positions = torch.cat([positions for positions, _ in self._seen]).numpy()
        logits = torch.cat([logits for _, logits in self._seen]).numpy()
        self._seen.clear()
        truth = self.lesson.targets[self.lesson.validation[positions]]
        self.log("macro_map", macro_average_precision(logits, truth).value)

    def configure_optimizers(self) -> Any:
        learned = [
            parameter
            for name, parameter in self.named_parameters()
            if parameter.requires_grad and not name.startswith("average.")
        ]
        optimizer = torch.optim.AdamW(
            [
                {"params": [p for p in learned if p.ndim > 1], "weight_decay": self.options.weight_decay},
                {"params": [p for p in learned if p.ndim <= 1], "weight_decay": 0.0},
            ],
            lr=self.options.learning_rate,
        )
        steps = max(1, int(self.trainer.estimated_stepping_batches))
        warmup = max(1, int(steps * self.options.warmup))

        def factor(step: int) -> float:
            if step < warmup:
                return (step + 1) / warmup
            return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class _Images(Dataset[tuple[Tensor, int]]):
    """Pixels of some marks, each with its position in the list of rows."""

    def __init__(self, paths: Sequence[Path], rows: NDArray[np.intp], size: int) -> None:
        self.paths, self.rows, self.size = paths, rows, size

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, position: int) -> tuple[Tensor, int]:
        return torch.from_numpy(read_image(self.paths[self.rows[position]], self.size)), position


class _EpochOrder(Sampler[int]):
    """A new order for each epoch that depends on the seed and the epoch alone, so a resumed run repeats it."""

    def __init__(self, count: int, seed: int) -> None:
        self.count, self.seed, self.epoch = count, seed, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        yield from np.random.default_rng((self.seed, self.epoch)).permutation(self.count).tolist()


def _loader(
    paths: Sequence[Path], rows: NDArray[np.intp], size: int, options: FinetuneOptions, order: _EpochOrder | None
) -> DataLoader[tuple[Tensor, int]]:
    return DataLoader(
        _Images(paths, rows, size),
        batch_size=options.batch_size,
        sampler=order,
        num_workers=options.workers,
        persistent_workers=options.workers > 0,
        drop_last=order is not None and len(rows) > options.batch_size,
    )


class _Reporter(Callback):
    def __init__(self, progress: Callable[[int, int, float], None]) -> None:
        self.progress = progress

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        reached = trainer.callback_metrics.get("macro_map")
        self.progress(
            trainer.global_step, int(trainer.estimated_stepping_batches), float(reached) if reached is not None else 0.0
        )
