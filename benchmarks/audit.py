"""Time `viennatag inspect --images` against decoding alone: it must cost little more than its images do.

    python benchmarks/audit.py --marks work/label_errors/register

Any folder with a marks.csv and its images serves. Both read the same files by turns, five times after one to warm up;
the median of the five ratios counts. Grouping is timed by itself on 100,000 hashes, of which a tenth have a twin, as it
is the one step that does not grow with the images alone. Results: benchmarks/results/audit.json.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from viennatag.data.marks import read_marks
from viennatag.images.decoding import available_cores, read_images
from viennatag.inspection.image_checks import audit_images
from viennatag.split.duplicates import near_duplicate_groups
from viennatag.split.splitting import ALIKE

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/audit.json"
ROUNDS, HASHES = 5, 100_000


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--marks", type=Path, default=ROOT / "work/label_errors/register", help="folder with marks.csv")
    folder = parser.parse_args().marks
    marks = read_marks(folder / "marks.csv", skip_bad=True)
    paths = [folder / image for image in marks.images]
    times = [
        (seconds(lambda: sum(1 for _ in read_images(paths, 64))), seconds(lambda: audit_images(marks, folder)))
        for _ in range(ROUNDS + 1)
    ][1:]
    random = np.random.default_rng(0)
    hashes = random.integers(0, 2**64, HASHES, dtype=np.uint64)
    hashes[::10] = np.roll(hashes, 1)[::10] ^ np.uint64(1)
    measured = {
        "images": len(marks),
        "cores": available_cores(),
        "images_per_second": round(len(marks) / statistics.median(audit for _, audit in times)),
        "times_decoding_alone": round(statistics.median(audit / decoding for decoding, audit in times), 3),
        "hashes": HASHES,
        "grouping_seconds": round(seconds(lambda: near_duplicate_groups(hashes, max_distance=ALIKE)), 2),
    }
    print(measured)
    RESULTS.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
