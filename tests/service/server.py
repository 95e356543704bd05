"""Clients of the service for tests: in memory, or over a socket to its own process."""

import asyncio
import io
import os
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TypeVar

import httpx
from PIL import Image

from viennatag.prediction.predictor import Predictor
from viennatag.service.app import make_app
from viennatag.service.options import ServiceOptions

SAMPLE = Path(__file__).parents[2] / "examples/sample-mark.png"
PNG = {"Content-Type": "image/png"}
Result = TypeVar("Result")


@cache
def starter() -> Predictor:
    return Predictor.load(threads=1)


def talk(
    conversation: Callable[[httpx.AsyncClient], Awaitable[Result]],
    options: ServiceOptions | None = None,
    *,
    predictor: Predictor | None = None,
) -> Result:
    """Return what a conversation with a fresh application returns."""

    async def run() -> Result:
        app = make_app(predictor or starter(), options)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://service", timeout=20) as client,
        ):
            return await conversation(client)

    return asyncio.run(run())


def ask(method: str, url: str, options: ServiceOptions | None = None, **request: object) -> httpx.Response:
    """Return the answer to one request."""
    return talk(lambda client: client.request(method, url, **request), options)  # type: ignore[arg-type]


def picture(width: int = 40, height: int = 30, format_: str = "PNG") -> bytes:
    """Return a small image file."""
    file = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(file, format_)
    return file.getvalue()


def check_problem(answer: httpx.Response, status: int, kind: str, detail: str = "") -> None:
    """Check that an answer is problem details of a kind."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == f"urn:viennatag:problem:{kind}"
    assert problem["status"] == status
    assert problem["title"]
    assert detail in problem["detail"]
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert ("retry-after" in answer.headers) == (status == 503)


@contextmanager
def running(
    *arguments: object, log: Path, environment: dict[str, str] | None = None, code: str = ""
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Yield a process that serves the starter, and its port; its log goes to a file."""
    start = ["-c", code] if code else ["-m", "viennatag"]
    command = [sys.executable, *start, "serve", "--port", "0", *map(str, arguments)]
    with (
        log.open("wb") as file,
        subprocess.Popen(command, stdout=file, stderr=file, env={**os.environ, **(environment or {})}) as process,
    ):
        try:
            for _ in range(2400):
                text = log.read_text()
                if "startup complete" in text:
                    break
                assert process.poll() is None, text
                time.sleep(0.05)
            found = re.search(r'"url": "http://[^"]*:(\d+)"', text)
            assert found, text
            yield process, int(found[1])
        finally:
            process.terminate()
            process.wait(120)
