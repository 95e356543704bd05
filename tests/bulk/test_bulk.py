import gzip
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from viennatag.bulk import BulkSummary, cluster, run_bulk, worker
from viennatag.bulk.job import ATTEMPTS, BulkOptions, Job, bundle_digest, prepare_job
from viennatag.bulk.processes import run_in_processes
from viennatag.bulk.sources import Shard, cut_source, find_source
from viennatag.bulk.worker import Outcome
from viennatag.cli import app
from viennatag.errors import BulkError, DataError, OptionError
from viennatag.evaluation.evaluation import Evaluation
from viennatag.model.bundle import Bundle
from viennatag.prediction.predictor import Predictor


@pytest.fixture(scope="session")
def model(trained: tuple[Bundle, Evaluation]) -> Path:
    assert trained[0].path is not None
    return trained[0].path


@pytest.fixture
def pictures(collection: Path, tmp_path: Path) -> Path:
    """Return a folder of ten marks, a file that is no image, and things to pass over."""
    folder = tmp_path / "pictures"
    (folder / "sub").mkdir(parents=True)
    for at in range(10):
        name = f"{at:03}.png"
        shutil.copy(collection / name, folder / ("sub" if at > 6 else "") / name)
    (folder / "003b.png").write_text("no image")
    (folder / "notes.txt").write_text("no image either")
    (folder / ".hidden.png").write_text("")
    return folder


NAMES = [f"{at:03}.png" for at in range(4)] + ["003b.png"] + [f"{at:03}.png" for at in range(4, 7)]
NAMES += [f"sub/{at:03}.png" for at in range(7, 10)]


def table(summary: BulkSummary) -> list[dict[str, Any]]:
    """Return all results in the order of their shards."""
    rows: list[dict[str, Any]] = []
    for path in sorted(summary.shards.iterdir()):
        if path.suffix == ".jsonl":
            rows.extend(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
        else:
            rows.extend(pyarrow.parquet.read_table(path).to_pylist())
    return rows


def shards(source: Path | str, *, size: int = 4, images: Path | None = None) -> list[Shard]:
    return list(cut_source(find_source(source, images), size=size))


def prepare(model: Path, source: Path, results: Path) -> Job[Any]:
    """Return a job of shards of four images, of which nothing is done yet."""
    options = BulkOptions(shard_size=4)
    digest = bundle_digest(Predictor.load(model).bundle)
    return prepare_job(find_source(source), results, model=model, digest=digest, options=options)[0]


def add_tar(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))


def archive(kind: str, pictures: Path, to: Path) -> Path:
    """Write the marks of a folder as one archive, in the order of NAMES."""
    contents = [(name, (pictures / name).read_bytes()) for name in NAMES]
    path = to / f"archive{kind}"
    if kind == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in contents:
                archive.writestr(name, content)
            archive.writestr("__MACOSX/._000.png", b"rubbish")
    elif kind.startswith(".tar"):
        with tarfile.open(path, f"w:{kind[5:]}") as archive:
            for name, content in contents:
                add_tar(archive, name, content)
                add_tar(archive, name.replace(".png", ".json"), b"{}")
    else:
        images = [{"bytes": content, "path": name} for name, content in contents]
        cells = images if kind == ".parquet" else [image["bytes"] for image in images]
        pyarrow.parquet.write_table(pyarrow.table({"image": cells, "label": [1] * 11}), path, row_group_size=3)
    return path


def test_every_image_gets_what_the_predictor_says(model: Path, pictures: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int, int]] = []
    summary = run_bulk(
        pictures, tmp_path / "out", model=model, shard_size=4, progress=lambda *numbers: told.append(numbers)
    )
    rows = table(summary)
    assert [row["image"] for row in rows] == NAMES
    predictor = Predictor.load(model)
    for row in rows:
        if row["image"] == "003b.png":
            assert "not an image" in row["error"]
            assert row["suggestions"] is None
            continue
        expected = predictor.predict(pictures / row["image"])
        assert [each["code"] for each in row["suggestions"]] == [each.code for each in expected]
        assert [each["level"] for each in row["suggestions"]] == [each.level for each in expected]
        assert [each["score"] for each in row["suggestions"]] == pytest.approx([s.score for s in expected], abs=2e-4)
    assert told == [(0, 11, 0), (4, 11, 0), (8, 11, 1), (11, 11, 1)]
    assert (summary.images, summary.resumed, summary.failed, summary.unfinished) == (11, 0, 1, 0)
    assert [count for _, count in summary.reasons] == [1]
    assert summary.failures.read_text().splitlines()[1].startswith("003b.png,")
    assert not [path for path in summary.shards.iterdir() if path.name.startswith(".")]


def test_json_lines_with_scores_need_no_extra(
    model: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for missing in ("pyarrow", "pyarrow.parquet", "ray"):
        monkeypatch.setitem(sys.modules, missing, None)
    options = {"top": 2, "level": "category", "floor": 0.01, "format": "jsonl", "shard_size": 5}
    rows = table(run_bulk(pictures, tmp_path / "out", model=model, **options))  # type: ignore[arg-type]
    assert [row["image"] for row in rows] == NAMES
    assert set(rows[4]) == {"image", "error"}
    assert [len(row["suggestions"]) for row in rows if "error" not in row] == [2] * 10
    found = [each["score"] for each in rows[0]["scores"]]
    assert found == sorted(found, reverse=True)
    assert min(found) >= 0.01
    assert len(found) > 2


@pytest.mark.parametrize("kind", [".zip", ".tar", ".tar.gz", ".tar.xz", ".parquet", ".bytes.parquet"])
def test_shards_give_the_same_as_files(kind: str, model: Path, pictures: Path, tmp_path: Path) -> None:
    expected = [row | {"image": ""} for row in table(run_bulk(pictures, tmp_path / "a", model=model, shard_size=4))]
    path = archive(kind, pictures, tmp_path)
    found = table(run_bulk(path, tmp_path / "b", model=model, shard_size=4))
    assert [row | {"image": ""} for row in found] == expected
    in_shard = [f"{path.name}#{at}" for at in range(11)] if "parquet" in kind else [f"{path.name}/{n}" for n in NAMES]
    assert [row["image"] for row in found] == in_shard


def test_a_marks_table_names_the_images(model: Path, pictures: Path, tmp_path: Path) -> None:
    marks = tmp_path / "marks.csv"
    marks.write_text("image,codes\n001.png,\nnone.png,3.1.6\n001.png,1.1.1\n")
    summary = run_bulk(marks, tmp_path / "out", model=model, images=pictures, shard_size=4)
    rows = table(summary)
    assert [row["image"] for row in rows] == ["001.png", "none.png", "001.png"]
    assert [row["error"] for row in rows] == [None, "there is no such file", None]
    assert rows[0] == rows[2]


def test_shards_are_cut_in_order(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loose = shards(pictures)
    assert [shard.number for shard in loose] == [0, 1, 2]
    assert [name for shard in loose for name in shard.items] == NAMES
    monkeypatch.chdir(pictures)
    assert [name for shard in shards("**/*.png") for name in shard.items] == sorted(NAMES)
    archives = tmp_path / "archives"
    archives.mkdir()
    archive(".tar", pictures, archives)
    archive(".zip", pictures, archives)
    archive(".parquet", pictures, archives)
    pyarrow.parquet.write_table(pyarrow.table({"image": ["a.png"], "codes": ["1.1.1"]}), archives / "marks.parquet")
    shutil.copy(pictures / "000.png", archives)
    kinds = [(shard.kind, shard.count) for shard in shards(archives)]
    assert kinds == [("files", 1), ("parquet", 6), ("parquet", 5), *[("tar", n) for n in (4, 4, 3)],
                     *[("zip", n) for n in (4, 4, 3)]]  # fmt: skip
    assert [shard.kind for shard in shards(str(archives / "*.tar"))] == ["tar"] * 3


def test_a_broken_shard_is_one_failure(model: Path, pictures: Path, tmp_path: Path) -> None:
    archives = tmp_path / "archives"
    archives.mkdir()
    whole = archive(".tar", pictures, archives).read_bytes()
    middle = len(whole) // 2 // 512 * 512
    (archives / "damaged.tar").write_bytes(whole[:middle] + b"\xff" * 512 * 9 + whole[middle + 512 * 9 :])
    (archives / "cut.tar.gz").write_bytes(gzip.compress(whole)[:-3000])
    (archives / "empty.tar").write_bytes(b"")
    (archives / "no.zip").write_bytes(b"PK\x03\x04 and no more")
    (archives / "no.parquet").write_bytes(b"PAR1")
    pyarrow.parquet.write_table(pyarrow.table({"picture": ["a.png"]}), archives / "text.parquet")
    broken = [shard for shard in shards(archives) if shard.kind == "broken"]
    assert [shard.name for shard in broken] == [
        "cut.tar.gz", "damaged.tar", "empty.tar", "no.parquet", "no.zip", "text.parquet",
    ]  # fmt: skip
    assert "the columns are 'picture'" in broken[-1].items[0]
    summary = run_bulk(archives, tmp_path / "out", model=model, shard_size=4)
    rows = table(summary)
    assert {shard.name for shard in broken} <= {row["image"] for row in rows if row["error"]}
    assert sum(row["image"].startswith("archive.tar/") and row["error"] is None for row in rows) == 10
    assert summary.images == len(rows)


def test_damage_inside_a_shard_is_told_for_each_image(model: Path, pictures: Path, tmp_path: Path) -> None:
    path = archive(".zip", pictures, tmp_path)
    content = bytearray(path.read_bytes())
    at = content.index(b"001.png") + 60
    content[at : at + 8] = b"\0" * 8
    path.write_bytes(content)
    rows = table(run_bulk(path, tmp_path / "out", model=model, shard_size=4))
    assert [row["image"].rpartition("/")[2] for row in rows if row["error"]] == ["001.png", "003b.png"]


def interrupted(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the run stop before it writes its shard number `at`."""
    write = worker.write_shard

    def stopping(rows: Any, path: Path, **options: Any) -> None:
        if path.stem.endswith(f"{at:06}"):
            next(rows)
            raise KeyboardInterrupt
        write(rows, path, **options)

    monkeypatch.setattr(worker, "write_shard", stopping)


@pytest.mark.parametrize("at", [0, 1, 2])
def test_an_interrupted_run_goes_on(
    at: int, model: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = table(run_bulk(pictures, tmp_path / "whole", model=model, shard_size=4))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        interrupted(at, patch)
        run_bulk(pictures, tmp_path / "out", model=model, shard_size=4)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out/shards").glob("shard-*")}
    assert len(before) == at
    summary = run_bulk(pictures, tmp_path / "out", model=model, shard_size=4)
    assert table(summary) == whole
    assert summary.resumed == 4 * at
    assert {name: (summary.shards / name).stat().st_mtime_ns for name in before} == before
    assert not list(summary.shards.glob(".*"))


def test_kill_9_loses_nothing_and_does_nothing_twice(model: Path, collection: Path, tmp_path: Path) -> None:
    arguments = ["bulk", str(collection), "--model", str(model), "--shard-size", "2", "-o"]
    command = [sys.executable, "-m", "viennatag", *arguments]
    with subprocess.Popen([*command, str(tmp_path / "out")], stdout=subprocess.DEVNULL) as process:
        while len(list((tmp_path / "out").glob("shards/shard-*"))) < 5:
            assert process.poll() is None
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out/shards").glob("shard-*")}
    assert 5 <= len(before) < 120
    done = subprocess.run([*command, str(tmp_path / "out")], capture_output=True, text=True, check=True)
    assert f"resumed after {2 * len(before)} finished images" in done.stderr
    whole = run_bulk(collection, tmp_path / "whole", model=model, shard_size=2)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out/shards").iterdir()} == {
        path.name: path.read_bytes() for path in whole.shards.iterdir()
    }
    assert before.items() <= {p.name: p.stat().st_mtime_ns for p in (tmp_path / "out/shards").iterdir()}.items()


def test_another_source_model_or_option_is_refused(
    model: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    run_bulk(pictures, out, model=model, shard_size=4)
    with pytest.raises(BulkError, match="begun with shard_size 4, now 5; top None, now 3; repeat"):
        run_bulk(pictures, out, model=model, top=3, shard_size=5)
    with pytest.raises(BulkError, match=r"begun with the model .*tiny \(sha256:.*\), now starter"):
        run_bulk(pictures, out, shard_size=4)
    shutil.copy(pictures / "000.png", pictures / "new.png")
    with pytest.raises(BulkError, match=r"begun with 11 images in .*, now 12 in"):
        run_bulk(pictures, out, model=model, shard_size=4)
    (pictures / "new.png").unlink()
    (pictures / "001.png").write_bytes(b"changed")
    with pytest.raises(BulkError, match=r"11 images in .*, now 11 in .* \(their names, sizes or times differ\)"):
        run_bulk(pictures, out, model=model, shard_size=4)
    with pytest.raises(BulkError, match=r"holds '.*' but no bulk run"):
        run_bulk(pictures, pictures, model=model, shard_size=4)
    assert not (pictures / "shards").exists()


def test_two_runs_do_not_share_results(model: Path, pictures: Path, tmp_path: Path) -> None:
    def again(*_: int) -> None:
        with pytest.raises(BulkError, match="another run is writing there"):
            run_bulk(pictures, tmp_path / "out", model=model, shard_size=4)

    assert run_bulk(pictures, tmp_path / "out", model=model, shard_size=4, progress=again).images == 11


def test_a_shard_that_cannot_be_finished_is_listed_and_tried_again(model: Path, pictures: Path, tmp_path: Path) -> None:
    out, path = tmp_path / "out", archive(".tar", pictures, tmp_path)
    hidden = path.with_name("away")

    def remove(done: int, *_: int) -> None:
        if done == 0:
            path.rename(hidden)

    summary = run_bulk(str(tmp_path / "*.tar"), out, model=model, shard_size=4, progress=remove)
    assert (summary.failed, summary.unfinished, table(summary)) == (11, 3, [])
    assert summary.reasons == (("the file is gone or has changed since the run was begun", 11),)
    assert summary.failures.read_text().splitlines()[1].startswith(f"shard 000000 ({path}),")
    hidden.rename(path)
    summary = run_bulk(str(tmp_path / "*.tar"), out, model=model, shard_size=4)
    assert (summary.failed, summary.unfinished, len(table(summary))) == (1, 0, 11)


def test_a_shard_that_kills_its_process_is_given_up_after_some_attempts(
    model: Path, pictures: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"

    def die(done: int, *_: int) -> None:
        if done == 0:
            (out / "shards/.shard-000001.attempts").write_bytes(b"." * ATTEMPTS)

    summary = run_bulk(pictures, out, model=model, shard_size=4, progress=die)
    assert (summary.failed, summary.unfinished) == (4, 1)
    assert summary.reasons == (("the process died N times while it worked on this shard", 4),)
    assert [row["image"] for row in table(summary)] == NAMES[:4] + NAMES[8:]
    summary = run_bulk(pictures, out, model=model, shard_size=4)
    assert (summary.failed, summary.unfinished, summary.resumed) == (1, 0, 7)


@pytest.mark.parametrize(
    ("source", "images", "message"),
    [
        ("none", False, "there is no such file or folder"),
        ("none/*.png", False, "no images in it"),
        ("notes.txt", False, "neither an image nor an archive"),
        ("marks.csv", False, "say where its images are, with --images FOLDER"),
        ("nameless.csv", True, "row 2 names no image; expected a column 'image', found 'thing'"),
    ],
)
def test_sources_that_cannot_be_used(source: str, images: bool, message: str, pictures: Path, model: Path) -> None:
    (pictures / "marks.csv").write_text("image,codes\n001.png,\n")
    (pictures / "nameless.csv").write_text("thing\n001.png\n")
    with pytest.raises(DataError, match=message):
        run_bulk(pictures / source, pictures / "out", model=model, images=pictures if images else None)


def test_options_that_make_no_sense(model: Path, pictures: Path, tmp_path: Path) -> None:
    for options, message in (({"threshold": 2}, "threshold is 2"), ({"shard_size": 0}, "shard_size is 0")):
        with pytest.raises(OptionError, match=message):
            run_bulk(pictures, tmp_path / "out", model=model, **options)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="no level 'label'"):
        run_bulk(pictures, tmp_path / "out", model=model, level="label")
    assert not (tmp_path / "out").exists()


def test_names_of_files_may_hold_any_bytes(model: Path, pictures: Path, tmp_path: Path) -> None:
    try:
        (pictures / "000.png").rename(pictures / os.fsdecode(b"\xff\n.png"))
    except OSError:
        pytest.skip("this system takes no such names")
    for source, format_ in ((pictures, "jsonl"), (f"{pictures}/*.png", "parquet")):
        rows = table(run_bulk(source, tmp_path / format_, model=model, format=format_))  # type: ignore[arg-type]
        (row,) = (row for row in rows if row["image"].endswith("\\udcff\n.png"))
        assert row["suggestions"]


def test_one_threshold_for_all(model: Path, pictures: Path, tmp_path: Path) -> None:
    (row, *_) = table(run_bulk(pictures / "000.png", tmp_path / "out", model=model, threshold=0))
    assert row["image"] == "000.png"
    assert len(row["suggestions"]) > 2
    assert all(each["above_threshold"] for each in row["suggestions"])


def test_the_command(model: Path, pictures: Path, tmp_path: Path) -> None:
    arguments = ["bulk", str(pictures), "-o", str(tmp_path / "out"), "--model", str(model), "--shard-size", "4"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 1
    assert "11 images, 1 of them failed" in done.output
    assert "failed: 1 × not an image" in done.output
    (pictures / "003b.png").unlink()
    assert CliRunner().invoke(app, [*arguments[:3], str(tmp_path / "new"), *arguments[4:]]).exit_code == 0


def test_a_node_that_cannot_do_the_work_ends_the_run(model: Path, pictures: Path, tmp_path: Path) -> None:
    def work(job: Job) -> dict[str, Any]:
        return {name: value for name, (value,) in cluster._Actor(job, worker.Worker)({"item": np.array([0])}).items()}

    job = prepare(model, pictures, tmp_path / "out")
    assert work(job) == {"number": 0, "count": 4, "failed": 0, "error": "", "stops": ""}
    for other, message in (
        (replace(job, digest="sha256:0"), "another bundle"),
        (replace(job, root=tmp_path / "none"), "there is no such folder on"),
        (replace(job, results=tmp_path / "none"), "put them on a shared file system"),
    ):
        assert message in work(other)["stops"]


def test_a_process_of_its_own_writes_what_this_one_writes(model: Path, pictures: Path, tmp_path: Path) -> None:
    here = run_bulk(pictures, tmp_path / "here", model=model, shard_size=4)
    job = prepare(model, pictures, tmp_path / "there")
    outcomes = list(run_in_processes(job, [at for _, at in job.planned()], worker.Worker, 1))
    assert outcomes == [Outcome(0, 4), Outcome(1, 4, failed=1), Outcome(2, 3)]
    assert table(replace(here, shards=job.shard_file(0).parent)) == table(here)


def test_ray_is_an_extra(model: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(Exception, match=r"needs the package 'ray'.*viennatag\[bulk\]"):
        run_bulk(pictures, tmp_path / "out", model=model, shard_size=4, address="local")


def counting(function: Callable[..., Iterator[Any]], counts: list[int]) -> Callable[..., Iterator[Any]]:
    def counted(*arguments: Any) -> Iterator[Any]:
        for value in function(*arguments):
            counts.append(1)
            yield value

    return counted


def test_little_is_read_ahead(model: Path, collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[int] = []
    ahead: list[int] = []
    monkeypatch.setattr(worker.ShardReader, "images", counting(worker.ShardReader.images, reads))
    run_bulk(
        collection,
        tmp_path / "out",
        model=model,
        shard_size=10,
        progress=lambda done, *_: ahead.append(len(reads) - done),
    )
    assert len(reads) == 240
    assert max(ahead) < 120


def test_what_is_passed_over_is_counted(pictures: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    picture = next(pictures.glob("*.png")).read_bytes()
    for name in ("a.png", "without-ending"):
        (folder / name).write_bytes(picture)
    (folder / "notes").write_text("no image")
    (folder / "labels.json").write_text("{}")
    with zipfile.ZipFile(folder / "more.zip", "w") as file:
        file.writestr("in/b.png", picture)
        file.writestr("in/c.txt", "no image")
    source = find_source(folder)
    found = list(cut_source(source, size=10))
    assert [shard.items for shard in found] == [["a.png"], [0, 1], ["without-ending"]]
    assert source.passed_over.describe() == (
        "passed over 3 files of other endings: 1 × .json, 1 × .txt, 1 × no ending; the first is labels.json"
    )
