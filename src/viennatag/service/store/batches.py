"""Batches in the store, so that a service that is started again goes on with them."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from viennatag.service.batches import KEEP, NO_ROOM, BatchImages
from viennatag.service.parameters import PredictionQuery
from viennatag.service.problems import BUSY, Problem
from viennatag.service.schemas import BatchResponse
from viennatag.service.store.database import Database
from viennatag.service.store.tables import BatchImageRow, BatchRow, utc_now
from viennatag.service.uploads import Upload


class DatabaseBatchStore:
    """Batches in a database, within a budget of bytes; a `BatchStore`."""

    def __init__(self, database: Database, most_bytes: int, *, keep: timedelta = KEEP) -> None:
        self._database = database
        self._most, self._keep = most_bytes, keep

    def add(self, wanted: PredictionQuery, uploads: Sequence[Upload]) -> BatchResponse:
        """Keep a new batch.

        Raises:
            Problem: If there is no room for it.
        """
        size = sum(len(upload.content) for upload in uploads)
        query = asdict(wanted) | {"exclude": sorted(wanted.exclude)}

        def work(session: Session) -> BatchResponse:
            if held := self._too_much(session, size):
                raise Problem(BUSY, f"the batches hold {held:,} bytes, at most {self._most:,} are allowed; try later")
            batch = BatchRow(id=secrets.token_urlsafe(16), wanted=query, images=len(uploads), size=size)
            session.add(batch)
            session.flush()
            session.add_all(
                BatchImageRow(batch=batch.number, number=at, name=upload.name.replace("\0", ""), content=upload.content)
                for at, upload in enumerate(uploads, start=1)
            )
            return BatchResponse.model_validate(batch, from_attributes=True)

        return self._database.write(work)

    def status(self, id_: str) -> BatchResponse:
        """Return how far a batch is."""
        return self._database.read(
            lambda session: BatchResponse.model_validate(_find(session, id_), from_attributes=True)
        )

    def results(self, id_: str, start: int, count: int) -> list[bytes]:
        """Return results as JSON in the order of the images, from a position on."""

        def work(session: Session) -> list[bytes]:
            batch = _find(session, id_)
            numbers = BatchImageRow.number.between(start + 1, min(start + count, batch.done))
            wanted = select(BatchImageRow.result).where(BatchImageRow.batch == batch.number, numbers)
            found = session.scalars(wanted.order_by(BatchImageRow.number))
            return [json.dumps(each).encode() for each in found if each is not None]

        return self._database.read(work)

    def next_images(self, count: int) -> BatchImages | None:
        """Return images of the oldest batch that has some left."""

        def work(session: Session) -> BatchImages | None:
            batch = session.scalars(
                select(BatchRow).where(BatchRow.expires.is_(None)).order_by(BatchRow.number)
            ).first()
            if batch is None:
                return None
            waiting = select(BatchImageRow).where(
                BatchImageRow.batch == batch.number, BatchImageRow.number > batch.done
            )
            rows = session.scalars(waiting.order_by(BatchImageRow.number).limit(count))
            uploads = tuple(Upload(row.name, row.content or b"") for row in rows)
            return BatchImages(batch.id, batch.done + 1, _query(batch.wanted), uploads)

        return self._database.read(work)

    def save(self, images: BatchImages, results: Sequence[dict[str, Any]]) -> None:
        """Keep the results of images in their place; those that another service has saved meanwhile are passed over."""
        size = sum(len(json.dumps(each)) for each in results)
        freed = sum(len(upload.content) for upload in images.uploads)

        def work(session: Session) -> bool:
            batch = session.scalars(select(BatchRow).where(BatchRow.id == images.id).with_for_update()).first()
            if batch is None or batch.expires is not None or batch.done != images.first - 1:
                return True
            if self._too_much(session, size - freed):
                return False
            for at, result in enumerate(results, start=images.first):
                row = session.get_one(BatchImageRow, (batch.number, at))
                row.content, row.result = None, result
            batch.done += len(results)
            batch.size += size - freed
            if batch.done == batch.images:
                batch.expires = utc_now() + self._keep
            return True

        if not self._database.write(work):
            self.fail(images.id, NO_ROOM)

    def fail(self, id_: str, detail: str) -> None:
        """End a batch; it keeps its results."""

        def work(session: Session) -> None:
            batch = session.scalars(select(BatchRow).where(BatchRow.id == id_)).first()
            if batch is None:
                return
            mine = BatchImageRow.batch == batch.number
            freed = select(func.coalesce(func.sum(func.length(BatchImageRow.content)), 0)).where(mine)
            batch.size -= session.scalar(freed) or 0
            session.execute(update(BatchImageRow).where(mine).values(content=None))
            batch.expires, batch.detail = utc_now() + self._keep, detail

        self._database.write(work)

    def remove(self, id_: str) -> None:
        """Forget a batch, its images and its results."""
        self._database.write(lambda session: _remove(session, [_find(session, id_)]))

    def _too_much(self, session: Session, size: int) -> int:
        """Return the bytes that batches hold if so many more do not fit, else 0; finished ones give way."""
        finished = select(BatchRow).where(BatchRow.expires.is_not(None)).order_by(BatchRow.number)
        old = [batch for batch in session.scalars(finished) if batch.expires and batch.expires < utc_now()]
        _remove(session, old)
        rest = [batch for batch in session.scalars(finished) if batch not in old]
        while (held := session.scalar(select(func.coalesce(func.sum(BatchRow.size), 0))) or 0) + size > self._most:
            if not rest:
                return int(held) or 1
            _remove(session, [rest.pop(0)])
        return 0


def _find(session: Session, id_: str) -> BatchRow:
    known = id_.isprintable()  # PostgreSQL takes no NUL
    batch = session.scalars(select(BatchRow).where(BatchRow.id == id_)).first() if known else None
    if batch is None or (batch.expires and batch.expires < utc_now()):
        raise KeyError(id_)
    return batch


def _remove(session: Session, rows: Sequence[BatchRow]) -> None:
    """Delete batches; the database deletes their images."""
    session.execute(delete(BatchRow).where(BatchRow.number.in_([row.number for row in rows])))


def _query(kept: dict[str, Any]) -> PredictionQuery:
    region = tuple(kept["region"]) if kept["region"] else None
    return PredictionQuery(**kept | {"exclude": frozenset(kept["exclude"]), "region": region})
