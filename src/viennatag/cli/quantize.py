"""The command `quantize`: a bundle in reduced precision."""

from pathlib import Path
from typing import Annotated

from typer import Option

from viennatag.cli import options, tables
from viennatag.cli.options import megabytes
from viennatag.cli.outputs import check_outputs
from viennatag.cli.progress import show_progress
from viennatag.cli.tables import read_table


def quantize(
    bundle: options.BundleArgument,
    marks: tables.MarksArgument,
    images: options.ImagesOption,
    out: Annotated[Path, Option("-o", "--out", help="Folder to write the smaller bundle to.")],
    precision: Annotated[str, Option(help="int8 or bf16.")] = "int8",
    skip_bad: tables.BadRowsOption = False,
    ignore: tables.IgnoreOption = None,
    seed: options.SeedOption = 0,
) -> None:
    """Write a bundle in reduced precision.

    Nothing is written if it loses more than half a point of macro mAP on the marks.

    Example: viennatag quantize my-bundle marks.csv --images images -o my-bundle-int8
    """
    check_outputs(bundle=out)
    from viennatag.model.bundle import open_bundle
    from viennatag.prediction.quantization import quantize as quantize_bundle

    found = open_bundle(bundle)
    table = read_table(marks, images, taxonomy=found.labels.taxonomy, skip_bad=skip_bad, ignore=ignore)
    with show_progress() as report:
        reduced, effect = quantize_bundle(found, table, images, out, precision=precision, seed=seed, progress=report)
    print(
        f"macro mAP on {effect.marks:,} marks, {effect.labels:,} labels: {effect.original:.2f} % before, "
        f"{effect.reduced:.2f} % after ({effect.method})"
    )
    print(f"scores differ by {effect.mean_difference:.5f} on average, by {effect.largest_difference:.3f} at most")
    print(f"wrote {out}: {megabytes(out)}, in {reduced.precision}")
