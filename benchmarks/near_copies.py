"""Count the drawings of one subset that look like a drawing of another subset.

    python benchmarks/near_copies.py [--drawings 2000]

Packs draw the same objects, and some copy each other. All drawings whose names several pack families share, up to
`--drawings`, are drawn alone in black and grey. Two are near copies if their perceptual hashes differ in at most 4
bits, as in `viennatag.split.duplicates`. Needs `make artwork`. Results: benchmarks/results/near_copies.json.
"""

import argparse
import io
import json
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viennatag.images.decoding import perceptual_hash
from viennatag.synthesis import Drawing, read_artwork
from viennatag.synthesis.artwork import pack_family
from viennatag.synthesis.assets import rasterise, split_groups
from viennatag.synthesis.styles import StyleInput, toned

ROOT = Path(__file__).parents[1]
PACKS = ROOT / "artwork/node_modules/@iconify-json"
TEST_PACKS = ("noto", "ph", "hugeicons")
MOST_BITS = 4
SIDE = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drawings", type=int, default=2000)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks/results/near_copies.json")
    options = parser.parse_args()
    drawings, _ = read_artwork([PACKS])
    results = measure(drawings, options.drawings)
    options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


def measure(drawings: Sequence[Drawing], count: int) -> dict[str, object]:
    """Return shares of near copies between subsets, and the pairs of families with most of them."""
    chosen = shared_names(drawings, count)
    subsets = assign_subsets(drawings)
    hashes = np.array([hash_alone(drawing) for drawing in chosen], dtype=np.uint64)
    subset = np.array([subsets[drawing.pack, drawing.name] for drawing in chosen])
    family = np.array([pack_family(drawing.pack) for drawing in chosen])
    name, group = (np.array([getattr(drawing, what) for drawing in chosen]) for what in ("key", "group"))
    near = np.bitwise_count(hashes[:, None] ^ hashes[None, :]) <= MOST_BITS
    train = subset == "train"
    found: dict[str, object] = {"drawings": len(chosen), "subsets": dict(Counter(subset.tolist()))}
    for which in ("validation", "test"):
        across = near[subset == which][:, train]
        same_name = across & (name[subset == which][:, None] == name[None, train])
        found[which] = {
            "pairs_with_train": across.size,
            "share_of_near_pairs": round(float(across.mean()), 6),
            "drawings_with_a_near_copy_in_train": round(float(across.any(axis=1).mean()), 4),
            "of_the_same_name": round(float(same_name.any(axis=1).mean()), 4),
            "of_the_same_group": int((across & (group[subset == which][:, None] == group[None, train])).sum()),
        }
    copies, pairs = Counter[str](), Counter[str]()
    for left, right in zip(*np.nonzero(np.triu(name[:, None] == name[None, :], 1)), strict=True):
        if family[left] != family[right]:
            both = " and ".join(sorted((str(family[left]), str(family[right]))))
            pairs[both] += 1
            copies[both] += bool(near[left, right])
    rates = {both: [copies[both], pairs[both]] for both, _ in copies.most_common(12) if pairs[both] >= 20}
    return found | {"near_copies_of_the_same_name_in_two_families": rates}


def shared_names(drawings: Sequence[Drawing], count: int) -> list[Drawing]:
    """Return all drawings of names that several families draw, names in random order, until there are enough."""
    holders = defaultdict(list)
    for drawing in drawings:
        holders[drawing.key].append(drawing)
    names = sorted(key for key, held in holders.items() if len({pack_family(each.pack) for each in held}) > 1)
    random.Random(0).shuffle(names)
    chosen: list[Drawing] = []
    for key in names:
        if len(chosen) >= count:
            break
        chosen += holders[key]
    return chosen


def assign_subsets(drawings: Sequence[Drawing]) -> dict[tuple[str, str], str]:
    """Return the subset of each drawing, as `draw_marks` splits them."""
    families = {pack_family(pack) for pack in TEST_PACKS}
    others = [drawing for drawing in drawings if pack_family(drawing.pack) not in families]
    subsets = split_groups(others, share=0.1)
    return {
        (each.pack, each.name): "test" if pack_family(each.pack) in families else subsets[each.group]
        for each in drawings
    }


def hash_alone(drawing: Drawing) -> np.uint64:
    """Return the perceptual hash of a drawing alone on white, in black or in tones of grey."""
    left, top, width, height = drawing.view
    subject = StyleInput(drawing.body, drawing.mono, drawing.view, ("#000000",), "#ffffff", True, _nothing)
    body = drawing.body if drawing.mono else toned(subject).svg
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{left} {top} {width} {height}" width="{SIDE}" height="{SIDE}" color="#000000">'
        f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="#ffffff"/>{body}</svg>'
    )
    return perceptual_hash(np.asarray(Image.open(io.BytesIO(rasterise(svg))).convert("RGB")))


def _nothing(_: int) -> NDArray[np.float64]:
    return np.zeros((1, 1))


if __name__ == "__main__":
    main()
