"""Write a bundle whole or not at all, with its model card."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from viennatag.data.taxonomy import LabelTree
from viennatag.errors import BundleError, OutputError
from viennatag.files import atomic_folder, cache_folder, content_digest
from viennatag.model.bundle import (
    CARD,
    DESCRIPTION,
    GRAPH,
    SCHEMA,
    SEEN,
    Bundle,
    check_place,
    open_bundle,
)  # fmt: skip
from viennatag.model.model_card import model_card, read_notes


def write_bundle(
    bundle: Bundle,
    graph: bytes,
    path: Path | str,
    *,
    notes: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
) -> Bundle:
    """Write a bundle whole or not at all, in place of an older one; return it as read back.

    Args:
        bundle: What to write besides the graph.
        graph: The ONNX file.
        path: The folder.
        notes: What people add to the model card, see `model.model_card`; by default the notes of the bundle that this
            one was made from.
        files: Texts of further files, by name.

    Raises:
        BundleError: If something other than a bundle stands at `path`, or other things lie in it.
        OutputError: If it cannot be written there; it is then kept in the user's cache folder, which the error names.
    """
    path = Path(path)
    try:
        return _write(bundle, graph, path, notes or {}, files or {})
    except OutputError as exc:
        spare = cache_folder() / "unwritten" / f"{path.name}-{hashlib.sha256(graph).hexdigest()[:8]}"
        try:
            _write(bundle, graph, spare, notes or {}, files or {})
        except (OSError, BundleError):
            raise exc from None
        raise OutputError(f"{exc}; the finished bundle is in {spare}, move it from there") from exc


def _write(bundle: Bundle, graph: bytes, path: Path, notes: Mapping[str, str], further: Mapping[str, str]) -> Bundle:
    check_place(path)
    chain, taxonomy = bundle.postprocessor, bundle.labels.taxonomy
    files = {GRAPH: graph, **({SEEN: np.unique(bundle.seen).astype("<u8").tobytes()} if len(bundle.seen) else {})}
    description = {
        "schema": SCHEMA,
        "taxonomy": taxonomy.to_json() if isinstance(taxonomy, LabelTree) else taxonomy,
        "image_size": bundle.image_size,
        "precision": bundle.precision,
        "training": bundle.training,
        "metrics": bundle.metrics,
        "files": {name: content_digest(content) for name, content in files.items()},
        "labels": bundle.labels.names,
        "train_counts": bundle.train_counts.tolist(),
        "prior": bundle.prior.tolist(),
        "postprocessing": {
            "slope": chain.calibration.slope.tolist(),
            "intercept": chain.calibration.intercept.tolist(),
            "thresholds": chain.thresholds.tolist(),
            "top": chain.top,
            "weights": None if chain.weights is None else chain.weights.tolist(),
            "max_crops": chain.max_crops,
            "crop_scores": chain.crop_scores,
            "pixel_labels": chain.pixel_labels,
        },
    }
    kept, license_ = read_notes(bundle.card.read_text(encoding="utf-8")) if bundle.card else ({}, "other")
    card = model_card(replace(bundle, path=path), notes=kept | dict(notes), license_=license_)
    with atomic_folder(path) as folder:
        for name, content in files.items():
            (folder / name).write_bytes(content)
        for name, text in {**further, CARD: card}.items():
            (folder / name).write_text(text, encoding="utf-8")
        text = json.dumps(_plain(description), ensure_ascii=False, allow_nan=False, indent=1)
        (folder / DESCRIPTION).write_text(text + "\n", encoding="utf-8")
    return open_bundle(path)


def _plain(value: Any) -> Any:
    """Return NumPy numbers as Python's, and NaN as None, which JSON can hold."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
