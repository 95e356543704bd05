"""Draw the three long-tailed collections of the question; the same on every machine.

`register` has the codes of 20,000 real EU marks; its test subset shows packs that no training mark shows. `pictograms`
has plain one-colour icons and shows rare sections more often; its test drawings are new, its packs are not. `words` is
flat: single drawings, labelled with the words of their names, whose frequencies have a long tail too.
"""

import csv
import json
import random
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

from viennatag.data.marks import Marks, read_marks
from viennatag.synthesis import draw_single_drawings
from viennatag.synthesis.artwork import read_drawings
from viennatag.training.data.collection import TRAIN, Collection

ROOT = Path(__file__).parents[2]
PROFILE = ROOT.parent / "shared/labels/eu_marks_20k.csv"
PACKS = ROOT / "artwork/node_modules/@iconify-json"
FONTS = ROOT / "artwork/node_modules/@fontsource"
PICTOGRAMS = ("mdi", "tabler", "ph", "material-symbols", "icon-park-outline", "healthicons", "game-icons", "maki")
UNSEEN = ("noto", "iconoir", "streamline-freehand-color")
SIZE = 128
MARKS = 4_800
FURTHER = 9_600
"""Marks drawn for the reply to get more data; their training subset is used, where rare codes are lacking."""
LEAST = 5
"""A word on fewer drawings is no label."""
# What a name says of style and not of the thing drawn.
STYLE = frozenset(
    re.findall(
        r"\w+",
        """
    alt bold broken circle color duotone fill filled freehand high light line linear medium mini off outline
    outlined regular remix round rounded sharp small solid square thin three tone twotone variant with
""",
    )
)


def draw(folder: Path) -> dict[str, tuple[Marks, Path]]:
    """Return each collection with the folder of its images, drawn first where it is missing."""
    options = {name: ["--profile", PROFILE, *each] for name, each in _artwork().items()}
    options["register"] += ["--seed", 1]
    options["pictograms"] += ["--balance", 0.4, "--seed", 2]
    found = {name: _rendered(folder / name, MARKS, each) for name, each in options.items()}
    return found | {"words": draw_words(folder / "words")}


def draw_more(folder: Path, name: str, collection: Collection) -> tuple[Marks, Path] | None:
    """Return further marks for a collection, every code equally often; None for words.

    None of them shows a drawing that a validation or test mark of the collection shows.
    """
    if name not in _artwork():
        return None
    marks, images = _rendered(folder / f"{name}-more", FURTHER, [*_artwork()[name], "--seed", 3])
    held = {
        drawing
        for mark, subset in zip(collection.marks.ids, collection.subsets, strict=True)
        for drawing in _drawings(folder / name)[mark]
        if subset != TRAIN
    }
    shown = _drawings(images)
    return marks.select([
        at
        for at, (mark, split) in enumerate(zip(marks.ids, marks.splits, strict=True))
        if split in {"", "train"} and held.isdisjoint(shown[mark])
    ]), images  # fmt: skip


@cache
def _drawings(folder: Path) -> dict[str, list[str]]:
    """Return the drawings that each mark of a rendered collection shows."""
    lines = (folder / "details.jsonl").read_text(encoding="utf-8").splitlines()
    return {mark["id"]: mark["groups"] for mark in map(json.loads, lines)}


def _artwork() -> dict[str, list[object]]:
    packs: list[object] = [each for pack in PICTOGRAMS for each in ("--artwork", PACKS / pack)]
    return {"register": ["--artwork", PACKS, "--test-packs", ",".join(UNSEEN)], "pictograms": packs}


def _rendered(out: Path, count: int, options: list[object]) -> tuple[Marks, Path]:
    if not (out / "marks.csv").is_file():
        arguments = ["render", "-o", out, "--fonts", FONTS, "--count", count, "--size", SIZE, *options]
        subprocess.run([sys.executable, "-m", "viennatag", *map(str, arguments)], check=True)
    return read_marks(out / "marks.csv", skip_bad=True), out


def draw_words(folder: Path) -> tuple[Marks, Path]:
    """Return drawings labelled with the words of their names, and the folder of their images."""
    drawings, _ = read_drawings([PACKS])
    brands = {name.partition("-")[0] for name in json.loads((PACKS / "logos/icons.json").read_text())["icons"]}
    usable = [each for each in drawings if each.name.partition("-")[0] not in brands and not _brand(each.name)]
    random.Random(3).shuffle(usable)
    chosen = sorted(usable[: MARKS + 200], key=lambda each: (each.pack, each.name))
    with draw_single_drawings(folder, chosen, size=SIZE, seed=3).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    words = [_words(row["id"].partition(":")[2]) for row in rows]
    often = Counter(word for each in words for word in each)
    codes = [tuple(word for word in each if often[word] >= LEAST) for each in words]
    kept = [at for at, each in enumerate(codes) if each][:MARKS]
    return Marks(
        taxonomy="flat",
        images=tuple(rows[at]["image"] for at in kept),
        codes=tuple(codes[at] for at in kept),
        ids=tuple(rows[at]["id"] for at in kept),
        groups=tuple(rows[at]["group"] for at in kept),
        splits=("",) * len(kept),
        weights=(1.0,) * len(kept),
    ), folder


def _words(name: str) -> tuple[str, ...]:
    return tuple(sorted({word for word in re.findall(r"[a-z]{3,}", name.lower()) if word not in STYLE}))


def _brand(name: str) -> bool:
    return not {"brand", "brands", "logo"}.isdisjoint(name.split("-"))
