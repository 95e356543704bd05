"""Commands that look at marks without learning from them: `inspect`."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viennatag.cli.shared import (
    FormatOption,
    IgnoreOption,
    SeedOption,
    TaxonomyOption,
    choose,
    fail,
    parse_taxonomy,
    show,
    write_page,
)
from viennatag.progress import show_progress

if TYPE_CHECKING:
    from viennatag.data.marks import Marks
    from viennatag.evaluation.label_issues import Doubt

_REPORT_HELP = "Also write a page with charts to this HTML file."


def inspect(
    marks: Annotated[Path, typer.Argument(help="Table of marks: CSV, TSV, JSONL or Parquet.")],
    images: Annotated[Path | None, typer.Option(help="Folder of images; each is opened and looked at.")] = None,
    report: Annotated[Path | None, typer.Option(help=_REPORT_HELP)] = None,
    model: Annotated[
        str | None, typer.Option(help="List probably missing and wrong codes by this bundle, or starter.")
    ] = None,
    doubts: Annotated[Path | None, typer.Option(help="Write these codes to a CSV file (with --model).")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most codes in doubt of a kind.")] = 500,
    own_scores: Annotated[
        bool, typer.Option("--own-scores", help="Ask the bundle itself: only for marks that it did not learn from.")
    ] = False,
    write_clean: Annotated[Path | None, typer.Option(help="Write the table without the rows of --drop.")] = None,
    drop: Annotated[
        str, typer.Option(help="Kinds of rows to leave out of --write-clean: damaged,duplicates,leak and so on.")
    ] = "",
    min_count: Annotated[int, typer.Option(help="Roll labels with fewer marks up, as group-rare does.")] = 1,
    train_marks: Annotated[int, typer.Option(help="Training marks that a label needs.")] = 20,
    test_marks: Annotated[int, typer.Option(help="Test marks that a label needs.")] = 5,
    taxonomy: TaxonomyOption = "vienna",
    ignore: IgnoreOption = None,
    seed: SeedOption = 0,
    cache: Annotated[Path | None, typer.Option(help="Folder that keeps features between runs.")] = None,
    format_: FormatOption = "table",
) -> None:
    """Measure how imbalanced marks are, find suspicious rows, images and codes, and say what to do.

    Example: viennatag inspect marks.csv --images images --report imbalance.html
    """
    choose("--format", format_, ("table", "json"))
    if (doubts is not None or own_scores) and model is None:
        fail("--doubts and --own-scores only matter with --model; add it")
    if model is not None and images is None:
        fail("--model looks at images; name their folder with --images")
    if bool(drop) != (write_clean is not None):
        fail("--write-clean and --drop belong together: a file, and the kinds of rows to leave out of it")
    from viennatag.data.marks import read_marks, write_marks
    from viennatag.files import atomic_file, cache_folder
    from viennatag.inspection.image_checks import audit_marks, check_drop, clean_marks
    from viennatag.inspection.profile import Needs, profile_marks

    kinds = [kind.strip() for kind in drop.split(",")] if drop else []
    check_drop(kinds, images=images is not None)
    for out in (doubts, write_clean, report):
        if out is not None and marks.exists() and out.exists() and out.samefile(marks):
            fail(f"{out} is the table that is inspected; it is never written over, name another file")
    table = read_marks(
        marks,
        taxonomy=parse_taxonomy(taxonomy),
        images=images,
        skip_bad=True,  # bad rows are part of what there is to see
        require_images=images is not None,
        ignore=ignore or (),
    )
    profile = profile_marks(table, min_count=min_count, needs=Needs(train_marks, test_marks))
    with show_progress() as told:
        audit = audit_marks(table, images, progress=lambda done, total: told("images", done, total, ""))
        profile = replace(profile, findings=audit.findings)
        unreadable = {row for each in audit.findings if each.kind == "damaged" for row in each.positions}
        judged = table.select(row for row in range(len(table)) if row not in unreadable)
        found: tuple[Doubt, ...] = ()
        if model is not None and images is not None:
            found = _doubts(judged, images, model, limit, own_scores, seed, cache or cache_folder(), told)
    said = []
    plain: dict[str, Any] = {}
    if write_clean is not None:
        clean, counts = clean_marks(table, audit, drop=kinds)
        write_marks(clean, write_clean)
        counts = {"unreadable": len(table.skipped), **counts}
        plain["clean"] = {"table": str(write_clean), "rows": len(clean), "left_out": counts}
        left = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
        said.append(f"wrote {write_clean}: {len(clean):,} rows; left out: {left}")
    if format_ == "json":
        plain = {**profile.to_json(), "alike": audit.to_json(table)["alike"], **plain}
        if model is not None:
            plain["doubts"] = [doubt.to_json(judged) for doubt in found]
        print(json.dumps(plain, ensure_ascii=False, indent=2))
    else:
        from viennatag.reports.profile import profile_report

        show(profile_report(profile))
    if model is not None:
        from viennatag.reports.label_issues import doubts_report, doubts_section, write_doubts

        if format_ != "json":
            show(doubts_report(found, judged))
        if doubts is not None:
            with atomic_file(doubts) as path, path.open("w", encoding="utf-8", newline="") as file:
                write_doubts(found, judged, file)
            said.append(f"wrote {doubts}: {len(found):,} codes in doubt, with a column for your decision")
    if report is not None:
        from viennatag.reports.profile import profile_page

        more = [doubts_section(found, judged, images)] if model is not None and images is not None else []
        write_page(profile_page(profile, source=marks.name, more=more), report, quiet=format_ == "json")
    if said and format_ != "json":
        print("\n".join(said))


def _doubts(
    table: "Marks", images: Path, model: str, limit: int, own_scores: bool, seed: int, cache: Path, report: Any
) -> "tuple[Doubt, ...]":
    """Return the codes in doubt, by heads that learned from other marks, or by the bundle itself."""
    from viennatag.data.labels import LabelSet
    from viennatag.errors import DataError
    from viennatag.evaluation.label_issues import find_doubts
    from viennatag.model.bundle import open_bundle

    bundle = open_bundle(model)
    if table.taxonomy != bundle.labels.taxonomy:
        raise DataError(f"the bundle predicts {bundle.labels.taxonomy} labels, the marks carry {table.taxonomy} ones")
    paths = [images / image for image in table.images]
    if own_scores:
        import numpy as np

        from viennatag.prediction.predictor import Predictor

        parts = []
        for _, some in Predictor(bundle).score_many(paths):
            parts.append(some.astype(np.float32))
            report("scores", sum(map(len, parts)), len(table), "")
        return find_doubts(table, bundle.labels, np.concatenate(parts), limit=limit)
    from viennatag.training.backbones.backbone import read_trunk
    from viennatag.training.data.features import extract_features
    from viennatag.training.selection.cross_fitting import cross_fitted_scores
    from viennatag.training.strategies import MIN_COUNT

    trunk = read_trunk(bundle.graph, backbone=model)
    found = extract_features(
        paths, trunk, cache=cache, progress=lambda done, total: report("features", done, total, "")
    )
    labels = LabelSet.from_marks(table, min_count=MIN_COUNT)
    scores = cross_fitted_scores(table, labels, found.values, found.rows, hashes=found.hashes, seed=seed, report=report)
    return find_doubts(table, labels, scores, limit=limit, features=(found.values, found.rows))
