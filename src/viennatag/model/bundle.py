"""The bundle: everything that a prediction needs, in one folder.

`model.onnx` turns pixels into features and logits, `bundle.json` says what each logit means, and `MODEL_CARD.md` tells
people what it was trained on and how good it is. All are plain data: opening a bundle runs no code of its own, and a
bundle from a newer version or with a damaged file is refused with the reason.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from viennatag.calibration.calibration import Calibration
from viennatag.data.labels import LabelSet
from viennatag.data.marks import Taxonomy
from viennatag.errors import BundleError, DataError
from viennatag.files import atomic_folder
from viennatag.images.colour_features import SEEN, colour_evidence
from viennatag.model.model_card import CARD, model_card, read_notes

SCHEMA = 4
"""Since 2 some labels can be read from pixels; a bundle without such labels is written as 1, for earlier versions.
Since 3 marks can be looked at part by part, since 4 divisions can have a say in their categories; likewise."""
GRAPH = "model.onnx"
DESCRIPTION = "bundle.json"
STARTER = "starter"
"""Name of the bundle that comes inside the package."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """What a trained model knows besides its weights; arrays have one entry per label.

    Attributes:
        labels: The labels, in the order of the logits.
        train_counts: How many marks of the training part carry each label.
        prior: Share of the training marks that carry each label, in [0, 1].
        calibration: Turns logits into scores.
        thresholds: A label is suggested when its score is at least this.
        top: Of each level no more labels than these are suggested; None for no limit.
        image_size: Side of the square that the graph takes, in pixels.
        training: How the model was trained: backbone, strategy, seed, data.
        metrics: What was measured on parts that the training did not see.
        path: The folder it was read from.
        precision: What its graph computes in: `float32`, `int8` or `bfloat16`.
        digest: Of the graph, `sha256:` and hexadecimal digits.
        from_pixels: Labels whose logits are not the graph's but the evidence of `viennatag.images.colour_features`; their
            calibration and thresholds belong to that.
        parts: At most so many parts of a mark are looked at besides the whole; see `viennatag.images.crops`.
        lift: Weight of its best division in a category's logit; see `viennatag.model.parent_child`.
    """

    labels: LabelSet
    train_counts: NDArray[np.int64]
    prior: NDArray[np.float64]
    calibration: Calibration
    thresholds: NDArray[np.float64]
    image_size: int
    top: int | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None
    precision: str = "float32"
    digest: str = ""
    from_pixels: tuple[str, ...] = ()
    parts: int = 0
    lift: float = 0.0

    @property
    def card(self) -> Path | None:
        """The model card, if there is one: Markdown for people, which may be edited."""
        path = self.path and self.path / CARD
        return path if path and path.is_file() else None

    @property
    def pixel_columns(self) -> list[int]:
        """Positions of the labels that are read from pixels."""
        return [self.labels.index[name] for name in self.from_pixels]

    def look(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return what pixels (images, size, size, 3) say of the labels read from them; (images, `from_pixels`)."""
        return colour_evidence(pixels, self.from_pixels)

    @property
    def graph(self) -> Path:
        """The ONNX file."""
        if self.path is None:
            raise BundleError("this bundle was not read from a folder, so it has no graph")
        return self.path / GRAPH


STARTER_FOLDER = Path(__file__).parent / STARTER


def find_bundle(name: str | Path) -> Path:
    """Return the folder of a bundle named by its path, `starter` for the one in the package, or `hf-hub:owner/name`.

    Raises:
        BundleError: If there is none.
    """
    if str(name).startswith("hf-hub:"):
        from viennatag.model.hub import fetch_bundle

        name = fetch_bundle(str(name))
    path = STARTER_FOLDER if str(name) == STARTER else Path(name)
    if not path.is_dir():
        raise BundleError(f"{name}: there is no such bundle; give the folder that `viennatag train -o` wrote")
    if not (path / DESCRIPTION).is_file():
        raise BundleError(f"{name}: not a bundle: the folder holds no {DESCRIPTION}")
    return path


def write_bundle(bundle: Bundle, graph: bytes, path: Path | str, *, notes: Mapping[str, str] | None = None) -> Bundle:
    """Write a bundle whole or not at all, in place of an older one; return it as read back.

    Args:
        bundle: What to write besides the graph.
        graph: The ONNX file.
        path: The folder.
        notes: What people add to the model card, see `viennatag.model.model_card`; by default what the card of the bundle has
            that this one was made from.

    Raises:
        BundleError: If something other than a bundle stands at `path`.
    """
    path = Path(path)
    if path.exists() and not (path / DESCRIPTION).is_file():
        raise BundleError(f"{path}: something that is not a bundle stands there; choose another name")
    description = {
        "schema": SCHEMA if bundle.lift else 3 if bundle.parts else 2 if bundle.from_pixels else 1,
        "taxonomy": bundle.labels.taxonomy,
        "image_size": bundle.image_size,
        "precision": bundle.precision,
        "training": bundle.training,
        "metrics": bundle.metrics,
        "files": {GRAPH: _digest(graph)},
        "labels": bundle.labels.names,
        "train_counts": bundle.train_counts.tolist(),
        "prior": _rounded(bundle.prior),
        "slope": _rounded(bundle.calibration.slope),
        "intercept": _rounded(bundle.calibration.intercept),
        "thresholds": _rounded(bundle.thresholds),
    }
    if bundle.top is not None:
        description["top"] = bundle.top
    if bundle.from_pixels:
        description["from_pixels"] = bundle.from_pixels
    if bundle.parts:
        description["parts"] = bundle.parts
    if bundle.lift:
        description["lift"] = bundle.lift
    kept, license_ = read_notes(bundle.card.read_text(encoding="utf-8")) if bundle.card else ({}, "other")
    card = model_card(replace(bundle, path=path), notes=kept | dict(notes or {}), license_=license_)
    with atomic_folder(path) as folder:
        (folder / GRAPH).write_bytes(graph)
        (folder / CARD).write_text(card, encoding="utf-8")
        text = json.dumps(_plain(description), ensure_ascii=False, allow_nan=False, indent=1)
        (folder / DESCRIPTION).write_text(text + "\n", encoding="utf-8")
    return open_bundle(path)


def open_bundle(name: str | Path = STARTER) -> Bundle:
    """Return a bundle read from a folder, or the starter.

    Raises:
        BundleError: If it is missing, damaged, or from a newer version.
    """
    path = find_bundle(name)
    try:
        found = json.loads((path / DESCRIPTION).read_text(encoding="utf-8"))
        if found["schema"] > SCHEMA:
            raise BundleError(
                f"{path}: the bundle has schema {found['schema']}, this version reads up to {SCHEMA}; upgrade viennatag"
            )
        if found["taxonomy"] not in get_args(Taxonomy):
            raise BundleError(f"{path}: the taxonomy {found['taxonomy']!r} is unknown")
        bundle = Bundle(
            labels=LabelSet(found["taxonomy"], tuple(found["labels"])),
            train_counts=np.array(found["train_counts"], dtype=np.int64),
            prior=np.array(found["prior"], dtype=np.float64),
            calibration=Calibration(np.array(found["slope"], dtype=float), np.array(found["intercept"], dtype=float)),
            thresholds=np.array(found["thresholds"], dtype=np.float64),
            image_size=int(found["image_size"]),
            top=None if found.get("top") is None else int(found["top"]),
            training=found["training"],
            metrics=found["metrics"],
            path=path,
            precision=str(found.get("precision", "float32")),
            digest=str(found["files"][GRAPH]),
            from_pixels=tuple(found.get("from_pixels", ())),
            parts=int(found.get("parts", 0)),
            lift=float(found.get("lift", 0)),
        )
        expected = dict(found["files"])
    except (ValueError, KeyError, TypeError, AttributeError, DataError) as exc:  # JSON errors are ValueErrors
        raise BundleError(f"{path}: {DESCRIPTION} is damaged ({type(exc).__name__}: {exc})") from exc
    columns = (bundle.train_counts, bundle.prior, bundle.thresholds, bundle.calibration.slope)
    if any(column.shape != (len(bundle.labels),) for column in columns):
        raise BundleError(f"{path}: {DESCRIPTION} is damaged: its columns do not all have one entry per label")
    if not 0 <= bundle.lift <= 1:
        raise BundleError(f"{path}: {DESCRIPTION} is damaged: lift is {bundle.lift}, not a weight between 0 and 1")
    strange = [name for name in bundle.from_pixels if name not in bundle.labels.index or name not in SEEN]
    if strange:
        raise BundleError(f"{path}: {DESCRIPTION} is damaged: {strange[0]!r} cannot be read from pixels")
    for file, digest in expected.items():
        if not (path / file).is_file():
            raise BundleError(f"{path}: the file {file} is missing")
        with (path / file).open("rb") as stream:
            hashed = "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()
        if hashed != digest:
            raise BundleError(f"{path}: the file {file} is damaged (its hash differs from {DESCRIPTION})")
    return bundle


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _rounded(values: NDArray[np.float64]) -> list[float]:
    """Return values to seven significant digits, more than a float32 logit is worth."""
    return [float(f"{value:.7g}") for value in values]


def _plain(value: Any) -> Any:
    """Return NumPy numbers as Python's, and NaN as None, which JSON can hold."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
