"""Measure the service under load, against `predict_many` in one process, and then under overload.

    python benchmarks/service.py [--seconds 60]
    python benchmarks/service.py --hostile [--seconds 60]
    python benchmarks/service.py --store [--seconds 60]

One process serves the starter with default settings. This process is the load: several clients on the loopback
interface, each of which sends an image as soon as its last one was answered. Both share the machine's cores, and the
cost of the clients is not subtracted. `predict_many` runs in turn with the service on the same images, in a process of
its own; the result is the median ratio over the rounds. Processor time per image of each shows the cost of the service
where a busy machine blurs the ratio. For overload, four times as many clients as the queue holds images send without
pause: every request that is not answered must be refused with 503, and when they stop, the service must answer within
a second. Results: benchmarks/results/service.json.

With `--hostile`, the same clients run twice: calm, and with one request in ten hostile, which is a small file that is
expensive to decode. The result is the ratio of the 99th percentiles of good requests, for which at most 2 is wanted,
and the cost of decoding in processes against decoding in threads. Results: benchmarks/results/service-hostile.json.

With `--store`, two services run in turn, one of them with a store in SQLite and the token of a user. The result is the
ratio of processor time per image of `predict`, and what `POST /v1/marks`, which keeps each image's suggestions, costs
beside it. Results: benchmarks/results/service-store.json.
"""

import argparse
import asyncio
import json
import os
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from viennatag.images.decoding import read_framed_image
from viennatag.images.isolation import DecodeProcesses
from viennatag.service.options import ServiceOptions

ROOT = Path(__file__).parents[1]
IN_PROCESS = """
import sys, time
from pathlib import Path
from viennatag.prediction.predictor import Predictor
images = [Path(name).read_bytes() for name in sys.argv[2:]]
predictor, done = Predictor.load(), 0
list(predictor.predict_many(images * 16))  # warms up
start, busy = time.perf_counter(), time.process_time()
while time.perf_counter() - start < float(sys.argv[1]):
    found = list(predictor.predict_many([images[at % len(images)] for at in range(64)]))
    assert not any(each.error for each in found)
    done += 64
print(done / (time.perf_counter() - start), (time.process_time() - busy) / done)
"""


@dataclass
class Load:
    """What a load met: seconds of each good request that was answered, and how many answers had which status."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    hostile: Counter[str] = field(default_factory=Counter)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", type=Path, action="append", help="image to send; may be repeated")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60.0, help="of load, all rounds together")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--overload-seconds", type=float, default=10.0)
    parser.add_argument("--hostile", action="store_true", help="measure good requests beside hostile ones")
    parser.add_argument("--store", action="store_true", help="measure a service with a store beside one without")
    parser.add_argument("-o", "--out", type=Path)
    options = parser.parse_args()
    name = "service-hostile" if options.hostile else "service-store" if options.store else "service"
    options.out = options.out or ROOT / f"benchmarks/results/{name}.json"
    paths = options.image or [ROOT / "examples/sample-mark.png"]
    with tempfile.TemporaryDirectory() as folder:
        run = measure_hostile if options.hostile else measure_store if options.store else measure
        with serving(Path(folder)) as (server, port):
            results = asyncio.run(run(server, port, paths, options))
    options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[tuple[psutil.Process, int]]:
    """Yield the process of a service of the starter, and its port; its log goes to a folder."""
    log = folder / "log"
    with log.open("wb") as file:
        command = [sys.executable, "-m", "viennatag", "serve", "--port", "0", *arguments]
        server = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        yield psutil.Process(server.pid), find_port(log)
    finally:
        server.terminate()
        server.wait(60)


def in_process(paths: list[Path], seconds: float) -> tuple[float, float]:
    """Return images per second, and processor seconds per image, of `predict_many` in a fresh process."""
    command = [sys.executable, "-c", IN_PROCESS, str(seconds), *map(str, paths)]
    rate, cost = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(rate), float(cost)


def find_port(log: Path) -> int:
    for _ in range(1200):
        text = log.read_text()
        if "startup complete" in text and (found := re.search(r"http://[^\"]*:(\d+)", text)):
            return int(found[1])
        time.sleep(0.05)
    raise SystemExit(f"the service did not start:\n{log.read_text()}")


async def measure(server: psutil.Process, port: int, paths: list[Path], options: argparse.Namespace) -> dict[str, Any]:
    images, count, queue = (
        [path.read_bytes() for path in paths],
        options.seconds / options.rounds,
        ServiceOptions().queue,
    )
    await put_load(port, images, options.clients, 2.0)  # warms up
    memory = [server.memory_info().rss]
    load, seconds = Load(), 0.0
    reference, served, costs = [], [], []
    for _ in range(options.rounds):
        rate, cost = in_process(paths, count)
        reference.append(rate)
        start, before = time.perf_counter(), len(load.latencies)
        busy, generating = sum(server.cpu_times()[:2]), time.process_time()
        await put_load(port, images, options.clients, count, load)
        passed, done = time.perf_counter() - start, len(load.latencies) - before
        seconds += passed
        served.append(done / passed)
        costs.append((cost, (sum(server.cpu_times()[:2]) - busy) / done, (time.process_time() - generating) / done))
        memory.append(server.memory_info().rss)
    overload = await put_load(port, images, 4 * queue, options.overload_seconds)
    stopped = time.perf_counter()
    again = await put_load(port, images, 1, 0.0)  # one request
    recovered = time.perf_counter() - stopped
    memory.append(server.memory_info().rss)
    calm = await put_load(port, images, options.clients, 2.0)
    return {
        "cores": len(os.sched_getaffinity(0)),
        "machine_load": [round(each, 1) for each in os.getloadavg()],
        "image_bytes": [len(image) for image in images],
        "load": {
            "clients": options.clients,
            "seconds": round(seconds, 1),
            "answers": dict(load.statuses),
            "images_per_second": [round(each, 1) for each in served],
            "predict_many_images_per_second": [round(each, 1) for each in reference],
            "ratio": round(statistics.median(a / b for a, b in zip(served, reference, strict=True)), 3),
            "processor_ms_per_image": {
                name: round(1000 * statistics.median(values), 2)
                for name, values in zip(("predict_many", "service", "generator"), zip(*costs, strict=True), strict=True)
            },
            "p50_ms": round(1000 * statistics.median(load.latencies), 1),
            "p99_ms": round(1000 * statistics.quantiles(load.latencies, n=100)[98], 1),
        },
        "overload": {
            "clients": 4 * queue,
            "queue": queue,
            "seconds": options.overload_seconds,
            "answers": dict(overload.statuses),
            "recovered_after_ms": round(1000 * recovered, 1),
            "answers_afterwards": dict(again.statuses + calm.statuses),
        },
        "memory_mb_at_start_after_each_round_and_after_overload": [each >> 20 for each in memory],
    }


async def measure_hostile(
    server: psutil.Process, port: int, paths: list[Path], options: argparse.Namespace
) -> dict[str, Any]:
    images = [path.read_bytes() for path in paths]
    await put_load(port, images, options.clients, 2.0)  # warms up
    calm = await put_load(port, images, options.clients, options.seconds)
    beside = await put_load(port, images, options.clients, options.seconds, hostile=hostile_files())
    p99 = {name: statistics.quantiles(load.latencies, n=100)[98] for name, load in (("calm", calm), ("beside", beside))}
    return {
        "cores": len(os.sched_getaffinity(0)),
        "machine_load": [round(each, 1) for each in os.getloadavg()],
        "clients": options.clients,
        "seconds": options.seconds,
        "answers_calm": dict(calm.statuses),
        "answers_to_good_requests": dict(beside.statuses),
        "answers_to_hostile_requests": dict(beside.hostile),
        "p99_ms": {name: round(1000 * value, 1) for name, value in p99.items()},
        "p99_ratio": round(p99["beside"] / p99["calm"], 2),
        "memory_mb": server.memory_info().rss >> 20,
        "decoding_ms": decoding_costs(images),
    }


async def measure_store(
    server: psutil.Process, port: int, paths: list[Path], options: argparse.Namespace
) -> dict[str, Any]:
    from viennatag.service.store.access import add_user
    from viennatag.service.store.database import Database

    images = [path.read_bytes() for path in paths]
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/office.db"
        database = Database(url)
        token = add_user(database, "anna", "examiner")
        database.close()
        with serving(Path(folder), "--store", url) as (other, other_port):
            kinds = {
                "without": (server, port, "", "predict"),
                "with": (other, other_port, token, "predict"),
                "marks": (other, other_port, token, "marks"),
            }
            costs: dict[str, list[float]] = {name: [] for name in kinds}
            loads = {name: Load() for name in kinds}
            for at in range(options.rounds + 1):
                for name, (process, place, shown, path) in kinds.items():
                    load, busy = Load(), sum(process.cpu_times()[:2])
                    seconds = options.seconds / options.rounds / len(kinds) if at else 2.0  # the first warms up
                    await put_load(place, images, options.clients, seconds, load, token=shown, path=path)
                    if at:
                        costs[name].append(1000 * (sum(process.cpu_times()[:2]) - busy) / len(load.latencies))
                        loads[name].statuses += load.statuses
                        loads[name].latencies += load.latencies
    return {
        "cores": len(os.sched_getaffinity(0)),
        "machine_load": [round(each, 1) for each in os.getloadavg()],
        "clients": options.clients,
        "answers": {name: dict(load.statuses) for name, load in loads.items()},
        "processor_ms_per_image": {name: round(statistics.median(each), 2) for name, each in costs.items()},
        "ratio_with_to_without": round(
            statistics.median(a / b for a, b in zip(costs["with"], costs["without"], strict=True)), 3
        ),
        "p50_ms": {name: round(1000 * statistics.median(load.latencies), 1) for name, load in loads.items()},
    }


def decoding_costs(images: list[bytes], rounds: int = 400) -> dict[str, float]:
    """Return processor milliseconds for each image, decoded in this process and in another one."""
    processes = DecodeProcesses()
    processes.frame(images[0], 160, max_crops=3)
    other = psutil.Process(processes.pids()[0])
    costs = dict.fromkeys(("thread", "process"), 0.0)
    for at in range(rounds):
        image = images[at % len(images)]
        start = time.process_time()
        read_framed_image(image, 160, max_crops=3)
        costs["thread"] += time.process_time() - start
        start = time.process_time()
        processes.frame(image, 160, max_crops=3)
        costs["process"] += time.process_time() - start
    costs["process"] += sum(other.cpu_times()[:2])
    processes.close()
    return {name: round(1000 * seconds / rounds, 2) for name, seconds in costs.items()}


def hostile_files() -> list[bytes]:
    """Return small files that are expensive to decode, or are no images."""
    rows = zlib.compressobj(9)
    large = b"".join([rows.compress(b"\0" + bytes(6300 * 3)) for _ in range(6300)]) + rows.flush()
    size = struct.pack(">IIBBBBB", 6300, 6300, 8, 2, 0, 0, 0)
    texts = [(b"zTXt", b"k%d\0\0" % at + zlib.compress(bytes(900_000), 9)) for at in range(60)]
    pngs = [
        b"\x89PNG\r\n\x1a\n"
        + b"".join(chunk(*each) for each in [(b"IHDR", size), *more, (b"IDAT", large), (b"IEND", b"")])
        for more in ([], texts)
    ]
    tags = b"".join(struct.pack("<HHII", 30_000 + at, 2, 100_000, 8) for at in range(30_000))
    tiff = b"II*\0" + struct.pack("<I", 100_008) + bytes(100_000) + struct.pack("<H", 30_000) + tags + bytes(4)
    return [scans(3000), *pngs, tiff, b"no image", scans(3000)[:-50_000]]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def scans(count: int, side: int = 6300) -> bytes:
    """Return a progressive JPEG with many scans that say nothing about many pixels."""

    def segment(marker: int, data: bytes) -> bytes:
        return b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data

    blocks = ((side + 7) // 8) ** 2
    tables = segment(0xDB, b"\0" + b"\1" * 64) + segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0")
    tables += segment(0xC4, b"\0\1" + b"\0" * 16) + segment(0xC4, b"\x10\1" + b"\0" * 15 + b"\xe0")
    runs = "".join("0" + "1" * 14 for _ in range(-(-blocks // 32_767)))
    runs += "1" * (-len(runs) % 8)
    empty = int(runs, 2).to_bytes(len(runs) // 8, "big").replace(b"\xff", b"\xff\0")
    first = segment(0xDA, b"\1\1\0\0\0\1") + bytes(-(-blocks // 8))
    return b"\xff\xd8" + tables + first + (segment(0xDA, b"\1\1\0\1\x3f\1") + empty) * count + b"\xff\xd9"


async def put_load(
    port: int,
    images: list[bytes],
    clients: int,
    seconds: float,
    load: Load | None = None,
    hostile: Sequence[bytes] = (),
    token: str = "",
    path: str = "predict",
) -> Load:
    """Let clients send one image after the other for some seconds, each at least one; one in ten may be hostile."""
    load, end = load or Load(), time.perf_counter() + seconds
    good, bad = [post(image, token, path) for image in images], [post(each, token, path) for each in hostile]
    await asyncio.gather(*(client(port, good[at % len(good)], end, load, at, bad) for at in range(clients)))
    return load


def post(image: bytes, token: str, path: str) -> bytes:
    head = f"POST /v1/{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
    head += f"Authorization: Bearer {token}\r\n" if token else ""
    return f"{head}Content-Length: {len(image)}\r\n\r\n".encode() + image


async def client(port: int, good: bytes, end: float, load: Load, number: int, bad: Sequence[bytes]) -> None:
    """Send one request after the other; one in ten is bad, if there are such."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent, count = 0.0, number
    try:
        while not sent or sent < end:
            count += 1
            is_bad = bool(bad) and count % 10 == 0
            request = bad[count // 10 % len(bad)] if is_bad else good
            sent = time.perf_counter()
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
            found = re.search(rb"content-length: (\d+)", answer)
            await reader.readexactly(int(found[1]) if found else 0)
            status = answer[9:12].decode()
            (load.hostile if is_bad else load.statuses)[status] += 1
            if status == "200" and not is_bad:
                load.latencies.append(time.perf_counter() - sent)
            if b"connection: close" in answer.lower():
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except (ConnectionError, asyncio.IncompleteReadError) as exc:
        load.statuses[type(exc).__name__] += 1
    finally:
        writer.close()


if __name__ == "__main__":
    main()
