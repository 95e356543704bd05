"""When bfloat16 is used, and what stays in float32."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

import torch
from torch import Tensor, nn

P = ParamSpec("P")
R = TypeVar("R")


def has_bf16() -> bool:
    """Return whether the hardware has bfloat16; where it is emulated a step takes 13 times as long."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    found = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(check() for check in found if check)


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
