"""Commands that compare strategies: `compare`."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from viennatag.cli.shared import (
    FormatOption,
    IgnoreOption,
    SeedOption,
    SkipOption,
    TaxonomyOption,
    choose,
    fail,
    parse_taxonomy,
    say_skipped,
    show,
    write_page,
)
from viennatag.files import cache_folder
from viennatag.progress import show_progress

if TYPE_CHECKING:
    from viennatag.data.marks import Marks, Taxonomy

DecisionOption = Annotated[
    str | None, typer.Option("--decision", help="How scores become suggestions (see `compare --list`).")
]
MoreOption = Annotated[Path | None, typer.Option("--more", help="Table of further marks that more-data may add.")]
MoreImagesOption = Annotated[Path | None, typer.Option("--more-images", help="Folder of the images of --more.")]


def read_more(
    more: Path | None, images: Path | None, *, taxonomy: "Taxonomy", skip_bad: bool
) -> "tuple[Marks, Path] | None":
    """Return the further marks that the user named, if any, and the folder of their images."""
    if more is None and images is None:
        return None
    if more is None or images is None:
        fail("--more and --more-images go together: a table of marks, and the folder of their images")
    from viennatag.data.marks import read_marks

    return read_marks(more, taxonomy=taxonomy, images=images, skip_bad=skip_bad), images


def compare(
    marks: Annotated[Path | None, typer.Argument(help="Table of marks: CSV, TSV, JSONL or Parquet.")] = None,
    images: Annotated[Path | None, typer.Option(help="Folder that the image column is relative to.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="Say which strategies there are, and stop.")] = False,
    strategies: Annotated[str | None, typer.Option(help="Names separated by commas; by default all.")] = None,
    seeds: Annotated[int, typer.Option(help="Trainings of each strategy.")] = 3,
    min_count: Annotated[int, typer.Option(help="Judge labels with at least so many training marks.")] = 5,
    decision: DecisionOption = None,
    more: MoreOption = None,
    more_images: MoreImagesOption = None,
    report: Annotated[Path | None, typer.Option(help="Also write a page with charts to this HTML file.")] = None,
    backbone: Annotated[str, typer.Option(help="A timm name, local-dir:FOLDER or bundle:NAME.")] = "efficientnet_b0",
    random_weights: Annotated[bool, typer.Option(help="A backbone with random weights, not pretrained.")] = False,
    size: Annotated[int | None, typer.Option(help="Side of the image in pixels.")] = None,
    taxonomy: TaxonomyOption = "vienna",
    format_: FormatOption = "table",
    skip_bad: SkipOption = False,
    ignore: IgnoreOption = None,
    seed: SeedOption = 0,
    cache: Annotated[Path | None, typer.Option(help="Folder that keeps trunks, features and results.")] = None,
) -> None:
    """Compare remedies for imbalance on your own marks: same features, same split, several seeds.

    Example: viennatag compare marks.csv --images images --strategies as-is,class-weights,focal
    """
    choose("--format", format_, ("table", "json"))
    from viennatag.thresholds.decision_rules import DECISIONS, find_decision
    from viennatag.training.strategies import BASELINE, STRATEGIES, find_strategy

    if list_:
        if format_ == "json":
            listed = {"strategies": [each.to_json() for each in STRATEGIES.values()], "decisions": DECISIONS}
            print(json.dumps(listed, indent=2))
            return
        from viennatag.reports.comparison import strategies_report

        show(strategies_report([(each.name, each.description, each.reply) for each in STRATEGIES.values()], DECISIONS))
        return
    if marks is None or images is None:
        fail("compare needs a table of marks and --images; or --list to see the strategies")
    names = [name.strip() for name in strategies.split(",")] if strategies else list(STRATEGIES)
    chosen = [find_strategy(name) for name in dict.fromkeys([BASELINE, *names])]
    if decision is not None:
        chosen = [replace(each, decision=find_decision(decision)) for each in chosen]
    from viennatag.data.marks import read_marks
    from viennatag.training.backbones.loading import find_trunk
    from viennatag.training.data.collection import collect
    from viennatag.training.selection.comparison_run import compare as compare_strategies

    table = read_marks(marks, taxonomy=parse_taxonomy(taxonomy), images=images, skip_bad=skip_bad, ignore=ignore or ())
    say_skipped(table.skipped)
    further = read_more(more, more_images, taxonomy=table.taxonomy, skip_bad=skip_bad)
    folder = cache or cache_folder()
    with show_progress() as progress:
        progress("backbone", 0, 1, backbone)
        trunk = find_trunk(backbone, cache=folder, pretrained=not random_weights, size=size, seed=seed)
        progress("backbone", 1, 1, f"{trunk.width} features at {trunk.size} pixels")
        collection = collect(
            table,
            images,
            trunk,
            cache=folder,
            maps=strategies is not None and any(each.reads_maps for each in chosen),
            more=further,
            skip_bad=skip_bad,
            seed=seed,
            report=progress,
        )
        found = compare_strategies(collection, chosen, seeds=seeds, min_count=min_count, cache=folder, report=progress)
    if format_ == "json":
        print(json.dumps(found.to_json(), ensure_ascii=False, indent=2))
    else:
        from viennatag.reports.comparison import comparison_report

        show(comparison_report(found))
    if report is not None:
        from viennatag.reports.comparison import comparison_page

        write_page(comparison_page(found, source=marks.name), report, quiet=format_ == "json")
