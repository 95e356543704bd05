"""viennatag sends nothing and leaves nothing: every command is watched from outside."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from viennatag.cli import _COMMANDS
from viennatag.model.bundle import Bundle

COMMANDS = {
    "predict": "predict marks/000.png marks/001.png --model ./bundle",
    "bulk": "bulk marks -o results --model ./bundle --format jsonl",
    "bulk on Ray": "bulk marks -o results --model ./bundle --format jsonl --address local",
    "train": "train marks/marks.csv --images marks -o new --backbone bundle:./bundle",
    "train a network": (
        "train marks/marks.csv --images marks -o new --backbone test_resnet --set pretrained=false --size 64 "
        "--finetune --epochs 1"
    ),
    "update": "update ./bundle marks/marks.csv --images marks -o new",
    "evaluate": "evaluate ./bundle marks/marks.csv --images marks",
    "inspect": "inspect marks/marks.csv --images marks --report page.html",
    "compare": "compare marks/marks.csv --images marks --strategies as-is --backbone bundle:./bundle",
    "index": "index ./bundle marks/marks.csv --images marks --out index",
    "suggest-labels": "suggest-labels ./bundle folders -o to-label.csv",
    "export": "export marks/marks.csv --images marks -o coco --to coco",
    "split": "split marks/marks.csv -o parts --images marks",
    "render": "render -o drawn --artwork artwork --fonts fonts --count 8 --size 64",
    "import": "import class-folders folders -o imported.csv",
    "tune": "tune ./bundle",
    "quantize": "quantize ./bundle marks/marks.csv --images marks -o small",
    "features": "features marks -o store --backbone bundle:./bundle",
    "team": "team add anna --store sqlite:///office.db",
    "codes": "codes show 3.1.6",
    "serve": "serve ./bundle --port 0",
}
ALLOWED = re.compile(r"home/\.cache(/viennatag(/.*)?)?")
"""What may be left in the home folder: what makes the next run faster, see `--cache`."""

_WATCHED = """
import os, socket, sys
_log = open(os.environ["VIENNATAG_TEST_LOOKUPS"], "a", buffering=1)
def watch(event, arguments):
    if event == "socket.getaddrinfo" or event in ("socket.gethostbyname", "socket.gethostbyaddr"):
        _log.write(f"look-up {arguments[0]}\\n")
    elif event == "socket.connect" and arguments[0].type & socket.SOCK_DGRAM:
        pass  # asks this system for a route; what is sent is seen below
    elif event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        _log.write(f"connect {arguments[1][0]}\\n")
sys.addaudithook(watch)
"""
_ADDRESS = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
_ROUTE = re.compile(r"^\d+ +connect\(\d+<UDP")
"""No packet leaves when a datagram socket is connected; a program learns so by which address it would leave."""
_PEER = re.compile(r"^\d+ +send\w+\(\d+<UDP(?:v6)?:\[[^>]*->\[?([\da-f.:]+?)\]?:\d+\]>")
_LOCAL = re.compile(r"127\..*|::1|::|0\.0\.0\.0|localhost|::ffff:127\..*")


@dataclass(frozen=True)
class Watched:
    """What a command was seen to do."""

    status: int
    output: str
    reached: set[str]
    left: set[str]


@pytest.fixture
def workplace(collection: Path, trained: tuple[Bundle, object], tmp_path: Path) -> Path:
    """Return a folder with marks, a bundle, artwork, and a home folder that nothing has used yet."""
    (tmp_path / "marks").mkdir()
    rows = (collection / "marks.csv").read_text().splitlines()[:61]
    (tmp_path / "marks/marks.csv").write_text("\n".join(rows) + "\n")
    for row in rows[1:]:
        shutil.copy(collection / row.partition(",")[0], tmp_path / "marks")
    shutil.copytree(trained[0].graph.parent, tmp_path / "bundle")
    shutil.copytree(Path(__file__).parent / "data/artwork/drawn", tmp_path / "artwork")
    (tmp_path / "folders/26.1.1").mkdir(parents=True)
    Image.new("RGB", (64, 64), "red").save(tmp_path / "folders/26.1.1/a.png")
    for name in ("home", "tmp", "watch", "fonts"):
        (tmp_path / name).mkdir()
    font = subprocess.run(["fc-match", "-f", "%{file}", "sans"], capture_output=True, text=True, check=False).stdout
    if font:
        shutil.copy(font, tmp_path / "fonts")
    return tmp_path


def run_watched(command: str, folder: Path) -> Watched:
    """Run a command; connections and look-ups are seen by strace where it is installed, else in Python alone."""
    (folder / "watch/sitecustomize.py").write_text(_WATCHED)
    log, trace = folder / "watch/lookups", folder / "watch/trace"
    log.touch()
    unwanted = ("ORT_", "HF_", "RAY_", "MLFLOW_", "XDG_", "VIENNATAG_", "NO_PROXY", "HTTP", "http", "CI", "TF_BUILD")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    environment |= {
        "HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"), "PYTHONPATH": str(folder / "watch"),
        "VIENNATAG_TEST_LOOKUPS": str(log), "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    viennatag = [sys.executable, "-m", "viennatag", *command.split()]
    if shutil.which("strace"):
        viennatag = [
            "strace",
            "-f",
            "-qq",
            "-o",
            str(trace),
            "-yy",
            "-e",
            "trace=connect,sendto,sendmsg,sendmmsg",
            *viennatag,
        ]
    process = subprocess.Popen(
        viennatag, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if command.startswith("serve"):
        predict_and_stop(process, folder)
    output, _ = process.communicate(timeout=900)
    seen = trace.read_text(errors="replace") if trace.exists() else ""
    sent = [line for line in seen.splitlines() if not _ROUTE.match(line)]
    reached = {first or second for line in sent for first, second in _ADDRESS.findall(line)}
    reached |= {found[1] for line in sent if (found := _PEER.match(line))}
    reached |= {line.split(maxsplit=1)[1] for line in log.read_text().splitlines()}
    left = {path.relative_to(folder).as_posix() for name in ("home", "tmp") for path in (folder / name).rglob("*")}
    own = {
        socket.gethostname(),
        *subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=False).stdout.split(),
    }
    own |= {f"::ffff:{each}" for each in own}
    return Watched(process.returncode, output, {each for each in reached if not _LOCAL.fullmatch(each)} - own, left)


def predict_and_stop(process: "subprocess.Popen[str]", folder: Path) -> None:
    assert process.stdout is not None
    address = ""
    for line in process.stdout:
        if found := re.search(r"http://[\w.:]+", line):
            address = found.group()
            break
    image = (folder / "marks/000.png").read_bytes()
    request = urllib.request.Request(f"{address}/v1/predict", image, {"Content-Type": "image/png"})
    for _ in range(100):
        try:
            assert json.load(urllib.request.urlopen(request, timeout=60))
            break
        except OSError:
            time.sleep(0.2)
    children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False).stdout
    for child in children.split() if shutil.which("strace") else [str(process.pid)]:
        os.kill(int(child), 15)


def test_every_command_is_watched() -> None:
    assert {command.split()[0] for command in COMMANDS.values()} == set(_COMMANDS)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_sends_nothing_and_leaves_nothing(name: str, workplace: Path) -> None:
    seen = run_watched(COMMANDS[name], workplace)
    assert seen.status in ({0, 143} if name == "serve" else {0}), seen.output
    assert not seen.reached, seen.output
    assert {each for each in seen.left if not ALLOWED.fullmatch(each)} == set()


@pytest.mark.slow
def test_a_cache_elsewhere_leaves_nothing_at_home(workplace: Path) -> None:
    seen = run_watched(f"{COMMANDS['train']} --cache elsewhere", workplace)
    assert seen.status == 0, seen.output
    assert seen.left == set()
    assert any(path.is_file() for path in (workplace / "elsewhere").rglob("*"))


@pytest.mark.slow
def test_a_bundle_of_hugging_face_is_fetched_and_nothing_else_is_sent(workplace: Path) -> None:
    seen = run_watched("predict marks/000.png --model hf-hub:nobody/nothing", workplace)
    assert seen.status == 2
    assert len(seen.output.splitlines()) == 1
    assert seen.reached <= {"huggingface.co"} | {each for each in seen.reached if re.fullmatch(r"[\d.:a-f]+", each)}
    assert {each for each in seen.left if not re.match(r"home/\.cache(/huggingface.*)?", each)} == set()


@pytest.mark.slow
def test_the_watch_sees_what_it_should(workplace: Path) -> None:
    (workplace / "watch/viennatag").mkdir()
    (workplace / "watch/viennatag/__init__.py").touch()
    (workplace / "watch/viennatag/cli.py").write_text(
        "import os, socket, pathlib\n"
        "pathlib.Path(os.environ['HOME'], 'trace').touch()\n"
        "try:\n    socket.create_connection(('192.0.2.1', 9), timeout=0.1)\nexcept OSError:\n    pass\n"
        "try:\n    socket.getaddrinfo('example.invalid', 80)\nexcept OSError:\n    pass\n"
    )
    seen = run_watched("predict", workplace)
    assert {"192.0.2.1", "example.invalid"} <= seen.reached
    assert seen.left == {"home/trace"}
