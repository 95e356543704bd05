"""The command `split`: training, validation and test subsets of marks."""

from pathlib import Path
from typing import Annotated

import typer

from viennatag.cli.options import (
    BadRowsOption,
    IgnoreOption,
    MarksArgument,
    SeedOption,
    TaxonomyOption,
    print_skipped,
    read_table,
)
from viennatag.progress import show_progress


def split(
    marks: MarksArgument,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write the tables train, validation and test to.")],
    images: Annotated[Path | None, typer.Option(help="Folder of images; near-duplicates then stay together.")] = None,
    fractions: Annotated[str, typer.Option(help="Shares of train, validation and test.")] = "0.8,0.1,0.1",
    order: Annotated[int, typer.Option(help="1 keeps the shares of labels, 2 also those of label pairs.")] = 1,
    taxonomy: TaxonomyOption = "vienna",
    skip_bad: BadRowsOption = False,
    ignore: IgnoreOption = None,
    seed: SeedOption = 0,
) -> None:
    """Split marks into training, validation and test subsets.

    Each label is divided by the same fractions.

    Example: viennatag split marks.csv -o parts --images images
    """
    from dataclasses import replace

    import numpy as np

    from viennatag.data.marks import SUBSETS, write_marks
    from viennatag.errors import OptionError
    from viennatag.images.decoding import hash_images
    from viennatag.split.splitting import split_marks

    try:
        shares = tuple(float(share) for share in fractions.split(","))
    except ValueError:
        raise OptionError(f"--fractions {fractions!r} are not numbers; expected, say, 0.8,0.1,0.1") from None
    table = read_table(marks, images, taxonomy=taxonomy, skip_bad=skip_bad, ignore=ignore)
    hashes = None
    if images is not None:
        with show_progress() as report:
            paths = [images / image for image in table.images]
            hashes, errors = hash_images(paths, progress=lambda done, total: report("images", done, total, ""))
        before = len(table.skipped)
        table, kept = table.readable(errors, skip_bad=skip_bad)
        print_skipped(table.skipped[before:])
        hashes = hashes[kept]
    subsets = split_marks(table, fractions=shares, hashes=hashes, order=order, seed=seed)
    suffix = marks.suffix if marks.suffix in {".parquet", ".jsonl", ".tsv"} else ".csv"
    for at, name in enumerate(SUBSETS):
        chosen = table.select(np.flatnonzero(subsets == at))
        write_marks(replace(chosen, splits=(name,) * len(chosen)), out / f"{name}{suffix}")
        print(f"wrote {out / name}{suffix}: {len(chosen):,} marks")
