"""Archives that say or hold too much, and sources that are no files."""

import gzip
import io
import lzma
import os
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from viennatag.bulk import budgets
from viennatag.bulk.reading import ShardReader
from viennatag.bulk.sources import cut_source, find_source
from viennatag.errors import DataError, ImageError

GOOD = b"the bytes of a good image"


def read(source: Path, unfolded: int = budgets.UNFOLDED) -> dict[str, bytes | str]:
    """Return the bytes or the error of each image of a source, and the error of each archive that is broken."""
    reader = ShardReader(source.resolve() if source.is_dir() else source.resolve().parent, unfolded)
    found: dict[str, bytes | str] = {}
    for shard in cut_source(replace(find_source(source), unfolded=unfolded), size=10):
        try:
            for name, image in reader.images(shard):
                found[name] = str(image) if isinstance(image, ImageError | Path) else image  # type: ignore[assignment]
        except DataError as exc:
            found[shard.name] = str(exc)
    reader.close()
    return found


def tar_header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    header = tarfile.TarInfo(name)
    header.size, header.type = size, kind
    return header.tobuf(tarfile.GNU_FORMAT)


def member(name: str, content: bytes) -> bytes:
    return tar_header(name, len(content)) + content + bytes(-len(content) % 512)


@pytest.mark.parametrize("size", [2**40, 2**33, 200_000_000])
def test_a_size_that_a_tar_states_is_not_believed(size: int, tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(member("good.png", GOOD) + tar_header("huge.png", size) + bytes(20_000))
    found = read(path)
    assert found["a.tar/good.png"] == GOOD
    assert f"the image has {size:,} bytes, as the archive says" in str(found["a.tar/huge.png"])


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_a_long_header_of_a_tar_is_not_read(kind: bytes, tmp_path: Path) -> None:
    with gzip.open(tmp_path / "a.tar.gz", "wb", 1) as file:
        file.write(member("good.png", GOOD) + tar_header("x", 2**31, kind))
        for _ in range(200):
            file.write(bytes(1_000_000))
    found = read(tmp_path / "a.tar.gz")
    assert found["a.tar.gz/good.png"] == GOOD
    assert "a header states 2,147,48" in str(found["a.tar.gz"])


@pytest.mark.parametrize(("ending", "opener"), [("tar.gz", gzip.open), ("tar.xz", lzma.open)])
def test_a_tar_unfolds_up_to_a_budget(ending: str, opener: type[gzip.GzipFile], tmp_path: Path) -> None:
    with opener(tmp_path / f"a.{ending}", "wb") as file:  # type: ignore[call-overload]
        file.write(member("good.png", GOOD))
        for at in range(30):
            file.write(member(f"{at}.png", bytes(1_000_000)))
    found = read(tmp_path / f"a.{ending}", 10_000_000)
    assert found[f"a.{ending}/good.png"] == GOOD
    assert len(found) < 15
    assert "it reaches beyond byte 10,000,000" in str(found[f"a.{ending}"])


@pytest.mark.parametrize(("size", "budget"), [(1, 10**9), (10**7, 10**9), (10**8, 10**10)])
def test_the_budget_of_an_archive(size: int, budget: int) -> None:
    assert budgets.unfolding_budget(size) == budget


def test_a_chain_of_headers_does_not_end_the_process(tmp_path: Path) -> None:
    chain = b"".join(tar_header("x", 0, tarfile.GNUTYPE_LONGNAME) for _ in range(20_000))
    (tmp_path / "a.tar").write_bytes(member("good.png", GOOD) + chain + bytes(1024))
    assert read(tmp_path / "a.tar")["a.tar/good.png"] == GOOD


def test_a_zip_unfolds_up_to_a_budget(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("good.png", GOOD)
        for at in range(30):
            archive.writestr(f"{at}.png", bytes(1_000_000))
    found = read(tmp_path / "a.zip", 10_000_000)
    assert found["a.zip/good.png"] == GOOD
    assert sum(isinstance(each, bytes) for each in found.values()) == 10
    assert "the archive unfolds to far more" in str(found["a.zip/29.png"])


def test_a_large_member_of_a_zip_does_not_stop_the_others(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("huge.png", "w") as file:
            for _ in range(101):
                file.write(bytes(1_000_000))
        archive.writestr("good.png", GOOD)
    found = read(tmp_path / "a.zip")
    assert found["a.zip/good.png"] == GOOD
    assert "the image has 101,000,000 bytes" in str(found["a.zip/huge.png"])


_IN_LITTLE_MEMORY = """
import re, sys
from pathlib import Path
from tests.bulk.test_budgets import read
read(Path(sys.argv[1]))
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""
"""The highest resident memory, in MB; that of `resource` would be the one of the process that started this one."""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system does not tell a process's memory")
@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_unfolds_in_one_piece_takes_little_memory(method: int, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as archive, archive.open("a.png", "w") as file:
        for _ in range(90):
            file.write(bytes(1_000_000))
    command = [sys.executable, "-c", _IN_LITTLE_MEMORY, str(tmp_path / "a.zip")]
    run = subprocess.run(command, cwd=Path(__file__).parents[2], check=True, capture_output=True, text=True)
    assert int(run.stdout) < 400


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "good.png").write_bytes(GOOD)
    for name in ("pipe.png", "pipe.tar", "pipe.tar.gz", "pipe.zip", "pipe.parquet"):
        os.mkfifo(tmp_path / name)
    (tmp_path / "device.png").symlink_to("/dev/zero")
    found = read(tmp_path)
    assert found.pop("good.png") == str(tmp_path / "good.png")
    assert len(found) == 6
    assert all("no plain file" in str(each) for each in found.values()), found


def test_a_table_may_hold_what_no_file_is_called(tmp_path: Path) -> None:
    (tmp_path / "marks.jsonl").write_text('{"image": "a\\u0000.png"}\n{"image": "\\ud800.png"}\n{"image": "no.png"}\n')
    reader = ShardReader(tmp_path)
    (shard,) = cut_source(find_source(tmp_path / "marks.jsonl", tmp_path), size=10)
    assert [name for name, _ in reader.images(shard)] == ["a\0.png", "\ud800.png", "no.png"]


def test_a_large_cell_of_parquet_is_refused(tmp_path: Path) -> None:
    cells = [GOOD, bytes(budgets.MAX_IMAGE + 1)]
    pyarrow.parquet.write_table(pyarrow.table({"image": cells}), tmp_path / "a.parquet", compression="zstd")
    found = read(tmp_path / "a.parquet")
    assert found["a.parquet#0"] == GOOD
    assert "the image has 100,000,001 bytes" in str(found["a.parquet#1"])


def test_a_tar_ends_where_its_file_does(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        header = tarfile.TarInfo("good.png")
        header.size = len(GOOD)
        archive.addfile(header, io.BytesIO(GOOD))
    (tmp_path / "a.tar").write_bytes(buffer.getvalue())
    assert read(tmp_path / "a.tar") == {"a.tar/good.png": GOOD}
