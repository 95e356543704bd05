"""Commands that learn from marks: `train`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from viennatag.cli.shell import (
    IgnoreOption,
    ImagesOption,
    SeedOption,
    SkipOption,
    TaxonomyOption,
    cache_folder,
    fail,
    megabytes,
    parse_taxonomy,
    say_skipped,
    show,
)
from viennatag.progress import show_progress


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

    table = read_marks(marks, taxonomy=parse_taxonomy(taxonomy), images=images, skip_bad=skip_bad, ignore=ignore or ())
    say_skipped(table.skipped)
    from viennatag.training.finetune import FinetuneOptions
    from viennatag.training.strategy import find_strategy
    from viennatag.training.train import TrainOptions
    from viennatag.training.train import train as train_bundle

    stated = {"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate, "size": finetune_size}
    given: dict[str, Any] = {name: value for name, value in stated.items() if value is not None}
    if given and not finetune:
        fail("--epochs, --batch-size, --learning-rate and --finetune-size only matter with --finetune; add it")
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
            table, images, out, options, cache=cache or cache_folder(), skip_bad=skip_bad, report=report
        )
    from viennatag.report.terminal import evaluation_report

    show(evaluation_report(evaluation))
    print(f"wrote {bundle.path}: {len(bundle.labels):,} labels, graph and description {megabytes(out)}")
