"""The run: what is left of the plan, done here or on Ray, and the sum of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from viennatag.bulk.job import BulkOptions, Job, hold_results, prepare_job
from viennatag.bulk.results import read_errors, write_failures
from viennatag.bulk.sources import find_source
from viennatag.bulk.worker import Outcome, Worker
from viennatag.errors import require
from viennatag.model.bundle import STARTER
from viennatag.prediction.predictor import Predictor


@dataclass(frozen=True)
class BulkSummary:
    """What came of a run.

    Attributes:
        parts: Folder of the results.
        images: Images in the source.
        resumed: Those that earlier runs had done.
        failed: Those without suggestions, earlier runs included.
        reasons: Why, and for how many images, the most frequent first; numbers in a reason stand as N.
        unfinished: Parts that are to be tried again by the next run.
        failures: Table of what failed.
    """

    parts: Path
    images: int
    resumed: int
    failed: int
    reasons: tuple[tuple[str, int], ...]
    unfinished: int
    failures: Path


def run_bulk(
    source: Path | str,
    results: Path | str,
    *,
    model: Path | str = STARTER,
    images: Path | str | None = None,
    options: BulkOptions | None = None,
    address: str | None = None,
    progress: Callable[[int, int, int], None] | None = None,
) -> BulkSummary:
    """Predict for all images of a source and return what came of it; call it again to go on after an interruption.

    Args:
        source: A folder, an image, a ZIP, TAR or Parquet file, a pattern of these, or a marks table.
        results: Folder to write to.
        model: Name or folder of the bundle.
        images: Folder of images; the source is then a marks table.
        options: What to write.
        address: A Ray cluster, `auto` for the one this machine belongs to, or `local` for one on this machine alone.
            By default the work is done in this process, by all cores.
        progress: Told how many of how many images are done, and how many of them failed in this run.

    Raises:
        DataError: If the source cannot be listed or holds no images.
        BulkError: If the results cannot be written, or belong to another source, model or options.
        BundleError: If there is no such bundle.
        OptionError: If an option makes no sense.
        MissingExtraError: If Ray, or pyarrow for Parquet, is not installed.
    """
    options, tell = options or BulkOptions(), progress or (lambda *_: None)
    if options.format == "parquet":
        require("pyarrow.parquet", "bulk")
    predictor = Predictor.load(model)
    predictor.check_options(options.top, options.level)
    found = find_source(source, images)
    with hold_results(Path(results)):
        job, total = prepare_job(found, Path(results), model=model, bundle=predictor.bundle, options=options)
        job.sweep()
        done = job.done()
        left = [at for part, at in job.planned() if part.number not in done]
        resumed = sum(part.count for part, _ in job.planned() if part.number in done)
        ready, failed = resumed, 0
        ended: dict[int, str] = {}
        tell(ready, total, failed)
        outcomes: Iterator[Outcome] = iter(())
        if left and address is None:
            outcomes = Worker(job).run(map(job.part_at, left))
        elif left:
            from viennatag.bulk.cluster import run_on_ray

            outcomes = run_on_ray(job, left, address or "")
        for outcome in outcomes:
            ready, failed = ready + outcome.count, failed + outcome.failed
            if outcome.error:
                ended[outcome.number] = outcome.error
            tell(ready, total, failed)
        job.sweep()
        table = job.results / "failures.csv"
        missing, reasons = write_failures(_failures(job, ended), table)
        return BulkSummary(job.part_file(0).parent, total, resumed, missing, reasons, len(ended), table)


def _failures(job: Job, ended: dict[int, str]) -> Iterator[tuple[str, str, int]]:
    done = job.done()
    for part, _ in job.planned():
        if part.number in done:
            yield from ((image, error, 1) for image, error in read_errors(job.part_file(part.number)))
        else:
            name = f"part {part.number:06}" + (f" ({part.name})" if part.name else "")
            yield name, ended.get(part.number, "the part was not finished"), part.count
