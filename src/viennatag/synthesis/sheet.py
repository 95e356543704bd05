"""Contact sheets: many marks in one image with their codes, to check them before training."""

import csv
from pathlib import Path

from PIL import Image, ImageDraw

from viennatag.errors import DataError
from viennatag.files import atomic_file

_CELL, _LINE, _LINES = 180, 12, 3


def draw_sheet(folder: Path | str, out: Path | str, *, count: int = 64, columns: int = 8) -> None:
    """Write a PNG of at most `count` marks that `draw_marks` drew into a folder, with their codes.

    They are sampled evenly from the table, and stand `columns` side by side.

    Raises:
        DataError: If the folder holds no marks.
    """
    folder = Path(folder)
    try:
        with (folder / "marks.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError as exc:
        raise DataError(f"{folder}: no marks.csv in it; draw marks there first") from exc
    if not rows:
        raise DataError(f"{folder / 'marks.csv'}: no marks in it")
    count = min(count, len(rows))
    chosen = [rows[index * len(rows) // count] for index in range(count)]
    high = _CELL + _LINE * _LINES
    sheet = Image.new("RGB", (columns * _CELL, -(-len(chosen) // columns) * high), "#d8d8d8")
    pen = ImageDraw.Draw(sheet)
    for index, row in enumerate(chosen):
        left, top = index % columns * _CELL, index // columns * high
        with Image.open(folder / row["image"]) as file_image:
            image = file_image.convert("RGB")
            image.thumbnail((_CELL - 8, _CELL - 8))
            sheet.paste(image, (left + 4 + (_CELL - 8 - image.width) // 2, top + 4 + (_CELL - 8 - image.height) // 2))
        for line, text in enumerate(_wrapped(row["codes"].split(";"))):
            pen.text((left + 4, top + _CELL + line * _LINE - 2), text, fill="black")
    with atomic_file(Path(out)) as temporary:
        sheet.save(temporary, "PNG")


def _wrapped(codes: list[str], *, width: int = 29) -> list[str]:
    lines = [""]
    for code in codes:
        if len(lines[-1]) + len(code) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {code}".strip()
    return lines[:_LINES]
