"""Tables that reports share."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.box import SIMPLE_HEAD
from rich.table import Table


class ReportTable(NamedTuple):
    """A table for a terminal or a page; `right` are the positions of right-aligned columns."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: set[int]


def titled_table(title: str) -> Table:
    """Return an empty table for a terminal, with its title on the left."""
    return Table(
        title=title, title_justify="left", title_style="bold", header_style="", pad_edge=False, box=SIMPLE_HEAD
    )
