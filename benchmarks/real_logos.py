"""Evaluate a bundle on real brand logos, labelled by hand; see shared/real_logos/README.md.

    python benchmarks/real_logos.py [BUNDLE] [-o results.json]

Prints hit@1, hit@3 and hit@10 for pictorial codes at the three levels, beside two frequency priors from 20,000 real EU
marks: the number of marks of a node, and the number of section codes below it (the same for sections). A logo is a hit
if one of the k best codes of a level is one of its entries, or an equally good alternative of one. Needs `make artwork`
and ../shared. For evaluation only, never for training.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viennatag.data.marks import read_marks
from viennatag.prediction.predictor import Predictor
from viennatag.vienna.codes import FIRST_FORM_CATEGORY, LEVELS, Code, parse_code

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
ICONS = ROOT / "artwork/node_modules/@iconify-json/logos/icons.json"
HITS_AT = (1, 3, 10)


def draw_logos(folder: Path) -> None:
    script = SHARED / "real_logos/render.py"
    subprocess.run([sys.executable, str(script), str(ICONS), str(folder)], check=True, stdout=subprocess.DEVNULL)


def read_truth() -> dict[str, list[set[Code]]]:
    """Return for each logo its pictorial entries, each a set of equally good codes."""
    with (SHARED / "real_logos/real_logos.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {
        row["name"]: [set(map(parse_code, entry.split("|"))) for entry in row["figurative"].split(";") if entry.strip()]
        for row in rows
        if row["figurative"].strip()
    }


def hit_rates(ranked: dict[str, list[list[Code]]], truth: dict[str, list[set[Code]]]) -> dict[str, dict[str, float]]:
    """Return hit@k by level; `ranked` holds for each logo its codes, best first, for each level."""
    rates: dict[str, dict[str, float]] = {}
    for depth, level in enumerate(LEVELS, start=1):
        wanted = {
            name: {Code(*code[:depth]) for entry in entries for code in entry if len(code.path) >= depth}
            for name, entries in truth.items()
        }
        evaluated = [name for name, codes in wanted.items() if codes]
        rates[level] = {
            f"hit@{k}": float(np.mean([bool(wanted[name] & set(ranked[name][depth - 1][:k])) for name in evaluated]))
            for k in HITS_AT
        }
    return rates


def by_category(ranked: dict[str, list[list[Code]]], truth: dict[str, list[set[Code]]]) -> dict[str, dict[str, float]]:
    """Return hit@k at category level for the logos of each main subject, and how many there are."""
    found: dict[str, dict[str, float]] = {}
    for category in sorted({min(entries[0]).category for entries in truth.values()}):
        named = {name: entries for name, entries in truth.items() if min(entries[0]).category == category}
        hits = hit_rates(ranked, named)["category"]
        found[str(category)] = {"logos": len(named), **hits}
    return found


def rank(scores: NDArray[np.float64], codes: list[Code]) -> list[list[Code]]:
    """Return pictorial codes of each level, best first."""
    order = [codes[at] for at in np.argsort(-scores, kind="stable") if codes[at].category < FIRST_FORM_CATEGORY]
    return [[code for code in order if code.level == level] for level in LEVELS]


def prior_ranking(*, of_marks: bool) -> list[list[Code]]:
    counts: Counter[Code] = Counter()
    for row in read_marks(SHARED / "labels/eu_marks_20k.csv", require_images=False, skip_bad=True).codes:
        nodes = [node for code in row for node in parse_code(code).path]
        counts.update(set(nodes) if of_marks else nodes)
    return rank(np.array(list(counts.values()), dtype=float), list(counts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", nargs="?", default="starter")
    parser.add_argument("-o", "--out", type=Path, help="write the figures to this JSON file")
    options = parser.parse_args()
    predictor = Predictor.load(options.bundle)
    codes = list(map(parse_code, predictor.bundle.labels.names))
    truth = read_truth()
    with tempfile.TemporaryDirectory() as folder:
        draw_logos(Path(folder))
        ranked = {name: rank(predictor.score_image(Path(folder, f"{name}.png")), codes) for name in truth}
    figures = {
        "logos": len(truth),
        "bundle": hit_rates(ranked, truth),
        "prior": hit_rates(dict.fromkeys(truth, prior_ranking(of_marks=True)), truth),
        "prior_by_codes": hit_rates(dict.fromkeys(truth, prior_ranking(of_marks=False)), truth),
    }
    figures["by_category"] = by_category(ranked, truth)
    print(f"{len(truth)} logos, pictorial codes; %, frequency priors (of marks, of codes) in brackets")
    for level in LEVELS:
        cells = (
            f"{name} {100 * value:5.1f} ({100 * figures['prior'][level][name]:4.1f},"  # type: ignore[index]
            f" {100 * figures['prior_by_codes'][level][name]:4.1f})"  # type: ignore[index]
            for name, value in figures["bundle"][level].items()  # type: ignore[index]
        )
        print(f"{level:<9}", *cells, sep="  ")
    print("category of the main subject: logos, hit@1, hit@3, at category level")
    for category, each in figures["by_category"].items():  # type: ignore[attr-defined]
        print(f"{category:>9}  {each['logos']:4}  {100 * each['hit@1']:5.1f}  {100 * each['hit@3']:5.1f}")
    if options.out:
        options.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
