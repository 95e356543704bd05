"""Commands that make predictions faster: `tune` and `quantize`."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from viennatag.cli.shell import (
    EngineOption,
    FormatOption,
    IgnoreOption,
    ImagesOption,
    SeedOption,
    SkipOption,
    choose,
    megabytes,
    say_skipped,
)
from viennatag.progress import show_progress


def tune(
    bundle: Annotated[str, typer.Argument(help="Folder of a bundle, starter, or hf-hub:owner/name.")] = "starter",
    engine: EngineOption = None,
    format_: FormatOption = "table",
) -> None:
    """Measure which engine, threads and batch size are fastest here, and use them from now on.

    Takes a minute on a quiet machine. The result is kept in your cache folder, for this graph on this machine.

    Example: viennatag tune my-bundle
    """
    choose("--format", format_, ("table", "json"))
    from viennatag.bundle import open_bundle
    from viennatag.tuning import fastest, measure, write_speeds

    found = open_bundle(bundle)
    names = None if engine in {None, "auto"} else [str(engine)]
    speeds = measure(
        found.graph,
        precision=found.precision,
        engines=names,
        report=lambda what: print(f"measuring {what}", file=sys.stderr),
    )
    path = write_speeds(found.digest, speeds)
    if format_ == "json":
        print(json.dumps({name: speed.to_json() for name, speed in speeds.items()}, indent=2))
        return
    for name, speed in speeds.items():
        print(
            f"{name}: one image {speed.milliseconds:.1f} ms with {speed.threads} threads; many images "
            f"{speed.images_per_second:,.0f} a second in batches of {speed.batch_size}"
        )
    print(f"fastest: {fastest(speeds)}")
    print(f"wrote {path}")


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
    from viennatag.bundle import open_bundle
    from viennatag.marks import read_marks
    from viennatag.quantization import quantize as quantize_bundle

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
