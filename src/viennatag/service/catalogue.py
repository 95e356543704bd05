"""`/v1/codes` and `/v1/model`: the classification, and the model card."""

from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from viennatag.data.taxonomy import LabelNode, LabelTree
from viennatag.errors import CodeError
from viennatag.files import file_digest
from viennatag.model.bundle import DESCRIPTION, Bundle
from viennatag.service.problems import NOT_FOUND, RESPONSES, Problem
from viennatag.service.schemas import CodeList, CodeResponse, ModelResponse
from viennatag.vienna.codes import Code, vienna_tree
from viennatag.vienna.search import auxiliary_codes, note_of, parse_spelling, search_classification

_LIMIT = 60
"""Codes in the result of a search."""


def catalogue_routes(bundle: Bundle, *, team: bool = False) -> APIRouter:
    """Return the routes of the classification and the model."""
    router = APIRouter(prefix="/v1", responses=RESPONSES)
    taxonomy = bundle.labels.taxonomy
    own = taxonomy if isinstance(taxonomy, LabelTree) else None
    if taxonomy == "flat":  # a tree of one level
        own = LabelTree(tuple(map(LabelNode, bundle.labels.names)))
    card = {
        **model_name(bundle),
        "team": team,
        "taxonomy": str(taxonomy),
        "image_size": bundle.image_size,
        "labels": dict(Counter(bundle.labels.levels)),
        "training": dict(bundle.training),
        "metrics": dict(bundle.metrics),
        "thresholds": dict(zip(bundle.labels.names, bundle.postprocessor.thresholds.tolist(), strict=True)),
        "auxiliary": [str(code) for code in sorted(auxiliary_codes()) if not own and str(code) in bundle.labels.index],
        "parents": {node.label: node.parent for node in own.nodes if node.parent} if own else None,
        "groups": {group: sorted(labels, key=own.sort_key) for group, labels in own.members.items()} if own else {},
    }

    @router.get("/codes", response_model=CodeList, tags=["codes"], operation_id="search_codes")
    def search_codes(
        q: Annotated[
            str | None,
            Query(
                max_length=200,
                description="Words, in English or an imported language, or a code in any spelling.",
                examples=["small cat"],
            ),
        ] = None,
    ) -> dict[str, Any]:
        """Search the headings; without `q`, list the categories, or the labels without a parent."""
        if own:
            found = own.children("") if q is None else own.search(q.split())[:_LIMIT]
            return {"codes": [_own_node(label, own) for label in found]}
        if q is None:
            return {"codes": [_node(code) for code in vienna_tree().children(None)]}
        matches = search_classification(q, limit=_LIMIT)
        return {"codes": [{**_node(code), "matched": matched} for code, matched in matches]}

    @router.get("/codes/{code:path}", response_model=CodeResponse, tags=["codes"], operation_id="read_code")
    async def read_code(code: Annotated[str, Path(max_length=1000, examples=["3.1.6"])]) -> dict[str, Any]:
        """Show a code with its ancestors and children."""
        return _own_label(code, own, bundle) if own else _vienna_code(code, bundle)

    @router.get("/model", response_model=ModelResponse, tags=["model"], operation_id="read_model")
    async def read_model() -> dict[str, Any]:
        """Show the model card: training, metrics, labels and thresholds."""
        return card

    return router


def model_name(bundle: Bundle) -> dict[str, str]:
    """Return the name of a bundle and the digest of its description, which holds the hashes of its other files."""
    folder = bundle.graph.parent
    return {"name": folder.resolve().name, "digest": file_digest(folder / DESCRIPTION)}


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
    return {**_node(code), "path": path, "children": children, "known_to_model": known, "note": note_of(code)}


def _own_label(label: str, tree: LabelTree, bundle: Bundle) -> dict[str, Any]:
    if label not in tree:
        raise Problem(NOT_FOUND, f"the model has no label {label[:80]!r}")
    path, children = ([_own_node(each, tree) for each in labels] for labels in (tree.path(label), tree.children(label)))
    known = label in bundle.labels.index
    return {**_own_node(label, tree), "path": path, "children": children, "known_to_model": known}


def _node(code: Code) -> dict[str, Any]:
    node = {"code": str(code), "heading": vienna_tree().heading(code), "level": code.level}
    return {**node, "auxiliary": code in auxiliary_codes()}


def _own_node(label: str, tree: LabelTree) -> dict[str, str]:
    node = {"code": label, "heading": tree.heading(label), "level": tree.level_names[len(tree.path(label)) - 1]}
    return {**node, "group": tree.group(label)}
