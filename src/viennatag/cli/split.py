"""The command `split`: training, validation and test subsets of marks."""

from pathlib import Path
from typing import Annotated

from typer import Option

from viennatag.cli import options
from viennatag.cli.options import print_skipped, read_table
from viennatag.progress import show_progress


def split(
    marks: options.MarksArgument,
    out: Annotated[Path, Option("-o", "--out", help="Folder to write the tables train, validation and test to.")],
    images: Annotated[Path | None, Option(help="Folder of images; near-duplicates then stay together.")] = None,
    fractions: Annotated[str, Option(help="Shares of train, validation and test.")] = "0.8,0.1,0.1",
    order: Annotated[int, Option(help="1 keeps the shares of labels, 2 also those of label pairs.")] = 1,
    taxonomy: options.TaxonomyOption = "vienna",
    skip_bad: options.BadRowsOption = False,
    ignore: options.IgnoreOption = None,
    seed: options.SeedOption = 0,
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
        paths = [images / image for image in table.images]
        with show_progress() as report:
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
