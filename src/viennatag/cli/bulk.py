"""The command `bulk`: suggestions for millions of images."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

from typer import Argument, Exit, Option

from viennatag.cli.options import LevelOption, ModelOption, TopOption, one_of
from viennatag.cli.outputs import check_outputs
from viennatag.cli.progress import show_progress
from viennatag.errors import count

if TYPE_CHECKING:
    from viennatag.bulk.run import BulkSummary

_SHOWN = 20
"""Reasons that are printed."""


def bulk(
    source: Annotated[
        str, Argument(help="A folder, ZIP, TAR or Parquet file, a quoted pattern of these, or a marks table.")
    ],
    out: Annotated[Path, Option("-o", "--out", help="Folder of the results.")],
    model: ModelOption = "starter",
    images: Annotated[
        Path | None, Option(help="Folder of images; SOURCE is then a marks table that names them.")
    ] = None,
    top: TopOption = None,
    level: LevelOption = None,
    threshold: Annotated[
        float | None, Option(help="One threshold for all codes.", show_default="those of the bundle")
    ] = None,
    floor: Annotated[float | None, Option(help="Also write all scores of at least this.")] = None,
    format_: Annotated[
        str, Option("--format", help="parquet or jsonl.", callback=one_of("parquet", "jsonl"))
    ] = "parquet",
    shard_size: Annotated[int, Option(help="Images in a shard, the unit that is repeated if killed.")] = 500,
    address: Annotated[
        str | None, Option(help="Ray cluster: HOST:PORT, auto, or local.", show_default="this machine alone")
    ] = None,
) -> None:
    """Suggest codes for millions of images.

    Call it again to resume after an interruption.

    Example: viennatag bulk images -o results

    Example: viennatag bulk 'archives/*.tar' -o results --address auto
    """
    check_outputs(folders={"--out": out})
    from viennatag.bulk import run_bulk

    with show_progress() as report:
        summary = run_bulk(
            source,
            out,
            model=model,
            images=images,
            top=top,
            level=level,
            threshold=threshold,
            floor=floor,
            format=cast("Any", format_),
            shard_size=shard_size,
            address=address,
            progress=lambda done, total, failed: report("images", done, total, f"{failed:,} failed" if failed else ""),
        )
    print_summary(summary, f"{summary.shards}: results")


def print_summary(summary: "BulkSummary", written: str) -> None:
    """Print what a run did and wrote; exit with 1 if images failed."""
    if summary.resumed:
        print(f"resumed after {summary.resumed:,} finished images", file=sys.stderr)
    for reason, times in summary.reasons[:_SHOWN]:
        print(f"failed: {times:,} × {reason}", file=sys.stderr)
    if len(summary.reasons) > _SHOWN:
        print(f"failed: {len(summary.reasons) - _SHOWN:,} other reasons", file=sys.stderr)
    if summary.passed_over:
        print(summary.passed_over, file=sys.stderr)
    print(f"{count(summary.images, 'image')}, {summary.failed:,} of them failed")
    print(f"wrote {written}")
    if summary.failed:
        print(f"wrote {summary.failures}: failures")
    if summary.unfinished:
        shards = count(summary.unfinished, "unfinished shard")
        print(f"{shards}; the same command tries again", file=sys.stderr)
    if summary.failed:
        raise Exit(1)
