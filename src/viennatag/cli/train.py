"""Commands that learn from marks: `train`."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viennatag.cli.compare import DecisionOption, MoreImagesOption, MoreOption, read_more
from viennatag.cli.shared import (
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

if TYPE_CHECKING:
    from viennatag.data.marks import Taxonomy

_CONTINUING = {"marks", "images", "out", "continue_", "old", "old_images", "min_count", "skip_bad", "ignore"}
_CONTINUING |= {"taxonomy", "seed", "cache"}
"""Options of `train` that also matter with --continue."""


def train(
    context: typer.Context,
    marks: Annotated[Path, typer.Argument(help="Table of marks: CSV, TSV, JSONL or Parquet.")],
    images: ImagesOption,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write the bundle to.")],
    continue_: Annotated[
        str | None, typer.Option("--continue", metavar="BUNDLE", help="Learn on from a bundle; marks are decisions.")
    ] = None,
    old: Annotated[
        Path | None, typer.Option(help="With --continue: the marks it learned from, which must not get worse.")
    ] = None,
    old_images: Annotated[Path | None, typer.Option(help="Folder of their images; by default --images.")] = None,
    backbone: Annotated[str, typer.Option(help="A timm name, local-dir:FOLDER or bundle:NAME.")] = "efficientnet_b0",
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
    weight_decay: Annotated[float | None, typer.Option(help="Of AdamW when finetuning.")] = None,
    warmup: Annotated[float | None, typer.Option(help="Share of the steps in which the learning rate rises.")] = None,
    ema: Annotated[float | None, typer.Option(help="Decay of the moving average of the weights.")] = None,
    patience: Annotated[
        int | None, typer.Option(help="Stop after so many epochs without a better validation macro mAP.")
    ] = None,
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
    restyle: Annotated[
        float | None, typer.Option(help="Share of the marks shown in another style when finetuning.")
    ] = None,
    keep_head: Annotated[
        bool | None, typer.Option("--keep-head", help="Keep the head that learned along when finetuning as it is.")
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
    if continue_ is not None:
        told = _stated(context)
        if told - _CONTINUING:
            strange = ", ".join(f"--{name.replace('_', '-')}" for name in sorted(told - _CONTINUING))
            fail(f"{strange}: with --continue only the head learns on, as the bundle's was made; leave it out")
        kind = parse_taxonomy(taxonomy) if "taxonomy" in told else None
        _continue(continue_, marks, images, out, kind, old, old_images, min_count, skip_bad, ignore or (), seed, cache)
        return
    if old or old_images:
        fail("--old and --old-images only matter with --continue; add it")
    from viennatag.data.marks import read_marks

    table = read_marks(marks, taxonomy=parse_taxonomy(taxonomy), images=images, skip_bad=skip_bad, ignore=ignore or ())
    say_skipped(table.skipped)
    from viennatag.thresholds.decision_rules import find_decision
    from viennatag.training.finetuning.finetune import FinetuneOptions
    from viennatag.training.options import TrainOptions
    from viennatag.training.strategies import find_strategy
    from viennatag.training.train import train as train_bundle

    stated = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "warmup": warmup,
        "ema": ema,
        "patience": patience,
        "size": finetune_size,
        "start_size": start_size,
        "layer_decay": layer_decay,
        "frozen": frozen,
        "gradual": gradual,
        "freeze_statistics": freeze_statistics,
        "restyle": restyle,
        "keep_head": keep_head,
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
    from viennatag.reports.evaluation import evaluation_report

    show(evaluation_report(evaluation))
    print(f"wrote {bundle.path}: {len(bundle.labels):,} labels, graph and description {megabytes(out)}")


def _stated(context: typer.Context) -> set[str]:
    """Return the parameters that stand on the command line."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {name for name, source in sources.items() if source and source.name == "COMMANDLINE"}


def _continue(
    name: str,
    table: Path,
    images: Path,
    out: Path,
    stated: "Taxonomy | None",
    old: Path | None,
    old_images: Path | None,
    min_count: int | None,
    skip_bad: bool,
    ignore: Sequence[str],
    seed: int,
    cache: Path | None,
) -> None:
    from viennatag.data.marks import read_marks
    from viennatag.model.bundle import open_bundle

    bundle = open_bundle(name)
    taxonomy = bundle.labels.taxonomy
    if stated not in {None, taxonomy}:
        fail(f"--taxonomy {stated}: {name} predicts {taxonomy} labels; leave the option out")
    from viennatag.evaluation.feedback import read_decisions
    from viennatag.training.continual.update import MIN_COUNT, continue_training

    decisions = read_decisions(table, taxonomy=taxonomy, images=images, skip_bad=skip_bad, ignore=ignore)
    say_skipped(decisions.marks.skipped)
    before = None
    if old is not None:
        folder = old_images or images
        before = read_marks(old, taxonomy=taxonomy, images=folder, skip_bad=skip_bad, ignore=ignore), folder
        say_skipped(before[0].skipped)
    with show_progress() as report:
        found = continue_training(
            bundle,
            decisions,
            images,
            out,
            cache=cache or cache_folder(),
            old=before,
            min_count=MIN_COUNT if min_count is None else min_count,
            skip_bad=skip_bad,
            seed=seed,
            report=report,
        )
    from viennatag.reports.update import continuing_report

    show(continuing_report(found))
    print(f"wrote {out}: {len(found.bundle.labels):,} labels, graph and description {megabytes(out)}")
