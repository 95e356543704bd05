"""The public door: what people use from Python, each input right or refused with what is taken."""

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from PIL import Image

import viennatag
from tests.conftest import TINY
from viennatag.errors import DataError, ImageError

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "examples/sample-mark.png"


def test_every_source_of_an_image_gives_the_same_answer() -> None:
    predictor = viennatag.Predictor.load()
    content = SAMPLE.read_bytes()
    image = Image.open(SAMPLE)
    with SAMPLE.open("rb") as stream:
        sources: list[Any] = [
            SAMPLE,
            str(SAMPLE),
            content,
            bytearray(content),
            io.BytesIO(content),
            stream,
            image,
            np.asarray(image.convert("RGBA")),
        ]
        answers = [predictor.predict(source) for source in sources]
    assert len(set(answers)) == 1
    many = list(predictor.predict_many([np.asarray(image.convert("RGBA")), SAMPLE]))
    assert [each.suggestions for each in many] == [answers[0], answers[0]]
    assert [each.image for each in many] == ["", str(SAMPLE)]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.zeros((8, 8, 3), complex), "complex128"),
        (np.zeros((3, 8, 8), np.uint8), r"shape \(3, 8, 8\); expected .* of shape \(height, width\)"),
        (np.zeros((0, 8), np.uint8), "the array is empty"),
        (io.StringIO("text"), "open it in binary mode"),
        (7, "this is of type int; expected a path"),
        (None, "this is of type NoneType; expected a path"),
    ],
)
def test_other_sources_are_refused_with_what_is_taken(source: Any, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        viennatag.Predictor.load().predict(source)


def test_training_evaluating_and_profiling_take_tables_as_they_are(
    collection: Path, cache: Path, tmp_path: Path
) -> None:
    import pandas as pd

    table = collection / "marks.csv"
    bundle, evaluation = viennatag.train(table, collection, tmp_path / "one", TINY, cache=cache)
    frame = pd.read_csv(table)
    again, _ = viennatag.train(frame, collection, tmp_path / "two", TINY, cache=str(cache))
    assert bundle.labels == again.labels
    assert bundle.digest == again.digest
    assert evaluation.marks == bundle.metrics["marks"]
    found = viennatag.evaluate(tmp_path / "one", table, collection)
    assert found.marks == evaluation.marks, "those that it has not learned from"
    assert viennatag.profile(frame).marks == viennatag.profile(table).marks == 240


@pytest.mark.parametrize("marks", [7, None, ["a.png"]])
def test_what_is_no_table_is_refused_with_what_is_taken(marks: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected Marks, the path of a table"):
        viennatag.train(marks, tmp_path, tmp_path / "out")


def test_strategies_are_compared_by_name(collection: Path, cache: Path) -> None:
    found = viennatag.compare(
        collection / "marks.csv",
        collection,
        ["class-weights"],
        backbone=TINY.backbone,
        pretrained=False,
        size=TINY.size,
        seeds=1,
        cache=cache,
    )
    assert [row.name for row in found.rows] == ["prior", "as-is", "class-weights"]


def test_label_issues_are_found_with_a_bundle(collection: Path, cache: Path, tmp_path: Path) -> None:
    bundle, _ = viennatag.train(collection / "marks.csv", collection, tmp_path / "bundle", TINY, cache=cache)
    issues = viennatag.find_label_issues(collection / "marks.csv", collection, bundle, limit=3, cache=cache)
    assert {issue.kind for issue in issues} <= {"missing", "wrong"}
    with pytest.raises(DataError, match="expected Marks"):
        viennatag.find_label_issues(7, collection, bundle)


def test_strategies_are_listed_without_torch() -> None:
    code = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(['torch', 'timm', 'lightning', 'torchvision', 'onnx', 'scipy']))\n"
        "import viennatag\n"
        "print(len(viennatag.strategies()), viennatag.TrainOptions().strategy.name)\n"
        "viennatag.FinetuneOptions()\n"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert printed.stdout.split()[1:] == ["as-is"], printed.stderr
    assert int(printed.stdout.split()[0]) > 20


@pytest.mark.parametrize("name", ["calibration", "losses", "metrics", "sampling", "split", "thresholds"])
def test_the_pieces_for_a_loop_of_ones_own_are_modules_with_a_list_of_names(name: str) -> None:
    module = getattr(viennatag, name)
    assert module.__name__ == f"viennatag.{name}"
    assert list(module.__all__) == sorted(module.__all__)
    assert len(module.__all__) > 2
    named = [getattr(module, each) for each in module.__all__]
    assert all(each.__doc__ for each in named if getattr(each, "__module__", "").startswith("viennatag"))


def test_results_are_tables_in_a_notebook_and_short_in_a_line() -> None:
    frame = pandas.DataFrame({"image": [f"{at}.png" for at in range(300)], "codes": ["3.1.6", "26.1.1", "3.1.6"] * 100})
    marks = viennatag.read_marks(frame)
    profile = viennatag.profile(marks)
    assert profile.to_dataframe().query("level == 'section'")["marks"].tolist() == [200, 100]
    assert "<table" in (profile._repr_html_() or "")
    assert "2.png" in (marks._repr_html_() or "")
    again = viennatag.read_marks(marks.to_dataframe())
    assert (again.images, again.codes, again.ids) == (marks.images, marks.codes, marks.ids)
    for each in (marks, profile, viennatag.LabelSet.from_marks(marks)):
        assert len(repr(each)) < 120
    assert repr(marks) == "Marks(300 marks, 2 labels, taxonomy 'vienna')"


@pytest.mark.parametrize("value", ["", "0"])
def test_a_variable_of_the_environment_switches_no_telemetry_on(value: str) -> None:
    code = "import os, viennatag; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    environment = {**os.environ, "ORT_DISABLE_TELEMETRY": value}
    assert subprocess.check_output([sys.executable, "-c", code], env=environment, text=True) == "1\n"
