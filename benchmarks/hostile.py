"""Run 500 hostile images, archives, tables, bundles and indexes through the commands and the service.

    python benchmarks/hostile.py [--all] [--only KIND] [--seed SEED]

There are 200 images, 80 archives, 100 tables, 80 bundles and 40 indexes, and for each kind the commands that read it.
Things and commands are paired in turn, so that each command meets things of every sort, but those that train only few;
with `--all` each thing goes through each command. The service is sent every image and archive, and a good image after
each.

Besides what a command takes for a good thing, a hostile one may cost 10 s of processor time; all may take 1 GB of
resident memory in a process. What needs more, is ended by a signal, or prints a traceback is listed, and the script
then exits with 1. Results: benchmarks/results/hostile.json.
"""

import argparse
import atexit
import contextlib
import gzip
import hashlib
import http.client
import io
import json
import os
import random
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
import traceback
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

import psutil
from PIL import Image

import viennatag.bulk
import viennatag.cli
import viennatag.cli.options
import viennatag.prediction.predictor
from viennatag.model.bundle import STARTER_FOLDER

ROOT = Path(__file__).parents[1]
SECONDS, MEGABYTES = 10, 1000
PATIENCE = 2.0
"""Seconds of processor time within which the service answers a good request beside a hostile one."""
TRAINING = ("train", "update", "compare", "quantize")
"""Commands that take several seconds for a good thing too."""
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM")
GOOD = "good/marks.csv --images good"
COMMANDS = {
    "images": (
        "predict image.png --top 1", "predict image.png --top 1 --explain heat", "bulk mixed -o out --format jsonl",
        "inspect mixed/marks.csv --images mixed", "split mixed/marks.csv -o out --images mixed --skip-bad",
        "index ./whole mixed/marks.csv --images mixed --out out --skip-bad",
        "evaluate ./whole mixed/marks.csv --images mixed --skip-bad", "export mixed -o out --to coco --model ./whole",
        "suggest-labels ./whole mixed -o out.csv", "quantize ./whole mixed/marks.csv --images mixed -o out --skip-bad",
        "train mixed/marks.csv --images mixed -o out --backbone bundle:./whole --preset fast --skip-bad",
        "update ./whole mixed/marks.csv --images mixed -o out --skip-bad",
        "compare mixed/marks.csv --images mixed --backbone bundle:./whole --strategies as-is --seeds 1 --skip-bad",
        "import class-folders folders -o out.csv",
    ),
    "archives": ("bulk archive -o out --format jsonl", "import eu-xml archive -o out.csv"),
    "tables": (
        "inspect TABLE", "split TABLE -o out", "bulk TABLE --images good -o out --format jsonl",
        "index ./whole TABLE --images good --out out", "evaluate ./whole TABLE --images good",
        "export TABLE --images good -o out --to coco", "update ./whole TABLE --images good -o out",
        "train TABLE --images good -o out --backbone bundle:./whole --preset fast",
        "quantize ./whole TABLE --images good -o out", "import table TABLE -o out.csv",
        "compare TABLE --images good --backbone bundle:./whole --strategies as-is --seeds 1",
        "render -o out --artwork good --fonts good --count 2 --profile TABLE",
    ),
    "bundles": (
        "predict good.png --model ./bundle --top 1", "bulk good -o out --model ./bundle --format jsonl",
        f"evaluate ./bundle {GOOD}", f"index ./bundle {GOOD} --out out", "suggest-labels ./bundle good -o out.csv",
        "export good -o out --to coco --model ./bundle", f"update ./bundle {GOOD} -o out",
        f"quantize ./bundle {GOOD} -o out", f"train {GOOD} -o out --backbone bundle:./bundle --preset fast",
        "serve ./bundle --port 0",
    ),
    "indexes": ("predict good.png --model ./bundle --similar 5 --top 1", "serve ./bundle --port 0"),
}  # fmt: skip
"""By kind of hostile thing, the commands that read it; TABLE is the table."""


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
    makers: tuple[Callable[[], bytes], ...] = (
        lambda: png(8900, 8900, depth=16, colour=0),
        lambda: png(1, 79_000_000, colour=0),
        lambda: png(79_000_000, 1, colour=0),
        lambda: png(8900, 8900),
        lambda: png(8900, 8900, colour=6),
        lambda: png(64, 64, extra=chunk(b"prVt", b"") * 1_600_000),
        lambda: png(64, 64, extra=b"".join(chunk(b"tEXt", b"k%d\0v" % at) for at in range(500_000))),
        lambda: png(64, 64, extra=chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(200_000_000), 9))),
        lambda: png(64, 64, stated=2**31 - 1),
        lambda: png(64, 64, stated=1_000_000),
        lambda: png(2**20, 2, stated=2**20),
        lambda: small[:2] + b"\xff" * 19_900_000 + small[2:],
        lambda: small[:2] + b"\xff\xef\0\2" * 4_900_000 + small[2:],
        lambda: b"P6\n#" + b"a" * 19_000_000 + b"\n8 8\n255\n" + bytes(192),
        lambda: b"P2\n4000 2000\n9\n" + b"1 " * 8_000_000,
        lambda: b"",
        lambda: b"\0" * 20_000_000,
        lambda: b"GIF89a" + b"!\xfe" + b"\xff" * 19_000_000,
        lambda: b"%!PS\n" * 1000,
        lambda: b"<svg" * 100_000,
    )
    yield from (make() for make in makers)
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
        "prior", "top", "thresholds", "slope", "intercept", "max_crops", "pixel_labels",
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


def copy_starter(folder: Path) -> None:
    """Copy the bundle in the package."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(STARTER_FOLDER, folder, ignore=shutil.ignore_patterns("index"))


def things(work: Path, kind: str, chance: random.Random) -> Iterator[str]:
    """Write one hostile thing of a kind after another, and yield the name of its table, if it is one."""
    match kind:
        case "images":
            for content in images(chance):
                for name in ("image.png", "mixed/hostile.png", "folders/3.1.6/a.png"):
                    (work / name).write_bytes(content)
                yield ""
        case "archives":
            for ending, content in archives(chance):
                shutil.rmtree(work / "archive", ignore_errors=True)
                (work / "archive").mkdir()
                (work / f"archive/a.{ending}").write_bytes(content)
                yield ""
        case "tables":
            for ending, content in tables(chance):
                (work / f"table.{ending}").write_bytes(content)
                yield f"table.{ending}"
        case _:
            whole = work / ("starter" if kind == "bundles" else "indexed")
            for change in bundles(chance) if kind == "bundles" else indexes(chance):
                shutil.rmtree(work / "bundle", ignore_errors=True)
                shutil.copytree(whole, work / "bundle")
                change(work / "bundle" if kind == "bundles" else work / "bundle/index")
                yield ""


def prepare(work: Path) -> None:
    """Write the good things that commands read beside a hostile one."""
    (work / "good.png").write_bytes(picture("PNG"))
    for name in ("starter", "whole", "indexed", "bundle"):
        copy_starter(work / name)
    for folder in ("good", "mixed", "archive", "folders/3.1.6"):
        (work / folder).mkdir(parents=True)
    rows = [f"{at:03}.png,{('3.1.6', '26.1.1', '27.5.1')[at % 3]}\n" for at in range(60)]
    for at in range(60):
        Image.effect_noise((64, 64), 10 + at).save(work / f"good/{at:03}.png")
        shutil.copy(work / f"good/{at:03}.png", work / "mixed")
    (work / "good/marks.csv").write_text("image,codes\n" + "".join(rows))
    (work / "mixed/marks.csv").write_text("image,codes\nhostile.png,3.1.6\n" + "".join(rows))
    for name in ("image.png", "mixed/hostile.png", "folders/3.1.6/a.png", "archive/a.png"):
        shutil.copy(work / "good.png", work / name)
    made = run(f"index ./indexed {GOOD}", work)
    if not (work / "indexed/index").is_dir():
        raise SystemExit(f"the index could not be made: {made.wrong}")
    shutil.copytree(work / "indexed/index", work / "bundle/index")


@dataclass(frozen=True)
class Run:
    """What a command took, in seconds of processor time and megabytes of a process, and what was wrong."""

    seconds: float
    megabytes: float
    wrong: str


def run(command: str, work: Path) -> Run:
    """Run a command in a fork of this process, which has its imports; one that serves is stopped once it is ready."""
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        child = os.fork()
        if not child:
            become(command, work, log.fileno())
        if command.startswith("serve"):
            stop_when_ready(child, log)
        _, status, used = os.wait4(child, 0)
        log.seek(0)
        output = log.read()
    for name in ("out", "heat"):
        shutil.rmtree(work / name, ignore_errors=True)
    (work / "out.csv").unlink(missing_ok=True)
    code = os.waitstatus_to_exitcode(status)
    wrong = [f"status {code}"] if code not in {0, 1, 2, 128 + signal.SIGTERM, -signal.SIGTERM} else []
    wrong += ["a traceback: " + output.strip().splitlines()[-1]] if "Traceback (most recent call" in output else []
    return Run(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, ", ".join(wrong))


def become(command: str, work: Path, log: int) -> NoReturn:
    """Be the command, in a process that was forked for it."""
    code = 1
    try:
        os.chdir(work)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.environ["XDG_CACHE_HOME"] = str(work / "cache")
        resource.setrlimit(resource.RLIMIT_CPU, (10 * SECONDS, 10 * SECONDS))
        sys.argv = ["viennatag", *command.split()]
        viennatag.cli.main()
        code = 0
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else exc.code is not None
    except BaseException:  # what a process prints that ends with it
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        atexit._run_exitfuncs()  # ends the processes that decode, so that their time counts
        os._exit(code)


def stop_when_ready(child: int, log: IO[str]) -> None:
    """End a service that has started; one that refused to start has ended by itself."""
    while not os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        if "startup complete" in os.pread(log.fileno(), 1 << 20, 0).decode(errors="replace"):
            os.kill(child, signal.SIGTERM)
            return
        time.sleep(0.05)


def paired(commands: Sequence[str], at: int) -> list[str]:
    """Return the commands that meet a thing: each in turn, and one that trains at every fiftieth thing."""
    slow = [command for command in commands if command.startswith(TRAINING)]
    others = [command for command in commands if command not in slow]
    return [others[at % len(others)], *([slow[at // 50 % len(slow)]] if slow and at % 50 == 3 else [])]


def run_commands(work: Path, kind: str, *, each: bool, chance: random.Random) -> dict[str, Any]:
    """Return what the commands took at most for hostile things of a kind, above what a good one takes."""
    commands, good = COMMANDS[kind], "good/marks.csv"
    usual = {command: run(command.replace("TABLE", good), work) for command in commands}
    found = {command: {"runs": 0, "seconds": 0.0, "megabytes": 0.0} for command in commands}
    beyond: list[str] = []
    for at, table in enumerate(things(work, kind, chance)):
        for command in commands if each else paired(commands, at):
            shutil.rmtree(work / "cache", ignore_errors=True)
            took, counts = run(command.replace("TABLE", table), work), found[command]
            seconds = max(0.0, took.seconds - usual[command].seconds)
            counts["runs"] += 1
            counts["seconds"] = max(counts["seconds"], round(seconds, 1))
            counts["megabytes"] = max(counts["megabytes"], round(took.megabytes))
            wrong = [took.wrong] if took.wrong else []
            wrong += [f"{seconds:.1f} s"] if seconds > SECONDS else []
            wrong += [f"{took.megabytes:.0f} MB"] if took.megabytes > MEGABYTES else []
            if wrong:
                beyond.append(f"{kind} {at}: viennatag {command}: {', '.join(wrong)}")
                print(beyond[-1], flush=True)
    return {"commands": found, "beyond": beyond}


def run_service(work: Path, seed: int) -> dict[str, Any]:
    """Return how a service answered every image and archive, and a good image after each."""
    chance = random.Random(seed)
    bodies = [*images(chance), *(content for _, content in archives(chance))]
    arguments = [sys.executable, "-m", "viennatag", "serve", "starter", "--port", "0"]
    beyond, statuses, slowest, good = [], Counter[str](), 0.0, picture("PNG")
    with (work / "log").open("w+") as log, subprocess.Popen(arguments, stdout=log, stderr=log) as server:
        watched, most = psutil.Process(server.pid), 0
        while not (found := re.search(r"http://[^\"]*:(\d+)", (work / "log").read_text())):
            time.sleep(0.1)
        try:
            for at, body in enumerate(bodies):
                status = post(int(found[1]), body)
                statuses[status] += 1
                if status not in {"200", "413", "415", "422", "503"}:
                    beyond.append(f"{at}: answered with {status}")
                before = processor_seconds(watched)
                if post(int(found[1]), good) != "200":
                    beyond.append(f"{at}: a good image afterwards is not answered")
                slowest = max(slowest, processor_seconds(watched) - before)
                with contextlib.suppress(psutil.NoSuchProcess):
                    most = max(most, *(each.memory_info().rss for each in (watched, *watched.children(recursive=True))))
        finally:
            server.terminate()
    beyond += [f"{slowest:.1f} s for a good image"] if slowest > PATIENCE else []
    beyond += [f"{most >> 20} MB"] if most >> 20 > MEGABYTES else []
    return {
        "requests": len(bodies), "answers": dict(statuses), "megabytes": most >> 20,
        "seconds_of_a_good_image": round(slowest, 2), "beyond": beyond,
    }  # fmt: skip


def processor_seconds(process: psutil.Process) -> float:
    """Return the processor time that a process took so far."""
    return float(sum(process.cpu_times()[:2]))


def post(port: int, body: bytes) -> str:
    """Return the status with which an image is answered, or the error that there was instead."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("POST", "/v1/predict?top=1", body, {"Content-Type": "image/png"})
        return str(connection.getresponse().status)
    except OSError as exc:
        return type(exc).__name__
    finally:
        connection.close()


def main() -> None:
    """Print what was beyond the limits, and write how much was run and what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="each thing through each command")
    parser.add_argument("--only", choices=(*COMMANDS, "service"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks/results/hostile.json")
    chosen = parser.parse_args()
    results: dict[str, Any] = json.loads(chosen.out.read_text()) if chosen.only and chosen.out.exists() else {}
    work = Path(tempfile.mkdtemp())  # a TemporaryDirectory would be removed when a fork ends
    try:
        prepare(work)
        for kind in [chosen.only] if chosen.only else [*COMMANDS, "service"]:
            if kind == "service":
                results[kind] = run_service(work, chosen.seed)
            else:
                results[kind] = run_commands(work, kind, each=chosen.all, chance=random.Random(chosen.seed))
            chosen.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    finally:
        shutil.rmtree(work)
    beyond = [each for found in results.values() for each in found["beyond"]]
    print(json.dumps(results, indent=1))
    sys.exit(bool(beyond))


if __name__ == "__main__":
    main()
