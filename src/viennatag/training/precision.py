"""Where bfloat16 is used, and what is left in float32 when it is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

import torch
from torch import Tensor, nn

P = ParamSpec("P")
R = TypeVar("R")


def has_bf16() -> bool:
    """Return whether bfloat16 is computed, not imitated: on a processor without it a step takes 13 times as long."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    found = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(check() for check in found if check)


def in_full_precision(change: Callable[Concatenate[Tensor, P], R]) -> Callable[Concatenate[Tensor, P], R]:
    """Have a change of pixels compute in float32 also where training is in mixed precision.

    bfloat16 has 8 bits for a number: too few for a place in an image.
    """

    @wraps(change)
    def changed(pixels: Tensor, /, *arguments: P.args, **named: P.kwargs) -> R:
        with torch.autocast(pixels.device.type, enabled=False):
            return change(pixels, *arguments, **named)

    return changed


@contextmanager
def grouped_in_float32(network: nn.Module) -> Iterator[None]:
    """Have a network compute grouped convolutions in float32 where training is in mixed precision.

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
    def forward(self, seen: Tensor) -> Tensor:
        with torch.autocast(seen.device.type, enabled=False):
            return super().forward(seen.float())  # type: ignore[no-any-return]
