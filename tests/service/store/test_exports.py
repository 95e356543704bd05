import io
import json
import zipfile
from datetime import UTC, datetime

import pytest

pytest.importorskip("sqlalchemy")
from viennatag.errors import DataError
from viennatag.service.store.exports import ExportedMark, read_export

HEAD = "image,codes,rejected,added,decided_at,model\r\n"
ROW = "{}.png,3.1.6,,,2026-01-02T03:04:05Z,m\r\n"


def read(content: str | bytes, kind: str = "csv") -> list[ExportedMark]:
    content = content.encode() if isinstance(content, str) else content
    return read_export(content, kind, str, datetime(2026, 1, 2, tzinfo=UTC))


def packed(log: str, **images: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("feedback.csv", log)
        for name, content in images.items():
            archive.writestr(f"images/{name}.png", content)
    return file.getvalue()


def test_labels_that_hold_separators_come_back() -> None:
    log = HEAD + '\'=a.png,"[""x; y"", ""none""]","[""-z""]",,2026-01-02T03:04:05Z,m\r\n'
    (mark,) = read(log)
    assert (mark.name, mark.decisions) == ("=a.png", {"x; y": "accepted", "none": "accepted", "-z": "rejected"})
    (mark,) = read("image,state,code,decision,heading,source\r\na.png,done,'=x,accepted,,added\r\n")
    assert mark.decisions == {"=x": "accepted"}


def test_an_import_has_limits() -> None:
    """A small archive unfolded to gigabytes, and a table of a million marks held the store for half an hour."""
    log = HEAD + "".join(map(ROW.format, range(5_001)))
    for content, kind in ((log, "csv"), (packed(log), "zip"), (json.dumps([*range(5_001)]), "json")):
        with pytest.raises(DataError, match="more than 5,000 marks; import it in parts"):
            read(content, kind)
    with pytest.raises(DataError, match="more than 50 columns"):
        read(",".join(map(str, range(51))))
    with pytest.raises(DataError, match="more than 200,000 rows"):
        read(HEAD + "a.png\n" * 200_001)
    with pytest.raises(DataError, match=r"feedback.csv in the archive has more than 20,000,000 bytes"):
        read(packed("x" * 20_000_001), "zip")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("images/a.png", b"image")
        archive.getinfo("images/a.png").file_size = 1_000_000_001  # as the archive states
    with pytest.raises(DataError, match="more than 1,000,000,000 bytes"):
        read(file.getvalue(), "zip")


def test_an_image_that_many_rows_name_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, whole = [], zipfile.ZipFile.open
    archive = packed(HEAD + ROW.format("a") * 3, a=b"image")
    monkeypatch.setattr(
        zipfile.ZipFile, "open", lambda self, name, *rest: opened.append(name) or whole(self, name, *rest)
    )
    marks = read(archive, "zip")
    assert len({mark.image_hash for mark in marks}) == 1
    assert opened[1:] == ["images/a.png"]
