"""Show how far long work is: bars in a terminal, a line now and then anywhere else."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


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
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    bars: dict[str, Any] = {}
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    stage_name, remark_text = TextColumn("{task.description:<10}"), TextColumn("{task.fields[remark]}")
    with Progress(stage_name, *columns, remark_text, console=Console(stderr=True)) as progress:

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
