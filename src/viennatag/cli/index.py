"""The command `index`: reference marks for `predict --similar`."""

from pathlib import Path
from typing import Annotated

from typer import Option

from viennatag.cli import options, tables
from viennatag.cli.options import megabytes
from viennatag.cli.outputs import check_outputs
from viennatag.cli.progress import show_progress
from viennatag.cli.tables import print_skipped, read_table


def index(
    bundle: options.BundleArgument,
    marks: tables.MarksArgument,
    images: options.ImagesOption,
    out: Annotated[
        Path | None, Option("-o", "--out", help="Folder of the index.", show_default="inside the bundle")
    ] = None,
    skip_bad: tables.BadRowsOption = False,
    ignore: tables.IgnoreOption = None,
    seed: options.SeedOption = 0,
) -> None:
    """Index reference marks for predict --similar.

    Call it again to resume after an interruption.

    Example: viennatag index my-bundle marks.csv --images images
    """
    from viennatag.errors import count
    from viennatag.explain.index import make_index
    from viennatag.explain.similar import INDEX
    from viennatag.model.bundle import open_bundle

    opened = open_bundle(bundle)
    check_outputs(folders={"--out": out or opened.graph.parent / INDEX}, inputs=[marks])
    table = read_table(marks, images, taxonomy=opened.labels.taxonomy, skip_bad=skip_bad, ignore=ignore)
    with show_progress() as report:
        folder, kept = make_index(
            opened,
            table,
            images,
            out=out,
            skip_bad=skip_bad,
            seed=seed,
            progress=lambda stage, done, total: report(stage, done, total, ""),
        )
    print_skipped(kept.skipped[len(table.skipped) :])
    print(f"wrote {folder}: {count(len(kept), 'mark')}, {megabytes(folder)}")
