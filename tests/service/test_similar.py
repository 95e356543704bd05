"""Similar reference marks over HTTP; only a search gives the addresses of their thumbnails."""

import io
import shutil
import sys
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.service.server import PNG, ask, check_problem, picture, talk
from viennatag.data.marks import read_marks
from viennatag.evaluation.evaluation import Evaluation
from viennatag.explain.index import make_index
from viennatag.model.bundle import Bundle, open_bundle
from viennatag.prediction.predictor import Predictor
from viennatag.service.options import ServiceOptions


@pytest.fixture(scope="module")
def indexed(
    trained: tuple[Bundle, Evaluation], collection: Path, tmp_path_factory: pytest.TempPathFactory
) -> Predictor:
    folder = tmp_path_factory.mktemp("indexed") / "bundle"
    shutil.copytree(trained[0].graph.parent, folder)
    make_index(open_bundle(folder), read_marks(collection / "marks.csv", images=collection), collection)
    return Predictor.load(folder, threads=1)


def test_similar_marks_come_with_their_codes_and_pictures(indexed: Predictor, collection: Path) -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        answer = await client.post("/v1/similar?k=4", content=(collection / "007.png").read_bytes(), headers=PNG)
        check_problem(answer, 401, "unauthorized")
        client.headers["Authorization"] = "Bearer 0123456789abcdef"
        answer = await client.post("/v1/similar?k=4", content=(collection / "007.png").read_bytes(), headers=PNG)
        marks = answer.json()["marks"]
        assert len(marks) == 4
        assert marks[0]["similarity"] > 0.99
        expected = indexed.similar(collection / "007.png", 4)
        assert [mark["image"] for mark in marks] == [mark.image for mark in expected]
        assert [node["code"] for node in marks[0]["codes"]] == list(expected[0].codes)
        assert all(node["heading"] for mark in marks for node in mark["codes"])
        del client.headers["Authorization"]  # a browser's image element sends none
        shown = await client.get(marks[0]["thumbnail"])
        assert shown.headers["content-type"] == "image/png"
        with Image.open(io.BytesIO(shown.content)) as image:
            assert image.size == (96, 96)
        key = marks[0]["thumbnail"].rpartition("=")[2]
        for name in (
            "marks.csv",
            "../../etc/passwd",
            marks[1]["image"] if marks[1]["image"] != marks[0]["image"] else "",
        ):
            check_problem(await client.get("/v1/similar/image", params={"name": name, "key": key}), 404, "not-found")

    talk(conversation, ServiceOptions(reference_images=collection, token="0123456789abcdef"), predictor=indexed)


def test_without_reference_images_there_are_no_thumbnails(indexed: Predictor, collection: Path) -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        (mark,) = (await client.post("/v1/similar?k=1", content=picture(), headers=PNG)).json()["marks"]
        assert mark["thumbnail"] is None
        check_problem(await client.post("/v1/similar?k=0", content=picture(), headers=PNG), 422, "invalid", "query.k")
        check_problem(await client.post("/v1/similar", content=b"broken", headers=PNG), 422, "unreadable-image")

    talk(conversation, predictor=indexed)


def test_without_the_package_that_searches_the_rest_is_served(
    indexed: Predictor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "usearch", None)
    monkeypatch.delitem(sys.modules, "usearch.index", raising=False)

    async def conversation(client: httpx.AsyncClient) -> None:
        check_problem(await client.post("/v1/similar", content=picture(), headers=PNG), 404, "no-index")
        assert (await client.post("/v1/predict", content=picture(), headers=PNG)).status_code == 200

    talk(conversation, predictor=indexed)
    (told,) = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert told.startswith("similar reference marks are not shown; this needs the package 'usearch'")
    assert "viennatag[similar]" in told


def test_a_bundle_without_an_index_says_so(trained: tuple[Bundle, Evaluation]) -> None:
    without = Predictor(trained[0], threads=1)
    answer = talk(lambda client: client.post("/v1/similar", content=picture(), headers=PNG), predictor=without)
    check_problem(answer, 404, "no-index", "viennatag index")
    check_problem(ask("GET", "/v1/similar/image?name=a.png&key=b"), 404, "not-found")
