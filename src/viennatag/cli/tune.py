"""The command `tune`: the fastest way to predict on this machine."""

import sys

from viennatag.cli.options import BundleArgument, EngineOption, FormatOption, print_json
from viennatag.cli.outputs import check_outputs
from viennatag.files import cache_folder


def tune(bundle: BundleArgument = "starter", engine: EngineOption = None, format_: FormatOption = "table") -> None:
    """Find the fastest way to predict on this machine.

    Engines, numbers of threads and batch sizes are measured, and the fastest are used from now on. This takes a minute
    on an idle machine. The result is kept in your cache folder, for this graph on this machine.

    Example: viennatag tune my-bundle
    """
    check_outputs(folders={"XDG_CACHE_HOME": cache_folder()})
    from viennatag.model.bundle import open_bundle
    from viennatag.runtime.autotune import measure_speeds
    from viennatag.runtime.settings import fastest_engine, write_speeds

    found = open_bundle(bundle)
    engines = None if engine in {None, "auto"} else [str(engine)]

    def report(what: str) -> None:
        print(f"measuring {what}", file=sys.stderr)

    speeds = measure_speeds(found.graph, precision=found.precision, engines=engines, progress=report)
    path = write_speeds(found.digest, speeds)
    if format_ == "json":
        print_json({name: speed.to_json() for name, speed in speeds.items()})
        return
    for name, speed in speeds.items():
        print(
            f"{name}: one image {speed.milliseconds:.1f} ms with {speed.threads} threads; many images "
            f"{speed.images_per_second:,.0f} a second in batches of {speed.batch_size}"
        )
    print(f"fastest: {fastest_engine(speeds)}")
    print(f"wrote {path}")
