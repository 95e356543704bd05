"""Who is let in, what is too much, and how each refusal looks."""

import asyncio
import gzip
import re
import zlib
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.service.server import PNG, ask, check_problem, picture, starter, talk
from viennatag.service.settings import Settings

TOKEN = "a-token-of-some-length"


def post(settings: Settings | None = None, *, url: str = "/v1/predict", **options: object) -> httpx.Response:
    return ask("POST", url, settings, **options)


def test_paths_and_methods_that_are_not_there() -> None:
    check_problem(ask("GET", "/nothing"), 404, "not-found", "/openapi.json")
    check_problem(ask("GET", "/static/nothing.js"), 404, "not-found")
    check_problem(ask("GET", "/static/../service/app.py"), 404, "not-found")
    check_problem(ask("GET", "/static/%2e%2e/app.py"), 404, "not-found")
    answer = ask("DELETE", "/v1/predict")
    check_problem(answer, 405, "method", "POST")
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
def test_values_that_make_no_sense(query: str, where: str) -> None:
    check_problem(post(url=f"/v1/predict?{query}", content=picture(), headers=PNG), 422, "invalid", where)


def test_bodies_of_other_types() -> None:
    answer = post(data={"x": "1"})
    check_problem(answer, 415, "media-type", "x-www-form-urlencoded")
    assert "image/*" in answer.headers["accept-post"]
    check_problem(post(json={}), 415, "media-type")
    check_problem(
        post(content=gzip.compress(picture()), headers={**PNG, "Content-Encoding": "gzip"}), 415, "media-type"
    )


def test_images_that_cannot_be_read() -> None:
    check_problem(post(content=b"", headers=PNG), 422, "unreadable-image", "0 bytes")
    check_problem(post(content=picture()[:60], headers=PNG), 422, "unreadable-image", "damaged")
    check_problem(post(content=b"<svg/>", headers=PNG), 422, "unreadable-image", "SVG")


def test_malformed_forms() -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n' + picture()
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    check_problem(post(content=part + b"\r\n--b--", headers={"Content-Type": "multipart/form-data"}), 400, "malformed")
    check_problem(post(content=part, headers=form), 400, "malformed", "cut off")
    check_problem(post(content=part + b"\r\n--b\r\n", headers=form), 400, "malformed", "cut off")
    check_problem(post(content=b"nonsense", headers=form), 400, "malformed")
    check_problem(post(content=b"--b--", headers=form), 422, "invalid", "no file")
    check_problem(
        post(content=b"--b\r\n\r\nx\r\n--b--", headers=form), 422, "invalid", "expected images in the field 'files'"
    )
    check_problem(post(files={"file": ("a.png", picture())}), 422, "invalid", "has a field 'file'")
    assert post(content=part + b"\r\n--b--", headers=form).status_code == 200


def test_too_many_files_too_many_pixels_too_many_bytes() -> None:
    settings = Settings(max_files=2, max_pixels=1000, max_body=5000)
    three = [("files", ("a.png", picture()))] * 3
    check_problem(post(settings, files=three), 413, "too-large", "more than 2 files")
    check_problem(post(settings, content=picture(), headers=PNG), 422, "unreadable-image", "at most 1,000 pixels")
    answer = post(settings, content=b"x" * 5001, headers=PNG)
    check_problem(answer, 413, "too-large", "5,000 bytes")
    assert answer.headers["connection"] == "close"
    answer = post(settings, content=picture(20, 20), headers={**PNG, "Content-Length": "many"})
    check_problem(answer, 400, "malformed", "Content-Length")


def test_a_body_is_never_read_beyond_the_limit() -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while True:
            given += 1000
            yield b"x" * 1000

    check_problem(post(Settings(max_body=10_000), content=endless(), headers=PNG), 413, "too-large")
    assert given <= 12_000


def test_a_slow_body_is_given_up() -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.sleep(30)

    check_problem(post(Settings(read_seconds=0.05), content=slow(), headers=PNG), 408, "slow-body", "only 1 bytes")


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


def test_a_token_keeps_others_out() -> None:
    settings = Settings(token=TOKEN)
    answer = post(settings, content=picture(), headers=PNG)
    check_problem(answer, 401, "no-token", "Authorization: Bearer TOKEN")
    assert answer.headers["www-authenticate"] == "Bearer"
    for shown in ("Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ÿ", "Bearer"):
        check_problem(ask("GET", "/v1/codes", settings, headers={"Authorization": shown.encode()}), 401, "no-token")
    check_problem(ask("GET", "/metrics", settings), 401, "no-token")
    for shown in (f"Bearer {TOKEN}", f"bearer {TOKEN}"):
        assert ask("GET", "/v1/codes", settings, headers={"Authorization": shown}).status_code == 200
    for path in ("/healthz", "/readyz", "/openapi.json"):
        assert ask("GET", path, settings).status_code == 200


def test_only_names_of_this_machine_lead_to_a_local_service() -> None:
    settings = Settings(hosts=("localhost", "127.0.0.1", "[::1]"))
    check_problem(
        ask("GET", "/v1/codes", settings, headers={"Host": "evil.example"}), 421, "wrong-host", "evil.example"
    )
    for host in ("localhost", "localhost:8000", "127.0.0.1:1", "[::1]:8000", "[::1]"):
        assert ask("GET", "/healthz", settings, headers={"Host": host}).status_code == 200


def test_request_ids() -> None:
    def given(value: str) -> str:
        return ask("GET", "/healthz", headers={"X-Request-ID": value}).headers["x-request-id"]

    assert given("order-66.a_B") == "order-66.a_B"
    assert re.fullmatch(r"[0-9a-f]{32}", given("bad value\t<script>"))
    assert re.fullmatch(r"[0-9a-f]{32}", given("x" * 65))
    assert len({ask("GET", "/healthz").headers["x-request-id"] for _ in range(3)}) == 3


def test_headers_that_browsers_obey() -> None:
    for url in ("/healthz", "/nothing", "/v1/codes"):
        headers = ask("GET", url).headers
        policy = headers["content-security-policy"]
        for rule in ("default-src 'self'", "img-src 'self' blob: data:", "style-src 'self'", "script-src 'self'"):
            assert rule in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers
    assert ask("GET", "/v1/codes").headers["cache-control"] == "no-store"


def test_other_origins_are_let_in_only_by_name() -> None:
    settings = Settings(origins=("https://office.example",), token=TOKEN)
    asking = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    friend = ask("OPTIONS", "/v1/predict", settings, headers={"Origin": "https://office.example", **asking})
    assert friend.headers["access-control-allow-origin"] == "https://office.example"
    stranger = ask("OPTIONS", "/v1/predict", settings, headers={"Origin": "https://evil.example", **asking})
    assert "access-control-allow-origin" not in stranger.headers
    refused = ask("GET", "/v1/codes", settings, headers={"Origin": "https://office.example"})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "https://office.example")


def test_what_nobody_expected_is_a_problem_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starter(), "suggest", lambda *_, **__: 1 / 0)
    answer = post(content=picture(), headers=PNG)
    check_problem(answer, 500, "internal", "request id")
    assert "ZeroDivision" not in answer.text
    monkeypatch.undo()
    assert talk(lambda client: client.post("/v1/predict", content=picture(), headers=PNG)).status_code == 200
