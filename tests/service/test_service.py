"""The responses of each route."""

import io
import json
import logging
import sys
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from PIL import ExifTags, Image

from tests.service.server import PNG, SAMPLE, ask, check_problem, picture, starter, talk
from viennatag.cli import main
from viennatag.errors import BundleError, DataError
from viennatag.service.options import ServiceOptions
from viennatag.service.running import serve
from viennatag.vienna.editions import import_classification


def predict(query: str = "", content: bytes | None = None) -> dict[str, object]:
    answer = ask("POST", f"/v1/predict?{query}", content=content or SAMPLE.read_bytes(), headers=PNG)
    assert answer.status_code == 200, answer.text
    (result,) = answer.json()["results"]
    return result


def test_the_service_returns_the_results_of_the_library() -> None:
    found = predict()
    suggestions = starter().predict(SAMPLE)
    assert [each["code"] for each in found["suggestions"]] == [each.code for each in suggestions]
    assert found["suggestions"][0]["score"] == pytest.approx(suggestions[0].score, abs=1e-3)
    assert set(found["suggestions"][0]) == {"code", "heading", "score", "level", "path", "above_threshold"}
    with Image.open(SAMPLE) as image:
        assert (found["width"], found["height"]) == image.size


def test_a_bundle_without_scores_is_refused_before_anybody_asks() -> None:
    def fail(_: object) -> None:
        raise DataError("1 of 2 scores are NaN")

    bundle = SimpleNamespace(graph=Path("b/model.onnx"))
    predictor = SimpleNamespace(engine=SimpleNamespace(size=8), bundle=bundle, score_image=fail)
    with pytest.raises(BundleError, match=r"b/model\.onnx: the graph gives no scores that can be used: 1 of 2"):
        serve(predictor, ServiceOptions(), host="127.0.0.1", port=0)  # type: ignore[arg-type]


def test_options_of_a_prediction() -> None:
    ranked = predict("top=7&level=division")["suggestions"]
    assert len(ranked) == 7
    assert {each["level"] for each in ranked} == {"division"}
    best = ranked[0]["code"].split(".")[0]
    without = predict(f"top=7&level=division&exclude={best},{ranked[1]['code']}")["suggestions"]
    assert not any(each["code"].startswith(f"{best}.") or each["code"] == ranked[1]["code"] for each in without)
    assert len(without) == 7
    assert len(predict("threshold=0.001")["suggestions"]) > len(predict("threshold=0.9")["suggestions"])
    assert all(
        each["above_threshold"] == (each["score"] >= 0.5) for each in predict("top=9&threshold=0.5")["suggestions"]
    )
    everything = ",".join(name for name in starter().bundle.labels.names if "." not in name)
    assert predict(f"exclude={everything}")["suggestions"] == []
    assert predict(f"top=5&exclude={everything}")["suggestions"] == []


def test_a_blank_image_gets_no_codes_and_a_note_that_says_why() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (40, 30), (0, 0, 0, 0)).save(file, "PNG")
    found = predict(content=file.getvalue())
    assert found["suggestions"] == predict("top=5", content=file.getvalue())["suggestions"] == []
    assert "blank" in found["note"]
    assert "note" not in predict()


def test_the_size_is_that_of_the_upright_image() -> None:
    file = io.BytesIO()
    image = Image.new("RGB", (40, 30))
    exif = image.getexif()
    exif[ExifTags.Base.Orientation] = 6
    image.save(file, "JPEG", exif=exif)
    found = predict(content=file.getvalue())
    assert (found["width"], found["height"]) == (30, 40)


def test_a_form_with_several_files_answers_in_their_order_and_one_bad_file_stops_none() -> None:
    files = [
        ("files", ("a.png", picture())),
        ("files", ("böse.png", b"broken")),
        ("files", ("c.jpg", picture(60, 20, "JPEG"))),
    ]
    answer = ask("POST", "/v1/predict", files=files)
    assert answer.status_code == 200
    first, second, third = answer.json()["results"]
    assert [first["image"], second["image"], third["image"]] == ["a.png", "böse.png", "c.jpg"]
    assert second["error"]["status"] == 422
    assert "not an image" in second["error"]["detail"]
    assert (third["width"], third["height"]) == (60, 20)
    answer = ask("POST", "/v1/predict", files=[("files", ("x.png", b"broken")), ("files", ("y.png", b""))])
    check_problem(answer, 422, "unreadable-image", "none of the images")
    assert [each["image"] for each in answer.json()["results"]] == ["x.png", "y.png"]


def test_codes() -> None:
    categories = ask("GET", "/v1/codes").json()["codes"]
    assert categories[0]["code"] == "1"
    assert {each["level"] for each in categories} == {"category"}
    assert "3.1.6" in {each["code"] for each in ask("GET", "/v1/codes?q=cats").json()["codes"]}
    assert ask("GET", "/v1/codes?q=qqqq").json() == {"codes": []}
    place = ask("GET", "/v1/codes/03.01").json()
    assert place["code"] == "3.1"
    assert [each["code"] for each in place["path"]] == ["3", "3.1"]
    assert {"code", "heading", "level", "auxiliary"} <= set(place["children"][0])
    assert place["known_to_model"] is True
    check_problem(ask("GET", "/v1/codes/cat"), 404, "not-found", "'cat' is not a Vienna code")
    check_problem(ask("GET", "/v1/codes/3.77.77"), 404, "not-found", "3.77.77")


def test_notes_and_auxiliary_sections_of_an_imported_edition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert ask("GET", "/v1/codes/24.1").json()["note"] == ""
    file = tmp_path / "vienna10.xml"
    file.write_text(
        '<index><category id="24" text="Heraldry"><division id="24.1" text="Shields"><note>Of any shape.</note>'
        '<auxiliaries><auxiliary id="24.1.5">Filled</auxiliary></auxiliaries></division></category></index>'
    )
    import_classification(file)
    found = ask("GET", "/v1/codes/24.1").json()
    assert found["note"] == "Of any shape."
    assert {each["code"]: each["auxiliary"] for each in found["children"]}["24.1.5"]
    assert ask("GET", "/v1/model").json()["auxiliary"] == ["24.1.5"]


def test_the_model_card() -> None:
    card = ask("GET", "/v1/model").json()
    labels = starter().bundle.labels
    assert card["name"] == "starter"
    assert card["digest"].startswith("sha256:")
    assert sum(card["labels"].values()) == len(card["thresholds"]) == len(labels)
    assert card["metrics"]["marks"] == starter().bundle.metrics["marks"]


def test_health_and_metrics() -> None:
    async def conversation(client: httpx.AsyncClient) -> str:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.get("/readyz")).json() == {"status": "ready"}
        await client.post("/v1/predict", content=picture(), headers=PNG)
        await client.post("/v1/predict", content=b"broken", headers=PNG)
        await client.get("/nowhere/at/all")
        return (await client.get("/metrics")).text

    text = talk(conversation)
    assert 'viennatag_requests_total{method="POST",route="/v1/predict",status="200"} 1.0' in text
    assert 'viennatag_requests_total{method="POST",route="/v1/predict",status="422"} 1.0' in text
    assert 'viennatag_requests_total{method="GET",route="none",status="404"} 1.0' in text
    assert 'viennatag_images_total{outcome="unreadable"} 1.0' in text
    assert "viennatag_queue_images 0.0" in text
    assert "process_resident_memory_bytes" in text


def test_every_operation_is_described_with_its_problems_and_an_example() -> None:
    description = ask("GET", "/openapi.json").json()
    assert description["openapi"].startswith("3.1")
    for path, operations in description["paths"].items():
        for operation in operations.values():
            assert operation["description"], path
            assert "application/problem+json" in operation["responses"]["4XX"]["content"]
            assert "422" not in operation["responses"]
    text = json.dumps(description["components"])
    assert '"examples"' in text
    assert "3.1.6" in text


def test_logs_are_json_and_never_hold_the_image(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from viennatag.service.logs import JsonFormatter

    content = picture()
    monkeypatch.setattr(logging.getLogger("viennatag.service"), "propagate", True)
    with caplog.at_level(logging.DEBUG):
        ask("POST", "/v1/predict?top=3", content=content, headers={**PNG, "X-Request-ID": "abc"})
    lines = [
        json.loads(JsonFormatter().format(record)) for record in caplog.records if record.name == "viennatag.service"
    ]
    assert "IHDR" in content.decode("latin-1")
    assert "IHDR" not in str(lines)
    (line,) = [each for each in lines if each["event"] == "request"]
    assert line.pop("milliseconds") > 0
    assert line.pop("time")
    assert line == {
        "level": "info",
        "event": "request",
        "request_id": "abc",
        "method": "POST",
        "path": "/v1/predict",
        "status": 200,
        "images": 1,
        "bytes": len(content),
    }


def test_a_flat_bundle_is_served_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from viennatag.data.labels import LabelSet
    from viennatag.prediction.predictor import Predictor

    bundle = starter().bundle
    names = tuple(sorted(f"label {name}" for name in bundle.labels.names))
    chain = replace(bundle.postprocessor, labels=LabelSet("flat", names), pixel_labels=())
    flat = Predictor(replace(bundle, postprocessor=chain), threads=1)

    async def conversation(client: httpx.AsyncClient) -> None:
        answer = await client.post(f"/v1/predict?top=2&exclude={names[0]}", content=picture(), headers=PNG)
        assert {each["level"] for each in answer.json()["results"][0]["suggestions"]} == {"label"}
        check_problem(
            await client.post("/v1/predict?exclude=none", content=picture(), headers=PNG), 422, "invalid", "none"
        )
        codes = (await client.get("/v1/codes")).json()["codes"]
        assert [each["code"] for each in codes] == list(names)
        assert len((await client.get("/v1/codes?q=3.1")).json()["codes"]) > 1
        assert (await client.get(f"/v1/codes/{names[1]}")).json()["heading"] == names[1]
        check_problem(await client.get("/v1/codes/nothing"), 404, "not-found", "nothing")

    talk(conversation, predictor=flat)


def test_the_command_reports_missing_packages_and_invalid_options(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def run(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["viennatag", "serve", *map(str, arguments)])
        with pytest.raises(SystemExit, match="2"):
            main()
        return capsys.readouterr().err

    assert "queue is 4, less than the 16 images" in run("--queue", 4)
    assert "cannot listen on 203.0.113.7 port 1" in run("--host", "203.0.113.7", "--port", 1)
    assert "cannot be read" in run("--token-file", tmp_path / "none")
    (tmp_path / "empty").touch()
    assert "it is empty" in run("--token-file", tmp_path / "empty")
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert "pip install 'viennatag[serve]'" in run()


def test_options_report_all_mistakes_at_once() -> None:
    from viennatag.errors import OptionError

    with pytest.raises(OptionError, match=r"max_files is 0(.|\n)*characters"):
        ServiceOptions(max_files=0, token="short")
    assert "secret-secret-secret" not in repr(ServiceOptions(token="secret-secret-secret"))


def test_a_region_of_an_image_is_predicted_as_an_image_of_its_own() -> None:
    image = Image.new("RGB", (400, 200), "white")
    with Image.open(SAMPLE) as mark:
        image.paste(mark.convert("RGB").reduce(3), (220, 20))
    whole, part = io.BytesIO(), io.BytesIO()
    image.save(whole, "PNG")
    image.crop((200, 0, 400, 200)).save(part, "PNG")
    found = predict("top=5&box=0.5,0,1,1", whole.getvalue())
    assert (found["width"], found["height"]) == (400, 200)
    assert found["suggestions"] == predict("top=5", part.getvalue())["suggestions"]
    assert found["suggestions"] != predict("top=5&box=0,0,0.5,1", whole.getvalue())["suggestions"]
    headers = {**PNG, "Accept": "application/json"}
    asked = [
        ask("POST", f"/v1/explain?code=26.1{box}", content=content, headers=headers).json()
        for box, content in (("&box=0.5,0,1,1", whole.getvalue()), ("", part.getvalue()))
    ]
    assert asked[0] == asked[1]
    drawn = ask("POST", "/v1/explain?code=26.1&box=0.5,0,1,1", content=whole.getvalue(), headers=PNG)
    with Image.open(io.BytesIO(drawn.content)) as heat_map:
        assert heat_map.size == (200, 200)


@pytest.mark.parametrize(
    "box", ["1,2,3", "a,b,c,d", "0.5,0,0.5,1", "0,0,1,1.1", "-1,0,1,1", "nan,0,1,1", "", "0,0,1,1e9"]
)
def test_a_box_lies_inside_the_image(box: str) -> None:
    check_problem(
        ask("POST", f"/v1/predict?box={box}", content=picture(), headers=PNG), 422, "invalid", "expected four fractions"
    )
