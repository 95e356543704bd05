"""What `predict` adds on request: heat maps in a folder, and the most similar known marks."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from viennatag.errors import OptionError
from viennatag.files import atomic_file
from viennatag.prediction.predictor import Prediction, Predictor


class Evidence:
    """What was asked for besides codes; mistakes are found before the work begins."""

    def __init__(self, predictor: Predictor, explain: Path | None, similar: int | None, known: Path | None) -> None:
        if known is not None and similar is None:
            raise OptionError("--known names an index for --similar; say how many marks to show, as --similar 6")
        self._predictor, self._explain, self._similar = predictor, explain, similar
        if explain is not None:
            predictor.check_explainable()
        if similar is not None:
            predictor.open_known_marks(known).check_count(similar)

    def gather(self, paths: Sequence[Path], found: Sequence[Prediction]) -> list[dict[str, Any]]:
        """Write heat maps and return what each image's answer gains: `similar`, where it was asked for."""
        if self._explain is not None:
            written = write_heat_maps(self._predictor, paths, found, self._explain)
            print(f"wrote {self._explain}: {written:,} heat maps, each as PNG and NPY", file=sys.stderr)
        if self._similar is None:
            return [{} for _ in found]
        return [
            {"similar": [asdict(mark) for mark in self._predictor.similar(path, self._similar)]}
            if prediction.error is None
            else {}
            for path, prediction in zip(paths, found, strict=True)
        ]

    def show(self, found: Sequence[Prediction], gained: Sequence[dict[str, Any]]) -> None:
        """Print the similar marks for people to read, one a line."""
        for prediction, more in zip(found, gained, strict=True):
            if "similar" in more:
                print(f"similar to {prediction.image}")
            for mark in more.get("similar", ()):
                print(f"  {mark['similarity']:6.3f}  {mark['image']}  {', '.join(mark['codes'])}")


def write_heat_maps(predictor: Predictor, paths: Sequence[Path], found: Iterable[Prediction], folder: Path) -> int:
    """Write NAME.CODE.png and NAME.CODE.npy for each suggestion and return how many there were.

    Where a part of the mark was seen by itself, what it says for the code is in NAME.CODE.part.npy.

    NAME is the image's own, without its ending; where several images have the same, the second is called NAME-2.
    """
    written = 0
    for path, name, prediction in zip(paths, _distinct_names(paths), found, strict=True):
        codes = [each.code for each in prediction.suggestions]
        for explanation in predictor.explain_codes(path, codes) if codes else ():
            shown, target = explanation.overlay(path), f"{name}.{_file_name(explanation.code)}"
            with atomic_file(folder / f"{target}.png") as temporary:
                shown.save(temporary, "PNG")
            for ending, seen in (("npy", explanation), ("part.npy", explanation.part)):
                if seen:
                    with atomic_file(folder / f"{target}.{ending}") as temporary, temporary.open("wb") as file:
                        np.save(file, seen.map, allow_pickle=False)
            written += 1
    return written


def _distinct_names(paths: Iterable[Path]) -> Iterator[str]:
    taken: set[str] = set()
    for path in paths:
        name, times = path.stem, 1
        while name in taken:
            times += 1
            name = f"{path.stem}-{times}"
        taken.add(name)
        yield name


def _file_name(label: str) -> str:
    """Return a label as part of a file's name: flat labels may hold anything."""
    return "".join(each if each.isalnum() or each in ".-_ " else "_" for each in label)
