"""Commands that answer at once: `predict` and `codes`."""

import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from viennatag.cli.shared import EngineOption, choose, fail, image_files
from viennatag.progress import show_progress

if TYPE_CHECKING:
    pass


def predict(
    images: Annotated[list[str], typer.Argument(help="Image files, or folders of them.", metavar="IMAGE...")],
    model: Annotated[str, typer.Option(help="Folder of a bundle, starter, or hf-hub:owner/name.")] = "starter",
    top: Annotated[int | None, typer.Option(help="Rank this many codes of a level, thresholds or not.")] = None,
    level: Annotated[str | None, typer.Option(help="category, division or section.")] = None,
    format_: Annotated[str, typer.Option("--format", help="table, json or csv.")] = "table",
    explain: Annotated[
        Path | None, typer.Option(help="Folder to write a heat map of each suggestion to, as PNG and NPY.")
    ] = None,
    similar: Annotated[int | None, typer.Option(help="Also show this many of the most similar known marks.")] = None,
    known: Annotated[Path | None, typer.Option(help="Index of known marks, if not in the bundle's folder.")] = None,
    engine: EngineOption = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Say on stderr what runs, and how.")] = False,
) -> None:
    """Suggest codes for images.

    Example: viennatag predict logo.png --top 5 --level section
    """
    choose("--format", format_, ("table", "json", "csv"))
    if similar is not None and format_ == "csv":
        fail("--similar marks have no place in csv; choose --format table or json")
    from viennatag.cli.evidence import Evidence
    from viennatag.prediction.predictor import Predictor

    paths = [path for name in images for path in image_files(Path(name))]
    predictor = Predictor.load(model, engine=engine)
    if verbose:
        print(predictor.describe(), file=sys.stderr)
        if predictor.bundle.card:
            print(f"what it was trained on and how good it is: {predictor.bundle.card}", file=sys.stderr)
    predictor.check_options(top, level)
    evidence = Evidence(predictor, explain, similar, known)
    with show_progress(len(paths) > 16) as report:
        found = []
        for prediction in predictor.predict_many(paths, top=top, level=level):
            found.append(prediction)
            report("images", len(found), len(paths), "")
    failed = any(prediction.error is not None for prediction in found)
    nearest = evidence.gather(paths, found)
    if format_ == "json":
        rows = [prediction.to_json() | near for prediction, near in zip(found, nearest, strict=True)]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
    elif format_ == "csv":
        table = csv.writer(sys.stdout, lineterminator="\n")
        table.writerow(["image", "code", "heading", "score", "level", "above_threshold", "error"])
        for prediction in found:
            if prediction.error is not None:
                table.writerow([prediction.image, "", "", "", "", "", prediction.error])
            for each in prediction.suggestions:
                table.writerow(
                    [prediction.image, each.code, each.heading, each.score, each.level, int(each.above_threshold), ""]
                )
    else:
        from viennatag.reports.predictions import predictions_text

        print(predictions_text(found, styled=sys.stdout.isatty()), end="")
        evidence.show(found, nearest)
    if failed:
        raise typer.Exit(1)
