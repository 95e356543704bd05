"""The command `split`: training, validation and test subsets of marks."""

import sys
from pathlib import Path
from typing import Annotated

from typer import Option

from viennatag.cli import options, tables
from viennatag.cli.options import fail
from viennatag.cli.outputs import check_outputs
from viennatag.cli.progress import show_progress
from viennatag.cli.tables import print_skipped, read_reading, read_table


def split(
    marks: tables.MarksArgument,
    out: Annotated[Path, Option("-o", "--out", help="Folder to write the tables train, validation and test to.")],
    folds: Annotated[
        int | None,
        Option(help="Write this many tables for cross-validation instead; each has another fold as its test subset."),
    ] = None,
    images: Annotated[Path | None, Option(help="Folder of images; near-duplicates then stay together.")] = None,
    near_duplicates: Annotated[
        str,
        Option(help="Bits of 64 in which hashes of near-duplicates differ at most, 0 to 8; or none, to look for none."),
    ] = "2",
    fractions: Annotated[str, Option(help="Shares of train, validation and test.")] = "0.8,0.1,0.1",
    order: Annotated[int, Option(help="1 keeps the shares of labels, 2 also those of label pairs.")] = 1,
    taxonomy: options.TaxonomyOption = "vienna",
    skip_bad: tables.BadRowsOption = False,
    ignore: tables.IgnoreOption = None,
    image_column: tables.ImageColumnOption = None,
    label_column: tables.LabelColumnOption = None,
    separator: tables.SeparatorOption = None,
    long: tables.LongOption = None,
    as_written: tables.AsWrittenOption = False,
    blank: tables.BlankOption = None,
    seed: options.SeedOption = 0,
) -> None:
    """Split marks into training, validation and test subsets.

    Each label is divided by the same fractions.

    Example: viennatag split marks.csv -o parts --images images

    Example: viennatag split marks.csv -o folds --folds 5
    """
    from dataclasses import replace

    import numpy as np

    from viennatag.data.marks import SUBSETS
    from viennatag.data.writing import write_marks
    from viennatag.errors import OptionError, count
    from viennatag.files import replaced_together
    from viennatag.images.reading import hash_images
    from viennatag.split.splitting import describe_look_alikes, describe_shares, describe_taken, split_marks

    distance = _bits(near_duplicates)
    try:
        shares = tuple(float(share) for share in fractions.split(","))
    except ValueError:
        raise OptionError(f"--fractions {fractions!r} are not numbers; expected, say, 0.8,0.1,0.1") from None
    suffix = marks.suffix if marks.suffix in {".parquet", ".jsonl", ".tsv"} else ".csv"
    names = SUBSETS if folds is None else [f"fold-{fold + 1}" for fold in range(folds)]
    check_outputs({f"--out, {name}": out / f"{name}{suffix}" for name in names}, folders={"--out": out}, inputs=[marks])
    reading = read_reading(image_column, label_column, ignore, separator, long, as_written, blank)
    table = read_table(marks, images, taxonomy=taxonomy, skip_bad=skip_bad, reading=reading)
    hashes = None
    if images is not None:
        paths = [images / image for image in table.images]
        with show_progress() as report:
            hashes, errors = hash_images(paths, progress=lambda done, total: report("images", done, total, ""))
        before = len(table.skipped)
        table, kept = table.readable(errors, skip_bad=skip_bad)
        print_skipped(table.skipped[before:])
        hashes = hashes[kept] if near_duplicates not in {"none", "off"} else None
        if hashes is not None and (told := describe_look_alikes(hashes, max_distance=distance)):
            print(told)
    if folds is not None:
        from viennatag.split.folds import fold_marks

        if fractions != "0.8,0.1,0.1":
            raise OptionError("--fractions and --folds exclude each other: folds are all of one size")
        number = fold_marks(table, folds, hashes=hashes, max_distance=distance, order=order, seed=seed)
        if held := int((number < 0).sum()):
            print(f"{held:,} marks of the stated test subset are in no fold and in no table")
        table, number = table.select(np.flatnonzero(number >= 0)), number[number >= 0]
        paths = [out / f"{name}{suffix}" for name in names]
        with replaced_together(paths) as fresh:
            for fold, path in enumerate(fresh):
                write_marks(replace(table, splits=tuple("test" if at == fold else "train" for at in number)), path)
        for fold, path in enumerate(paths):
            print(f"wrote {path}: {int((number == fold).sum()):,} of {len(table):,} marks are in test")
        if older := sorted(set(out.glob(f"fold-*{suffix}")) - set(paths)):
            print(f"note: {older[0]} is of another split", file=sys.stderr)
        return
    subsets = split_marks(table, fractions=shares, hashes=hashes, max_distance=distance, order=order, seed=seed)
    for told in filter(None, (describe_taken(table, subsets), describe_shares(table, subsets, shares))):
        print(told)
    chosen = [table.select(np.flatnonzero(subsets == at)) for at in range(len(SUBSETS))]
    with replaced_together([out / f"{name}{suffix}" for name in SUBSETS]) as fresh:
        for name, part, path in zip(SUBSETS, chosen, fresh, strict=True):
            write_marks(replace(part, splits=(name,) * len(part)), path)
    for name, part in zip(SUBSETS, chosen, strict=True):
        print(f"wrote {out / name}{suffix}: {count(len(part), 'mark')}")


def _bits(near_duplicates: str) -> int:
    """Return the bits of --near-duplicates; 0 where it looks for none."""
    if near_duplicates in {"none", "off"}:
        return 0
    if near_duplicates not in {str(bits) for bits in range(9)}:
        fail(f"--near-duplicates {near_duplicates!r}: expected bits, from 0 to 8, or none")
    return int(near_duplicates)
