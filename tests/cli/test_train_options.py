"""Options of `viennatag train` that decide how much is searched for."""

import pytest

from viennatag.cli import main
from viennatag.cli.config import parse_duration

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
