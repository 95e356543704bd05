"""The command `export`: labels and suggestions in the formats of other tools."""

import sys
from pathlib import Path
from typing import Annotated

from typer import Argument, Exit, Option

from viennatag.cli import options, tables
from viennatag.cli.options import fail, image_files, one_of
from viennatag.cli.outputs import check_outputs
from viennatag.cli.progress import show_progress
from viennatag.cli.tables import print_skipped, read_table


def export(
    source: Annotated[
        Path, Argument(help="Folder of images, for suggestions; or a table of marks, for its own labels.")
    ],
    out: Annotated[Path, Option("-o", "--out", help="Folder to write to.")],
    to: Annotated[
        str,
        Option("--to", help="coco, label-studio or fiftyone.", callback=one_of("coco", "label-studio", "fiftyone")),
    ],
    model: options.ModelOption = "starter",
    images: Annotated[Path | None, Option(help="Folder of images; SOURCE is then a table of marks.")] = None,
    taxonomy: options.TaxonomyOption = "vienna",
    skip_bad: tables.BadRowsOption = False,
    ignore: tables.IgnoreOption = None,
) -> None:
    """Write suggestions for images, or the labels of a table, in the format of another tool.

    Suggestions carry their scores; in Label Studio they are pre-annotations.

    Example: viennatag export images -o tasks --to label-studio --model my-bundle

    Example: viennatag export marks.csv --images images -o coco --to coco
    """
    check_outputs(folders={"--out": out}, apart=[source] if to == "fiftyone" and images is None else [])
    from viennatag.data.labels import LabelSet
    from viennatag.errors import count
    from viennatag.images.reading import hash_images
    from viennatag.prediction.predictor import Predictor
    from viennatag.reports.exports import export_labels, labelled_marks, labelled_predictions

    failed = 0
    if images is None:
        if not source.is_dir():
            fail(f"{source} is no folder of images; for a table of marks, name the folder of its images with --images")
        predictor = Predictor.load(model)
        labels, folder, paths = predictor.bundle.labels, source, list(image_files(source))
        found = []
        with show_progress() as shown:
            for done, each in enumerate(predictor.predict_many(paths), start=1):
                found.append(each)
                shown("images", done, len(paths), "")
        for each in found:
            if each.error is not None:
                failed += 1
                print(f"{each.image}: {each.error}", file=sys.stderr)
        if failed == len(paths):
            fail(f"{source}: none of {count(failed, 'image')} can be read, so nothing was written")
        labelled, names = labelled_predictions(found, source), labels.names
    else:
        marks = read_table(source, images, taxonomy=taxonomy, skip_bad=skip_bad, ignore=ignore)
        if skip_bad:
            _, errors = hash_images([images / image for image in marks.images])
            before = len(marks.skipped)
            marks, _ = marks.readable(errors, skip_bad=True)
            print_skipped(marks.skipped[before:])
        labelled, folder = labelled_marks(marks), images
        if unknown := sum(map(len, marks.unknown)):
            what = f"{count(unknown, 'label')} of an image that nobody knows {'is' if unknown == 1 else 'are'} left out"
            print(f"note: {what}; {to} cannot say so and takes them for absent", file=sys.stderr)
        given = {code for codes in marks.codes for code in codes}
        labels = LabelSet.from_marks(marks)
        names = tuple(name for name in labels.names if name in given)
    meanings = {name: labels.hierarchy.heading(name) for name in names}
    groups = {name: labels.hierarchy.group(name) for name in names}
    export_labels(labelled, folder, out, to=to, classes=names, headings=meanings, groups=groups)
    print(f"wrote {out}: {count(len(labelled), 'image')} in the format of {to}")
    if failed:
        raise Exit(1)
