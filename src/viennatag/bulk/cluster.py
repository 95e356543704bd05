"""Work on shards on Ray Data: a pool of actors over all nodes, each with its own engine.

Only offsets in the plan are sent; the actors read plan and images and write the results. If a worker or a node dies,
Ray gives its shard to another, which finds it done if its file stands there: nothing is done twice.
"""

import logging
import os
import shutil
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.bulk.job import Job
from viennatag.bulk.worker import Outcome, ShardWorker, read_answer, shard_answers
from viennatag.errors import BulkError, require
from viennatag.signals import keeping_handlers

_HOME = "VIENNATAG_HOME"
"""Tells actors the home folder of the user."""
_BATCH = 10_000
"""Shards that Ray receives at a time; it keeps a record of each."""


def run_on_ray(
    job: Job[Any], offsets: Sequence[int], address: str, worker: Callable[..., ShardWorker]
) -> Iterator[Outcome]:
    """Yield the outcome of each shard, in any order.

    Args:
        job: The job.
        offsets: Byte offsets of its shards in the plan, from `Job.planned`.
        address: Address of the cluster; `local` starts one on this machine that nothing else can reach.
        worker: Makes what works on a job, with one thread.

    Raises:
        BulkError: If there is no cluster, or a node cannot work on the job.
        MissingExtraError: If Ray is not installed.
    """
    ray = require("ray", "bulk")
    data = require("ray.data", "bulk")
    started = not ray.is_initialized()
    logs = _logs_folder()
    try:
        if started:
            _connect(ray, address, logs)
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        context = data.DataContext.get_current()
        context.enable_progress_bars = context.print_on_execution_start = False
        cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
        # The pool may shrink, so that a shard whose node died finds a core that another actor has left.
        pool = data.ActorPoolStrategy(min_size=1, max_size=cores, initial_size=cores)
        for first in range(0, len(offsets), _BATCH):
            chosen = offsets[first : first + _BATCH]
            shards = data.from_items(list(chosen), override_num_blocks=len(chosen))
            outcomes = shards.map_batches(
                _Actor, fn_constructor_args=(job, worker), batch_size=1, num_cpus=1, compute=pool
            )
            for row in outcomes.iter_rows():
                yield read_answer(row)
    except ray.exceptions.RayError as exc:
        reason = str(exc).strip().partition("\n")[0]
        raise BulkError(f"the Ray cluster failed ({reason}); the same command goes on with the shards left") from exc
    finally:
        if started:
            ray.shutdown()
        shutil.rmtree(logs, ignore_errors=True)


def _logs_folder() -> Path:
    """Return a new folder for what Ray writes: names of files and more, which must not stay."""
    import tempfile

    usual = tempfile.gettempdir()  # the paths of Ray's sockets in it have at most 107 bytes
    return Path(tempfile.mkdtemp(prefix="vt-", dir=usual if len(usual) < 20 or os.name == "nt" else "/tmp"))


@contextmanager
def without_cloud(folder: Path) -> Iterator[None]:
    """Let a cluster that is started in the block ask no cloud where it runs.

    Ray's head asks the metadata services of three clouds unless a file in the home folder says how it was started, even
    if statistics of use are off. So the head gets a home folder with such a file; actors take that of the user.
    """
    (folder / "ray_bootstrap_config.yaml").write_text("{}\n", encoding="utf-8")
    home = os.environ.get("HOME")
    os.environ.update({"HOME": str(folder), _HOME: home or ""})
    try:
        yield
    finally:
        del os.environ["HOME"], os.environ[_HOME]
        os.environ.update({"HOME": home} if home else {})


def _connect(ray: Any, address: str, logs: Path) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    alone = {
        "_node_ip_address": "127.0.0.1", "include_dashboard": False, "object_store_memory": 100_000_000,
        "_temp_dir": str(logs),
    }  # fmt: skip
    host, _, port = address.rpartition(":")
    try:
        if host and port.isdecimal() and "/" not in host:  # Ray itself tries for two minutes
            socket.create_connection((host, int(port)), timeout=10).close()
        quiet = {"address": address, "log_to_driver": False, "logging_level": "error"}
        with keeping_handlers():
            if address == "local":
                with without_cloud(logs):
                    ray.init(**quiet, **alone)
            else:
                ray.init(**quiet)
    except Exception as exc:  # Ray raises plain ones too, as where a busy machine starts it too slowly
        if address == "local":
            raise BulkError(f"Ray did not start here: {str(exc).strip()}; use bulk without --address") from exc
        raise BulkError(
            f"no Ray cluster answers at {address!r} ({exc}); give the HOST:PORT that `ray start --head` said, or local"
        ) from exc


class _Actor:
    """One core of the cluster."""

    def __init__(self, job: Job[Any], make: Callable[..., ShardWorker]) -> None:
        if home := os.environ.get(_HOME):  # the cache lies there
            os.environ["HOME"] = home
        self.answer = shard_answers(job, make)

    def __call__(self, offsets: dict[str, NDArray[np.int64]]) -> dict[str, list[Any]]:
        return {name: [value] for name, value in self.answer(int(offsets["item"][0])).items()}
