"""Teach a whole network, from random or pretrained weights, on Lightning.

What comes out is a better trunk: the head that learns with it is thrown away, and the ordinary path
(export, features, head, calibration) follows on the trunk as on any pretrained one. An interrupted
run goes on from its last checkpoint, to the same result.

A teacher can help a small network to see: besides the codes it then learns to reproduce the
teacher's features of the same image (Romero et al. 2015, FitNets). Only the teacher's outputs are
used; nothing of its weights is in the result.
"""

import logging
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from viennatag.errors import OptionError
from viennatag.losses.losses import BinaryCrossEntropy, Loss
from viennatag.sampling.sampling import Sampling
from viennatag.training.backbones.backbone import PixelNetwork
from viennatag.training.data.batches import Batches, Images
from viennatag.training.data.pixels import Pixels
from viennatag.training.finetuning.student import Pupil
from viennatag.training.heads.exported import LinearHead
from viennatag.training.memory import keep_freed_memory
from viennatag.training.precision import grouped_in_float32, has_bf16

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_AT_LEAST_ONE = frozenset({"epochs", "batch_size", "patience", "accumulate", "devices", "nodes"})
_SHARES = frozenset({"warmup", "ema", "frozen", "restyle"})


@dataclass(frozen=True)
class FinetuneOptions:
    """How to teach a network.

    Attributes:
        epochs: Passes over the training marks.
        batch_size: Marks per step, over all devices.
        learning_rate: Peak of the cosine schedule, reached after `warmup`.
        weight_decay: Of AdamW, on matrices only.
        warmup: Share of the steps in which the learning rate rises.
        ema: Decay of the moving average of the weights, which is what is kept.
        patience: Stop after this many epochs without a better validation macro average precision.
        layer_decay: Factor on the learning rate from each layer to the one before it; 1 for random weights.
        frozen: Share of the layers, from the image on, that never learn: light finetuning.
        gradual: Epochs over which the layers that learn are released, the last first (Howard and Ruder 2018,
            ULMFiT); 0 releases all at once.
        freeze_statistics: Whether batch normalisation keeps the statistics that the network came with.
        teacher_weight: How much the teacher's features count beside the codes.
        restyle: Share of the images that are shown in another style, see `training.restyle`; of Vienna codes they
            teach what a mark depicts then, not its form.
        keep_head: Whether the linear head that learned along is kept, which saw marks changed in all ways; else it goes
            on learning over the features of the marks as they are.
        size: Side of the image while teaching, in pixels; None takes that of the trunk. Fewer cost less, but what is
            served at more should see these for its last epochs (Touvron et al. 2019, arXiv 1906.06423).
        start_size: Side in the first epoch, from which it grows until two thirds of the epochs are done (progressive
            learning: Tan and Le 2021, EfficientNetV2, section 4.2); None starts with `size`.
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
    ema: float = 0.998
    patience: int = 4
    layer_decay: float = 1.0
    frozen: float = 0.0
    gradual: int = 0
    freeze_statistics: bool = False
    teacher_weight: float = 10.0
    restyle: float = 0.0
    keep_head: bool = False
    size: int | None = None
    start_size: int | None = None
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
            elif name in _SHARES and value >= 1:
                problems.append(f"{name} is {value}; it must be a share below 1")
        if not 0 < self.layer_decay <= 1:
            problems.append(f"layer_decay is {self.layer_decay}; expected a factor above 0, at most 1")
        if not self.learning_rate > 0:
            problems.append(f"learning_rate is {self.learning_rate}; it must be positive")
        if self.batch_size % (self.devices * self.nodes):
            problems.append(f"batch_size is {self.batch_size}; it must be a multiple of the devices")
        if problems:
            raise OptionError("; ".join(problems))


@dataclass(frozen=True, eq=False)
class Taught:
    """What finetuning gives.

    Attributes:
        network: In evaluation mode, on the CPU; its weights are their moving average.
        head: The linear head that learned along, over the network's features.
    """

    network: PixelNetwork
    head: LinearHead


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a network is taught on.

    Attributes:
        pixels: Images by position.
        targets: Shape (images, labels).
        train: Images to learn from.
        validation: Images to stop on.
        weights: How much the codes of each image of `train` count; 0 where they are not known.
        teacher: Features of each image of `train` that the network should reproduce, if any.
        loss: Of the codes.
        sampling: Which images an epoch shows.
        head: Weight and bias that the head starts from (Kumar et al. 2022: a head fitted to the network as it came
            spares its features the shock of a random one); None starts at the label frequencies.
        form: Which labels an image in another style says nothing about, and which a mirrored one says nothing about,
            shape (2, labels); None is none of them.
    """

    pixels: Pixels
    targets: "csr_array"
    train: NDArray[np.intp]
    validation: NDArray[np.intp]
    weights: NDArray[np.float64]
    teacher: NDArray[np.float16] | None = None
    loss: Loss = field(default_factory=BinaryCrossEntropy)
    sampling: Sampling = field(default_factory=Sampling)
    head: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
    form: NDArray[np.bool_] | None = None


def finetune(
    network: PixelNetwork,
    lesson: Lesson,
    *,
    options: FinetuneOptions,
    checkpoints: Path,
    seed: int = 0,
    save_every: int | None = None,
    progress: Callable[[int, int, float], None] | None = None,
) -> Taught:
    """Return the network and head with the best validation macro average precision.

    Args:
        network: Where to start.
        lesson: The marks.
        options: How to teach.
        checkpoints: Folder that holds the state of this run; a run that finds one there goes on from it.
        seed: Of the order of marks, augmentation and the new head.
        save_every: Steps between checkpoints; by default a minute lies between them.
        progress: Told the step, the number of steps, and the best macro average precision so far.

    Raises:
        OptionError: If the sampling makes marks that exist only as features.
    """
    if lesson.sampling.needs_features:
        raise OptionError(f"{type(lesson.sampling).__name__} makes features, not images; choose another strategy")
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # progress is reported by the caller
    lightning.seed_everything(seed, verbose=False)
    keep_freed_memory()
    draws = lesson.sampling.draws(lesson.targets[lesson.train])
    batches = Batches(draws, options.batch_size, seed=seed)
    pupil = Pupil(network, lesson, options, batches, seed)
    best = ModelCheckpoint(checkpoints, filename="best", monitor="macro_map", mode="max", enable_version_counter=False)
    last = ModelCheckpoint(
        checkpoints,
        filename="last",
        train_time_interval=None if save_every else timedelta(seconds=60),
        every_n_train_steps=save_every,
        enable_version_counter=False,
    )
    callbacks: list[Callback] = [best, last, EarlyStopping("macro_map", mode="max", patience=options.patience)]
    if progress:
        callbacks.append(_Reporter(progress))
    on_gpu = torch.cuda.is_available()
    several = options.devices * options.nodes > 1
    on_processor = nullcontext() if on_gpu else grouped_in_float32(pupil)
    with on_processor, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Lightning advises on worker counts and log intervals
        trainer = lightning.Trainer(
            max_epochs=options.epochs,
            accelerator="gpu" if on_gpu else "cpu",
            devices=options.devices,
            num_nodes=options.nodes,
            strategy="ddp_find_unused_parameters_true" if several else "auto",  # frozen layers, layers after the map
            use_distributed_sampler=False,  # `Batches` gives each process its share of every batch
            precision="bf16-mixed" if has_bf16() else "32-true",
            accumulate_grad_batches=options.accumulate,
            gradient_clip_val=5.0,
            callbacks=callbacks,
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        resume = checkpoints / "last.ckpt"
        trainer.fit(
            pupil,
            train_dataloaders=_loader(Images(lesson.pixels, lesson.train), batches, options),
            val_dataloaders=_loader(
                Images(lesson.pixels, lesson.validation), Batches.in_order(len(lesson.validation), 128), options
            ),
            ckpt_path=str(resume) if resume.exists() else None,
            weights_only=False,  # the checkpoint is this run's own
        )
    if not trainer.is_global_zero:
        raise SystemExit(0)  # the first process goes on alone
    state = torch.load(best.best_model_path, map_location="cpu", weights_only=True)["state_dict"]
    prefix = "average.module."
    network.load_state_dict({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
    weight, bias = (state[f"head.{name}"].float().numpy() for name in ("weight", "bias"))
    return Taught(network.cpu().eval(), LinearHead(weight, bias))


def _loader(images: Images, batches: Batches, options: FinetuneOptions) -> DataLoader[Any]:
    workers = options.workers if images.decodes else 0
    return DataLoader(
        images,
        batch_sampler=batches,
        collate_fn=_as_it_is,
        num_workers=workers,
        persistent_workers=workers > 0,
    )


def _as_it_is(batch: Any) -> Any:
    return batch


class _Reporter(Callback):
    def __init__(self, progress: Callable[[int, int, float], None]) -> None:
        self.progress = progress

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        if trainer.is_global_zero:
            reached = trainer.callback_metrics.get("macro_map")
            score = float(reached) if reached is not None else 0.0
            self.progress(trainer.global_step, int(trainer.estimated_stepping_batches), score)
