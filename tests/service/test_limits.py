"""Authentication and limits: each refusal is problem details."""

import asyncio
import gzip
import re
import tempfile
import zlib
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.service.server import PNG, ask, check_problem, picture, starter, talk
from viennatag.errors import OptionError
from viennatag.service.options import ServiceOptions

TOKEN = "a-token-of-some-length"


def post(options: ServiceOptions | None = None, *, url: str = "/v1/predict", **request: object) -> httpx.Response:
    return ask("POST", url, options, **request)


def test_unknown_paths_and_methods() -> None:
    check_problem(ask("GET", "/nothing"), 404, "not-found", "/openapi.json")
    check_problem(ask("GET", "/static/nothing.js"), 404, "not-found")
    check_problem(ask("GET", "/static/../service/app.py"), 404, "not-found")
    check_problem(ask("GET", "/static/%2e%2e/app.py"), 404, "not-found")
    answer = ask("DELETE", "/v1/predict")
    check_problem(answer, 405, "method-not-allowed", "POST")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("top=0", "query.top"),
        ("top=many", "query.top"),
        ("threshold=2", "query.threshold"),
        ("threshold=nan", "query.threshold"),
        ("level=chapter", "no level 'chapter'"),
        ("exclude=cat", "'cat' is not a Vienna code"),
        (f"exclude={'1,' * 1500}", "query.exclude"),
    ],
)
def test_invalid_values(query: str, where: str) -> None:
    check_problem(post(url=f"/v1/predict?{query}", content=picture(), headers=PNG), 422, "invalid", where)


def test_bodies_of_other_types() -> None:
    answer = post(data={"x": "1"})
    check_problem(answer, 415, "unsupported-media-type", "x-www-form-urlencoded")
    assert "image/*" in answer.headers["accept-post"]
    check_problem(post(json={}), 415, "unsupported-media-type")
    check_problem(
        post(content=gzip.compress(picture()), headers={**PNG, "Content-Encoding": "gzip"}),
        415,
        "unsupported-media-type",
    )


def test_images_that_cannot_be_read() -> None:
    check_problem(post(content=b"", headers=PNG), 422, "unreadable-image", "0 bytes")
    check_problem(post(content=picture()[:60], headers=PNG), 422, "unreadable-image", "damaged")
    check_problem(post(content=b"<svg><path", headers=PNG), 422, "unreadable-image", "SVG")


def form_file(headers: bytes = b'Content-Disposition: form-data; name="files"; filename="a.png"') -> bytes:
    return b"--b\r\n" + headers + b"\r\n\r\n" + picture() + b"\r\n"


FORM = {"Content-Type": "multipart/form-data; boundary=b"}


@pytest.mark.parametrize(
    ("body", "content_type", "detail"),
    [
        (form_file() + b"--b--", "multipart/form-data", "boundary"),
        (form_file() + b"--b--", "multipart/form-data; boundary=" + "b" * 300, "malformed"),
        (form_file(), FORM["Content-Type"], "cut off"),
        (form_file() + b"--b\r\n", FORM["Content-Type"], "cut off"),
        (form_file()[:-20], FORM["Content-Type"], "cut off"),
        (b"", FORM["Content-Type"], "cut off"),
        (b"nonsense", FORM["Content-Type"], "malformed"),
        (form_file(b"no colon") + b"--b--", FORM["Content-Type"], "malformed"),
        (form_file() + b"--b--", FORM["Content-Type"] + "; charset=undefined", "malformed"),
    ],
)
def test_malformed_forms(body: bytes, content_type: str, detail: str) -> None:
    check_problem(post(content=body, headers={"Content-Type": content_type}), 400, "malformed", detail)


def test_forms_with_other_content() -> None:
    check_problem(post(content=b"--b--", headers=FORM), 422, "invalid", "no file")
    check_problem(post(content=b"--b\r\n\r\nx\r\n--b--", headers=FORM), 422, "invalid", "images in the field 'files'")
    check_problem(post(files={"file": ("a.png", picture())}), 422, "invalid", "has a field 'file'")
    text = form_file(b'Content-Disposition: form-data; name="files"') + b"--b--"
    check_problem(post(content=text, headers=FORM), 422, "invalid", "has no file name")
    assert post(content=form_file() + b"--b--", headers=FORM).status_code == 200
    assert post(content=form_file() + b"--b--\r\nepilogue", headers=FORM).status_code == 200


def test_the_headers_of_a_file_in_a_form_are_limited() -> None:
    disposition = b'Content-Disposition: form-data; name="files"; filename="a.png"'
    for extra in (b"X: " + b"x" * 5_000, b"\r\n".join(b"X-%d: y" % at for at in range(9))):
        body = form_file(disposition + b"\r\n" + extra) + b"--b--"
        check_problem(post(content=body, headers=FORM), 400, "malformed", "header")
    long = form_file(disposition.replace(b"a.png", b"x" * 3_000)) + b"--b--"
    assert len(post(content=long, headers=FORM).json()["results"][0]["image"]) == 255


def test_fields_of_a_form_are_limited() -> None:
    """Text is refused however it comes: too many fields, too long ones, or just one."""
    options = ServiceOptions(max_files=2)
    field = b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n%s\r\n'
    check_problem(post(options, content=field * 3 % (b"", b"", b"") + b"--b--", headers=FORM), 422, "invalid", "2")
    check_problem(post(content=field % (b"x" * 1_100_000) + b"--b--", headers=FORM), 422, "invalid", "maximum size")
    check_problem(post(content=field % b"x" + b"--b--", headers=FORM), 422, "invalid", "has a field 'x'")


def test_forms_stay_in_memory_and_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    files: list[tempfile.SpooledTemporaryFile[bytes]] = []

    def spool(max_size: int) -> "tempfile.SpooledTemporaryFile[bytes]":
        files.append(tempfile.SpooledTemporaryFile(max_size=max_size))  # noqa: SIM115 - the service closes it
        return files[-1]

    monkeypatch.setattr("starlette.formparsers.SpooledTemporaryFile", spool)
    monkeypatch.setattr("tempfile.TemporaryFile", lambda *_, **__: pytest.fail("a file was written to the disk"))
    big = ("a.bmp", picture(1000, 1000, "BMP"))
    assert len(big[1]) > 2_000_000
    assert post(files=[("files", big)] * 2).status_code == 200
    whole = form_file() * 2 + b"--b--"
    for body in (whole, whole[:-5], whole[:-20], whole + b"x", form_file(b"no colon") + whole, b""):
        post(content=body, headers=FORM)
    post(ServiceOptions(max_files=1), content=whole, headers=FORM)
    post(ServiceOptions(max_body=len(whole) - 1), content=chunks(whole), headers=FORM)
    check_problem(
        post(ServiceOptions(read_seconds=0.05), content=chunks(whole[:-5], rest=30.0), headers=FORM), 408, "slow-body"
    )
    assert len(files) == 15
    assert all(file.closed for file in files)


async def chunks(body: bytes, *, rest: float = 0.0) -> AsyncIterator[bytes]:
    """Yield a body in pieces; the end comes after some seconds."""
    for at in range(0, len(body), 100):
        yield body[at : at + 100]
    await asyncio.sleep(rest)


def test_too_many_files_too_many_pixels_too_many_bytes() -> None:
    options = ServiceOptions(max_files=2, max_pixels=1000, max_body=5000)
    three = [("files", ("a.png", picture()))] * 3
    check_problem(post(options, files=three), 413, "too-large", "more than 2 files")
    check_problem(post(options, content=picture(), headers=PNG), 422, "unreadable-image", "at most 1,000 pixels")
    answer = post(options, content=b"x" * 5001, headers=PNG)
    check_problem(answer, 413, "too-large", "5,000 bytes")
    assert answer.headers["connection"] == "close"
    answer = post(options, content=picture(20, 20), headers={**PNG, "Content-Length": "many"})
    check_problem(answer, 400, "malformed", "Content-Length")


@pytest.mark.parametrize("media_type", ["image/png", FORM["Content-Type"]])
def test_a_body_is_never_read_beyond_the_limit(media_type: str) -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        yield form_file().split(picture())[0]
        while True:
            given += 1000
            yield b"x" * 1000

    options = ServiceOptions(max_body=10_000)
    check_problem(post(options, content=endless(), headers={"Content-Type": media_type}), 413, "too-large", "10,000")
    assert given <= 12_000


@pytest.mark.parametrize("media_type", ["image/png", FORM["Content-Type"]])
def test_a_slow_body_is_refused(media_type: str) -> None:
    options = ServiceOptions(read_seconds=0.05)
    answer = post(options, content=chunks(b"--b", rest=30.0), headers={"Content-Type": media_type})
    check_problem(answer, 408, "slow-body", "only 3 bytes")


def test_bodies_that_are_read_at_a_time_are_limited() -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        waiting = [
            asyncio.create_task(client.post("/v1/predict", content=chunks(b"x", rest=30.0), headers=PNG))
            for _ in range(2)
        ]
        await asyncio.sleep(0.05)
        check_problem(await client.post("/v1/predict", content=picture(), headers=PNG), 503, "busy", "2 bodies")
        for answer in await asyncio.gather(*waiting):
            check_problem(answer, 408, "slow-body")
        assert (await client.post("/v1/predict", content=picture(), headers=PNG)).status_code == 200

    talk(conversation, ServiceOptions(queue=2, max_files=2, read_seconds=0.3))


def test_the_address_and_headers_are_limited() -> None:
    check_problem(ask("GET", "/healthz", headers={"X-Padding": "x" * 33_000}), 431, "headers-too-large", "32,768")
    check_problem(ask("GET", f"/v1/codes?q={'x' * 33_000}"), 431, "headers-too-large")
    assert ask("GET", "/healthz", headers={"X-Padding": "x" * 32_000}).status_code == 200


def test_a_decompression_bomb_is_refused_from_its_header() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    size = (60_000).to_bytes(4, "big")
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", size + size + b"\x08\x02\0\0\0")
        + chunk(b"IDAT", zlib.compress(bytes(10_000)))
    )
    check_problem(post(content=bomb, headers=PNG), 422, "unreadable-image", "too large")


def test_a_token_is_required() -> None:
    options = ServiceOptions(token=TOKEN)
    answer = post(options, content=picture(), headers=PNG)
    check_problem(answer, 401, "unauthorized", "Authorization: Bearer TOKEN")
    assert answer.headers["www-authenticate"] == "Bearer"
    for shown in ("Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ÿ", "Bearer"):
        check_problem(ask("GET", "/v1/codes", options, headers={"Authorization": shown.encode()}), 401, "unauthorized")
    check_problem(ask("GET", "/metrics", options), 401, "unauthorized")
    for shown in (f"Bearer {TOKEN}", f"bearer {TOKEN}"):
        assert ask("GET", "/v1/codes", options, headers={"Authorization": shown}).status_code == 200
    for path in ("/healthz", "/readyz", "/openapi.json"):
        assert ask("GET", path, options).status_code == 200


def test_a_local_service_only_answers_to_local_host_names() -> None:
    options = ServiceOptions(hosts=("localhost", "127.0.0.1", "[::1]"))
    check_problem(ask("GET", "/v1/codes", options, headers={"Host": "evil.example"}), 421, "wrong-host", "evil.example")
    for host in ("localhost", "LocalHost:8000", "localhost.:8000", "127.0.0.1:1", "[::1]:8000", "[::1]"):
        assert ask("GET", "/healthz", options, headers={"Host": host}).status_code == 200


def test_request_ids() -> None:
    def given(value: str) -> str:
        return ask("GET", "/healthz", headers={"X-Request-ID": value}).headers["x-request-id"]

    assert given("order-66.a_B") == "order-66.a_B"
    assert re.fullmatch(r"[0-9a-f]{32}", given("bad value\t<script>"))
    assert re.fullmatch(r"[0-9a-f]{32}", given("x" * 65))
    assert len({ask("GET", "/healthz").headers["x-request-id"] for _ in range(3)}) == 3


def test_security_headers() -> None:
    for url in ("/healthz", "/nothing", "/v1/codes"):
        headers = ask("GET", url).headers
        policy = headers["content-security-policy"]
        for rule in ("default-src 'self'", "img-src 'self' blob: data:", "style-src 'self'", "script-src 'self'"):
            assert rule in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers
    assert ask("GET", "/v1/codes").headers["cache-control"] == "no-store"
    for url in ("/", "/static/app.js", "/docs", "/docs/swagger-ui/swagger-ui.css", "/openapi.json", "/healthz"):
        assert ask("GET", url).headers["cache-control"] == "no-cache", "an upgrade must not meet scripts of before"


def test_only_allowed_origins_have_access() -> None:
    options = ServiceOptions(origins=("https://office.example",), token=TOKEN)
    asking = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    friend = ask("OPTIONS", "/v1/predict", options, headers={"Origin": "https://office.example", **asking})
    assert friend.headers["access-control-allow-origin"] == "https://office.example"
    stranger = ask("OPTIONS", "/v1/predict", options, headers={"Origin": "https://evil.example", **asking})
    assert "access-control-allow-origin" not in stranger.headers
    network = {"Access-Control-Request-Private-Network": "true"}  # of a page on the internet, to a service within
    inside = ask("OPTIONS", "/v1/predict", options, headers={"Origin": "https://office.example", **asking, **network})
    assert inside.headers["access-control-allow-private-network"] == "true"
    refused = ask("GET", "/v1/codes", options, headers={"Origin": "https://office.example"})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "https://office.example")


def test_an_origin_that_no_browser_sends_is_refused_at_the_start() -> None:
    for origin in (
        "https://office.example/",
        "office.example",
        "https://Office.example",
        "https://a.example b",
        "null",
    ):
        with pytest.raises(OptionError, match="expected an origin"):
            ServiceOptions(origins=(origin,))
    ServiceOptions(origins=("http://localhost:3000", "https://a-b.example", "chrome-extension://abc", "*"))


def test_an_unexpected_error_is_a_problem_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starter(), "suggest", lambda *_, **__: 1 / 0)
    answer = post(content=picture(), headers=PNG)
    check_problem(answer, 500, "internal", "request id")
    assert "ZeroDivision" not in answer.text
    monkeypatch.undo()
    assert talk(lambda client: client.post("/v1/predict", content=picture(), headers=PNG)).status_code == 200
