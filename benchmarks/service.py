"""Measure the service under load, against `predict_many` in one process, and then under overload.

    python benchmarks/service.py [--seconds 60]

One process serves the starter with default settings. This process is the load: several clients on the loopback
interface, each of which sends an image as soon as its last one was answered. Both share the machine's cores, and the
cost of the clients is not subtracted. `predict_many` runs in turn with the service on the same images, in a process of
its own; the result is the median ratio over the rounds. Processor time per image of each shows the cost of the service
where a busy machine blurs the ratio. For overload, four times as many clients as the queue holds images send without
pause: every request that is not answered must be refused with 503, and when they stop, the service must answer within
a second. Results: benchmarks/results/service.json.
"""

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

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
    """What a load met: seconds of each answered request, and how many answers had which status."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", type=Path, action="append", help="image to send; may be repeated")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60.0, help="of load, all rounds together")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--overload-seconds", type=float, default=10.0)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks/results/service.json")
    options = parser.parse_args()
    paths = options.image or [ROOT / "examples/sample-mark.png"]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as file:
            command = [sys.executable, "-m", "viennatag.cli", "serve", "--port", "0"]
            server = subprocess.Popen(command, stdout=file, stderr=file)
        try:
            results = asyncio.run(measure(psutil.Process(server.pid), find_port(log), paths, options))
        finally:
            server.terminate()
            server.wait(60)
    options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


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


async def put_load(port: int, images: list[bytes], clients: int, seconds: float, load: Load | None = None) -> Load:
    """Let clients send one image after the other for some seconds, each at least one."""
    load, end = load or Load(), time.perf_counter() + seconds
    await asyncio.gather(*(client(port, images[at % len(images)], end, load) for at in range(clients)))
    return load


async def client(port: int, image: bytes, end: float, load: Load) -> None:
    head = "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
    request = f"{head}Content-Length: {len(image)}\r\n\r\n".encode() + image
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent = 0.0
    try:
        while not sent or sent < end:
            sent = time.perf_counter()
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
            found = re.search(rb"content-length: (\d+)", answer)
            await reader.readexactly(int(found[1]) if found else 0)
            status = answer[9:12].decode()
            load.statuses[status] += 1
            if status == "200":
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
