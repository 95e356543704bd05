"""The command `inspect`: how imbalanced marks are, and which rows, images and codes look wrong."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from viennatag.cli import options, tables
from viennatag.cli.options import fail, print_json, print_rich, write_page
from viennatag.cli.outputs import check_cache, check_outputs
from viennatag.cli.progress import show_progress
from viennatag.cli.tables import print_notes, rare_labels_note, read_reading

if TYPE_CHECKING:
    from viennatag.data.taxonomy import Taxonomy
    from viennatag.evaluation.label_issues import LabelIssue


def inspect(
    marks: tables.MarksArgument,
    images: Annotated[Path | None, Option(help="Folder of images; each of them is opened and checked.")] = None,
    report: options.ReportOption = None,
    model: Annotated[
        str | None, Option(help="Find codes that are probably missing or wrong, by this bundle or starter.")
    ] = None,
    label_issues: Annotated[Path | None, Option(help="Write these codes to a CSV file (with --model).")] = None,
    limit: Annotated[int, Option(min=1, help="Most label issues of each kind.")] = 500,
    own_scores: Annotated[
        bool, Option("--own-scores", help="Use the bundle's scores: only for marks that it was not trained on.")
    ] = False,
    write_clean: Annotated[Path | None, Option(help="Write the table without the rows of --drop.")] = None,
    drop: Annotated[
        str, Option(help="Kinds of rows to leave out of --write-clean, such as damaged,duplicates,leak.")
    ] = "",
    learning_curves: Annotated[
        bool,
        Option(
            "--learning-curves",
            help="Estimate what 50 more marks of each label bring, on features of --model, else of starter.",
        ),
    ] = False,
    min_count: Annotated[int, Option(help="A code with fewer marks counts for its parent.")] = 1,
    taxonomy: options.TaxonomyOption = "vienna",
    ignore: tables.IgnoreOption = None,
    image_column: tables.ImageColumnOption = None,
    label_column: tables.LabelColumnOption = None,
    separator: tables.SeparatorOption = None,
    long: tables.LongOption = None,
    as_written: tables.AsWrittenOption = False,
    blank: tables.BlankOption = None,
    cache: options.CacheOption = None,
    format_: options.FormatOption = "table",
) -> None:
    """Check marks: imbalance, rows, images and codes.

    The report also recommends what to do about what was found.

    Example: viennatag inspect marks.csv --images images --report imbalance.html

    Example: viennatag inspect marks.csv --images images --learning-curves
    """
    if (label_issues is not None or own_scores) and model is None:
        fail("--label-issues and --own-scores only matter with --model; add it")
    if model is not None and images is None:
        fail("--model needs the images; name their folder with --images")
    if learning_curves and images is None:
        fail("--learning-curves need the images; name their folder with --images")
    if bool(drop) != (write_clean is not None):
        fail("--write-clean and --drop belong together: a file, and the kinds of rows to leave out of it")
    from viennatag.data.marks import read_marks
    from viennatag.data.writing import write_marks
    from viennatag.files import atomic_file
    from viennatag.inspection.image_checks import check_drop, check_marks, clean_marks
    from viennatag.inspection.profile import profile as profile_marks
    from viennatag.model.bundle import open_bundle

    kinds = [kind.strip() for kind in drop.split(",")] if drop else []
    check_drop(kinds, images=images is not None)
    check_outputs({"--label-issues": label_issues, "--write-clean": write_clean, "--report": report}, inputs=[marks])
    labels: Taxonomy | str = taxonomy
    if model is not None:
        check_cache(cache)
        if taxonomy == "vienna":  # nothing was said, so the labels are those of the bundle
            labels = open_bundle(model).labels.taxonomy
    table = read_marks(
        marks,
        taxonomy=labels,
        images=images,
        skip_bad=True,  # bad rows are reported too
        require_images=images is not None,
        reading=read_reading(image_column, label_column, ignore, separator, long, as_written, blank),
    )
    profile = profile_marks(table, min_count=min_count)
    notes = [*table.notes, *rare_labels_note(table.codes, profile.levels[-1].names)]
    with show_progress() as progress:
        checked = check_marks(table, images, progress=lambda done, total: progress("images", done, total, ""))
        profile = replace(profile, findings=checked.findings)
        unreadable = {row for each in checked.findings if each.kind == "damaged" for row in each.positions}
        readable = table.select(row for row in range(len(table)) if row not in unreadable)
        curves = None
        if learning_curves and images is not None:
            from viennatag.evaluation.learning_curves import marks_learning_curves
            from viennatag.prediction.predictor import Predictor

            curves = marks_learning_curves(
                Predictor.load(model or "starter"),
                readable,
                images,
                min_count=min_count,
                progress=lambda stage, done, total: progress(stage, done, total, ""),
            )
        found: tuple[LabelIssue, ...] = ()
        if model is not None and images is not None:
            from viennatag.training.selection.cross_fitting import find_label_issues

            found = find_label_issues(
                readable, images, model, limit=limit, own_scores=own_scores, cache=cache, progress=progress
            )
    written = []
    plain: dict[str, Any] = {}
    if write_clean is not None:
        clean, counts = clean_marks(table, checked, drop=kinds)
        write_marks(clean, write_clean)
        counts = {"unreadable": len(table.skipped), **counts}
        plain["clean"] = {"table": str(write_clean), "rows": len(clean), "left_out": counts}
        left = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
        written.append(f"wrote {write_clean}: {len(clean):,} rows; left out: {left}")
    if format_ == "json":
        read = {"columns": table.reading, "notes": notes}
        plain = {
            "reading": read,
            **profile.to_json(),
            "alike": [group.to_json(table) for group in checked.alike],
            **plain,
        }
        if model is not None:
            plain["label_issues"] = [issue.to_json(readable) for issue in found]
        if curves is not None:
            from viennatag.reports.learning_curves import curves_json

            plain["learning_curves"] = curves_json(curves)
        print_json(plain)
    else:
        from viennatag.reports.profile import profile_report

        print(f"read as: {table.reading}")
        print_notes(notes)
        print_rich(profile_report(profile))
        if curves is not None:
            from viennatag.reports.learning_curves import curves_report

            print_rich(curves_report(curves))
    if model is not None:
        from viennatag.reports.label_issues import label_issues_report, write_label_issues

        if format_ != "json":
            print_rich(label_issues_report(found, readable))
        if label_issues is not None:
            with atomic_file(label_issues) as path, path.open("w", encoding="utf-8", newline="") as file:
                write_label_issues(found, readable, file)
            written.append(f"wrote {label_issues}: {len(found):,} label issues, with a column for your decision")
    if report is not None:
        from viennatag.reports.pages import label_issues_section, profile_page

        more = [label_issues_section(found, readable, images)] if model is not None and images is not None else []
        if curves is not None:
            from viennatag.reports.learning_curves import curves_section

            more.append(curves_section(curves))
        write_page(profile_page(profile, source=marks.name, more=more), report, quiet=format_ == "json")
    if written and format_ != "json":
        print("\n".join(written))
