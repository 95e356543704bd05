"""The marks that one round is trained on: three collections, drawn into one folder and joined into one table.

`uniform` shows every section that can be drawn equally often. `register` shows codes together as real EU marks have
them. `alone` shows every drawing with codes by itself. For distillation, `unlabelled` shows drawings without codes. A
folder that is complete is taken as it is, and drawing goes on where an interrupted run stopped.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

from code_statistics import read_statistics, sample_code_sets, write_marks_table
from stages import STATISTICS, Artwork, Registered, Round
from viennatag.data.marks import Marks, read_marks
from viennatag.data.writing import write_marks
from viennatag.errors import ArtworkError
from viennatag.synthesis import RenderOptions, draw_marks, draw_single_drawings, read_artwork
from viennatag.synthesis.artwork import MAX_BODY, Drawing, find_codes, pack_family, read_drawings
from viennatag.synthesis.assets import hash_fraction, split_groups
from viennatag.synthesis.keywords import read_keywords
from viennatag.training.data.collection import ProgressCallback


def draw_collections(stage: Round | Registered, artwork: Artwork, folder: Path, *, progress: ProgressCallback) -> Marks:
    """Return the rendered marks of a stage, drawn into a folder, with the subset of each; only a round has `alone`."""
    profile = folder / "profile.csv"
    if not profile.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        write_marks_table(sample_code_sets(read_statistics(STATISTICS)), profile)
    collections = {
        "uniform": _draw(artwork, folder / "uniform", stage.uniform, stage.seed + 1, None, progress),
        "register": _draw(artwork, folder / "register", stage.register, stage.seed + 2, profile, progress),
    }
    if isinstance(stage, Registered):
        if any(each.registers for each in stage.mixtures):
            collections["registers"] = _draw(
                artwork, folder / "registers", stage.registers, stage.seed + 5, profile, progress, registers=1.0
            )
        if any(each.clip_art for each in stage.mixtures):
            clip_art = replace(artwork, coded=tuple(each for each in artwork.coded if each.name == "clip-art"))
            collections["clip-art"] = _draw_alone(clip_art, folder / "clip-art", stage.seed + 6, progress)
    if isinstance(stage, Round):
        collections["alone"] = _draw_alone(artwork, folder / "alone", stage.seed + 4, progress)
    return read_marks(_join(folder, collections), images=folder)


def draw_unlabelled(stage: Round, artwork: Artwork, folder: Path, *, progress: ProgressCallback) -> tuple[Path, ...]:
    """Return images of drawings without codes, drawn into a folder."""
    if not stage.unlabelled:
        return ()
    brands = set[str]()
    if artwork.brands:
        brands = {name.partition("-")[0] for name in json.loads(artwork.brands.read_text(encoding="utf-8"))["icons"]}
    drawings = unlabelled_drawings(artwork.unlabelled, without_packs=artwork.test_packs, without_words=brands)
    folder = folder / f"unlabelled-{stage.unlabelled}"
    draw_single_drawings(
        folder,
        drawings[: stage.unlabelled],
        size=artwork.image_size,
        seed=stage.seed + 3,
        progress=lambda done, total: progress("unlabelled drawings", done, total, ""),
    )
    return tuple(sorted((folder / "images").rglob("*.png")))


def _draw(
    artwork: Artwork,
    folder: Path,
    count: int,
    seed: int,
    profile: Path | None,
    progress: ProgressCallback,
    registers: float = 0.0,
) -> Marks:
    table = draw_marks(
        folder,
        RenderOptions(
            count=count,
            balance=artwork.balance if profile else 0.0,
            test_packs=artwork.test_packs,
            validation_share=artwork.validation_share,
            size=artwork.image_size,
            seed=seed,
            registers=registers,
        ),
        artwork=artwork.coded,
        fonts=artwork.fonts,
        profile=profile,
        progress=lambda done, total: progress(f"drawing {folder.name}", done, total, ""),
    )
    return read_marks(table, skip_bad=True)


def _draw_alone(artwork: Artwork, folder: Path, seed: int, progress: ProgressCallback) -> Marks:
    """Draw all drawings with codes and return those for training."""
    drawings, _ = read_artwork(artwork.coded)
    reserved = {pack_family(pack) for pack in artwork.test_packs}
    drawings = tuple(drawing for drawing in drawings if pack_family(drawing.pack) not in reserved)
    table = draw_single_drawings(
        folder,
        drawings,
        size=artwork.image_size,
        seed=seed,
        progress=lambda done, total: progress("drawing alone", done, total, ""),
    )
    subsets = split_groups(drawings, share=artwork.validation_share)  # as in the other collections
    marks = read_marks(table, skip_bad=True)
    marks = marks.select([at for at, group in enumerate(marks.groups) if subsets[group] == "train"])
    return replace(marks, splits=("train",) * len(marks), skipped=())


def _join(folder: Path, collections: dict[str, Marks]) -> Path:
    """Write one table of several collections below a folder and return its path."""
    columns: dict[str, tuple[object, ...]] = {}
    for name, marks in collections.items():
        columns["images"] = (*columns.get("images", ()), *(f"{name}/{image}" for image in marks.images))
        columns["ids"] = (*columns.get("ids", ()), *(f"{name} {each}" for each in marks.ids))
        for column in ("codes", "groups", "splits", "weights"):
            columns[column] = (*columns.get(column, ()), *getattr(marks, column))
    table = folder / "marks.csv"
    write_marks(replace(marks, **columns, skipped=()), table)  # type: ignore[arg-type]
    return table


def unlabelled_drawings(
    artwork: Iterable[Path | str], *, without_packs: Collection[str] = (), without_words: Collection[str] = ()
) -> list[Drawing]:
    """Return one drawing of each group that the keyword table does not know, in an order that mixes packs.

    Args:
        artwork: Folders of packs or of SVG files, see `read_artwork`.
        without_packs: Packs to leave out, with all of their family.
        without_words: First words of names to leave out, such as brands: packs of generic artwork hold some.

    Raises:
        ArtworkError: If the artwork cannot be used, or nothing is left of it.
    """
    drawings, _ = read_drawings(artwork)
    coded = find_codes(drawings, read_keywords())
    known = {drawing.group for drawing, codes in zip(drawings, coded, strict=True) if codes}
    families, banned = {pack_family(pack) for pack in without_packs}, {"brand", "logo", *without_words}
    groups: dict[str, Drawing] = {}
    for drawing in sorted(drawings, key=lambda each: hash_fraction(f"{each.pack}:{each.name}")):
        words = drawing.name.lower().split("-")
        if drawing.group in known or len(drawing.body) > MAX_BODY or pack_family(drawing.pack) in families:
            continue
        if words[0] not in banned and not {"brand", "logo"} & set(words):
            groups.setdefault(drawing.group, drawing)
    if not groups:
        raise ArtworkError("every drawing is in the keyword table or left out; no unlabelled drawing is left")
    return list(groups.values())
