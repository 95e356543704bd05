"""The command for millions of marks: `bulk`."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from viennatag.cli.shared import choose
from viennatag.progress import show_progress

_SHOWN = 20
"""Reasons that are printed."""


def bulk(
    source: Annotated[
        str, typer.Argument(help="A folder, ZIP, TAR or Parquet file, a quoted pattern of these, or a marks table.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder of the results.")],
    model: Annotated[str, typer.Option(help="Folder of a bundle, or starter.")] = "starter",
    images: Annotated[
        Path | None, typer.Option(help="Folder of images; SOURCE is then a marks table that names them.")
    ] = None,
    top: Annotated[int | None, typer.Option(help="Rank this many codes of a level, thresholds or not.")] = None,
    level: Annotated[str | None, typer.Option(help="category, division or section.")] = None,
    threshold: Annotated[float | None, typer.Option(help="One threshold for all codes.")] = None,
    floor: Annotated[float | None, typer.Option(help="Also write every score from this up.")] = None,
    format_: Annotated[str, typer.Option("--format", help="parquet or jsonl.")] = "parquet",
    part_size: Annotated[int, typer.Option(help="Images in a part, the unit that is done again if killed.")] = 500,
    address: Annotated[
        str | None, typer.Option(help="Ray cluster: HOST:PORT, auto, or local; without it this process does it all.")
    ] = None,
) -> None:
    """Suggest codes for millions of images; call it again to go on after an interruption.

    Example: viennatag bulk images -o results

    Example: viennatag bulk 'shards/*.tar' -o results --address auto
    """
    choose("--format", format_, ("parquet", "jsonl"))
    from viennatag.bulk import BulkOptions, run_bulk

    chosen: Any = format_
    with show_progress() as report:
        summary = run_bulk(
            source,
            out,
            model=model,
            images=images,
            options=BulkOptions(top, level, threshold, floor, chosen, part_size),
            address=address,
            progress=lambda done, total, failed: report("images", done, total, f"{failed:,} failed" if failed else ""),
        )
    if summary.resumed:
        print(f"went on after {summary.resumed:,} images that were done", file=sys.stderr)
    for reason, count in summary.reasons[:_SHOWN]:
        print(f"failed: {count:,} × {reason}", file=sys.stderr)
    if len(summary.reasons) > _SHOWN:
        print(f"failed: {len(summary.reasons) - _SHOWN:,} other reasons", file=sys.stderr)
    print(f"{summary.images:,} images, {summary.failed:,} of them failed")
    print(f"wrote {summary.parts}: results")
    if summary.failed:
        print(f"wrote {summary.failures}: what failed")
    if summary.unfinished:
        print(f"{summary.unfinished:,} parts could not be finished; the same command tries them again", file=sys.stderr)
    if summary.failed:
        raise typer.Exit(1)
