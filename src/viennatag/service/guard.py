"""Around every request: its id, who may call, headers that browsers obey, one line of log, the counters."""

import hmac
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from viennatag.service.counters import Counters
from viennatag.service.logs import LOG
from viennatag.service.problems import INTERNAL, LONG_HEAD, NO_TOKEN, WRONG_HOST, Problem, problem_response
from viennatag.service.settings import Settings

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
HEAD_BYTES = 32_768
"""How long the address and the headers of a request may be."""
GONE = 499
"""What the log calls a request whose client did not wait; no such answer is ever sent."""


class Guard:
    """ASGI middleware outside everything else."""

    def __init__(self, app: ASGIApp, settings: Settings, counters: Counters) -> None:
        self._app = app
        self._settings = settings
        self._counters = counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it; see `starlette.types.ASGIApp`."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        status = 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answer = MutableHeaders(scope=message)
                answer["X-Request-ID"] = request_id
                for name, value in _SECURITY.items():
                    answer.setdefault(name, value)
                if scope["path"].startswith("/v1/"):
                    answer.setdefault("Cache-Control", "no-store")
            await send(message)

        async def refuse(problem: Problem) -> None:
            answer = problem_response(problem, path=scope["path"], request_id=request_id)
            await answer(scope, receive, send_guarded)

        try:
            if problem := self._objection(scope, headers):
                await refuse(problem)
            else:
                await self._app(scope, receive, send_guarded)
        except ClientDisconnect:
            status = GONE
        except Exception:
            LOG.exception("failed", extra={"fields": {"request_id": request_id, "path": scope["path"]}})
            if status:
                raise  # the answer had begun; only closing the connection can tell that it is not whole
            await refuse(Problem(INTERNAL, "this is a mistake of the service; its log tells more under the request id"))
        finally:
            self._note(scope, request_id, status or GONE, time.perf_counter() - start)

    def _objection(self, scope: Scope, headers: Headers) -> Problem | None:
        length = len(scope.get("raw_path") or b"") + len(scope["query_string"])
        length += sum(len(name) + len(value) for name, value in scope["headers"])
        if length > HEAD_BYTES:
            return Problem(LONG_HEAD, f"the address and headers take {length:,} bytes, at most {HEAD_BYTES:,} may be")
        host = re.sub(r":\d+$", "", headers.get("host", ""))
        if self._settings.hosts and host not in self._settings.hosts:
            return Problem(WRONG_HOST, f"the request is for {host[:80]!r}; expected {', '.join(self._settings.hosts)}")
        token = self._settings.token
        is_open = not scope["path"].startswith(("/v1/", "/metrics")) or scope["path"] == "/v1/similar/image"
        if token is None or is_open or scope["method"] == "OPTIONS":  # pictures are signed instead
            return None
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), token.encode()):
            return None
        detail = "the token is wrong" if shown else "there is no token; send it as Authorization: Bearer TOKEN"
        return Problem(NO_TOKEN, detail, headers={"WWW-Authenticate": "Bearer"})

    def _note(self, scope: Scope, request_id: str, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = getattr(scope.get("route"), "path", "") or "none"  # the pattern, not the path: few distinct values
        self._counters.requests.labels(method, route, status).inc()
        self._counters.seconds.labels(route).observe(seconds)
        fields = {
            "request_id": request_id,
            "method": method,
            "path": scope["path"],
            "status": status,
            "milliseconds": round(1000 * seconds, 1),
            **scope["state"].get("log", {}),
        }
        LOG.info("request", extra={"fields": fields})
