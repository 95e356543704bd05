import csv
import io
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.synthetic import make_collection
from viennatag.data.labels import LabelSet
from viennatag.data.marks import Marks
from viennatag.errors import DataError, OptionError
from viennatag.evaluation.label_issues import rank_label_issues
from viennatag.reports.label_issues import write_label_issues
from viennatag.training.heads.trainer import Schedule
from viennatag.training.selection.cross_fitting import cross_fit_heads
from viennatag.training.strategies import find_strategy

QUICK = {"strategy": find_strategy("as-is"), "schedule": Schedule(epochs=4, min_steps=80)}
TREE = LabelSet("vienna", ("1", "1.1", "1.1.1", "2", "2.1", "2.1.1"))


def made_up(codes: tuple[tuple[str, ...], ...]) -> Marks:
    names = tuple(f"{at}.png" for at in range(len(codes)))
    return Marks("vienna", names, codes, names, ("",) * len(codes), ("",) * len(codes), (1.0,) * len(codes))


def test_hidden_codes_come_back_first() -> None:
    collection = make_collection(500, noise=0.4)
    random = np.random.default_rng(1)
    rows = tuple(tuple(code for code in codes if random.random() > 0.2) for codes in collection.marks.codes)
    marks = replace(collection.marks, codes=rows)
    labels = LabelSet.from_marks(marks, min_count=5)
    scores = cross_fit_heads(marks, labels, collection.features, collection.rows, **QUICK)
    doubts = rank_label_issues(marks, labels, scores, limit=40, features=(collection.features, collection.rows))
    truth = labels.encode(collection.marks.codes).toarray()
    missing = [doubt for doubt in doubts if doubt.kind == "missing"]
    assert np.mean([truth[doubt.row, labels.index[doubt.label]] for doubt in missing]) > 0.8
    assert [doubt.certainty for doubt in missing] == sorted((doubt.certainty for doubt in missing), reverse=True)
    assert all(len(doubt.neighbours) == 5 and doubt.row not in doubt.neighbours for doubt in doubts)
    assert any(doubt.agreeing for doubt in missing)


def test_an_ancestor_gives_its_place_to_its_descendant() -> None:
    marks = made_up((("1.1.1",),) * 39 + (("2.1.1",),))
    scores = np.tile(np.array([0.9, 0.9, 0.9, 0.1, 0.1, 0.1]), (40, 1))
    scores[5, 3:] = (0.8, 0.7, 0.2)
    missing = [each for each in rank_label_issues(marks, TREE, scores, limit=3) if each.kind == "missing"]
    # Row 5 lacks 2.1 nearly as surely as 2, but hardly 2.1.1.
    assert [(each.row, each.label) for each in missing[:2]] == [(39, "1.1.1"), (5, "2.1")]
    assert [each.certainty for each in missing] == [0.9, 0.7, 0.2]
    (only,) = (each for each in rank_label_issues(marks, TREE, scores, limit=1) if each.kind == "missing")
    assert (only.row, only.label) == (39, "1")  # its descendants do not fit in beside it


def test_a_code_is_as_wrong_as_marks_without_it_score_higher() -> None:
    marks = made_up((("1.1.1",),) * 10 + (("2.1.1",),) * 10)
    scores = np.zeros((20, 6))
    scores[:10, :3], scores[10:, :3] = 0.4, 0.1
    scores[:10, 3:], scores[10:, 3:] = 0.3, 0.3  # nothing tells who carries 2.1.1
    scores[7, :3] = (0.4, 0.4, 0.05)  # only its section is in doubt
    (doubt,) = (each for each in rank_label_issues(marks, TREE, scores) if each.kind == "wrong")
    assert (doubt.row, doubt.label, doubt.score) == (7, "1.1.1", 0.05)
    area = (9 * 1 + 0) / 10  # of the section: all without it score below nine of ten with it
    assert doubt.certainty == pytest.approx((0 + 0 + 1 * (2 * area - 1)) / 3)
    assert doubt.typical == pytest.approx((9 * 0.4 + 0.05) / 10)


def test_scores_in_blocks_are_ranked_as_those_in_memory() -> None:
    random = np.random.default_rng(0)
    codes = tuple(tuple(code for code in ("1.1.1", "1.1", "2.1.1") if random.random() < 0.4) for _ in range(300))
    marks = replace(made_up(codes), unknown=tuple(("2.1",) if random.random() < 0.1 else () for _ in range(300)))
    scores = np.sort(random.integers(1, 20, size=(300, 2, 3)) / 20)[..., ::-1].reshape(300, 6)  # with ties
    order = random.permutation(300)

    class Blocks:
        shape = scores.shape

        def __iter__(self) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]]:
            return ((order[at : at + 7], scores[order[at : at + 7]]) for at in range(0, 300, 7))

    found = rank_label_issues(marks, TREE, Blocks(), limit=1000)
    assert found == rank_label_issues(marks, TREE, scores, limit=1000)
    assert {each.kind for each in found} == {"missing", "wrong"}


def test_the_table_asks_for_a_decision() -> None:
    marks = made_up((("1.1.1",),) * 39 + (("2.1.1",),))
    scores = np.tile(np.array([0.9, 0.9, 0.9, 0.1, 0.1, 0.1]), (40, 1))
    file = io.StringIO()
    write_label_issues(rank_label_issues(marks, TREE, scores, limit=3), marks, file)
    (row, *_) = csv.DictReader(io.StringIO(file.getvalue()))
    assert (row["kind"], row["code"], row["score"], row["decision"]) == ("missing", "1.1.1", "0.9000", "")
    with pytest.raises(DataError, match=r"scores have shape \(40, 2\)"):
        rank_label_issues(marks, TREE, scores[:, :2])


def test_a_head_never_scores_what_it_learned_from() -> None:
    collection = make_collection(200)
    random = np.random.default_rng(0)
    noise = random.normal(size=collection.features.shape).astype(np.float16)  # says nothing of the labels
    labels = LabelSet.from_marks(collection.marks, min_count=5)
    scores = cross_fit_heads(collection.marks, labels, noise, collection.rows, **QUICK).to_array()
    carries = labels.encode(collection.marks.codes).toarray()
    common = int(np.argmax(carries.sum(axis=0) * (carries.mean(axis=0) < 0.6)))
    inside, outside = scores[carries[:, common], common].mean(), scores[~carries[:, common], common].mean()
    assert abs(inside - outside) < 0.1
    with pytest.raises(OptionError, match="at least 3"):
        cross_fit_heads(collection.marks, labels, noise, collection.rows, folds=2)
    for few in (1, 4):
        marks = collection.marks.select([0] * few)
        with pytest.raises(DataError, match="too few for that; add marks, or leave --model out"):
            cross_fit_heads(marks, labels, noise, collection.rows[:few])
