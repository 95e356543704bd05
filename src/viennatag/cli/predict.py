"""The command `predict`: suggestions for some images, with heat maps and similar marks on request."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Exit, Option

from viennatag.cli.options import (
    EngineOption,
    LevelOption,
    ModelOption,
    TopOption,
    fail,
    image_files,
    one_of,
    print_json,
)
from viennatag.cli.outputs import check_outputs
from viennatag.cli.progress import show_progress
from viennatag.cli.streams import takes_styles

if TYPE_CHECKING:
    from viennatag.prediction.predictor import Prediction, Predictor


def predict(
    images: Annotated[list[str], Argument(help="Image files, or folders of them.", metavar="IMAGE...")],
    model: ModelOption = "starter",
    top: TopOption = None,
    level: LevelOption = None,
    format_: Annotated[
        str, Option("--format", help="table, json or csv.", callback=one_of("table", "json", "csv"))
    ] = "table",
    explain: Annotated[
        Path | None, Option(help="Folder to write a heat map of each suggestion to, as PNG and NPY.")
    ] = None,
    similar: Annotated[int | None, Option(help="Also show this many of the most similar reference marks.")] = None,
    reference_marks: Annotated[
        Path | None, Option(help="Index of the reference marks, if not in the bundle's folder.")
    ] = None,
    engine: EngineOption = None,
    verbose: Annotated[bool, Option("--verbose", help="Print on stderr what runs, and how.")] = False,
) -> None:
    """Suggest codes for images.

    Example: viennatag predict logo.png --top 5 --level section
    """
    if similar is not None and format_ == "csv":
        fail("--format csv has no columns for --similar marks; choose table or json")
    if reference_marks is not None and similar is None:
        fail("--reference-marks names an index for --similar; add how many marks to show, as --similar 6")
    check_outputs(folders={"--explain": explain}, apart=map(Path, images))
    from viennatag.prediction.predictor import Predictor

    paths = [path for name in images for path in image_files(Path(name))]
    predictor = Predictor.load(model, engine=engine)
    if verbose:
        print(predictor.describe(), file=sys.stderr)
        if predictor.bundle.card:
            print(f"model card, with its training and its metrics: {predictor.bundle.card}", file=sys.stderr)
    predictor.check_options(top, level)
    if explain is not None:
        predictor.check_explainable()
    if similar is not None:
        predictor.open_reference_marks(reference_marks).check_count(similar)
    found = []
    with show_progress(len(paths) > 16) as report:
        for prediction in predictor.predict_many(paths, top=top, level=level):
            found.append(prediction)
            report("images", len(found), len(paths), "")
    similar_marks = [
        [asdict(mark) for mark in predictor.similar(path, similar)] if similar and prediction.error is None else None
        for path, prediction in zip(paths, found, strict=True)
    ]
    _print(found, similar_marks, format_, grouped=bool(predictor.bundle.labels.exclusive))
    if explain is not None:  # after what was found is told, so that a full disk costs no answer
        sys.stdout.flush()
        written = write_heat_maps(predictor, paths, found, explain)
        print(f"wrote {explain}: {written:,} heat maps, each as PNG and NPY", file=sys.stderr)
    if any(prediction.error is not None for prediction in found):
        raise Exit(1)


def _print(
    found: "Sequence[Prediction]",
    similar_marks: Sequence[list[dict[str, Any]] | None],
    format_: str,
    *,
    grouped: bool,
) -> None:
    if format_ == "json":
        pairs = zip(found, similar_marks, strict=True)
        print_json([each.to_json() | ({} if near is None else {"similar": near}) for each, near in pairs])
    elif format_ == "csv":
        import csv

        from viennatag.files import safe_cells

        table = csv.writer(sys.stdout, lineterminator="\n")
        columns = ["code", "heading", "score", "level", "above_threshold", *(["group"] if grouped else [])]
        table.writerow(["image", *columns, "error", "note"])
        empty = [""] * len(columns)
        for prediction in found:
            if prediction.error is not None:
                table.writerow(safe_cells([prediction.image, *empty, prediction.error, ""]))
            if prediction.note:
                table.writerow(safe_cells([prediction.image, *empty, "", prediction.note]))
            for each in prediction.suggestions:
                cells = [each.code, each.heading, each.score, each.level, int(each.above_threshold)]
                cells += [each.group] if grouped else []
                table.writerow(safe_cells([prediction.image, *cells, "", ""]))
    else:
        from viennatag.reports.predictions import predictions_text

        print(predictions_text(found, styled=takes_styles()), end="")
        for prediction, near in zip(found, similar_marks, strict=True):
            if near is not None:
                print(f"similar to {prediction.image}")
                for mark in near:
                    print(f"  {mark['similarity']:6.3f}  {mark['image']}  {', '.join(mark['codes'])}")


def write_heat_maps(predictor: "Predictor", paths: Sequence[Path], found: "Iterable[Prediction]", folder: Path) -> int:
    """Write NAME.CODE.png and NAME.CODE.npy for each suggestion and return how many there were.

    The heat map of the best crop, if the mark has crops, is NAME.CODE.crop.npy.

    NAME is the image's own, without its ending; where several images have the same, the second is called NAME-2. A name
    that is too long is cut.
    """
    import numpy as np

    from viennatag.files import atomic_file, fitting_name

    written = 0
    for path, name, prediction in zip(paths, _distinct(path.stem for path in paths), found, strict=True):
        codes = [each.code for each in prediction.suggestions]
        explanations = predictor.explain_codes(path, codes) if codes else ()
        for explanation, label in zip(explanations, _distinct(map(_file_name, codes)), strict=True):
            shown, target = explanation.overlay(path), f"{name}.{label}"
            with atomic_file(folder / fitting_name(f"{target}.png")) as temporary:
                shown.save(temporary, "PNG")
            for ending, seen in (("npy", explanation), ("crop.npy", explanation.crop)):
                if seen:
                    with (
                        atomic_file(folder / fitting_name(f"{target}.{ending}")) as temporary,
                        temporary.open("wb") as file,
                    ):
                        np.save(file, seen.local_logits, allow_pickle=False)
            written += 1
    return written


def _distinct(names: Iterable[str]) -> Iterator[str]:
    taken: set[str] = set()
    for name in names:
        found, times = name, 1
        while found in taken:
            times += 1
            found = f"{name}-{times}"
        taken.add(found)
        yield found


def _file_name(label: str) -> str:
    """Return a label as a piece of a file's name: flat labels may contain anything."""
    return "".join(each if each.isalnum() or each in ".-_ " else "_" for each in label)
