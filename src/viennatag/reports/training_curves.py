"""Learning curves of a training: what was logged after each epoch, as charts.

The table is that of Lightning's `CSVLogger`: a column `epoch`, maybe `step`, and one column per figure, empty where a
row does not hold it.
"""

import csv
import math
from pathlib import Path

from viennatag.errors import DataError
from viennatag.reports import charts
from viennatag.reports.charts import Colour, Line
from viennatag.reports.pages import Chart

_COLOURS: tuple[Colour, ...] = ("blue", "amber", "red", "grey")


def training_charts(log: Path) -> list[Chart]:
    """Return a chart of the losses, and one of each other figure that was logged.

    Args:
        log: CSV table with a column `epoch`.

    Raises:
        DataError: If the table cannot be read, has no column `epoch`, or a cell is no number.
    """
    try:
        curves = _read_curves(log)
    except (OSError, UnicodeError, csv.Error) as exc:
        raise DataError(f"{log}: the table cannot be read ({exc})") from exc
    losses = {name: points for name, points in curves.items() if "loss" in name}
    panels = [("Loss", losses)] if losses else []
    panels += [(name.replace("_", " "), {name: points}) for name, points in curves.items() if name not in losses]
    return [_chart(title, found) for title, found in panels]


def _chart(title: str, found: dict[str, list[tuple[float, float]]]) -> Chart:
    colours = {name: _COLOURS[at % len(_COLOURS)] for at, name in enumerate(found)}
    lines = [
        Line(points, colours[name], [f"{name}, epoch {epoch:g}: {value:.4g}" for epoch, value in points])
        for name, points in found.items()
    ]
    legend = list(colours.items()) if len(found) > 1 else []
    return Chart(f"Training: {title}", charts.step_chart(lines, x="epoch", y=title), legend)


def _read_curves(log: Path) -> dict[str, list[tuple[float, float]]]:
    """Return the points of each figure, ascending in epochs; of several values in an epoch the last is kept."""
    curves: dict[str, dict[float, float]] = {}
    with log.open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file)
        if "epoch" not in (table.fieldnames or ()):
            raise DataError(f"{log}: there is no column `epoch`; expected the table of Lightning's CSVLogger")
        for row in table:
            try:
                epoch = float(row["epoch"])
                values = {name: float(cell) for name, cell in row.items() if cell and name not in {"epoch", "step"}}
            except (TypeError, ValueError) as exc:
                raise DataError(f"{log}, row {table.line_num}: a cell is no number ({exc})") from exc
            for name, value in values.items():
                if math.isfinite(value):
                    curves.setdefault(name, {})[epoch] = value
    return {name: sorted(points.items()) for name, points in curves.items()}
