"""Another Python of this package, which answers questions through its pipes.

It uses one core, and ends when the pipe from this process closes, also when this process is killed. A message is JSON
and bytes.
"""

import json
import os
import struct
import subprocess
import sys
from contextlib import suppress
from typing import IO, Any

_LENGTHS = struct.Struct("<QQ")  # of the JSON, and of the bytes after it


class OtherPython:
    """A process that calls `module.function` with numbers; `quiet` drops what it writes to stderr.

    An interrupt from the terminal does not reach it: this process decides when it ends.
    """

    def __init__(self, function: str, *arguments: int, quiet: bool = False) -> None:
        module, _, name = function.rpartition(".")
        code = f"import sys; sys.path[:] = sys.argv[1:]; from {module} import {name}; {name}{arguments}"
        one_thread = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", code, *filter(None, sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else None,
            env={**os.environ, **one_thread},  # each thread reserves address space
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._writer, self.reader = self._process.stdin, self._process.stdout

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def send(self, header: dict[str, Any], content: bytes = b"") -> None:
        """Send a message; to a process that has died none is sent, and no answer comes."""
        with suppress(BrokenPipeError):
            send_message(self._writer, header, content)

    def receive(self) -> tuple[dict[str, Any], bytes]:
        """Return the next message.

        Raises:
            EOFError: If the process has died.
        """
        return receive_message(self.reader)

    def wait(self) -> int:
        """Return the status with which it ends."""
        return self._process.wait()

    def kill(self) -> None:
        """Kill it; a thread that waits for a message gets EOFError."""
        self._process.kill()

    def end(self) -> None:
        """Kill it and close its pipes."""
        self.kill()
        for pipe in (self._writer, self.reader):
            with suppress(OSError):  # what could not be written is no longer wanted
                pipe.close()
        self.wait()


def own_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Return where this process, an `OtherPython`, reads messages and writes them."""
    reader, writer = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not be taken for an answer
    return reader, writer


def send_message(pipe: IO[bytes], header: dict[str, Any], content: bytes = b"") -> None:
    """Write a message."""
    text = json.dumps(header).encode()
    pipe.write(_LENGTHS.pack(len(text), len(content)))
    pipe.write(text)
    pipe.write(content)
    pipe.flush()


def receive_message(pipe: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """Return the next message.

    Raises:
        EOFError: If the pipe was closed.
    """
    lengths = pipe.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        raise EOFError
    of_text, of_content = _LENGTHS.unpack(lengths)
    text, content = pipe.read(of_text), pipe.read(of_content)
    if len(text) < of_text or len(content) < of_content:
        raise EOFError
    return json.loads(text), content
