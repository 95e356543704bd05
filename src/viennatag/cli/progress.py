"""Show how far long work is: bars in a terminal, a line now and then anywhere else."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_BAR = 10
"""Columns of a bar; with the name of a stage and its numbers it fits into 80."""


@contextmanager
def show_progress(wanted: bool = True) -> Iterator[Callable[[str, int, int, str], None]]:
    """Yield a function that shows on stderr how far each stage is: a bar, or in a file or pipe a line now and then."""
    if not wanted:
        yield lambda *_: None
        return
    if not sys.stderr.isatty():
        yield _line_reporter()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Column

    bars: dict[str, Any] = {}
    name = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True))
    remark_text = TextColumn("{task.fields[remark]}", markup=False, table_column=Column(ratio=1, no_wrap=True))
    columns = (BarColumn(bar_width=_BAR), MofNCompleteColumn(), TimeRemainingColumn(elapsed_when_finished=True))
    with Progress(name, *columns, remark_text, console=Console(stderr=True), expand=True) as progress:

        def report(stage: str, done: int, total: int, remark: str) -> None:
            if stage not in bars:
                bars[stage] = progress.add_task(stage, total=total, remark=remark)
            progress.update(bars[stage], completed=done, total=total, remark=remark)

        yield report


def _line_reporter(every: float = 30.0) -> Callable[[str, int, int, str], None]:
    """Return a function that writes a line when a stage ends, and at intervals while it lasts."""
    last: dict[str, float] = {}

    def report(stage: str, done: int, total: int, remark: str) -> None:
        now = time.monotonic()
        if done >= total or now - last.setdefault(stage, now) >= every:
            last[stage] = now
            print(f"{stage}: {done:,} of {total:,}" + (f", {remark}" if remark else ""), file=sys.stderr, flush=True)

    return report
