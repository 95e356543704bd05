"""Time `viennatag inspect --images` against image decoding alone.

    python benchmarks/image_checks.py --marks work/label_errors/register

Any folder with a marks.csv and its images will do. Both read the same files in turn, once to warm up and five times
measured; the result is the median of the five ratios. Grouping near duplicates is timed separately on 100,000 hashes,
a tenth of which have a duplicate, because it is the only step that grows faster than the number of images.
Results: benchmarks/results/image_checks.json.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from viennatag.cores import available_cores
from viennatag.data.marks import read_marks
from viennatag.images.reading import read_images
from viennatag.inspection.image_checks import check_images
from viennatag.split.duplicates import near_duplicate_groups
from viennatag.split.splitting import MAX_DISTANCE

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/image_checks.json"
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
        (seconds(lambda: sum(1 for _ in read_images(paths, 64))), seconds(lambda: check_images(marks, folder)))
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
        "grouping_seconds": round(seconds(lambda: near_duplicate_groups(hashes, max_distance=MAX_DISTANCE)), 2),
    }
    print(measured)
    RESULTS.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
