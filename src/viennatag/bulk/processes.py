"""Work on shards in processes of this machine, one for each core.

Decoding an image makes many short calls, between which the threads of one process wait for each other. Processes do
not: on two cores they predict a fifth more images in the same time. Each one loads the model, so it pays for many
images only.
"""

import os
import pickle
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from viennatag.bulk.job import ATTEMPTS, Job
from viennatag.bulk.worker import Outcome, ShardWorker, read_answer, shard_answers
from viennatag.cores import available_cores
from viennatag.errors import BulkError
from viennatag.images.pipes import OtherPython, own_pipes, receive_message, send_message

_FEWEST_IMAGES = 1_000
"""Loading the model in a process takes as long as some hundred images."""


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
        self._process: OtherPython | None = None
        self._has_ended = False
        self._lock = threading.Lock()  # none is started after the end

    def finish(self, offset: int) -> Outcome:
        """Return the outcome of the shard at an offset of the plan.

        Raises:
            BulkError: If the process cannot work on the job, or was ended.
        """
        status = 0
        for _ in range(ATTEMPTS + 2):  # a shard at which it dies is given up before
            process = self._started()
            process.send({"offset": offset})
            try:
                found, _ = process.receive()
            except EOFError:
                status = process.wait()
                self.close()
                continue
            return read_answer(found)
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

    def close(self) -> None:
        """Close the pipes of a process that has died."""
        if self._process is not None:
            self._process.end()
            self._process = None

    def _started(self) -> OtherPython:
        with self._lock:
            if self._has_ended:
                raise BulkError("the run was stopped")
            if self._process is None:
                self._process = OtherPython(f"{__name__}.finish_shards")
                self._process.send({}, self._task)
            return self._process


def finish_shards() -> None:
    """Finish shards until the pipe closes; this is all that such a process does."""
    reader, writer = own_pipes()
    job, make = pickle.loads(receive_message(reader)[1])  # from the process that started this one
    asked: queue.SimpleQueue[int] = queue.SimpleQueue()

    def listen() -> None:
        with suppress(EOFError):
            while True:
                asked.put(receive_message(reader)[0]["offset"])
        os._exit(0)  # whoever would read the answer is gone

    threading.Thread(target=listen, daemon=True).start()
    answer = shard_answers(job, make)
    try:
        while True:
            send_message(writer, answer(asked.get()))
    except BaseException:
        traceback.print_exc()
        os._exit(1)  # an ordinary end fails, because the thread that listens holds the lock of stdin
