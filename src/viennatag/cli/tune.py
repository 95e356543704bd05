"""Commands that make predictions faster: `tune` and `quantize`."""

import json
import sys
from typing import Annotated

import typer

from viennatag.cli.shared import (
    EngineOption,
    FormatOption,
    choose,
)


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
    from viennatag.model.bundle import open_bundle
    from viennatag.runtime.autotune import fastest, measure, write_speeds

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
