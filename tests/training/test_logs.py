"""What each epoch reached: kept with the bundle, drawn in its report, and sent to loggers."""

import csv
from pathlib import Path

import pytest

from viennatag.errors import MissingExtraError, OptionError
from viennatag.evaluation.evaluation import Evaluation
from viennatag.model.bundle import TRAINING_LOG, Bundle
from viennatag.reports.training_curves import training_charts
from viennatag.training.logs import epochs_table, log_epochs, named_epochs, open_logger
from viennatag.training.options import TrainOptions

EPOCHS = named_epochs([{"epoch": at, "loss": 1 / at, "macro_map": at / 10} for at in (1, 2, 3)], "head")


def test_a_bundle_keeps_each_epoch(trained: tuple[Bundle, Evaluation]) -> None:
    assert trained[0].path is not None
    log = trained[0].path / TRAINING_LOG
    with log.open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == list(range(1, len(rows) + 1))
    losses = [float(row["head_loss"]) for row in rows]
    assert losses[-1] < losses[0]
    assert max(float(row["head_macro_map"]) for row in rows) == pytest.approx(
        trained[0].training["validation_macro_map"], abs=0.2
    )
    assert [chart.title for chart in training_charts(log)] == ["Training: Loss", "Training: head macro map"]


def test_epochs_of_two_trainings_are_one_table() -> None:
    table = epochs_table([*named_epochs([{"epoch": 1, "loss": 2.0}], "network"), *EPOCHS[:1]])
    assert table == "epoch,network_loss,head_loss,head_macro_map\n1,2,,\n1,,1,0.1\n"


def test_tensorboard_reads_what_was_logged(tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    log_epochs(open_logger("tensorboard", tmp_path / "bundle-logs"), EPOCHS)
    found = accumulator.EventAccumulator(str(tmp_path / "bundle-logs")).Reload()
    assert [each.value for each in found.Scalars("head_macro_map")] == pytest.approx([0.1, 0.2, 0.3])
    assert [each.step for each in found.Scalars("head_loss")] == [1, 2, 3]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of MLflow itself
@pytest.mark.parametrize("told", [True, False], ids=["its own setting", "no setting"])
def test_mlflow_reads_what_was_logged(told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow")
    address = f"sqlite:///{tmp_path}/{'elsewhere' if told else 'bundle-logs/mlflow'}.db"
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    if told:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    log_epochs(open_logger("mlflow", tmp_path / "bundle-logs"), EPOCHS)
    client = mlflow.MlflowClient(address)
    (run,) = client.search_runs([client.get_experiment_by_name("viennatag").experiment_id])
    assert [each.value for each in client.get_metric_history(run.info.run_id, "head_macro_map")] == [0.1, 0.2, 0.3]


def test_a_logger_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_logger("csv", tmp_path) is None
    monkeypatch.setitem(__import__("sys").modules, "wandb", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'viennatag\[wandb\]'"):
        open_logger("wandb", tmp_path)
    with pytest.raises(OptionError, match="there is no logger 'paper'; choose among csv, tensorboard, mlflow, wandb"):
        TrainOptions(logger="paper")  # type: ignore[arg-type]
