"""Train the starter, the bundle that comes inside the package, from random weights on rendered marks.

    make starter        (or: python benchmarks/starter.py; needs `make artwork` and ../shared)

Two collections are drawn: one shows every section that can be drawn equally often, so that the network meets
all of them; one follows the codes of 20,000 real EU marks, so that it meets them in real company. Three packs
are kept for the test part. The network is taught the codes and, so that it learns to see more than a few
thousand drawings, to reproduce the features that a network pretrained on ImageNet computes of the same marks.
Only outputs of that network are used; none of its weights are in the bundle.

Every step goes on where an interrupted run stopped.
"""

import argparse
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from viennatag.bundle import STARTER_FOLDER
from viennatag.marks import read_marks, write_marks

ROOT = Path(__file__).parents[1]
PROFILE = ROOT.parent / "shared/labels/eu_marks_20k.csv"
TEACHER = f"local-dir:{ROOT.parent / 'shared/backbones/mobilenetv2_100'}"
PACKS = ROOT / "artwork/node_modules/@iconify-json"
FONTS = ROOT / "artwork/node_modules/@fontsource"
TEST_PACKS = "noto,iconoir,streamline-freehand-color"


def viennatag(*arguments: object) -> None:
    command = [sys.executable, "-m", "viennatag.cli", *map(str, arguments)]
    print("$ viennatag", *command[3:], flush=True)
    # Threads that wait without spinning: on a machine that does other work too, training is several times faster.
    subprocess.run(command, check=True, env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"})


def draw(folder: Path, count: int, seed: int, *options: object) -> None:
    viennatag(
        "render", "-o", folder, "--artwork", PACKS, "--fonts", FONTS, "--count", count, "--seed", seed,
        "--test-packs", TEST_PACKS, "--size", 224, *options,
    )  # fmt: skip


def join(folder: Path, collections: tuple[str, ...]) -> Path:
    """Write one table of several collections below a folder and return its path."""
    columns: dict[str, tuple[object, ...]] = {}
    for name in collections:
        marks = read_marks(folder / name / "marks.csv", skip_bad=True)
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
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--size", type=int, default=160)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--out", type=Path, default=STARTER_FOLDER)
    options = parser.parse_args()
    draw(options.work / "uniform", options.uniform, options.seed + 1)
    draw(options.work / "register", options.register, options.seed + 2, "--profile", PROFILE, "--balance", 0.7)
    table = join(options.work, ("uniform", "register"))
    viennatag(
        "train", table, "--images", options.work, "-o", options.out, "--backbone", "mobilenetv4_conv_small",
        "--random-weights", "--size", options.size, "--finetune", "--finetune-size", options.size * 4 // 5,
        "--epochs", options.epochs, "--teacher", TEACHER, "--seed", options.seed, "--cache", options.work / "cache",
    )  # fmt: skip


if __name__ == "__main__":
    main()
