"""Measure the import of a large register: time, peak memory and resuming after an interruption.

    python benchmarks/registers.py --marks 1000000

Marks are generated in the format of EU open data, one file each with goods in 23 languages, which are most of a real
file, in ZIP archives of 5,000. Peak memory is that of a process that only imports.
Results: benchmarks/results/registers.json.
"""

import argparse
import json
import platform
import resource
import sys
import tempfile
import time
import zipfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from viennatag.importers import import_marks
from viennatag.vienna.codes import Code, vienna_tree

RESULTS = Path(__file__).parent / "results" / "registers.json"
LANGUAGES = (
    "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "ga", "hr", "hu", "it", "lt", "lv", "mt", "nl", "pl",
    "pt", "ro", "sk", "sl",
)  # fmt: skip
PER_ARCHIVE = 5_000
CODED = 0.44
"""Share of marks with codes: 364 of 824 files of the register."""


def main() -> None:
    """Generate, import, interrupt and go on; print the figures and write them."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--marks", type=int, default=50_000)
    options.add_argument("--goods", type=int, default=60, help="characters of goods and services in each language")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = time.perf_counter()
        size, codes = generate(folder / "delivery", chosen.marks, chosen.goods)
        print(f"generated {chosen.marks:,} marks, {size / 1e6:,.0f} MB of XML in {time.perf_counter() - start:.0f} s")
        figures = {
            "marks": chosen.marks,
            "xml_mb": round(size / 1e6),
            "zip_mb": round(sum(file.stat().st_size for file in (folder / "delivery").iterdir()) / 1e6),
            **alone(folder / "delivery", folder / "marks.csv"),
            "resumed": interrupted(folder / "delivery", folder / "again.csv"),
        }
        figures["all_codes_came_out"] = codes == sum(
            line.split(",")[1].count(";") + 1 for line in (folder / "marks.csv").open() if "JPG" in line
        )
        figures["same_after_interruption"] = (folder / "marks.csv").read_bytes() == (folder / "again.csv").read_bytes()
    print(json.dumps(figures, indent=2))
    setting = {"python": platform.python_version(), "machine": platform.machine(), "processes": 1}
    RESULTS.write_text(json.dumps({"setting": setting, "measured": figures}, indent=2) + "\n", encoding="utf-8")


def generate(folder: Path, marks: int, goods: int) -> tuple[int, int]:
    """Write archives of marks; return the bytes of XML and how many codes they hold."""
    folder.mkdir()
    random = np.random.default_rng(0)
    sections = [code for code in vienna_tree().headings if code.section]
    texts = "".join(
        f'<GoodsServicesDescription languageCode="{language}">{"Облекло; clothing, " * (goods // 19)}'
        "</GoodsServicesDescription>"
        for language in LANGUAGES
    )
    size = count = 0
    for first in range(0, marks, PER_ARCHIVE):
        with zipfile.ZipFile(folder / f"{first:08}.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for number in range(first, min(first + PER_ARCHIVE, marks)):
                chosen: list[Code] = []
                if random.random() < CODED:
                    picked = random.choice(len(sections), size=1 + random.poisson(2.2), replace=False)
                    chosen = [sections[at] for at in picked]
                text = document(number, chosen, texts).encode()
                size += len(text)
                count += len(chosen)
                archive.writestr(f"{number:09}.xml", text)
    return size, count


def document(number: int, codes: list[Code], goods: str) -> str:
    """Return one mark as EU open data."""
    padded = (".".join(f"{number:02d}" for number in code if number) for code in codes)
    coded = "".join(f"<CategoryCode>{code}</CategoryCode>" for code in padded)
    image = (
        f"<MarkImageDetails><MarkImage><MarkImageURI>file://{number:09}.JPG</MarkImageURI><MarkImageCategory>"
        f"<CategoryCodeDetails>{coded}</CategoryCodeDetails></MarkImageCategory></MarkImage></MarkImageDetails>"
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Transaction xmlns="http://euipo.europa.eu/trademark/data">'
        "<TradeMarkTransactionBody><TransactionContentDetails><TransactionData><TradeMarkDetails>"
        f'<TradeMark operationCode="Insert"><ApplicationNumber>{number:09}</ApplicationNumber>'
        f"{image if codes else ''}<GoodsServicesDetails>{goods}</GoodsServicesDetails></TradeMark>"
        "</TradeMarkDetails></TransactionData></TransactionContentDetails></TradeMarkTransactionBody></Transaction>"
    )


def alone(source: Path, out: Path) -> dict[str, Any]:
    """Return the figures of an import in a process of its own."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measured, source, out).result()


def measured(source: Path, out: Path) -> dict[str, Any]:
    """Return how long an import took and the peak memory of this process."""
    start = time.perf_counter()
    summary = import_marks("eu-xml", source, out)
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return {
        "with_codes": summary.with_codes,
        "seconds": round(time.perf_counter() - start, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit),
    }


def interrupted(source: Path, out: Path) -> int:
    """Stop an import half way, call it again, and return how many archives it did not read again."""

    def stop(done: int, total: int) -> None:
        if done * 2 > total:
            raise KeyboardInterrupt

    try:
        import_marks("eu-xml", source, out, progress=stop)
    except KeyboardInterrupt:
        return import_marks("eu-xml", source, out).resumed
    return 0


if __name__ == "__main__":
    main()
