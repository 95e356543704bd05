"""Draw a folder of marks: a table, the images, where each drawing stands, and whom to thank.

Each mark depends on the run's seed and its own number only, never on how many processes draw or on what
was drawn before; so a run can be cut off and taken up again. Marks are drawn in chunks; a chunk is done
when its list of marks is written.
"""

import csv
import json
import math
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from os import cpu_count
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from viennatag.data.marks import read_marks
from viennatag.errors import ArtworkError, OptionError
from viennatag.files import atomic_file
from viennatag.images.colours import CODES as COLOUR_CODES
from viennatag.images.colours import COUNTS, MANY, colour_codes
from viennatag.synthesis.artwork import Drawing, Pack, pack_family, read_artwork, write_attribution
from viennatag.synthesis.composition import OWN_CODES, SWAP_CODES, Composition, compose_mark
from viennatag.synthesis.finish import draw_pixels, encode, wear
from viennatag.synthesis.lettering import FontFile, find_fonts, usable_fonts
from viennatag.synthesis.studio import Studio, part_of, stable_share
from viennatag.vienna.codes import FIRST_FORM_CATEGORY, parse_code

_CHUNK = 200
_COUNT_CODES = frozenset((*COUNTS.values(), MANY))
_GREYS = tuple(COLOUR_CODES[name] for name in ("black", "grey", "white"))
_VERSION = 2
_HABIT = 2e-4  # share of a profile's rows below which a section of form is no habit of the office


@dataclass(frozen=True)
class RenderOptions:
    """How marks are drawn; a folder holds marks of one set of options.

    Attributes:
        count: How many marks.
        size: Pixels of the longer side.
        seed: Of all choices.
        balance: How much the frequency of leading pictorial sections is flattened: 0 keeps the profile's, 1 makes
            all equally frequent.
        test_packs: Packs whose drawings are in test marks only; other packs of their family too.
        test_share: Share of marks for testing, where packs are reserved.
        validation_share: Share of marks for validation, where packs are reserved.
        colour: Share of marks in colour, where the profile's row names no colours.
        wear: How much scanning and saving show, from 0 to 1.
        allow_share_alike: Whether share-alike artwork is drawn.
    """

    count: int
    size: int = 256
    seed: int = 0
    balance: float = 0.0
    test_packs: tuple[str, ...] = ()
    test_share: float = 0.15
    validation_share: float = 0.1
    colour: float = 0.55
    wear: float = 1.0
    allow_share_alike: bool = False

    def __post_init__(self) -> None:
        problems = [
            f"{name} is {getattr(self, name)}; expected a share between 0 and 1"
            for name in ("balance", "test_share", "validation_share", "colour", "wear")
            if not 0 <= getattr(self, name) <= 1
        ]
        if self.count < 1:
            problems.append(f"count is {self.count}; expected at least one mark")
        if not 16 <= self.size <= 4096:
            problems.append(f"size is {self.size} pixels; expected 16 to 4096")
        if self.test_share + self.validation_share >= 1:
            problems.append("test_share and validation_share leave nothing to train on")
        if problems:
            raise OptionError("; ".join(problems))


@dataclass(frozen=True)
class _Job:
    """All that a process needs to draw any mark of a run."""

    out: str
    options: RenderOptions
    studios: dict[str, Studio]
    asked: dict[str, tuple[tuple[tuple[str, ...], ...], tuple[float, ...]]]
    form: frozenset[str] | None


def draw_marks(
    out: Path | str,
    *,
    artwork: Iterable[Path | str],
    fonts: Iterable[Path | str],
    count: int,
    profile: Path | str | None = None,
    balance: float = 0.0,
    test_packs: Sequence[str] = (),
    test_share: float = 0.15,
    validation_share: float = 0.1,
    size: int = 256,
    seed: int = 0,
    colour: float = 0.55,
    wear: float = 1.0,
    allow_share_alike: bool = False,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Draw marks into a folder and return the path of their table, `marks.csv`.

    With a profile, each mark shows what can be drawn of one of its rows, so that real combinations and the
    real long tail remain. Sections of form (25 to 29) that the profile never uses are not given to marks:
    each office codes form in its own way. Without one, every section that can be drawn is equally likely.

    The folder gets `images/`, `marks.csv`, `details.jsonl` (boxes of the drawings in fractions of the image,
    packs and names, arrangement, the sections asked for), `ATTRIBUTION.md` and `render.json`. A run that
    was cut off goes on where it stopped.

    Args:
        out: The folder; new, or of a run with the same options.
        artwork: Folders of packs or of SVG files, see `read_artwork`.
        fonts: Font files or folders of them, see `find_fonts`.
        count: How many marks.
        profile: A marks table whose rows are what to show; images are not needed.
        balance: See `RenderOptions`, as for all that follow.
        test_packs: Packs for the test marks; one font family in five is reserved for them too.
        test_share: Share of test marks.
        validation_share: Share of validation marks.
        size: Pixels of the longer side.
        seed: Of all choices.
        colour: Share of marks in colour.
        wear: How much scanning and saving show.
        allow_share_alike: Whether share-alike artwork is drawn.
        workers: Processes; by default one for each core, and 1 draws in this process.
        progress: Called with the number of marks done and of all marks.

    Raises:
        OptionError: If an option makes no sense, or the folder holds marks drawn with other options.
        ArtworkError: If artwork or fonts cannot be used.
        DataError: If the profile cannot be read.
    """
    options = RenderOptions(
        count, size, seed, balance, tuple(test_packs), test_share, validation_share, colour, wear, allow_share_alike
    )
    folder = Path(out)
    rows = read_marks(profile, require_images=False).codes if profile is not None else ()
    drawings, packs = read_artwork(artwork, allow_share_alike=allow_share_alike)
    faces = usable_fonts(find_fonts(fonts))
    _check_folder(folder, options, {"drawings": len(drawings), "fonts": len(faces), "rows": len(rows)})
    if (folder / "marks.csv").is_file():
        if progress:
            progress(count, count)
        return folder / "marks.csv"
    studios = _studios(drawings, faces, options)
    form = _form_codes(rows) if rows else None
    asked = {part: _requests(studio, rows, balance) for part, studio in studios.items()}
    job = _Job(str(folder), options, studios, asked, form)
    chunks = [range(start, min(start + _CHUNK, count)) for start in range(0, count, _CHUNK)]
    finished = [chunk for chunk in chunks if _part_file(folder, chunk).is_file()]
    left = [chunk for chunk in chunks if chunk not in finished]
    done = sum(map(len, finished))
    for chunk in _draw_chunks(job, left, workers or cpu_count() or 1):
        done += len(chunk)
        if progress:
            progress(done, count)
    return _conclude(folder, chunks, packs, faces)


def drawable_sections(artwork: Iterable[Path | str], *, allow_share_alike: bool = False) -> dict[str, int]:
    """Return each section that can be drawn, with the number of drawings that show it.

    Sections that need no artwork (shapes, letters, colours) are counted 0 if no drawing shows them either.
    """
    drawings, _ = read_artwork(artwork, allow_share_alike=allow_share_alike)
    found = Counter(code for drawing in drawings for code in drawing.codes)
    codes = {*found, *OWN_CODES, *SWAP_CODES, *COLOUR_CODES.values(), *_COUNT_CODES}
    return {code: found[code] for code in sorted(codes, key=parse_code)}


def _check_folder(folder: Path, options: RenderOptions, material: dict[str, int]) -> None:
    """Claim a folder for a run, or see that it holds the same run."""
    now = json.loads(json.dumps({"version": _VERSION, "options": asdict(options), "material": material}))
    record = folder / "render.json"
    if record.is_file():
        try:
            before = json.loads(record.read_text(encoding="utf-8"))
        except json.JSONDecodeError as exc:
            raise OptionError(f"{record}: this is not a record of drawn marks; choose another folder") from exc
        changed = [
            f"{name} was {before.get(group, {}).get(name)!r} and is {value!r}"
            for group in ("options", "material")
            for name, value in now[group].items()
            if before.get(group, {}).get(name) != value
        ]
        if before.get("version") != now["version"]:
            changed.insert(0, f"version was {before.get('version')!r} and is {now['version']!r}")
        if changed:
            raise OptionError(f"{folder} holds marks drawn otherwise ({'; '.join(changed)}); choose another folder")
        return
    if folder.exists() and any(folder.iterdir()):
        raise OptionError(f"{folder} holds other files and no render.json; choose a new or empty folder")
    with atomic_file(record) as temporary:
        temporary.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")


def _studios(drawings: Sequence[Drawing], faces: Sequence[FontFile], options: RenderOptions) -> dict[str, Studio]:
    """Return a studio for each part; one for all, named "", where no packs are reserved."""
    if not options.test_packs:
        return {"": Studio(tuple(drawings), tuple(faces))}
    packs = {drawing.pack for drawing in drawings}
    unknown = sorted(set(options.test_packs) - packs)
    if unknown:
        raise OptionError(
            f"no drawing is of the test packs {', '.join(unknown)}; the packs are {', '.join(sorted(packs))}"
        )
    families = {pack_family(pack) for pack in options.test_packs}
    test = tuple(drawing for drawing in drawings if pack_family(drawing.pack) in families)
    others = [drawing for drawing in drawings if pack_family(drawing.pack) not in families]
    if not others:
        raise OptionError("all packs are test packs; leave some to train on")
    reserved = sorted({face.family for face in faces}, key=stable_share)
    reserved = reserved[: len(reserved) // 5]
    parts = part_of(others, share=options.validation_share)
    kept = tuple(face for face in faces if face.family not in reserved)
    studios = {
        "train": Studio(tuple(d for d in others if parts[d.group] == "train"), kept),
        "validation": Studio(tuple(d for d in others if parts[d.group] == "validation"), kept),
        "test": Studio(test, tuple(face for face in faces if face.family in reserved) or kept),
    }
    shares = {"validation": options.validation_share, "test": options.test_share}
    return {part: studio for part, studio in studios.items() if studio.drawings and shares.get(part, 1) > 0}


def _form_codes(rows: Sequence[Sequence[str]]) -> frozenset[str]:
    """Return the sections of form that the profile uses; counts of colours only if they are a habit."""
    found = Counter(code for row in rows for code in row if parse_code(code).category >= FIRST_FORM_CATEGORY)
    coloured = sum(any(code.startswith("29.") for code in row) for row in rows)
    counted = sum(found[code] for code in _COUNT_CODES)
    habits = {code for code, times in found.items() if times >= _HABIT * len(rows)}
    return frozenset(habits) - (_COUNT_CODES if counted < 0.2 * coloured else frozenset())


def _requests(
    studio: Studio, rows: Sequence[Sequence[str]], balance: float
) -> tuple[tuple[tuple[str, ...], ...], tuple[float, ...]]:
    """Return the sets of sections that marks are asked to show, and their cumulative weights."""
    drawable = set(studio.by_code) | OWN_CODES | SWAP_CODES | set(COLOUR_CODES.values())
    if not rows:
        singles = [(code,) for code in sorted({*studio.by_code, *OWN_CODES, *SWAP_CODES}, key=parse_code)]
        return tuple(singles), tuple(float(index + 1) for index in range(len(singles)))
    kept = [tuple(code for code in row if code in drawable) for row in rows]
    kept = [row for row in kept if any(code not in COLOUR_CODES.values() for code in row)]
    if not kept:
        raise ArtworkError("nothing of the profile can be drawn with this artwork; its codes must be Vienna sections")
    leads = [_leading(row) for row in kept]
    frequency = Counter(leads)
    weights = np.cumsum([frequency[lead] ** -balance for lead in leads])
    return tuple(kept), tuple(weights.tolist())


def _leading(row: Sequence[str]) -> str:
    """Return the first pictorial section of a row, or the first of form where there is none."""
    return next((code for code in row if parse_code(code).category < FIRST_FORM_CATEGORY), row[0])


_job: _Job | None = None


def _start(job: _Job) -> None:
    global _job  # noqa: PLW0603 (how a process pool hands each process its material once)
    _job = job


def _draw_chunks(job: _Job, chunks: list[range], workers: int) -> Iterable[range]:
    """Yield chunks as they are drawn, in this process or in several."""
    if workers == 1 or len(chunks) <= 1:
        for chunk in chunks:
            yield _draw_chunk(chunk, job)
        return
    context = get_context("spawn")  # fork is unsafe beside the threads of numerical libraries
    with ProcessPoolExecutor(min(workers, len(chunks)), context, initializer=_start, initargs=(job,)) as pool:
        tasks = [pool.submit(_draw_chunk, chunk) for chunk in chunks]
        try:
            for task in as_completed(tasks):
                yield task.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _part_file(folder: Path, chunk: range) -> Path:
    return folder / "parts" / f"{chunk.start:08d}.jsonl"


def _draw_chunk(chunk: range, job: _Job | None = None) -> range:
    job = job or _job
    assert job is not None
    folder = Path(job.out)
    records = [_draw_one(job, folder, index) for index in chunk]
    with atomic_file(_part_file(folder, chunk)) as temporary:
        temporary.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return chunk


def _draw_one(job: _Job, folder: Path, index: int) -> dict[str, Any]:
    """Draw one mark, write its image, and return what the tables say of it."""
    options = job.options
    rng = random.Random(f"{options.seed}:{index}")
    part = _choose_part(job.studios, options, rng)
    wanted, mark, image, codes = _drawn(job, part, rng)
    while not codes:  # a plain black word, say: nothing could be learned from it
        wanted, mark, image, codes = _drawn(job, part, rng)
    image = wear(image, rng, strength=options.wear)
    ending = "jpg" if rng.random() < 0.25 else "png"
    name = f"images/{index // 10_000:02d}/{index:06d}.{ending}"
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(image, ending, rng))  # whole once the chunk's list names it
    return {
        "image": name,
        "codes": [str(code) for code in sorted(map(parse_code, codes))],
        "id": f"{options.seed}-{index:06d}",
        "group": mark.groups[0] if mark.groups else f"mark:{index:06d}",
        "split": part,
        "asked": list(wanted),
        "kind": mark.kind,
        "groups": list(mark.groups),
        "boxes": [
            {
                "pack": box.pack,
                "name": box.name,
                "codes": list(box.codes),
                "box": [round(_inside(v), 4) for v in box[3:]],
            }
            for box in mark.boxes
        ],
    }


def _drawn(job: _Job, part: str, rng: random.Random) -> tuple[tuple[str, ...], Composition, Image.Image, set[str]]:
    """Return what was asked for, the mark, its pixels, and the codes that it carries."""
    requests, weights = job.asked[part]
    wanted = rng.choices(requests, cum_weights=weights)[0]
    mark = compose_mark(job.studios[part], wanted, rng, colour=job.options.colour)
    image = draw_pixels(mark, size=job.options.size)
    greys = any(code in wanted for code in _GREYS)
    codes = {*mark.codes, *colour_codes(np.asarray(image), greys=greys)}
    if job.form is not None:
        codes = {code for code in codes if parse_code(code).category < FIRST_FORM_CATEGORY or code in job.form}
    return wanted, mark, image, codes


def _inside(value: float) -> float:
    return min(1.0, max(0.0, value if math.isfinite(value) else 0.0))


def _choose_part(parts: Collection[str], options: RenderOptions, rng: random.Random) -> str:
    draw = rng.random()
    if "test" in parts and draw < options.test_share:
        return "test"
    if "validation" in parts and draw < options.test_share + options.validation_share:
        return "validation"
    return "train" if "train" in parts else ""


def _conclude(folder: Path, chunks: Iterable[range], packs: Iterable[Pack], faces: Iterable[FontFile]) -> Path:
    """Join the lists of all chunks into the tables."""
    lines = [line for chunk in chunks for line in _part_file(folder, chunk).read_text(encoding="utf-8").splitlines()]
    records = [json.loads(line) for line in lines]
    used = {box["pack"] for record in records for box in record["boxes"]}
    with atomic_file(folder / "details.jsonl") as temporary:
        temporary.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    with atomic_file(folder / "ATTRIBUTION.md") as temporary:
        temporary.write_text(
            write_attribution([pack for pack in packs if pack.name in used], {face.family for face in faces}),
            encoding="utf-8",
        )
    with atomic_file(folder / "marks.csv") as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("image", "codes", "id", "group", "split"))
        for record in records:
            table.writerow((record["image"], ";".join(record["codes"]), record["id"], record["group"], record["split"]))
    for chunk in chunks:
        _part_file(folder, chunk).unlink()
    (folder / "parts").rmdir()
    return folder / "marks.csv"
