"""Train the starter, the bundle that comes inside the package, from random weights on rendered marks.

    make starter        (needs `make artwork clip-art schematic` and ../shared)

Three collections of marks are drawn: one shows every section that can be drawn equally often, so that the network
meets all of them; one follows the codes of 20,000 real EU marks, so that it meets them in real company; one shows
every drawing with codes alone, in every style. Three packs are kept for the test part. The network is taught the
codes and, so that it learns to see more than drawings of a few kinds, to reproduce the features that a network
pretrained on ImageNet computes of the same marks and of 15,000 drawings that have no codes. Only outputs of that
network are used; none of its weights are in the bundle.

It is taught in thirteen rounds, each from what the one before gave: three with the teacher, at a falling learning
rate, and ten without it, in which half of the marks are shown in other styles (`viennatag.training.data.style_augmentation`). Scores
are moved from the frequencies of the marks drawn to those of the real EU marks. `make starter` runs all of it:

    python benchmarks/starter.py
    python benchmarks/starter.py --start starter --work work/starter-5 --seed 40 --epochs 9
    python benchmarks/starter.py --start starter --work work/starter-5 --seed 40 --epochs 2 --taught-size 160 \
        --learning-rate 4e-4
    python benchmarks/starter.py --start starter --work work/starter-7 --seed 50 --epochs 8 --taught-size 160 \
        --learning-rate 1e-3
    python benchmarks/starter.py --start starter --work work/starter-8 --seed 60 --epochs 6 --size 192 \
        --taught-size 192 --start-size 144 --learning-rate 1e-3 --keep-head
    python benchmarks/starter.py --start starter --work work/starter-9 --seed 70 --epochs 4 --size 192 \
        --taught-size 192 --start-size 144 --learning-rate 1e-3 --keep-head
    cp -r src/viennatag/bundles/starter work/starter-9/bundle
    python benchmarks/starter.py --start starter --work work/starter-10 --seed 80 --epochs 2 --size 192 \
        --taught-size 192 --start-size 144 --learning-rate 1e-3 --keep-head
    python benchmarks/starter.py --start starter --work work/starter-11 --seed 90 --epochs 3 --size 192 \
        --taught-size 192 --start-size 144 --learning-rate 1e-3 --keep-head
    python benchmarks/starter_mean.py work/starter-9/bundle starter --work work/starter-11
    cp -r src/viennatag/bundles/starter work/starter-11/bundle
    python benchmarks/starter.py --start starter --work work/starter-12 --seed 100 --epochs 3 --size 192 \
        --taught-size 192 --start-size 144 --learning-rate 1e-3 --keep-head
    python benchmarks/starter_mean.py work/starter-11/bundle starter --share 0.3333 --work work/starter-12
    python benchmarks/starter.py --start starter --work work/starter-13 --seed 110 --epochs 4 --size 192 \
        --taught-size 192 --start-size 144 --learning-rate 1e-3 --keep-head --uniform 30000 --register 16000

With `--start` it is one round from a bundle, on marks drawn anew where the seed is new: to go on, take another. Every
step goes on where an interrupted run stopped.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from teacher import make_teacher
from viennatag.data.marks import Marks, read_marks, write_marks
from viennatag.model.bundle import STARTER_FOLDER
from viennatag.progress import show_progress
from viennatag.synthesis import draw_plain, read_artwork, uncoded_drawings
from viennatag.synthesis.artwork import pack_family
from viennatag.synthesis.studio import part_of
from viennatag.training.backbones.loading import BUNDLE
from viennatag.training.data.collection import Report
from viennatag.training.finetuning.finetune import FinetuneOptions
from viennatag.training.finetuning.run import run_folder, split_readable, teach_trunk
from viennatag.training.options import TrainOptions
from viennatag.training.strategies import STRATEGIES
from viennatag.training.train import train

ROOT = Path(__file__).parents[1]
PROFILE = ROOT.parent / "shared/labels/eu_marks_20k.csv"
PACKS = ROOT / "artwork/node_modules/@iconify-json"
CLIP_ART = ROOT / "artwork/clip-art"
SCHEMATIC = ROOT / "artwork/schematic"
ARTWORK = (PACKS, CLIP_ART, SCHEMATIC)
FONTS = ROOT / "artwork/node_modules/@fontsource"
TEST_PACKS = ("noto", "iconoir", "streamline-freehand-color")
VALIDATION_SHARE = 0.1  # of the drawings, as `viennatag render` has it
STRATEGY = replace(STRATEGIES["as-is"], min_positives=100)
"""Its scores are calibrated already, nearly; a fit for each label of few validation marks would be noise."""


def viennatag(*arguments: object) -> None:
    command = [sys.executable, "-m", "viennatag.cli", *map(str, arguments)]
    print("$ viennatag", *command[3:], flush=True)
    # Threads that wait without spinning: on a machine that does other work too, training is several times faster.
    subprocess.run(command, check=True, env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"})


def draw(folder: Path, count: int, seed: int, *options: object) -> None:
    viennatag(
        "render", "-o", folder, *(each for pack in ARTWORK for each in ("--artwork", pack)), "--fonts", FONTS,
        "--count", count, "--seed", seed, "--test-packs", ",".join(TEST_PACKS), "--size", 224, *options,
    )  # fmt: skip


def draw_alone(folder: Path, uncoded: int, seed: int) -> Marks:
    """Draw all drawings with codes, and some without, each alone; return the marks to train on."""
    coded, _ = read_artwork(ARTWORK)
    reserved = {pack_family(pack) for pack in TEST_PACKS}
    coded = tuple(drawing for drawing in coded if pack_family(drawing.pack) not in reserved)
    brands = {name.partition("-")[0] for name in json.loads((PACKS / "logos/icons.json").read_text())["icons"]}
    others = uncoded_drawings([PACKS], without_packs=TEST_PACKS, without_words=brands)
    with show_progress() as report:
        table = draw_plain(
            folder / "alone",
            coded,
            size=224,
            seed=seed + 4,
            progress=lambda done, total: report("coded", done, total, ""),
        )
        draw_plain(
            folder / "plain",
            others[:uncoded],
            size=224,
            seed=seed + 3,
            progress=lambda done, total: report("uncoded", done, total, ""),
        )
    parts = part_of(coded, share=VALIDATION_SHARE)  # the same drawings are for validation in the other collections
    marks = read_marks(table, skip_bad=True)
    marks = marks.select([at for at, group in enumerate(marks.groups) if parts[group] == "train"])
    return replace(marks, splits=("train",) * len(marks), skipped=())


def join(folder: Path, collections: dict[str, Marks]) -> Path:
    """Write one table of several collections below a folder and return its path."""
    columns: dict[str, tuple[object, ...]] = {}
    for name, marks in collections.items():
        columns["images"] = (*columns.get("images", ()), *(f"{name}/{image}" for image in marks.images))
        columns["ids"] = (*columns.get("ids", ()), *(f"{name} {each}" for each in marks.ids))
        for column in ("codes", "groups", "splits", "weights"):
            columns[column] = (*columns.get(column, ()), *getattr(marks, column))
    write_marks(replace(marks, **columns, skipped=()), folder / "marks.csv")  # type: ignore[arg-type]
    return folder / "marks.csv"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=ROOT / "work/starter", help="folder for what is drawn and cached")
    parser.add_argument("--uniform", type=int, default=36_000, help="marks that show all sections equally often")
    parser.add_argument("--register", type=int, default=24_000, help="marks that follow the real register")
    parser.add_argument("--uncoded", type=int, default=15_000, help="drawings without codes, for the teacher")
    parser.add_argument("--epochs", type=int, default=5, help="of each round")
    parser.add_argument("--start", help="a bundle whose network the last round starts from, in place of the others")
    parser.add_argument("--learning-rate", type=float, default=1.5e-3, help="peak of the last round")
    parser.add_argument("--size", type=int, default=160, help="served, in pixels")
    parser.add_argument(
        "--taught-size", type=int, help="while teaching; by default 0.8 of --size, in the last round growing from 0.6"
    )
    parser.add_argument("--start-size", type=int, help="side in the first epoch of the last round, which then grows")
    parser.add_argument("--keep-head", action="store_true", help="the one that learned along; else it learns on")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--out", type=Path, default=STARTER_FOLDER)
    options = parser.parse_args()
    draw(options.work / "uniform", options.uniform, options.seed + 1)
    draw(options.work / "register", options.register, options.seed + 2, "--profile", PROFILE, "--balance", 0.7)
    collections = {
        name: read_marks(options.work / name / "marks.csv", skip_bad=True) for name in ("uniform", "register")
    }
    collections["alone"] = draw_alone(options.work, 0 if options.start else options.uncoded, options.seed)
    table = join(options.work, collections)
    marks = read_marks(table, images=options.work)
    imitate = tuple(sorted((options.work / "plain/images").rglob("*.png")))
    cache = options.work / "cache"
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    with show_progress() as report:
        marks = split_readable(marks, options.work, skip_bad=False, seed=options.seed, report=report)
        last = TrainOptions(
            strategy=STRATEGY,
            backbone=f"{BUNDLE}{options.start}",
            size=options.size,
            finetune=FinetuneOptions(
                epochs=options.epochs,
                batch_size=128,
                learning_rate=options.learning_rate,
                size=options.taught_size or options.size * 4 // 5,
                start_size=options.start_size or (None if options.taught_size else options.size * 3 // 5),
                restyle=0.5,
                keep_head=options.keep_head,
            ),
            seed=options.seed,
        )
        if not options.start:
            last = replace(last, backbone=taught_by_teacher(marks, imitate, last, options.work, report))
        expected = read_marks(PROFILE, require_images=False, skip_bad=True)
        bundle, _ = train(marks, options.work, options.out, last, cache=cache, expected=expected, report=report)
    print(f"wrote {bundle.path}")


def taught_by_teacher(marks: Marks, imitate: Sequence[Path], options: TrainOptions, work: Path, report: Report) -> str:
    """Teach a network from random weights in three rounds and return it as the name of a backbone."""
    teacher, cache = work / "teacher", work / "cache"
    if not (teacher / "config.json").is_file():
        make_teacher(teacher)
    assert options.finetune is not None
    finetune = replace(options.finetune, restyle=0.0, teacher_weight=30.0)
    options = replace(options, backbone="mobilenetv4_conv_small", pretrained=False, teacher=f"local-dir:{teacher}")
    for rate, start_size in ((3e-3, finetune.start_size), (1.5e-3, None), (1.5e-3, None)):
        options = replace(options, finetune=replace(finetune, learning_rate=rate, start_size=start_size))
        teach_trunk(marks, work, options, cache=cache, imitate=imitate, report=report)
        network = run_folder(marks, options, cache=cache, imitate=imitate) / "network"
        options = replace(options, backbone=f"local-dir:{network}", pretrained=True)
    return options.backbone


if __name__ == "__main__":
    main()
