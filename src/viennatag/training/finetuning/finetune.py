"""Fine-tune a whole network, from random or pretrained weights, on Lightning.

An interrupted run resumes from its last checkpoint, with the same result. With a teacher, a small network also learns
to reproduce the teacher's features of the same image (Romero et al. 2015, FitNets), from its outputs alone.
"""

import ctypes
import logging
import math
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, LambdaCallback, ModelCheckpoint
from torch.utils.data import DataLoader

from viennatag.errors import OptionError
from viennatag.training.backbones.backbone import PixelNetwork
from viennatag.training.data.batches import Batches, Images
from viennatag.training.finetuning.checkpoints import BEST, CheckpointFiles, find_checkpoint
from viennatag.training.finetuning.student import FineTuningData, StudentNetwork
from viennatag.training.heads.exported import LinearHead
from viennatag.training.logs import EpochFigures, named_epochs
from viennatag.training.options import FinetuneOptions
from viennatag.training.precision import grouped_in_float32, has_bf16

_SEEN = 32
"""Validation images that a network is shown at a time."""


@dataclass(frozen=True, eq=False)
class FineTuned:
    """A fine-tuned network with the linear head that was trained jointly, and the figures of each epoch.

    The network is in evaluation mode, on the CPU; its weights are the moving average. `ended_early` is set by the
    deadline.
    """

    network: PixelNetwork
    head: LinearHead
    epochs: tuple[EpochFigures, ...] = ()
    ended_early: bool = False


def finetune(
    network: PixelNetwork,
    data: FineTuningData,
    *,
    options: FinetuneOptions,
    checkpoints: Path,
    seed: int = 0,
    bf16: bool | None = None,
    save_every: int | None = None,
    logger: Any = None,
    deadline: float | None = None,
    progress: Callable[[int, int, float], None] | None = None,
) -> FineTuned:
    """Return the network and head with the best validation macro average precision.

    The network is changed. A run that finds a checkpoint in its folder goes on from it; there is one every minute, or
    every `save_every` steps. By default bfloat16 is used where the hardware has it. No epoch but the first begins that
    would probably end after the deadline, on the clock of `time.perf_counter`. The callback is told the step, the
    number of steps, and the best macro average precision so far.

    Raises:
        OptionError: If the sampling makes marks that exist only as features.
    """
    if data.sampling.needs_features:
        raise OptionError(f"{type(data.sampling).__name__} makes features, not images; choose another strategy")
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # progress is reported by the caller
    lightning.seed_everything(seed, verbose=False)
    keep_freed_memory()
    draws = data.sampling.draws(data.targets[data.train])
    options = options.completed(pretrained=data.head is not None)
    batches = Batches(draws, options.batch_size, seed=seed)
    student = StudentNetwork(network, data, options, batches, seed)
    best = ModelCheckpoint(checkpoints, filename="best", monitor="macro_map", mode="max", enable_version_counter=False)
    last = ModelCheckpoint(
        checkpoints,
        filename="last",
        train_time_interval=None if save_every else timedelta(seconds=60),
        every_n_train_steps=save_every,
        enable_version_counter=False,
    )
    epochs = EpochLog()
    late = Deadline(deadline)
    callbacks: list[Callback] = [
        best, epochs, last, EarlyStopping("macro_map", mode="max", patience=options.patience), late
    ]  # fmt: skip
    if progress:

        def report(trainer: lightning.Trainer, *_: Any) -> None:
            if trainer.is_global_zero:
                reached = float(trainer.callback_metrics.get("macro_map", 0.0))
                progress(trainer.global_step, int(trainer.estimated_stepping_batches), reached)

        callbacks.append(LambdaCallback(on_train_batch_end=report))
    on_gpu = torch.cuda.is_available()
    several = options.devices * options.nodes > 1
    on_processor = nullcontext() if on_gpu else grouped_in_float32(student)
    with on_processor, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Lightning advises on worker counts and log intervals
        trainer = lightning.Trainer(
            max_epochs=options.epochs,
            accelerator="gpu" if on_gpu else "cpu",
            devices=options.devices,
            num_nodes=options.nodes,
            strategy="ddp_find_unused_parameters_true" if several else "auto",  # frozen layers, layers after the map
            use_distributed_sampler=False,  # `Batches` splits every batch between processes
            precision="bf16-mixed" if (has_bf16() if bf16 is None else bf16) else "32-true",
            accumulate_grad_batches=options.accumulate,
            gradient_clip_val=5.0,
            callbacks=callbacks,
            logger=logger or False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            plugins=[CheckpointFiles()],
        )
        # Lightning's handler of SIGTERM waits for other processes, and its end looks like success.
        trainer._signal_connector.register_signal_handlers = lambda: None  # type: ignore[method-assign]
        resume = find_checkpoint(checkpoints, student.state_dict())
        trainer.fit(
            student,
            train_dataloaders=_loader(Images(data.pixels, data.train), batches, options),
            val_dataloaders=_loader(
                Images(data.pixels, data.validation), Batches.in_order(len(data.validation), _SEEN), options
            ),
            ckpt_path=None if resume is None else str(resume),
            weights_only=True,
        )
    if not trainer.is_global_zero:
        raise SystemExit(0)  # the first process goes on alone
    state = torch.load(checkpoints / BEST, map_location="cpu", weights_only=True)["state_dict"]
    prefix = "average.module."
    network.load_state_dict({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
    weight, bias = (state[f"head.{name}"].float().numpy() for name in ("weight", "bias"))
    return FineTuned(network.cpu().eval(), LinearHead(weight, bias), tuple(epochs.rows), late.reached)


class EpochLog(Callback):
    """Keeps the figures of each epoch, through interruptions too, and sends them to the logger."""

    def __init__(self) -> None:
        self.rows: list[EpochFigures] = []
        self._losses: list[float] = []

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Keep the loss of a batch."""
        self._losses.append(pl_module.batch_loss)

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: Any) -> None:
        """Keep the figures of an epoch."""
        loss, self._losses = sum(self._losses) / max(1, len(self._losses)), []
        reached = float(trainer.callback_metrics["macro_map"])
        self.rows.append({"epoch": trainer.current_epoch + 1, "loss": loss, "macro_map": reached})
        if trainer.logger is not None:
            (named,) = named_epochs(self.rows[-1:], "network")
            trainer.logger.log_metrics({key: value for key, value in named.items() if key != "epoch"}, len(self.rows))

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"rows": [dict(each) for each in self.rows], "losses": self._losses}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on after what a checkpoint kept."""
        self.rows, self._losses = state_dict["rows"], state_dict["losses"]


class Deadline(Callback):
    """Ends a run before an epoch, but the first, that would probably end after a moment of `time.perf_counter`."""

    def __init__(self, at: float | None) -> None:
        self.at, self.reached = math.inf if at is None else at, False

    def on_train_start(self, trainer: lightning.Trainer, pl_module: Any) -> None:
        """End a run that is gone on with too late; inside an epoch, it goes on without the start of one."""
        self._began = time.perf_counter()
        self._end(trainer, trainer.current_epoch, expected=0.0)

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: Any) -> None:
        """Measure how long an epoch takes."""
        self._began = time.perf_counter()

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: Any) -> None:
        """End the run where another epoch would take too long."""
        self._end(trainer, trainer.current_epoch + 1, expected=time.perf_counter() - self._began)

    def _end(self, trainer: lightning.Trainer, done: int, *, expected: float) -> None:
        assert trainer.max_epochs is not None
        if 0 < done < trainer.max_epochs and time.perf_counter() + expected > self.at:
            self.reached = trainer.should_stop = True


def _loader(images: Images, batches: Batches, options: FinetuneOptions) -> DataLoader[Any]:
    workers = options.workers if images.decodes else 0
    return DataLoader(
        images, batch_sampler=batches, collate_fn=_identity, num_workers=workers, persistent_workers=workers > 0
    )


def _identity(batch: Any) -> Any:
    return batch


_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # malloc.h of glibc; see mallopt(3)


def keep_freed_memory() -> bool:
    """Let this process keep memory that it frees, and return whether its C library can."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    return mallopt is not None and bool(mallopt(_MMAP_MAX, 0) and mallopt(_TRIM_THRESHOLD, -1))
