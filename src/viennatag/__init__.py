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
    from viennatag.bundle import Bundle, open_bundle
    from viennatag.codes import Code, parse_code, parse_codes, vienna_tree
    from viennatag.errors import ViennatagError
    from viennatag.evaluation import Evaluation, evaluate
    from viennatag.evidence.heat import Explanation
    from viennatag.evidence.known import SimilarMark
    from viennatag.labels import LabelSet
    from viennatag.marks import Marks, marks_from_dataframe, read_marks, write_marks
    from viennatag.predictor import Prediction, Predictor, Suggestion
    from viennatag.split import split_marks

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
    "bundle": ("Bundle", "open_bundle"),
    "codes": ("Code", "parse_code", "parse_codes", "vienna_tree"),
    "errors": ("ViennatagError",),
    "evaluation": ("Evaluation", "evaluate"),
    "evidence.heat": ("Explanation",),
    "evidence.known": ("SimilarMark",),
    "labels": ("LabelSet",),
    "marks": ("Marks", "marks_from_dataframe", "read_marks", "write_marks"),
    "predictor": ("Prediction", "Predictor", "Suggestion"),
    "split": ("split_marks",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'viennatag' has no attribute {name!r}")
    return getattr(import_module(f"viennatag.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
