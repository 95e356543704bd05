"""`/v1/codes` and `/v1/model`: what the codes mean, and what the model is."""

import hashlib
from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from viennatag.errors import CodeError
from viennatag.model.bundle import DESCRIPTION, Bundle
from viennatag.service.answers import Card, Nodes, Place
from viennatag.service.problems import NOT_FOUND, RESPONSES, Problem
from viennatag.vienna.codes import Code, parse_code, vienna_tree

SEARCH_LIMIT = 60


def catalogue_routes(bundle: Bundle) -> APIRouter:
    """Return the routes about codes and the model."""
    router = APIRouter(prefix="/v1", responses=RESPONSES)
    vienna = bundle.labels.taxonomy == "vienna"
    card = model_card(bundle)

    @router.get("/codes", response_model=Nodes, tags=["codes"])
    async def search_codes(
        q: Annotated[
            str | None, Query(max_length=200, description="Words of a heading.", examples=["small cat"])
        ] = None,
    ) -> dict[str, Any]:
        """Search headings; without `q` the categories."""
        return {"codes": _vienna_nodes(q) if vienna else _flat_nodes(bundle, q)}

    @router.get("/codes/{code}", response_model=Place, tags=["codes"])
    async def read_code(code: Annotated[str, Path(max_length=200, examples=["3.1.6"])]) -> dict[str, Any]:
        """Show a code with its place in the tree."""
        return _vienna_place(code, bundle) if vienna else _flat_place(code, bundle)

    @router.get("/model", response_model=Card, tags=["model"])
    async def read_model() -> dict[str, Any]:
        """Show the model card: how it was trained, what was measured, its labels and thresholds."""
        return card

    return router


def model_card(bundle: Bundle) -> dict[str, Any]:
    """Return what `/v1/model` shows."""
    return {
        **model_name(bundle),
        "taxonomy": bundle.labels.taxonomy,
        "image_size": bundle.image_size,
        "labels": dict(Counter(bundle.labels.levels)),
        "training": dict(bundle.training),
        "metrics": dict(bundle.metrics),
        "thresholds": dict(zip(bundle.labels.names, bundle.thresholds.tolist(), strict=True)),
    }


def model_name(bundle: Bundle) -> dict[str, str]:
    """Return the bundle's name and a digest of its description, which holds the hashes of its other files."""
    folder = bundle.graph.parent
    return {
        "name": folder.resolve().name,
        "digest": "sha256:" + hashlib.sha256((folder / DESCRIPTION).read_bytes()).hexdigest(),
    }


def _vienna_nodes(words: str | None) -> list[dict[str, str]]:
    tree = vienna_tree()
    found = tree.children(None) if words is None else tree.search([words], limit=SEARCH_LIMIT)
    return [_leveled(code) for code in found]


def _flat_nodes(bundle: Bundle, words: str | None) -> list[dict[str, str]]:
    wanted = (words or "").lower().split()
    found = [name for name in bundle.labels.names if all(word in name.lower() for word in wanted)]
    return [
        {"code": name, "heading": name, "level": "label"} for name in (found if words is None else found[:SEARCH_LIMIT])
    ]


def _vienna_place(text: str, bundle: Bundle) -> dict[str, Any]:
    tree = vienna_tree()
    try:
        code = parse_code(text)
    except CodeError as exc:
        raise Problem(NOT_FOUND, str(exc)) from exc
    known = str(code) in bundle.labels.index
    if code not in tree and not known:
        raise Problem(NOT_FOUND, f"neither the classification nor the model holds the code {code}")
    return {
        **_leveled(code),
        "path": [_node(each) for each in code.path],
        "children": [_node(each) for each in tree.children(code)],
        "known_to_model": known,
    }


def _flat_place(label: str, bundle: Bundle) -> dict[str, Any]:
    if label not in bundle.labels.index:
        raise Problem(NOT_FOUND, f"the model has no label {label[:80]!r}")
    node = {"code": label, "heading": label}
    return {**node, "level": "label", "path": [node], "children": [], "known_to_model": True}


def _node(code: Code) -> dict[str, str]:
    return {"code": str(code), "heading": vienna_tree().heading(code)}


def _leveled(code: Code) -> dict[str, str]:
    return {**_node(code), "level": code.level}
