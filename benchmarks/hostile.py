"""Run 500 hostile images, archives, tables, bundles and indexes through the commands, under limits of 10 s and 1 GB.

    python benchmarks/hostile.py [--only KIND] [--seed SEED]

Each command gets 10 s of processor time and 1 GB of resident memory. One that needs more, is ended by a signal, or
prints a traceback is listed, and the script then exits with 1.
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import random
import resource
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from viennatag.model.bundle import STARTER_FOLDER

SECONDS, MEGABYTES = 10, 1000
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM")
Case = tuple[str, list[str]]
"""What is hostile, and the arguments of the command that meets it."""


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *, depth: int = 8, colour: int = 2, extra: bytes = b"", stated: int = 0) -> bytes:
    """Return a PNG of one colour; its header may state another height than there is."""
    bits = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour] * depth
    row, packer = b"\0" + b"\x7f" * ((width * bits + 7) // 8), zlib.compressobj(9)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, stated or height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def picture(kind: str) -> bytes:
    """Return a small good image."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(buffer, kind)
    return buffer.getvalue()


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Return a file with some bytes changed, cut off or put in."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 3, 20))):
        at = chance.randrange(len(changed))
        match chance.randrange(3):
            case 0:
                changed[at] = chance.choice((0, 1, 127, 255, chance.randrange(256)))
            case 1:
                del changed[at : at + chance.choice((1, 4, 1000))]
            case _:
                changed[at:at] = chance.choice((b"\xff" * 4, b"\0" * 100, chance.randbytes(8)))
        changed = changed or bytearray(b"\0")
    return bytes(changed)


def images(chance: random.Random) -> Iterator[bytes]:
    """Yield 200 image files."""
    small = picture("JPEG")
    yield from (
        png(8900, 8900, depth=16, colour=0), png(1, 79_000_000, colour=0), png(79_000_000, 1, colour=0),
        png(8900, 8900), png(8900, 8900, colour=6), png(64, 64, extra=chunk(b"prVt", b"") * 1_600_000),
        png(64, 64, extra=b"".join(chunk(b"tEXt", b"k%d\0v" % at) for at in range(500_000))),
        png(64, 64, extra=chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(200_000_000), 9))),
        png(64, 64, stated=2**31 - 1), png(64, 64, stated=1_000_000), png(2**20, 2, stated=2**20),
        small[:2] + b"\xff" * 19_900_000 + small[2:], small[:2] + b"\xff\xef\0\2" * 4_900_000 + small[2:],
        b"P6\n#" + b"a" * 19_000_000 + b"\n8 8\n255\n" + bytes(192), b"P2\n4000 2000\n9\n" + b"1 " * 8_000_000,
        b"", b"\0" * 20_000_000, b"GIF89a" + b"!\xfe" + b"\xff" * 19_000_000, b"%!PS\n" * 1000, b"<svg" * 100_000,
    )  # fmt: skip
    good = [picture(kind) for kind in FORMATS]
    for _ in range(180):
        yield damaged(chance.choice(good), chance)


def tar_header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    """Return a header of a TAR that states any size."""
    header = tarfile.TarInfo(name)
    header.size, header.type = size, kind
    return header.tobuf(tarfile.GNU_FORMAT)


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a ZIP archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def archives(chance: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yield 80 archives, each with its ending."""
    good, zeros = picture("PNG"), bytes(100_000_000)
    whole = tar_header("a.png", len(good)) + good + bytes(-len(good) % 512)
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        yield "zip", zipped({"x.png": zeros, "good.png": good}, method)
    yield "zip", zipped({f"{at}.png": zeros[:50_000_000] for at in range(40)})
    yield "zip", zipped({"a.zip": zipped({"b.png": zeros}), "../../up.png": good, "/abs.png": good})
    for size in (2**40, 2**62, 2**31, len(good) + 1):
        yield "tar", whole + tar_header("huge.png", size) + good
        yield "tar.gz", gzip.compress(whole + tar_header("huge.png", size) + zeros, 6)
    for kind in (tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.GNUTYPE_SPARSE):
        yield "tar", whole + tar_header("x.png", 2**40, kind) + bytes(5000)
        yield "tar.gz", gzip.compress(whole + tar_header("x.png", 2**31, kind) + zeros, 6)
        yield "tar", tar_header("x", 0, kind) * 20_000
    several = {f"{at}.png": good for at in range(5)}
    for at in range(80 - 5 - 8 - 9):
        if at % 2:
            yield "zip", damaged(zipped(several), chance)
        else:
            yield "tar", damaged(whole * 4 + bytes(1024), chance)


def tables(chance: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yield 100 marks tables, each with its ending."""
    yield from (
        ("jsonl", b'{"image":"a","codes":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"),
        ("jsonl", b'{"image":"a","codes":"3.1.6","id":' + b"1" * 5000 + b"}\n"),
        ("jsonl", b'{"image":"a","codes":"3.1.6","weight":' + b"1" * 400 + b"}\n"),
        ("jsonl", b'{"image":"a\\u0000.png","codes":"3.1.6"}\n{"image":"\\ud800.png","codes":"3.1.6"}\n'),
        ("csv", b"image,codes" + b"," * 1_000_000 + b"\n" + b"a\n" * 200_000),
        ("csv", b"image,codes\n" + b'"' + b"a,3.1.6\n" * 500_000),
        ("csv", b"image,codes\n" + b"a" * 5_000_000), ("csv", b"a\n" * 1_000_000), ("csv", b"\0" * 1000), ("csv", b""),
        ("csv", b"\xff\xfe" + b"a\0" * 500_000), ("parquet", b"PAR1" + b"\xff" * 1000 + b"PAR1"),
        ("csv", b"image,codes\n=1+1,3.1.6\n"), ("csv", b"image,codes\n" + b"a.png,3.1.6;" * 200_000),
    )  # fmt: skip
    good = b"image,codes,id\n" + b"".join(b"%d.png,3.1.6;29.1.1,m%d\n" % (at, at) for at in range(50))
    for at in range(86):
        yield ("csv", "tsv", "jsonl")[at % 3], damaged(good, chance)


def bundles(chance: random.Random) -> Iterator[Callable[[Path], None]]:
    """Yield 80 ways to change the folder of a bundle."""
    values: tuple[Any, ...] = (
        float("nan"), float("inf"), -1, 0, 10**30, None, "x", [], {}, [[["x"]]], True, 10**400, "\ud800", ["\0"],
    )  # fmt: skip
    keys = (
        "schema", "taxonomy", "image_size", "precision", "training", "metrics", "files", "labels", "train_counts",
        "prior", "top", "thresholds", "slope", "intercept", "max_crops", "parent_weight", "pixel_labels",
    )  # fmt: skip

    def change(key: str, value: Any, *, first: bool) -> Callable[[Path], None]:
        def apply(folder: Path) -> None:
            found = json.loads((folder / "bundle.json").read_text())
            place = found if key in found else found["postprocessing"]
            if first and isinstance(place[key], list):
                place[key][0] = value
            else:
                place[key] = value
            (folder / "bundle.json").write_text(json.dumps(found))

        return apply

    def damage_graph(seed: int) -> Callable[[Path], None]:
        def apply(folder: Path) -> None:
            graph = damaged((folder / "model.onnx").read_bytes(), random.Random(seed))
            (folder / "model.onnx").write_bytes(graph)
            change("files", {"model.onnx": "sha256:" + hashlib.sha256(graph).hexdigest()}, first=False)(folder)

        return apply

    def nest(folder: Path) -> None:
        (folder / "bundle.json").write_text("[" * 200_000)

    yield nest
    for at in range(59):
        yield change(keys[at % len(keys)], chance.choice(values), first=chance.random() < 0.5)
    for at in range(20):
        yield damage_graph(at)


def indexes(chance: random.Random) -> Iterator[Callable[[Path], None]]:
    """Yield 40 ways to change the folder of an index; all hashes are right."""
    names = ("graph.usearch", "vectors.i8", "projections.npz", "marks.jsonl")

    def change(name: str, seed: int) -> Callable[[Path], None]:
        def apply(folder: Path) -> None:
            content = bytearray((folder / name).read_bytes())
            at = random.Random(seed).randrange(len(content))
            content[at : at + 100] = bytes([random.Random(seed).choice((0, 1, 255))]) * 100
            (folder / name).write_bytes(content)
            found = json.loads((folder / "index.json").read_text())
            found["files"][name] = "sha256:" + hashlib.sha256(content).hexdigest()
            (folder / "index.json").write_text(json.dumps(found))

        return apply

    for at in range(40):
        yield change(names[0] if at < 25 else names[at % 4], chance.randrange(10**6))


def cases(work: Path, seed: int, only: str | None) -> Iterator[Case]:
    """Write one hostile thing after another, and yield the command that meets it."""
    chance = random.Random(seed)
    (work / "good.png").write_bytes(picture("PNG"))
    if only in {None, "images"}:
        for at, content in enumerate(images(chance)):
            (work / "image.png").write_bytes(content)
            yield f"image {at}", ["predict", "image.png", "--top", "1"]
    if only in {None, "archives"}:
        for at, (ending, content) in enumerate(archives(chance)):
            (work / f"archive.{ending}").write_bytes(content)
            yield f"archive {at}", ["bulk", f"archive.{ending}", "-o", f"results-{at}", "--format", "jsonl"]
            shutil.rmtree(work / f"results-{at}", ignore_errors=True)
    if only in {None, "tables"}:
        for at, (ending, content) in enumerate(tables(chance)):
            (work / f"table.{ending}").write_bytes(content)
            yield f"table {at}", ["inspect", f"table.{ending}"]
    if only in {None, "bundles"}:
        for at, change in enumerate(bundles(chance)):
            copy_starter(work / "bundle")
            change(work / "bundle")
            yield f"bundle {at}", ["predict", "good.png", "--model", "./bundle", "--top", "1"]
    if only in {None, "indexes"}:
        copy_starter(work / "whole")
        rows = "".join(f"{at}.png,3.1.6\n" for at in range(60))
        (work / "marks.csv").write_text(f"image,codes\n{rows}")
        for at in range(60):
            Image.effect_noise((64, 64), 10 + at).save(work / f"{at}.png")
        command = [sys.executable, "-m", "viennatag.cli", "index", "./whole", "marks.csv", "--images", "."]
        subprocess.run(command, cwd=work, check=True, capture_output=True)
        for at, change in enumerate(indexes(chance)):
            shutil.rmtree(work / "bundle", ignore_errors=True)
            shutil.copytree(work / "whole", work / "bundle")
            change(work / "bundle/index")
            yield f"index {at}", ["predict", "good.png", "--model", "./bundle", "--similar", "5", "--top", "1"]


def copy_starter(folder: Path) -> None:
    """Copy the bundle in the package."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(STARTER_FOLDER, folder, ignore=shutil.ignore_patterns("index"))


def run(arguments: list[str], work: Path) -> str:
    """Run a command under the limits, and return what was wrong, empty if nothing was."""
    command = [sys.executable, "-m", "viennatag.cli", *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, cwd=work, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as child:
        limit = 3 * SECONDS  # of the process alone; what it really took is compared below
        resource.prlimit(child.pid, resource.RLIMIT_CPU, (limit, limit))
        output = child.stdout.read().decode(errors="replace") if child.stdout else ""
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    seconds, megabytes = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    wrong = [f"{seconds:.1f} s"] if seconds > SECONDS else []
    wrong += [f"{megabytes:.0f} MB"] if megabytes > MEGABYTES else []
    wrong += [f"status {child.returncode}"] if child.returncode not in {0, 1, 2} else []
    wrong += ["a traceback: " + output.strip().splitlines()[-1]] if "Traceback (most recent call" in output else []
    return ", ".join(wrong)


def main() -> None:
    """Print what was beyond the limits, and how much was run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("images", "archives", "tables", "bundles", "indexes"))
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    count = failed = 0
    with tempfile.TemporaryDirectory() as work:
        for name, arguments in cases(Path(work), chosen.seed, chosen.only):
            count += 1
            if wrong := run(arguments, Path(work)):
                failed += 1
                print(f"{name}: viennatag {' '.join(arguments)}: {wrong}", flush=True)
    print(f"{count} run, {failed} beyond {SECONDS} s, {MEGABYTES} MB, or without a clear end")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
