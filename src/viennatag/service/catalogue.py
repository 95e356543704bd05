"""`/v1/codes` and `/v1/model`: the classification, and the model card."""

from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from viennatag.errors import CodeError
from viennatag.explain.similar import digest
from viennatag.model.bundle import DESCRIPTION, Bundle
from viennatag.service.problems import NOT_FOUND, RESPONSES, Problem
from viennatag.service.schemas import CodeList, CodeResponse, ModelResponse
from viennatag.vienna.codes import Code, vienna_tree
from viennatag.vienna.search import auxiliary_codes, parse_spelling, search_classification

_LIMIT = 60
"""Codes in the result of a search."""


def catalogue_routes(bundle: Bundle) -> APIRouter:
    """Return the routes of the classification and the model."""
    router = APIRouter(prefix="/v1", responses=RESPONSES)
    vienna = bundle.labels.taxonomy == "vienna"
    card = {
        **model_name(bundle),
        "taxonomy": bundle.labels.taxonomy,
        "image_size": bundle.image_size,
        "labels": dict(Counter(bundle.labels.levels)),
        "training": dict(bundle.training),
        "metrics": dict(bundle.metrics),
        "thresholds": dict(zip(bundle.labels.names, bundle.postprocessor.thresholds.tolist(), strict=True)),
    }

    @router.get("/codes", response_model=CodeList, tags=["codes"], operation_id="search_codes")
    async def search_codes(
        q: Annotated[
            str | None,
            Query(
                max_length=200,
                description="Words, in English or an imported language, or a code in any spelling.",
                examples=["small cat"],
            ),
        ] = None,
    ) -> dict[str, Any]:
        """Search the headings; without `q`, list the categories."""
        return {"codes": _search_vienna(q) if vienna else _search_flat(bundle, q)}

    @router.get("/codes/{code}", response_model=CodeResponse, tags=["codes"], operation_id="read_code")
    async def read_code(code: Annotated[str, Path(max_length=200, examples=["3.1.6"])]) -> dict[str, Any]:
        """Show a code with its ancestors and children."""
        return _vienna_code(code, bundle) if vienna else _flat_code(code, bundle)

    @router.get("/model", response_model=ModelResponse, tags=["model"], operation_id="read_model")
    async def read_model() -> dict[str, Any]:
        """Show the model card: training, metrics, labels and thresholds."""
        return card

    return router


def model_name(bundle: Bundle) -> dict[str, str]:
    """Return the name of a bundle and the digest of its description, which holds the hashes of its other files."""
    folder = bundle.graph.parent
    return {"name": folder.resolve().name, "digest": digest(folder / DESCRIPTION)}


def _search_vienna(words: str | None) -> list[dict[str, Any]]:
    if words is None:
        return [_node(code) for code in vienna_tree().children(None)]
    return [{**_node(code), "matched": matched} for code, matched in search_classification(words, limit=_LIMIT)]


def _search_flat(bundle: Bundle, words: str | None) -> list[dict[str, str]]:
    wanted = (words or "").lower().split()
    found = [name for name in bundle.labels.names if all(word in name.lower() for word in wanted)]
    return [_flat_node(name) for name in (found if words is None else found[:_LIMIT])]


def _vienna_code(text: str, bundle: Bundle) -> dict[str, Any]:
    tree = vienna_tree()
    try:
        code = parse_spelling(text)
    except CodeError as exc:
        raise Problem(NOT_FOUND, str(exc)) from exc
    known = str(code) in bundle.labels.index
    if code not in tree and not known:
        raise Problem(NOT_FOUND, f"the code {code} is neither in the classification nor in the model")
    path, children = ([_node(each) for each in codes] for codes in (code.path, tree.children(code)))
    return {**_node(code), "path": path, "children": children, "known_to_model": known}


def _flat_code(label: str, bundle: Bundle) -> dict[str, Any]:
    if label not in bundle.labels.index:
        raise Problem(NOT_FOUND, f"the model has no label {label[:80]!r}")
    node = _flat_node(label)
    return {**node, "path": [node], "children": [], "known_to_model": True}


def _node(code: Code) -> dict[str, Any]:
    node = {"code": str(code), "heading": vienna_tree().heading(code), "level": code.level}
    return {**node, "auxiliary": code in auxiliary_codes()}


def _flat_node(label: str) -> dict[str, str]:
    return {"code": label, "heading": label, "level": "label"}
