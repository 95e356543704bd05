"""Commands that learn from marks: `train`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from viennatag.cli.comparing import DecisionOption, MoreImagesOption, MoreOption, read_more
from viennatag.cli.shell import (
    IgnoreOption,
    ImagesOption,
    SeedOption,
    SkipOption,
    TaxonomyOption,
    fail,
    image_files,
    megabytes,
    parse_taxonomy,
    say_skipped,
    show,
)
from viennatag.files import cache_folder
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
    strategy: Annotated[
        str, typer.Option(help="What to do about imbalance, by name (see `compare --list`), or auto.")
    ] = "as-is",
    budget: Annotated[float, typer.Option(help="Seconds that --strategy auto may take to choose.")] = 600.0,
    min_count: Annotated[
        int | None, typer.Option(help="A code with fewer training marks counts for its parent.")
    ] = None,
    decision: DecisionOption = None,
    more: MoreOption = None,
    more_images: MoreImagesOption = None,
    expected: Annotated[
        Path | None, typer.Option(help="Marks table, without images, whose code frequencies scores are moved to.")
    ] = None,
    finetune: Annotated[bool, typer.Option("--finetune", help="Teach the whole network, not only a head.")] = False,
    epochs: Annotated[int | None, typer.Option(help="Passes over the marks when finetuning.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Marks per step when finetuning.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak learning rate when finetuning.")] = None,
    finetune_size: Annotated[int | None, typer.Option(help="Side of the image while finetuning, in pixels.")] = None,
    start_size: Annotated[int | None, typer.Option(help="Side in the first epoch, which then grows.")] = None,
    layer_decay: Annotated[
        float | None, typer.Option(help="Learning rate factor from layer to layer, downwards.")
    ] = None,
    frozen: Annotated[float | None, typer.Option(help="Share of the layers that never learn when finetuning.")] = None,
    gradual: Annotated[int | None, typer.Option(help="Epochs over which layers are released, the last first.")] = None,
    freeze_statistics: Annotated[
        bool | None, typer.Option("--freeze-statistics", help="Keep the statistics of batch normalisation.")
    ] = None,
    accumulate: Annotated[int | None, typer.Option(help="Batches per step when finetuning.")] = None,
    devices: Annotated[int | None, typer.Option(help="GPUs, or processes on a CPU, for finetuning.")] = None,
    nodes: Annotated[int | None, typer.Option(help="Machines for finetuning, started by torchrun.")] = None,
    teacher: Annotated[str | None, typer.Option(help="Backbone whose features to reproduce when finetuning.")] = None,
    teacher_weight: Annotated[float | None, typer.Option(help="How much these count beside the codes.")] = None,
    imitate: Annotated[Path | None, typer.Option(help="Folder of images without codes, for the teacher.")] = None,
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
    from viennatag.decide import find_decision
    from viennatag.training.finetune import FinetuneOptions
    from viennatag.training.options import TrainOptions
    from viennatag.training.strategy import find_strategy
    from viennatag.training.train import train as train_bundle

    stated = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "size": finetune_size,
        "start_size": start_size,
        "layer_decay": layer_decay,
        "frozen": frozen,
        "gradual": gradual,
        "freeze_statistics": freeze_statistics,
        "accumulate": accumulate,
        "devices": devices,
        "nodes": nodes,
        "teacher_weight": teacher_weight,
    }
    given: dict[str, Any] = {name: value for name, value in stated.items() if value is not None}
    if given and not finetune:
        names = {"size": "finetune_size"}
        said = ", ".join(f"--{names.get(name, name).replace('_', '-')}" for name in given)
        fail(f"{said} only matter with --finetune; add it")
    to_come = None
    if expected is not None:
        to_come = read_marks(expected, taxonomy=table.taxonomy, skip_bad=True, require_images=False)
    auto = strategy == "auto"
    chosen = find_strategy("as-is" if auto else strategy)
    if decision is not None:
        chosen = replace(chosen, decision=find_decision(decision))
    options = TrainOptions(
        strategy=chosen if min_count is None else replace(chosen, min_count=min_count),
        budget=budget if auto else None,
        backbone=backbone,
        pretrained=not random_weights,
        size=size,
        finetune=FinetuneOptions(**given) if finetune else None,
        teacher=teacher,
        seed=seed,
    )
    with show_progress() as report:
        bundle, evaluation = train_bundle(
            table,
            images,
            out,
            options,
            cache=cache or cache_folder(),
            imitate=tuple(image_files(imitate)) if imitate else (),
            more=read_more(more, more_images, taxonomy=table.taxonomy, skip_bad=skip_bad),
            expected=to_come,
            skip_bad=skip_bad,
            report=report,
        )
    if auto:
        said = bundle.training["strategy"]
        print(f"auto chose {said['chosen']} after {len(said['trials'])} trials: {said['reason']}")
        print(f"  it holds: {', '.join(each['name'] for each in said['members'])}")
    from viennatag.report.terminal import evaluation_report

    show(evaluation_report(evaluation))
    print(f"wrote {bundle.path}: {len(bundle.labels):,} labels, graph and description {megabytes(out)}")
