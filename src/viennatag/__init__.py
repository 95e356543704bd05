"""Vienna Classification codes for figurative trade marks, from the image alone.

    import viennatag

    predictor = viennatag.Predictor.load()
    for suggestion in predictor.predict("logo.png"):
        print(suggestion.code, suggestion.heading, suggestion.score)

Names are loaded when they are first used, so `import viennatag` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from viennatag.data.labels import LabelSet
    from viennatag.data.marks import Marks, marks_from_dataframe, read_marks, write_marks
    from viennatag.errors import ViennatagError
    from viennatag.evaluation.evaluation import Evaluation, evaluate
    from viennatag.explain.heatmap import Explanation
    from viennatag.explain.similar import SimilarMark
    from viennatag.model.bundle import Bundle, open_bundle
    from viennatag.prediction.predictor import Prediction, Predictor, Suggestion
    from viennatag.split.splitting import split_marks
    from viennatag.vienna.codes import Code, parse_code, parse_codes, vienna_tree

__all__ = [
    "Bundle",
    "Code",
    "Evaluation",
    "Explanation",
    "LabelSet",
    "Marks",
    "Prediction",
    "Predictor",
    "SimilarMark",
    "Suggestion",
    "ViennatagError",
    "evaluate",
    "marks_from_dataframe",
    "open_bundle",
    "parse_code",
    "parse_codes",
    "read_marks",
    "split_marks",
    "vienna_tree",
    "write_marks",
]

_HOMES = {
    "model.bundle": ("Bundle", "open_bundle"),
    "vienna.codes": ("Code", "parse_code", "parse_codes", "vienna_tree"),
    "errors": ("ViennatagError",),
    "evaluation.evaluation": ("Evaluation", "evaluate"),
    "explain.heatmap": ("Explanation",),
    "explain.similar": ("SimilarMark",),
    "data.labels": ("LabelSet",),
    "data.marks": ("Marks", "marks_from_dataframe", "read_marks", "write_marks"),
    "prediction.predictor": ("Prediction", "Predictor", "Suggestion"),
    "split.splitting": ("split_marks",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'viennatag' has no attribute {name!r}")
    return getattr(import_module(f"viennatag.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
