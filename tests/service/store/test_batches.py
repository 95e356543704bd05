"""Batches in a database keep to their budget and their order, as those in memory do."""

from datetime import timedelta

import pytest

from tests.service.test_batches import uploads
from viennatag.service.parameters import PredictionQuery
from viennatag.service.problems import Problem
from viennatag.service.store.batches import DatabaseBatchStore
from viennatag.service.store.database import Database


def test_a_store_holds_no_more_bytes_than_allowed(database: Database) -> None:
    store = DatabaseBatchStore(database, 1000)
    assert store.next_images(8) is None
    wanted = PredictionQuery(3, "section", 0.25, frozenset({"29", "27.5"}), (0.0, 0.1, 0.5, 1.0))
    first = store.add(wanted, uploads(4, 200))
    with pytest.raises(Problem, match="hold 800 bytes, at most 1,000"):
        store.add(PredictionQuery(), uploads(3, 100))
    images = DatabaseBatchStore(database, 1000).next_images(3)  # as after a restart
    assert images is not None
    assert (images.id, images.first, images.wanted) == (first.id, 1, wanted)
    assert images.uploads == tuple(uploads(3, 200))
    store.save(images, [{"image": "x"}] * 3)
    store.save(images, [{"image": "again"}] * 3)  # another service ran the same ones
    assert (store.status(first.id).status, store.status(first.id).done) == ("running", 3)
    second = store.add(PredictionQuery(), uploads(3, 200))  # the images of the first are gone
    rest = store.next_images(3)
    assert rest is not None
    assert (rest.id, rest.first, len(rest.uploads)) == (first.id, 4, 1)
    store.save(rest, [{"image": "y"}])
    assert store.status(first.id).status == "done"
    assert store.results(first.id, 2, 9) == [b'{"image": "x"}', b'{"image": "y"}']
    store.add(PredictionQuery(), uploads(1, 390))  # what is done gives way
    with pytest.raises(KeyError):
        store.status(first.id)
    store.remove(second.id)
    for unknown in (second.id, "\0"):
        with pytest.raises(KeyError):
            store.remove(unknown)


def test_a_batch_fails_and_frees_its_bytes(database: Database) -> None:
    store = DatabaseBatchStore(database, 500)
    found = store.add(PredictionQuery(), uploads(2, 100))
    images = store.next_images(1)
    assert images is not None
    store.save(images, [{"image": "x" * 600}])
    status = store.status(found.id)
    assert (status.status, status.done) == ("failed", 0)
    assert "fewer codes" in str(status.detail)
    store = DatabaseBatchStore(database, 500, keep=timedelta(seconds=-1))
    last = store.add(PredictionQuery(), uploads(1, 500))
    images = store.next_images(1)
    assert images is not None
    store.save(images, [{}])
    with pytest.raises(KeyError):
        store.results(last.id, 0, 1)
    store.save(images, [{}])
    store.fail("removed", "is passed over")
