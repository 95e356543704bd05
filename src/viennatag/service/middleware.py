"""ASGI middleware for every request: request id, authentication, security headers, log line, metrics."""

import hmac
import re
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from viennatag.errors import StoreError
from viennatag.service.budget import CLOSE
from viennatag.service.logs import LOG
from viennatag.service.metrics import ServiceMetrics
from viennatag.service.options import ServiceOptions
from viennatag.service.problems import (
    CORS_REFUSED,
    INTERNAL,
    LONG_HEADERS,
    MALFORMED,
    STORE_AWAY,
    UNAUTHORIZED,
    WRONG_HOST,
    Problem,
    problem_response,
)
from viennatag.service.similar import THUMBNAIL_PATH

_SECURITY = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; style-src 'self'; script-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
MAX_HEADER_BYTES = 32_768
"""Most bytes of the address and the headers of a request."""
_CLIENT_CLOSED = 499
"""The status in the log of a request whose client closed the connection; it is never sent."""


FindCaller = Callable[[str], Awaitable[Any | None]]
"""Returns who has a token, besides the holder of the service's; None if nobody has it."""


class RequestMiddleware:
    """The outermost ASGI middleware."""

    def __init__(
        self, app: ASGIApp, options: ServiceOptions, metrics: ServiceMetrics, find_caller: FindCaller | None = None
    ) -> None:
        self._app = app
        self._options = options
        self._metrics = metrics
        self._find_caller = find_caller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle or refuse a request; see `starlette.types.ASGIApp`."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                sent = MutableHeaders(scope=message)
                sent["X-Request-ID"] = request_id
                for name, value in _SECURITY.items():
                    sent.setdefault(name, value)
                sent.setdefault("Cache-Control", "no-store" if scope["path"].startswith("/v1/") else "no-cache")
            elif message["type"] == "http.response.body" and method == "HEAD":
                message = {**message, "body": b""}
            await send(message)

        async def refuse(problem: Problem) -> None:
            response = problem_response(problem, path=scope["path"], request_id=request_id)
            await response(scope, receive, send_with_headers)

        method = scope["method"]
        if method == "HEAD":  # routes know GET only
            scope["method"] = "GET"
        try:
            if problem := await self._refusal(scope, headers):
                await refuse(problem)
            else:
                await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            status = _CLIENT_CLOSED
        except Exception:
            LOG.exception("failed", extra={"fields": {"request_id": request_id, "path": scope["path"]}})
            if status:
                raise  # the response had begun; only closing the connection can tell that it is incomplete
            await refuse(Problem(INTERNAL, "this is a bug of the service; see its log for the request id"))
        finally:
            scope["method"] = method
            self._record(scope, request_id, status or _CLIENT_CLOSED, time.perf_counter() - start)

    async def _refusal(self, scope: Scope, headers: Headers) -> Problem | None:
        length = len(scope.get("raw_path") or b"") + len(scope["query_string"])
        length += sum(len(name) + len(value) for name, value in scope["headers"])
        if length > MAX_HEADER_BYTES:
            found = f"the address and headers have {length:,} bytes"
            return Problem(LONG_HEADERS, f"{found}, at most {MAX_HEADER_BYTES:,} are allowed")
        if "transfer-encoding" in headers and "content-length" in headers:
            return Problem(MALFORMED, "the body has two lengths: Content-Length and Transfer-Encoding", headers=CLOSE)
        host = re.sub(r"\.?(:\d+)?$", "", headers.get("host", "").lower())
        if self._options.hosts and host not in self._options.hosts:
            return Problem(WRONG_HOST, f"the request is for {host[:80]!r}; expected {', '.join(self._options.hosts)}")
        token = self._options.token
        if (token is None and self._find_caller is None) or is_open(scope["path"]) or scope["method"] == "OPTIONS":
            return None
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            shown = shown.strip()
            if token is not None and hmac.compare_digest(shown.encode(), token.encode()):
                return None
            try:
                if self._find_caller is not None and (caller := await self._find_caller(shown)):
                    scope["state"]["caller"] = caller
                    return None
            except StoreError as exc:
                return Problem(STORE_AWAY, str(exc))
        detail = "the token is wrong" if shown else "there is no token; send it as Authorization: Bearer TOKEN"
        return Problem(UNAUTHORIZED, detail, headers={"WWW-Authenticate": "Bearer"})

    def _record(self, scope: Scope, request_id: str, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = getattr(scope.get("route"), "path", "") or "none"  # the pattern, not the path: few distinct values
        self._metrics.requests.labels(method, route, status).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        fields = {
            "request_id": request_id,
            "method": method,
            "path": scope["path"],
            "status": status,
            "milliseconds": round(1000 * seconds, 1),
            **({"caller": caller.user.name} if (caller := scope["state"].get("caller")) else {}),
            **scope["state"].get("log", {}),
        }
        LOG.info("request", extra={"fields": fields})


def is_open(path: str) -> bool:
    """Return whether a path needs no token; the addresses of thumbnails are signed instead."""
    return not path.startswith(("/v1/", "/metrics")) or path == THUMBNAIL_PATH


class CorsMiddleware(CORSMiddleware):
    """Starlette's middleware, which refuses a preflight request with problem details."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle or refuse a request; see `starlette.types.ASGIApp`."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        if scope.get("method") != "OPTIONS" or not {"origin", "access-control-request-method"} <= set(headers):
            await super().__call__(scope, receive, send)
            return
        response = self.preflight_response(headers)
        if response.status_code >= 400:
            found = f"{bytes(response.body).decode()}; the service names what it allows at its start (--allow-origin)"
            request_id = uuid.uuid4().hex
            sent = {name: value for name, value in response.headers.items() if not name.startswith("content-")}
            problem = Problem(CORS_REFUSED, found, headers=sent | {"X-Request-ID": request_id})
            response = problem_response(problem, path=scope["path"], request_id=request_id)
        await response(scope, receive, send)
