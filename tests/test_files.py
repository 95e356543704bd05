from pathlib import Path

import pytest

from viennatag.files import atomic_file, atomic_folder


def test_a_file_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "new" / "file.txt"
    with atomic_file(target) as temporary:
        temporary.write_text("done")
        assert not target.exists()
    assert target.read_text() == "done"
    assert [path.name for path in target.parent.iterdir()] == ["file.txt"]


def test_a_failure_leaves_the_old_file_and_no_trace(tmp_path: Path) -> None:
    target = tmp_path / "file.txt"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_file(target) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_replaces_the_old_one_whole(tmp_path: Path) -> None:
    target = tmp_path / "bundle"
    for content in ("first", "second"):
        with atomic_folder(target) as fresh:
            (fresh / content).write_text(content)
        assert [path.name for path in target.iterdir()] == [content]
    with pytest.raises(ZeroDivisionError), atomic_folder(target) as fresh:
        (fresh / "third").write_text("half")
        raise ZeroDivisionError
    assert [path.name for path in target.iterdir()] == ["second"]
    assert list(tmp_path.iterdir()) == [target]
