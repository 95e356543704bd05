"""Time a training step on this processor in float32, in bfloat16, and in the mixture that fine-tuning uses.

    python benchmarks/mixed_precision.py [BACKBONE ...] [--size 128] [--batch-size 128]

For each network with random weights, the three run one step each in turn (forward, backward, AdamW) on random images;
medians are printed as shares of the float32 median. In the mixture, grouped convolutions stay in float32
(`viennatag.training.precision`). On a processor that only emulates bfloat16 the second and third are slower, and
fine-tuning does not use them. Results: benchmarks/results/mixed_precision.json.
"""

import argparse
import json
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import timm
import torch
from torch import nn

from latency import in_turn
from viennatag.files import atomic_file
from viennatag.training.finetuning.finetune import keep_freed_memory
from viennatag.training.precision import grouped_in_float32, has_bf16

RESULTS = Path(__file__).parent / "results/mixed_precision.json"
NETWORKS = ("mobilenetv4_conv_small", "mobilenetv2_100", "efficientnet_b0", "resnet18")
LABELS = 1_500
WAYS = {"float32": (False, False), "bfloat16": (True, False), "mixed": (True, True)}
"""Whether autocast is on, and whether grouped convolutions stay in float32."""


def seconds(network: nn.Module, images: torch.Tensor, truth: torch.Tensor, *, steps: int) -> dict[str, float]:
    """Return the median seconds of a step in each way."""
    head = nn.Linear(network(images[:2]).shape[1], LABELS)
    optimizer = torch.optim.AdamW([*network.parameters(), *head.parameters()])

    def step(autocast: bool, mixed: bool) -> None:
        with grouped_in_float32(network) if mixed else nullcontext():
            with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                logits = head(network(images)).float()
            loss = nn.functional.binary_cross_entropy_with_logits(logits, truth)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    return {
        way: each / 1000
        for way, each in in_turn({way: partial(step, *how) for way, how in WAYS.items()}, steps).items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=NETWORKS)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--steps", type=int, default=5)
    options = parser.parse_args()
    keep_freed_memory()
    torch.manual_seed(0)
    images = torch.rand(options.batch_size, 3, options.size, options.size).to(memory_format=torch.channels_last)
    truth = (torch.rand(options.batch_size, LABELS) > 0.99).float()
    found = {}
    print(f"bfloat16 is {'computed' if has_bf16() else 'imitated'} here; {torch.get_num_threads()} threads")
    for name in options.networks:
        network = timm.create_model(name, num_classes=0).to(memory_format=torch.channels_last).train()
        medians = seconds(network, images, truth, steps=options.steps)
        found[name] = {
            way: {"seconds": median, "ratio": median / medians["float32"]} for way, median in medians.items()
        }
        shares = ", ".join(f"{way} {each['ratio']:.2f}" for way, each in found[name].items())
        print(f"{name}: {medians['float32']:.2f} s a step; {shares}", flush=True)
    about = {"bf16": has_bf16(), "threads": torch.get_num_threads(), "size": options.size, "batch": options.batch_size}
    with atomic_file(RESULTS) as temporary:
        temporary.write_text(json.dumps({**about, "networks": found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
