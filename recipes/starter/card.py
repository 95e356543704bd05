"""Write the model card of the starter, and the tables of docs/guide/starter.md, from what was measured.

    python recipes/starter/card.py [BUNDLE]

The card is that of any bundle, with additions that only its makers know: how it was made, its figures on registered
marks by folds and on real logos (`benchmarks/results/real_marks.json` and `real_logos.json`), and whose artwork it was
trained on (docs/reference/starter-artwork.md). Nothing is measured here: run `benchmarks/real_marks.py --folds -o` and
`benchmarks/real_logos.py -o` first.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from viennatag.files import atomic_file
from viennatag.model.bundle import CARD, STARTER, Bundle, open_bundle
from viennatag.model.model_card import ABOUT, ARTWORK, model_card, percent, table
from viennatag.vienna.codes import LEVELS, parse_code, vienna_tree

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs/guide/starter.md"
LOGOS = ROOT / "benchmarks/results/real_logos.json"
REGISTERED = ROOT / "benchmarks/results/real_marks.json"
THANKS = ROOT / "docs/reference/starter-artwork.md"
LICENCE = "apache-2.0"
"""Of the package, and so of the bundle inside it."""

STORY = """The bundle inside the package needs no training of yours. It was trained on synthetic marks: drawings of
open icon packs, of an open clip art library and of our own, and letters of open fonts, combined, recoloured and
degraded like registered marks, with codes known by construction. Training started from random weights. A network
pretrained on ImageNet was the teacher of the first three rounds; none of its weights are in the bundle. After thirteen
rounds the network was fine-tuned on synthetic marks together with 1,163 registered marks of Japan and Kenya, labelled
by hand by people who are no examiners. Scores and thresholds of pictorial codes (categories 1 to 24) are calibrated on
these marks, each scored by a network that had not seen it; those of the other codes on synthetic marks. The counts
below are of the last round. No brand logo was used. Treat its suggestions as a first look: a bundle trained on your own
register will be better on your register. The recipe is in `recipes/starter`, a description in docs/guide/starter.md."""


def test_table(bundle: Bundle) -> str:
    """Return macro mAP by level and kind of codes, with the frequency prior."""
    figures = {(part["level"], part["kind"]): part["metrics"]["macro_map"] for part in bundle.metrics["groups"]}
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


def registered_table(found: Mapping[str, Any]) -> str:
    """Return hit rates on registered marks by register, with their intervals."""
    rows = [
        [
            f"{name} ({each['pictured']})",
            *(_with_interval(each[f"{level} hit@1"]) for level in LEVELS),
            _with_interval(each["section hit@10"]),
        ]
        for name, each in zip(("Japan", "Kenya", "both"), found.values(), strict=True)
    ]
    return table(
        ["register (marks with something pictured)", *(f"{each} hit@1" for each in LEVELS), "section hit@10"], rows
    )


def answers_table(found: Mapping[str, Any]) -> str:
    """Return what default answers are worth on registered marks, with intervals."""
    said = {
        "marks with something pictured that get a right pictorial suggestion": "helped",
        "pictorial suggestions on such marks that are right": "precision",
        "such marks without any pictorial suggestion": "silent",
        "plain words that get a pictorial code": "over-tagged word",
        "abstract marks that get a pictorial code": "over-tagged abstract",
    }
    rows = [[text, *(_with_interval(each[name]) for each in found.values())] for text, name in said.items()]
    return table(["default answers", "Japan", "Kenya", "both"], rows)


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


def made_tables(bundle: Bundle, registered: Mapping[str, Any], logos: Mapping[str, Any]) -> dict[str, str]:
    """Return the generated tables of docs/guide/starter.md, by the name of their marker."""
    return {
        "registered marks": registered_table(registered),
        "default answers": answers_table(registered),
        "test subset": test_table(bundle),
        "real logos": logos_table(logos),
    }


def with_tables(text: str, tables: Mapping[str, str]) -> str:
    """Return a document with the text between `<!-- NAME -->` and `<!-- end of NAME -->` replaced by the tables."""
    for name, content in tables.items():
        start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        if text.count(start) != 1 or text.count(end) != 1:
            raise SystemExit(f"{DOCUMENT}: expected the markers {start.strip()} and {end} once each")
        before, _, rest = text.partition(start)
        text = f"{before}{start}{content}\n{end}{rest.partition(end)[2]}"
    return text


def starter_card(bundle: Bundle, registered: Mapping[str, Any], logos: Mapping[str, Any]) -> str:
    """Return the model card of the starter."""
    about = (
        f"{STORY}\n\nOn {registered['all']['marks']:,} registered marks, each read by a network fine-tuned without "
        f"its fold: per cent, 95 % intervals in brackets:\n\n{registered_table(registered)}\n\n"
        f"{answers_table(registered)}\n\n"
        f"On {logos['logos']} real brand logos labelled by hand: pictorial codes, per cent, frequency "
        f"prior of real EU marks in brackets:\n\n{logos_table(logos)}\n\nHits at category level by "
        f"the category of the main subject; a figure of few logos is uncertain:\n\n{categories_table(logos)}"
    )
    artwork = THANKS.read_text(encoding="utf-8").partition("\n")[2].strip()  # without its title
    return model_card(bundle, notes={ABOUT: about, ARTWORK: artwork}, license_=LICENCE)


def _beside(figure: Mapping[str, float | None]) -> str:
    return f"{percent(figure['value'])} ({percent(figure['prior'])})"


def _with_interval(figure: Sequence[float]) -> str:
    value, low, high = (100 * each for each in figure)
    return f"{value:.0f} ({low:.0f} to {high:.0f})"


def _heading(code: str) -> str:
    return vienna_tree().heading(parse_code(code)).lower()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", nargs="?", default=STARTER)
    options = parser.parse_args()
    bundle = open_bundle(options.bundle)
    registered, logos = (json.loads(each.read_text(encoding="utf-8")) for each in (REGISTERED, LOGOS))
    assert bundle.path is not None
    written = {
        bundle.path / CARD: starter_card(bundle, registered, logos),
        DOCUMENT: with_tables(DOCUMENT.read_text(encoding="utf-8"), made_tables(bundle, registered, logos)),
    }
    for path, text in written.items():
        with atomic_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
