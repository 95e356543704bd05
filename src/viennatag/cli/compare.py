"""The command `compare`: strategies against imbalance, compared on the user's own marks."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from viennatag.cli import options, tables
from viennatag.cli.config import ConfigCommand, ConfigOption, SetOption, parse_duration, read_options
from viennatag.cli.options import fail, print_json, print_rich, write_page
from viennatag.cli.outputs import check_cache, check_outputs
from viennatag.cli.progress import show_progress
from viennatag.cli.tables import read_table

COMMAND_CLASS = ConfigCommand

_USED = (
    "backbone", "pretrained", "size", "strategy.min_count", "strategy.decision_rule", "data.extra_marks",
    "data.extra_images", "near_duplicates", "finetune", "onnx",
)  # fmt: skip
"""The keys of `train` that matter here too; of the tables `finetune` and `onnx` all."""


def compare(
    marks: Annotated[Path | None, Argument(help="Table of marks: CSV, TSV, JSONL or Parquet.")] = None,
    images: Annotated[Path | None, Option("--images", help="Folder that the image column is relative to.")] = None,
    list_: Annotated[bool, Option("--list", help="List the strategies and decision rules, and exit.")] = False,
    strategies: Annotated[str | None, Option(help="Names separated by commas.", show_default="all")] = None,
    folds: Annotated[
        int | None, Option(help="Cross-validate: each mark is tested once, in one of this many folds.", min=2)
    ] = None,
    seeds: Annotated[int, Option(help="Trainings of each strategy, in each fold.")] = 3,
    decision_rule: Annotated[
        str | None, Option(help="How scores become suggestions (see --list).", show_default="expected-f")
    ] = None,
    backbone: Annotated[
        str | None,
        Option(
            "--backbones",
            "--backbone",
            help="A name as in train, or several, separated by commas.",
            show_default="efficientnet_b0",
        ),
    ] = None,
    finetune: Annotated[
        bool, Option("--finetune", help="Compare each backbone fine-tuned too, with the --strategies named.")
    ] = False,
    presets: Annotated[
        str | None, Option(help="Presets of train to compare: fast, balanced, best.", show_default="none")
    ] = None,
    budget: Annotated[
        str | None,
        Option(help="Time for the search of each preset: 30m, 3h or seconds.", show_default="1h, for best 3h"),
    ] = None,
    size: options.SizeOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    report: options.ReportOption = None,
    format_: options.FormatOption = "table",
    cache: options.CacheOption = None,
    taxonomy: options.TaxonomyOption = "vienna",
    skip_bad: tables.BadRowsOption = False,
    ignore: tables.IgnoreOption = None,
    seed: options.SeedOption = 0,
) -> None:
    """Compare strategies against imbalance, networks and presets on your own marks.

    All have the same split, and are trained with several seeds. Strategies train a head on the features of each
    backbone; with --finetune the whole network too.

    The TOML file of `train` can be used here too: its backbone, pretrained, size, strategy.min_count,
    strategy.decision_rule, data.extra_marks, data.extra_images and finetune matter. Options of the command line
    override the file, and --set overrides both.

    Example: viennatag compare marks.csv --images images --strategies as-is,class-weights,focal

    Example: viennatag compare marks.csv --images images --strategies as-is,class-weights --folds 5

    Example: viennatag compare marks.csv --images images --backbones mobilenetv2_100,resnet18 --finetune
    """
    if list_:
        _list(format_)
        return
    if marks is None or images is None:
        fail("compare needs a table of marks and --images; or --list to list the strategies")
    check_outputs({"--report": report}, inputs=[marks, config])
    check_cache(cache)
    from viennatag.training.options import PRESETS
    from viennatag.training.strategies import BASELINE, STRATEGIES, find_strategy

    backbones = list(dict.fromkeys(_split_names(backbone or "")))
    asked = _split_names(presets or "")
    wanted = [each for each in PRESETS if each in asked]
    unknown = [each for each in asked if each not in PRESETS]
    if unknown:
        fail(f"--presets: there is no preset {unknown[0]!r}; choose among {', '.join(PRESETS)}")
    if budget is not None and not set(wanted) - {"fast"}:
        fail("--budget only matters with --presets balanced or best")
    chosen = read_options(
        config,
        {
            "backbone": ("--backbones", backbones[0] if backbones else None),
            "finetune": ("--finetune", {} if finetune else None),
            "size": ("--size", size),
            "strategy.decision_rule": ("--decision-rule", decision_rule),
        },
        settings,
        used=_USED,
    )
    stated, rule = chosen.options, chosen.options.strategy.decision_rule
    names = _split_names(strategies) if strategies else None
    if names is None and rule != find_strategy(BASELINE).decision_rule:
        # Feature maps are made on request only.
        names = [each.name for each in STRATEGIES.values() if not each.reads_feature_maps]
    tried = None
    if names is not None:
        tried = [replace(find_strategy(name), decision_rule=rule) for name in dict.fromkeys([BASELINE, *names])]
    from viennatag.training.selection.comparison_run import compare as compare_strategies

    table = read_table(marks, images, taxonomy=taxonomy, skip_bad=skip_bad, ignore=ignore)
    with show_progress() as progress:
        found = compare_strategies(
            table,
            images,
            tried,
            backbone=backbones or stated.backbone,
            pretrained=stated.pretrained,
            size=stated.size,
            onnx=stated.onnx,
            finetune=stated.finetune,
            presets=wanted,
            budget=None if budget is None else parse_duration(budget),
            folds=folds,
            seeds=seeds,
            min_count=stated.strategy.min_count,
            extra_marks=chosen.data.read_extra_marks(table.taxonomy, skip_bad=skip_bad),
            near_duplicates=stated.near_duplicates,
            cache=cache,
            skip_bad=skip_bad,
            seed=seed,
            progress=progress,
        )
    if format_ == "json":
        print_json(found.to_json())
    else:
        from viennatag.reports.comparison import comparison_report

        print_rich(comparison_report(found))
    if report is not None:
        from viennatag.reports.pages import comparison_page

        write_page(comparison_page(found, source=marks.name), report, quiet=format_ == "json")


def _split_names(text: str) -> list[str]:
    """Return the names in a text, separated by commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _list(format_: str) -> None:
    from viennatag.thresholds.decision_rules import DECISION_RULES
    from viennatag.training.strategies import STRATEGIES

    if format_ == "json":
        print_json({"strategies": [each.to_json() for each in STRATEGIES.values()], "decision_rules": DECISION_RULES})
        return
    from viennatag.reports.comparison import strategies_report

    listed = [(each.name, each.description) for each in STRATEGIES.values()]
    print_rich(strategies_report(listed, DECISION_RULES))
