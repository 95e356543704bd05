"""Commands that look at marks without learning from them: `inspect`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from viennatag.cli.shell import FormatOption, IgnoreOption, TaxonomyOption, choose, parse_taxonomy, show, write_page


def inspect(
    marks: Annotated[Path, typer.Argument(help="Table of marks: CSV, TSV, JSONL or Parquet.")],
    images: Annotated[Path | None, typer.Option(help="Folder of images; each row's must be there.")] = None,
    report: Annotated[Path | None, typer.Option(help="Also write a page with charts to this HTML file.")] = None,
    min_count: Annotated[int, typer.Option(help="Roll labels with fewer marks up, as group-rare does.")] = 1,
    train_marks: Annotated[int, typer.Option(help="Training marks that a label needs.")] = 20,
    test_marks: Annotated[int, typer.Option(help="Test marks that a label needs.")] = 5,
    taxonomy: TaxonomyOption = "vienna",
    ignore: IgnoreOption = None,
    format_: FormatOption = "table",
) -> None:
    """Measure how imbalanced marks are, find suspicious rows, and say what to do.

    Example: viennatag inspect marks.csv --images images --report imbalance.html
    """
    choose("--format", format_, ("table", "json"))
    from viennatag.marks import read_marks
    from viennatag.profile import Needs, profile_marks

    needs = Needs(train_marks, test_marks)
    table = read_marks(
        marks,
        taxonomy=parse_taxonomy(taxonomy),
        images=images,
        skip_bad=True,  # bad rows are part of what there is to see
        require_images=images is not None,
        ignore=ignore or (),
    )
    profile = profile_marks(table, min_count=min_count, needs=needs)
    if format_ == "json":
        print(json.dumps(profile.to_json(), ensure_ascii=False, indent=2))
    else:
        from viennatag.report.profile import profile_report

        show(profile_report(profile))
    if report is not None:
        from viennatag.report.profile import profile_page

        write_page(profile_page(profile, source=marks.name), report, quiet=format_ == "json")
