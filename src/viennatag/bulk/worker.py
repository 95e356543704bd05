"""Predict shards and write their results: in the process itself, and in each actor on Ray."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from itertools import groupby
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from viennatag.bulk.job import BulkOptions, Job, bundle_digest, count_attempt, node
from viennatag.bulk.reading import ShardReader
from viennatag.bulk.results import write_shard
from viennatag.bulk.sources import Shard
from viennatag.errors import BulkError, DataError, ImageError, ViennatagError
from viennatag.images.sources import ImageSource
from viennatag.prediction.predictor import Predictor, note_on

_LEFT_OUT = {"heading", "path"}
"""What a code tells by itself is not repeated in millions of rows."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of one shard.

    Attributes:
        number: The shard.
        count: Its images.
        failed: Images that could not be read.
        error: Why the shard could not be finished, empty if it was.
    """

    number: int
    count: int
    failed: int = 0
    error: str = ""


class ShardWorker(Protocol):
    """What works on shards: a predictor, or a backbone."""

    def run(self, shards: Iterable[Shard]) -> Iterator[Outcome]:
        """Yield the outcome of each shard once its results are on disk."""
        ...


def shard_answers(job: Job[Any], make: Callable[..., ShardWorker]) -> Callable[[int], dict[str, Any]]:
    """Return a function that works on the shard at an offset of the plan, and answers in plain data; see `read_answer`.

    What works on the job is made, with one thread, when it is first needed. A shard whose results are there is not done
    again.
    """
    worker = cache(partial(make, job, threads=1))

    def answer(offset: int) -> dict[str, Any]:
        try:
            worker()  # if it cannot be made, the shard is not looked at
            shard = job.shard_at(offset)
            if job.shard_file(shard.number).is_file():  # done before the process or node that did it died
                outcome = Outcome(shard.number, shard.count)
            else:
                (outcome,) = worker().run([shard])
        except ViennatagError as exc:  # this process cannot work, the shard is fine
            return {**asdict(Outcome(-1, 0)), "stops": str(exc)}
        return {**asdict(outcome), "stops": ""}

    return answer


def read_answer(answer: dict[str, Any]) -> Outcome:
    """Return the outcome that another process answered.

    Raises:
        BulkError: If it cannot work on the job.
    """
    if stops := answer.pop("stops"):
        raise BulkError(stops)
    return Outcome(**answer)


@dataclass(frozen=True, eq=False)
class _Row:
    """One image: its name, then its error or its scores; or the error that ends its whole shard."""

    shard: Shard
    image: str
    error: str | None = None
    scores: NDArray[np.float64] | None = None
    shard_error: str | None = None


class _ShardError(Exception):
    """The shard cannot be finished."""


class Worker:
    """A predictor at work on a job."""

    def __init__(self, job: Job[BulkOptions], *, threads: int | None = None) -> None:
        self.predictor = Predictor.load(job.model, threads=threads)
        if bundle_digest(self.predictor.bundle) != job.digest:
            raise BulkError(f"{job.model}: on {node()} this is another bundle than the one that the run was begun with")
        job.check_root()
        self.job = job
        self.reader = ShardReader(job.root)
        if job.options.threshold is not None:
            bundle = self.predictor.bundle
            thresholds = np.full(len(bundle.labels), job.options.threshold)
            chain = replace(bundle.postprocessor, thresholds=thresholds, top=None, weights=None)
            self.predictor = Predictor(replace(bundle, postprocessor=chain), threads=threads)

    def run(self, shards: Iterable[Shard]) -> Iterator[Outcome]:
        """Yield the outcome of each shard once its results are on disk.

        Images of the next shard are read while the last ones of a shard are predicted.

        Raises:
            BulkError: If results cannot be written.
        """
        for shard, rows in groupby(self._rows(shards), key=lambda row: row.shard):
            yield self._write(shard, rows)
        self.reader.close()

    def _write(self, shard: Shard, rows: Iterator[_Row]) -> Outcome:
        failed, error = 0, ""

        def results() -> Iterator[dict[str, Any]]:
            nonlocal failed
            for row in rows:
                failed += row.error is not None
                yield self._result(row)

        try:
            grouped = bool(self.predictor.bundle.labels.exclusive)
            write_shard(results(), self.job.shard_file(shard.number), grouped=grouped)
        except _ShardError as exc:
            failed, error = shard.count, str(exc)
        self.job.attempts_file(shard.number).unlink(missing_ok=True)
        return Outcome(shard.number, shard.count, failed, error)

    def _rows(self, shards: Iterable[Shard]) -> Iterator[_Row]:
        """Yield the rows of shards in order; images without scores keep their place between the others."""
        waiting: deque[_Row] = deque()
        for outcomes, scores in self.predictor.score_many(self._sources(shards, waiting)):
            known = iter(scores)
            for outcome in outcomes:
                while waiting[0].error or waiting[0].shard_error:
                    yield waiting.popleft()
                row = waiting.popleft()
                yield replace(row, error=str(outcome)) if outcome else replace(row, scores=next(known))
        yield from waiting

    def _sources(self, shards: Iterable[Shard], waiting: deque[_Row]) -> Iterator[ImageSource]:
        for shard in shards:
            try:
                count_attempt(self.job, shard)
                for name, source in self.reader.images(shard):
                    if isinstance(source, ImageError):
                        waiting.append(_Row(shard, name, error=str(source)))
                    else:
                        waiting.append(_Row(shard, name))
                        yield source
            except DataError as exc:
                waiting.append(_Row(shard, "", shard_error=str(exc)))

    def _result(self, row: _Row) -> dict[str, Any]:
        """Return a row as it is written."""
        if row.shard_error is not None:
            raise _ShardError(row.shard_error)
        if row.scores is None:
            return {"image": valid_text(row.image), "error": valid_text(row.error or "")}
        options, names = self.job.options, self.predictor.bundle.labels.names
        found: dict[str, Any] = {
            "image": valid_text(row.image),
            "suggestions": [
                {name: value for name, value in each.to_json().items() if name not in _LEFT_OUT}
                for each in self.predictor.suggest(row.scores, top=options.top, level=options.level)
            ],
        }
        if note := note_on(row.scores):
            found["note"] = note
        if options.floor is not None:
            chosen = np.flatnonzero(row.scores >= options.floor)
            chosen = chosen[np.argsort(-row.scores[chosen], kind="stable")]
            found["scores"] = [{"code": names[at], "score": round(float(row.scores[at]), 4)} for at in chosen]
        return found


def valid_text(text: str) -> str:
    """Return a text in valid Unicode; names of files may hold any bytes."""
    return text.encode("utf-8", "backslashreplace").decode()
