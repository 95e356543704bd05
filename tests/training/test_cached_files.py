"""What is in the cache is used only as it was written."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from viennatag.data.marks import read_marks
from viennatag.files import keep, kept
from viennatag.training.backbones.backbone import Backbone
from viennatag.training.backbones.loading import load_backbone
from viennatag.training.data.collection import ProgressCallback
from viennatag.training.data.features import extract_features, file_keys
from viennatag.training.data.pixels import Pixels
from viennatag.training.selection.preset_search import PresetPlan, PresetTrial, _Search


@dataclass(frozen=True)
class _Silent:
    """What a search reads of the marks before it trains."""

    progress: ProgressCallback = lambda *_: None
    deadline: float | None = None


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Backbone:
    return load_backbone("test_resnet", cache=tmp_path_factory.mktemp("backbone"), pretrained=False, size=64)


@pytest.fixture
def paths(collection: Path) -> list[Path]:
    return [collection / image for image in read_marks(collection / "marks.csv").images[:20]]


@pytest.mark.parametrize("name", ["features.f16", "hashes.u64", "checksums.u32", "keys.bin"])
@pytest.mark.parametrize("at", [0, 0.5])
def test_features_that_were_changed_are_computed_again(
    name: str, at: float, backbone: Backbone, paths: list[Path], tmp_path: Path
) -> None:
    whole = extract_features(paths, backbone, cache=tmp_path)
    values, hashes = np.array(whole.values[whole.rows]), whole.hashes
    (file,) = tmp_path.rglob(name)
    content = bytearray(file.read_bytes())
    content[int(at * len(content))] ^= 255
    file.write_bytes(content)
    done: list[int] = []
    again = extract_features(paths, backbone, cache=tmp_path, progress=lambda count, _: done.append(count))
    assert done[0] == int(at * len(paths))
    np.testing.assert_array_equal(again.values[again.rows], values)
    np.testing.assert_array_equal(again.hashes, hashes)


@pytest.mark.parametrize("damage", [lambda content: content[:-1], lambda content: b"\1" + content[1:]])
def test_pixels_that_were_changed_are_decoded_again(damage, paths: list[Path], tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    whole = Pixels.of(paths, 32, cache=tmp_path).read(range(20)).copy()
    (file,) = tmp_path.rglob("*.u8")
    file.write_bytes(damage(file.read_bytes()))
    np.testing.assert_array_equal(Pixels.of(paths, 32, cache=tmp_path).read(range(20)), whole)


def test_a_kept_file_is_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "new" / "file"
    assert kept(file) is None
    keep(file, b"content")
    assert kept(file) == b"content"
    file.write_bytes(b"other")
    assert kept(file) is None
    keep(file, b"content")
    file.with_name("file.sha256").unlink()
    assert kept(file) is None


def test_trials_that_were_changed_are_made_again(tmp_path: Path) -> None:
    trial, file = PresetTrial("backbone", "frozen features", 0.25, 3.0), tmp_path / "trials.json"

    def search() -> _Search:
        return _Search(_Silent(), PresetPlan(60.0, 1, {}), 60.0, file)  # type: ignore[arg-type]

    search()._add(trial)
    assert search().trials == [trial]
    content = file.read_bytes()
    for damaged in (content[:-4], content.replace(b"0.25", b"0.95"), b"", b"\xff", b"[" * 100_000):
        file.write_bytes(damaged)
        assert search().trials == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_among_the_images_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    errors: dict[int, str] = {}
    assert list(file_keys([tmp_path / "a.png"], errors)) == [b""]
    assert "named pipe" in errors[0]
