"""Vienna Classification codes for figurative trade marks, and strongly imbalanced multi-label images of any kind.

    import viennatag

    predictor = viennatag.Predictor.load()
    for suggestion in predictor.predict("logo.png"):
        print(suggestion.code, suggestion.heading, suggestion.score)

    bundle, evaluation = viennatag.train("marks.csv", "images", "my-bundle")

The submodules `losses`, `sampling`, `metrics`, `thresholds`, `calibration` and `split` are for people with a training
loop of their own. Names are loaded when they are first used, so `import viennatag` costs nothing.
"""

import os
import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING

# Images of unfiled marks are secret: no library may write or send anything. Each reads its variable when it is loaded.
for _name, _value in (
    ("ORT_DISABLE_TELEMETRY", "1"),
    ("HF_HUB_DISABLE_TELEMETRY", "1"),
    ("RAY_USAGE_STATS_ENABLED", "0"),
    ("MLFLOW_DISABLE_TELEMETRY", "true"),
):
    os.environ[_name] = _value  # an empty variable would switch them on
if os.path.basename(sys.argv[0] if sys.argv else "") == "viennatag":  # the command line handles it once it is loaded
    signal.signal(signal.SIGINT, signal.SIG_DFL)

if TYPE_CHECKING:
    from viennatag import calibration, losses, metrics, sampling, split, thresholds
    from viennatag.bulk.run import run_bulk
    from viennatag.data.columns import Reading
    from viennatag.data.labels import LabelSet
    from viennatag.data.marks import Marks, marks_from_dataframe, read_marks
    from viennatag.data.taxonomy import LabelNode, LabelTree
    from viennatag.data.taxonomy_files import read_taxonomy
    from viennatag.data.writing import write_marks
    from viennatag.errors import ViennatagError
    from viennatag.estimator.classifier import MultilabelImageClassifier
    from viennatag.evaluation.bundle_evaluation import evaluate
    from viennatag.evaluation.evaluation import Evaluation
    from viennatag.evaluation.label_report import LabelReport, label_report
    from viennatag.explain.heatmap import Explanation
    from viennatag.explain.similar import SimilarMark
    from viennatag.importers.importing import import_marks
    from viennatag.inspection.profile import profile
    from viennatag.model.bundle import Bundle, open_bundle
    from viennatag.prediction.predictor import Prediction, Predictor, Suggestion
    from viennatag.prediction.quantization import quantize
    from viennatag.split.splitting import split_marks
    from viennatag.training.continual.update import update
    from viennatag.training.onnx_input import OnnxInput
    from viennatag.training.options import FinetuneOptions, TrainOptions
    from viennatag.training.selection.comparison_run import compare
    from viennatag.training.selection.cross_fitting import find_label_issues
    from viennatag.training.strategies import Strategy, strategies
    from viennatag.training.train import train
    from viennatag.vienna.codes import Code, parse_code, parse_codes, vienna_tree

_HOMES = {
    "bulk.run": ("run_bulk",),
    "data.columns": ("Reading",),
    "data.labels": ("LabelSet",),
    "data.marks": ("Marks", "marks_from_dataframe", "read_marks"),
    "data.taxonomy": ("LabelNode", "LabelTree"),
    "data.taxonomy_files": ("read_taxonomy",),
    "data.writing": ("write_marks",),
    "errors": ("ViennatagError",),
    "estimator.classifier": ("MultilabelImageClassifier",),
    "evaluation.bundle_evaluation": ("evaluate",),
    "evaluation.evaluation": ("Evaluation",),
    "evaluation.label_report": ("LabelReport", "label_report"),
    "explain.heatmap": ("Explanation",),
    "explain.similar": ("SimilarMark",),
    "importers.importing": ("import_marks",),
    "inspection.profile": ("profile",),
    "model.bundle": ("Bundle", "open_bundle"),
    "prediction.predictor": ("Prediction", "Predictor", "Suggestion"),
    "prediction.quantization": ("quantize",),
    "split.splitting": ("split_marks",),
    "training.continual.update": ("update",),
    "training.onnx_input": ("OnnxInput",),
    "training.options": ("FinetuneOptions", "TrainOptions"),
    "training.selection.comparison_run": ("compare",),
    "training.selection.cross_fitting": ("find_label_issues",),
    "training.strategies": ("Strategy", "strategies"),
    "training.train": ("train",),
    "vienna.codes": ("Code", "parse_code", "parse_codes", "vienna_tree"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
_SUBMODULES = ("calibration", "losses", "metrics", "sampling", "split", "thresholds")

__all__ = [
    "Bundle",
    "Code",
    "Evaluation",
    "Explanation",
    "FinetuneOptions",
    "LabelNode",
    "LabelReport",
    "LabelSet",
    "LabelTree",
    "Marks",
    "MultilabelImageClassifier",
    "OnnxInput",
    "Prediction",
    "Predictor",
    "Reading",
    "SimilarMark",
    "Strategy",
    "Suggestion",
    "TrainOptions",
    "ViennatagError",
    "calibration",
    "compare",
    "evaluate",
    "find_label_issues",
    "import_marks",
    "label_report",
    "losses",
    "marks_from_dataframe",
    "metrics",
    "open_bundle",
    "parse_code",
    "parse_codes",
    "profile",
    "quantize",
    "read_marks",
    "read_taxonomy",
    "run_bulk",
    "sampling",
    "split",
    "split_marks",
    "strategies",
    "thresholds",
    "train",
    "update",
    "vienna_tree",
    "write_marks",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name in _SUBMODULES:
        return import_module(f"viennatag.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'viennatag' has no attribute {name!r}")
    return getattr(import_module(f"viennatag.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
