"""Work on shards in processes of this machine, one for each core.

Decoding an image makes many short calls, between which the threads of one process wait for each other. Processes do
not: on two cores they predict a fifth more images in the same time. Each one loads the model, so it pays for many
images only.

A process ends when the pipe from this one closes, also when this one is killed.
"""

import json
import os
import pickle
import queue
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from typing import IO, Any

from viennatag.bulk.job import ATTEMPTS, Job
from viennatag.bulk.worker import Outcome, ShardWorker, finish_shard
from viennatag.cores import available_cores
from viennatag.errors import BulkError, ViennatagError

_FEWEST_IMAGES = 1_000
"""Loading the model in a process takes as long as some hundred images."""
_START = "import sys; sys.path[:] = sys.argv[1:]; from viennatag.bulk import processes; processes._work()"
_LENGTH = struct.Struct("<Q")


def count_processes(job: Job[Any], shards: int) -> int:
    """Return how many processes should work on this many shards; 1 means that none beside this one pays."""
    if not sys.executable or shards * job.options.shard_size < _FEWEST_IMAGES:
        return 1
    return min(available_cores(), shards)


def run_in_processes(
    job: Job[Any], offsets: Sequence[int], worker: Callable[..., ShardWorker], count: int
) -> Iterator[Outcome]:
    """Yield the outcome of each shard, in order.

    A shard whose process dies is tried again by a new one, as often as `count_attempt` allows.

    Args:
        job: The job.
        offsets: Byte offsets of its shards in the plan, from `Job.planned`.
        worker: Makes what works on a job, with one thread; a class or function of a module.
        count: Number of processes.

    Raises:
        BulkError: If a process cannot work on the job.
    """
    processes = [_Process(pickle.dumps((job, worker))) for _ in range(count)]
    idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
    for process in processes:
        idle.put(process)

    def finish(offset: int) -> Outcome:
        process = idle.get()
        try:
            return process.finish(offset)
        finally:
            idle.put(process)

    pool = ThreadPoolExecutor(count, thread_name_prefix="shards")
    try:
        yield from pool.map(finish, offsets)
    finally:
        for process in processes:
            process.end()
        pool.shutdown(cancel_futures=True)
        for process in processes:
            process.close()


class _Process:
    """One process, started when it is needed and anew when it dies."""

    def __init__(self, task: bytes) -> None:
        self._task = task
        self._process: subprocess.Popen[bytes] | None = None
        self._has_ended = False
        self._lock = threading.Lock()  # none is started after the end

    def finish(self, offset: int) -> Outcome:
        """Return the outcome of the shard at an offset of the plan.

        Raises:
            BulkError: If the process cannot work on the job, or was ended.
        """
        status = 0
        for _ in range(ATTEMPTS + 2):  # a shard at which it dies is given up before
            stdin, stdout = self._pipes()
            answer = b""
            with suppress(BrokenPipeError):
                stdin.write(b"%d\n" % offset)
                stdin.flush()
                answer = stdout.readline()
            if answer.endswith(b"\n"):
                found = json.loads(answer)
                if "stops" in found:
                    raise BulkError(found["stops"])
                return Outcome(**found)
            status = self.close()  # it has died
        raise BulkError(
            f"the processes that predict here end before they can work (status {status}), perhaps for want of memory; "
            "the same command goes on with the images left"
        )

    def end(self) -> None:
        """Kill the process for good; a thread that waits for it gets an error."""
        with self._lock:
            self._has_ended = True
            if self._process is not None:
                self._process.kill()

    def close(self) -> int:
        """Wait for a process that has died, close its pipes and return its status."""
        if self._process is None:
            return 0
        status = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):
                pipe.close()  # type: ignore[union-attr]
        self._process = None
        return status

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        with self._lock:
            if self._has_ended:
                raise BulkError("the run was stopped")
            if self._process is None:
                self._process = self._start()
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            return self._process.stdin, self._process.stdout

    def _start(self) -> "subprocess.Popen[bytes]":
        one_thread = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", _START, *(path for path in sys.path if path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **one_thread},
            process_group=0,  # an interrupt from the terminal ends this process, which ends that one
        )
        with suppress(BrokenPipeError):
            process.stdin.write(_LENGTH.pack(len(self._task)) + self._task)  # type: ignore[union-attr]
        return process


def _work() -> None:
    """Finish shards until the pipe closes; this is all that a process does."""
    reader, writer = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not be taken for an answer
    (length,) = _LENGTH.unpack(reader.read(_LENGTH.size))
    job, make = pickle.loads(reader.read(length))  # from the process that started this one
    asked: queue.SimpleQueue[int] = queue.SimpleQueue()

    def listen() -> None:
        for line in reader:
            asked.put(int(line))
        os._exit(0)  # whoever would read the answer is gone

    threading.Thread(target=listen, daemon=True).start()
    worker: ShardWorker | None = None
    while True:
        offset = asked.get()
        try:
            worker = worker or make(job, threads=1)
            answer: dict[str, Any] = asdict(finish_shard(job, offset, worker))
        except ViennatagError as exc:
            answer = {"stops": str(exc)}
        writer.write(json.dumps(answer).encode() + b"\n")
        writer.flush()
