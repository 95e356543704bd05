"""Measure feature extraction against the bare engine: the cost of decoding and storing.

    python benchmarks/features.py [--count 2000]

The bare engine runs on batches of ready pixels. Extraction starts from image files: it hashes, decodes, runs the same
backbone and writes the cache. Both run in turn in one process, in several rounds; the result is the ratio of medians.
Results: benchmarks/results/features.json.
"""

import argparse
import json
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from viennatag.images.reading import read_image
from viennatag.runtime.engine import Engine
from viennatag.training.backbones.backbone import load_timm_backbone
from viennatag.training.data.features import extract_features

BATCH = 16
ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, default=ROOT / "work/chain/marks/images", help="folder of marks")
    parser.add_argument("--backbone", default=f"local-dir:{ROOT.parent / 'shared/backbones/mobilenetv2_100'}")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks/results/features.json")
    options = parser.parse_args()
    paths = sorted(path for path in options.images.rglob("*") if path.is_file())[: options.count]
    with tempfile.TemporaryDirectory() as folder:
        backbone = load_timm_backbone(options.backbone, cache=Path(folder))
        engine = Engine(backbone.graph)  # all cores on one batch, as ONNX Runtime does by itself
        pixels = np.stack([read_image(path, backbone.size) for path in paths[:512]])
        bare: list[float] = []
        whole: list[float] = []
        for turn in range(options.rounds + 1):
            start = time.perf_counter()
            for at in range(0, len(paths), BATCH):
                engine.run(pixels[at % 512 : at % 512 + BATCH], ("features",))
            middle = time.perf_counter()
            extract_features(paths, backbone, cache=Path(folder))
            end = time.perf_counter()
            shutil.rmtree(Path(folder) / "features")
            if turn:  # the first round warms up
                bare.append(len(paths) / (middle - start))
                whole.append(len(paths) / (end - middle))
    results = {
        "backbone": Path(options.backbone).name,
        "images": len(paths),
        "bare_engine_images_per_second": round(statistics.median(bare), 1),
        "extraction_images_per_second": round(statistics.median(whole), 1),
        "ratio": round(statistics.median(whole) / statistics.median(bare), 3),
    }
    options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(*(f"{name}: {value}" for name, value in results.items()), sep="\n")


if __name__ == "__main__":
    main()
