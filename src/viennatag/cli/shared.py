"""What all commands share: options that mean the same everywhere, and how they speak."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

SPEAKING: dict[str, Any] = {"add_completion": False, "pretty_exceptions_enable": False, "rich_markup_mode": None}
"""How typer is to speak: in plain text, which needs no rich."""

ImagesOption = Annotated[Path, typer.Option("--images", help="Folder that the image column is relative to.")]
TaxonomyOption = Annotated[str, typer.Option(help="vienna, or flat for labels that are no Vienna codes.")]
SkipOption = Annotated[
    bool, typer.Option("--skip-bad", help="Leave bad rows out and say how many, instead of stopping.")
]
IgnoreOption = Annotated[list[str] | None, typer.Option("--ignore", help="A column that is no label; may be repeated.")]
SeedOption = Annotated[int, typer.Option(help="Seed of every random choice.")]
EngineOption = Annotated[
    str | None, typer.Option("--engine", help="auto, onnxruntime or openvino; by default VIENNATAG_ENGINE, else auto.")
]
FormatOption = Annotated[str, typer.Option("--format", help="table or json.")]


def fail(message: str) -> NoReturn:
    """Say what is wrong on stderr and exit with 2."""
    print(f"viennatag: {message}", file=sys.stderr)
    sys.exit(2)


def parse_taxonomy(name: str) -> Any:
    """Return the name of a taxonomy, checked."""
    choose("--taxonomy", name, ("vienna", "flat"))
    return name


def choose(option: str, value: str, choices: tuple[str, ...]) -> None:
    """Fail unless an option has one of the values it may have."""
    if value not in choices:
        fail(f"{option} {value!r} is unknown; choose one of {', '.join(choices)}")


def say_skipped(skipped: tuple[str, ...]) -> None:
    """Say on stderr how many marks were left out, and why."""
    if skipped:
        from viennatag.errors import report_problems

        print(report_problems(f"left out {len(skipped):,} bad rows:", list(skipped), limit=5), file=sys.stderr)


def image_files(path: Path) -> Iterator[Path]:
    """Yield the images of a folder, or the path itself."""
    if not path.is_dir():
        yield path
        return
    endings = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".ppm"}
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in endings)
    if not found:
        fail(f"{path}: the folder holds no images")
    yield from found


def megabytes(folder: Path) -> str:
    """Return the size of a folder's files for people to read."""
    return f"{sum(file.stat().st_size for file in folder.iterdir()) / 1e6:.1f} MB"


def write_page(page: str, path: Path, *, quiet: bool) -> None:
    """Write an HTML page whole or not at all, and say so unless something else is printed for machines."""
    from viennatag.files import atomic_file

    with atomic_file(path) as file:
        file.write_text(page, encoding="utf-8")
    if not quiet:
        print(f"wrote {path}: open it in a browser")


def show(renderable: Any) -> None:
    """Print what rich can render, as wide as the terminal, or 120 columns where there is none."""
    from rich.console import Console

    Console(highlight=False, width=None if sys.stdout.isatty() else 120).print(renderable)
