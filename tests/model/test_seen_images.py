"""A bundle remembers the images that it has learned from, and no figure is measured on them."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from viennatag.data.marks import read_marks
from viennatag.errors import BundleError, DataError
from viennatag.evaluation.bundle_evaluation import evaluate
from viennatag.evaluation.evaluation import Evaluation
from viennatag.model.bundle import Bundle, open_bundle
from viennatag.model.saving import write_bundle
from viennatag.model.seen_images import hash_files, is_seen, unseen_marks
from viennatag.prediction.quantization import quantize


def test_the_marks_of_training_are_left_out_and_counted(trained: tuple[Bundle, Evaluation], collection: Path) -> None:
    bundle, at_training = trained
    marks = read_marks(collection / "marks.csv", images=collection)
    found = evaluate(bundle, marks, collection, seed=3)
    assert found.marks == at_training.marks, "what is left is the test subset"
    assert found.to_json()["groups"] == at_training.to_json()["groups"]
    assert found.skipped == (f"{240 - found.marks} of 240 marks: the bundle was trained on them",)


def test_where_nothing_is_left_it_is_refused(
    trained: tuple[Bundle, Evaluation], collection: Path, tmp_path: Path
) -> None:
    bundle, _ = trained
    marks = read_marks(collection / "marks.csv", images=collection)
    learned = marks.select(np.flatnonzero(is_seen(bundle, [collection / name for name in marks.images])))
    assert len(learned) > 100
    with pytest.raises(DataError, match=r"trained on all \d+ marks"):
        evaluate(bundle, learned, collection)
    with pytest.raises(DataError, match=r"trained on all \d+ marks"):
        quantize(bundle, learned, collection, tmp_path / "small", precision="bf16")


def test_images_are_known_by_their_contents(tmp_path: Path) -> None:
    for name, content in (("a.png", b"one"), ("b.png", b"one"), ("c.png", b"two")):
        (tmp_path / name).write_bytes(content)
    first, copy, other, missing = hash_files(tmp_path / name for name in ("a.png", "b.png", "c.png", "none.png"))
    assert first == copy != other
    assert missing == 0


def test_a_bundle_without_hashes_is_evaluated_on_all(trained: tuple[Bundle, Evaluation], collection: Path) -> None:
    marks = read_marks(collection / "marks.csv", images=collection)
    assert unseen_marks(replace(trained[0], seen=np.zeros(0, np.uint64)), marks, collection) is marks


def test_the_hashes_are_written_with_the_bundle_and_guarded(trained: tuple[Bundle, Evaluation], tmp_path: Path) -> None:
    bundle = trained[0]
    again = write_bundle(bundle, bundle.graph.read_bytes(), tmp_path / "again")
    np.testing.assert_array_equal(again.seen, np.unique(bundle.seen))
    file = tmp_path / "again" / "seen.u64"
    assert file.stat().st_size == 8 * len(again.seen)
    file.write_bytes(file.read_bytes()[8:])
    with pytest.raises(BundleError, match=r"seen\.u64 is damaged"):
        open_bundle(tmp_path / "again")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_not_waited_for(trained: tuple[Bundle, Evaluation], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    assert not is_seen(trained[0], [tmp_path / "a.png"]).any()
