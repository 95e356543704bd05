"""Fuzz the parsers with bytes from a coverage-guided fuzzer, starting from the sample files of the tests.

    pip install atheris
    python benchmarks/fuzz.py eu-xml tree --seconds 600     two parsers
    python benchmarks/fuzz.py all --seconds 240 --jobs 2    all parsers, two at a time

A parser may refuse bytes with an error of viennatag. Any other exception, more than ten seconds or more than 1 GB is a
finding, and the bytes that caused it are kept in the work folder. atheris (libFuzzer for Python) is no dependency of
viennatag; install it in an environment of its own. benchmarks/results/fuzz.json has the time and number of runs of each
parser over all sessions; its `finding` is that of the last session.
"""

import argparse
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import import_module
from io import BufferedReader
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/fuzz.json"
SAMPLES = ROOT / "tests/importers/samples"
SEEDS = {
    "eu-xml": ("eu.xml",),
    "st96": ("st96.xml",),
    "kipris": ("kipris-search.xml", "kipris-detail.xml"),
    "uspto": ("uspto.xml",),
    "l3d": ("results.json",),
    "trademarks2020": ("trademarks2020.json",),
    "tmview": ("tmview.csv", "tmview.json", "euipo-search.json"),
    "brazil": (),
    "madrid": (),
    "us-table": (),
    "ca-table": (),
    "coco": ("coco.json",),
    "label-studio": ("label-studio.json",),
    "cvat": ("cvat.xml",),
    "voc": ("voc.xml",),
    "one-hot": ("one-hot.csv",),
    "hf-parquet": (),
    "zip": (),
    "codes": (),
    "classification": (),
    "tree": (),
    "marks.csv": ("one-hot.csv",),
    "marks.jsonl": (),
    "marks.parquet": (),
    "labels.csv": ("one-hot.csv",),
    "labels.jsonl": (),
    "drawing": (),
    "image": (),
}
"""The parsers, and the samples that each starts from besides those made in `made_seeds`."""
_WORDS = re.compile(rb"[A-Za-z_][\w:.-]{2,40}|\"[^\"\n]{1,30}\"|</?\w+")


def made_seeds(target: str) -> list[bytes]:
    """Return small valid inputs of the formats that are not text."""
    if target in {"hf-parquet", "marks.parquet"}:
        import pyarrow
        from pyarrow import parquet

        picture = {"bytes": b"\x89PNG\r\n\x1a\n", "path": "x.png"}
        images: list[Any] = ["a.png", "b.png"] if target == "marks.parquet" else [picture, picture]
        table = pyarrow.table({"image": images, "codes": [["3.1.6"], ["27.5.1", "29.1.1"]], "id": ["1", "2"]})
        found = []
        for compression in ("none", "snappy"):
            out = io.BytesIO()
            parquet.write_table(table, out, compression=compression)
            found.append(out.getvalue())
        return found
    if target == "zip":
        found = []
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA):
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w", method) as archive:
                archive.write(SAMPLES / "eu.xml", "a/eu.xml")
            found.append(out.getvalue())
        return found
    if target == "image":
        from PIL import Image

        picture_ = Image.new("RGB", (9, 7), "red")
        found = []
        for name in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM"):
            out = io.BytesIO()
            picture_.save(out, name)
            found.append(out.getvalue())
        return found
    return {
        "codes": [b"3.1.6; 03.01.06|030106 A3.1.16", b"CFE(5) 26.4.3,5", b"(531) 27 05 01"],
        "brazil": [
            b'<revista><processo numero="1"><classes-vienna edicao="4"><classe-vienna codigo="3.1.6"/></classes-vienna>'
            b"</processo></revista>"
        ],
        "madrid": [b'<MARKGR INTREGN="1"><VIENNAGR><VIECLAI>03.01</VIECLAI><VIECLA3>06</VIECLA3></VIENNAGR></MARKGR>'],
        "us-table": [b"serial_no,design_search_cd\n1,030106\n1,261721\n"],
        "ca-table": [b"Application Number|Vienna Code\n1|3.1.6\n1|27.5.1\n"],
        "labels.csv": [b"image,labels,split\na.png,\"['cat', 'dog']\",train\nb.png,cat;dog,val\nc.png,nan,test\n"],
        "labels.jsonl": [b'{"image": "a", "labels": ["cat", {"name": "dog"}]}\n{"image": "b", "labels": "cat,dog"}\n'],
        "drawing": [
            b'<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE svg [<!ENTITY a "b">]><svg viewBox="0 0 24 12">'
            b'<image href="a.png"/><circle cx="12" cy="6" r="5"/></svg>'
        ],
        "marks.csv": [b"image,codes,id,group,split,weight\na.png,3.1.6;27.5.1,1,g,train,2\n"],
        "marks.jsonl": [b'{"image": "a.png", "codes": ["3.1.6"], "weight": 2}\n{"image": "b", "codes": "27.5.1"}\n'],
        "classification": [
            b'<vienna xml:lang="en"><category id="1" text="Sky"><division id="1.1"><text xml:lang="fr-CH">Astres</text>'
            b'<section id="1.1.1">Stars<note>x</note></section><auxiliary id="A1.1.2"/></division></category></vienna>'
        ],
        "tree": [b"code\tauxiliary\ten\tfr\n1\t\tSky\tCiel\n1.1.2\tyes\tOne star\t\n"],
    }.get(target, [])


def parser(target: str, scratch: Path) -> Callable[[bytes], None]:
    """Return a function that brings bytes through one parser as an import or a command would."""
    from viennatag.data.documents import Document, list_documents
    from viennatag.data.marks import read_marks
    from viennatag.data.source_files import list_source_files
    from viennatag.images.containers import image_ending
    from viennatag.images.reading import read_image
    from viennatag.importers import FORMATS
    from viennatag.importers.image_files import plain_name
    from viennatag.importers.record import vienna_codes
    from viennatag.vienna.classification import read_classification, read_tree_file
    from viennatag.vienna.codes import parse_codes

    def write(data: bytes, ending: str) -> Path:
        path = scratch / f"in{ending}"
        path.write_bytes(data)
        return path

    def consume(name: str, document: Document) -> None:
        for record in FORMATS[name].read(document):
            vienna_codes(record.codes)
            plain_name(record.image)
            image_ending(record.content or b"")

    def archive(data: bytes) -> None:
        for part in list_source_files(write(data, ".zip"), (".xml",), zipped=True):
            for document in list_documents(part, (".xml",), zipped=True, on_read=lambda _: None):
                consume("eu-xml", document)

    if target in FORMATS:
        return lambda data: consume(target, Document("d", lambda: BufferedReader(io.BytesIO(data))))
    if target.startswith("marks"):
        return lambda data: void(read_marks(write(data, Path(target).suffix), skip_bad=True))
    if target.startswith("labels"):
        return lambda data: void(read_marks(write(data, Path(target).suffix), taxonomy="flat", skip_bad=True))
    return {
        "drawing": lambda data: void(read_image(data, 64)),
        "zip": archive,
        "codes": lambda data: void(
            (vienna_codes([data.decode("utf-8", "replace")]), parse_codes(data.decode("latin-1")))
        ),
        "classification": lambda data: void(read_classification(write(data, ".xml"))),
        "tree": lambda data: void(read_tree_file(write(data, ".tsv"))),
        "image": lambda data: void(read_image(data, 64)),
    }[target]


def void(_: object) -> None:
    """Do nothing with a value."""


def fuzz(target: str, seconds: int, work: Path) -> None:
    """Fuzz one parser in this process, which ends with it."""
    atheris = import_module("atheris")
    from viennatag.errors import ViennatagError

    folder = work / target
    seeds, corpus = folder / "seeds", folder / "corpus"
    for each in (seeds, corpus):
        each.mkdir(parents=True, exist_ok=True)
    starts = [*((SAMPLES / name).read_bytes() for name in SEEDS[target]), *made_seeds(target)]
    for at, data in enumerate(starts):
        (seeds / f"{at:02}").write_bytes(data)
    words = {word for data in starts for word in _WORDS.findall(data) if word.isascii()}
    escaped = ("".join(f"\\x{byte:02x}" for byte in word) for word in sorted(words)[:500])
    (folder / "words").write_text("".join(f'"{word}"\n' for word in escaped), encoding="ascii")
    with tempfile.TemporaryDirectory() as scratch:
        with atheris.instrument_imports(include=["viennatag"]):
            parse = parser(target, Path(scratch))

        def one(data: bytes) -> None:
            with suppress(ViennatagError):
                parse(data)

        options = [f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=1024", "-max_len=20000"]
        options += [f"-dict={folder / 'words'}", f"-artifact_prefix={folder}/", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *options, str(corpus), str(seeds)], one)
        atheris.Fuzz()


def run(target: str, seconds: int, work: Path) -> dict[str, Any]:
    """Fuzz one parser in a process of its own; return what came of it."""
    log = work / f"{target}.log"
    command = [sys.executable, __file__, target, "--seconds", str(seconds), "--work", str(work), "--alone"]
    with log.open("wb") as out:
        status = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False).returncode
    text = log.read_text(encoding="utf-8", errors="replace")
    done = re.search(r"stat::number_of_executed_units: (\d+)", text)
    covered = re.findall(r"cov: (\d+)", text)
    found = {
        "seconds": seconds,
        "runs": int(done[1]) if done else 0,
        "covered": int(covered[-1]) if covered else 0,
        "finding": bool(status),
    }
    print(target, found, flush=True)
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("targets", nargs="+", choices=(*SEEDS, "all"))
    options.add_argument("--seconds", type=int, default=600)
    options.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options.add_argument("--work", type=Path, default=ROOT / "work/fuzz", help="where inputs and findings are kept")
    options.add_argument("--alone", action="store_true", help="fuzz one parser in this process, write no results")
    chosen = options.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    if chosen.alone:
        fuzz(chosen.targets[0], chosen.seconds, chosen.work)
        return
    targets = list(SEEDS) if "all" in chosen.targets else chosen.targets
    with ThreadPoolExecutor(chosen.jobs) as pool:
        found = list(pool.map(lambda target: run(target, chosen.seconds, chosen.work), targets))
    before = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    for target, session in zip(targets, found, strict=True):
        past = before.get(target, {"seconds": 0, "runs": 0})
        before[target] = {**session, **{name: past[name] + session[name] for name in ("seconds", "runs")}}
    RESULTS.write_text(json.dumps(before, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
