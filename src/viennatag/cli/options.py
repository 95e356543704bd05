"""Options that several commands have, and the one way in which commands print."""

import os
import re
import sys
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

from click import NoSuchOption
from typer import Argument, CallbackParam, Option
from typer.core import TyperCommand

from viennatag.cli.streams import takes_unicode
from viennatag.errors import visible

if TYPE_CHECKING:
    from click import Command as ClickCommand
    from click import Context


PLAIN: dict[str, Any] = {"add_completion": False, "pretty_exceptions_enable": False, "rich_markup_mode": None}
"""Settings of typer for plain text, which needs no rich."""
READING_OPTIONS = ("--blank", "--separator", "--long", "--no-long", "--as-written", "--image-column", "--label-column")
"""What says how a table is read; see `tables`."""


class Command(TyperCommand):
    """A command whose examples can be copied from its help."""

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        """Parse arguments; an unknown option is met with those of near names, whose dashes do not count."""
        given = tuple(args)  # click empties the list
        try:
            return super().parse_args(ctx, args)
        except NoSuchOption as exc:
            if exc.option_name in READING_OPTIONS:
                way = "`viennatag import table` takes it and writes a table that is sure"
                raise NoSuchOption(exc.option_name, f"No such option {exc.option_name!r}; {way}", ctx=ctx) from None
            if names := [each for each in given if each.startswith(exc.option_name) and os.path.exists(each)]:
                told = f"No such option {exc.option_name!r}; the file is named by ./{names[0]}"
                raise NoSuchOption(exc.option_name, told, ctx=ctx) from None
            raise with_near_names(exc, self, ctx) from None

    def get_help(self, ctx: "Context") -> str:
        """Return the help; examples are not wrapped."""
        wrapped = self.help
        self.help = (wrapped or "").replace("\n\nExample: ", "\n\n\b\nExample: ")
        try:
            text = super().get_help(ctx).replace("\\[", "[")  # typer escapes brackets for rich, used or not
            return re.sub(r"\[default:(\s+)\(([^()]*)\)", r"[default:\1\2", text)
        finally:
            self.help = wrapped


def with_near_names(exc: NoSuchOption, command: "ClickCommand", ctx: "Context") -> NoSuchOption:
    """Return the error about an option that there is not, with those of near names, whose dashes do not count."""
    names = [each for option in command.get_params(ctx) for each in option.opts if each.startswith("--")]
    near = get_close_matches(exc.option_name.lstrip("-"), [name.lstrip("-") for name in names])
    return NoSuchOption(exc.option_name, possibilities=[f"--{name}" for name in near], ctx=ctx)


def read_arguments(args: list[str]) -> list[str]:
    """Return arguments as they are meant: shells leave `~` alone in `--out=~/bundle`, and unset variables are empty."""
    for each in args[: args.index("--")] if "--" in args else args:
        if not each or re.fullmatch(r"--[\w-]+=", each):
            fail(f"an argument is empty{': ' * bool(each)}{each}; is a variable of the shell not set?")
        if re.match(r"-\w=", each):
            fail(f"{each}: the value would begin with '='; write {each[:2]} {each[3:]}")
    return [re.sub(r"^(--[\w-]+=)?(~/.*)", _at_home, each, flags=re.DOTALL) for each in args]


def _at_home(found: re.Match[str]) -> str:
    option, path = found.groups(default="")
    return option + (path if os.path.exists(path) else os.path.expanduser(path))


def one_of(*choices: str) -> Callable[[CallbackParam, str], str]:
    """Return a check, for typer, that an option has one of the values it may have."""

    def check(option: CallbackParam, value: str) -> str:
        if value not in choices:
            fail(f"{option.opts[-1]} {value!r} is unknown; choose one of {', '.join(choices)}")
        return value

    return check


BundleArgument = Annotated[str, Argument(help="Folder of a bundle, starter, or hf-hub:owner/name.")]
ModelOption = Annotated[str, Option("--model", help="Folder of a bundle, starter, or hf-hub:owner/name.")]
TopOption = Annotated[
    int | None,
    Option(
        "--top",
        help="Suggest this many best codes, whatever their thresholds.",
        show_default="those above their thresholds",
    ),
]
LevelOption = Annotated[
    str | None,
    Option(
        "--level",
        help="category, division or section; a level of the tree in a bundle with one.",
        show_default="all; the deepest with --top",
    ),
]
ImagesOption = Annotated[Path, Option("--images", help="Folder that the image column is relative to.")]
TaxonomyOption = Annotated[
    str,
    Option("--taxonomy", help="vienna, flat for labels that are not Vienna codes, or a file with a tree of your own."),
]
SizeOption = Annotated[
    int | None, Option("--size", help="Side of the image in pixels.", show_default="the backbone's own")
]
BACKBONES = "A name in timm, or torchvision:, hf:, local-dir:, onnx:, bundle: or stages: and a name or folder."
SeedOption = Annotated[int, Option("--seed", help="Seed of all random choices.", min=0, max=2**32 - 1)]
CacheOption = Annotated[
    Path | None,
    Option("--cache", help="Folder that keeps features and results between runs.", show_default="~/.cache/viennatag"),
]
ReportOption = Annotated[Path | None, Option("--report", help="Also write a page with charts to this HTML file.")]
EngineOption = Annotated[
    str | None,
    Option("--engine", help="auto, onnxruntime or openvino.", show_default="VIENNATAG_ENGINE, else auto"),
]
FormatOption = Annotated[str, Option("--format", help="table or json.", callback=one_of("table", "json"))]


def fail(message: str) -> NoReturn:
    """Print what is wrong on stderr and exit with 2."""
    print(visible(f"viennatag: {message}"), file=sys.stderr)
    sys.exit(2)


def image_files(path: Path) -> Iterator[Path]:
    """Yield the images of a folder, or the path itself."""
    if str(path) == "-":
        fail("- for standard input is not taken; save the image to a file and name that")
    if not os.path.isdir(path):  # also where that cannot be seen, which is told of this image alone
        yield path
        return
    from viennatag.data.source_files import IMAGE_ENDINGS, PassedOver, list_source_files
    from viennatag.files import printable

    passed_over = PassedOver()
    found = sorted(file.path for file in list_source_files(path, IMAGE_ENDINGS, zipped=False, passed_over=passed_over))
    told = printable(passed_over.describe())
    if not found:
        fail(f"{path}: there are no images in this folder" + (f"; {told}" if told else ""))
    if told:
        print(f"{path}: {told}", file=sys.stderr)
    yield from found


def megabytes(folder: Path) -> str:
    """Return the size of a folder's files as text."""
    return f"{sum(file.stat().st_size for file in folder.iterdir()) / 1e6:.1f} MB"


def write_page(page: str, path: Path, *, quiet: bool) -> None:
    """Write an HTML page, whole or not at all; `quiet` where stdout is JSON."""
    from viennatag.files import atomic_file

    with atomic_file(path) as file:
        file.write_text(page, encoding="utf-8", errors="backslashreplace")  # names may be no UTF-8
    if not quiet:
        print(f"wrote {path}: open it in a browser")


def print_json(value: object) -> None:
    """Print a value as JSON on stdout."""
    import json

    print(json.dumps(value, ensure_ascii=not takes_unicode(), indent=2))


def print_rich(renderable: Any) -> None:
    """Print what rich can render, as wide as the terminal, or 120 columns where there is none."""
    from rich.console import Console

    Console(highlight=False, width=None if sys.stdout.isatty() else 120).print(renderable)
