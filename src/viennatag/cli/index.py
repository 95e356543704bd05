"""Commands about known marks: `index`."""

from pathlib import Path
from typing import Annotated

import typer

from viennatag.cli.shared import IgnoreOption, ImagesOption, SeedOption, SkipOption, megabytes, say_skipped
from viennatag.progress import show_progress


def index(
    bundle: Annotated[str, typer.Argument(help="Folder of a bundle, or starter.")],
    marks: Annotated[Path, typer.Argument(help="Table of marks: CSV, TSV, JSONL or Parquet.")],
    images: ImagesOption,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder of the index; by default inside the bundle.")
    ] = None,
    skip_bad: SkipOption = False,
    ignore: IgnoreOption = None,
    seed: SeedOption = 0,
) -> None:
    """Index known marks, so that predict --similar can show those that look like an image.

    An interrupted run goes on where it stopped.

    Example: viennatag index my-bundle marks.csv --images images
    """
    from viennatag.data.marks import read_marks
    from viennatag.explain.index import make_index
    from viennatag.model.bundle import open_bundle

    opened = open_bundle(bundle)
    taxonomy = opened.labels.taxonomy
    table = read_marks(marks, taxonomy=taxonomy, images=images, skip_bad=skip_bad, ignore=ignore or ())
    say_skipped(table.skipped)
    with show_progress() as report:
        folder, kept = make_index(
            opened,
            table,
            images,
            out=out,
            skip_bad=skip_bad,
            seed=seed,
            report=lambda stage, done, total: report(stage, done, total, ""),
        )
    say_skipped(kept.skipped[len(table.skipped) :])
    print(f"wrote {folder}: {len(kept):,} marks, {megabytes(folder)}")
