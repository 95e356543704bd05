"""Draw the picture of the README: the sample mark and the codes that the starter suggests for it.

python artwork/readme_picture.py [-o docs/images/sample-mark-codes.png]
"""

import argparse
from pathlib import Path

from resvg_py import svg_to_bytes

from viennatag.prediction.predictor import Predictor, Suggestion

ROOT = Path(__file__).parents[1]
MARK = ROOT / "examples/sample-mark.svg"
ROW, TOP, LEFT = 42, 66, 330
INK, GREY, BAR, TRACK = "#1d2733", "#6b7785", "#2563a8", "#e3e8ee"


def row(at: int, suggestion: Suggestion) -> str:
    y = TOP + at * ROW
    level = "" if suggestion.level == "section" else f' <tspan fill="{GREY}">{suggestion.level}</tspan>'
    return (
        f'<text x="{LEFT}" y="{y}" font-weight="bold" fill="{INK}">{suggestion.code}</text>'
        f'<rect x="{LEFT + 74}" y="{y - 12}" width="90" height="12" rx="3" fill="{TRACK}"/>'
        f'<rect x="{LEFT + 74}" y="{y - 12}" width="{90 * suggestion.score:.0f}" height="12" rx="3" fill="{BAR}"/>'
        f'<text x="{LEFT + 176}" y="{y}" fill="{GREY}">{suggestion.score:.0%}</text>'
        f'<text x="{LEFT + 236}" y="{y}" fill="{INK}">{suggestion.heading.replace("&", "&amp;")}{level}</text>'
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "docs/images/sample-mark-codes.png")
    options = parser.parse_args()
    suggestions = Predictor.load().predict(MARK.with_suffix(".png"))[:7]
    inner = MARK.read_text(encoding="utf-8").partition(">")[2].rpartition("</svg>")[0]
    height = max(340, TOP + len(suggestions) * ROW)
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 {height}" width="960" height="{height}" '
        f'font-family="DejaVu Sans, Arial, sans-serif" font-size="16"><rect width="960" height="{height}" fill="#fff"/>'
        f'<svg x="24" y="{(height - 270) // 2}" width="270" height="270" viewBox="0 0 480 480">{inner}</svg>'
        f"{''.join(row(at, each) for at, each in enumerate(suggestions))}</svg>"
    )
    options.out.write_bytes(bytes(svg_to_bytes(svg_string=drawing)))
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
