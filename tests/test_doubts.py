import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from tests.synthetic import make_collection
from viennatag.doubts import find_doubts
from viennatag.errors import DataError, OptionError
from viennatag.labels import LabelSet
from viennatag.report.doubts import write_doubts
from viennatag.training.crossfit import cross_fitted_scores
from viennatag.training.head import Schedule
from viennatag.training.strategy import find_strategy

QUICK = {"strategy": find_strategy("as-is"), "schedule": Schedule(epochs=4, min_steps=80)}


def test_hidden_codes_come_back_first() -> None:
    collection = make_collection(500, noise=0.4)
    random = np.random.default_rng(1)
    rows = tuple(tuple(code for code in codes if random.random() > 0.2) for codes in collection.marks.codes)
    marks = replace(collection.marks, codes=rows)
    labels = LabelSet.from_marks(marks, min_count=5)
    scores = cross_fitted_scores(marks, labels, collection.features, collection.rows, **QUICK)
    doubts = find_doubts(marks, labels, scores, limit=40, features=(collection.features, collection.rows))
    truth = labels.encode(collection.marks.codes).toarray()
    missing = [doubt for doubt in doubts if doubt.kind == "missing"]
    assert np.mean([truth[doubt.row, labels.index[doubt.label]] for doubt in missing]) > 0.8
    assert [doubt.certainty for doubt in missing] == sorted((doubt.certainty for doubt in missing), reverse=True)
    assert all(len(doubt.neighbours) == 5 and doubt.row not in doubt.neighbours for doubt in doubts)
    assert any(doubt.agreeing for doubt in missing)


def test_an_ancestor_is_left_out_where_its_descendant_is_listed_and_the_table_asks_for_a_decision() -> None:
    marks = make_collection(40).marks
    marks = replace(marks, codes=(("1.1.1",),) * 39 + (("2.1.1",),))
    labels = LabelSet("vienna", ("1", "1.1", "1.1.1", "2", "2.1", "2.1.1"))
    scores = np.tile(np.array([0.9, 0.9, 0.9, 0.1, 0.1, 0.1]), (40, 1))
    scores[7, 2] = 0.05
    doubts = find_doubts(marks, labels, scores, limit=3)
    assert next((doubt.row, doubt.label) for doubt in doubts if doubt.kind == "wrong") == (7, "1.1.1")
    assert doubts[1].certainty == pytest.approx(doubts[1].typical - 0.05)
    assert [(doubt.row, doubt.label) for doubt in doubts if doubt.kind == "missing"] == [(39, "1.1.1")]
    file = io.StringIO()
    write_doubts(doubts, marks, file)
    (row, *_) = csv.DictReader(io.StringIO(file.getvalue()))
    assert (row["kind"], row["code"], row["score"], row["decision"]) == ("missing", "1.1.1", "0.9000", "")
    with pytest.raises(DataError, match=r"scores have shape \(40, 2\)"):
        find_doubts(marks, labels, scores[:, :2])


def test_a_head_never_scores_what_it_learned_from() -> None:
    collection = make_collection(200)
    random = np.random.default_rng(0)
    noise = random.normal(size=collection.features.shape).astype(np.float16)  # says nothing of the labels
    labels = LabelSet.from_marks(collection.marks, min_count=5)
    scores = cross_fitted_scores(collection.marks, labels, noise, collection.rows, **QUICK)
    carries = labels.encode(collection.marks.codes).toarray()
    common = int(np.argmax(carries.sum(axis=0) * (carries.mean(axis=0) < 0.6)))
    inside, outside = scores[carries[:, common], common].mean(), scores[~carries[:, common], common].mean()
    assert abs(inside - outside) < 0.1
    with pytest.raises(OptionError, match="at least 3"):
        cross_fitted_scores(collection.marks, labels, noise, collection.rows, folds=2)
