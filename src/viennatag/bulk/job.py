"""Keep plan and progress of a run on disk, so that it can be killed at any moment and resumed.

    manifest.json                 source, model and options; a run with others is refused
    plan.jsonl                    the shards, one a line
    shards/shard-000000.parquet   renamed when whole
    failures.csv                  written at the end

Nothing here depends on clocks or on other workers, so all nodes of a cluster can share the folder.
"""

import hashlib
import json
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Generic, Literal, TypeVar, get_args

from viennatag import __version__
from viennatag.bulk.sources import Shard, Source, cut_source
from viennatag.bulk.writing import writing
from viennatag.errors import BulkError, DataError, OptionError
from viennatag.files import atomic_file, file_digest
from viennatag.model.bundle import DESCRIPTION, Bundle, is_starter

_SCHEMA = 1
ATTEMPTS = 3
"""A shard at which a process died this often is given up until the next run."""

ResultFormat = Literal["parquet", "jsonl"]


@dataclass(frozen=True, kw_only=True)
class JobOptions:
    """The options of any job.

    Attributes:
        format: Format of the results.
        shard_size: Images in a shard.
    """

    format: ResultFormat = "parquet"
    shard_size: int = 500

    def __post_init__(self) -> None:
        if self.format not in get_args(ResultFormat):
            raise OptionError(f"format {self.format!r} is unknown; choose one of {', '.join(get_args(ResultFormat))}")
        if self.shard_size < 1:
            raise OptionError(f"shard_size is {self.shard_size}; a shard holds images, from 1 up")


@dataclass(frozen=True)
class BulkOptions(JobOptions):
    """The options of `run_bulk` on which results depend."""

    top: int | None = None
    level: str | None = None
    threshold: float | None = None
    floor: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("threshold", "floor"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise OptionError(f"{name} is {value}; a score is a probability from 0 to 1")


@dataclass(frozen=True)
class FeatureOptions(JobOptions):
    """The options of `extract_store` on which its shards, always Parquet, depend.

    Attributes:
        crops: Whether the features of crops, and colour features, are kept too, as Vienna codes need them.
        learned: Digest of the hashes of the images that the backbone has learned from.
    """

    crops: bool = True
    learned: str = ""


Options = TypeVar("Options", BulkOptions, FeatureOptions)


@dataclass(frozen=True)
class Job(Generic[Options]):
    """One run, as every worker on every node receives it.

    Attributes:
        results: Folder of the results.
        root: Folder that the names in the plan are relative to.
        model: Name or folder of the bundle.
        digest: Digest of the bundle.
        options: Options of the results.
    """

    results: Path
    root: Path
    model: str
    digest: str
    options: Options

    def check_root(self) -> None:
        """Raise BulkError if this machine has no such source."""
        if not self.root.is_dir():
            raise BulkError(f"{self.root}: there is no such folder on {node()}; the source must be there on all nodes")

    def shard_file(self, number: int) -> Path:
        """Return the file of a shard's results."""
        return self.results / "shards" / f"shard-{number:06}.{self.options.format}"

    def attempts_file(self, number: int) -> Path:
        """Return the file that holds a byte for each unfinished attempt at a shard."""
        return self.results / "shards" / f".shard-{number:06}.attempts"

    def planned(self) -> Iterator[tuple[Shard, int]]:
        """Yield the shards of the plan, each with its byte offset in the plan."""
        with self._plan() as file:
            at = 0
            for line in file:
                yield Shard(**json.loads(line)), at
                at += len(line)

    def shard_at(self, byte: int) -> Shard:
        """Return the shard at this byte offset of the plan.

        Raises:
            BulkError: If this machine cannot read the plan.
        """
        with self._plan() as file:
            file.seek(byte)
            return Shard(**json.loads(file.readline()))

    def done(self) -> set[int]:
        """Return the numbers of the shards that have results."""
        paths = self.shard_file(0).parent.glob(f"shard-*.{self.options.format}")
        return {int(number) for path in paths if (number := path.stem.removeprefix("shard-")).isdecimal()}

    def sweep(self) -> None:
        """Remove files of dead processes, but keep the attempts at shards that are still to be done."""
        done = self.done()
        for path in self.results.glob(".*.*"):
            path.unlink(missing_ok=True)
        for path in self.shard_file(0).parent.glob(".shard-*"):
            number = path.name.removeprefix(".shard-").partition(".")[0]
            if number.isdecimal() and int(number) in done:
                path.unlink(missing_ok=True)

    def _plan(self) -> IO[bytes]:
        try:
            return (self.results / "plan.jsonl").open("rb")
        except OSError as exc:
            raise BulkError(
                f"{self.results}: {node()} cannot read the plan there ({exc.strerror}); the results, the "
                "source and the bundle must have the same paths on all nodes, so put them on a shared file system"
            ) from exc


def prepare_job(
    source: Source, results: Path, *, model: str | Path, digest: str, options: Options
) -> tuple[Job[Options], int]:
    """Return a new or resumed job, and its number of images; `model` is the user's name for what has the digest.

    Raises:
        BulkError: If the folder holds the results of another source, model or options.
        DataError: If the source cannot be listed or holds no images.
    """
    results = results.resolve()
    name = str(Path(model).resolve()) if not is_starter(model) and Path(model).exists() else str(model)
    job = Job(results, source.root, name, digest, options)
    manifest = results / "manifest.json"
    shards = images = 0
    plan = hashlib.sha256()
    with atomic_file(results / "plan.jsonl") as temporary:
        with temporary.open("wb") as file:
            for shard in cut_source(source, size=options.shard_size):
                line = json.dumps(asdict(shard), separators=(",", ":")).encode() + b"\n"
                file.write(line)
                plan.update(line)
                shards, images = shards + 1, images + shard.count
        if not images:
            raise DataError(f"{source.name}: no images in it")
        wanted = {
            "schema": _SCHEMA,
            "viennatag": __version__,
            "source": source.name,
            "shards": shards,
            "images": images,
            "plan": f"sha256:{plan.hexdigest()}",
            "model": {"name": str(model), "digest": job.digest},
            "options": asdict(options),
        }
        if manifest.is_file():  # before the plan takes its place
            _refuse_another(manifest, wanted)
    if not manifest.is_file():
        with atomic_file(manifest) as temporary:
            temporary.write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")
    return job, images


def count_attempt(job: Job[Any], shard: Shard) -> None:
    """Note an attempt at a shard, so that an image that kills the process does not do so for ever.

    Raises:
        BulkError: If it cannot be noted.
        DataError: If there were too many.
    """
    path = job.attempts_file(shard.number)
    with writing(path):
        path.parent.mkdir(exist_ok=True)
        with path.open("ab") as file:
            before = file.tell()
            file.write(b".")
    if before >= ATTEMPTS:
        raise DataError(f"the process died {before} times while it worked on this shard")


def node() -> str:
    """Return the name of this machine."""
    return platform.node() or "this machine"


def bundle_digest(bundle: Bundle) -> str:
    """Return the digest of a bundle: the hash of its description, which holds that of its graph."""
    return file_digest(bundle.graph.with_name(DESCRIPTION))


@contextmanager
def hold_results(results: Path) -> Iterator[None]:
    """Lock the results against a second run, where the system can; the lock of a killed run is gone.

    Raises:
        BulkError: If another run holds the lock, or the folder holds something else.
    """
    try:
        if results.exists() and not (results / "manifest.json").is_file():
            known = (".", "plan.jsonl", "shards")
            strange = [path.name for path in results.iterdir() if not path.name.startswith(known)]
            if strange:
                raise BulkError(f"{results}: the folder holds {strange[0]!r} but no bulk run; choose another")
        (results / "shards").mkdir(parents=True, exist_ok=True)
        file = (results / ".lock").open("w")
    except OSError as exc:
        raise BulkError(f"{results}: no results can be written there: {exc}") from exc
    with file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise BulkError(f"{results}: another run is writing there; wait for it, or stop it first") from exc
        except (ModuleNotFoundError, OSError):  # Windows, or a file system without locks
            pass
        yield


def _refuse_another(manifest: Path, wanted: dict[str, Any]) -> None:
    try:
        found = json.loads(manifest.read_text(encoding="utf-8"))
        if found["schema"] != _SCHEMA:
            raise BulkError(
                f"{manifest.parent}: the run was begun by another version (schema {found['schema']}, not {_SCHEMA}); "
                "go on with that version, or write to another folder"
            )
        was, now = found["options"], wanted["options"]
        differing = [f"{name} {was.get(name)!r}, now {now[name]!r}" for name in now if was.get(name) != now[name]]
        if found["model"]["digest"] != wanted["model"]["digest"]:
            models = (f"{each['name']} ({each['digest'][:15]})" for each in (found["model"], wanted["model"]))
            differing.append("the model " + ", now ".join(models))
        if found["viennatag"] != wanted["viennatag"]:
            differing.append(f"viennatag {found['viennatag']}, now {wanted['viennatag']}")
        if found["plan"] != wanted["plan"] and was["shard_size"] == now["shard_size"]:
            differing.append(
                f"{found['images']:,} images in {found['source']}, now {wanted['images']:,} in {wanted['source']} "
                "(their names, sizes or times differ)"
            )
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise BulkError(f"{manifest}: the file is damaged ({exc}); remove the folder and start again") from exc
    if differing:
        raise BulkError(
            f"{manifest.parent}: this run was begun with {'; '.join(differing)}; repeat what it was begun with, or "
            "write to another folder"
        )
