"""Options of `viennatag train` that decide how much is searched for."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from viennatag.cli import main
from viennatag.cli.config import parse_duration
from viennatag.errors import DataError
from viennatag.training.options import TrainOptions

TRAIN = ("train", "none.csv", "--images", ".", "-o", "b")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--preset", "slow"], "expected one of fast, balanced, best, not 'slow'"),
        (["--preset", "best", "--finetune"], "leave these options out, or the preset"),
        (["--preset", "best", "--strategy", "focal"], "leave these options out, or the preset"),
        (["--preset", "best", "--strategy", "auto"], "leave the strategy auto out"),
        (["--preset", "best", "--set", "pretrained=false"], "presets start from pretrained weights"),
        (["--preset", "fast", "--budget", "3h"], "only matters with"),
        (["--strategy", "focal", "--budget", "3h"], "only matters with"),
        (["--budget", "soon"], "expected a time such as 30m, 3h or 90s"),
        (["--budget", "0m"], "expected a time such as 30m, 3h or 90s"),
        (["--budget", "30m"], "none.csv: there is no such file"),
    ],
)
def test_what_contradicts_a_preset_is_told(
    options: list[str], told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["viennatag", *TRAIN, *options])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert told in capsys.readouterr().err


def test_a_budget_is_a_time() -> None:
    assert [parse_duration(text) for text in ("30m", "3h", "90s", "90", "1.5h")] == [1800, 10800, 90, 90, 5400]


@pytest.mark.parametrize(
    ("options", "preset"),
    [
        ([], "balanced"),
        (["--strategy", "as-is"], None),
        (["--set", "strategy.name=as-is"], None),
        (["--set", "strategy.min_count=2"], "balanced"),
        (["--strategy", "focal"], None),
        (["--preset", "fast"], "fast"),
    ],
)
def test_a_strategy_that_is_named_is_trained_and_nothing_searched(
    options: list[str], preset: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[TrainOptions] = []

    def note(_marks: Any, _images: Any, _out: Any, options: TrainOptions, **_: Any) -> None:
        asked.append(options)
        raise DataError("enough")

    monkeypatch.setattr("viennatag.training.train.train", note)
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    (tmp_path / "marks.csv").write_text("image,codes\na.png,3.1.6\n", encoding="utf-8")
    command = ["train", str(tmp_path / "marks.csv"), "--images", str(tmp_path), "-o", str(tmp_path / "bundle")]
    monkeypatch.setattr("sys.argv", ["viennatag", *command, *options])
    with pytest.raises(SystemExit):
        main()
    assert [each.preset for each in asked] == [preset]
