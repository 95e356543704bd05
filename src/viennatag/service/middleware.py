"""ASGI middleware for every request: request id, authentication, security headers, log line, metrics."""

import hmac
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from viennatag.service.logs import LOG
from viennatag.service.metrics import ServiceMetrics
from viennatag.service.options import ServiceOptions
from viennatag.service.problems import INTERNAL, LONG_HEADERS, UNAUTHORIZED, WRONG_HOST, Problem, problem_response
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


class RequestMiddleware:
    """The outermost ASGI middleware."""

    def __init__(self, app: ASGIApp, options: ServiceOptions, metrics: ServiceMetrics) -> None:
        self._app = app
        self._options = options
        self._metrics = metrics

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
                if scope["path"].startswith("/v1/"):
                    sent.setdefault("Cache-Control", "no-store")
            await send(message)

        async def refuse(problem: Problem) -> None:
            response = problem_response(problem, path=scope["path"], request_id=request_id)
            await response(scope, receive, send_with_headers)

        try:
            if problem := self._refusal(scope, headers):
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
            self._record(scope, request_id, status or _CLIENT_CLOSED, time.perf_counter() - start)

    def _refusal(self, scope: Scope, headers: Headers) -> Problem | None:
        length = len(scope.get("raw_path") or b"") + len(scope["query_string"])
        length += sum(len(name) + len(value) for name, value in scope["headers"])
        if length > MAX_HEADER_BYTES:
            found = f"the address and headers have {length:,} bytes"
            return Problem(LONG_HEADERS, f"{found}, at most {MAX_HEADER_BYTES:,} are allowed")
        host = re.sub(r":\d+$", "", headers.get("host", ""))
        if self._options.hosts and host not in self._options.hosts:
            return Problem(WRONG_HOST, f"the request is for {host[:80]!r}; expected {', '.join(self._options.hosts)}")
        token = self._options.token
        is_open = not scope["path"].startswith(("/v1/", "/metrics")) or scope["path"] == THUMBNAIL_PATH
        if token is None or is_open or scope["method"] == "OPTIONS":  # thumbnails are signed instead
            return None
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), token.encode()):
            return None
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
            **scope["state"].get("log", {}),
        }
        LOG.info("request", extra={"fields": fields})
