"""Similarity search: the reference marks that look most like an image, with their codes.

Each mark is a vector: the standardised features of the bundle's network, 8 bits a number. A search has two steps.
Candidates are found among vectors reduced to their principal components, so that hundreds of thousands of marks fit
into memory, with a neighbour graph (HNSW, Malkov and Yashunin 2018, arXiv 1603.09320). They are then ranked by their
full vectors, read from a file. An index contains no pickle, and opening one runs no code.
"""

import json
import threading
import weakref
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import OptionError, ReferenceMarksError, require
from viennatag.explain.graph_check import check_graph
from viennatag.files import file_digest, recover_folder
from viennatag.model.bundle import STARTER, STARTER_FOLDER

INDEX = "index"
"""Name of an index folder inside its bundle's folder."""
INDEX_DESCRIPTION, MARKS = "index.json", "marks.jsonl"
INDEX_GRAPH, VECTORS, PROJECTIONS = "graph.usearch", "vectors.i8", "projections.npz"
FILES = (INDEX_GRAPH, VECTORS, PROJECTIONS, MARKS)
INDEX_SCHEMA = 2

EXPANSION = 128
"""Candidates that the graph search keeps; more are more accurate and slower."""
CANDIDATES = 64
"""Fewest marks whose full vectors are compared."""
_MAX_DESCRIPTION = 1 << 20  # bytes
_DAMAGE = (
    OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RuntimeError, OverflowError, RecursionError,
    MemoryError, EOFError, zipfile.BadZipFile, NotImplementedError,
)  # fmt: skip


def search_library() -> ModuleType:
    """Return the module `usearch.index`.

    Raises:
        MissingExtraError: If it is not installed.
    """
    import onnxruntime  # noqa: F401  # loaded after usearch, 1.32 ends in a segmentation fault

    return require("usearch.index", "similar")


@dataclass(frozen=True)
class SimilarMark:
    """A reference mark that looks like an image.

    Attributes:
        image: Path of its image, as in the table of marks.
        codes: Its codes.
        similarity: Cosine similarity, in [-1, 1]; 1 for the same image.
    """

    image: str
    codes: tuple[str, ...]
    similarity: float


@dataclass(frozen=True, eq=False)
class Projection:
    """Projects features to 8-bit vectors: `(features - mean) @ axes`, scaled to the full range.

    Attributes:
        mean: float32, shape (width,).
        axes: float32, shape (width, dimensions).
    """

    mean: NDArray[np.float32]
    axes: NDArray[np.float32]

    def __call__(self, features: NDArray[Any]) -> NDArray[np.int8]:
        """Return vectors (marks, dimensions) of features (marks, width); only their directions matter."""
        vectors = (features.astype(np.float32) - self.mean) @ self.axes
        vectors *= 127 / np.maximum(np.abs(vectors).max(axis=1, keepdims=True), np.float32(1e-12))
        return np.rint(vectors).astype(np.int8)


class ReferenceMarks:
    """An index of reference marks, ready to search."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        arrays = _read_arrays(folder / PROJECTIONS)
        self._reduced, self._full = (Projection(arrays["mean"], arrays[name]) for name in ("short", "whole"))
        self._starts = arrays["starts"]
        _check_arrays(arrays, folder)
        search = search_library()
        marks, dimensions = len(self._starts), self._reduced.axes.shape[1]
        check_graph(np.memmap(folder / INDEX_GRAPH, dtype=np.uint8, mode="r"), marks=marks, dimensions=dimensions)
        self._graph = search.Index.restore(str(folder / INDEX_GRAPH), view=True)
        self._graph.expansion_search = EXPANSION
        # Read, not mapped: searches read scattered rows, and their pages would fill the memory of the process.
        self._vectors, self._reading = (folder / VECTORS).open("rb", buffering=0), threading.Lock()
        weakref.finalize(self, self._vectors.close)
        self._lines = np.memmap(folder / MARKS, dtype=np.uint8, mode="r")

    def __reduce__(self) -> "tuple[Callable[[Path], ReferenceMarks], tuple[Path]]":
        return ReferenceMarks.open, (self._folder,)  # in another process it is opened again

    @classmethod
    def open(cls, path: Path | str, *, graph: Path | None = None) -> "ReferenceMarks":
        """Return the index in a bundle's folder, or in this folder itself; it must be made with a given graph.

        Raises:
            ReferenceMarksError: If there is none, it is damaged, has another schema, or belongs to another bundle.
            MissingExtraError: If the search package is not installed.
        """
        path = Path(path)
        for each in (path, path / INDEX):
            recover_folder(each)
        folder = path if (path / INDEX_DESCRIPTION).is_file() else path / INDEX
        if not (folder / INDEX_DESCRIPTION).is_file():
            raise ReferenceMarksError(f"{path}: there is no index of reference marks; {_how_to_make(path, graph)}")
        try:
            with (folder / INDEX_DESCRIPTION).open("rb") as file:
                description = json.loads(file.read(_MAX_DESCRIPTION))
            if (schema := description["schema"]) != INDEX_SCHEMA:
                found = f"the index has schema {schema}, expected {INDEX_SCHEMA}"
                raise ReferenceMarksError(f"{folder}: {found}; make it again")
            if graph is not None and description["graph"] != file_digest(graph):
                found = "the index was made with another bundle"
                raise ReferenceMarksError(f"{folder}: {found}; make it again with this one")
            for name in FILES:
                if file_digest(folder / name) != description["files"][name]:
                    raise ReferenceMarksError(f"{folder}: the file {name} is damaged; make the index again")
            return cls(folder)
        except _DAMAGE as exc:
            raise ReferenceMarksError(f"{folder}: the index is damaged ({exc}); make it again") from exc

    @property
    def width(self) -> int:
        """Number of features of an image."""
        return len(self._full.mean)

    def __len__(self) -> int:
        return len(self._starts)

    def check_count(self, k: int) -> None:
        """Raise OptionError if k is below 1."""
        if k < 1:
            raise OptionError(f"the number of similar marks is {k}; it counts from 1 up")

    def search(self, features: NDArray[Any], k: int = 6) -> tuple[SimilarMark, ...]:
        """Return the k marks most similar to the features (width,) of an image, best first."""
        if features.shape != (self.width,):
            raise ReferenceMarksError(
                f"{self._vectors.name}: the index is of images with {self.width:,} features, not {len(features):,}; "
                "make it again with this bundle"
            )
        wanted = min(k, len(self))
        count = min(max(wanted, CANDIDATES), len(self))
        reduced = self._reduced(features[None])[0]
        try:
            found = self._graph.search(reduced, count).keys
            if len(found) < wanted:  # a graph of equal vectors is not connected
                found = self._graph.search(reduced, count, exact=True).keys
        except RuntimeError as exc:  # of a graph whose links were changed
            raise ReferenceMarksError(f"{self._vectors.name}: the index is damaged ({exc}); make it again") from exc
        rows = np.sort(found.astype(np.intp))
        vector, vectors = self._full(features[None])[0].astype(np.float32), self._read(rows).astype(np.float32)
        similarity = vectors @ vector / np.maximum(np.linalg.norm(vectors, axis=1) * np.linalg.norm(vector), 1e-12)
        best = np.argsort(-similarity, kind="stable")[:wanted]
        return tuple(
            SimilarMark(*self._mark(row), round(value, 4))
            for row, value in zip(rows[best].tolist(), np.clip(similarity[best], -1, 1).tolist(), strict=True)
        )

    def _read(self, rows: NDArray[np.intp]) -> NDArray[np.int8]:
        """Return the full vectors of some marks, shape (rows, width)."""
        width = self._full.axes.shape[1]
        vectors = np.empty((len(rows), width), dtype=np.int8)
        with self._reading:
            for at, row in enumerate(rows.tolist()):
                self._vectors.seek(row * width)
                if self._vectors.readinto(vectors[at].data) != width:
                    raise ReferenceMarksError(f"{self._vectors.name}: the file is too short; make the index again")
        return vectors

    def _mark(self, at: int) -> tuple[str, tuple[str, ...]]:
        end = self._starts[at + 1] if at + 1 < len(self) else len(self._lines)
        try:
            image, codes = json.loads(self._lines[self._starts[at] : end].tobytes())
            return str(image), tuple(map(str, codes))
        except (ValueError, TypeError, RecursionError) as exc:
            raise ReferenceMarksError(f"mark {at:,} of the index cannot be read ({exc}); make it again") from exc


def _how_to_make(path: Path, graph: Path | None) -> str:
    """Return the command that makes the index that is missing in a folder, for the bundle of a graph."""
    bundle = path if graph is None else graph.parent
    if path == bundle != STARTER_FOLDER:
        return f"make one with: viennatag index {path} MARKS --images IMAGES"
    name, out = (STARTER if bundle == STARTER_FOLDER else bundle), ("INDEX" if path.exists() else path)
    return f"make one with: viennatag index {name} MARKS --images IMAGES -o {out}, and name it: --reference-marks {out}"


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of an NPZ file that take no more memory than the file."""
    with zipfile.ZipFile(path) as archive:
        if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
            raise ValueError(f"{path.name} is compressed")
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in ("mean", "short", "whole", "starts")}


def _check_arrays(arrays: Mapping[str, NDArray[Any]], folder: Path) -> None:
    """Raise ValueError unless projections, vectors and marks fit each other."""
    mean, short, whole, starts = (arrays[name] for name in ("mean", "short", "whole", "starts"))
    width = len(mean)
    shapes = mean.ndim == starts.ndim == 1 and short.shape[:1] == (width,) and whole.shape == (width, width)
    kinds = {each.dtype for each in (mean, short, whole)} == {np.dtype(np.float32)} and starts.dtype == np.int64
    if not (shapes and kinds and short.ndim == 2 and 0 < short.shape[1] <= width and len(starts)):
        raise ValueError(f"the arrays of {PROJECTIONS} have other types or shapes")
    if not all(np.isfinite(each).all() for each in (mean, short, whole)):
        raise ValueError(f"a number of {PROJECTIONS} is not finite")
    if (folder / VECTORS).stat().st_size != len(starts) * width:
        raise ValueError(f"{VECTORS} does not hold {len(starts):,} vectors")
    if starts[0] != 0 or (np.diff(starts) <= 0).any() or starts[-1] >= (folder / MARKS).stat().st_size:
        raise ValueError(f"{MARKS} does not hold {len(starts):,} marks")
