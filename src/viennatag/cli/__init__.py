"""The command line: a thin shell over the library.

The library raises, this package turns what it raises into one clean message and an exit status:
0 for success, 1 if some image could not be read, 2 for a mistake, 130 if interrupted. Imports that
take long stay inside the command that needs them, so that `predict` starts at once.
"""

import os
import sys
from typing import NoReturn

from viennatag.cli import (
    bulking,
    collecting,
    comparing,
    importing,
    indexing,
    inspecting,
    judging,
    learning,
    predicting,
    serving,
    speeding,
)
from viennatag.cli.shell import app, fail
from viennatag.errors import MissingExtraError, ViennatagError

__all__ = ["app", "main"]

_EXTRAS = {
    "fontTools": "render",
    "pyarrow": "data",
    "ray": "bulk",
    "resvg_py": "render",
    "scipy": "data",
    "usearch": "similar",
}
_COMMANDS = (
    predicting.predict,
    bulking.bulk,
    learning.train,
    judging.evaluate,
    inspecting.inspect,
    comparing.compare,
    indexing.index,
    collecting.split,
    collecting.render,
    importing.import_,
    speeding.tune,
    speeding.quantize,
    predicting.codes,
    serving.serve,
)

for _command in _COMMANDS:  # the order of the help
    app.command(_command.__name__.rstrip("_"))(_command)  # `import` is a word of Python


def main() -> NoReturn:
    """Run the command line and exit with its status."""
    try:
        app()
    except ViennatagError as exc:
        fail(str(exc))
    except ModuleNotFoundError as exc:
        fail(str(_missing(exc)))
    except BrokenPipeError:  # the reader of our output is gone, as `viennatag codes | head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    sys.exit(0)


def _missing(exc: ModuleNotFoundError) -> Exception:
    package = (exc.name or "").partition(".")[0]
    if package == "viennatag":
        raise exc
    extra = _EXTRAS.get(package, "train")
    return MissingExtraError(f"this needs the package {package!r}; install it with: pip install 'viennatag[{extra}]'")
