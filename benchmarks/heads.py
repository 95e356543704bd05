r"""Compare heads that use spatial positions: linear, residual attention and ML-Decoder, accuracy and cost.

    viennatag render -o work/heads/marks --artwork artwork/node_modules/@iconify-json \
        --fonts artwork/node_modules/@fontsource --test-packs noto,ph,hugeicons --size 160 --count 3000
    python benchmarks/heads.py

All are trained on the features or feature maps of a frozen MobileNetV2 and tested on packs that no training mark shows.
Then each head is joined to the backbone, and batches of pixels are run through the graphs in turn, on one thread; the
result is the ratio of medians. Results: benchmarks/results/heads.json.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

import numpy as np

from viennatag.data.marks import read_marks
from viennatag.images.reading import read_image
from viennatag.runtime.engine import BATCH_SIZE, Engine
from viennatag.training.backbones.backbone import Backbone, load_timm_backbone
from viennatag.training.data.collection import Collection, collect
from viennatag.training.heads.export import export_graph
from viennatag.training.heads.trainer import Schedule
from viennatag.training.selection.comparison_run import run_methods, summarise, train_on
from viennatag.training.strategies import find_strategy

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/heads.json"
BACKBONE = f"local-dir:{ROOT.parent / 'shared/backbones/mobilenetv2_100'}"
STRATEGIES = [find_strategy(name) for name in ("as-is", "residual-attention", "ml-decoder")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--marks", type=Path, default=ROOT / "work/heads/marks", help="folder of rendered marks")
    parser.add_argument("--cache", type=Path, default=ROOT / "work/heads/cache")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=30, help="of running each graph over the same images")
    options = parser.parse_args()
    table = read_marks(options.marks / "marks.csv", images=options.marks)
    backbone = load_timm_backbone(BACKBONE, cache=options.cache, size=160)
    collection = collect(table, options.marks, backbone, cache=options.cache, feature_maps=True, progress=show)
    found = summarise([run_methods(collection, STRATEGIES, seeds=options.seeds, cache=options.cache, progress=show)])
    from viennatag.reports.comparison import notes, summary

    print("\n".join([*summary(found), "", *notes(found)]))
    pixels = [read_image(options.marks / image, backbone.size) for image in table.images[:BATCH_SIZE]]
    speed = speeds(collection, backbone, np.stack(pixels), options.rounds)
    for name, each in speed.items():
        print(f"{name}: {each['milliseconds']} ms an image, {each['ratio']} times the linear head's; {each['mb']} MB")
    kept = {
        "cores": os.cpu_count(),
        "positions": backbone.positions,
        "width": backbone.width,
        "speed": speed,
        **found.to_json(),
    }
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def speeds(collection: Collection, backbone: Backbone, pixels: np.ndarray, rounds: int) -> dict[str, dict[str, float]]:
    engines, sizes = {}, {}
    for strategy in STRATEGIES:  # weights do not change the speed
        trained, _ = train_on(collection, strategy, schedule=Schedule(epochs=1, min_steps=1))
        graph = export_graph(backbone, trained.head)
        engines[strategy.name], sizes[strategy.name] = Engine(graph, threads=1), len(graph) / 1e6
    took: dict[str, list[float]] = {name: [] for name in engines}
    for turn in range(rounds + 1):
        for name, engine in engines.items():
            start = time.perf_counter()
            engine.run(pixels, ("logits",))
            if turn:  # the first one warms up
                took[name].append((time.perf_counter() - start) * 1000 / len(pixels))
    middle = {name: statistics.median(each) for name, each in took.items()}
    least = middle[STRATEGIES[0].name]
    return {
        name: {"milliseconds": round(each, 2), "ratio": round(each / least, 3), "mb": round(sizes[name], 1)}
        for name, each in middle.items()
    }


def show(stage: str, done: int, total: int, remark: str) -> None:
    if stage == "compare":
        print(f"{done} of {total} {remark}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
