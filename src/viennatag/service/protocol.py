"""HTTP below the application: what never becomes a request is a problem too, and nobody may send its head forever."""

import asyncio
import uuid

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from viennatag.service.logs import LOG
from viennatag.service.problems import MALFORMED, SLOW_HEAD, Kind, Problem, problem_response

HEAD_SECONDS = 10.0
"""How long a client may take to send the head of a request."""


class GuardedProtocol(H11Protocol):
    """A connection of uvicorn's that refuses with problem details and does not wait for slow heads."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect the head of the first request."""
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Take bytes in; the first ones after an answer are expected to complete another head in time."""
        before = self.cycle
        if self._timer is None and (before is None or before.response_complete):
            self._expect_head()
        super().data_received(data)
        if self.cycle is not before:
            self._stop_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing more."""
        self._stop_timer()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Say that what came is not HTTP."""
        self._refuse(MALFORMED, f"this is not HTTP/1.1, or its head is too long ({msg})")

    def _expect_head(self) -> None:
        self._timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self._refuse(SLOW_HEAD, f"no request came within {HEAD_SECONDS:g} s")

    def _refuse(self, kind: Kind, detail: str) -> None:
        request_id = uuid.uuid4().hex
        answer = problem_response(Problem(kind, detail), path="", request_id=request_id)
        headers = [*answer.raw_headers, (b"connection", b"close"), (b"x-request-id", request_id.encode())]
        try:
            self.transport.write(self.conn.send(h11.Response(status_code=kind.status, headers=headers)) or b"")
            self.transport.write(self.conn.send(h11.Data(data=bytes(answer.body))) or b"")
            self.transport.write(self.conn.send(h11.EndOfMessage()) or b"")
        except h11.LocalProtocolError:  # an answer has begun or ended already, so closing must do
            pass
        self.transport.close()
        LOG.info("refused", extra={"fields": {"request_id": request_id, "status": kind.status, "detail": detail}})
