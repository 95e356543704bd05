"""The command line: a thin shell over the library.

The library raises, this module turns what it raises into one clean message and an exit status:
0 for success, 1 if some image could not be read, 2 for a mistake, 130 if interrupted. Imports that
take long stay inside the command that needs them, so that `predict` starts at once.
"""

import csv
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from viennatag.errors import MissingExtraError, ViennatagError
from viennatag.progress import show_progress

app = typer.Typer(
    name="viennatag",
    help="Vienna Classification codes for figurative trade marks, from the image alone.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

ImagesOption = Annotated[Path, typer.Option("--images", help="Folder that the image column is relative to.")]
TaxonomyOption = Annotated[str, typer.Option(help="vienna, or flat for labels that are no Vienna codes.")]
SkipOption = Annotated[
    bool, typer.Option("--skip-bad", help="Leave bad rows out and say how many, instead of stopping.")
]
IgnoreOption = Annotated[list[str] | None, typer.Option("--ignore", help="A column that is no label; may be repeated.")]
SeedOption = Annotated[int, typer.Option(help="Seed of every random choice.")]
FormatOption = Annotated[str, typer.Option("--format", help="table or json.")]


def main() -> NoReturn:
    """Run the command line and exit with its status."""
    try:
        app()
    except ViennatagError as exc:
        _fail(str(exc))
    except ModuleNotFoundError as exc:
        _fail(str(_missing(exc)))
    except BrokenPipeError:  # the reader of our output is gone, as `viennatag codes | head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    sys.exit(0)


def _fail(message: str) -> NoReturn:
    print(f"viennatag: {message}", file=sys.stderr)
    sys.exit(2)


def _missing(exc: ModuleNotFoundError) -> Exception:
    package = (exc.name or "").partition(".")[0]
    extras = {"fontTools": "render", "resvg_py": "render", "scipy": "data", "pyarrow": "data"}
    if package == "viennatag":
        raise exc
    extra = extras.get(package, "train")
    return MissingExtraError(f"this needs the package {package!r}; install it with: pip install 'viennatag[{extra}]'")


@app.command()
def predict(
    images: Annotated[list[str], typer.Argument(help="Image files, or folders of them.", metavar="IMAGE...")],
    model: Annotated[str, typer.Option(help="Folder of a bundle, or starter.")] = "starter",
    top: Annotated[int | None, typer.Option(help="Rank this many codes of a level, thresholds or not.")] = None,
    level: Annotated[str | None, typer.Option(help="category, division or section.")] = None,
    format_: Annotated[str, typer.Option("--format", help="table, json or csv.")] = "table",
) -> None:
    """Suggest codes for images.

    Example: viennatag predict logo.png --top 5 --level section
    """
    _choose("--format", format_, ("table", "json", "csv"))
    from viennatag.predictor import Predictor

    paths = [path for name in images for path in _image_files(Path(name))]
    predictor = Predictor.load(model)
    predictor.check_options(top, level)
    with show_progress(len(paths) > 16) as report:
        found = []
        for prediction in predictor.predict_many(paths, top=top, level=level):
            found.append(prediction)
            report("images", len(found), len(paths), "")
    failed = any(prediction.error is not None for prediction in found)
    if format_ == "json":
        print(json.dumps([prediction.to_json() for prediction in found], ensure_ascii=False, indent=2))
    elif format_ == "csv":
        table = csv.writer(sys.stdout, lineterminator="\n")
        table.writerow(["image", "code", "heading", "score", "level", "above_threshold", "error"])
        for prediction in found:
            if prediction.error is not None:
                table.writerow([prediction.image, "", "", "", "", "", prediction.error])
            for each in prediction.suggestions:
                table.writerow(
                    [prediction.image, each.code, each.heading, each.score, each.level, int(each.above_threshold), ""]
                )
    else:
        from viennatag.report import predictions_report

        _print(predictions_report(found))
    if failed:
        raise typer.Exit(1)


@app.command()
def train(
    marks: Annotated[Path, typer.Argument(help="Table of marks: CSV, TSV, JSONL or Parquet.")],
    images: ImagesOption,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write the bundle to.")],
    backbone: Annotated[str, typer.Option(help="A timm name, or local-dir:FOLDER.")] = "efficientnet_b0",
    random_weights: Annotated[bool, typer.Option(help="Start the backbone at random, not pretrained.")] = False,
    size: Annotated[
        int | None, typer.Option(help="Side of the image in pixels; by default the backbone's own.")
    ] = None,
    strategy: Annotated[str, typer.Option(help="What to do about imbalance, by name.")] = "as-is",
    finetune: Annotated[bool, typer.Option("--finetune", help="Teach the whole network, not only a head.")] = False,
    epochs: Annotated[int | None, typer.Option(help="Passes over the marks when finetuning.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Marks per step when finetuning.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak learning rate when finetuning.")] = None,
    finetune_size: Annotated[int | None, typer.Option(help="Side of the image while finetuning, in pixels.")] = None,
    teacher: Annotated[str | None, typer.Option(help="Backbone whose features to reproduce when finetuning.")] = None,
    taxonomy: TaxonomyOption = "vienna",
    skip_bad: SkipOption = False,
    ignore: IgnoreOption = None,
    seed: SeedOption = 0,
    cache: Annotated[Path | None, typer.Option(help="Folder that keeps trunks, features, checkpoints.")] = None,
) -> None:
    """Learn a bundle from marks and judge it on their test part.

    Example: viennatag train marks.csv --images images -o my-bundle --backbone efficientnet_b0
    """
    from viennatag.marks import read_marks

    table = read_marks(marks, taxonomy=_taxonomy(taxonomy), images=images, skip_bad=skip_bad, ignore=ignore or ())
    _say_skipped(table.skipped)
    from viennatag.training.finetune import FinetuneOptions
    from viennatag.training.strategy import find_strategy
    from viennatag.training.train import TrainOptions
    from viennatag.training.train import train as train_bundle

    stated = {"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate, "size": finetune_size}
    given: dict[str, Any] = {name: value for name, value in stated.items() if value is not None}
    if given and not finetune:
        _fail("--epochs, --batch-size, --learning-rate and --finetune-size only matter with --finetune; add it")
    options = TrainOptions(
        strategy=find_strategy(strategy),
        backbone=backbone,
        pretrained=not random_weights,
        size=size,
        finetune=FinetuneOptions(**given) if finetune else None,
        teacher=teacher,
        seed=seed,
    )
    with show_progress() as report:
        bundle, evaluation = train_bundle(
            table, images, out, options, cache=cache or _cache(), skip_bad=skip_bad, report=report
        )
    from viennatag.report import evaluation_report

    _print(evaluation_report(evaluation))
    print(f"wrote {bundle.path}: {len(bundle.labels):,} labels, graph and description {_megabytes(out)}")


@app.command()
def evaluate(
    bundle: Annotated[str, typer.Argument(help="Folder of a bundle, or starter.")],
    marks: Annotated[Path, typer.Argument(help="Table of marks: CSV, TSV, JSONL or Parquet.")],
    images: ImagesOption,
    part: Annotated[str, typer.Option(help="Judge this part: test, validation, train or all.")] = "test",
    format_: FormatOption = "table",
    skip_bad: SkipOption = False,
    ignore: IgnoreOption = None,
    seed: SeedOption = 0,
) -> None:
    """Judge a bundle on marks, beside the frequency prior.

    Where the table has a split column only its test part is judged, unless --part says otherwise.

    Example: viennatag evaluate my-bundle marks.csv --images images
    """
    _choose("--format", format_, ("table", "json"))
    _choose("--part", part, ("train", "validation", "test", "all"))
    from viennatag.evaluation import evaluate as evaluate_bundle
    from viennatag.marks import read_marks
    from viennatag.predictor import Predictor

    predictor = Predictor.load(bundle)
    taxonomy = predictor.bundle.labels.taxonomy
    table = read_marks(marks, taxonomy=taxonomy, images=images, skip_bad=skip_bad, ignore=ignore or ())
    _say_skipped(table.skipped)
    if part != "all" and any(table.splits):
        rows = [at for at, split in enumerate(table.splits) if split == part]
        if not rows:
            _fail(f"{marks}: no mark has the split {part!r}; choose another --part")
        table = table.select(rows)
    with show_progress() as report:
        evaluation = evaluate_bundle(
            predictor,
            table,
            images,
            skip_bad=skip_bad,
            seed=seed,
            progress=lambda done, total: report("images", done, total, ""),
        )
    if format_ == "json":
        print(json.dumps(evaluation.to_json(), ensure_ascii=False, indent=2))
    else:
        from viennatag.report import evaluation_report

        _print(evaluation_report(evaluation))


@app.command()
def split(
    marks: Annotated[Path, typer.Argument(help="Table of marks: CSV, TSV, JSONL or Parquet.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write train, validation and test tables to.")],
    images: Annotated[
        Path | None, typer.Option(help="Folder of images; near-identical ones then stay together.")
    ] = None,
    fractions: Annotated[str, typer.Option(help="Shares of train, validation and test.")] = "0.8,0.1,0.1",
    order: Annotated[int, typer.Option(help="1 keeps the shares of labels, 2 those of label pairs too.")] = 1,
    taxonomy: TaxonomyOption = "vienna",
    skip_bad: SkipOption = False,
    ignore: IgnoreOption = None,
    seed: SeedOption = 0,
) -> None:
    """Split marks into train, validation and test, every label in its share.

    Example: viennatag split marks.csv -o parts --images images
    """
    from dataclasses import replace

    import numpy as np

    from viennatag.errors import OptionError
    from viennatag.images import hash_images
    from viennatag.marks import PARTS, read_marks, write_marks
    from viennatag.split import split_marks

    try:
        shares = tuple(float(share) for share in fractions.split(","))
    except ValueError:
        raise OptionError(f"--fractions {fractions!r} are not numbers; expected, say, 0.8,0.1,0.1") from None
    table = read_marks(marks, taxonomy=_taxonomy(taxonomy), images=images, skip_bad=skip_bad, ignore=ignore or ())
    _say_skipped(table.skipped)
    hashes = None
    if images is not None:
        with show_progress() as report:
            paths = [images / image for image in table.images]
            hashes, errors = hash_images(paths, progress=lambda done, total: report("images", done, total, ""))
        before = len(table.skipped)
        table, kept = table.readable(errors, skip_bad=skip_bad)
        _say_skipped(table.skipped[before:])
        hashes = hashes[kept]
    parts = split_marks(table, fractions=shares, hashes=hashes, order=order, seed=seed)
    suffix = marks.suffix if marks.suffix in {".parquet", ".jsonl", ".tsv"} else ".csv"
    for at, part in enumerate(PARTS):
        chosen = table.select(np.flatnonzero(parts == at))
        write_marks(replace(chosen, splits=(part,) * len(chosen)), out / f"{part}{suffix}")
        print(f"wrote {out / part}{suffix}: {len(chosen):,} marks")


@app.command()
def render(
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write images and their table to.")],
    artwork: Annotated[list[Path], typer.Option(help="Folder of icon packs or SVG files; may be repeated.")],
    fonts: Annotated[list[Path], typer.Option(help="Font files or folders of them; may be repeated.")],
    count: Annotated[int, typer.Option(help="How many marks.")],
    profile: Annotated[Path | None, typer.Option(help="Marks table whose sets of codes to draw.")] = None,
    balance: Annotated[float, typer.Option(help="0 keeps the profile's frequencies, 1 makes sections equal.")] = 0.0,
    test_packs: Annotated[str, typer.Option(help="Packs kept for test marks, separated by commas.")] = "",
    size: Annotated[int, typer.Option(help="Pixels of the longer side.")] = 256,
    sheet: Annotated[Path | None, typer.Option(help="Also write a contact sheet to this PNG file.")] = None,
    allow_share_alike: Annotated[
        bool, typer.Option("--allow-share-alike", help="Use share-alike artwork too.")
    ] = False,
    seed: SeedOption = 0,
) -> None:
    """Draw synthetic marks whose codes are known by construction.

    Example: viennatag render -o drawn --artwork packs --fonts fonts --count 1000 --sheet sheet.png
    """
    from viennatag.rendering import draw_marks, draw_sheet

    with show_progress() as report:
        table = draw_marks(
            out,
            artwork=artwork,
            fonts=fonts,
            count=count,
            profile=profile,
            balance=balance,
            test_packs=tuple(filter(None, test_packs.split(","))),
            size=size,
            allow_share_alike=allow_share_alike,
            seed=seed,
            progress=lambda done, total: report("marks", done, total, ""),
        )
    print(f"wrote {table}: {count:,} marks")
    if sheet is not None:
        draw_sheet(out, sheet)
        print(f"wrote {sheet}: contact sheet")


@app.command()
def codes(
    query: Annotated[
        list[str] | None, typer.Argument(help="A code; or search and words.", metavar="[CODE | search WORDS...]")
    ] = None,
    format_: FormatOption = "table",
) -> None:
    """Show a code with its place in the tree, or search headings; without arguments the categories.

    Example: viennatag codes 3.1.6
    Example: viennatag codes search cat
    """
    _choose("--format", format_, ("table", "json"))
    from viennatag.codes import Code, parse_codes, vienna_tree

    tree = vienna_tree()
    found: list[Code]
    if not query:
        found = list(tree.children(None))
    elif query[0] == "search":
        found = tree.search(query[1:], limit=40)
        if not found:
            _fail(f"no heading holds {' '.join(query[1:])!r}; try fewer or shorter words")
    else:
        asked = parse_codes(" ".join(query))
        found = [node for code in asked for node in (*code.path, *tree.children(code))]
    found = list(dict.fromkeys(found))
    if format_ == "json":
        rows = [{"code": str(code), "heading": tree.heading(code), "level": code.level} for code in found]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    width = max(len(str(code)) for code in found)
    for code in found:
        print(f"{code!s:<{width}}  {tree.heading(code)}")


def _image_files(path: Path) -> Iterator[Path]:
    """Yield the images of a folder, or the path itself."""
    if not path.is_dir():
        yield path
        return
    endings = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".ppm"}
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in endings)
    if not found:
        _fail(f"{path}: the folder holds no images")
    yield from found


def _taxonomy(name: str) -> Any:
    _choose("--taxonomy", name, ("vienna", "flat"))
    return name


def _choose(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        _fail(f"{option} {value!r} is unknown; choose one of {', '.join(choices)}")


def _say_skipped(skipped: tuple[str, ...]) -> None:
    if skipped:
        from viennatag.errors import report_problems

        print(report_problems(f"left out {len(skipped):,} bad rows:", list(skipped), limit=5), file=sys.stderr)


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "viennatag"


def _megabytes(folder: Path) -> str:
    return f"{sum(file.stat().st_size for file in folder.iterdir()) / 1e6:.1f} MB"


def _print(renderable: Any) -> None:
    from rich.console import Console

    Console(highlight=False, width=None if sys.stdout.isatty() else 120).print(renderable)


if __name__ == "__main__":
    main()
