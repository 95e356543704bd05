"""The command `suggest-labels`: which unlabelled images a person should label next."""

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Exit, Option

from viennatag.cli import options
from viennatag.cli.options import fail, image_files, write_page
from viennatag.cli.outputs import check_outputs
from viennatag.cli.progress import show_progress

if TYPE_CHECKING:
    from viennatag.model.bundle import Bundle


def suggest_labels(
    bundle: options.BundleArgument,
    images: Annotated[Path, Argument(help="Folder of unlabelled images.")],
    out: Annotated[Path, Option("-o", "--out", help="Table to write: CSV, an image in each row, the best first.")],
    count: Annotated[int, Option(min=1, help="Images to ask for.")] = 500,
    enough: Annotated[int, Option(min=1, help="Training marks from which on a label needs no more.")] = 100,
    report: Annotated[Path | None, Option(help="Also write a page with the pictures to this HTML file.")] = None,
    copy_to: Annotated[
        Path | None, Option(help="Also copy the images to this folder, numbered, to drop on the examiner's page.")
    ] = None,
) -> None:
    """Rank unlabelled images for a person: those from which rare labels gain most come first.

    Images count for labels that are short of training marks, more where the bundle is not sure; of images that
    look alike at most one is listed.

    Example: viennatag suggest-labels my-bundle unlabelled -o to-label.csv --report to-label.html
    """
    check_outputs({"--out": out, "--report": report}, folders={"--copy-to": copy_to}, apart=[images])
    if copy_to is not None and copy_to.is_dir() and (others := sorted(copy_to.iterdir())):
        told = f"it holds '{others[0].name}', which would be among the images to label"
        fail(f"--copy-to {copy_to}: {told}; empty it first, or name another folder")
    from viennatag.errors import count as count_of
    from viennatag.errors import report_problems
    from viennatag.evaluation.label_requests import suggest_labels as choose
    from viennatag.evaluation.scored_images import score_images
    from viennatag.files import atomic_file, fitting_name
    from viennatag.images.reading import hash_images
    from viennatag.prediction.predictor import Predictor

    predictor = Predictor.load(bundle)
    paths = _unlabelled(predictor.bundle, list(image_files(images)))
    with show_progress() as shown:
        found = score_images(predictor, paths, progress=lambda done: shown("images", done, len(paths), ""))
        readable = [paths[row] for row in found.rows]
        if not readable:
            fail(f"none of {count_of(len(paths), 'image')} can be read; the first is {paths[0]}: {found.errors[0]}")
        hashes, _ = hash_images(readable, progress=lambda done, total: shown("look-alikes", done, total, ""))
    if failed := [f"{paths[row]}: {error}" for row, error in sorted(found.errors.items())]:
        told = report_problems(f"left out {count_of(len(failed), 'image')} that cannot be read:", failed, limit=5)
        print(told, file=sys.stderr)
    labels = predictor.bundle.labels
    folder = images if images.is_dir() else images.parent
    requests = choose(
        found.scores,
        found.features,
        predictor.bundle.train_counts,
        count=count,
        enough=enough,
        hashes=hashes,
        names=labels.names,
        images=[path.relative_to(folder).as_posix() for path in readable],
    )
    with atomic_file(out) as file, file.open("w", encoding="utf-8", newline="") as stream:
        requests.write(stream)
    print(f"wrote {out}: {len(requests):,} of {len(readable):,} images to label")
    if copy_to is not None:
        copy_to.mkdir(parents=True, exist_ok=True)
        for rank, name in enumerate(requests.images, start=1):
            shutil.copyfile(folder / name, copy_to / fitting_name(f"{rank:04}-{Path(name).name}"))
        print(f"wrote {copy_to}: drop the images on the page of `viennatag serve`")
    if report is not None:
        from viennatag.reports.label_requests import label_requests_page

        page = label_requests_page(requests, predictor.bundle, found.scores[requests.rows], folder)
        write_page(page, report, quiet=False)
    if failed:
        raise Exit(1)


def _unlabelled(bundle: "Bundle", paths: list[Path]) -> list[Path]:
    """Return the images that a bundle has not learned from, which have no labels yet; all, if it knows them all."""
    from viennatag.errors import count
    from viennatag.model.seen_images import is_seen

    seen = is_seen(bundle, paths)
    if seen.all():
        print("note: the bundle has learned from all of these images, so they have labels", file=sys.stderr)
        return paths
    if left_out := int(seen.sum()):
        print(f"left out: {count(left_out, 'image')} that the bundle has learned from", file=sys.stderr)
    return [path for path, known in zip(paths, seen, strict=True) if not known]
