"""Checkpoints of a fine-tuning run: written whole, the one before kept, and read without running code.

They lie in a cache, where other programs may cut them short or put files of their own. So one that cannot be read, or
is of another network, is passed over for the one before, and without any the run starts anew.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from torch import Tensor

from viennatag.files import atomic_file

BEST, LAST, EARLIER = "best.ckpt", "last.ckpt", "earlier.ckpt"
"""Names in the folder of a run: the best on validation, the last one, and the one before the last."""
_PARTS = {"state_dict", "optimizer_states", "lr_schedulers", "loops", "callbacks", "epoch", "global_step"}


class CheckpointFiles(TorchCheckpointIO):
    """How Lightning writes and reads checkpoints here."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Write a checkpoint whole or not at all; the last one before it is kept."""
        path = Path(path)
        with atomic_file(path) as temporary:
            torch.save(checkpoint, temporary)
            if path.name == LAST:
                with suppress(FileNotFoundError):
                    path.replace(path.with_name(EARLIER))

    def load_checkpoint(self, path: Any, map_location: Any = "cpu", weights_only: bool | None = True) -> Any:
        """Return a checkpoint; only tensors and plain data are read, and no path in it leads elsewhere."""
        found = super().load_checkpoint(path, map_location=map_location, weights_only=True)
        found["callbacks"] = _at_home(found["callbacks"], Path(path).parent)
        return found


def find_checkpoint(folder: Path, wanted: Mapping[str, Tensor]) -> Path | None:
    """Return the last checkpoint of a run that can be gone on from, None if there is none.

    `wanted` is the state that a network of this run has.
    """
    for path in (folder / LAST, folder / EARLIER):
        found = read_checkpoint(path)
        if found is None or not set(found) >= _PARTS or not _fits(found["state_dict"], wanted):
            continue
        if not _names(found["callbacks"]) <= {BEST, LAST}:  # Lightning deletes what it believes to have written
            continue
        best = read_checkpoint(folder / BEST)
        if not _has_best(found["callbacks"]) or (best and _fits(best.get("state_dict"), wanted)):
            return path
    return None


def read_checkpoint(path: Path) -> dict[str, Any] | None:
    """Return a checkpoint of tensors and plain data, None if it is missing, damaged, or holds anything else."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # torch raises nearly every error there is on damaged files
        return None
    return found if isinstance(found, dict) else None


def _fits(state: Any, wanted: Mapping[str, Tensor]) -> bool:
    if not isinstance(state, Mapping) or set(state) != set(wanted):
        return False
    return all(isinstance(each, Tensor) and each.shape == wanted[name].shape for name, each in state.items())


def _has_best(callbacks: Any) -> bool:
    """Return whether a network has been found best so far; then its checkpoint is needed at the end."""
    states = callbacks.values() if isinstance(callbacks, Mapping) else ()
    return any(isinstance(each, Mapping) and each.get("best_model_score") is not None for each in states)


def _names(state: Any) -> set[str]:
    """Return the names of the checkpoints that the state of callbacks speaks of."""
    if isinstance(state, Mapping):
        return set().union(*map(_names, state), *map(_names, state.values()))
    return {Path(state).name} if isinstance(state, str) and state.endswith(".ckpt") else set()


def _at_home(state: Any, folder: Path) -> Any:
    """Return the state of callbacks with all checkpoints in a folder, where the cache may have been moved to."""
    if isinstance(state, Mapping):
        moved = {_at_home(key, folder): _at_home(value, folder) for key, value in state.items()}
        return moved | ({"dirpath": str(folder)} if "dirpath" in moved else {})
    if isinstance(state, str) and state.endswith(".ckpt"):
        return str(folder / Path(state).name)
    return state
