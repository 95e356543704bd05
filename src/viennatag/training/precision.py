"""When bfloat16 is used, and what stays in float32."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import wraps
from pathlib import Path
from statistics import median
from typing import Concatenate, ParamSpec, TypeVar

import torch
from torch import Tensor, nn

from viennatag.files import keep, kept

_WORTHWHILE = 0.9
"""Share of the time in float32 below which bfloat16 is used: a step costs some precision."""
_PIXELS, _STEPS = 8 * 128**2, 5
_FILE = "bf16-ratio.txt"
P = ParamSpec("P")
R = TypeVar("R")


def has_bf16() -> bool:
    """Return whether the hardware has bfloat16; where it is emulated a step takes 13 times as long."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    found = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(check() for check in found if check)


def choose_precision(network: nn.Module, side: int, folder: Path, *, processes: int = 1) -> tuple[bool, str]:
    """Return whether to fine-tune in bfloat16, and why.

    A processor that has bfloat16 may still be slower with it, which depends on the network. So one step is measured,
    once for a run, as a run that goes on must do as before. Processes that train together are not measured, for they
    must agree. The network takes uint8 pixels (n, side, side, 3).
    """
    if not has_bf16():
        return False, "float32, as the hardware has no bfloat16"
    if torch.cuda.is_available() or processes > 1:
        return True, "bfloat16, as the hardware has it"
    content = kept(folder / _FILE)
    ratio = measure_bf16(network, side) if content is None else float(content)
    keep(folder / _FILE, f"{ratio:.3f}".encode())
    chosen = ratio < _WORTHWHILE
    return chosen, f"{'bfloat16' if chosen else 'float32'}, as a step in bfloat16 takes {ratio:.2f} of one in float32"


def measure_bf16(network: nn.Module, side: int) -> float:
    """Return the CPU time of a step in bfloat16, grouped convolutions in float32, over that of one in float32."""
    copied = deepcopy(network).to(memory_format=torch.channels_last).train()
    drawn = torch.Generator().manual_seed(0)
    shape = (max(2, _PIXELS // side**2), side, side, 3)
    pixels = torch.randint(256, shape, dtype=torch.uint8, generator=drawn)

    def seconds(bf16: bool) -> float:
        start = time.process_time()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            features, _ = copied(pixels)
        features.float().square().mean().backward()
        return time.process_time() - start

    with torch.random.fork_rng(devices=[]), grouped_in_float32(copied):
        steps = [(seconds(True), seconds(False)) for _ in range(_STEPS)]
    return median(fast / slow for fast, slow in steps[1:])  # the first one warms up


def in_full_precision(augmentation: Callable[Concatenate[Tensor, P], R]) -> Callable[Concatenate[Tensor, P], R]:
    """Decorate an augmentation to compute in float32 always: 8 bits are too few for image coordinates."""

    @wraps(augmentation)
    def decorated(pixels: Tensor, /, *arguments: P.args, **named: P.kwargs) -> R:
        with torch.autocast(pixels.device.type, enabled=False):
            return augmentation(pixels, *arguments, **named)

    return decorated


@contextmanager
def grouped_in_float32(network: nn.Module) -> Iterator[None]:
    """Compute the grouped convolutions of a network in float32 under mixed precision, within a block.

    On processors the gradient of a strided depthwise convolution takes so much longer in bfloat16 that a step is
    slower than in float32; without these it is faster (`benchmarks/mixed_precision.py`).
    """
    grouped = {at: type(at) for at in network.modules() if isinstance(at, nn.Conv2d) and at.groups > 1}
    for convolution, kind in grouped.items():
        convolution.__class__ = type(kind.__name__, (_InFloat32, kind), {})
    try:
        yield
    finally:
        for convolution, kind in grouped.items():
            convolution.__class__ = kind


class _InFloat32(nn.Module):
    def forward(self, inputs: Tensor) -> Tensor:
        with torch.autocast(inputs.device.type, enabled=False):
            return super().forward(inputs.float())  # type: ignore[no-any-return]
