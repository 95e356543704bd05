from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from viennatag.audit import audit_marks, clean_marks
from viennatag.errors import OptionError
from viennatag.marks import Marks


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
        ("broken.png", "26.1.1", "train"),
    ]
    picture(1).save(tmp_path / "a.png")
    (tmp_path / "a-again.png").write_bytes((tmp_path / "a.png").read_bytes())
    picture(1).save(tmp_path / "a.bmp")
    picture(2).save(tmp_path / "b.png")
    picture(3, 12).save(tmp_path / "tiny.png")
    Image.new("RGB", (80, 60), "white").save(tmp_path / "white.png")
    Image.new("RGB", (64, 64), (250, 250, 250)).save(tmp_path / "white-too.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    picture(4).save(tmp_path / "nobody.png")
    names, codes, splits = zip(*rows, strict=True)
    count = len(rows)
    listed = tuple(tuple(row.split(";")) for row in codes)
    return Marks("vienna", names, listed, names, ("",) * count, splits, (1.0,) * count)


def test_every_kind_is_found(marks: Marks, tmp_path: Path) -> None:
    audit = audit_marks(marks, tmp_path)
    found = {finding.kind: finding for finding in audit.findings}
    named = {kind: [marks.images[at] for at in finding.positions] for kind, finding in found.items()}
    assert named["damaged"] == ["broken.png"]
    assert named["tiny"] == ["tiny.png"]
    assert named["blank"] == ["white.png", "white-too.png"]
    assert named["duplicates"] == ["a-again.png"]
    assert named["lookalikes"] == ["a.bmp"]
    assert named["leak"] == ["a.png"]
    assert named["near-leak"] == ["a.bmp"]
    assert named["text-only"] == ["white.png", "white-too.png"]
    assert found["unlisted"].examples == ("nobody.png",)
    assert "26.1.1" in found["disagreeing"].examples[0]
    same, alike = (next(group for group in audit.alike if group.same is equal) for equal in (True, False))
    assert (same.shared, same.differing) == (("3.1.6",), ((), ("26.1.1",)))
    assert alike.rows == (0, 1, 2)


def test_nothing_is_dropped_unless_it_is_named(marks: Marks, tmp_path: Path) -> None:
    findings = audit_marks(marks, tmp_path).findings
    clean, counts = clean_marks(marks, findings, drop=["damaged", "leak", "duplicates"])
    assert counts == {"damaged": 1, "leak": 1, "duplicates": 1}
    assert clean.images == ("a.bmp", "b.png", "tiny.png", "white.png", "white-too.png")
    with pytest.raises(OptionError, match="--drop ugly: choose among damaged"):
        clean_marks(marks, findings, drop=["ugly"])
