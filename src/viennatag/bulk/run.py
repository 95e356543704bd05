"""The public entry point: predict the shards that are left, here or on Ray, and sum up."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viennatag.bulk.job import BulkOptions, Job, ResultFormat, bundle_digest, hold_results, prepare_job
from viennatag.bulk.processes import count_processes, run_in_processes
from viennatag.bulk.results import read_errors, write_failures
from viennatag.bulk.sources import find_source
from viennatag.bulk.worker import Outcome, ShardWorker, Worker
from viennatag.data.source_files import PassedOver
from viennatag.errors import require
from viennatag.files import printable
from viennatag.model.bundle import STARTER
from viennatag.prediction.predictor import Predictor


@dataclass(frozen=True)
class BulkSummary:
    """Counts and files of a run.

    Attributes:
        shards: Folder of the results.
        images: Images in the source.
        resumed: Images that earlier runs had done.
        failed: Images without suggestions, earlier runs included.
        reasons: Reasons of failure with their counts, the most frequent first; numbers in a reason are written N.
        unfinished: Shards that the next run tries again.
        failures: Table of the failures.
        passed_over: Which files of the source are no images by their names; empty if there are none.
    """

    shards: Path
    images: int
    resumed: int
    failed: int
    reasons: tuple[tuple[str, int], ...]
    unfinished: int
    failures: Path
    passed_over: str = ""


def run_bulk(
    source: Path | str,
    results: Path | str,
    *,
    model: Path | str = STARTER,
    images: Path | str | None = None,
    top: int | None = None,
    level: str | None = None,
    threshold: float | None = None,
    floor: float | None = None,
    format: ResultFormat = "parquet",  # noqa: A002 (named as the option of the command)
    shard_size: int = 500,
    address: str | None = None,
    progress: Callable[[int, int, int], None] | None = None,
) -> BulkSummary:
    """Write suggestions for all images of a source and return a summary; call it again to resume.

    Example:
        >>> summary = run_bulk("images", "results", top=3, format="jsonl")  # doctest: +SKIP
        >>> print(summary.images, "images,", summary.failed, "failed")  # doctest: +SKIP

    Args:
        source: A folder, an image, a ZIP, TAR or Parquet file, a glob pattern of these, or a marks table.
        results: Folder to write to.
        model: Name or folder of the bundle.
        images: Folder of images; the source is then a marks table.
        top: Suggest this many of the best codes of a level, instead of those above their thresholds.
        level: The level to answer at, as in `Predictor.predict`.
        threshold: One threshold for all codes, in place of the bundle's own.
        floor: Also write every score that is at least this.
        format: `parquet` or `jsonl`.
        shard_size: Images in a shard: at most this many are predicted again after an interruption, for each worker.
        address: A Ray cluster, `auto` for the one that this machine belongs to, or `local` for one on this machine.
            By default this machine does the work, on all cores.
        progress: Progress callback: images done, images in all, and images that failed in this run.

    Raises:
        DataError: If the source cannot be listed or holds no images.
        BulkError: If the results cannot be written, or belong to another source, model or options.
        BundleError: If there is no such bundle.
        OptionError: If an option is out of range.
        MissingExtraError: If Ray, or pyarrow for Parquet, is not installed.
    """
    options = BulkOptions(top, level, threshold, floor, format=format, shard_size=shard_size)
    if format == "parquet":
        require("pyarrow.parquet", "bulk")
    predictor = Predictor.load(model)
    predictor.check_options(top, level)
    found = find_source(source, images)
    with hold_results(Path(results)):
        digest = bundle_digest(predictor.bundle)
        job, total = prepare_job(found, Path(results), model=model, digest=digest, options=options)
        return run_job(job, total, found.passed_over, progress, worker=Worker, address=address)


def run_job(
    job: Job[Any],
    total: int,
    passed_over: PassedOver,
    progress: Callable[[int, int, int], None] | None,
    *,
    worker: Callable[..., ShardWorker],
    address: str | None,
    is_whole: Callable[[int], bool] = lambda _: True,
) -> BulkSummary:
    """Do what is left of a job and sum up.

    Args:
        job: The job.
        total: Number of its images.
        passed_over: Counts what the source holds beside images.
        progress: Progress callback, see `run_bulk`.
        worker: Makes what works on a job; a class or function of a module.
        address: As in `run_bulk`.
        is_whole: Whether the shard of a number, which is there, is as it was written; any other is done again.

    Raises:
        BulkError: If a worker cannot work on the job.
        MissingExtraError: If Ray is not installed.
    """
    report = progress or (lambda *_: None)
    job.sweep()
    done = {number for number in job.done() if is_whole(number)}
    left = [at for shard, at in job.planned() if shard.number not in done]
    ready = resumed = sum(shard.count for shard, _ in job.planned() if shard.number in done)
    failed, errors = 0, dict[int, str]()
    report(ready, total, failed)
    for outcome in _run_shards(job, left, worker, address):
        ready, failed = ready + outcome.count, failed + outcome.failed
        if outcome.error:
            errors[outcome.number] = outcome.error
        report(ready, total, failed)
    job.sweep()
    table = job.results / "failures.csv"
    missing, reasons = write_failures(_read_failures(job, errors), table)
    told = printable(passed_over.describe())
    return BulkSummary(job.shard_file(0).parent, total, resumed, missing, reasons, len(errors), table, told)


def _run_shards(
    job: Job[Any], left: Sequence[int], worker: Callable[..., ShardWorker], address: str | None
) -> Iterator[Outcome]:
    """Yield the outcome of each shard at these offsets, in any order: on Ray, in processes here, or in this one."""
    if not left:
        return
    if address is not None:
        from viennatag.bulk.cluster import run_on_ray

        yield from run_on_ray(job, left, address, worker)
    elif (count := count_processes(job, len(left))) > 1:
        yield from run_in_processes(job, left, worker, count)
    else:
        yield from worker(job).run(map(job.shard_at, left))


def _read_failures(job: Job[Any], errors: dict[int, str]) -> Iterator[tuple[str, str, int]]:
    """Yield the images and the shards of a job that failed, each with its error and its number of images."""
    done = job.done()
    for shard, _ in job.planned():
        if shard.number in done:
            yield from ((image, error, 1) for image, error in read_errors(job.shard_file(shard.number)))
        else:
            name = f"shard {shard.number:06}" + (f" ({shard.name})" if shard.name else "")
            yield name, errors.get(shard.number, "the shard was not finished"), shard.count
