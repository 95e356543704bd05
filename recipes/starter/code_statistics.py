"""Statistics of the codes of real marks, and marks tables sampled from them.

    python recipes/starter/code_statistics.py MARKS.csv -o recipes/starter/code_statistics.tsv

Synthetic marks shall carry codes that occur together in a register, as often as they do there, but a register's rows
are not ours to publish. So only counts are kept: every set of codes that at least three marks have, and for all other
marks how many codes they have, how many have each code, and how many have each pair of codes (three or more).

Two tables are made of these counts. `sample_code_sets` is for drawing: frequent sets and the number of marks of each
code are exact, pairs approximate. `spread_codes` is for the target prior: the number of marks of each code, division
and category is exact, the company of codes is not kept.
"""

import argparse
import csv
import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import DataError
from viennatag.files import atomic_file
from viennatag.vienna.codes import parse_code

MIN_MARKS = 3
"""Sets and pairs of codes on fewer marks are not published."""
SOURCE = """Counts of Vienna codes on 20,000 figurative EU trade marks filed from 1996 to 2020 (EUIPO register),
derived by recipes/starter/code_statistics.py. Kinds of rows: `set`, marks with exactly these codes; `node`, marks with
this category or division or a code below it; and of the marks whose set is not listed: `size`, marks with this number
of codes; `code`, marks with this code; `pair`, marks with both codes. Sets and pairs of fewer than 3 marks are left
out."""
_SMOOTHING = 0.5
"""Added to counts of pairs, of which those below `MIN_MARKS` are unknown."""
_SHARPNESS = 2.0
"""Power of the ratios of pairs: the one of 1, 1.5, 2 and 2.5 whose sampled pairs were most like the real ones."""
_SEED = 0

CodeSet = tuple[str, ...]


@dataclass(frozen=True)
class CodeStatistics:
    """Counts of codes on marks.

    Attributes:
        sets: Marks with exactly these codes, for frequent sets.
        sizes: Of the other marks, those with this number of codes.
        codes: Of the other marks, those with this code.
        pairs: Of the other marks, those with these two codes.
        nodes: Of all marks, those with this category or division, or a code below it.
    """

    sets: dict[CodeSet, int]
    sizes: dict[int, int]
    codes: dict[str, int]
    pairs: dict[tuple[str, str], int]
    nodes: dict[str, int]

    @property
    def marks(self) -> int:
        """The number of marks that were counted."""
        return sum(self.sets.values()) + sum(self.sizes.values())


def count_codes(code_sets: Iterable[Iterable[str]]) -> CodeStatistics:
    """Return the statistics of marks, each given by its codes."""
    counted = Counter(tuple(sorted(set(each), key=parse_code)) for each in code_sets)
    others = {each: count for each, count in counted.items() if count < MIN_MARKS}
    sizes, codes, pairs, nodes = Counter[int](), Counter[str](), Counter[tuple[str, str]](), Counter[str]()
    for each, count in counted.items():
        for node in {node for code in each for node in (_category(code), _division(code))}:
            nodes[node] += count
    for each, count in others.items():
        sizes[len(each)] += count
        for code in each:
            codes[code] += count
        for first, second in itertools.combinations(each, 2):
            pairs[first, second] += count
    return CodeStatistics(
        {each: count for each, count in counted.items() if count >= MIN_MARKS},
        dict(sizes),
        dict(codes),
        {pair: count for pair, count in pairs.items() if count >= MIN_MARKS},
        dict(nodes),
    )


def write_statistics(statistics: CodeStatistics, path: Path) -> None:
    """Write statistics as a table of tab-separated values, with their source in the comment at its head."""
    rows = [("set", " ".join(each), count) for each, count in statistics.sets.items()]
    rows += [("node", node, count) for node, count in statistics.nodes.items()]
    rows += [("size", str(size), count) for size, count in statistics.sizes.items()]
    rows += [("code", code, count) for code, count in statistics.codes.items()]
    rows += [("pair", " ".join(pair), count) for pair, count in statistics.pairs.items()]
    kinds = ("set", "node", "size", "code", "pair")
    rows.sort(key=lambda row: (kinds.index(row[0]), -row[2], [parse_code(code) for code in row[1].split()]))
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"# {line}\n" for line in SOURCE.splitlines())
        csv.writer(file, delimiter="\t", lineterminator="\n").writerows((("kind", "codes", "marks"), *rows))


def read_statistics(path: Path) -> CodeStatistics:
    """Return statistics as `write_statistics` wrote them.

    Raises:
        DataError: If the table is of another kind.
    """
    found = CodeStatistics({}, {}, {}, {}, {})
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader((line for line in file if not line.startswith("#")), delimiter="\t"):
            codes, count = tuple(row["codes"].split()), int(row["marks"])
            match row["kind"], codes:
                case "set", _:
                    found.sets[codes] = count
                case "node", (node,):
                    found.nodes[node] = count
                case "size", (size,):
                    found.sizes[int(size)] = count
                case "code", (code,):
                    found.codes[code] = count
                case "pair", (first, second):
                    found.pairs[first, second] = count
                case kind, _:
                    raise DataError(f"{path}: unexpected row {kind} with {len(codes)} codes")
    return found


def sample_code_sets(statistics: CodeStatistics) -> list[CodeSet]:
    """Return one set of codes for each mark that was counted; the same statistics give the same sets.

    Sets that are not frequent are filled code by code. Codes are drawn without replacement from the counts, weighted by
    how much more often than by chance they occur together with the codes that the set already has: the geometric mean
    of the smoothed ratios, to the power `_SHARPNESS`.
    """
    rng = np.random.default_rng(_SEED)
    names = sorted(statistics.codes, key=parse_code)
    left = np.array([statistics.codes[name] for name in names], dtype=np.int64)
    affinities = _SHARPNESS * _log_ratios(statistics, names)
    sizes = np.repeat(list(statistics.sizes), list(statistics.sizes.values()))
    drawn = [_draw_set(left, affinities, int(size), rng) for size in np.sort(sizes)[::-1]]  # large ones need most codes
    for code in np.flatnonzero(left):  # the last sets may have wanted other codes than were left
        without = [each for each in sorted(drawn, key=len) if code not in each]
        for each in without[: left[code]]:
            each.append(int(code))
    every = [each for each, count in statistics.sets.items() for _ in range(count)]
    every += [tuple(names[code] for code in sorted(each)) for each in drawn]
    return [every[at] for at in rng.permutation(len(every))]


def spread_codes(statistics: CodeStatistics) -> list[CodeSet]:
    """Return one set of codes for each mark, with the number of marks of each code, division and category exact."""
    codes = Counter(statistics.codes)
    for each, count in statistics.sets.items():
        for code in each:
            codes[code] += count
    held: dict[str, list[CodeSet]] = {code: [(code,)] * count for code, count in codes.items()}
    for parent in (_division, _category):
        below: dict[str, list[CodeSet]] = {}
        for name in sorted(held, key=parse_code):
            below.setdefault(parent(name), []).extend(held[name])
        held = {node: _dealt(sets, statistics.nodes[node]) for node, sets in below.items()}
    return _dealt([each for name in sorted(held, key=parse_code) for each in held[name]], statistics.marks)


def write_marks_table(code_sets: Iterable[CodeSet], path: Path) -> Path:
    """Write a marks table without images and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("codes",))
        table.writerows((" ".join(each),) for each in code_sets)
    return path


def _log_ratios(statistics: CodeStatistics, names: Sequence[str]) -> NDArray[np.float64]:
    """Return for each two codes the log of how much more often than by chance a mark has both."""
    counts = np.array([statistics.codes[name] for name in names])
    expected = np.outer(counts, counts) / max(sum(statistics.sizes.values()), 1)
    index = {name: at for at, name in enumerate(names)}
    together = np.zeros(expected.shape)
    for (first, second), count in statistics.pairs.items():
        together[index[first], index[second]] = together[index[second], index[first]] = count
    return np.asarray(np.log((together + _SMOOTHING) / (expected + _SMOOTHING)))


def _draw_set(
    left: NDArray[np.int64], affinities: NDArray[np.float64], size: int, rng: np.random.Generator
) -> list[int]:
    """Return the numbers of different codes and take them from the counts that are left."""
    drawn: list[int] = []
    affinity = np.zeros(len(left))
    while len(drawn) < size:
        weights = left * np.exp(affinity / max(len(drawn), 1))
        weights[drawn] = 0
        if not weights.any():
            break
        code = int(rng.choice(len(left), p=weights / weights.sum()))
        drawn.append(code)
        left[code] -= 1
        affinity += affinities[code]
    return drawn


def _dealt(sets: Sequence[CodeSet], count: int) -> list[CodeSet]:
    """Return sets joined to this number of larger ones, each taking every `count`-th: equal neighbours stay apart."""
    return [tuple(code for each in sets[at::count] for code in each) for at in range(count)]


def _category(code: str) -> str:
    return code.partition(".")[0]


def _division(code: str) -> str:
    return ".".join(code.split(".")[:2])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("marks", type=Path, help="a table of marks with a column `codes`, separated by blanks")
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    with options.marks.open(encoding="utf-8", newline="") as file:
        statistics = count_codes(row["codes"].split() for row in csv.DictReader(file))
    write_statistics(statistics, options.out)
    print(f"wrote {options.out}: {statistics.marks:,} marks, {len(statistics.sets):,} frequent sets of codes")


if __name__ == "__main__":
    main()
