"""The command `evaluate`: how good a bundle is."""

from typing import Annotated

from typer import Option

from viennatag.cli import options
from viennatag.cli.options import fail, one_of, print_json, print_rich, read_table
from viennatag.progress import show_progress


def evaluate(
    bundle: options.BundleArgument,
    marks: options.MarksArgument,
    images: options.ImagesOption,
    subset: Annotated[
        str,
        Option(
            help="Evaluate on this subset: test, validation, train or all.",
            callback=one_of("test", "validation", "train", "all"),
        ),
    ] = "test",
    incomplete: Annotated[
        bool, Option("--incomplete", help="The marks lack codes: show the metrics that still hold then.")
    ] = False,
    format_: options.FormatOption = "table",
    skip_bad: options.BadRowsOption = False,
    ignore: options.IgnoreOption = None,
    seed: options.SeedOption = 0,
) -> None:
    """Evaluate a bundle on marks.

    The frequency prior is evaluated too, for comparison. Where the table has a split column, only its test
    subset is used, unless --subset names another.

    Example: viennatag evaluate my-bundle marks.csv --images images
    """
    from viennatag.evaluation.evaluation import evaluate as evaluate_bundle
    from viennatag.prediction.predictor import Predictor

    predictor = Predictor.load(bundle)
    taxonomy = predictor.bundle.labels.taxonomy
    table = read_table(marks, images, taxonomy=taxonomy, skip_bad=skip_bad, ignore=ignore)
    if subset != "all" and any(table.splits):
        rows = [at for at, split in enumerate(table.splits) if split == subset]
        if not rows:
            fail(f"{marks}: no mark has the split {subset!r}; choose another --subset")
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
        print_json(evaluation.to_json(incomplete=incomplete))
    else:
        from viennatag.reports.evaluation import evaluation_report

        print_rich(evaluation_report(evaluation, incomplete=incomplete))
