"""What serving computes of held-out marks before the head: features of every view, and colour features.

A head learns from the features of whole marks, kept as float16. A bundle serves views (the whole and its crops) in
float32, and reads some colours from pixels. So that held-out marks are evaluated exactly as they will be served, the
backbone's part of that is computed once, by the serving engine, and kept.
"""

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import DataError, ImageError
from viennatag.files import keep, kept
from viennatag.images.colour_features import COLOUR_FEATURES_VERSION, COLOUR_LABELS, colour_features
from viennatag.images.crops import full_view_rows
from viennatag.model.postprocessing import Outputs
from viennatag.runtime.engine import Engine, run_images
from viennatag.training.backbones.backbone import Backbone
from viennatag.training.data.examples import Examples
from viennatag.training.data.features import PREPROCESSING, file_keys

CHUNK = 512
"""Images that are kept in one file; an interrupted run goes on after the last whole file."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Held-out marks before the head.

    Attributes:
        features: Features of all views, the whole of each mark before its crops; shape (views, width).
        view_counts: Number of views of each mark, shape (marks,).
        colours: Colour features, shape (marks, `COLOUR_LABELS`); None where they are not known.
        paths: The image of each mark, for heads that read feature maps; None without images.
        backbone: Pixels to features, likewise.
        examples: The marks as a head learns from them, without images.
    """

    features: NDArray[Any]
    view_counts: NDArray[np.intp]
    colours: NDArray[np.float32] | None = None
    paths: tuple[Path, ...] | None = None
    backbone: Backbone | None = None
    examples: Examples | None = None

    def __len__(self) -> int:
        return len(self.view_counts)

    def outputs(self, logits: NDArray[np.floating[Any]]) -> Outputs:
        """Return logits of the views, shape (views, labels), with all else that a postprocessor reads."""
        return Outputs(logits, self.view_counts.tolist(), self.colours)

    @property
    def whole(self) -> NDArray[Any]:
        """Features of the whole marks, shape (marks, width)."""
        found: NDArray[Any] = self.features[full_view_rows(self.view_counts.tolist())]
        return found

    @classmethod
    def of_examples(cls, examples: Examples) -> "HeldOut":
        """Return marks of which only the features of the whole are known."""
        features = examples.features[examples.rows]
        return cls(features, np.ones(len(examples), dtype=np.intp), examples=examples)

    def select(self, positions: NDArray[np.intp]) -> "HeldOut":
        """Return some of the marks, in this order."""
        starts = full_view_rows(self.view_counts.tolist())
        rows = [np.arange(starts[at], starts[at] + self.view_counts[at]) for at in positions]
        return replace(
            self,
            features=self.features[np.concatenate(rows) if rows else np.empty(0, dtype=np.intp)],
            view_counts=self.view_counts[positions],
            colours=None if self.colours is None else self.colours[positions],
            paths=None if self.paths is None else tuple(self.paths[at] for at in positions),
            examples=None if self.examples is None else self.examples.select(positions),
        )


def extract_held_out(
    paths: Sequence[Path],
    backbone: Backbone,
    *,
    cache: Path,
    max_crops: int = 0,
    colours: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> HeldOut:
    """Return what serving computes of image files before the head, computed once and kept."""
    folder = cache / "held-out" / f"{backbone.digest[:24]}-{PREPROCESSING}-{COLOUR_FEATURES_VERSION}-{max_crops}"
    wanted = COLOUR_LABELS if colours else ()
    engine: Engine | None = None
    found: list[tuple[NDArray[np.float32], NDArray[np.intp], NDArray[np.float32]]] = []
    for start in range(0, len(paths), CHUNK):
        chunk = paths[start : start + CHUNK]
        errors: dict[int, str] = {}
        digest = hashlib.blake2b(b"".join(file_keys(chunk, errors)), digest_size=12).hexdigest()
        path = folder / f"{digest}-{len(wanted)}.npz"
        content = None if errors else kept(path)
        if content is None:
            engine = engine or Engine(backbone.graph, threads=1)
            part, buffer = _extract(engine, chunk, wanted, max_crops), io.BytesIO()
            np.savez(buffer, features=part[0], view_counts=part[1], colours=part[2])
            keep(path, buffer.getvalue())
        else:
            with np.load(io.BytesIO(content), allow_pickle=False) as loaded:
                part = loaded["features"], loaded["view_counts"], loaded["colours"]
        found.append(part)
        if progress:
            progress(start + len(chunk), len(paths))
    features, counts, readings = (np.concatenate(each) for each in zip(*found, strict=True))
    return HeldOut(features, counts, readings if colours else None, tuple(paths), backbone)


def _extract(
    engine: Engine, paths: Sequence[Path], wanted: Sequence[str], max_crops: int
) -> tuple[NDArray[np.float32], NDArray[np.intp], NDArray[np.float32]]:
    features: list[NDArray[np.float32]] = []
    counts: list[int] = []
    colours: list[NDArray[np.float32]] = []
    batches = run_images(
        engine, paths, ("features",), also=lambda pixels: colour_features(pixels[None], wanted)[0], max_crops=max_crops
    )
    for batch in batches:
        for outcome in batch.outcomes:
            if isinstance(outcome, ImageError):
                raise DataError(f"{paths[len(colours)]}: {outcome}")
            colours.append(outcome)
        features.extend(batch.outputs)
        counts.extend(batch.view_counts)
    return np.concatenate(features), np.array(counts, dtype=np.intp), np.stack(colours)
