"""Write the model card of the starter, and the tables of docs/starter.md, from what was measured.

    python benchmarks/starter_card.py [BUNDLE]

The card is made from the bundle like that of any other; what is added here is what only its makers know: how its marks
were drawn, how it reads real logos (`benchmarks/results/real_logos.json`), and whose artwork it learned from
(docs/starter-artwork.md). Nothing is measured here: run `benchmarks/real_logos.py -o` first.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from viennatag.files import atomic_file
from viennatag.model.bundle import STARTER, Bundle, open_bundle
from viennatag.model.model_card import ABOUT, ARTWORK, CARD, model_card, percent, table
from viennatag.vienna.codes import LEVELS, parse_code, vienna_tree

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs/starter.md"
LOGOS = ROOT / "benchmarks/results/real_logos.json"
THANKS = ROOT / "docs/starter-artwork.md"
LICENCE = "apache-2.0"
"""Of the package, and so of the bundle inside it."""

STORY = """The bundle inside the package answers without any training of yours. It has only ever seen rendered marks:
drawings of open icon packs, of an open clip art library and of our own, and letters of open fonts, put together,
recoloured and worn as registered marks are, with their codes known by construction. It began with random weights; a
network pretrained on ImageNet gave it targets to reproduce, but none of its weights are in it. It is the network of the
thirteenth round of training, which began with the mean of three before it; what is said below is of the thirteenth's
marks. No brand logo was used. Treat its answers as a first look: a bundle trained on your own register will be better
at your register. `benchmarks/starter.py` has the whole recipe, docs/starter.md its story."""


def test_table(bundle: Bundle) -> str:
    """Return macro mAP by level and kind of codes, with the frequency prior."""
    figures = {(part["level"], part["kind"]): part["figures"]["macro_map"] for part in bundle.metrics["slices"]}
    kinds = {"all codes": "all", "pictorial, 1 to 24": "pictorial", "form, 25 to 29": "form"}
    rows = [[level, *(_beside(figures[level, kind]) for kind in kinds.values())] for level in LEVELS]
    return table(["level", *kinds], rows)


def logos_table(logos: Mapping[str, Any]) -> str:
    """Return hit rates on real logos, with the frequency prior."""
    names = list(logos["bundle"][LEVELS[0]])
    rows = [
        [level, *(_beside({"value": logos["bundle"][level][n], "prior": logos["prior"][level][n]}) for n in names)]
        for level in LEVELS
    ]
    return table(["level", *names], rows)


def categories_table(logos: Mapping[str, Any]) -> str:
    """Return hit rates at category level by the category of a logo's main subject."""
    rows = [
        [
            f"{category} {_heading(category)}",
            str(each["logos"]),
            *(f"{100 * each[name]:.0f}" for name in ("hit@1", "hit@3")),
        ]
        for category, each in logos["by_category"].items()
    ]
    return table(["main subject", "logos", "hit@1", "hit@3"], rows)


def colours_table(bundle: Bundle) -> str:
    """Return the average precision of head and pixels by colour code on the validation part."""
    readers = bundle.training.get("colours", {})
    rows = [
        [
            f"{code} {_heading(code)}",
            percent(by["head"]),
            percent(by["pixels"]),
            "pixels" if code in bundle.from_pixels else "head",
        ]
        for code, by in readers.items()
    ]
    return table(["code", "head", "pixels", "read from"], rows) if rows else "All colour codes are the head's."


def made_tables(bundle: Bundle, logos: Mapping[str, Any]) -> dict[str, str]:
    """Return what stands between markers in docs/starter.md, by the marker's name."""
    return {
        "test part": test_table(bundle),
        "real logos": logos_table(logos),
        "real logos by category": categories_table(logos),
        "colours": colours_table(bundle),
    }


def with_tables(text: str, tables: Mapping[str, str]) -> str:
    """Return a document in which what stands between `<!-- NAME -->` and `<!-- end of NAME -->` is anew."""
    for name, content in tables.items():
        start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        if text.count(start) != 1 or text.count(end) != 1:
            raise SystemExit(f"{DOCUMENT}: expected the markers {start.strip()} and {end} once each")
        before, _, rest = text.partition(start)
        text = f"{before}{start}{content}\n{end}{rest.partition(end)[2]}"
    return text


def starter_card(bundle: Bundle, logos: Mapping[str, Any]) -> str:
    """Return the model card of the starter."""
    about = (
        f"{STORY}\n\nOn {logos['logos']} real brand logos labelled by hand, pictorial codes, in per cent, with the "
        f"frequency prior of real EU marks in brackets:\n\n{logos_table(logos)}\n\nBy the category of the main "
        f"subject, hits at category level; with few logos a figure says little:\n\n{categories_table(logos)}"
    )
    artwork = THANKS.read_text(encoding="utf-8").partition("\n")[2].strip()  # without its title
    return model_card(bundle, notes={ABOUT: about, ARTWORK: artwork}, license_=LICENCE)


def _beside(figure: Mapping[str, float | None]) -> str:
    return f"{percent(figure['value'])} ({percent(figure['prior'])})"


def _heading(code: str) -> str:
    return vienna_tree().heading(parse_code(code)).lower()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", nargs="?", default=STARTER)
    options = parser.parse_args()
    bundle = open_bundle(options.bundle)
    logos = json.loads(LOGOS.read_text(encoding="utf-8"))
    assert bundle.path is not None
    written = {
        bundle.path / CARD: starter_card(bundle, logos),
        DOCUMENT: with_tables(DOCUMENT.read_text(encoding="utf-8"), made_tables(bundle, logos)),
    }
    for path, text in written.items():
        with atomic_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
