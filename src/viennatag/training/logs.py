"""Figures of each epoch: kept with the bundle, and sent to Lightning's loggers on request."""

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from viennatag.errors import require

LoggerName = Literal["csv", "tensorboard", "mlflow", "wandb"]
LOGGERS: tuple[LoggerName, ...] = get_args(LoggerName)
EpochFigures = Mapping[str, float]
"""Figures by name, and the number of the epoch as `epoch`, from 1."""
_PROJECT = "viennatag"


def open_logger(name: LoggerName, folder: Path) -> Any:
    """Return one of Lightning's loggers; None for csv, which is the table in the bundle.

    It writes into the folder, MLflow into a database `mlflow.db` there. Both MLflow and Weights & Biases may be told by
    their own settings, such as MLFLOW_TRACKING_URI and WANDB_MODE, to send figures elsewhere.

    Raises:
        MissingExtraError: If its package is not installed.
    """
    if name == "csv":
        return None
    from lightning.pytorch import loggers

    if name == "tensorboard":
        require("tensorboard", "tensorboard")
        return loggers.TensorBoardLogger(folder.parent, name=folder.name, version="")
    require(name, name)
    folder.mkdir(parents=True, exist_ok=True)
    if name == "mlflow":  # which no longer writes plain files
        address = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{folder.resolve()}/mlflow.db"
        return loggers.MLFlowLogger(_PROJECT, run_name=folder.name, tracking_uri=address)
    return loggers.WandbLogger(project=_PROJECT, name=folder.name, save_dir=folder)


def log_epochs(logger: Any, epochs: Iterable[EpochFigures]) -> None:
    """Send the figures of epochs to a logger, and close it."""
    for each in epochs:
        logger.log_metrics({name: value for name, value in each.items() if name != "epoch"}, step=int(each["epoch"]))
    logger.finalize("success")


def epochs_table(epochs: Sequence[EpochFigures]) -> str:
    """Return figures of epochs as CSV, as Lightning's own logger writes them: blank where there is none."""
    names = dict.fromkeys(name for each in epochs for name in each)
    text = io.StringIO()
    table = csv.DictWriter(text, list(names), lineterminator="\n")
    table.writeheader()
    table.writerows({name: f"{value:.6g}" for name, value in each.items()} for each in epochs)
    return text.getvalue()


def named_epochs(epochs: Iterable[EpochFigures], part: str) -> list[EpochFigures]:
    """Return figures of epochs under the name of what was trained: `loss` becomes `head_loss`."""
    return [{name if name == "epoch" else f"{part}_{name}": value for name, value in each.items()} for each in epochs]
