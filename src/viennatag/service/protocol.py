"""HTTP below the application: limits of connections and of the time for headers, and problems for what is not HTTP.

Uvicorn has no option for these. Measured with 0.54, with `timeout_keep_alive`, `limit_concurrency` and
`h11_max_incomplete_event_size` set: a connection that sends half of its headers, or nothing, stays open, and what is
not HTTP gets plain text. So this is a subclass of uvicorn's protocol; all else is set by uvicorn's options.

A service that refuses new connections when it has many is kept out of order by clients that send nothing. So the
connection that has waited for a request, or for its client to read an answer, for the longest time is closed instead.
"""

import asyncio
import re
import socket
import time
import uuid

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from viennatag.service.logs import LOG
from viennatag.service.problems import BUSY, MALFORMED, SLOW_HEADERS, Problem, ProblemKind, problem_response

_IN_ROW = 16  # connections accepted before the event loop looks at them
_SMALL_CHUNK = re.compile(rb"\r\n[0-9A-Fa-f]{1,2}[;\r]")  # of less than 256 bytes
_MOST_SMALL_CHUNKS = 2000  # in a row; parsing each takes as long as parsing thousands of bytes
_UNREAD_SECONDS = 10.0  # for which a client may take nothing of an answer
_PATIENCE = 1.0  # seconds for which it may do so where its connection is needed
_LINGER = 0.25  # seconds between a refusal and the end of its connection


class LimitedListener(socket.socket):
    """A listening socket that accepts connections as fast as room is made for them; others wait in the system's queue.

    Asyncio accepts a whole backlog before it looks at the first connection, and when file descriptors run out on the
    way, it logs a trace for each.
    """

    most: int
    """Connections at a time, those included that are being closed."""

    def __init__(self, listener: socket.socket, most: int) -> None:
        super().__init__(listener.family, listener.type, listener.proto, fileno=listener.detach())
        self.most = most
        self._accepted: list[socket.socket] = []
        self._in_row = 0

    def accept(self) -> tuple[socket.socket, object]:
        """Return a new connection and its address, or raise BlockingIOError if there is none or no room for it now."""
        self._in_row += 1
        if len(self._accepted) >= self.most:
            self._accepted = [each for each in self._accepted if each.fileno() >= 0]  # those that are still open
        if self._in_row > _IN_ROW or len(self._accepted) >= self.most:
            self._in_row = 0
            raise BlockingIOError
        connection, address = super().accept()
        self._accepted.append(connection)
        return connection, address


class TimedProtocol(H11Protocol):
    """A connection of uvicorn with a time limit for request headers, which refuses with problem details."""

    header_seconds: float
    """How long a client may take to send the headers of a request."""
    most: int
    """Connections at a time."""
    _timer: asyncio.TimerHandle | None = None
    _unread_timer: asyncio.TimerHandle | None = None
    _idle_since = 0.0  # or since when the client has taken nothing of an answer
    _is_refused = False
    _small_chunks = 0

    @classmethod
    def limited_to(cls, seconds: float, connections: int) -> type["TimedProtocol"]:
        """Return the class with its limits; uvicorn makes the instances."""
        return type(cls.__name__, (cls,), {"header_seconds": seconds, "most": connections})

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time limit of the first request, and make room for the connection."""
        super().connection_made(transport)
        self._idle_since = time.monotonic()
        self._start_timer()
        if len(self.connections) > self.most:
            self._make_room()

    def _make_room(self) -> None:
        """Close the connection that nothing has happened on for the longest time; without one, this connection."""
        idle = [each for each in self.connections if isinstance(each, TimedProtocol) and each.is_idle]
        oldest = min(idle, key=lambda each: each._idle_since)
        if oldest is self:
            self._refuse(BUSY, f"there are {self.most} connections, the most at one time; try again soon")
        elif oldest._timer is None:  # kept open between two requests, or its answer is not read
            oldest._end()
        else:
            oldest._refuse(SLOW_HEADERS, "the request was slow, and its connection was needed", linger=0)

    @property
    def is_idle(self) -> bool:
        """Whether the connection waits for the head of a request or its rest, or for its client to read an answer."""
        if self._unread_timer is not None:
            return time.monotonic() - self._idle_since > _PATIENCE
        return not self._is_refused and (self.cycle is None or self.cycle.response_complete)

    def pause_writing(self) -> None:
        """Give the client some time to read."""
        super().pause_writing()
        self._idle_since = time.monotonic()
        self._unread_timer = self.loop.call_later(_UNREAD_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """End that time: the client has read."""
        super().resume_writing()
        self._stop_unread_timer()

    def _stop_unread_timer(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None

    def _end(self) -> None:
        """Close the connection; what its client does not read is not waited for."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Handle bytes; the first ones after a response start the time limit of the next request."""
        if self._is_refused:
            return
        self._small_chunks += len(_SMALL_CHUNK.findall(data)) if self._is_chunked(data) else 0
        if self._small_chunks > _MOST_SMALL_CHUNKS:
            self._refuse(MALFORMED, "the body comes in very small chunks; send larger ones, or its Content-Length")
            return
        before = self.cycle
        if self._timer is None and (before is None or before.response_complete):
            self._start_timer()
        super().data_received(data)
        if self.cycle is not before:
            self._stop_timer()
            self._small_chunks = 0

    def _is_chunked(self, data: bytes) -> bool:
        """Return whether bytes may belong to a body in chunks."""
        if self.cycle is None or self.cycle.response_complete:
            return b"chunked" in data
        return any(name == b"transfer-encoding" for name, _ in self.cycle.scope["headers"])

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._idle_since = time.monotonic()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time limits."""
        self._stop_timer()
        self._stop_unread_timer()
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

    def _refuse(self, kind: ProblemKind, detail: str, *, linger: float = _LINGER) -> None:
        self._stop_timer()
        self._is_refused = True
        request_id = uuid.uuid4().hex
        response = problem_response(Problem(kind, detail), path="", request_id=request_id)
        headers = [*response.raw_headers, (b"connection", b"close"), (b"x-request-id", request_id.encode())]
        start = h11.Response(status_code=kind.status, headers=headers)
        try:
            for event in (start, h11.Data(data=bytes(response.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        except h11.LocalProtocolError:  # a response has begun or ended already, so closing must do
            pass
        # Closing while the client sends would discard the response on its way, so it may read it first.
        if linger and self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(linger, self._end)
        LOG.info("refused", extra={"fields": {"request_id": request_id, "status": kind.status, "detail": detail}})
