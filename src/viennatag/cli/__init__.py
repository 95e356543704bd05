"""The command line: a thin shell over the library.

The library raises; this package turns the exception into one clean message and an exit status: 0 for success,
1 if an image could not be read, 2 for a mistake, 130 if interrupted. A command is loaded when it is called,
and slow imports stay inside its function, so that `predict` starts at once.
"""

import gc
import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from typer.core import TyperGroup

from viennatag.cli.options import PLAIN, Command, fail
from viennatag.errors import MissingExtraError, ViennatagError

if TYPE_CHECKING:
    from click import Command as ClickCommand
    from click import Context

__all__ = ["app", "main"]

_EXTRAS = {
    "bulk": {"ray"},
    "data": {"jinja2", "markupsafe", "pyarrow", "scipy"},
    "render": {"fontTools", "resvg_py"},
    "similar": {"usearch"},
}
_COMMANDS = (
    "predict", "bulk", "train", "update", "evaluate", "inspect", "compare", "index", "split", "render", "import",
    "tune", "quantize", "codes", "serve",
)  # fmt: skip
"""The commands in the order of the help."""


class _Commands(Mapping[str, "ClickCommand"]):
    """The commands by name, each made from its function when it is first asked for."""

    def __getitem__(self, name: str) -> "ClickCommand":
        if name not in _COMMANDS:
            raise KeyError(name)
        return _make_command(name)

    def __iter__(self) -> Iterator[str]:
        return iter(_COMMANDS)

    def __len__(self) -> int:
        return len(_COMMANDS)


@cache
def _make_command(name: str) -> "ClickCommand":
    function = f"{name}_" if name == "import" else name  # `import` is a keyword of Python
    home = import_module(f"viennatag.cli.{function}")
    found = getattr(home, function)
    if isinstance(found, typer.Typer):  # it has commands of its own
        return typer.main.get_command(found)
    alone = typer.Typer(**PLAIN)
    alone.command(name, cls=getattr(home, "COMMAND_CLASS", Command))(found)
    return typer.main.get_command(alone)


class _Group(TyperGroup):
    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Commands()  # type: ignore[assignment]  # nothing is ever added
        self.suggest_commands = False  # click does so itself

    def list_commands(self, ctx: "Context") -> list[str]:
        return list(self.commands)


app = typer.Typer(
    name="viennatag",
    help="Vienna Classification codes for figurative trade marks, from the image alone.",
    cls=_Group,
    no_args_is_help=True,
    **PLAIN,
)
app.callback()(lambda: None)


def main() -> NoReturn:
    """Run the command line and exit with its status."""
    gc.set_threshold(50_000)  # a start creates thousands of objects and frees few of them
    try:
        app()
    except ViennatagError as exc:
        fail(str(exc))
    except ModuleNotFoundError as exc:
        fail(str(_missing(exc)))
    except BrokenPipeError:  # the reader of our output is gone, as in `viennatag codes list | head`
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
    extra = next((extra for extra, packages in _EXTRAS.items() if package in packages), "train")
    return MissingExtraError(f"this needs the package {package!r}; install it with: pip install 'viennatag[{extra}]'")
