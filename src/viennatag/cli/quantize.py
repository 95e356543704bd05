"""The command `quantize`: a bundle in reduced precision."""

from pathlib import Path
from typing import Annotated

import typer

from viennatag.cli.shared import (
    IgnoreOption,
    ImagesOption,
    SeedOption,
    SkipOption,
    megabytes,
    say_skipped,
)
from viennatag.progress import show_progress


def quantize(
    bundle: Annotated[str, typer.Argument(help="Folder of a bundle, starter, or hf-hub:owner/name.")],
    marks: Annotated[Path, typer.Argument(help="Table of marks that calibrate and judge.")],
    images: ImagesOption,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write the smaller bundle to.")],
    precision: Annotated[str, typer.Option(help="int8 or bf16.")] = "int8",
    skip_bad: SkipOption = False,
    ignore: IgnoreOption = None,
    seed: SeedOption = 0,
) -> None:
    """Write a bundle in reduced precision, unless it loses more than half a point of macro mAP on marks.

    Example: viennatag quantize my-bundle marks.csv --images images -o my-bundle-int8
    """
    from viennatag.data.marks import read_marks
    from viennatag.model.bundle import open_bundle
    from viennatag.prediction.quantization import quantize as quantize_bundle

    found = open_bundle(bundle)
    table = read_marks(marks, taxonomy=found.labels.taxonomy, images=images, skip_bad=skip_bad, ignore=ignore or ())
    say_skipped(table.skipped)
    with show_progress() as report:
        reduced, judged = quantize_bundle(found, table, images, out, precision=precision, seed=seed, progress=report)
    print(
        f"macro mAP on {judged.marks:,} marks, {judged.labels:,} labels: {judged.original:.2f} % before, "
        f"{judged.reduced:.2f} % after ({judged.method})"
    )
    print(f"a score moved by {judged.mean_difference:.5f} on average, by {judged.largest_difference:.3f} at most")
    print(f"wrote {out}: {megabytes(out)}, in {reduced.precision}")
