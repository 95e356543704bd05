"""The bundle: everything that a prediction needs, in one folder.

`model.onnx` turns pixels into features and logits, `bundle.json` says what each logit means and how scores are made
of them, and `MODEL_CARD.md` tells people what it was trained on and how good it is. All are plain data: opening a
bundle runs no code of its own, and a damaged bundle or one of another schema is refused with the reason.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from viennatag.calibration.calibration import Calibration
from viennatag.data.labels import LabelSet
from viennatag.data.taxonomy import Taxonomy
from viennatag.errors import BundleError, DataError
from viennatag.model.postprocessing import Postprocessor

SCHEMA = 1
GRAPH = "model.onnx"
DESCRIPTION = "bundle.json"
CARD = "MODEL_CARD.md"
STARTER = "starter"
"""Name of the bundle that comes inside the package."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """A trained model without its weights, which stay in the file `graph`.

    Attributes:
        train_counts: Training marks of each label, shape (labels,).
        prior: Share of the training marks that carry each label, in [0, 1]; shape (labels,).
        postprocessor: Turns the graph's outputs into scores and suggestions.
        image_size: Side of the square that the graph takes, in pixels.
        training: How the model was trained: backbone, strategy, seed, data.
        metrics: What was measured on subsets that training did not see.
        path: The folder it was read from.
        precision: What its graph computes in: `float32`, `int8` or `bfloat16`.
        digest: Of the graph, `sha256:` and hexadecimal digits.
    """

    train_counts: NDArray[np.int64]
    prior: NDArray[np.float64]
    postprocessor: Postprocessor
    image_size: int
    training: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None
    precision: str = "float32"
    digest: str = ""

    def __post_init__(self) -> None:
        if {self.train_counts.shape, self.prior.shape} != {(len(self.labels),)}:
            raise DataError("train_counts and prior must have one entry per label")

    @property
    def labels(self) -> LabelSet:
        """The labels, in the order of the logits."""
        return self.postprocessor.labels

    @property
    def card(self) -> Path | None:
        """The model card, if there is one: Markdown for people, which may be edited."""
        path = self.path and self.path / CARD
        return path if path and path.is_file() else None

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


def as_bundle(bundle: Bundle | Path | str) -> Bundle:
    """Return a bundle, opened if it is named; see `open_bundle`."""
    return bundle if isinstance(bundle, Bundle) else open_bundle(bundle)


def open_bundle(name: str | Path = STARTER) -> Bundle:
    """Return a bundle read from a folder, or the starter.

    Raises:
        BundleError: If it is missing, damaged, or of another schema.
    """
    path = find_bundle(name)
    try:
        found = json.loads((path / DESCRIPTION).read_text(encoding="utf-8"))
        if found["schema"] != SCHEMA:
            raise BundleError(
                f"{path}: the bundle has schema {found['schema']}, this version reads schema {SCHEMA}; install the "
                "version of viennatag that wrote it, or train it anew"
            )
        if found["taxonomy"] not in get_args(Taxonomy):
            raise BundleError(f"{path}: the taxonomy {found['taxonomy']!r} is unknown")
        chain = found["postprocessing"]
        postprocessor = Postprocessor(
            labels=LabelSet(found["taxonomy"], tuple(found["labels"])),
            calibration=Calibration(np.array(chain["slope"], dtype=float), np.array(chain["intercept"], dtype=float)),
            thresholds=np.array(chain["thresholds"], dtype=np.float64),
            top=None if chain["top"] is None else int(chain["top"]),
            max_crops=int(chain["max_crops"]),
            parent_weight=float(chain["parent_weight"]),
            pixel_labels=tuple(chain["pixel_labels"]),
        )
        bundle = Bundle(
            train_counts=np.array(found["train_counts"], dtype=np.int64),
            prior=np.array(found["prior"], dtype=np.float64),
            postprocessor=postprocessor,
            image_size=int(found["image_size"]),
            training=found["training"],
            metrics=found["metrics"],
            path=path,
            precision=str(found["precision"]),
            digest=str(found["files"][GRAPH]),
        )
        files = dict(found["files"])
    except (ValueError, KeyError, TypeError, AttributeError, DataError) as exc:  # JSON errors are ValueErrors
        raise BundleError(f"{path}: {DESCRIPTION} is damaged ({type(exc).__name__}: {exc})") from exc
    for file, digest in files.items():
        if not (path / file).is_file():
            raise BundleError(f"{path}: the file {file} is missing")
        with (path / file).open("rb") as stream:
            hashed = "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()
        if hashed != digest:
            raise BundleError(f"{path}: the file {file} is damaged (its hash differs from {DESCRIPTION})")
    return bundle
