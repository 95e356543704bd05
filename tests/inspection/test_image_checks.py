from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from viennatag.data.marks import Marks
from viennatag.errors import OptionError
from viennatag.inspection.image_checks import check_drop, check_marks, clean_marks


def picture(seed: int, side: int = 96) -> Image.Image:
    random = np.random.default_rng(seed)
    return Image.fromarray(random.integers(0, 255, (6, 6, 3), dtype=np.uint8)).resize(
        (side, side), Image.Resampling.BOX
    )


@pytest.fixture
def marks(tmp_path: Path) -> Marks:
    rows = [
        ("a.png", "3.1.6", "train"),
        ("a-again.png", "3.1.6;26.1.1", "test"),
        ("a.bmp", "3.1.6", "validation"),
        ("b.png", "26.1.1", "train"),
        ("tiny.png", "26.1.1", "train"),
        ("white.png", "27.5.1;29.1.1", "train"),
        ("white-too.png", "27.5.1", "train"),
        ("blue.png", "26.1.1", "train"),
        ("broken.png", "26.1.1", "train"),
    ]
    picture(1).save(tmp_path / "a.png")
    (tmp_path / "a-again.png").write_bytes((tmp_path / "a.png").read_bytes())
    picture(1).save(tmp_path / "a.bmp")
    picture(2).save(tmp_path / "b.png")
    picture(3, 12).save(tmp_path / "tiny.png")
    Image.new("RGB", (80, 60), "white").save(tmp_path / "white.png")
    Image.new("RGB", (64, 64), (250, 250, 250)).save(tmp_path / "white-too.png")
    Image.new("RGB", (90, 30), "blue").save(tmp_path / "blue.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    picture(4).save(tmp_path / "nobody.png")
    names, codes, splits = zip(*rows, strict=True)
    return table(names, tuple(tuple(row.split(";")) for row in codes), splits)


def table(names: tuple[str, ...], codes: tuple[tuple[str, ...], ...], splits: tuple[str, ...]) -> Marks:
    return Marks("vienna", names, codes, names, ("",) * len(names), splits, (1.0,) * len(names))


def test_every_kind_is_found(marks: Marks, tmp_path: Path) -> None:
    report = check_marks(marks, tmp_path)
    found = {finding.kind: finding for finding in report.findings}
    named = {kind: [marks.images[at] for at in finding.positions] for kind, finding in found.items()}
    assert named["damaged"] == ["broken.png"]
    assert named["tiny"] == ["tiny.png"]
    assert named["blank"] == ["white.png", "white-too.png", "blue.png"]
    assert named["duplicates"] == ["a-again.png"]
    assert named["lookalikes"] == ["a.bmp"]
    assert named["leak"] == ["a.png"]
    assert named["near-leak"] == ["a.bmp"]
    assert named["text-only"] == ["white.png", "white-too.png"]
    assert found["unlisted"].examples == ("nobody.png",)
    assert named["disagreeing"] == ["a.png", "a-again.png", "a.bmp"]
    assert found["disagreeing"].rows == 3
    assert "26.1.1" in found["disagreeing"].examples[0]
    same, alike = (next(group for group in report.alike if group.same is equal) for equal in (True, False))
    assert (same.shared, same.differing) == (("3.1.6",), ((), ("26.1.1",)))
    assert alike.rows == (0, 1, 2)


def test_nothing_is_dropped_unless_it_is_named(marks: Marks, tmp_path: Path) -> None:
    report = check_marks(marks, tmp_path)
    assert clean_marks(marks, report, drop=[])[0].images == marks.images
    clean, counts = clean_marks(marks, report, drop=["damaged", "tiny", "blank", "text-only"])
    assert counts == {"damaged": 1, "tiny": 1, "blank": 3, "text-only": 0}  # those were blank already
    assert clean.images == ("a.png", "a-again.png", "a.bmp", "b.png")
    with pytest.raises(OptionError, match="--drop ugly: choose among damaged"):
        clean_marks(marks, report, drop=["ugly"])
    with pytest.raises(OptionError, match="--drop leak: these need image checks"):
        check_drop(["crowded", "leak"], images=False)


@pytest.mark.parametrize(
    ("drop", "stays"),
    [
        (["leak"], {"a-again.png", "a.bmp"}),
        (["duplicates"], {"a.png", "a.bmp"}),
        (["leak", "duplicates"], {"a-again.png", "a.bmp"}),
        (["duplicates", "leak"], {"a-again.png", "a.bmp"}),
        (["lookalikes"], {"a.png", "a-again.png"}),
        (["leak", "duplicates", "lookalikes"], {"a-again.png"}),
        (["lookalikes", "duplicates"], {"a.png"}),
    ],
)
def test_of_equal_images_one_stays(drop: list[str], stays: set[str], marks: Marks, tmp_path: Path) -> None:
    clean, _ = clean_marks(marks, check_marks(marks, tmp_path), drop=drop)
    assert {image for image in clean.images if image.startswith("a")} == stays


def test_a_copy_of_a_lookalike_is_both_a_copy_and_alike(tmp_path: Path) -> None:
    picture(1).save(tmp_path / "first.bmp")
    picture(1).save(tmp_path / "alike.png")
    (tmp_path / "copy.png").write_bytes((tmp_path / "alike.png").read_bytes())
    marks = table(("first.bmp", "alike.png", "copy.png"), (("3.1.6",),) * 3, ("",) * 3)
    report = check_marks(marks, tmp_path)
    named = {each.kind: [marks.images[at] for at in each.positions] for each in report.findings}
    assert named == {"duplicates": ["copy.png"], "lookalikes": ["alike.png", "copy.png"]}
    assert clean_marks(marks, report, drop=["lookalikes", "duplicates"])[0].images == ("first.bmp",)


def test_rows_alone_can_be_checked() -> None:
    marks = table(("a.png", "a.png", "b.png"), (("3.1.6",), ("3.1.8",), ("3.30.1", "3.1.98")), ("",) * 3)
    report = check_marks(marks, None)
    assert report.alike == ()
    found = {each.kind: each.positions for each in report.findings}
    assert found["contradictory"] == (0, 1)
    assert found["unknown-code"] == found["extension"] == (2,)
    assert len(clean_marks(marks, report, drop=["contradictory"])[0]) == 1


@pytest.mark.parametrize("mode", ["L", "1", "LA", "I;16"])
def test_grey_images_are_measured(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (60, 60)).save(tmp_path / "blank.png")
    picture(5).convert("L").save(tmp_path / "grey.png")
    report = check_marks(table(("blank.png", "grey.png"), (("3.1.6",), ("26.1.1",)), ("", "")), tmp_path)
    assert {finding.kind: list(finding.positions) for finding in report.findings} == {"blank": [0]}
