import re
from pathlib import Path

import pytest

from viennatag.errors import DataError
from viennatag.reports.training_curves import training_charts

LOG = """epoch,step,train_loss,validation_loss,validation_macro_map
0,9,0.9,,
0,10,,0.8,0.1
1,19,0.5,,
1,20,,0.6,0.25
2,29,0.3,,
2,30,,0.7,nan
"""


def test_losses_share_a_chart_and_each_figure_has_its_own(tmp_path: Path) -> None:
    log = tmp_path / "training.csv"
    log.write_text(LOG)
    losses, precision = training_charts(log)
    assert losses.legend == [("train_loss", "blue"), ("validation_loss", "amber")]
    assert re.findall(r"<title>(.*?)</title>", losses.svg) == [
        "train_loss, epoch 0: 0.9", "train_loss, epoch 1: 0.5", "train_loss, epoch 2: 0.3",
        "validation_loss, epoch 0: 0.8", "validation_loss, epoch 1: 0.6", "validation_loss, epoch 2: 0.7",
    ]  # fmt: skip
    assert precision.title == "Training: validation macro map"
    assert precision.svg.count("<title>") == 2  # a value that is not finite is left out
    points = re.search(r'polyline class="blue line" points="([^"]+)"', losses.svg)
    assert points is not None
    heights = [float(point.split(",")[1]) for point in points[1].split()]
    assert heights == sorted(heights)  # a falling loss


def test_a_table_without_epochs_is_named(tmp_path: Path) -> None:
    log = tmp_path / "training.csv"
    log.write_text("step,loss\n1,2\n")
    with pytest.raises(DataError, match="no column `epoch`"):
        training_charts(log)
    log.write_text("epoch,loss\n1,high\n")
    with pytest.raises(DataError, match="row 2: a cell is no number"):
        training_charts(log)
    log.write_bytes(b"epoch,loss\n1,\xff\n")
    with pytest.raises(DataError, match=r"training\.csv: the table cannot be read"):
        training_charts(log)
