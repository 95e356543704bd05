"""Measure how many marks are drawn per second, with and without reading and matching the artwork at the start.

    python benchmarks/render.py [--count 10000]

Needs `make artwork` and ../shared. Results: benchmarks/results/render.json.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

from viennatag.synthesis import RenderOptions, draw_marks, drawable_sections

ROOT = Path(__file__).parents[1]
PACKS = ROOT / "artwork/node_modules/@iconify-json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks/results/render.json")
    options = parser.parse_args()
    seen: list[tuple[float, int]] = []
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        draw_marks(
            Path(folder) / "marks",
            RenderOptions(count=options.count, test_packs=("noto", "ph", "hugeicons")),
            artwork=[PACKS],
            fonts=[ROOT / "artwork/node_modules/@fontsource"],
            profile=ROOT.parent / "shared/labels/eu_marks_20k.csv",
            progress=lambda done, _: seen.append((time.perf_counter(), done)),
        )
        seconds = time.perf_counter() - start
    (first, before), (last, after) = seen[0], seen[-1]
    sections = drawable_sections([PACKS])
    results = {
        "marks": options.count,
        "cores": os.cpu_count(),
        "marks_per_second": round((after - before) / (last - first), 1),
        "marks_per_second_with_start_up": round(options.count / seconds, 1),
        "sections_with_artwork": sum(count > 0 for count in sections.values()),
        "sections_in_all": len(sections),
        "pictorial_categories": len({code.partition(".")[0] for code in sections if int(code.split(".")[0]) < 25}),
    }
    options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(*(f"{name}: {value}" for name, value in results.items()), sep="\n")


if __name__ == "__main__":
    main()
