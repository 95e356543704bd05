"""The command `evaluate`: how good a bundle is."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from viennatag.cli import options, tables
from viennatag.cli.options import fail, one_of, print_json, print_rich, write_page
from viennatag.cli.outputs import check_outputs
from viennatag.cli.progress import show_progress
from viennatag.cli.tables import read_table

if TYPE_CHECKING:
    from viennatag.data.labels import LabelSet
    from viennatag.data.marks import Marks


def evaluate(
    bundle: options.BundleArgument,
    marks: tables.MarksArgument,
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
    report: Annotated[
        Path | None, Option(help="Also write a page with a report for each label to this HTML file.")
    ] = None,
    learning_curves: Annotated[
        bool,
        Option("--learning-curves", help="Also estimate what 50 more training marks of a label bring (with --report)."),
    ] = False,
    format_: Annotated[
        str,
        Option("--format", help="table, json, or csv with one row per label.", callback=one_of("table", "json", "csv")),
    ] = "table",
    skip_bad: tables.BadRowsOption = False,
    ignore: tables.IgnoreOption = None,
    seed: options.SeedOption = 0,
) -> None:
    """Evaluate a bundle on marks.

    The frequency prior is evaluated too, for comparison. Where the table has a split column, only its test
    subset is used, unless --subset names another. Marks that the bundle was trained on are left out, unless
    --subset asks for train or validation.

    Example: viennatag evaluate my-bundle marks.csv --images images --report labels.html
    """
    from viennatag.evaluation.bundle_evaluation import report_labels, score_marks
    from viennatag.evaluation.evaluation import evaluate_scores
    from viennatag.model.bundle import TRAINING_LOG
    from viennatag.model.seen_images import unseen_marks
    from viennatag.prediction.predictor import Predictor

    if learning_curves and report is None:
        fail("--learning-curves are drawn in the report; name its file with --report")
    check_outputs({"--report": report}, inputs=[marks])
    predictor = Predictor.load(bundle)
    labels = predictor.bundle.labels
    whole = read_table(marks, images, taxonomy=labels.taxonomy, skip_bad=skip_bad, ignore=ignore)
    table, chosen = whole, "all marks"
    if subset != "all" and any(whole.splits):
        rows = [at for at, split in enumerate(whole.splits) if split == subset]
        if not rows:
            fail(f"{marks}: no mark has the split {subset!r}; choose another --subset")
        table, chosen = whole.select(rows), f"subset {subset}"
    if subset in ("test", "all"):
        table = unseen_marks(predictor.bundle, table, images)
        for told in table.skipped[len(whole.skipped) :]:
            print(f"left out {told}", file=sys.stderr)
    with show_progress() as shown:
        scores, table = score_marks(
            predictor,
            table,
            images,
            skip_bad=skip_bad,
            progress=lambda done, total: shown("images", done, total, ""),
        )
    evaluation = evaluate_scores(scores, table, predictor.bundle, seed=seed)
    if report is not None or format_ == "csv":
        found = report_labels(scores, table, predictor.bundle, support=_support(whole, labels), seed=seed)
    if report is not None:
        from viennatag.reports.evaluation import INCOMPLETE, group_notes
        from viennatag.reports.label_report import label_report_page
        from viennatag.reports.training_curves import training_charts

        curves = None
        if learning_curves:
            from viennatag.evaluation.learning_curves import bundle_learning_curves

            train = whole.select(at for at, split in enumerate(whole.splits) if split == "train")
            with show_progress() as shown:
                curves = bundle_learning_curves(
                    predictor,
                    train,
                    table,
                    images,
                    seed=seed,
                    progress=lambda stage, done, total: shown(stage, done, total, ""),
                )
        folder = predictor.bundle.path
        log = None if folder is None else folder / TRAINING_LOG
        page = label_report_page(
            found,
            curves=curves,
            training=training_charts(log) if log is not None and log.is_file() else (),
            source=f"{bundle} on {marks.name}, {chosen}: {len(table):,} marks",
            marks=table,
            images=images,
            notes=[INCOMPLETE.capitalize()] if incomplete else group_notes(evaluation),
        )
        write_page(page, report, quiet=format_ != "table")
    if format_ == "csv":
        from viennatag.reports.label_report import write_label_table

        write_label_table(found, sys.stdout)
    elif format_ == "json":
        print_json(evaluation.to_json(incomplete=incomplete))
    else:
        from viennatag.reports.evaluation import evaluation_report

        print_rich(evaluation_report(evaluation, incomplete=incomplete))


def _support(marks: "Marks", labels: "LabelSet") -> "dict[str, Any]":
    """Return how many marks of the table carry each label in validation and test, as far as the table says so."""
    subsets = (name for name in ("validation", "test") if name in marks.splits)
    rows = {name: [at for at, split in enumerate(marks.splits) if split == name] for name in subsets}
    return {name: labels.encode(marks.select(chosen).codes).sum(axis=0) for name, chosen in rows.items()}
