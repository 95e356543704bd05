"""The command line, called in this process."""

import sys
from pathlib import Path

import pytest

from viennatag.cli import main
from viennatag.evaluation.evaluation import Evaluation
from viennatag.model.bundle import Bundle


def run(
    *arguments: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> tuple[int, str, str]:
    """Return the exit status, what went to stdout, and what to stderr."""
    monkeypatch.setattr(sys, "argv", ["viennatag", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        main()
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), out, err


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    return lambda *arguments: run(*arguments, capsys=capsys, monkeypatch=monkeypatch)


@pytest.fixture
def bundle(trained: tuple[Bundle, Evaluation]) -> Path:
    assert trained[0].path is not None
    return trained[0].path
