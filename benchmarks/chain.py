"""Time the main chain, render → train → evaluate, on marks whose test subset is drawn with unseen packs.

    python benchmarks/chain.py [--count 10000] [--backbone local-dir:../shared/backbones/mobilenetv2_100]

Prints the seconds of each command, and macro average precision with the frequency prior.
Needs `make artwork` and ../shared. Results: benchmarks/results/chain.json.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"


def timed(*arguments: object) -> tuple[float, str]:
    command = [sys.executable, "-m", "viennatag", *map(str, arguments)]
    start = time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return time.perf_counter() - start, done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--backbone", default=f"local-dir:{SHARED / 'backbones/mobilenetv2_100'}")
    parser.add_argument("--work", type=Path, default=ROOT / "work/chain", help="emptied first")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks/results/chain.json")
    options = parser.parse_args()
    shutil.rmtree(options.work, ignore_errors=True)
    marks, bundle = options.work / "marks", options.work / "bundle"
    packs, fonts = (ROOT / "artwork/node_modules" / name for name in ("@iconify-json", "@fontsource"))
    seconds: dict[str, float] = {}
    seconds["render"], _ = timed(
        "render", "-o", marks, "--artwork", packs, "--fonts", fonts, "--count", options.count,
        "--profile", SHARED / "labels/eu_marks_20k.csv", "--test-packs", "noto,ph,hugeicons",
    )  # fmt: skip
    seconds["train"], _ = timed(
        "train", marks / "marks.csv", "--images", marks, "-o", bundle, "--backbone", options.backbone,
        "--cache", options.work / "cache",
    )  # fmt: skip
    seconds["evaluate"], report = timed(
        "evaluate", bundle, marks / "marks.csv", "--images", marks, "--format", "json"
    )  # fmt: skip
    groups = {(found["level"], found["kind"]): found for found in json.loads(report)["groups"]}
    figures = {
        f"{level}, {kind}": {"labels": found["labels"], "marks": found["marks"], **found["metrics"]["macro_map"]}
        for (level, kind), found in groups.items()
    }
    results = {
        "count": options.count,
        "backbone": Path(options.backbone).name,
        "cores": os.cpu_count(),
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "seconds_in_all": round(sum(seconds.values()), 1),
        "macro_map": figures,
    }
    options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(f"{options.count:,} marks:", ", ".join(f"{name} {value:.0f} s" for name, value in seconds.items()))
    for name, figure in figures.items():
        value, prior = 100 * figure["value"], 100 * figure["prior"]
        print(f"{name:<20} macro mAP {value:.1f} %, prior {prior:.1f} %, {value / prior:.1f} times")


if __name__ == "__main__":
    main()
