"""Doubts about labels for people: in a terminal, on a page with the images, as a table to write decisions in."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from PIL import Image
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from viennatag.data.marks import Marks
from viennatag.errors import ImageError
from viennatag.evaluation.label_issues import Doubt
from viennatag.images.decoding import read_image
from viennatag.reports import html
from viennatag.reports.html import Markup

PICTURE = 96
"""Pixels of the images on a page."""
ON_PAGE = 200
"""Doubts of a kind on a page; a CSV holds all."""
_TITLES = {"missing": "Probably missing codes", "wrong": "Probably wrong codes"}
_COLUMNS = (
    "kind", "id", "image", "codes", "code", "heading", "score", "typical", "prior", "certainty", "neighbours",
    "neighbours_with_it", "decision",
)  # fmt: skip


def doubts_report(doubts: Sequence[Doubt], marks: Marks, *, shown: int = 10) -> RenderableType:
    """Return the first doubts of each kind for the terminal."""
    parts: list[RenderableType] = []
    for kind, title in _TITLES.items():
        chosen = [doubt for doubt in doubts if doubt.kind == kind]
        sheet = Table(
            title=f"{title.lower()}, {len(chosen):,} listed, the most certain first",
            title_justify="left", title_style="bold", header_style="", pad_edge=False, box=SIMPLE_HEAD,
        )  # fmt: skip
        for head in ("mark", "code", "score", "typical", "prior", "neighbours"):
            sheet.add_column(head, justify="left" if head in {"mark", "code"} else "right")
        for doubt in chosen[:shown]:
            sheet.add_row(
                Text(marks.ids[doubt.row]), Text(f"{doubt.label} {doubt.heading}"), _percent(doubt.score),
                _percent(doubt.typical), _percent(doubt.prior), _neighbours(doubt),
            )  # fmt: skip
        parts.append(sheet)
    return Group(*parts)


def doubts_section(doubts: Sequence[Doubt], marks: Marks, images: Path | str) -> Markup:
    """Return the first doubts of each kind, with the images of their marks, as a part of a page."""
    cards = []
    for kind, title in _TITLES.items():
        chosen = [doubt for doubt in doubts if doubt.kind == kind][:ON_PAGE]
        rows = [
            (
                _picture(Path(images) / marks.images[doubt.row]),
                Markup(f"{html.strong(f'{doubt.label} {doubt.heading}')}<br/>{html.text(marks.ids[doubt.row])}"),
                "; ".join(marks.codes[doubt.row]),
                _percent(doubt.score),
                _percent(doubt.typical),
                _percent(doubt.prior),
                _neighbours(doubt),
            )
            for doubt in chosen
        ]
        head = ("image", "code in doubt, mark", "codes on it", "score", "typical", "prior", "neighbours with it")
        cards.append(html.card(title, html.table(head, rows, right={3, 4, 5, 6})))
    return html.section(
        "Codes in doubt",
        *cards,
        lead="The most certain first, for a person to decide. Score: the probability of the code, from a head that did "
        "not learn from the mark. Typical: the mean score of marks that carry it. Prior: how many marks carry it.",
    )


def write_doubts(doubts: Sequence[Doubt], marks: Marks, file: TextIO) -> None:
    """Write all doubts as CSV, with an empty column for the decision."""
    table = csv.writer(file, lineterminator="\n")
    table.writerow(_COLUMNS)
    for doubt in doubts:
        numbers = (doubt.score, doubt.typical, doubt.prior, doubt.certainty)
        table.writerow([
            doubt.kind, marks.ids[doubt.row], marks.images[doubt.row], ";".join(marks.codes[doubt.row]), doubt.label,
            doubt.heading, *(f"{number:.4f}" for number in numbers),
            ";".join(marks.ids[at] for at in doubt.neighbours), doubt.agreeing if doubt.neighbours else "", "",
        ])  # fmt: skip


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _neighbours(doubt: Doubt) -> str:
    return f"{doubt.agreeing} of {len(doubt.neighbours)}" if doubt.neighbours else "–"


def _picture(path: Path) -> Markup:
    try:
        pixels = read_image(path, PICTURE)
    except ImageError as exc:
        return html.text(str(exc))
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=80)
    return html.picture(out.getvalue(), "image/jpeg", PICTURE)
