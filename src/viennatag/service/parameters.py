"""Query parameters: those that several routes share, and the refusal of unknown ones."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated

from fastapi import Query, Request

from viennatag.errors import OptionError
from viennatag.images.crops import Box
from viennatag.model.bundle import Bundle
from viennatag.prediction.predictor import Predictor
from viennatag.service.problems import INVALID, Problem
from viennatag.vienna.codes import parse_codes

_BOX = r"^\s*\d*\.?\d+\s*(,\s*\d*\.?\d+\s*){3}$"

BoxQuery = Annotated[
    str | None,
    Query(
        max_length=200,
        json_schema_extra={"pattern": _BOX},  # checked below, with a message for people
        description="A region of the image, to be taken for all of it: left, top, right and bottom, as fractions of "
        "the width and height of the upright image.",
        examples=["0.1,0.25,0.6,0.9"],
    ),
]


@dataclass(frozen=True)
class PredictionQuery:
    """What is wanted of a prediction, checked against the bundle; see `Predictor.suggest`.

    Attributes:
        top: Number of codes, whatever their thresholds.
        level: The level to answer at.
        threshold: One threshold for all codes.
        exclude: Codes or flat labels to leave out.
        region: Box of the region to predict for, in fractions; None for all of the image.
    """

    top: int | None = None
    level: str | None = None
    threshold: float | None = None
    exclude: frozenset[str] = frozenset()
    region: Box | None = None


def prediction_query(predictor: Predictor) -> Callable[..., PredictionQuery]:
    """Return a dependency that reads the query parameters of a prediction."""
    levels = list(predictor.bundle.labels.level_names)

    def read(
        top: Annotated[
            int | None, Query(ge=1, le=1000, description="Rank this many codes of a level, whatever their thresholds.")
        ] = None,
        level: Annotated[
            str | None,
            Query(
                description="Suggest codes of this level only.",
                json_schema_extra={"enum": levels},
                examples=levels[-1:],
            ),
        ] = None,
        threshold: Annotated[
            float | None, Query(ge=0, le=1, description="One threshold for all codes instead of the bundle's.")
        ] = None,
        exclude: Annotated[
            str,
            Query(
                max_length=2000,
                description="Codes or categories to leave out, separated by commas.",
                examples=["29,27.5"],
            ),
        ] = "",
        box: BoxQuery = None,
    ) -> PredictionQuery:
        predictor.check_options(top, level)
        return PredictionQuery(top, level, threshold, read_exclude(exclude, predictor.bundle), read_box(box))

    return read


def read_exclude(text: str, bundle: Bundle) -> frozenset[str]:
    """Return the labels that a list of codes or flat labels excludes.

    Raises:
        CodeError: If an entry is not a code.
        OptionError: If an entry is not a label of a flat bundle.
    """
    if bundle.labels.taxonomy == "vienna":
        return frozenset(map(str, parse_codes(text)))
    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    if unknown := sorted(names - set(bundle.labels.names)):
        raise OptionError(f"exclude names {unknown[0][:80]!r}, which is not a label of the bundle")
    return names


def read_box(text: str | None) -> Box | None:
    """Return the box that a query parameter names, or None without one.

    Raises:
        Problem: If it is not a box inside the image.
    """
    if text is None:
        return None
    if re.match(_BOX, text):
        left, top, right, bottom = map(float, text.split(","))
        if 0 <= left < right <= 1 and 0 <= top < bottom <= 1:
            return left, top, right, bottom
    expected = "expected four fractions, such as 0.1,0.25,0.6,0.9, with left < right <= 1 and top < bottom <= 1"
    raise Problem(INVALID, f"query.box: {text[:80]!r} is not a box inside the image; {expected}")


def refuse_unknown_parameters(request: Request) -> None:
    """Raise a `Problem` if a query parameter is unknown to the route, or comes twice."""
    if not request.url.query:
        return
    operations = request.app.openapi()["paths"].get(request.scope["route"].path_format)
    if operations is None:  # a page
        return
    described = operations[request.method.lower()].get("parameters", ())
    known = sorted(each["name"] for each in described if each["in"] == "query")
    given = [name for name, _ in request.query_params.multi_items()]
    for name in given:
        if name not in known:
            close = get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            names = f"the parameters are {', '.join(known)}" if known else "there are no parameters"
            raise Problem(INVALID, f"query: there is no parameter {name[:40]!r}; {hint}{names}")
        if given.count(name) > 1:
            raise Problem(INVALID, f"query.{name}: it is given {given.count(name)} times; give it once")
