"""Run an ONNX graph over batches of pixels.

The graph takes uint8 and normalises inside, so nothing about a network leaks out of its file. The
same engine extracts features for training and serves predictions: what was learned is what runs.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from viennatag.errors import BundleError, DataError
from viennatag.images import available_cores

BATCH_SIZE = 16
"""Throughput on a CPU is flat from about 8 images on; larger batches only cost memory."""


class Engine:
    """An ONNX graph ready to run: uint8 (images, size, size, 3) in, named float32 arrays out."""

    def __init__(self, graph: Path | bytes, *, threads: int | None = None) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or available_cores()
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        source = graph if isinstance(graph, bytes) else str(graph)
        try:
            self._session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        except Exception as exc:  # ONNX Runtime's exceptions have no common root but this
            name = "the graph" if isinstance(graph, bytes) else graph
            raise BundleError(f"{name}: ONNX Runtime cannot open it: {exc}") from exc
        (tensor,) = self._session.get_inputs()
        self._input = tensor.name
        if tensor.type != "tensor(uint8)" or len(tensor.shape) != 4 or tensor.shape[3] != 3:
            raise BundleError(
                f"the graph takes {tensor.type} of shape {tensor.shape}; expected tensor(uint8) (images, size, size, 3)"
            )
        self.size = int(tensor.shape[1])
        self.outputs = tuple(output.name for output in self._session.get_outputs())

    def run(self, pixels: NDArray[np.uint8], outputs: tuple[str, ...] | None = None) -> list[NDArray[np.float32]]:
        """Return the named outputs, or all of them, for a batch of pixels.

        Args:
            pixels: Shape (images, size, size, 3), as `read_image` gives each.
            outputs: Names of outputs, in the order wanted.

        Raises:
            DataError: If the pixels have another type or shape.
        """
        if pixels.dtype != np.uint8 or pixels.shape[1:] != (self.size, self.size, 3):
            raise DataError(
                f"pixels are {pixels.dtype} of shape {pixels.shape}; expected uint8 (n, {self.size}, {self.size}, 3)"
            )
        return list(self._session.run(outputs and list(outputs), {self._input: pixels}))


T = TypeVar("T")


def batched(items: Iterable[T], size: int = BATCH_SIZE) -> Iterator[list[T]]:
    """Yield the items in lists of `size`, the last one perhaps shorter."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
