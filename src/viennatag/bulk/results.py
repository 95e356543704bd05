"""Write the results of a shard, and count the failures of all shards."""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from viennatag.bulk.writing import writing
from viennatag.errors import require
from viennatag.files import atomic_file, safe_cells

_ROWS = 1_000
"""Rows of a shard that are held before they are written."""
_NUMBERS = re.compile(r"\d[\d.,]*")


def write_shard(rows: Iterable[Mapping[str, Any]], path: Path, *, grouped: bool = False) -> None:
    """Write the results of a shard whole or not at all, as Parquet or JSONL, which the ending of `path` tells.

    A row has `image`, and either `error` or `suggestions`, where asked for `scores`, and for a blank image a `note`.
    Suggestions have a `group` in Parquet if labels are `grouped`, in JSONL where their label has one.

    Raises:
        BulkError: If it cannot be written.
    """
    with writing(path), atomic_file(path) as temporary:
        if path.suffix == ".jsonl":
            with temporary.open("w", encoding="utf-8") as file:
                file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        else:
            _write_parquet(iter(rows), temporary, grouped=grouped)


def _write_parquet(rows: Iterator[Mapping[str, Any]], path: Path, *, grouped: bool) -> None:
    arrow = require("pyarrow", "bulk")
    parquet = require("pyarrow.parquet", "bulk")
    text = arrow.string()
    score = [("code", text), ("score", arrow.float32())]
    suggestion = [*score, ("level", text), ("above_threshold", arrow.bool_()), *([("group", text)] if grouped else [])]
    lists = [("suggestions", suggestion), ("scores", score)]
    columns = [(name, arrow.list_(arrow.struct(fields))) for name, fields in lists]
    schema = arrow.schema([("image", text), ("error", text), *columns, ("note", text)])
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        while chunk := list(islice(rows, _ROWS)):
            writer.write_table(arrow.Table.from_pylist(chunk, schema=schema))


def read_errors(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the images of a shard that could not be read, each with its error."""
    if path.suffix == ".jsonl":
        with path.open(encoding="utf-8") as file:
            for line in file:
                if '"error":' in line:
                    row = json.loads(line)
                    if "error" in row:
                        yield row["image"], row["error"]
        return
    parquet = require("pyarrow.parquet", "bulk")
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=["image", "error"]):
            failed = batch.filter(batch["error"].is_valid())
            yield from zip(failed["image"].to_pylist(), failed["error"].to_pylist(), strict=True)


def write_failures(failures: Iterable[tuple[str, str, int]], path: Path) -> tuple[int, tuple[tuple[str, int], ...]]:
    """Write failures as CSV; return the number of images, and counts by reason, the most frequent first.

    A failure is an image or shard, its error, and the number of its images.
    """
    reasons: Counter[str] = Counter()
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["image", "error", "images"])
        for image, error, count in failures:
            table.writerow(safe_cells([image, error, count]))
            reasons[_NUMBERS.sub("N", error)] += count  # otherwise each truncated file is a reason of its own
    return reasons.total(), tuple(reasons.most_common())
