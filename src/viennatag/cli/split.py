"""Commands that make collections of marks: `split` and `render`."""

from pathlib import Path
from typing import Annotated

import typer

from viennatag.cli.shared import (
    IgnoreOption,
    SeedOption,
    SkipOption,
    TaxonomyOption,
    parse_taxonomy,
    say_skipped,
)
from viennatag.progress import show_progress


def split(
    marks: Annotated[Path, typer.Argument(help="Table of marks: CSV, TSV, JSONL or Parquet.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write train, validation and test tables to.")],
    images: Annotated[
        Path | None, typer.Option(help="Folder of images; near-identical ones then stay together.")
    ] = None,
    fractions: Annotated[str, typer.Option(help="Shares of train, validation and test.")] = "0.8,0.1,0.1",
    order: Annotated[int, typer.Option(help="1 keeps the shares of labels, 2 those of label pairs too.")] = 1,
    taxonomy: TaxonomyOption = "vienna",
    skip_bad: SkipOption = False,
    ignore: IgnoreOption = None,
    seed: SeedOption = 0,
) -> None:
    """Split marks into train, validation and test, every label in its share.

    Example: viennatag split marks.csv -o parts --images images
    """
    from dataclasses import replace

    import numpy as np

    from viennatag.data.marks import PARTS, read_marks, write_marks
    from viennatag.errors import OptionError
    from viennatag.images.decoding import hash_images
    from viennatag.split.splitting import split_marks

    try:
        shares = tuple(float(share) for share in fractions.split(","))
    except ValueError:
        raise OptionError(f"--fractions {fractions!r} are not numbers; expected, say, 0.8,0.1,0.1") from None
    table = read_marks(marks, taxonomy=parse_taxonomy(taxonomy), images=images, skip_bad=skip_bad, ignore=ignore or ())
    say_skipped(table.skipped)
    hashes = None
    if images is not None:
        with show_progress() as report:
            paths = [images / image for image in table.images]
            hashes, errors = hash_images(paths, progress=lambda done, total: report("images", done, total, ""))
        before = len(table.skipped)
        table, kept = table.readable(errors, skip_bad=skip_bad)
        say_skipped(table.skipped[before:])
        hashes = hashes[kept]
    parts = split_marks(table, fractions=shares, hashes=hashes, order=order, seed=seed)
    suffix = marks.suffix if marks.suffix in {".parquet", ".jsonl", ".tsv"} else ".csv"
    for at, part in enumerate(PARTS):
        chosen = table.select(np.flatnonzero(parts == at))
        write_marks(replace(chosen, splits=(part,) * len(chosen)), out / f"{part}{suffix}")
        print(f"wrote {out / part}{suffix}: {len(chosen):,} marks")
