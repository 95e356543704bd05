"""HTTP below the application: a time limit for request headers, and problem details for what is not HTTP.

Uvicorn has no option for either. Measured with 0.54, with `timeout_keep_alive`, `limit_concurrency` and
`h11_max_incomplete_event_size` set: a connection that sends half of its headers, or nothing, stays open, and what is
not HTTP gets plain text. So this is a subclass of uvicorn's protocol; all else is set by uvicorn's options.
"""

import asyncio
import uuid

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from viennatag.service.logs import LOG
from viennatag.service.problems import MALFORMED, SLOW_HEADERS, Problem, ProblemKind, problem_response


class TimedProtocol(H11Protocol):
    """A connection of uvicorn with a time limit for request headers, which refuses with problem details."""

    header_seconds: float
    """How long a client may take to send the headers of a request."""
    _timer: asyncio.TimerHandle | None = None

    @classmethod
    def limited_to(cls, seconds: float) -> type["TimedProtocol"]:
        """Return the class with a time limit; uvicorn makes the instances."""
        return type(cls.__name__, (cls,), {"header_seconds": seconds})

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time limit of the first request."""
        super().connection_made(transport)
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        """Handle bytes; the first ones after a response start the time limit of the next request."""
        before = self.cycle
        if self._timer is None and (before is None or before.response_complete):
            self._start_timer()
        super().data_received(data)
        if self.cycle is not before:
            self._stop_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time limit."""
        self._stop_timer()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP."""
        self._refuse(MALFORMED, f"this is not HTTP/1.1, or its headers are too long ({msg})")

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self.header_seconds, self._time_out)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_out(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self._refuse(SLOW_HEADERS, f"no request came within {self.header_seconds:g} s")

    def _refuse(self, kind: ProblemKind, detail: str) -> None:
        request_id = uuid.uuid4().hex
        response = problem_response(Problem(kind, detail), path="", request_id=request_id)
        headers = [*response.raw_headers, (b"connection", b"close"), (b"x-request-id", request_id.encode())]
        start = h11.Response(status_code=kind.status, headers=headers)
        try:
            for event in (start, h11.Data(data=bytes(response.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        except h11.LocalProtocolError:  # a response has begun or ended already, so closing must do
            pass
        self.transport.close()
        LOG.info("refused", extra={"fields": {"request_id": request_id, "status": kind.status, "detail": detail}})
