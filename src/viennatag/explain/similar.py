"""Known marks that look like an image, with the codes they carry.

Each mark is a vector: the features of the bundle's own network, standardised, eight bits a number. A search has two
steps. Candidates are found among vectors shortened to their main directions, so that hundreds of thousands of marks
fit into memory, in a graph of neighbours (HNSW, Malkov and Yashunin 2018, arXiv 1603.09320). The whole vectors of the
candidates, read from a file, then say which are nearest. An index holds no pickle, and opening one runs no code of its
own.
"""

import hashlib
import json
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import KnownMarksError, OptionError, require

INDEX = "index"
"""The folder of an index inside its bundle's folder."""
DESCRIPTION, MARKS = "index.json", "marks.jsonl"
GRAPH, VECTORS, PROJECTIONS = "graph.usearch", "vectors.i8", "projections.npz"
FILES = (GRAPH, VECTORS, PROJECTIONS, MARKS)
SCHEMA = 2

EXPANSION = 128
"""Marks that the walk through the graph keeps in mind; more find more and take longer."""
CANDIDATES = 64
"""Marks, at least, whose whole vectors are compared."""


def search_library() -> ModuleType:
    """Return the module `usearch.index`.

    Raises:
        MissingExtraError: If it is not installed.
    """
    import onnxruntime  # noqa: F401  # loaded after usearch, 1.32 ends in a segmentation fault

    return require("usearch.index", "similar")


@dataclass(frozen=True)
class SimilarMark:
    """A known mark that looks like an image.

    Attributes:
        image: Its path, as in the table of marks.
        codes: The codes that it carries.
        similarity: Cosine between the vectors, in [-1, 1]; 1 for the same picture.
    """

    image: str
    codes: tuple[str, ...]
    similarity: float


@dataclass(frozen=True, eq=False)
class Projection:
    """Features to vectors of eight bits a number: `(features - mean) @ axes`, stretched to the range.

    Attributes:
        mean: float32, shape (width,).
        axes: float32, shape (width, dimensions).
    """

    mean: NDArray[np.float32]
    axes: NDArray[np.float32]

    def __call__(self, features: NDArray[Any]) -> NDArray[np.int8]:
        """Return vectors (marks, dimensions) of features (marks, width); their lengths mean nothing."""
        vectors = (features.astype(np.float32) - self.mean) @ self.axes
        vectors *= 127 / np.maximum(np.abs(vectors).max(axis=1, keepdims=True), np.float32(1e-12))
        return np.rint(vectors).astype(np.int8)


class KnownMarks:
    """An index of known marks, ready to search."""

    def __init__(self, folder: Path) -> None:
        with np.load(folder / PROJECTIONS, allow_pickle=False) as arrays:
            self._short, self._whole = (Projection(arrays["mean"], arrays[name]) for name in ("short", "whole"))
            self._starts = arrays["starts"]
        usearch = search_library()
        self._graph = usearch.Index.restore(str(folder / GRAPH), view=True)
        self._graph.expansion_search = EXPANSION
        # Read, not mapped: what a search touches is scattered, and pages of it would pile up in the process.
        self._vectors, self._reading = (folder / VECTORS).open("rb", buffering=0), threading.Lock()
        weakref.finalize(self, self._vectors.close)
        self._lines = np.memmap(folder / MARKS, dtype=np.uint8, mode="r")

    @classmethod
    def open(cls, path: Path | str, *, graph: Path | None = None) -> "KnownMarks":
        """Return the index of a bundle's folder, or the one that is the folder itself.

        Args:
            path: The folder.
            graph: The bundle's graph, to see that the index was made with it.

        Raises:
            KnownMarksError: If there is none, it is damaged or from a newer version, or of another bundle.
            MissingExtraError: If the package that searches is not installed.
        """
        path = Path(path)
        folder = path if (path / DESCRIPTION).is_file() else path / INDEX
        if not (folder / DESCRIPTION).is_file():
            raise KnownMarksError(
                f"{path}: there is no index of known marks; make one with: viennatag index {path} MARKS"
            )
        try:
            description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
            if description["schema"] < SCHEMA:
                raise KnownMarksError(f"{folder}: the index is from an older version; make it again")
            if description["schema"] > SCHEMA:
                raise KnownMarksError(
                    f"{folder}: the index has schema {description['schema']}, this version reads up to {SCHEMA}; "
                    "upgrade viennatag"
                )
            if graph is not None and description["graph"] != digest(graph):
                raise KnownMarksError(f"{folder}: the index was made with another bundle; make it again with this one")
            for name in FILES:
                if digest(folder / name) != description["files"][name]:
                    raise KnownMarksError(f"{folder}: the file {name} is damaged; make the index again")
            return cls(folder)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as exc:
            raise KnownMarksError(f"{folder}: the index is damaged ({exc}); make it again") from exc

    def __len__(self) -> int:
        return len(self._starts)

    def check_count(self, k: int) -> None:
        """Raise OptionError unless k marks can be asked for."""
        if k < 1:
            raise OptionError(f"the number of similar marks is {k}; it counts from 1 up")

    def search(self, features: NDArray[Any], k: int = 6) -> tuple[SimilarMark, ...]:
        """Return the k marks most similar to the features (width,) of an image, best first."""
        wanted = min(k, len(self))
        walked = min(max(wanted, CANDIDATES), len(self))
        short = self._short(features[None])[0]
        found = self._graph.search(short, walked).keys
        if len(found) < wanted:  # marks that are all alike know each other only, and the walk does not get past them
            found = self._graph.search(short, walked, exact=True).keys
        rows = np.sort(found.astype(np.intp))
        vector, vectors = self._whole(features[None])[0].astype(np.float32), self._read(rows).astype(np.float32)
        similarity = vectors @ vector / np.maximum(np.linalg.norm(vectors, axis=1) * np.linalg.norm(vector), 1e-12)
        best = np.argsort(-similarity, kind="stable")[:wanted]
        return tuple(
            SimilarMark(*self._mark(row), round(value, 4))
            for row, value in zip(rows[best].tolist(), np.clip(similarity[best], -1, 1).tolist(), strict=True)
        )

    def _read(self, rows: NDArray[np.intp]) -> NDArray[np.int8]:
        """Return the whole vectors of some marks, shape (rows, width)."""
        width = self._whole.axes.shape[1]
        vectors = np.empty((len(rows), width), dtype=np.int8)
        with self._reading:
            for at, row in enumerate(rows.tolist()):
                self._vectors.seek(row * width)
                if self._vectors.readinto(vectors[at].data) != width:
                    raise KnownMarksError(f"{self._vectors.name}: the file has become shorter; make the index again")
        return vectors

    def _mark(self, at: int) -> tuple[str, tuple[str, ...]]:
        end = self._starts[at + 1] if at + 1 < len(self) else len(self._lines)
        image, codes = json.loads(self._lines[self._starts[at] : end].tobytes())
        return image, tuple(codes)


def digest(path: Path) -> str:
    """Return the hash of a file."""
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
