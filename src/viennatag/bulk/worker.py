"""Turn parts into files of results: what runs in the process itself, and in each actor on Ray."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.bulk.job import ATTEMPTS, Job, bundle_digest, node
from viennatag.bulk.reading import Reader
from viennatag.bulk.results import write_part
from viennatag.bulk.sources import Part
from viennatag.errors import BulkError, DataError, ImageError
from viennatag.images.decoding import ImageSource
from viennatag.prediction.predictor import Predictor


@dataclass(frozen=True)
class Outcome:
    """What became of a part.

    Attributes:
        number: The part.
        count: Its images.
        failed: Those that could not be read.
        error: Why the part could not be finished, empty if it was.
    """

    number: int
    count: int
    failed: int = 0
    error: str = ""


@dataclass(frozen=True, eq=False)
class _Row:
    """One image on its way: first what is known of it, then its scores; or why its whole part ends here."""

    part: Part
    image: str
    error: str | None = None
    scores: NDArray[np.float64] | None = None
    ends: str | None = None


class _Ended(Exception):  # noqa: N818
    """The part cannot be finished."""


class Worker:
    """A predictor at work on a job."""

    def __init__(self, job: Job, *, threads: int | None = None) -> None:
        self.predictor = Predictor.load(job.model, threads=threads)
        if bundle_digest(self.predictor.bundle) != job.digest:
            raise BulkError(f"{job.model}: on {node()} this is another bundle than the one that the run was begun with")
        if not job.root.is_dir():
            raise BulkError(f"{job.root}: there is no such folder on {node()}; the source must be there on all nodes")
        self.job = job
        self.reader = Reader(job.root)
        if job.options.threshold is not None:
            thresholds = np.full(len(self.predictor.bundle.labels), job.options.threshold)
            self.predictor = Predictor(replace(self.predictor.bundle, thresholds=thresholds, top=None), threads=threads)

    def run(self, parts: Iterable[Part]) -> Iterator[Outcome]:
        """Yield what became of each part once its results are on disk.

        Images of the next part are read while the last ones of a part are predicted.

        Raises:
            BulkError: If results cannot be written.
        """
        for part, rows in groupby(self._rows(parts), key=lambda row: row.part):
            yield self._finish(part, rows)
        self.reader.close()

    def _finish(self, part: Part, rows: Iterator[_Row]) -> Outcome:
        failed, error = 0, ""

        def told() -> Iterator[dict[str, Any]]:
            nonlocal failed
            for row in rows:
                failed += row.error is not None
                yield self._told(row)

        try:
            write_part(told(), self.job.part_file(part.number))
        except _Ended as exc:
            failed, error = part.count, str(exc)
        self.job.attempts_file(part.number).unlink(missing_ok=True)
        return Outcome(part.number, part.count, failed, error)

    def _rows(self, parts: Iterable[Part]) -> Iterator[_Row]:
        """Yield the rows of parts in order; images without scores wait for their turn between the others."""
        waiting: deque[_Row] = deque()
        for outcomes, scores in self.predictor.score_many(self._sources(parts, waiting)):
            known = iter(scores)
            for outcome in outcomes:
                while waiting[0].error or waiting[0].ends:
                    yield waiting.popleft()
                row = waiting.popleft()
                yield replace(row, error=str(outcome)) if outcome else replace(row, scores=next(known))
        yield from waiting

    def _sources(self, parts: Iterable[Part], waiting: deque[_Row]) -> Iterator[ImageSource]:
        for part in parts:
            try:
                self._begin(part)
                for name, source in self.reader.images(part):
                    if isinstance(source, ImageError):
                        waiting.append(_Row(part, name, error=str(source)))
                    else:
                        waiting.append(_Row(part, name))
                        yield source
            except DataError as exc:
                waiting.append(_Row(part, "", ends=str(exc)))

    def _begin(self, part: Part) -> None:
        """Note an attempt at a part, so that an image that kills the process does not do so for ever."""
        path = self.job.attempts_file(part.number)
        try:
            path.parent.mkdir(exist_ok=True)
            with path.open("ab") as file:
                before = file.tell()
                file.write(b".")
        except OSError as exc:
            raise BulkError(f"{path}: it cannot be written: {exc}") from exc
        if before >= ATTEMPTS:
            raise DataError(f"the process died {before} times while it worked on this part")

    def _told(self, row: _Row) -> dict[str, Any]:
        """Return a row as it is written."""
        if row.ends is not None:
            raise _Ended(row.ends)
        if row.scores is None:
            return {"image": _valid(row.image), "error": _valid(row.error or "")}
        options, names = self.job.options, self.predictor.bundle.labels.names
        found: dict[str, Any] = {
            "image": _valid(row.image),
            "suggestions": [
                {"code": each.code, "score": each.score, "level": each.level, "above_threshold": each.above_threshold}
                for each in self.predictor.suggest(row.scores, top=options.top, level=options.level)
            ],
        }
        if options.floor is not None:
            chosen = np.flatnonzero(row.scores >= options.floor)
            chosen = chosen[np.argsort(-row.scores[chosen], kind="stable")]
            found["scores"] = [{"code": names[at], "score": round(float(row.scores[at]), 4)} for at in chosen]
        return found


def _valid(text: str) -> str:
    """Return a text in valid Unicode; names of files may hold any bytes."""
    return text.encode("utf-8", "backslashreplace").decode()
