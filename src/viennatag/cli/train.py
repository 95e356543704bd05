"""The command `train`: a bundle from marks."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from typer import Exit, Option

from viennatag.cli import options, tables
from viennatag.cli.config import ConfigCommand, ConfigOption, SetOption, parse_duration, read_options
from viennatag.cli.options import fail, image_files, megabytes, print_rich
from viennatag.cli.outputs import check_cache, check_outputs
from viennatag.cli.progress import show_progress
from viennatag.cli.tables import read_table

COMMAND_CLASS = ConfigCommand


def _show_config(wanted: bool) -> None:
    if wanted:
        from viennatag.training.config import show_config

        print(show_config(), end="")
        raise Exit


def train(
    marks: tables.MarksArgument,
    out: Annotated[Path, Option("-o", "--out", help="Folder to write the bundle to.")],
    images: Annotated[Path | None, Option(help="Folder that the image column is relative to.")] = None,
    features: Annotated[
        Path | None, Option(help="A store that `viennatag features` wrote, in place of --images.")
    ] = None,
    backbone: Annotated[str | None, Option(help=options.BACKBONES, show_default="efficientnet_b0")] = None,
    size: options.SizeOption = None,
    preset: Annotated[
        str | None,
        Option(
            help="How much to search for, within --budget: fast (a head only), balanced or best.",
            show_default="balanced, unless other options say how to train",
        ),
    ] = None,
    strategy: Annotated[
        str | None,
        Option(
            help="Strategy against imbalance where no preset is searched for (see `compare --list`), or auto.",
            show_default="as-is",
        ),
    ] = None,
    budget: Annotated[
        str | None, Option(help="Time for the search: 30m, 3h or seconds.", show_default="1h, for best 3h")
    ] = None,
    finetune: Annotated[bool, Option("--finetune", help="Train the whole network, not only a head.")] = False,
    epochs: Annotated[int | None, Option(help="Passes over the marks in fine-tuning.", show_default="12")] = None,
    batch_size: Annotated[int | None, Option(help="Marks per step in fine-tuning.", show_default="64")] = None,
    learning_rate: Annotated[
        float | None, Option(help="Peak in fine-tuning.", show_default="1e-3 with pretrained weights, else 2e-3")
    ] = None,
    seed: Annotated[int | None, Option(help="Seed of all random choices.", show_default="0")] = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    show_config: Annotated[
        bool,
        Option(
            "--show-config",
            help="Print all options and their defaults as TOML, and exit.",
            callback=_show_config,
            is_eager=True,
        ),
    ] = False,
    cache: options.CacheOption = None,
    taxonomy: options.TaxonomyOption = "vienna",
    skip_bad: tables.BadRowsOption = False,
    ignore: tables.IgnoreOption = None,
) -> None:
    """Train a bundle on marks and evaluate it on their test subset.

    The preset balanced tries fine-tuning beside a head on the backbone as it is, and keeps what is best on the
    validation subset; best tries more. A search that was interrupted goes on when it is started again.

    All other options are set in a TOML file (--config) or by --set; --show-config lists them. Options of the command
    line override the file, and --set overrides both.

    Example: viennatag train marks.csv --images images -o my-bundle --backbone efficientnet_b0

    Example: viennatag train marks.csv --features store -o my-bundle

    Example: viennatag train marks.csv --images images -o my-bundle --preset best --budget 3h

    Example: viennatag train marks.csv --images images -o my-bundle --config train.toml --set finetune.ema_decay=0.999
    """
    if budget is not None and not (preset or strategy or finetune or config):
        preset = "balanced"
    chosen = read_options(
        config,
        {
            "backbone": ("--backbone", backbone),
            "size": ("--size", size),
            "seed": ("--seed", seed),
            "preset": ("--preset", preset),
            "budget": ("--budget", None if budget is None else parse_duration(budget)),
            "strategy.name": ("--strategy", strategy),
            "finetune": ("--finetune", {} if finetune else None),
            "finetune.epochs": ("--epochs", epochs),
            "finetune.batch_size": ("--batch-size", batch_size),
            "finetune.learning_rate": ("--learning-rate", learning_rate),
        },
        settings,
    )
    check_outputs(bundle=out)
    check_cache(cache)
    how = chosen.options
    if (images is None) == (features is None):
        fail("give one of --images FOLDER and --features STORE")
    is_named = strategy or any(each.partition("=")[0].strip() == "strategy.name" for each in settings or ())
    if how.asks_for_nothing and images and not is_named:
        how = replace(how, preset="balanced")
    table = read_table(marks, images, taxonomy=taxonomy, skip_bad=skip_bad, ignore=ignore)
    from viennatag.training.config import AUTO
    from viennatag.training.train import train as train_bundle

    unlabelled = chosen.data.unlabelled_images
    with show_progress() as report:
        bundle, evaluation = train_bundle(
            table,
            images,
            out,
            how,
            features=features,
            cache=cache,
            unlabelled_images=tuple(image_files(unlabelled)) if unlabelled else (),
            extra_marks=chosen.data.read_extra_marks(table.taxonomy, skip_bad=skip_bad),
            target_prior=chosen.data.read_target_prior(table.taxonomy),
            skip_bad=skip_bad,
            progress=report,
        )
    for each in bundle.training.get("trials", ()):
        print(f"tried {each['stage']}, {each['name']}: validation macro mAP {each['macro_map']:.3f}")
    for name, gain in bundle.training.get("gains", {}).items():
        low, high = gain["difference_low"], gain["difference_high"]
        print(f"{name}: validation macro mAP {gain['value']:.3f}, {low:+.3f} to {high:+.3f} against frozen features")
    if "kept" in bundle.training:
        networks, views = (bundle.training.get(name, 1) for name in ("networks", "views"))
        times = networks * views
        cost = f"; networks: {networks}, views: {views}, so predicting takes {times} times as long" if times > 1 else ""
        print(f"kept: {bundle.training['kept']}{cost}")
    searched = bundle.training["strategy"]
    if searched["name"] == AUTO:
        print(f"auto chose {searched['chosen']} after {len(searched['trials'])} trials: {searched['reason']}")
        print(f"  members: {', '.join(each['name'] for each in searched['members'])}")
    from viennatag.errors import count
    from viennatag.reports.evaluation import evaluation_report

    tables.print_notes(tables.rare_labels_note(table.codes, bundle.labels.names))
    print_rich(evaluation_report(evaluation))
    print(f"wrote {bundle.path}: {count(len(bundle.labels), 'label')}, graph and description {megabytes(out)}")
