"""The command `compare`: strategies against imbalance, compared on the user's own marks."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from viennatag.cli import options
from viennatag.cli.config import ConfigCommand, ConfigOption, SetOption, read_options
from viennatag.cli.options import fail, print_json, print_rich, read_table, write_page
from viennatag.errors import require
from viennatag.progress import show_progress

COMMAND_CLASS = ConfigCommand

_USED = (
    "backbone", "pretrained", "size", "strategy.min_count", "strategy.decision_rule", "data.extra_marks",
    "data.extra_images",
)  # fmt: skip
"""The keys of `train` that matter here too."""


def compare(
    marks: Annotated[Path | None, Argument(help="Table of marks: CSV, TSV, JSONL or Parquet.")] = None,
    images: Annotated[Path | None, Option("--images", help="Folder that the image column is relative to.")] = None,
    list_: Annotated[bool, Option("--list", help="List the strategies and decision rules, and exit.")] = False,
    strategies: Annotated[str | None, Option(help="Names separated by commas; by default all.")] = None,
    seeds: Annotated[int, Option(help="Trainings of each strategy.")] = 3,
    min_count: Annotated[int | None, Option(help="Evaluate labels with at least this many training marks.")] = None,
    decision_rule: Annotated[str | None, Option(help="How scores become suggestions (see --list).")] = None,
    backbone: Annotated[str | None, Option(help="A timm name, local-dir:FOLDER or bundle:NAME.")] = None,
    size: Annotated[int | None, Option(help="Side of the image in pixels; by default the backbone's own.")] = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    report: options.ReportOption = None,
    format_: options.FormatOption = "table",
    cache: options.CacheOption = None,
    taxonomy: options.TaxonomyOption = "vienna",
    skip_bad: options.BadRowsOption = False,
    ignore: options.IgnoreOption = None,
    seed: options.SeedOption = 0,
) -> None:
    """Compare strategies against imbalance on your own marks.

    All have the same features and the same split, and are trained with several seeds.

    The TOML file of `train` can be used here too: its backbone, pretrained, size, strategy.min_count,
    strategy.decision_rule, data.extra_marks and data.extra_images matter. Options of the command line override the
    file, and --set overrides both.

    Example: viennatag compare marks.csv --images images --strategies as-is,class-weights,focal
    """
    if list_:
        _list(format_)
        return
    if marks is None or images is None:
        fail("compare needs a table of marks and --images; or --list to list the strategies")
    if report is not None:
        require("jinja2", "data")
    from viennatag.training.strategies import BASELINE, STRATEGIES, find_strategy

    chosen = read_options(
        config,
        {
            "backbone": ("--backbone", backbone),
            "size": ("--size", size),
            "strategy.min_count": ("--min-count", min_count),
            "strategy.decision_rule": ("--decision-rule", decision_rule),
        },
        settings,
        used=_USED,
    )
    stated, rule = chosen.options, chosen.options.strategy.decision_rule
    names = [name.strip() for name in strategies.split(",")] if strategies else None
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
            backbone=stated.backbone,
            pretrained=stated.pretrained,
            size=stated.size,
            seeds=seeds,
            min_count=stated.strategy.min_count,
            extra_marks=chosen.data.read_extra_marks(table.taxonomy, skip_bad=skip_bad),
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


def _list(format_: str) -> None:
    from viennatag.thresholds.decision_rules import DECISION_RULES
    from viennatag.training.strategies import STRATEGIES

    if format_ == "json":
        print_json({"strategies": [each.to_json() for each in STRATEGIES.values()], "decision_rules": DECISION_RULES})
        return
    from viennatag.reports.comparison import strategies_report

    listed = [(each.name, each.description, each.reply) for each in STRATEGIES.values()]
    print_rich(strategies_report(listed, DECISION_RULES))
