"""Run EfficientNet-B0 with random weights in viennatag or in another library, and time each call in the process itself.

    python benchmarks/rivals.py NAME  # viennatag, timm, keras or transformers

For each line of paths on its input, separated by tabs, it predicts those files and prints the seconds. Each library
needs only its own packages, so each can run in an environment of its own.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIZE, LABELS, BATCH = 224, 1470, 32
Predict = Callable[[list[str]], Any]


def batches(paths: list[str]) -> Iterator[Any]:
    """Yield pixels as these libraries' own examples load them: one after the other, squeezed into the square."""
    for at in range(0, len(paths), BATCH):
        chosen = paths[at : at + BATCH]
        yield np.stack([np.asarray(Image.open(path).convert("RGB").resize((SIZE, SIZE)), "f4") for path in chosen])


def viennatag() -> Predict:
    from dataclasses import replace

    from viennatag.model.bundle import open_bundle
    from viennatag.model.saving import write_bundle
    from viennatag.prediction.predictor import Predictor
    from viennatag.training.backbones.backbone import load_timm_backbone
    from viennatag.training.heads.export import export_graph
    from viennatag.training.heads.exported import LinearHead

    starter = open_bundle()
    folder = Path(tempfile.mkdtemp())
    backbone = load_timm_backbone("efficientnet_b0", cache=folder, pretrained=False, size=SIZE)
    random = np.random.default_rng(0)
    weight = random.normal(scale=0.01, size=(len(starter.labels), backbone.width)).astype(np.float32)
    graph = export_graph(backbone, LinearHead(weight, np.full(len(starter.labels), -4, dtype=np.float32)))
    bundle = write_bundle(replace(starter, image_size=SIZE), graph, folder / "bundle")
    predictor = Predictor(bundle)
    return lambda paths: predictor.predict(paths[0]) if len(paths) == 1 else list(predictor.predict_many(paths))


def timm() -> Predict:
    import timm
    import torch

    network = timm.create_model("efficientnet_b0", pretrained=False, num_classes=LABELS).eval()

    def predict(paths: list[str]) -> Any:
        with torch.inference_mode():
            found = [network(torch.from_numpy(x / 255).permute(0, 3, 1, 2)).sigmoid().numpy() for x in batches(paths)]
        return np.concatenate(found)

    return predict


def keras() -> Predict:
    from keras.applications import EfficientNetB0

    network = EfficientNetB0(weights=None, classes=LABELS, classifier_activation="sigmoid")
    return lambda paths: np.concatenate([network.predict(x, verbose=0) for x in batches(paths)])


def transformers() -> Predict:
    from transformers import (
        EfficientNetConfig,
        EfficientNetForImageClassification,
        EfficientNetImageProcessor,
        pipeline,
    )

    config = EfficientNetConfig(
        image_size=SIZE, width_coefficient=1.0, depth_coefficient=1.0, hidden_dim=1280, dropout_rate=0.2,
        num_labels=LABELS,
    )  # fmt: skip
    processor = EfficientNetImageProcessor(size={"height": SIZE, "width": SIZE})
    found: Any = pipeline(
        "image-classification", model=EfficientNetForImageClassification(config).eval(), image_processor=processor
    )
    return lambda paths: found(paths, batch_size=min(len(paths), BATCH))


RIVALS = {each.__name__: each for each in (viennatag, timm, keras, transformers)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=tuple(RIVALS))
    predict = RIVALS[parser.parse_args().name]()
    print("ready", flush=True)
    for line in sys.stdin:
        paths = line.rstrip("\n").split("\t")
        start = time.perf_counter()
        predict(paths)
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
