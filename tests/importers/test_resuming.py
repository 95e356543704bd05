"""Imports that go on where they stopped."""

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from viennatag.errors import OutputError
from viennatag.importers import importing
from viennatag.importers.importing import import_marks

SAMPLES = Path(__file__).parent / "samples"


def write_tmview(folder: Path, name: str, number: str, code: str) -> None:
    (folder / name).write_text(json.dumps([{"ST13": number, "viennaCodes": [code]}]))


def test_a_file_that_changed_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    delivery, out = tmp_path / "delivery", tmp_path / "marks.csv"
    delivery.mkdir()
    for at in range(4):
        write_tmview(delivery, f"{at}.json", f"{at}", "3.1.6")

    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(importing, "write_rows", stop)
        import_marks("tmview", delivery, out, commit_every=1)
    before = (delivery / "2.json").stat()
    write_tmview(delivery, "2.json", "2", "5.7.2")  # as long as it was, with the time that it had
    os.utime(delivery / "2.json", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (delivery / "2.json").stat().st_size == before.st_size
    summary = import_marks("tmview", delivery, out)
    assert summary.resumed == 3
    assert [row.split(",")[1] for row in out.read_text().splitlines()[1:]].count("5.7.2") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["delivery", "marks.csv"]


def test_two_imports_do_not_write_one_table(tmp_path: Path) -> None:
    write_tmview(tmp_path, "a.json", "1", "3.1.6")
    started, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with importing.exclusive(tmp_path / "marks.csv"):
            started.set()
            go_on.wait(60)

    other = threading.Thread(target=hold)
    other.start()
    started.wait(60)
    try:
        with pytest.raises(OutputError, match="another run is writing there"):
            import_marks("tmview", tmp_path / "a.json", tmp_path / "marks.csv")
    finally:
        go_on.set()
        other.join()
