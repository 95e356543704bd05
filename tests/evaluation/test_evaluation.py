import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from sklearn.metrics import average_precision_score, f1_score

from tests.bundles import plain_bundle, with_postprocessing
from tests.data.test_labels import marks_of
from viennatag.data.labels import LabelSet
from viennatag.data.marks import read_marks
from viennatag.errors import DataError, OptionError
from viennatag.evaluation.bundle_evaluation import evaluate
from viennatag.evaluation.evaluation import Evaluation, evaluate_scores
from viennatag.model.bundle import Bundle
from viennatag.prediction.predictor import Predictor
from viennatag.reports.evaluation import evaluation_report

CODES = ("3.1.6", "3.1.8", "5.3.1", "26.4.1", "27.5.1")


def made_up(n: int = 300, seed: int = 0) -> tuple[np.ndarray, list[list[str]], Bundle]:
    """Return scores that know something, the codes they are about, and their bundle."""
    random = np.random.default_rng(seed)
    truth = random.random((n, len(CODES))) < [0.3, 0.1, 0.05, 0.4, 0.5]
    truth[~truth.any(axis=1), 4] = True
    rows = [[CODES[at] for at in np.flatnonzero(row)] for row in truth]
    labels = LabelSet.from_marks(marks_of([[*CODES]]))
    targets = labels.encode(rows).toarray()
    scores = np.clip(0.3 * targets + 0.7 * random.random(targets.shape), 0, 1)
    counts = np.array([500 if name.startswith("2") else 10 for name in labels.names])
    bundle = replace(plain_bundle(labels, threshold=0.6), train_counts=counts, prior=targets.mean(axis=0))
    return scores, rows, bundle


def test_f1_is_of_what_the_bundle_suggests() -> None:
    scores, rows, bundle = made_up()
    found = (
        evaluate_scores(scores, marks_of(rows), with_postprocessing(bundle, top=1), rounds=10).find("section").metrics
    )
    section = bundle.labels.at_level("section")
    best = scores[:, section] >= np.sort(scores[:, section], axis=1)[:, -1:]
    targets = bundle.labels.encode(rows).toarray()[:, section]
    expected = f1_score(targets, best & (scores[:, section] >= 0.6), average="micro", zero_division=0)
    assert found["micro_f1"].value == pytest.approx(expected)


def test_figures_agree_with_scikit_learn() -> None:
    scores, rows, bundle = made_up()
    evaluation = evaluate_scores(scores, marks_of(rows), bundle, rounds=10)
    targets = bundle.labels.encode(rows).toarray()
    section = bundle.labels.at_level("section")
    expected = average_precision_score(targets[:, section], scores[:, section], average=None)
    found = evaluation.find("section").metrics
    assert found["macro_map"].value == pytest.approx(expected.mean())
    assert found["head_map"].value == pytest.approx(expected[3:].mean())
    assert found["tail_map"].value == pytest.approx(expected[:3].mean())
    assert np.isnan(found["medium_map"].value)
    assert found["macro_map"].prior == pytest.approx(targets[:, section].mean(axis=0).mean())
    assert evaluation.find("section", "pictorial").labels == 3
    with pytest.raises(OptionError, match="nothing was measured for genus all; there are category all"):
        evaluation.find("genus")
    assert evaluation.find("section", "form").marks == int(targets[:, section[3:]].any(axis=1).sum())


def test_intervals_hold_the_value_and_shrink_with_more_marks() -> None:
    widths = []
    for n in (200, 3200):
        scores, rows, bundle = made_up(n)
        for part in evaluate_scores(scores, marks_of(rows), bundle, rounds=100).groups:
            for name, figure in part.metrics.items():
                if not np.isnan(figure.low):
                    assert figure.low <= figure.value <= figure.high, name
        figure = evaluate_scores(scores, marks_of(rows), bundle, rounds=100).find("section").metrics["macro_map"]
        widths.append(figure.high - figure.low)
    assert widths[1] < 0.5 * widths[0]


def test_labels_without_positives_are_left_out_and_counted() -> None:
    scores, rows, bundle = made_up()
    rows = [[code for code in row if code != "5.3.1"] or ["27.5.1"] for row in rows]
    part = evaluate_scores(scores, marks_of(rows), bundle, rounds=5).find("section")
    assert (part.labels, part.left_out) == (4, 1)
    assert not np.isnan(part.metrics["macro_map"].value)


def test_codes_the_model_cannot_know_are_counted() -> None:
    scores, rows, bundle = made_up()
    rows[0] = ["3.1.77", "77.1.1"]
    evaluation = evaluate_scores(scores, marks_of(rows), bundle, rounds=5)
    assert evaluation.unknown_codes == 2
    assert evaluation.codes == sum(map(len, rows))


def test_json_holds_no_nan() -> None:
    scores, rows, bundle = made_up()
    text = json.dumps(evaluate_scores(scores, marks_of(rows), bundle, rounds=5).to_json(), allow_nan=False)
    assert json.loads(text)["groups"][0]["metrics"]["medium_map"]["value"] is None


def test_evaluating_reports_bad_images_and_wrong_taxonomies(
    trained: tuple[Bundle, Evaluation], collection: Path, tmp_path: Path
) -> None:
    predictor = Predictor(replace(trained[0], seen=np.zeros(0, np.uint64)))  # else training marks are left out
    for name in ("000.png", "001.png", "002.png"):
        (tmp_path / name).write_bytes((collection / name).read_bytes())
    (tmp_path / "003.png").write_bytes(b"")
    marks = read_marks(collection / "marks.csv").select(range(4))
    with pytest.raises(DataError, match=r"1 of 4 images cannot be read\n  003\.png: the image is empty"):
        evaluate(predictor, marks, tmp_path)
    evaluation = evaluate(predictor, marks, tmp_path, skip_bad=True)
    assert (evaluation.marks, len(evaluation.skipped)) == (3, 1)
    flat = read_marks(collection / "flat.csv", taxonomy="flat")
    with pytest.raises(DataError, match="the bundle predicts vienna labels, the marks carry flat ones"):
        evaluate(predictor, flat, collection)


def test_of_an_incomplete_register_only_recall_is_told() -> None:
    scores, rows, bundle = made_up(150)
    evaluation = evaluate_scores(scores, marks_of(rows), bundle, rounds=5)
    section = bundle.labels.at_level("section")
    targets = bundle.labels.encode(rows).toarray()[:, section]
    suggested = scores[:, section] >= 0.6
    recall = evaluation.find("section").metrics["micro_recall"].value
    assert recall == pytest.approx((suggested & targets).sum() / targets.sum())
    plain = evaluation.to_json(incomplete=True)
    assert plain["incomplete"]
    assert set(plain["groups"][0]["metrics"]) == {"hit@1", "hit@3", "hit@10", "recall@10", "micro_recall"}
    assert "macro_map" in evaluation.to_json()["groups"][0]["metrics"]
    console = Console(width=120, file=io.StringIO())
    console.print(evaluation_report(evaluation, incomplete=True))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "mAP, F1" in shown
    assert "recall of suggestions" in shown
    assert "mAP   " not in shown
