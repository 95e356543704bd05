"""The command line: a thin shell over the library.

The library raises; this package turns the exception into one clean message and an exit status: 0 for success,
1 if an image could not be read, 2 for a mistake, 130 or 143 if ended by SIGINT or SIGTERM. A command is loaded when it
is called, and slow imports stay inside its function, so that `predict` starts at once.
"""

import errno
import gc
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from signal import Signals
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from click import NoSuchOption
from typer.core import TyperGroup

from viennatag import __version__
from viennatag.cli.options import PLAIN, Command, read_arguments, with_near_names
from viennatag.cli.streams import flush_output, prepare_streams
from viennatag.errors import MissingExtraError, ViennatagError, visible
from viennatag.signals import Stopped, end_children, ended_by_signals, is_first_process, received_signal

if TYPE_CHECKING:
    from click import Command as ClickCommand
    from click import Context

__all__ = ["app", "main"]

_EXTRAS = {
    "bulk": {"ray"},
    "data": {"jinja2", "markupsafe", "pyarrow", "scipy"},
    "render": {"fontTools", "resvg_py", "uharfbuzz"},
    "similar": {"usearch"},
}
_COMMANDS = (
    "predict", "bulk", "features", "train", "update", "evaluate", "suggest-labels", "inspect", "compare", "index",
    "split", "render", "import", "export", "tune", "quantize", "codes", "serve", "team",
)  # fmt: skip
"""The commands in the order of the help."""
_GOES_ON = "the same command goes on where it stopped"
_GOING_ON = {
    **dict.fromkeys(
        ("bulk", "compare", "features", "import", "index", "inspect", "render", "train", "update"), _GOES_ON
    ),
    "serve": "the same command serves again",
}
"""How a command goes on after a signal."""


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
    function = f"{name}_" if name == "import" else name.replace("-", "_")  # `import` is a keyword of Python
    home = import_module(f"viennatag.cli.{function}")
    found = getattr(home, function)
    if isinstance(found, typer.Typer):  # it has commands of its own
        group = typer.main.get_command(found)
        group.suggest_commands = False  # type: ignore[attr-defined]  # click does so itself
        return group
    alone = typer.Typer(**PLAIN)
    alone.command(name, cls=getattr(home, "COMMAND_CLASS", Command))(found)
    return typer.main.get_command(alone)


class _Group(TyperGroup):
    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Commands()  # type: ignore[assignment]  # nothing is ever added
        self.suggest_commands = False  # click does so itself

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args if ctx.resilient_parsing else read_arguments(args))
        except NoSuchOption as exc:
            raise with_near_names(exc, self, ctx) from None

    def list_commands(self, ctx: "Context") -> list[str]:
        return list(self.commands)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"viennatag {__version__}")
        raise typer.Exit


def _viennatag(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    pass


app = typer.Typer(
    name="viennatag",
    help="Vienna Classification codes for figurative trade marks, from the image alone.",
    cls=_Group,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    **(PLAIN | {"add_completion": True}),
)
app.callback()(_viennatag)


def main() -> NoReturn:
    """Run the command line and exit with its status."""
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", os.sep)  # torch makes one in TMPDIR, and nothing is compiled here
    gc.set_threshold(50_000)  # a start creates thousands of objects and frees few of them
    prepare_streams()
    with ended_by_signals(_describe_stop):
        status, message = _run()
        if (number := received_signal()) is not None:  # whatever a library made of the exception
            end_children()
            status, message = 128 + number, _describe_stop(number)
    if message and (is_first_process() or sys.argv[1:2] != ["train"]):  # a cluster sets the rank for any command
        with suppress(OSError):
            print(visible(message), file=sys.stderr, flush=True)
    sys.exit(status)


def _run() -> tuple[int, str]:
    """Run a command, and return its status and the line about what went wrong."""
    try:
        try:
            app()
        finally:
            flush_output()
    except SystemExit as exc:
        if isinstance(exc.__context__, BrokenPipeError):  # the reader is gone, as in `viennatag codes list | head`
            return 0, ""
        return exc.code if isinstance(exc.code, int) else int(exc.code is not None), ""
    except Stopped:
        return 1, ""
    except BrokenPipeError:
        return 0, ""
    except (
        ViennatagError, ModuleNotFoundError, OSError, UnicodeError, OverflowError, RecursionError, MemoryError
    ) as exc:  # fmt: skip
        return 2, f"viennatag: {_explain(exc)}"
    except Exception:
        if received_signal() is None:
            raise
        return 1, ""  # what a library made of the signal
    return 0, ""


def _explain(exc: BaseException) -> str:
    """Return one line about an exception that nobody translated."""
    match exc:
        case ModuleNotFoundError():
            return str(_missing(exc))
        case OSError(strerror=str(reason)):
            names = [os.fsdecode(each) for each in (exc.filename, exc.filename2) if isinstance(each, (str, bytes))]
            if names:
                return f"{' to '.join(names)}: {reason}"
            if exc.errno == errno.ENOSPC:
                return f"writing failed: {reason}; free some space, and {_how_to_go_on()}"
            if not _has_current_folder():
                return "the folder that the command was started in is gone; change to one that is there"
            return f"reading or writing failed: {reason}"
        case UnicodeError():
            return f"a text or a name cannot be read or written ({exc})"
        case OverflowError():
            return f"a number in the input is too large ({exc})"
        case RecursionError():
            return "the input is nested too deeply to be read"
        case MemoryError():
            return "there is not enough memory; give it fewer or smaller images, or smaller batches"
    return str(exc)


def _describe_stop(number: int) -> str:
    """Return the line that says what ended a command, and how to go on."""
    return f"viennatag: ended by {Signals(number).name}; {_how_to_go_on()}"


def _how_to_go_on() -> str:
    name = next((each for each in sys.argv[1:] if each in _COMMANDS), "")
    return _GOING_ON.get(name, "the same command starts again")


def _has_current_folder() -> bool:
    try:
        return bool(os.getcwd())
    except OSError:
        return False


def _missing(exc: ModuleNotFoundError) -> Exception:
    package = (exc.name or "").partition(".")[0]
    if package == "viennatag":
        raise exc
    extra = next((extra for extra, packages in _EXTRAS.items() if package in packages), "train")
    return MissingExtraError(f"this needs the package {package!r}; install it with: pip install 'viennatag[{extra}]'")
