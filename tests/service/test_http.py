"""The service as a process, over a real socket: what HTTP itself can do to it."""

import json
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.malformed import Malformed, malformed_requests
from tests.service.server import PNG, SAMPLE, check_problem, running
from viennatag.service.running import listen

ROOT = SAMPLE.parents[1]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with running(log=tmp_path_factory.mktemp("service") / "log") as (_, port):
        yield port


def head(length: int | str, query: str = "") -> bytes:
    """Return the head of a request whose body has so many bytes."""
    framing = f"Content-Length: {length}" if isinstance(length, int) else f"Transfer-Encoding: {length}"
    return (
        f"POST /v1/predict{query} HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n{framing}\r\n\r\n".encode()
    )


def exchange(port: int, *pieces: bytes, pause: float = 0.0, wait: float = 15.0) -> bytes:
    """Send pieces with pauses between them and return what came back until the connection was closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        return receive(connection)


def receive(connection: socket.socket) -> bytes:
    """Return what comes until the connection is closed."""
    answer = b""
    try:
        while received := connection.recv(65_536):
            answer += received
    except ConnectionResetError:
        pass
    return answer


def send(port: int, request: Malformed) -> int:
    """Send a request as its bytes, which no client library would, and return the status."""
    headers = {"Host": "localhost", "Content-Length": str(len(request.body)), "Connection": "close", **request.headers}
    lines = [f"POST {request.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    answer = exchange(port, "\r\n".join(lines).encode() + request.body)
    start, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in start, (request.kind, answer[:300])
    problem = json.loads(body)
    assert problem["status"] == int(answer.split()[1])
    return int(problem["status"])


def refuse_all(port: int, count: int, seed: int) -> Counter[tuple[str, int]]:
    found = Counter((request.kind, send(port, request)) for request in malformed_requests(count, seed=seed))
    assert all(400 <= status < 500 for _, status in found), found
    answer = httpx.post(f"http://127.0.0.1:{port}/v1/predict", content=SAMPLE.read_bytes(), headers=PNG)
    assert answer.status_code == 200
    assert "viennatag_queue_images 0.0" in httpx.get(f"http://127.0.0.1:{port}/metrics").text
    return found


def test_malformed_requests_are_the_clients_fault(port: int) -> None:
    found = refuse_all(port, 90, seed=1)
    assert len({kind for kind, _ in found}) == 9


@pytest.mark.slow
def test_two_thousand_malformed_requests(port: int) -> None:
    assert sum(refuse_all(port, 2000, seed=2).values()) == 2000


def test_what_is_not_http_is_a_problem_too(port: int) -> None:
    for nonsense in (b"\x16\x03\x01\x02\0\x01\0", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"):
        answer = exchange(port, nonsense + b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 400"), nonsense
        assert b"application/problem+json" in answer
        assert b"urn:viennatag:problem:malformed" in answer


def test_a_body_of_two_lengths_is_refused_and_what_follows_is_not_read(port: int) -> None:
    """A proxy may believe the other length, and take what follows for a request of its own."""
    hidden = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    both = head(5).replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")
    answer = exchange(port, both + b"0\r\n\r\n" + hidden)
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_all_addresses_are_those_of_both_protocols() -> None:
    with listen("::", 0) as listener:
        port = listener.getsockname()[1]
        for host in ("127.0.0.1", "::1"):
            socket.create_connection((host, port), timeout=5).close()


def test_a_body_beyond_the_limit_is_refused_before_it_is_sent(port: int) -> None:
    assert exchange(port, head(99_999_999_999)).startswith(b"HTTP/1.1 413")
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
        connection.sendall(head("chunked"))
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            for _ in range(2000):  # 130 MB; the service stops reading at 20
                connection.sendall(chunk)


def test_slow_clients_are_disconnected_and_delay_nobody(tmp_path: Path) -> None:
    code = (
        "from viennatag.prediction.predictor import Predictor\n"
        "from viennatag.service.options import ServiceOptions\n"
        "from viennatag.service.running import serve\n"
        "options = ServiceOptions(header_seconds=0.5, read_seconds=1)\n"
        "serve(Predictor.load(threads=1), options, host='127.0.0.1', port=0)"
    )
    form = head(99).replace(b"image/png", b"multipart/form-data; boundary=b") + b"--b\r\nContent-"
    half = (head(99) + b"x", b"POST /v1/predict HTTP/1.1\r\nHost: local", b"", form)
    second = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with running(log=tmp_path / "log", code=code) as (_, port), ExitStack() as stack:
        address = ("127.0.0.1", port)
        slow = [stack.enter_context(socket.create_connection(address, timeout=15)) for _ in range(20)]
        for at, connection in enumerate(slow):
            connection.sendall(half[at % 4])
        answer = httpx.post(f"http://127.0.0.1:{port}/v1/predict", content=SAMPLE.read_bytes(), headers=PNG)
        assert answer.status_code == 200
        answers = [receive(connection).decode() for connection in slow]
        assert all(text.startswith("HTTP/1.1 408") for text in answers)
        kinds = [text.split("urn:viennatag:problem:")[1].split('"')[0] for text in answers]
        assert kinds == ["slow-body", "slow-headers", "slow-headers", "slow-body"] * 5
        kept = exchange(port, second, second[:9], pause=0.1)  # half of a second request on the same connection
        assert kept.startswith(b"HTTP/1.1 200")
        assert b"HTTP/1.1 408" in kept


def test_an_unused_connection_is_kept_for_the_next_request(port: int) -> None:
    """The time limit of headers starts with their first byte, so a kept connection may pause between requests."""
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    assert exchange(port, request, last, pause=1.0).count(b"HTTP/1.1 200") == 2


def test_stopping_answers_what_was_sent_and_ends(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running("--workers", 1, log=log) as (process, port):
        body = SAMPLE.read_bytes()
        asked = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(24)]
        for connection in asked:
            connection.sendall(head(len(body), "?top=1") + body)
        while log.read_text().count('"request"') < 1:
            time.sleep(0.005)
        process.send_signal(signal.SIGTERM)
        answers = [connection.recv(65_536) for connection in asked]
        for connection in asked:
            connection.close()
        assert process.wait(20) in {0, -signal.SIGTERM, 128 + signal.SIGTERM}
        assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=1)
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert {line["level"] for line in lines} == {"info"}


def test_a_token_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("0123456789abcdef\n")
    options: list[tuple[list[object], dict[str, str]]] = [
        ([], {"VIENNATAG_TOKEN": "0123456789abcdef"}),
        (["--token-file", tmp_path / "token"], {}),
    ]
    for arguments, environment in options:
        with running(*arguments, log=tmp_path / "log", environment=environment) as (_, port):
            url = f"http://127.0.0.1:{port}/v1/codes"
            check_problem(httpx.get(url), 401, "unauthorized")
            assert httpx.get(url, headers={"Authorization": "Bearer 0123456789abcdef"}).status_code == 200
        assert "0123456789abcdef" not in (tmp_path / "log").read_text()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed here")
def test_the_documents_examples_work(port: int) -> None:
    lines = [
        line for line in (ROOT / "docs/reference/http-api.md").read_text().splitlines() if line.startswith("curl ")
    ]
    assert len(lines) >= 12
    for line in lines:
        program, *arguments = shlex.split(line.replace(":8000", f":{port}").replace("-o heat.png", ""))
        done = subprocess.run([program, "-i", *arguments], cwd=ROOT, capture_output=True, check=True, timeout=30)
        status = int(done.stdout.split()[1])
        assert status == (404 if "/similar" in line else 200), (line, done.stdout[:500])  # the starter has no index
