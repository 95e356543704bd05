import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.cli.conftest import cli  # noqa: F401
from viennatag.data.marks import Marks, read_marks
from viennatag.errors import DataError, MissingExtraError, OptionError, OutputError, ReferenceMarksError
from viennatag.evaluation.evaluation import Evaluation
from viennatag.explain.index import make_index, write_index
from viennatag.explain.similar import (
    INDEX_DESCRIPTION,
    INDEX_GRAPH,
    MARKS,
    PROJECTIONS,
    VECTORS,
    ReferenceMarks,
)
from viennatag.files import file_digest
from viennatag.model.bundle import Bundle, open_bundle
from viennatag.prediction.predictor import Predictor
from viennatag.runtime.engine import Engine, run_images


@pytest.fixture(scope="module")
def marks(collection: Path) -> Marks:
    return read_marks(collection / "marks.csv", images=collection)


@pytest.fixture(scope="module")
def indexed(
    trained: tuple[Bundle, Evaluation], marks: Marks, collection: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a bundle's folder with an index of the collection."""
    folder = tmp_path_factory.mktemp("indexed") / "bundle"
    shutil.copytree(trained[0].graph.parent, folder)
    written, kept = make_index(open_bundle(folder), marks, collection)
    assert (written, len(kept)) == (folder / "index", len(marks))
    return folder


@pytest.fixture
def copied(indexed: Path, tmp_path: Path) -> Path:
    shutil.copytree(indexed, tmp_path / "b")
    return tmp_path / "b"


def features_of(bundle: Bundle, paths: list[Path]) -> NDArray[np.float32]:
    batches = run_images(Engine(bundle.graph, threads=1), paths, ("features",), also=lambda _: None)
    return np.concatenate([batch.outputs[0] for batch in batches])


def test_an_image_finds_itself_and_what_exact_search_finds(indexed: Path, marks: Marks, collection: Path) -> None:
    predictor = Predictor.load(indexed)
    features = features_of(predictor.bundle, [collection / image for image in marks.images])
    standard = (features - features.mean(axis=0)) / np.maximum(features.std(axis=0), 1e-2 * features.std(axis=0).mean())
    standard /= np.linalg.norm(standard, axis=1, keepdims=True)
    cosines = standard @ standard.T
    shared = 0
    for at in range(0, len(marks), 12):
        found = predictor.similar(collection / marks.images[at], 10)
        assert found[0].similarity > 0.999
        assert [mark.similarity for mark in found] == sorted((mark.similarity for mark in found), reverse=True)
        rows = [marks.images.index(mark.image) for mark in found]
        assert [mark.codes for mark in found] == [marks.codes[row] for row in rows]
        np.testing.assert_allclose([mark.similarity for mark in found], cosines[at, rows], atol=0.02)
        shared += len(set(rows) & set(np.argsort(-cosines[at])[:10].tolist()))
    assert shared >= 0.9 * 10 * len(range(0, len(marks), 12))


def test_no_more_marks_than_there_are(indexed: Path, collection: Path) -> None:
    predictor = Predictor.load(indexed)
    assert len(predictor.open_reference_marks()) == 240
    assert len(predictor.similar(collection / "000.png", 999)) == 240
    with pytest.raises(OptionError, match="is 0; it counts from 1 up"):
        predictor.similar(collection / "000.png", 0)


def test_a_bundle_without_an_index(trained: tuple[Bundle, Evaluation], collection: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ReferenceMarksError, match="there is no index of reference marks; make one with: viennatag index"
    ):
        Predictor(trained[0]).similar(collection / "000.png")
    with pytest.raises(
        ReferenceMarksError, match="viennatag index starter MARKS --images IMAGES -o INDEX, and name it: --ref"
    ):
        Predictor.load("starter").similar(collection / "000.png")
    missing = tmp_path / "reference"
    with pytest.raises(ReferenceMarksError) as raised:
        Predictor(trained[0]).open_reference_marks(missing)
    assert f"viennatag index {trained[0].path} MARKS --images IMAGES -o {missing}, and name it" in str(raised.value)


@pytest.mark.parametrize("name", [INDEX_GRAPH, VECTORS, MARKS])
def test_a_damaged_file_is_refused(name: str, copied: Path) -> None:
    file = copied / "index" / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(ReferenceMarksError, match=rf"the file {name} is damaged; make the index again"):
        ReferenceMarks.open(copied)
    file.unlink()
    with pytest.raises(ReferenceMarksError, match="the index is damaged"):
        ReferenceMarks.open(copied)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 99}, "has schema 99, expected 2"),
        ({"schema": 1}, "has schema 1, expected 2; make it again"),
        ({"graph": "sha256:0"}, "made with another bundle"),
        ({"files": {}}, "the index is damaged"),
    ],
)
def test_a_description_that_does_not_fit(change: dict[str, object], message: str, copied: Path) -> None:
    file = copied / "index" / INDEX_DESCRIPTION
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(ReferenceMarksError, match=message):
        Predictor.load(copied).open_reference_marks()


def test_an_index_elsewhere(indexed: Path, collection: Path, tmp_path: Path) -> None:
    shutil.move(shutil.copytree(indexed, tmp_path / "b") / "index", tmp_path / "elsewhere")
    predictor = Predictor.load(tmp_path / "b")
    predictor.open_reference_marks(tmp_path / "elsewhere")
    assert predictor.similar(collection / "000.png", 1)[0].image == "000.png"


def test_images_that_cannot_be_read(copied: Path, marks: Marks, collection: Path, tmp_path: Path) -> None:
    shutil.copytree(collection, tmp_path / "images")
    (tmp_path / "images/003.png").write_bytes(b"broken")
    bundle = open_bundle(copied)
    before = (copied / "index" / VECTORS).read_bytes()
    with pytest.raises(DataError, match=r"(?s)003\.png.*--skip-bad"):
        make_index(bundle, marks, tmp_path / "images")
    assert (copied / "index" / VECTORS).read_bytes() == before, "the older index stays"
    _, kept = make_index(bundle, marks, tmp_path / "images", skip_bad=True)
    assert len(kept) == 239
    assert "003.png" in kept.skipped[0]
    assert len(ReferenceMarks.open(copied)) == 239
    with pytest.raises(DataError, match="--skip-bad"):
        make_index(bundle, marks, tmp_path / "images")
    shutil.copy(collection / "003.png", tmp_path / "images/003.png")
    make_index(bundle, marks, tmp_path / "images")  # goes on, with the image replaced
    assert len(ReferenceMarks.open(copied)) == 240
    assert not list(copied.glob(".index*"))


def test_an_interrupted_run_goes_on(
    copied: Path, marks: Marks, collection: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        if done > 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_index(open_bundle(copied), marks, collection, progress=stop)
    seen: list[int] = []
    make_index(
        open_bundle(copied),
        marks,
        collection,
        progress=lambda stage, done, _: seen.append(done) if stage == "images" else None,
    )
    assert seen[0] > 100
    predictor = Predictor.load(copied)
    for image in ("002.png", "110.png", "239.png"):
        assert predictor.similar(collection / image, 1)[0].image == image


def test_something_else_is_never_replaced(copied: Path, marks: Marks, collection: Path, tmp_path: Path) -> None:
    with pytest.raises(ReferenceMarksError, match="is no index"):
        make_index(open_bundle(copied), marks, collection, out=collection)


def test_the_missing_extra_is_named(indexed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "usearch", None)
    monkeypatch.delitem(__import__("sys").modules, "usearch.index", raising=False)
    with pytest.raises(MissingExtraError, match=r"pip install 'viennatag\[similar\]'"):
        ReferenceMarks.open(indexed)


@pytest.mark.parametrize("dimensions", [48, 24])
def test_what_is_found_is_what_exact_search_finds(dimensions: int, marks: Marks, tmp_path: Path) -> None:
    """Clustered features of 64 numbers, some directions kept in the graph: recall@10 against exact search."""
    random = np.random.default_rng(0)
    basis = random.normal(size=(48, 64))
    centres = random.normal(size=(60, 48))
    made = (centres[random.integers(60, size=4000)] + random.normal(size=(4000, 48))) @ basis
    features = (made * random.uniform(0.1, 9, 64) + 5).astype(np.float16)
    again = marks.select(np.arange(3900) % len(marks))
    again = replace(again, images=tuple(map(str, range(3900))))
    write_index(tmp_path / "index", features, np.arange(3900), again, graph="sha256:0", dimensions=dimensions)
    known = ReferenceMarks.open(tmp_path)
    standard = (features.astype(np.float32) - features.mean(0, dtype=np.float32)) / features.std(0, dtype=np.float32)
    standard /= np.linalg.norm(standard, axis=1, keepdims=True)
    truth = np.argsort(-standard[3900:] @ standard[:3900].T, axis=1)[:, :10]
    found = [{int(mark.image) for mark in known.search(row, 10)} for row in features[3900:]]
    assert np.mean([len(set(a) & b) / 10 for a, b in zip(truth.tolist(), found, strict=True)]) > 0.97
    (nearest,) = known.search(features[7], 1)
    assert (nearest.image, nearest.similarity) == ("7", 1.0)


def test_marks_that_are_all_alike_are_all_found(copied: Path) -> None:
    """A walk from neighbour to neighbour ends where all neighbours are alike; then every mark is looked at."""
    known = ReferenceMarks.open(copied)
    asked: list[bool] = []
    search = known._graph.search

    def short(vector: NDArray[np.int8], count: int, *, exact: bool = False) -> object:
        asked.append(exact)
        return search(vector, count if exact else count // 2, exact=exact)

    known._graph = SimpleNamespace(search=short)
    assert len({mark.image for mark in known.search(np.ones(256, np.float32), 999)}) == 240
    assert asked == [False, True]


# On the command line


def test_index_and_predict_with_similar_marks(cli, copied: Path, collection: Path) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    shutil.rmtree(copied / "index")
    status, out, _ = cli("index", copied, collection / "marks.csv", "--images", collection)
    assert status == 0
    assert f"wrote {copied / 'index'}: 240 marks" in out
    status, out, _ = cli("predict", collection / "000.png", "--model", copied, "--similar", 3)
    assert status == 0
    assert f"similar to {collection / '000.png'}\n   1.000  000.png  " in out
    status, out, _ = cli("predict", collection / "000.png", "none.png", "--model", copied, "--similar", 3, "--format", "json")  # fmt: skip  # noqa: E501
    first, second = json.loads(out)
    assert status == 1
    assert [len(first["similar"]), first["similar"][0]["image"]] == [3, "000.png"]
    assert set(first["similar"][0]) == {"image", "codes", "similarity"}
    assert "similar" not in second


def test_mistakes_on_the_command_line(cli, trained, collection: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    model = trained[0].path
    for arguments, message in (
        (["--similar", 3], "there is no index of reference marks"),
        (["--reference-marks", tmp_path], "--reference-marks names an index for --similar"),
        (["--similar", 3, "--format", "csv"], "has no columns for --similar"),
    ):
        status, out, err = cli("predict", collection / "000.png", "--model", model, *arguments)
        assert (status, out) == (2, "")
        assert message in err


def test_predict_writes_heat_maps(cli, trained, collection: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    (tmp_path / "other").mkdir()
    shutil.copy(collection / "001.png", tmp_path / "other/000.png")
    images = [collection / "000.png", tmp_path / "other/000.png", tmp_path / "none.png"]
    arguments = "--model", trained[0].path, "--top", 2, "--format", "json", "--explain", tmp_path / "maps"
    status, out, err = cli("predict", *images, *arguments)
    answers = json.loads(out)
    assert status == 1
    assert f"wrote {tmp_path / 'maps'}: 4 heat maps, each as PNG and NPY" in err
    expected = {
        f"{name}.{suggestion['code']}.{ending}"
        for name, answer in zip(("000", "000-2"), answers[:2], strict=True)
        for suggestion in answer["suggestions"]
        for ending in ("png", "npy")
    }
    assert {file.name for file in (tmp_path / "maps").iterdir()} == expected
    for file in (tmp_path / "maps").glob("*.npy"):
        assert np.load(file, allow_pickle=False).dtype == np.float32


def test_the_search_library_does_not_crash_the_engine() -> None:
    """Loaded in the other order, the two end the process with a segmentation fault."""
    code = "from viennatag.explain.similar import search_library; search_library(); import onnxruntime"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def change_graph(folder: Path, change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]) -> None:
    """Change the neighbour graph of an index, and state the hash of what is there then."""
    graph, description = folder / INDEX_GRAPH, folder / INDEX_DESCRIPTION
    graph.write_bytes(change(np.fromfile(graph, dtype=np.uint8)).tobytes())
    found = json.loads(description.read_text())
    found["files"][INDEX_GRAPH] = file_digest(graph)
    description.write_text(json.dumps(found))


def set_bytes(at: float, count: int, value: int) -> Callable[[NDArray[np.uint8]], NDArray[np.uint8]]:
    def change(content: NDArray[np.uint8]) -> NDArray[np.uint8]:
        start = int(at * len(content))
        content[start : start + count] = value
        return content

    return change


@pytest.mark.parametrize(
    "change",
    [
        *(set_bytes(at / 20, 1000, 255) for at in range(14, 20)),
        set_bytes(0, 4, 255),
        set_bytes(0, 8, 0),
        lambda content: content[:-1],
        lambda content: content[:100],
        lambda content: np.append(content, content),
        lambda content: content[:0],
    ],
)
def test_a_graph_whose_links_lead_nowhere_is_refused(
    change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]], copied: Path
) -> None:
    change_graph(copied / "index", change)
    with pytest.raises(ReferenceMarksError, match="the index is damaged"):
        ReferenceMarks.open(copied)


def test_a_graph_that_passes_the_check_can_be_searched(tmp_path: Path) -> None:
    """Change a graph at random; what the check lets pass must not end the process."""
    command = [sys.executable, "-c", _CHANGED_GRAPHS]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    refused, searched = map(int, run.stdout.split())
    assert min(refused, searched) > 100


_CHANGED_GRAPHS = """
import numpy as np
from viennatag.explain.similar import search_library
from viennatag.explain.graph_check import check_graph
library, random, marks, dimensions = search_library(), np.random.default_rng(0), 400, 16
graph = library.Index(ndim=dimensions, metric="cos", dtype="i8", connectivity=16, enable_key_lookups=False)
vectors = (random.normal(size=(marks, dimensions)) * 40).clip(-127, 127).astype(np.int8)
graph.add(np.arange(marks, dtype=np.uint64), vectors)
graph.save("graph")
whole = np.fromfile("graph", dtype=np.uint8)
refused = 0
for _ in range(600):
    content = whole.copy()
    at = random.integers(8 + marks * dimensions, len(content))
    content[at : at + random.choice([1, 2, 4, 100])] = random.choice([0, 1, 255])
    try:
        check_graph(content, marks=marks, dimensions=dimensions)
    except ValueError:
        refused += 1
        continue
    held = content.tobytes()  # the index only points into it
    opened = library.Index.restore(held, view=True)
    try:
        opened.search(vectors[::40], 64)
    except RuntimeError:  # told as damage; what must not happen is that the process ends
        pass
print(refused, 600 - refused)
"""


def change_arrays(folder: Path, *, compressed: bool = False, **changed: NDArray[np.generic]) -> None:
    with np.load(folder / PROJECTIONS) as arrays:
        found = dict(arrays) | changed
    (np.savez_compressed if compressed else np.savez)(folder / PROJECTIONS, **found)
    description = folder / INDEX_DESCRIPTION
    stated = json.loads(description.read_text())
    stated["files"][PROJECTIONS] = file_digest(folder / PROJECTIONS)
    description.write_text(json.dumps(stated))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"mean": np.zeros(3, np.float32)}, "other types or shapes"),
        ({"starts": np.zeros(240, np.int64)}, "marks.jsonl does not hold"),
        ({"starts": np.arange(9)}, "vectors.i8 does not hold"),
        ({"short": np.full((2, 2), np.nan, np.float32)}, "other types or shapes"),
        ({"starts": np.array(["x"])}, "other types or shapes"),
        ({"mean": np.array([{}], dtype=object)}, "Object arrays cannot be loaded"),
        ({"compressed": True}, "projections.npz is compressed"),
    ],
)
def test_arrays_that_do_not_fit_each_other(changed: dict[str, Any], message: str, copied: Path) -> None:
    change_arrays(copied / "index", **changed)
    with pytest.raises(ReferenceMarksError, match=message):
        ReferenceMarks.open(copied)


def test_an_image_that_changed_while_an_index_was_made(
    trained: tuple[Bundle, Evaluation], marks: Marks, collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen, images = marks.select(range(40)), tmp_path / "images"
    shutil.copytree(collection, images)
    untouched, _ = make_index(trained[0], chosen, images, out=tmp_path / "untouched")

    def stop(stage: str, done: int, total: int) -> None:
        if done > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_index(trained[0], chosen, images, out=tmp_path / "index", progress=stop)
    for at, other in ((3, 200), (12, 201)):
        shutil.copy(images / marks.images[other], images / marks.images[at])
    seen: list[int] = []
    make_index(trained[0], chosen, images, out=tmp_path / "index", progress=lambda _, done, total: seen.append(done))
    assert seen[0] < 20
    anew, _ = make_index(trained[0], chosen, images, out=tmp_path / "anew")
    for name in (VECTORS, MARKS):
        assert (tmp_path / "index" / name).read_bytes() == (anew / name).read_bytes()
    assert (anew / VECTORS).read_bytes() != (untouched / VECTORS).read_bytes()


def test_two_runs_do_not_write_one_index(
    trained: tuple[Bundle, Evaluation], marks: Marks, collection: Path, tmp_path: Path
) -> None:
    started, go_on = threading.Event(), threading.Event()

    def wait(*_: object) -> None:
        started.set()
        go_on.wait(60)

    chosen, out = marks.select(range(20)), tmp_path / "index"
    first = threading.Thread(
        target=make_index, args=(trained[0], chosen, collection), kwargs={"out": out, "progress": wait}
    )
    first.start()
    started.wait(60)
    try:
        with pytest.raises(OutputError, match="another run is writing there"):
            make_index(trained[0], chosen, collection, out=out)
    finally:
        go_on.set()
        first.join()
    assert len(ReferenceMarks.open(out)) == 20
    assert [path.name for path in tmp_path.iterdir()] == ["index"]
