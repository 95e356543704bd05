"""Bytes, bodies and connections are bounded over all requests, and slow clients do not keep usual ones out."""

import asyncio
import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

import pytest

from tests.service.server import SAMPLE, running
from tests.service.test_http import exchange, head, receive
from viennatag.errors import OptionError
from viennatag.service.budget import USUAL_SECONDS, ByteBudget, Reservation
from viennatag.service.options import ServiceOptions
from viennatag.service.problems import Problem
from viennatag.service.running import _fitting_connections


def test_the_slowest_upload_gives_way() -> None:
    async def conversation() -> None:
        found = ByteBudget(100, 10)
        slow, slower, usual = Reservation(), Reservation(), Reservation()
        ended: list[str] = []

        async def wait(name: str, held: Reservation) -> None:
            try:
                async with asyncio.timeout(30) as held.timeout:
                    await asyncio.sleep(30)
            except TimeoutError:
                ended.append(name)

        tasks = [asyncio.create_task(wait(name, held)) for name, held in (("slow", slow), ("slower", slower))]
        await asyncio.sleep(0)
        for held, age in ((slower, 5.0), (slow, 3.0), (usual, 0.0)):
            held.since = time.monotonic() - age
            found.begin(held)
        found.take(slower, 40)
        found.take(slow, 40)
        found.take(usual, 60)
        assert (found.held, slower.size, slow.size, usual.size) == (100, 0, 40, 60)
        await tasks[0 if tasks[0].done() else 1]
        assert ended == ["slower"]
        with pytest.raises(Problem, match="its room was needed"):
            found.take(slower, 1)
        found.finish(slow)  # it was read, and waits for its answer now
        with pytest.raises(Problem, match="requests hold 100 bytes, at most 100"):
            found.take(usual, 1)
        for held in (slow, slower, usual, usual):
            found.release(held)
        assert found.held == 0
        tasks[0].cancel()

    asyncio.run(conversation())


def test_bodies_that_are_read_at_a_time_give_way_too() -> None:
    found = ByteBudget(100, 1)
    first, second = Reservation(), Reservation()
    found.begin(first)
    with pytest.raises(Problem, match="1 bodies are being read"):
        found.begin(second)

    async def later() -> None:
        first.since -= USUAL_SECONDS  # it is read for so long
        found.begin(second)

    asyncio.run(later())
    assert first.gave_way


def test_budgets_hold_a_body() -> None:
    with pytest.raises(OptionError, match=r"upload_bytes is 10, less than the 20,000,000(.|\n)*batch_bytes is 10"):
        ServiceOptions(upload_bytes=10, batch_bytes=10)


def test_connections_fit_the_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (200, 200))
    assert _fitting_connections(512) == 83
    assert _fitting_connections(50) == 50
    monkeypatch.setattr(resource, "getrlimit", lambda _: (90, 90))
    with pytest.raises(OptionError, match="limit of open files is 90"):
        _fitting_connections(512)


def limited(**options: object) -> str:
    stated = ", ".join(f"{name}={value!r}" for name, value in options.items())
    return (
        "from viennatag.prediction.predictor import Predictor\n"
        "from viennatag.service.options import ServiceOptions\n"
        "from viennatag.service.running import serve\n"
        f"serve(Predictor.load(threads=1), ServiceOptions({stated}), host='127.0.0.1', port=0)"
    )


def test_half_sent_heads_do_not_keep_others_out(tmp_path: Path) -> None:
    body = SAMPLE.read_bytes()
    with running(log=tmp_path / "log", code=limited(connections=8)) as (_, port), ExitStack() as stack:
        slow = []
        for _ in range(60):
            slow.append(stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=15)))
            slow[-1].sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-")
        start = time.monotonic()
        request = head(len(body)).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        assert exchange(port, request + body).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - start < 5
        assert b"its connection was needed" in receive(slow[0])
        assert "Traceback" not in (tmp_path / "log").read_text()


def test_clients_that_read_no_answer_do_not_keep_others_out(tmp_path: Path) -> None:
    asking = b"GET /docs/swagger-ui/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 40  # 57 MB
    with running(log=tmp_path / "log", code=limited(connections=3)) as (_, port), ExitStack() as stack:
        for _ in range(6):
            deaf = stack.enter_context(socket.socket())
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            deaf.connect(("127.0.0.1", port))
            deaf.sendall(asking)
        start, answer = time.monotonic(), b""
        while not answer.startswith(b"HTTP/1.1 200") and time.monotonic() - start < 30:
            answer = exchange(port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            time.sleep(0.1)
        assert answer.startswith(b"HTTP/1.1 200"), answer
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_service_full_of_requests_refuses_the_next_connection(tmp_path: Path) -> None:
    with running(log=tmp_path / "log", code=limited(connections=3)) as (_, port), ExitStack() as stack:
        for _ in range(3):
            busy = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=15))
            busy.sendall(head(99) + b"x")
        time.sleep(0.3)
        answer = exchange(port, b"")
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 1" in answer.lower()
        assert b"there are 3 connections" in answer


def read_answer(stream: IO[bytes]) -> int:
    """Return the status of the next answer on a connection, whose body is read to its end."""
    status = int(stream.readline().split()[1])
    length = 0
    while line := stream.readline().strip().lower():
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    assert len(stream.read(length)) == length
    return status


def test_tiny_chunks_are_refused(tmp_path: Path) -> None:
    start = head("chunked")
    few = b"".join(b"1\r\n%c\r\n" % byte for byte in SAMPLE.read_bytes()[:900])
    with running(log=tmp_path / "log") as (_, port):
        with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
            connection.sendall(start + few + b"0\r\n\r\n")
            with connection.makefile("rb") as answers:
                assert read_answer(answers) == 422
                connection.sendall(start + few + b"0\r\n\r\n")  # the count starts again with each request
                assert read_answer(answers) == 422
        with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
            connection.sendall(start)
            with pytest.raises((ConnectionResetError, BrokenPipeError)):
                for _ in range(200):
                    connection.sendall(b"1\r\nx\r\n" * 1000)
                    time.sleep(0.01)


def test_slow_uploads_hold_a_bounded_number_of_bytes(tmp_path: Path) -> None:
    psutil = pytest.importorskip("psutil")
    options = limited(upload_bytes=20_000_000)
    with running(log=tmp_path / "log", code=options) as (process, port), ExitStack() as stack:
        before = psutil.Process(process.pid).memory_info().rss
        for _ in range(10):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=15))
            slow.settimeout(0.5)
            with suppress(OSError):  # refused
                slow.sendall(head(15_000_000) + bytes(14_999_999))
        time.sleep(USUAL_SECONDS)
        body = SAMPLE.read_bytes()
        answer = exchange(port, head(len(body)).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + body)
        assert answer.startswith(b"HTTP/1.1 200")
        assert psutil.Process(process.pid).memory_info().rss - before < 120_000_000
