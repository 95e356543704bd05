"""The Dockerfile's steps, checked and where possible run, without a container engine."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

from tests.service.server import running

ROOT = Path(__file__).parents[1]
INSTRUCTIONS = {
    "FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"
}  # fmt: skip


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines()) if word]


def last(word: str) -> str:
    return [rest for each, rest in instructions() if each == word][-1]


def test_the_dockerfile_holds_what_makes_a_small_and_safe_image() -> None:
    steps = instructions()
    assert {word for word, _ in steps} == INSTRUCTIONS
    bases = [rest.split()[0] for word, rest in steps if word == "FROM"]
    assert len(bases) == 2
    assert all(re.fullmatch(r"python:3\.\d+-slim@sha256:[0-9a-f]{64}", base) for base in bases)
    assert len(set(bases)) == 1
    user = last("USER")
    assert user.isdecimal()
    assert f"--uid {user} " in " ".join(rest for word, rest in steps if word == "RUN")
    words = [word for word, _ in steps]
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert not re.search(r"curl|wget|apt-get|sudo|ADD |:latest|TOKEN", " ".join(rest for _, rest in steps))


def test_what_is_copied_is_there_and_let_through() -> None:
    let_through = set(re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), flags=re.MULTILINE))
    copied = {
        name.removeprefix("./")
        for word, rest in instructions()
        if word == "COPY" and "--from" not in rest
        for name in rest.split()[:-1]
    }
    assert copied == let_through
    assert all((ROOT / name).exists() for name in copied)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {project["readme"], *project["license-files"]} <= copied


def test_run_steps_install_what_is_pinned_and_nothing_else() -> None:
    steps = [shlex.split(rest) for word, rest in instructions() if word == "RUN"]
    fetching = [step for step in steps if "install" in step and "--no-index" not in step]
    assert [step[-2:] for step in fetching] == [["-r", "requirements/serve.txt"], ["-r", "requirements/build.txt"]]
    assert all("--require-hashes" in step for step in fetching)
    assert [step[0] for step in steps][-1] == "useradd"


def test_what_the_image_installs_is_pinned_with_hashes_as_it_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    build = set(project["build-system"]["requires"])
    extras = project["project"]["optional-dependencies"]
    serve = {*project["project"]["dependencies"], *extras["serve"], *extras["similar"]} - {"viennatag[similar]"}
    tested = pins(ROOT / "constraints.txt")
    for file, wanted in (("serve", serve), ("build", build)):
        found = pins(ROOT / f"requirements/{file}.txt")
        assert {re.split(r"[><=]", each)[0] for each in wanted} <= found.keys()
        assert {name: version for name, version in found.items() if tested.get(name, version) != version} == {}
        for entry in (ROOT / f"requirements/{file}.txt").read_text().split("\n")[:-1]:
            assert re.match(r"[\w-]+==|    --hash=sha256:[0-9a-f]{64}", entry)
    assert pins(ROOT / "requirements/serve.txt").keys() <= tested.keys() | {"colorama"}  # which Windows alone needs


def pins(file: Path) -> dict[str, str]:
    """Return the versions that a file of requirements pins, by normalised name."""
    found = re.findall(r"^([\w.-]+)==([\w.]+)", file.read_text(), flags=re.MULTILINE)
    return {name.lower().replace("_", "-"): version for name, version in found}


def test_the_entry_point_answers_its_health_check(tmp_path: Path) -> None:
    program, command, *options = json.loads(last("ENTRYPOINT"))
    assert (program, command) == ("viennatag", "serve")
    assert last("EXPOSE") == options[options.index("--port") + 1]
    assert options[options.index("--host") + 1] == "0.0.0.0"
    (bundle,) = json.loads(last("CMD"))
    _, _, check = last("HEALTHCHECK").partition("CMD ")
    python, flag, code = json.loads(check)
    assert (python, flag) == ("python", "-c")
    assert f":{last('EXPOSE')}/" in code
    with running("--host", "0.0.0.0", bundle, log=tmp_path / "log") as (_, port):
        command = [sys.executable, flag, code.replace(f":{last('EXPOSE')}/", f":{port}/")]
        assert subprocess.run(command, check=False, timeout=30).returncode == 0
        assert "anyone who reaches 0.0.0.0 may use the service" in (tmp_path / "log").read_text()
    assert subprocess.run(command, check=False, timeout=30, capture_output=True).returncode != 0


def test_the_compose_file_gives_the_service_no_more_than_it_needs() -> None:
    (service,) = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"].values()
    assert service["build"] == "."
    assert service["ports"] == [f"127.0.0.1:{last('EXPOSE')}:{last('EXPOSE')}"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert int(service["stop_grace_period"].removesuffix("s")) > 51  # longer than the service's own
    assert "VIENNATAG_TOKEN" in service["environment"]
