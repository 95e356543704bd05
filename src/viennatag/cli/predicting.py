"""Commands that answer at once: `predict` and `codes`."""

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from viennatag.cli.shell import FormatOption, choose, fail, show
from viennatag.progress import show_progress


def predict(
    images: Annotated[list[str], typer.Argument(help="Image files, or folders of them.", metavar="IMAGE...")],
    model: Annotated[str, typer.Option(help="Folder of a bundle, or starter.")] = "starter",
    top: Annotated[int | None, typer.Option(help="Rank this many codes of a level, thresholds or not.")] = None,
    level: Annotated[str | None, typer.Option(help="category, division or section.")] = None,
    format_: Annotated[str, typer.Option("--format", help="table, json or csv.")] = "table",
) -> None:
    """Suggest codes for images.

    Example: viennatag predict logo.png --top 5 --level section
    """
    choose("--format", format_, ("table", "json", "csv"))
    from viennatag.predictor import Predictor

    paths = [path for name in images for path in _image_files(Path(name))]
    predictor = Predictor.load(model)
    predictor.check_options(top, level)
    with show_progress(len(paths) > 16) as report:
        found = []
        for prediction in predictor.predict_many(paths, top=top, level=level):
            found.append(prediction)
            report("images", len(found), len(paths), "")
    failed = any(prediction.error is not None for prediction in found)
    if format_ == "json":
        print(json.dumps([prediction.to_json() for prediction in found], ensure_ascii=False, indent=2))
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
        from viennatag.report.terminal import predictions_report

        show(predictions_report(found))
    if failed:
        raise typer.Exit(1)


def codes(
    query: Annotated[
        list[str] | None, typer.Argument(help="A code; or search and words.", metavar="[CODE | search WORDS...]")
    ] = None,
    format_: FormatOption = "table",
) -> None:
    """Show a code with its place in the tree, or search headings; without arguments the categories.

    Example: viennatag codes 3.1.6
    Example: viennatag codes search cat
    """
    choose("--format", format_, ("table", "json"))
    from viennatag.codes import Code, parse_codes, vienna_tree

    tree = vienna_tree()
    found: list[Code]
    if not query:
        found = list(tree.children(None))
    elif query[0] == "search":
        found = tree.search(query[1:], limit=40)
        if not found:
            fail(f"no heading holds {' '.join(query[1:])!r}; try fewer or shorter words")
    else:
        asked = parse_codes(" ".join(query))
        found = [node for code in asked for node in (*code.path, *tree.children(code))]
    found = list(dict.fromkeys(found))
    if format_ == "json":
        rows = [{"code": str(code), "heading": tree.heading(code), "level": code.level} for code in found]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    width = max(len(str(code)) for code in found)
    for code in found:
        print(f"{code!s:<{width}}  {tree.heading(code)}")


def _image_files(path: Path) -> Iterator[Path]:
    """Yield the images of a folder, or the path itself."""
    if not path.is_dir():
        yield path
        return
    endings = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".ppm"}
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in endings)
    if not found:
        fail(f"{path}: the folder holds no images")
    yield from found
