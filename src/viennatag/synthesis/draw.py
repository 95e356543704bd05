"""Draw a folder of marks: images, their table, boxes of the drawings, and the attribution of the artwork.

Each mark depends only on the run's seed and its own number, so a run is the same with any number of processes and
can be resumed. Marks are drawn in chunks; a chunk is done when its list of marks is written.
"""

import csv
import json
import math
import random
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from viennatag.cores import available_cores
from viennatag.data.marks import read_marks
from viennatag.errors import ArtworkError, OptionError
from viennatag.files import atomic_file, holding_output, safe_cells, temporary_neighbour
from viennatag.images.colours import CODES as COLOUR_CODES
from viennatag.images.colours import COUNTS, MANY, colour_codes
from viennatag.signals import starting_workers
from viennatag.synthesis.artwork import Drawing, Pack, pack_family, read_artwork, write_attribution
from viennatag.synthesis.assets import Assets, check_visible, hash_fraction, split_groups
from viennatag.synthesis.composition import OWN_CODES, SWAP_CODES, Composition, NothingDrawnError, compose_mark
from viennatag.synthesis.effects import degrade, encode, print_in_journal, render_pixels
from viennatag.synthesis.layouts import PLURALS
from viennatag.synthesis.lettering import FontFile, find_fonts, usable_fonts
from viennatag.synthesis.register_marks import REGISTERS, compose_register_mark
from viennatag.synthesis.scripts import SCRIPT_CODES, find_script_fonts
from viennatag.vienna.codes import FIRST_FORM_CATEGORY, parse_code

_CHUNK_SIZE = 200
"""Marks in a chunk."""
_ATTEMPTS = 200
"""A mark that came out empty as often is given up."""
_COUNT_CODES = frozenset((*COUNTS.values(), MANY))
_GREYS = tuple(COLOUR_CODES[name] for name in ("black", "grey", "white"))
_VERSION = 3
_HABIT = 2e-4  # share of a profile's rows below which a section of form is no habit of the office


@dataclass(frozen=True)
class RenderOptions:
    """The options of `draw_marks` on which the marks depend; a folder holds marks of one set of options.

    Attributes:
        count: Number of marks.
        size: Pixels of the longer side.
        seed: Random seed.
        balance: 0 keeps the profile's frequencies of leading pictorial sections, 1 makes them all equal.
        test_packs: Packs for test marks only, with all packs of their families; one font family in five is reserved for
            test marks too.
        test_share: Share of test marks, where packs are reserved.
        validation_share: Share of validation marks, where packs are reserved.
        colour: Share of marks in colour, where no colours are requested.
        wear: Strength of degradation by scanning and compression, from 0 to 1.
        allow_share_alike: Whether share-alike artwork is drawn.
        registers: Share of marks like those of registers of Asia and Africa (`compose_register_mark`): other scripts,
            labels, emblems, words, small prints. The fonts need scripts other than Latin, as `@fontsource` has them.
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
    registers: float = 0.0

    def __post_init__(self) -> None:
        problems = [
            f"{name} is {getattr(self, name)}; expected a share between 0 and 1"
            for name in ("balance", "test_share", "validation_share", "colour", "wear", "registers")
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
    """Everything that a process needs to draw any mark of a run."""

    folder: Path
    options: RenderOptions
    assets: dict[str, Assets]
    requests: dict[str, tuple[tuple[tuple[str, ...], ...], tuple[float, ...]]]
    form: frozenset[str] | None


@holding_output
def draw_marks(
    out: Path | str,
    options: RenderOptions,
    *,
    artwork: Iterable[Path | str],
    fonts: Iterable[Path | str],
    profile: Path | str | None = None,
    workers: int | None = None,
    chunk_size: int = _CHUNK_SIZE,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Path:
    """Draw marks into a folder and return the path of their table, `marks.csv`.

    With a profile, each mark shows the drawable sections of one of its rows, so that real combinations and the
    real long tail remain. Sections of form (25 to 29) that the profile never uses are not given to marks, because
    each office codes form in its own way. Without a profile, all drawable sections are equally likely.

    The folder gets `images/`, `marks.csv`, `details.jsonl` (boxes of the drawings as fractions of the image, packs,
    names, arrangement, requested sections), `ATTRIBUTION.md` and `render.json`. The same call resumes an interrupted
    run.

    Args:
        out: The folder; new, or of a run with the same options.
        options: What is drawn.
        artwork: Folders of packs or of SVG files, see `read_artwork`.
        fonts: Font files or folders of them, see `find_fonts`.
        profile: A marks table whose rows are the requests; images are not needed.
        workers: Processes; by default one for each core, and 1 draws in this process.
        chunk_size: Marks in a chunk, the unit of progress and of resuming.
        progress: Progress callback: marks done and in all.

    Raises:
        OptionError: If the folder holds marks drawn with other options.
        ArtworkError: If artwork or fonts cannot be used.
        DataError: If the profile cannot be read.
    """
    folder, fonts, count = Path(out), tuple(fonts), options.count
    rows = read_marks(profile, require_images=False).codes if profile is not None else ()
    drawings, packs = read_artwork(artwork, allow_share_alike=options.allow_share_alike)
    faces = usable_fonts(find_fonts(fonts))
    script_fonts = find_script_fonts(fonts) if options.registers else {}
    every_font = {*faces, *(face for some in script_fonts.values() for face in some)}
    check_visible(drawings)
    _check_folder(folder, options, {"drawings": len(drawings), "fonts": len(every_font), "rows": len(rows)})
    if (folder / "marks.csv").is_file():
        _remove_parts(folder)
        progress(count, count)
        return folder / "marks.csv"
    assets = _split_assets(drawings, faces, script_fonts, options)
    requests = {subset: _requests(each, rows, options.balance) for subset, each in assets.items()}
    job = _Job(folder, options, assets, requests, _form_codes(rows) if rows else None)
    chunks = [range(start, min(start + chunk_size, count)) for start in range(0, count, chunk_size)]
    left = [chunk for chunk in chunks if not _chunk_file(folder, chunk).is_file()]
    done = count - sum(map(len, left))
    for chunk in _draw_chunks(job, left, workers or available_cores()):
        done += len(chunk)
        progress(done, count)
    return _write_tables(folder, chunks, packs, every_font)


def drawable_sections(artwork: Iterable[Path | str], *, allow_share_alike: bool = False) -> dict[str, int]:
    """Return each section that can be drawn, with the number of drawings that show it.

    Sections that need no artwork (shapes, letters, colours) are counted 0 if no drawing shows them either.
    """
    drawings, _ = read_artwork(artwork, allow_share_alike=allow_share_alike)
    found = Counter(code for drawing in drawings for code in drawing.codes)
    several = (code for code, plural in PLURALS.items() if plural.one in found)
    codes = {*found, *several, *OWN_CODES, *SWAP_CODES, *COLOUR_CODES.values(), *_COUNT_CODES}
    return {code: found[code] for code in sorted(codes, key=parse_code)}


def _check_folder(folder: Path, options: RenderOptions, material: dict[str, int]) -> None:
    """Claim a folder for a run, or check that it holds the same run."""
    now = json.loads(json.dumps({"version": _VERSION, "options": asdict(options), "material": material}))
    record = folder / "render.json"
    if record.is_file():
        try:
            before = json.loads(record.read_text(encoding="utf-8"))
            if not all(isinstance(before.get(group), dict) for group in ("options", "material")):
                raise TypeError("options or material are missing")
        except (ValueError, RecursionError, TypeError, AttributeError) as exc:
            raise OptionError(f"{record}: this is no record of drawn marks; choose another folder") from exc
        changed = [
            f"{name} was {before.get(group, {}).get(name)!r} and is {value!r}"
            for group in ("options", "material")
            for name, value in now[group].items()
            if before.get(group, {}).get(name) != value
        ]
        if before.get("version") != now["version"]:
            changed.insert(0, f"version was {before.get('version')!r} and is {now['version']!r}")
        if changed:
            changes = "; ".join(changed)
            raise OptionError(f"{folder} holds marks drawn with other options ({changes}); choose another folder")
        return
    left = temporary_neighbour(record).name  # by a run that was killed at its first file
    if folder.exists() and any(each.name != left for each in folder.iterdir()):
        raise OptionError(f"{folder} holds other files and no render.json; choose a new or empty folder")
    _write(record, json.dumps(now, indent=1) + "\n")


def _write(path: Path, text: str) -> None:
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _split_assets(
    drawings: Sequence[Drawing],
    faces: Sequence[FontFile],
    script_fonts: Mapping[str, tuple[FontFile, ...]],
    options: RenderOptions,
) -> dict[str, Assets]:
    """Return the assets of each subset; one for all, named "", where no packs are reserved."""
    if not options.test_packs:
        return {"": Assets(tuple(drawings), tuple(faces), script_fonts)}
    packs = {drawing.pack for drawing in drawings}
    if unknown := sorted(set(options.test_packs) - packs):
        known = ", ".join(sorted(packs))
        raise OptionError(f"no drawing is of the test packs {', '.join(unknown)}; the packs are {known}")
    families = {pack_family(pack) for pack in options.test_packs}
    others = [drawing for drawing in drawings if pack_family(drawing.pack) not in families]
    if not others:
        raise OptionError("all packs are test packs; leave some to train on")
    reserved = sorted({face.family for face in faces}, key=hash_fraction)
    reserved = reserved[: len(reserved) // 5]
    kept = tuple(face for face in faces if face.family not in reserved)
    test_faces = tuple(face for face in faces if face.family in reserved) or kept
    subsets = split_groups(others, share=options.validation_share)
    assets = {
        name: Assets(tuple(each for each in others if subsets[each.group] == name), kept, script_fonts)
        for name in ("train", "validation")
    }
    reserved_drawings = tuple(each for each in drawings if pack_family(each.pack) in families)
    assets["test"] = Assets(reserved_drawings, test_faces, script_fonts)
    shares = {"train": 1.0, "validation": options.validation_share, "test": options.test_share}
    return {name: each for name, each in assets.items() if each.drawings and shares[name] > 0}


def _form_codes(rows: Sequence[Sequence[str]]) -> frozenset[str]:
    """Return the sections of form that the profile uses regularly; colour counts only if most rows have them."""
    found = Counter(code for row in rows for code in row if parse_code(code).category >= FIRST_FORM_CATEGORY)
    coloured = sum(any(code.startswith("29.") for code in row) for row in rows)
    counted = sum(found[code] for code in _COUNT_CODES)
    habits = {code for code, times in found.items() if times >= _HABIT * len(rows)}
    return frozenset(habits) - (_COUNT_CODES if counted < 0.2 * coloured else frozenset())


def _requests(
    assets: Assets, rows: Sequence[Sequence[str]], balance: float
) -> tuple[tuple[tuple[str, ...], ...], tuple[float, ...]]:
    """Return the requested sets of sections, and their cumulative weights."""
    drawable = set(assets.by_code) | OWN_CODES | SWAP_CODES | set(COLOUR_CODES.values())
    if not rows:
        singles = [(code,) for code in sorted({*assets.by_code, *OWN_CODES, *SWAP_CODES}, key=parse_code)]
        return tuple(singles), tuple(float(index + 1) for index in range(len(singles)))
    kept = [tuple(code for code in row if code in drawable) for row in rows]
    kept = [row for row in kept if any(code not in COLOUR_CODES.values() for code in row)]
    if not kept:
        raise ArtworkError("nothing of the profile can be drawn with this artwork; its codes must be Vienna sections")
    leads = [next(iter(_pictorial(row)), row[0]) for row in kept]
    frequency = Counter(leads)
    weights = np.cumsum([frequency[lead] ** -balance for lead in leads])
    return tuple(kept), tuple(weights.tolist())


_job: _Job | None = None


def _start(job: _Job) -> None:
    global _job  # noqa: PLW0603 (how a process pool gives each process its data once)
    _job = job


def _draw_chunks(job: _Job, chunks: list[range], workers: int) -> Iterable[range]:
    """Yield chunks as they are drawn, in this process or in several."""
    if workers == 1 or len(chunks) <= 1:
        for chunk in chunks:
            yield _draw_chunk(chunk, job)
        return
    context = get_context("spawn")  # fork is unsafe beside the threads of numerical libraries
    with ProcessPoolExecutor(min(workers, len(chunks)), context, initializer=_start, initargs=(job,)) as pool:
        with starting_workers():
            tasks = [pool.submit(_draw_chunk, chunk) for chunk in chunks]
        try:
            for task in as_completed(tasks):
                yield task.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _remove_parts(folder: Path) -> None:
    shutil.rmtree(folder / "parts", ignore_errors=True)


def _chunk_file(folder: Path, chunk: range) -> Path:
    return folder / "parts" / f"{chunk.start:08d}.jsonl"


def _draw_chunk(chunk: range, job: _Job | None = None) -> range:
    job = job or _job
    assert job is not None
    _write(_chunk_file(job.folder, chunk), "".join(json.dumps(_draw_one(job, index)) + "\n" for index in chunk))
    return chunk


def _draw_one(job: _Job, index: int) -> dict[str, Any]:
    """Draw one mark, write its image, and return its record for the tables."""
    options = job.options
    rng = random.Random(f"{options.seed}:{index}")
    subset = _choose_subset(job.assets, options, rng)
    for _ in range(_ATTEMPTS):
        wanted, mark, image, codes = _compose(job, subset, rng)
        if codes:  # a plain black word has none: nothing could be learned from it
            break
    else:
        names = sorted({f"{drawing.pack}/{drawing.name}" for drawing in job.assets[subset].drawings})
        raise ArtworkError(
            f"a mark came out empty {_ATTEMPTS:,} times; the drawings show nothing or cannot be drawn: "
            f"{', '.join(names[:3])}{' and others' if len(names) > 3 else ''}; look at their SVG"
        )
    assert mark is not None
    assert image is not None
    prints = REGISTERS["print"]
    if options.registers and mark.kind in REGISTERS["kinds"] and rng.random() < prints["share"] * options.wear:
        image = print_in_journal(image, rng, side=rng.choice(prints["sides"]))
    else:
        image = degrade(image, rng, strength=options.wear)
    ending = "jpg" if rng.random() < 0.25 else "png"
    name = f"images/{index // 10_000:02d}/{index:06d}.{ending}"
    path = job.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(image, ending, rng))  # whole once the chunk's list names it
    boxes = [
        {"pack": box.pack, "name": box.name, "codes": list(box.codes), "box": [round(_inside(v), 4) for v in box[3:]]}
        for box in mark.boxes
    ]
    return {
        "image": name,
        "codes": sorted(codes, key=parse_code),
        "id": f"{options.seed}-{index:06d}",
        "group": mark.groups[0] if mark.groups else f"mark:{index:06d}",
        "split": subset,
        "asked": list(wanted),
        "kind": mark.kind,
        "groups": list(mark.groups),
        "boxes": boxes,
    }


def _compose(
    job: _Job, subset: str, rng: random.Random
) -> tuple[tuple[str, ...], Composition | None, Image.Image | None, set[str]]:
    """Return the requested sections, the mark, its pixels, and its codes; none if nothing of it can be drawn."""
    requests, weights = job.requests[subset]
    assets, colour = job.assets[subset], job.options.colour
    wanted = rng.choices(requests, cum_weights=weights)[0]

    def choose(count: int) -> set[str]:
        found = dict.fromkeys(_pictorial(wanted))
        while len(found) < count and rng.random() < 0.95:
            found |= dict.fromkeys(_pictorial(rng.choices(requests, cum_weights=weights)[0]))
        return set(list(found)[:count])

    try:
        if job.options.registers and rng.random() < job.options.registers:
            mark = compose_register_mark(assets, choose, rng, colour=colour)
            wanted = mark.codes
        else:
            mark = compose_mark(assets, wanted, rng, colour=colour)
        image = render_pixels(mark, size=job.options.size)
    except NothingDrawnError:
        return wanted, None, None, set()
    greys = any(code in wanted for code in _GREYS)
    codes = {*mark.codes, *colour_codes(np.asarray(image), greys=greys)}
    if job.form is not None:
        codes = {*_pictorial(codes), *(code for code in codes if code in job.form or code in SCRIPT_CODES)}
    return wanted, mark, image, codes


def _pictorial(codes: Iterable[str]) -> list[str]:
    return [code for code in codes if parse_code(code).category < FIRST_FORM_CATEGORY]


def _inside(value: float) -> float:
    return min(1.0, max(0.0, value if math.isfinite(value) else 0.0))


def _choose_subset(subsets: Collection[str], options: RenderOptions, rng: random.Random) -> str:
    draw = rng.random()
    if "test" in subsets and draw < options.test_share:
        return "test"
    if "validation" in subsets and draw < options.test_share + options.validation_share:
        return "validation"
    return "train" if "train" in subsets else ""


def _write_tables(folder: Path, chunks: Iterable[range], packs: Iterable[Pack], faces: Iterable[FontFile]) -> Path:
    """Join the lists of all chunks into the tables."""
    text = "".join(_chunk_file(folder, chunk).read_text(encoding="utf-8") for chunk in chunks)
    records = [json.loads(line) for line in text.splitlines()]
    used = {box["pack"] for record in records for box in record["boxes"]}
    attribution = write_attribution([pack for pack in packs if pack.name in used], {face.family for face in faces})
    _write(folder / "details.jsonl", text)
    _write(folder / "ATTRIBUTION.md", attribution)
    columns = ("image", "codes", "id", "group", "split")
    with atomic_file(folder / "marks.csv") as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        cells = (record | {"codes": ";".join(record["codes"])} for record in records)
        writer.writerows(safe_cells(each[name] for name in columns) for each in cells)
    _remove_parts(folder)
    return folder / "marks.csv"
