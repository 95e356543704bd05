"""Bytes that the bodies of all requests hold together.

A limit per request does not bound a service: many slow uploads hold as much as their number allows. So there is one
budget for all. When it is used up, the upload that has been read for the longest time gives way, if that is longer than
a usual upload takes; else the new one is refused. So slow uploads cannot keep usual ones out.
"""

import asyncio
import time
from dataclasses import dataclass, field

from viennatag.service.problems import BUSY, Problem

USUAL_SECONDS = 1.0
"""An upload that takes longer gives way to others when there is no room."""
CLOSE = {"Connection": "close"}
"""Header of a refusal: the unread rest of a body must not be taken for the next request."""

GAVE_WAY = "the upload was slow, and its room was needed"


@dataclass(eq=False)
class Reservation:
    """The bytes that one request holds, and the time limit under which its body is read."""

    timeout: asyncio.Timeout | None = None
    since: float = field(default_factory=time.monotonic)
    size: int = 0
    gave_way: bool = False


class ByteBudget:
    """A budget of bytes, and of bodies that are read at a time; used on one event loop."""

    def __init__(self, most_bytes: int, most_bodies: int) -> None:
        self._most_bytes = most_bytes
        self._most_bodies = most_bodies
        self._reading: dict[Reservation, None] = {}  # the longest first
        self.held = 0

    def begin(self, reservation: Reservation) -> None:
        """Record that the body of a request is read from now on.

        Raises:
            Problem: If too many are being read.
        """
        if len(self._reading) >= self._most_bodies and not self._free():
            raise budget_refusal(f"{len(self._reading)} bodies are being read, no more may")
        self._reading[reservation] = None

    def take(self, reservation: Reservation, size: int) -> None:
        """Let a request hold this many bytes more.

        Raises:
            Problem: If there is no room for them.
        """
        while self.held + size > self._most_bytes and not reservation.gave_way:
            if not self._free():
                raise budget_refusal(f"requests hold {self.held:,} bytes, at most {self._most_bytes:,} are allowed")
        if reservation.gave_way:
            raise budget_refusal(GAVE_WAY)
        self.held += size
        reservation.size += size

    def finish(self, reservation: Reservation) -> None:
        """Record that a body was read to its end."""
        self._reading.pop(reservation, None)

    def release(self, reservation: Reservation) -> None:
        """Give back what a request holds."""
        self.finish(reservation)
        self.held -= reservation.size
        reservation.size = 0

    def _free(self) -> bool:
        """End the upload that has been read for the longest time, if that is long; return whether there was one."""
        oldest = next(iter(self._reading), None)
        if oldest is None or time.monotonic() - oldest.since < USUAL_SECONDS:
            return False
        oldest.gave_way = True
        self.release(oldest)
        if oldest.timeout:
            oldest.timeout.reschedule(asyncio.get_running_loop().time())
        return True


def budget_refusal(found: str) -> Problem:
    """Return the problem of a request for which there is no room."""
    return Problem(BUSY, f"{found}; try again soon", headers=CLOSE)
