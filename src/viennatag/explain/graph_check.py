"""Check the structure of a neighbour graph before it is searched.

usearch follows whatever links a file holds, so one that leads out of it ends the process. A file of usearch 2 holds a
matrix of vectors, a head of 64 bytes, and the graph: five numbers, the level of each node, and the nodes. A node has
its key, its level, and for each level from 0 up the number of its links and as many places as there may be.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_HEAD = 64
_MAGIC, _VERSION = b"usearch", 2
_KINDS = b"c\x17\x0e\x0f"  # cosine, 8 bits a number, keys of 64 bits, places of 32 bits
_NODE = 10  # bytes of key and level
_BLOCK = 20_000  # nodes that are checked at a time


def check_graph(content: NDArray[np.uint8], *, marks: int, dimensions: int) -> None:
    """Raise ValueError unless every link leads to a node that has links of the same level.

    Args:
        content: The bytes of the file.
        marks: Vectors that it must hold, with the keys 0, 1 and so on.
        dimensions: Numbers in each vector.
    """
    rest = _after_vectors(content, marks, dimensions)
    size, connectivity, connectivity_base, top, entry = _numbers(rest, _HEAD, 5, np.uint64)
    levels = np.frombuffer(_part(rest, _HEAD + 40, 2 * marks), dtype="<i2").astype(np.int64)
    _check(size == marks and 0 < connectivity <= connectivity_base <= 4096, "its sizes do not fit")
    _check(marks == 0 or (levels.min() >= 0 and levels.max() == top), "its levels do not fit")
    _check(marks == 0 or (entry < marks and levels[int(entry)] == top), "its entry is no node of the highest level")
    base, upper = 4 + 4 * connectivity_base, 4 + 4 * connectivity
    sizes = _NODE + base + upper * levels
    nodes = rest[_HEAD + 40 + 2 * marks :]
    _check(len(nodes) == int(sizes.sum()), "it has another length than its nodes")
    starts = np.cumsum(sizes) - sizes
    for block in np.array_split(np.arange(marks), max(1, -(-marks // _BLOCK))):
        heads = _rows(nodes, starts[block], _NODE)
        stated = np.ascontiguousarray(heads[:, 8:]).view("<i2")[:, 0]
        _check(bool((stated == levels[block]).all()), "a node has another level than stated")
        _check(bool((_keys(heads) < marks).all()), "a node has a key that no mark has")
        for level in range(int(levels[block].max(initial=-1)) + 1):
            reached = block[levels[block] >= level]
            at = starts[reached] + _NODE + (base + (level - 1) * upper if level else 0)
            _check_links(_rows(nodes, at, base if level == 0 else upper), levels, level)
    keys = _keys(np.concatenate([_rows(nodes, starts[i : i + _BLOCK], _NODE) for i in range(0, marks, _BLOCK)]))
    _check(len(np.unique(keys)) == marks, "two nodes have the same key")


def _after_vectors(content: NDArray[np.uint8], marks: int, dimensions: int) -> NDArray[np.uint8]:
    """Return what follows the matrix of vectors, with its head checked."""
    _check(_numbers(content, 0, 2, np.uint32) == [marks, dimensions], "its vectors have another shape")
    rest = content[8 + marks * dimensions :]
    head = _part(rest, 0, _HEAD).tobytes()
    known = head[:7] == _MAGIC and int.from_bytes(head[7:9], "little") == _VERSION and head[13:17] == _KINDS
    _check(known, "it is of another kind or version")
    _check(_numbers(rest, 17, 3, np.uint64) == [marks, 0, dimensions] and head[41] == 0, "its head does not fit")
    return rest


def _check_links(links: NDArray[np.uint8], levels: NDArray[np.int64], level: int) -> None:
    numbers = links.view("<u4")
    counts, places = numbers[:, 0], numbers[:, 1:]
    used = np.arange(places.shape[1]) < counts[:, None]
    _check(bool((counts <= places.shape[1]).all()), "a node has more links than places")
    linked = places[used]
    _check(bool((linked < len(levels)).all() and (levels[linked] >= level).all()), "a link leads nowhere")


def _rows(content: NDArray[np.uint8], starts: NDArray[np.int64], length: int) -> NDArray[np.uint8]:
    """Return as many bytes from each start, shape (starts, length)."""
    windows = np.lib.stride_tricks.as_strided(content, (max(0, len(content) - length + 1), length), (1, 1))
    return windows[starts]


def _keys(heads: NDArray[np.uint8]) -> NDArray[np.uint64]:
    return np.ascontiguousarray(heads[:, :8]).view("<u8")[:, 0]


def _numbers(content: NDArray[np.uint8], at: int, count: int, kind: Any) -> list[int]:
    return np.frombuffer(_part(content, at, count * np.dtype(kind).itemsize), dtype=kind).tolist()  # type: ignore[no-any-return]


def _part(content: NDArray[np.uint8], at: int, length: int) -> NDArray[np.uint8]:
    _check(at + length <= len(content), "it is cut off")
    return np.ascontiguousarray(content[at : at + length])


def _check(fits: bool, problem: str) -> None:
    if not fits:
        raise ValueError(f"the neighbour graph is damaged: {problem}")
