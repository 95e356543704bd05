"""Write rows of marks as they come, so that a table of any size needs little memory."""

import csv
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from viennatag.errors import require
from viennatag.files import atomic_file
from viennatag.importers.staging import StagedRow

COLUMNS = ("image", "codes", "id", "edition")
_BATCH = 10_000


def write_rows(rows: Iterator[StagedRow], path: Path) -> None:
    """Write rows whole or not at all, in the format of the file ending."""
    records = ((image, codes.split("\n"), number, edition) for number, image, codes, edition in rows)
    with atomic_file(path) as temporary:
        if path.suffix.lower() == ".parquet":
            _write_parquet(records, temporary)
            return
        with temporary.open("w", encoding="utf-8", newline="") as file:
            if path.suffix.lower() == ".jsonl":
                lines = (dict(zip(COLUMNS, record, strict=True)) for record in records)
                file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
                return
            table = csv.writer(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", lineterminator="\n")
            table.writerow(COLUMNS)
            table.writerows((image, ";".join(codes), number, edition) for image, codes, number, edition in records)


def _write_parquet(records: Iterator[tuple[str, list[str], str, str]], path: Path) -> None:
    arrow = require("pyarrow", "data")
    text = arrow.string()
    schema = arrow.schema(list(zip(COLUMNS, (text, arrow.list_(text), text, text), strict=True)))
    with require("pyarrow.parquet", "data").ParquetWriter(path, schema) as writer:
        while batch := list(islice(records, _BATCH)):
            columns = dict(zip(COLUMNS, zip(*batch, strict=True), strict=True))
            writer.write_table(arrow.table(columns, schema=schema))
