"""The OpenAPI description, a client generated from it, and the rules that hold for every route."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.service.server import PNG, SAMPLE, ask, check_problem, picture, running, talk
from viennatag import __version__
from viennatag.service.options import ServiceOptions
from viennatag.service.store.access import add_user
from viennatag.service.store.database import Database

TOKEN = "a-token-of-some-length"


def description(options: ServiceOptions | None = None) -> dict[str, dict[str, dict[str, dict[str, object]]]]:
    return ask("GET", "/openapi.json", options).json()  # type: ignore[no-any-return]


def test_operations_are_named_by_hand() -> None:
    names = {each["operationId"] for path in description()["paths"].values() for each in path.values()}
    assert names >= {"predict", "explain", "find_similar", "search_codes", "read_code", "read_model", "start_batch"}
    assert not [name for name in names if re.search(r"v1|_get$|_post$|_delete$", str(name))]


def test_there_is_one_schema_of_problems() -> None:
    found = description()
    assert json.dumps(found).count('"urn:viennatag:problem:unreadable-image"') == 1
    for operations in found["paths"].values():
        for operation in operations.values():
            for status in ("4XX", "5XX"):
                content = operation["responses"][status]["content"]  # type: ignore[index]
                assert content["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/ProblemDetails"}
    assert found["info"]["version"] == __version__


def test_the_token_is_described_where_it_is_asked_for() -> None:
    assert "securitySchemes" not in description()["components"]
    found = description(ServiceOptions(token=TOKEN))
    assert found["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    secured = {path for path, operations in found["paths"].items() if any("security" in x for x in operations.values())}
    for path in found["paths"]:
        status = ask("GET", path, ServiceOptions(token=TOKEN)).status_code
        assert (status == 401) == (path in secured), path


def test_head_is_answered_wherever_get_is() -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        paths = [path for path, each in (await client.get("/openapi.json")).json()["paths"].items() if "get" in each]
        for path in ["/", "/docs", "/openapi.json", "/static/icon.svg", *paths, "/nothing", "/v1/codes?x=1"]:
            address = path.replace("{code}", "3.1.6").replace("{id}", "x")
            got, head = await client.get(address), await client.head(address)
            assert head.status_code == got.status_code, address
            assert head.headers["content-type"] == got.headers["content-type"]
            assert head.content == b""
            assert address == "/metrics" or head.headers["content-length"] == str(len(got.content)) or "/v1" in address
        answer = await client.head("/v1/predict")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert (await client.put("/healthz")).headers["allow"] == "GET, HEAD"
        assert 'method="HEAD",route="/healthz",status="200"' in (await client.get("/metrics")).text

    talk(conversation)


@pytest.mark.parametrize(
    ("method", "url", "detail"),
    [
        ("POST", "/v1/predict?tpo=3", "no parameter 'tpo'; did you mean 'top'? the parameters are box, exclude, level"),
        ("POST", "/v1/predict?top=3&top=4", "query.top: it is given 2 times"),
        ("POST", "/v1/explain?code=3&top=3", "the parameters are box, code"),
        ("POST", "/v1/batches?Top=3", "did you mean 'top'?"),
        ("GET", "/v1/codes?query=cat", "the parameters are q"),
        ("GET", "/v1/model?x", "there are no parameters"),
        ("GET", "/healthz?verbose=1", "there are no parameters"),
    ],
)
def test_unknown_parameters_are_refused(method: str, url: str, detail: str) -> None:
    check_problem(ask(method, url, content=picture(), headers=PNG), 422, "invalid", detail)


def test_pages_have_no_parameters_to_refuse() -> None:
    for url in ("/?theme=dark", "/docs?x", "/static/icon.svg?v=2", "/openapi.json?x"):
        assert ask("GET", url).status_code == 200


def test_a_refused_preflight_request_is_a_problem() -> None:
    options = ServiceOptions(origins=("https://office.example",))
    asking = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = ask("OPTIONS", "/v1/predict", options, headers=asking)
    check_problem(answer, 400, "cors-refused", "origin")
    assert answer.json()["instance"] == "/v1/predict"
    assert "Origin" in answer.headers["vary"]
    assert "access-control-allow-origin" not in answer.headers
    allowed = {**asking, "Origin": "https://office.example"}
    check_problem(
        ask("OPTIONS", "/v1/predict", options, headers={**allowed, "Access-Control-Request-Method": "PATCH"}),
        400,
        "cors-refused",
        "method",
    )
    answer = ask("OPTIONS", "/v1/batches/x", options, headers={**allowed, "Access-Control-Request-Method": "DELETE"})
    assert answer.headers["access-control-allow-origin"] == "https://office.example"
    check_problem(ask("OPTIONS", "/v1/predict", headers=asking), 405, "method-not-allowed")


def test_a_generated_client_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = f"sqlite:///{tmp_path / 'office.db'}"
    database = Database(store)
    token = add_user(database, "anna", "examiner")
    database.close()
    document = tmp_path / "openapi.json"
    document.write_text(ask("GET", "/openapi.json", ServiceOptions(store=store)).text)
    config = tmp_path / "config.yml"
    binary = "application/octet-stream"  # the generator knows no images
    overrides = f"content_type_overrides: {{image/png: {binary}, image/jpeg: {binary}}}"
    config.write_text(f"package_name_override: generated_client\npost_hooks: []\n{overrides}\n")
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    arguments = ["--path", document, "--config", config, "--output-path", tmp_path / "generated_client"]
    done = subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, check=True)
    said = done.stdout + done.stderr
    assert re.findall("Unsupported content type (.*)", said) == ["text/csv", "application/zip"], said  # beside JSON
    assert said.count("WARNING") == 2
    monkeypatch.syspath_prepend(tmp_path)
    client_of = importlib.import_module("generated_client").AuthenticatedClient
    with running("--store", store, log=tmp_path / "log") as (_, port):
        client = client_of(base_url=f"http://127.0.0.1:{port}", token=token)

        def call(operation: str, home: str, **arguments: object) -> object:
            module = importlib.import_module(f"generated_client.api.{home}.{operation}")
            return module.sync(client=client, **arguments)

        types = importlib.import_module("generated_client.types")
        models = importlib.import_module("generated_client.models")
        found = call("search_codes", "codes", q="cats")
        assert "3.1.6" in [each.code for each in found.codes]  # type: ignore[attr-defined]
        with SAMPLE.open("rb") as file:
            upload = types.File(payload=file, file_name="mark.png", mime_type="image/png")
            body = models.PredictFilesBody(files=[upload])
            answer = call("predict", "images", body=body, top=3, level=models.PredictLevel("section"))
        (result,) = answer.results  # type: ignore[attr-defined]
        assert (result.image, result.width, len(result.suggestions)) == ("mark.png", 480, 3)
        problem = call("read_code", "codes", code="cat")
        assert problem.status == 404  # type: ignore[attr-defined]
        mark, decision = models.ImportMarksJsonImportMark, models.ImportMarksJsonImportMarkImportDecision
        accepted = decision(code="3.1.6", decision="accepted")
        call("import_marks", "team", body=[mark(image="cat.png", state="done", decisions=[accepted])])
        (kept,) = call("list_marks", "team", state="done").marks  # type: ignore[attr-defined]
        assert (kept.name, kept.codes) == ("cat.png", ["3.1.6"])
        client.get_httpx_client().close()
