"""The bundle: everything that a prediction needs, in one folder.

`model.onnx` turns pixels into features and logits, `bundle.json` says what each logit means and how scores are made
of them, and `MODEL_CARD.md` tells people what it was trained on and how good it is. All are plain data: opening a
bundle runs no code of its own, and a damaged bundle or one of another schema is refused with the reason.
"""

import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.calibration.calibration import Calibration
from viennatag.data.labels import LabelSet
from viennatag.data.taxonomy import BUILT_IN, LabelTree
from viennatag.errors import BundleError, CodeError, DataError
from viennatag.files import file_digest, is_text, recover_folder
from viennatag.model.graph_files import external_files
from viennatag.model.postprocessing import Postprocessor

SCHEMA = 1
GRAPH = "model.onnx"
HEAD_WEIGHT, HEAD_BIAS = "head.weight", "head.bias"
"""Outputs of the graph of a head with weights, shapes (labels, channels) and (labels,)."""
DESCRIPTION = "bundle.json"
CARD = "MODEL_CARD.md"
SEEN = "seen.u64"
"""Hashes of the images that a bundle has learned from, see `seen_images`; 8 bytes each, little-endian."""
TRAINING_LOG = "training.csv"
"""Name of the table of what each epoch of the training reached."""
_PARTS = {GRAPH, DESCRIPTION, CARD, SEEN, TRAINING_LOG, "index", ".DS_Store", "Thumbs.db", "desktop.ini"}
"""What a bundle is made of, and what file managers leave in a folder."""
STARTER = "starter"
"""Name of the bundle that comes inside the package."""
MAX_SIZE = 4096
"""Largest side of the square that a graph takes, in pixels."""


@dataclass(frozen=True, eq=False, repr=False)
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
        seen: Hashes of the images that it has learned from, see `seen_images`; shape (images,).
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
    seen: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, dtype=np.uint64))

    def __repr__(self) -> str:
        return f"Bundle({str(self.path)!r}, {len(self.labels):,} labels, images of {self.image_size} pixels)"

    def __post_init__(self) -> None:
        if {self.train_counts.shape, self.prior.shape} != {(len(self.labels),)}:
            raise DataError("train_counts and prior must have one entry per label")
        if not np.all((self.prior >= 0) & (self.prior <= 1)):  # NaN fails here too
            raise DataError("every prior must be a share between 0 and 1")
        if (self.train_counts < 0).any():
            raise DataError("every one of train_counts must be 0 or more")
        if not 1 <= self.image_size <= MAX_SIZE:
            raise DataError(f"image_size is {self.image_size}; expected 1 to {MAX_SIZE:,} pixels")

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


STARTER_FOLDER = Path(__file__).parents[1] / "bundles" / STARTER


def find_bundle(name: str | Path) -> Path:
    """Return the folder of a bundle.

    Args:
        name: A path, `hf-hub:owner/name`, or the text `starter` for the bundle in the package. A folder of this name
            is meant by `./starter`, or by a `Path`.

    Raises:
        BundleError: If there is none.
    """
    if str(name).startswith("hf-hub:"):
        from viennatag.model.hub import fetch_bundle

        name = fetch_bundle(str(name))
    if is_starter(name):
        if Path(STARTER, DESCRIPTION).is_file():
            message = "%s is the bundle that comes with viennatag; for the folder of this name write ./%s"
            logging.getLogger("viennatag").warning(message, STARTER, STARTER)
        return STARTER_FOLDER
    if not isinstance(name, (str, Path)) or not str(name):
        raise BundleError(f"{name!r} names no bundle; give {STARTER!r}, or the folder that `viennatag train -o` wrote")
    path = Path(name)
    try:
        recover_folder(path)
        if path.is_file():
            raise BundleError(f"{name}: this is a file; a bundle is a folder: unpack an archive, or name the folder")
        if not path.is_dir():
            inside = str(name).removeprefix("bundle:")  # as --backbone names it
            meant = f"did you mean {inside}? Or " if inside != str(name) else ""
            raise BundleError(
                f"{name}: there is no such bundle; {meant}name the folder that `viennatag train -o` wrote"
            )
        if not (path / DESCRIPTION).is_file():
            raise BundleError(f"{name}: not a bundle: the folder holds no {DESCRIPTION}")
        if not is_text(str(path.absolute())):
            raise BundleError(f"{name!r}: its path is no UTF-8, and ONNX Runtime cannot open it; rename the folder")
    except (OSError, ValueError) as exc:  # no valid name of a file
        raise BundleError(f"{name!r}: the bundle cannot be opened ({exc})") from exc
    return path


def is_starter(name: str | Path) -> bool:
    """Return whether a name means the bundle in the package; a `Path` never does."""
    return isinstance(name, str) and name == STARTER


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
        found = _read_description(path)
        _check_files(path, dict(found["files"]))
        bundle = _bundle(found, path)
    except PermissionError as exc:
        raise BundleError(f"{exc.filename or path}: it cannot be read ({exc.strerror})") from exc
    except _DAMAGE as exc:
        reason = str(exc).partition("\n")[0][:200]
        raise BundleError(f"{path}: {DESCRIPTION} is damaged ({type(exc).__name__}: {reason})") from exc
    return bundle


_MAX_DESCRIPTION = 64 << 20  # bytes; ten thousand labels take two million
_DAMAGE = (  # JSON errors and those of texts are ValueErrors
    ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError, MemoryError, OSError,
    DataError, CodeError,
)  # fmt: skip


def _read_description(path: Path) -> Mapping[str, Any]:
    with (path / DESCRIPTION).open("rb") as file:
        content = file.read(_MAX_DESCRIPTION + 1)
    if len(content) > _MAX_DESCRIPTION:
        raise ValueError(f"more than {_MAX_DESCRIPTION:,} bytes")
    found: Mapping[str, Any] = json.loads(content)
    if found["schema"] != SCHEMA or type(found["schema"]) is not int:
        raise BundleError(
            f"{path}: the bundle has schema {found['schema']!r}, this version reads schema {SCHEMA}; install the "
            "version of viennatag that wrote it, or train it anew"
        )
    if not isinstance(found["taxonomy"], dict) and found["taxonomy"] not in BUILT_IN:
        raise BundleError(f"{path}: the taxonomy {found['taxonomy']!r} is unknown")
    return found


def _bundle(found: Mapping[str, Any], path: Path) -> Bundle:
    chain = found["postprocessing"]
    labels, pixel_labels = tuple(found["labels"]), tuple(chain["pixel_labels"])
    if not all(isinstance(label, str) for label in (*labels, *pixel_labels)):
        raise ValueError("a label is no text")
    stored = found["taxonomy"]
    label_set = LabelSet(LabelTree.from_json(stored) if isinstance(stored, dict) else stored, labels)
    _ = label_set.levels, label_set.is_pictorial  # neither is there for a code that is none
    if isinstance(label_set.taxonomy, LabelTree) and not all(label in label_set.taxonomy for label in labels):
        raise ValueError("a label is not in the taxonomy")
    postprocessor = Postprocessor(
        labels=label_set,
        calibration=Calibration(
            _numbers(chain["slope"], "slope"), _numbers(chain["intercept"], "intercept"), label_set.exclusive
        ),
        thresholds=_numbers(chain["thresholds"], "thresholds", most=1),
        top=None if chain["top"] is None else _whole(chain["top"], "top"),
        weights=np.array(chain["weights"], dtype=np.float64) if chain.get("weights") else None,
        max_crops=_whole(chain["max_crops"], "max_crops"),
        crop_scores=_pair(chain.get("crop_scores", [0, 1]), "crop_scores"),
        pixel_labels=pixel_labels,
    )
    return Bundle(
        train_counts=np.array([_whole(each, "train_counts") for each in found["train_counts"]], dtype=np.int64),
        prior=_numbers(found["prior"], "prior"),
        postprocessor=postprocessor,
        image_size=_whole(found["image_size"], "image_size"),
        training=dict(found["training"]),
        metrics=dict(found["metrics"]),
        path=path,
        precision=_text(found["precision"], "precision"),
        digest=str(found["files"][GRAPH]),
        seen=np.fromfile(path / SEEN, dtype="<u8") if SEEN in found["files"] else np.zeros(0, dtype=np.uint64),
    )


def _pair(values: Any, name: str) -> tuple[float, float]:
    low, high = _numbers(values, name, most=1).tolist()
    return low, high


def _numbers(values: Any, name: str, *, most: float = math.inf) -> NDArray[np.float64]:
    """Return numbers of a bundle, with `most` between 0 and that; who takes them says what is wrong with others."""
    if wrong := [each for each in values if type(each) not in {int, float} or 1e9 < abs(each) < math.inf]:
        raise ValueError(f"{name} holds {str(wrong[0])[:40]!r}, which is no number that makes sense there")
    found = np.array(values, dtype=np.float64)
    if most < math.inf and np.any(np.isfinite(found) & ((found < 0) | (found > most))):
        raise ValueError(f"{name} must be between 0 and {most:g}")
    return found


def _text(value: Any, name: str) -> str:
    if type(value) is not str:
        raise ValueError(f"{name} is {str(value)[:40]!r}, no text")
    return value


def _whole(value: Any, name: str) -> int:
    if type(value) is not int:
        raise ValueError(f"{name} is {value!r}, no whole number")
    return value


def _check_files(path: Path, files: Mapping[str, str]) -> None:
    """Check the hash of each file of a bundle, and that its graph reads no file besides."""
    for file in files:
        if file in {"", ".", ".."} or Path(file).name != file or "\\" in file:
            raise BundleError(f"{path}: {DESCRIPTION} names {file[:60]!r}, which is no file of the bundle's folder")
        if not (path / file).is_file():
            raise BundleError(f"{path}: the file {file} is missing")
    for file, stated in files.items():
        if file_digest(path / file) != stated:
            with (path / file).open("rb") as stream:
                if stream.read(23) == b"version https://git-lfs":
                    raise BundleError(
                        f"{path}: the file {file} is a Git LFS pointer; fetch the file with: git lfs pull"
                    )
            raise BundleError(f"{path}: the file {file} is damaged (its hash differs from {DESCRIPTION})")
    outside = sorted(external_files(path / GRAPH) - set(files))
    if outside:
        raise BundleError(
            f"{path}: {GRAPH} reads its weights from {outside[0][:60]!r}, which {DESCRIPTION} gives no hash of; "
            "save the graph with its weights inside"
        )


def check_place(path: Path) -> None:
    """Check that a bundle can take the place of what is at a path, if there is anything.

    Raises:
        BundleError: If that is no bundle, or holds other things too, which would be lost; or if the path is no text.
    """
    if not is_text(str(path.absolute())):
        raise BundleError(f"{path}: this path is no UTF-8, and ONNX Runtime opens no graph there; choose another name")
    if not path.exists():
        return
    if not (path / DESCRIPTION).is_file():
        raise BundleError(f"{path}: something that is not a bundle stands there; choose another name")
    try:
        named = {*json.loads((path / DESCRIPTION).read_bytes())["files"]}
    except (ValueError, KeyError, TypeError, RecursionError):  # a damaged bundle may be replaced
        named = set()
    if others := sorted({each.name for each in path.iterdir()} - _PARTS - named):
        shown = ", ".join(map(repr, others[:3])) + (" and more" if len(others) > 3 else "")
        raise BundleError(f"{path}: besides a bundle it holds {shown}; move that away, or choose another name")
