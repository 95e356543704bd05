"""End a command when a signal asks for it: within seconds, with its processes, and with a status that says so.

Python ends on SIGTERM at once and leaves the processes it started; libraries replace handlers, and a thread that waits
in native code runs none. So the first signal ends worker processes and raises `Stopped`, which no `except Exception`
catches; a thread ends the process where that does not help.
"""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

PATIENCE = 5.0
"""Seconds that the main thread has to end by itself."""
_ENDING = (signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()))
_received: list[int] = []
_owners: list[int] = []
"""The process that handles signals; others have its handlers from a fork."""


class Stopped(BaseException):
    """A signal asked the process to end."""


@contextmanager
def ended_by_signals(describe: Callable[[int], str]) -> Iterator[None]:
    """Raise `Stopped` in the main thread when a signal asks the process to end.

    Args:
        describe: Returns the line to print on stderr, given the signal, where the process must be ended from outside.
    """
    _received.clear()
    _owners[:] = [os.getpid()]
    if not is_first_process():  # the first one ends this one
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        yield
        return
    before = {each: signal.getsignal(each) for each in _ENDING}
    reading, writing = socket.socketpair()
    writing.setblocking(False)
    waking = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    ended = threading.Event()
    threading.Thread(target=_watch, args=(reading, ended, describe), daemon=True).start()
    for each in _ENDING:
        if each == signal.SIGINT or before[each] != signal.SIG_IGN:  # nohup ignores SIGHUP
            signal.signal(each, _stop)
    try:
        yield
    finally:
        ended.set()
        signal.set_wakeup_fd(waking)
        writing.close()
        for each, handler in before.items():
            signal.signal(each, handler)


def is_first_process() -> bool:
    """Return whether this is the first of the processes that train together, or the only one."""
    return os.environ.get("LOCAL_RANK", "") in {"", "0"}


def received_signal() -> int | None:
    """Return the signal that asked the process to end, whatever became of the exception."""
    return _received[0] if _received else None


@contextmanager
def keeping_handlers() -> Iterator[None]:
    """Undo what a library does to the handlers of signals inside the block."""
    kept = {each: signal.getsignal(each) for each in _ENDING}
    try:
        yield
    finally:
        for each, handler in kept.items():
            signal.signal(each, handler)


@contextmanager
def starting_workers() -> Iterator[None]:
    """Start processes that Ctrl-C does not reach: they end with this one, and print nothing."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # processes inherit it
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_children(patience: float = 2.0) -> None:
    """End all processes that this one started, and those that they started."""
    pids = _descendants()
    for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        for pid in pids:
            with suppress(OSError):
                os.kill(pid, number)
        until = time.monotonic() + patience
        while (pids := [pid for pid in pids if _runs(pid)]) and time.monotonic() < until:
            time.sleep(0.05)


def _stop(number: int, _: FrameType | None) -> None:
    if os.getpid() not in _owners:
        os._exit(128 + number)
    if _received:
        return
    _received.append(number)
    _end_workers()
    raise Stopped


def _end_workers() -> None:
    """End the workers of process pools, so that nobody waits for what they do."""
    multiprocessing = sys.modules.get("multiprocessing")
    for child in multiprocessing.active_children() if multiprocessing else ():
        child.terminate()


def _watch(reading: socket.socket, ended: threading.Event, describe: Callable[[int], str]) -> None:
    """End the process if the main thread does not do so in time after a signal."""
    while data := reading.recv(1):
        if data[0] not in _ENDING or signal.getsignal(data[0]) is not _stop:  # the service ends by itself
            continue
        if not ended.wait(PATIENCE):
            end_children()
            with suppress(OSError):
                os.write(2, f"{describe(data[0])}\n".encode())
            os._exit(128 + data[0])
    reading.close()


def _descendants() -> list[int]:
    """Return the processes below this one; the system may not tell (then those of process pools)."""
    if not Path("/proc/self/task").is_dir():
        multiprocessing = sys.modules.get("multiprocessing")
        return [child.pid for child in multiprocessing.active_children() if child.pid] if multiprocessing else []
    found, waiting = [], [os.getpid()]
    while waiting:
        for file in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            with suppress(OSError):
                below = [int(pid) for pid in file.read_text().split()]
                found += below
                waiting += below
    return found


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
