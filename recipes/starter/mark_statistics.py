"""Write `src/viennatag/synthesis/registers.toml`: how registered marks are made, as counts and quantiles only.

python recipes/starter/mark_statistics.py [../shared/real_marks]
"""

import argparse
import csv
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from stages import ROOT
from viennatag.files import atomic_file
from viennatag.vienna.codes import parse_code

OUT = ROOT / "src/viennatag/synthesis/registers.toml"
KINDS = {
    "word": "word", "abstract": "abstract", "device": "device", "word+device": "word and device", "label": "label",
    "photo": "label", "shape": "label",
}  # fmt: skip
MOST_ENTRIES = 6
PRINTS = "KE"
"""The register whose marks are cut from printed journals."""


def statistics(folder: Path) -> str:
    """Return the table of the marks in a folder."""
    with (folder / "marks.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    sizes = []
    for row in rows:
        with Image.open(folder / row["image"]) as image:
            sizes.append(image.size)
    kinds = [KINDS[row["kind"]] for row in rows]
    names = list(dict.fromkeys(KINDS.values()))
    counts = Counter(kinds)
    entries = Counter(min(len(row["figurative"].split(";")), MOST_ENTRIES) for row in rows if row["figurative"].strip())
    aspects = {
        name: quantiles([wide / high for (wide, high), kind in zip(sizes, kinds, strict=True) if kind == name], 2)
        for name in names
    }
    shown = Counter(division for row in rows for division in set(re.findall(r"\b\d+\.\d+\b", row["figurative"])))
    sides = [max(size) for size, row in zip(sizes, rows, strict=True) if row["register"] == PRINTS]
    return "\n".join([
        f"# How {len(rows):,} registered marks of Japan and Kenya are made; the marks themselves are in no package.",
        "# Written by recipes/starter/mark_statistics.py.",
        "",
        "[kinds] # marks of each kind",
        *(f'"{name}" = {counts[name]}' for name in names),
        "",
        "[entries] # of marks with something pictured: how many things each shows",
        *(f"{count} = {entries[count]}" for count in sorted(entries)),
        "",
        "[divisions] # marks that show each pictorial division",
        *(f'"{division}" = {count}' for division, count in sorted(shown.items(), key=lambda each: parse_code(each[0]))),
        "",
        "[aspects] # width by height of each kind: quantiles, 10 to 90 %",
        *(f'"{name}" = {aspects[name]}' for name in names),
        "",
        "[print] # share of prints cut from journals; quantiles of their longer side in pixels, 10 to 90 %",
        f"share = {round(len(sides) / len(rows), 2)}",
        f"sides = {[int(side) for side in quantiles(sides, 0)]}",
        "",
    ])  # fmt: skip


def quantiles(values: Sequence[float], digits: int) -> list[float]:
    """Return the quantiles 10 to 90 % of values."""
    return [round(float(value), digits) for value in np.quantile(values, np.arange(0.1, 0.95, 0.1))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT.parent / "shared/real_marks")
    with atomic_file(OUT) as temporary:
        temporary.write_text(statistics(parser.parse_args().folder), encoding="utf-8")
    print(f"wrote {OUT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
