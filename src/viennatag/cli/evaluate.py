"""Commands that judge: `evaluate`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from viennatag.cli.shared import (
    FormatOption,
    IgnoreOption,
    ImagesOption,
    SeedOption,
    SkipOption,
    choose,
    fail,
    say_skipped,
    show,
)
from viennatag.progress import show_progress


def evaluate(
    bundle: Annotated[str, typer.Argument(help="Folder of a bundle, or starter.")],
    marks: Annotated[Path, typer.Argument(help="Table of marks: CSV, TSV, JSONL or Parquet.")],
    images: ImagesOption,
    part: Annotated[str, typer.Option(help="Judge this part: test, validation, train or all.")] = "test",
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Codes are missing on the marks: show what can be trusted then.")
    ] = False,
    format_: FormatOption = "table",
    skip_bad: SkipOption = False,
    ignore: IgnoreOption = None,
    seed: SeedOption = 0,
) -> None:
    """Judge a bundle on marks, beside the frequency prior.

    Where the table has a split column only its test part is judged, unless --part says otherwise.

    Example: viennatag evaluate my-bundle marks.csv --images images
    """
    choose("--format", format_, ("table", "json"))
    choose("--part", part, ("train", "validation", "test", "all"))
    from viennatag.data.marks import read_marks
    from viennatag.evaluation.evaluation import evaluate as evaluate_bundle
    from viennatag.prediction.predictor import Predictor

    predictor = Predictor.load(bundle)
    taxonomy = predictor.bundle.labels.taxonomy
    table = read_marks(marks, taxonomy=taxonomy, images=images, skip_bad=skip_bad, ignore=ignore or ())
    say_skipped(table.skipped)
    if part != "all" and any(table.splits):
        rows = [at for at, split in enumerate(table.splits) if split == part]
        if not rows:
            fail(f"{marks}: no mark has the split {part!r}; choose another --part")
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
        print(json.dumps(evaluation.to_json(incomplete=incomplete), ensure_ascii=False, indent=2))
    else:
        from viennatag.reports.evaluation import evaluation_report

        show(evaluation_report(evaluation, incomplete=incomplete))
