"""The command `update`: a bundle adapted to an office by the feedback of its examiners."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from viennatag.cli import options, tables
from viennatag.cli.options import fail, megabytes, print_rich
from viennatag.cli.outputs import check_cache, check_outputs
from viennatag.cli.progress import show_progress
from viennatag.cli.tables import print_skipped, read_table


def update(
    bundle: options.BundleArgument,
    feedback: Annotated[Path, Argument(help="Table of examiners' decisions: marks with codes and rejected codes.")],
    images: options.ImagesOption,
    out: Annotated[Path, Option("-o", "--out", help="Folder to write the updated bundle to.")],
    old: Annotated[Path | None, Option(help="The marks that the bundle was trained on.")] = None,
    old_images: Annotated[Path | None, Option(help="Folder of their images.", show_default="--images")] = None,
    min_count: Annotated[
        int | None, Option(help="A new code needs this many decisions to be added.", show_default="5")
    ] = None,
    cache: options.CacheOption = None,
    skip_bad: tables.BadRowsOption = False,
    ignore: tables.IgnoreOption = None,
    seed: options.SeedOption = 0,
) -> None:
    """Update a bundle from the feedback of examiners.

    With --old the update must not make the bundle worse on the marks that it was trained on.

    Example: viennatag update starter feedback.csv --images images -o office-bundle

    Example: viennatag update my-bundle feedback.csv --images images -o office-bundle --old marks.csv
    """
    if old_images is not None and old is None:
        fail("--old-images is the folder of the marks of --old; add --old TABLE")
    check_outputs(bundle=out)
    check_cache(cache)
    from viennatag.evaluation.feedback import read_feedback
    from viennatag.model.bundle import open_bundle
    from viennatag.training.continual.update import MIN_FEEDBACK_COUNT
    from viennatag.training.continual.update import update as update_bundle

    opened = open_bundle(bundle)
    taxonomy = opened.labels.taxonomy
    found = read_feedback(feedback, taxonomy=taxonomy, images=images, skip_bad=skip_bad, ignore=ignore or ())
    print_skipped(found.marks.skipped)
    old_marks = None
    if old is not None:
        folder = old_images or images
        old_marks = read_table(old, folder, taxonomy=taxonomy, skip_bad=skip_bad, ignore=ignore), folder
    with show_progress() as report:
        result = update_bundle(
            opened,
            found,
            images,
            out,
            cache=cache,
            old=old_marks,
            min_count=MIN_FEEDBACK_COUNT if min_count is None else min_count,
            skip_bad=skip_bad,
            seed=seed,
            progress=report,
        )
    from viennatag.errors import count
    from viennatag.reports.update import update_report

    print_rich(update_report(result))
    print(f"wrote {out}: {count(len(result.bundle.labels), 'label')}, graph and description {megabytes(out)}")
