import csv
import errno
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from click import Command, Context
from typer.main import get_command
from typer.testing import CliRunner

import viennatag.cli
import viennatag.cli.predict
from viennatag.cli import app
from viennatag.service.options import ServiceOptions
from viennatag.thresholds.decision_rules import find_decision_rule
from viennatag.training.continual.update import MIN_FEEDBACK_COUNT
from viennatag.training.options import FinetuneOptions, TrainOptions


def test_predict_as_json(cli, bundle: Path, collection: Path) -> None:  # type: ignore[no-untyped-def]
    status, out, _ = cli("predict", collection / "000.png", "--model", bundle, "--format", "json", "--top", 3)
    (found,) = json.loads(out)
    assert status == 0
    assert found["image"] == str(collection / "000.png")
    assert len(found["suggestions"]) == 3
    assert set(found["suggestions"][0]) == {"code", "heading", "score", "level", "path", "above_threshold"}
    assert found["suggestions"][0]["path"][-1] == found["suggestions"][0]["code"]


def test_predict_goes_on_after_a_bad_image_and_exits_1(cli, bundle: Path, collection: Path) -> None:  # type: ignore[no-untyped-def]
    images = [collection / "000.png", collection / "none.png", collection / "001.png"]
    status, out, _ = cli("predict", *images, "--model", bundle, "--format", "json")
    found = json.loads(out)
    assert status == 1
    assert [sorted(entry) for entry in found] == [
        ["image", "suggestions"],
        ["error", "image"],
        ["image", "suggestions"],
    ]
    status, out, _ = cli("predict", *images, "--model", bundle, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert status == 1
    assert [row["error"] for row in rows if row["image"] == str(images[1])] == ["there is no such file"]
    status, out, _ = cli("predict", *images, "--model", bundle)
    assert status == 1
    assert "there is no such file" in " ".join(out.split())  # the line may be wrapped


def test_predict_takes_folders(cli, bundle: Path, collection: Path) -> None:  # type: ignore[no-untyped-def]
    status, out, _ = cli("predict", collection, "--model", bundle, "--format", "json")
    assert status == 0
    assert len(json.loads(out)) == 240


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predict", "x.png", "--model", "nowhere"], "nowhere: there is no such bundle"),
        (["predict", "x.png", "--format", "xml"], "--format 'xml' is unknown; choose one of table, json, csv"),
        (["evaluate", "nowhere", "m.csv", "--images", "."], "there is no such bundle"),
        (["train", "none.csv", "--images", ".", "-o", "b"], "none.csv: there is no such file"),
        (["split", "none.csv", "-o", "parts"], "none.csv: there is no such file"),
        (["train", "m.csv", "--images", ".", "-o", "b", "--config", "none.toml"], "none.toml: there is no such file"),
        (["train", "m.csv", "--images", ".", "-o", "b", "--set", "sise=3"], "--set: sise: there is no such option"),
        (["train", "m.csv", "--images", ".", "-o", "b", "--size", "3"], "--size: size: size is 3 pixels"),
        (["train", "m.csv", "--images", ".", "-o", "b", "--taxonomy", "nice"], "choose one of vienna, flat"),
        (["train", "m.csv", "--images", ".", "-o", "b", "--set", "data.extra_marks=x"], "go together"),
        (["compare"], "compare needs a table of marks and --images; or --list"),
        (["compare", "m.csv", "--images", ".", "--set", "teacher=x"], "--set teacher: this command"),
        (["compare", "m.csv", "--images", ".", "--set", "finetune.epochs=3"], "add --finetune"),
        (["compare", "m.csv", "--images", ".", "--presets", "fast,slow"], "there is no preset 'slow'; choose among"),
        (["compare", "m.csv", "--images", ".", "--budget", "1m"], "--budget only matters with --presets balanced or"),
        (
            ["compare", "m.csv", "--images", ".", "--decision-rule", "top-0.5"],
            "--decision-rule: strategy.decision_rule",
        ),
        (["compare", "m.csv", "--images", ".", "--format", "csv"], "--format 'csv' is unknown"),
        (["update", "nowhere", "m.csv", "--images", ".", "-o", "b"], "nowhere: there is no such bundle"),
        (["update", "starter", "none.csv", "--images", ".", "-o", "b"], "none.csv: there is no such file"),
        (["update", "starter", "m.csv", "--images", ".", "-o", "b", "--old-images", "."], "add --old TABLE"),
        (["evaluate", "starter", "m.csv", "--images", ".", "--subset", "all of it"], "choose one of test, validation"),
        (["serve", "--log-level", "loud"], "--log-level 'loud' is unknown; choose one of debug,"),
        (["codes", "show", "cat"], "'cat' is not a Vienna code"),
        (["codes", "show", "3.1.6", "--language", "french"], "french"),
        (["codes", "search", "qqq"], "no heading has 'qqq' in it; try fewer or shorter words"),
        (["codes", "import", "none.xml"], "none.xml"),
    ],
)
def test_a_mistake_is_one_clean_message(cli, arguments: list[str], message: str) -> None:  # type: ignore[no-untyped-def]
    status, out, err = cli(*arguments)
    assert status == 2
    assert out == ""
    assert err.startswith("viennatag: ")
    assert message in err
    assert "Traceback" not in err


def test_usage_errors_exit_with_2(cli) -> None:  # type: ignore[no-untyped-def]
    assert cli("predict")[0] == 2
    assert cli("prodict")[0] == 2
    assert cli("--help")[0] == 0


def test_codes_shows_the_way_down_and_unknown_codes(cli) -> None:  # type: ignore[no-untyped-def]
    _, out, _ = cli("codes", "show", "03.01.06")
    assert [line.split()[0] for line in out.splitlines()] == ["3", "3.1", "3.1.6"]
    _, out, _ = cli("codes", "show", "3.1.77")
    assert "unknown code in 3.1" in out
    _, out, _ = cli("codes", "search", "cat")
    assert "3.1.6" in out
    _, out, _ = cli("codes", "list", "--format", "json")
    assert len(json.loads(out)) == 31
    _, out, _ = cli("codes", "list")
    assert [line.split()[0] for line in out.splitlines()][:3] == ["1", "2", "3"]
    _, out, _ = cli("codes", "show", "3.1.6", "27.5.1", "--format", "json")
    assert [(row["code"], row["level"]) for row in json.loads(out)][-1] == ("27.5.1", "section")
    status, _, err = cli("codes", "3.1.6")
    assert status == 2
    assert "No such command" in err


def test_train_evaluate_and_split_from_the_shell(cli, collection: Path, cache: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    common = [
        "--backbone",
        "test_efficientnet",
        "--set",
        "pretrained=false",
        "--size",
        64,
        "--seed",
        3,
        "--cache",
        cache,
    ]
    out = tmp_path / "bundle"
    status, text, err = cli(
        "train", collection / "flat.csv", "--images", collection, "-o", out, "--taxonomy", "flat", *common
    )
    assert status == 0, err
    assert "macro mAP" in text
    assert f"wrote {out}" in text
    status, text, err = cli("evaluate", out, collection / "flat.csv", "--images", collection, "--format", "json")
    assert status == 0, err
    assert json.loads(text)["groups"][0]["level"] == "label"
    status, text, _ = cli("split", collection / "marks.csv", "-o", tmp_path / "parts", "--images", collection)
    assert status == 0
    tables = [tmp_path / "parts" / f"{part}.csv" for part in ("train", "validation", "test")]
    assert sum(len(table.read_text().splitlines()) - 1 for table in tables) == 240
    arguments = ["train", collection / "flat.csv", "--images", collection, "-o", out, "--taxonomy", "flat"]
    status, _, err = cli(*arguments, "--epochs", 3)
    assert status == 2
    assert "--epochs: finetune.epochs: only matters with fine-tuning; add --finetune" in err


def test_skip_bad_says_how_many(cli, collection: Path, bundle: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    table = tmp_path / "m.csv"
    table.write_text((collection / "marks.csv").read_text() + "gone.png,3.1.6\n")
    status, _, err = cli("evaluate", bundle, table, "--images", collection)
    assert status == 2
    assert "row 242 names an image that is not there: 'gone.png'" in err
    status, _, err = cli("evaluate", bundle, table, "--images", collection, "--skip-bad", "--format", "json")
    assert status == 0
    assert "left out 1 bad row:" in err


def test_a_missing_extra_names_its_pip_command(collection: Path) -> None:
    code = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name.partition('.')[0] in {'scipy', 'torch'}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "sys.argv = ['viennatag', *sys.argv[1:]]\n"
        "from viennatag.cli import main\nmain()\n"
    )
    table = collection / "marks.csv"
    for arguments, extra in (
        (["split", str(table), "-o", "parts"], "data"),
        (["train", str(table), "--images", str(table.parent), "-o", "b"], "train"),
    ):
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 2, done.stderr
        assert f"pip install 'viennatag[{extra}]'" in done.stderr


def commands() -> dict[str, Command]:
    """Return every command by the words that call it."""
    found: dict[str, Command] = {}
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        below = getattr(command, "commands", None)
        found |= {f"{name} {each}": sub for each, sub in below.items()} if below else {name: command}
    return found


def test_the_commands() -> None:
    names = {name.split()[0] for name in commands()}
    assert names == {
        "predict", "bulk", "features", "train", "update", "evaluate", "suggest-labels", "inspect", "compare", "index",
        "split", "render", "import", "export", "tune", "quantize", "codes", "serve", "team",
    }  # fmt: skip
    modules = {
        path.stem.rstrip("_").replace("_", "-") for path in Path(viennatag.cli.__file__).parent.glob("[a-z]*.py")
    }
    assert modules - {"config", "options", "outputs", "progress", "streams", "tables"} == names
    assert {name for name in commands() if name.startswith("codes ")} == {
        f"codes {each}" for each in ["show", "search", "list", "import"]
    }


@pytest.mark.parametrize("name", commands())
def test_every_command_is_documented_with_an_example_that_parses(name: str) -> None:
    command = commands()[name]
    assert command.help
    examples = re.findall(r"Example: viennatag (.+)", command.help)
    assert examples
    for example in examples:
        assert example.startswith(name)
        assert command.make_context(name, shlex.split(example)[len(name.split()) :]).params


@pytest.mark.parametrize("name", commands())
def test_help_is_plain_and_its_examples_can_be_copied(cli, name: str) -> None:  # type: ignore[no-untyped-def]
    status, out, _ = cli(*name.split(), "--help")
    assert status == 0
    assert "\\" not in out
    wanted = re.findall(r"^ *Example: .+$", commands()[name].help, flags=re.MULTILINE)
    assert [line.strip() for line in wanted] == [line.strip() for line in out.splitlines() if "Example: " in line]


@pytest.mark.parametrize("name", commands())
def test_every_option_is_documented_and_there_are_at_most_20(name: str) -> None:
    options = [each for each in commands()[name].params if each.param_type_name == "option"]
    assert len(options) <= 20
    for each in commands()[name].params:
        assert getattr(each, "help", None), each.name


OFF = {
    "--explain", "--similar", "--reference-marks", "--images", "--floor", "--config", "--set", "--ignore", "--report",
    "--model", "--label-issues", "--write-clean", "--out", "--old", "--folds", "--image-column", "--label-column",
    "--profile", "--sheet", "--edition", "--tree", "--token-file", "--allow-origin", "--reference-images",
    "--copy-to", "--drop", "--test-packs", "--features", "--store", "--role", "--images-per-minute",
}  # fmt: skip
"""Options that do nothing where they are left out; what --out does then is in its help."""


@pytest.mark.parametrize("name", commands())
def test_help_shows_every_default(name: str) -> None:
    context = Context(commands()[name], info_name=name)
    for each in commands()[name].params:
        if each.param_type_name == "option" and not each.required and not getattr(each, "is_flag", False):
            _, told = each.get_help_record(context) or ("", "")
            assert "default" in told or each.opts[-1] in OFF, each.opts


def test_defaults_in_the_help_are_those_of_the_library() -> None:
    options, service = TrainOptions(finetune=FinetuneOptions()), ServiceOptions(workers=1)
    assert options.finetune is not None
    truth = {
        "backbone": options.backbone,
        "strategy": options.strategy.name,
        "min_count": options.strategy.min_count,
        "epochs": options.finetune.epochs,
        "batch_size": options.finetune.batch_size,
        "seed": options.seed,
        **asdict(service),
        "workers": "one per core",
    }
    for name in ("train", "compare", "serve"):
        for each in commands()[name].params:
            if isinstance(getattr(each, "show_default", None), str) and each.name in truth:
                assert each.show_default == str(truth[each.name]), (name, each.name)
    stated = {each.name: each.show_default for each in commands()["compare"].params if hasattr(each, "show_default")}
    assert find_decision_rule(str(stated["decision_rule"])) == options.strategy.decision_rule
    stated = {each.name: each.show_default for each in commands()["update"].params if hasattr(each, "show_default")}
    assert stated["min_count"] == str(MIN_FEEDBACK_COUNT)


def test_first_steps(cli) -> None:  # type: ignore[no-untyped-def]
    assert cli("--version")[1] == f"viennatag {viennatag.__version__}\n"
    assert cli("-h")[1] == cli("--help")[1]
    assert "--install-completion" in cli("-h")[1]
    environment = os.environ | {
        "_VIENNATAG_COMPLETE": "complete_bash",
        "COMP_WORDS": "viennatag pre",
        "COMP_CWORD": "1",
    }
    program = Path(sys.executable).with_name("viennatag")
    done = subprocess.run([program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["predict"]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PermissionError(13, "Permission denied", "/x/y"), "/x/y: Permission denied"),
        (OSError(18, "Invalid cross-device link", "/x/a", None, b"/x/b"), "/x/a to /x/b: Invalid cross-device link"),
        (OSError("the reader says why"), "the reader says why"),
        (OverflowError("int too large"), "a number in the input is too large (int too large)"),
        (RecursionError(), "the input is nested too deeply to be read"),
        (MemoryError(), "there is not enough memory"),
        (UnicodeEncodeError("utf-8", "\udce9", 0, 1, "surrogates not allowed"), "a text or a name cannot be read or"),
    ],
)
def test_what_nobody_translated_is_one_line(  # type: ignore[no-untyped-def]
    cli, error: Exception, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("viennatag.vienna.codes.parse_codes", fails)
    status, out, err = cli("codes", "show", "3.1.6")
    assert (status, out) == (2, "")
    assert err.startswith(f"viennatag: {message}")
    assert len(err.splitlines()) == 1


def test_train_shows_its_options_and_reads_them_back(  # type: ignore[no-untyped-def]
    cli, collection: Path, cache: Path, tmp_path: Path
) -> None:
    status, out, err = cli("train", "--show-config")
    assert (status, err) == (0, "")
    changed = out.replace("pretrained = true", "pretrained = false").replace('"efficientnet_b0"', '"test_efficientnet"')
    changed = changed.replace("#size = <a whole number>", "size = 96", 1).replace("seed = 0", "seed = 7")
    config = tmp_path / "train.toml"
    config.write_text(changed.replace("min_count = 5", "min_count = 4"))
    common = ["--images", collection, "--cache", cache, "--config", config]
    status, _, err = cli(
        "train", collection / "marks.csv", *common, "-o", tmp_path / "b", "--size", 64, "--seed", 4, "--set", "seed=3",
        "--set", "strategy.decision_rule=top-2",
    )  # fmt: skip
    assert status == 0, err
    kept = json.loads((tmp_path / "b/bundle.json").read_text())["training"]
    assert (kept["size"], kept["seed"], kept["pretrained"]) == (64, 3, False)
    assert kept["strategy"]["min_count"] == 4
    assert kept["strategy"]["decision_rule"] == {"kind": "TopK", "k": 2}
    config.write_text(changed + "sise = 3\n[finetune]\nepochs = -1\n")
    status, out, err = cli(
        "train", collection / "marks.csv", *common, "-o", tmp_path / "c", "--set", "strategy.name=focl"
    )
    assert (status, out) == (2, "")
    assert err.startswith("viennatag: 3 options cannot be used:")
    assert f"{config}: finetune.epochs: epochs is -1; it must be positive" in err
    assert "did you mean 'focal'?" in err
    assert not (tmp_path / "c").exists()


def test_options_that_are_only_keys_are_pointed_at(cli) -> None:  # type: ignore[no-untyped-def]
    for option, key in (("--ema-decay", "finetune.ema_decay"), ("--decision-rule", "strategy.decision_rule")):
        status, _, err = cli("train", "m.csv", "--images", ".", "-o", "b", option, "3")
        assert status == 2
        assert f"set it with --set {key}=VALUE" in err
    for command in ("train", "compare", "evaluate"):
        status, _, err = cli(command, "m.csv", "--blank", "unknown")
        assert (status, "`viennatag import table` takes it" in err) == (2, True)
    assert "--set" not in cli("train", "--nonsense")[2]
    assert "--set" not in cli("predict", "--ema-decay")[2]


@pytest.mark.parametrize("command", ["predict", "codes"])
def test_commands_start_at_once(command: str) -> None:
    code = "import sys; from viennatag.cli import app; app(sys.argv[1:], standalone_mode=False); print(*sys.modules)"
    arguments = [sys.executable, "-c", code, command, "--help"]
    *_, loaded = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.splitlines()
    slow = {"torch", "jinja2", "scipy", "pydantic", "numpy", "PIL", "onnxruntime"}
    assert not slow & {name.partition(".")[0] for name in loaded.split()}


def test_split_names_unreadable_images_and_the_way_on(cli, collection: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / "images"
    folder.mkdir()
    for file in collection.glob("0[0-3]*.png"):
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "000.png").write_bytes(b"broken")
    table = tmp_path / "m.csv"
    rows = (collection / "marks.csv").read_text().splitlines()
    table.write_text("\n".join([rows[0], *(row for row in rows[1:] if (folder / row[:7]).exists())]) + "\n")
    status, _, err = cli("split", table, "-o", tmp_path / "parts", "--images", folder)
    assert status == 2
    assert "1 of 40 images cannot be read\n  000.png: " in err
    assert "--skip-bad" in err
    status, out, err = cli("split", table, "-o", tmp_path / "parts", "--images", folder, "--skip-bad")
    assert status == 0
    assert "left out 1 bad row:" in err
    assert sum(int(count) for count in re.findall(r": (\d+) marks", out)) == 39


def test_inspect_lists_codes_in_doubt_and_writes_what_is_left(  # type: ignore[no-untyped-def]
    cli, collection: Path, bundle: Path, cache: Path, tmp_path: Path
) -> None:
    for at in range(60):
        (tmp_path / f"{at:03}.png").write_bytes((collection / f"{at:03}.png").read_bytes())
    (tmp_path / "000.png").write_bytes(b"broken")
    (tmp_path / "002.png").write_bytes((tmp_path / "001.png").read_bytes())
    table = tmp_path / "m.csv"
    table.write_text("\n".join((collection / "marks.csv").read_text().splitlines()[:61]) + "\nmissing.png,3.1.6\n")
    common = ["inspect", table, "--images", tmp_path]
    clean, issues, page = tmp_path / "clean.csv", tmp_path / "issues.csv", tmp_path / "page.html"
    status, out, err = cli(
        *common, "--model", bundle, "--cache", cache, "--label-issues", issues, "--limit", 20, "--report", page,
        "--write-clean", clean, "--drop", "damaged,duplicates",
    )  # fmt: skip
    assert status == 0, err
    assert "probably missing codes" in out
    assert "58 rows; left out: 1 unreadable, 1 damaged, 1 duplicates" in out
    assert len(clean.read_text().splitlines()) == 59
    rows = list(csv.DictReader(issues.read_text().splitlines()))
    assert {row["kind"] for row in rows} == {"missing", "wrong"}
    assert all(row["image"] != "000.png" and row["decision"] == "" for row in rows)
    assert "Label issues" in page.read_text()
    assert "data:image/jpeg;base64," in page.read_text()
    status, out, err = cli(
        *common, "--model", bundle, "--own-scores", "--limit", 5, "--format", "json",
        "--write-clean", clean, "--drop", "duplicates",
    )  # fmt: skip
    assert status == 0, err
    found = json.loads(out)
    assert found["clean"]["rows"] == 59
    assert found["clean"]["left_out"] == {"unreadable": 1, "duplicates": 1}
    assert 0 < len([issue for issue in found["label_issues"] if issue["kind"] == "missing"]) <= 5
    assert {finding["kind"] for finding in found["findings"]} >= {"unreadable", "damaged", "duplicates"}
    assert ["001.png", "002.png"] in [group["marks"][:2] for group in found["alike"] if group["same_file"]]
    for arguments, message in (
        (["--own-scores"], "only matter with --model"),
        (["--drop", "damaged"], "belong together"),
        (["--drop", "ugly", "--write-clean", clean], "choose among damaged"),
        (["--drop", "damaged", "--write-clean", table], "never overwritten"),
        (["--model", bundle, "--label-issues", table], "never overwritten"),
        (["--report", table], "never overwritten"),
    ):
        before = table.read_bytes()
        status, _, err = cli(*common, *arguments)
        assert status == 2
        assert message in err
        assert table.read_bytes() == before


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("codes imprt", "Did you mean 'import'?"),
        ("codes nonsense", ""),
        ("features --model x", ""),
        ("predict --modle x", "Did you mean '--model'?"),
        ("train --image x", "Did you mean '--images'?"),
        ("trian", "Did you mean 'train'?"),
        ("--model x predict a.png", ""),
        ("--verson", "Did you mean '--version'?"),
    ],
)
def test_a_slip_of_the_keyboard_is_met_with_a_near_name_once(line: str, told: str) -> None:
    done = CliRunner().invoke(app, line.split())
    assert done.exit_code == 2
    assert done.output.count("Did you mean") == bool(told)
    assert told in done.output


def test_a_home_folder_that_the_shell_left_alone_is_found(  # type: ignore[no-untyped-def]
    cli, collection: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(tmp_path)
    (home / "a.png").write_bytes((collection / "000.png").read_bytes())
    assert cli("predict", "~/a.png", "--model", bundle, "--explain=~/heat")[0] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
    assert list(home.glob("heat/a.*.png"))


def test_an_image_whose_name_begins_with_a_dash(  # type: ignore[no-untyped-def]
    cli, collection: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("-x.png").write_bytes((collection / "000.png").read_bytes())
    status, _, err = cli("predict", "-x.png", "--model", bundle)
    assert status == 2
    assert "the file is named by ./-x.png" in err
    assert cli("predict", "./-x.png", "--model", bundle)[0] == 0


def test_heat_maps_of_an_image_with_the_longest_name(  # type: ignore[no-untyped-def]
    cli, collection: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = tmp_path / f"{'a' * 251}.png"
    image.write_bytes((collection / "000.png").read_bytes())
    status, _, err = cli("predict", image, image, "--model", bundle, "--explain", tmp_path / "heat")
    assert status == 0, err
    written = int(re.search(r"(\d+) heat maps", err)[1])  # type: ignore[index]
    assert len(list((tmp_path / "heat").glob("*.png"))) == written > 1
    assert list(viennatag.cli.predict._distinct(["a_b", "a_b", "a_b-2"])) == ["a_b", "a_b-2", "a_b-2-2"]
    status, out, _ = cli("predict", image, "--model", bundle, "--explain", tmp_path / "heat")
    monkeypatch.setattr(viennatag.cli.predict, "write_heat_maps", lambda *_: os.stat(os.devnull + "/full"))
    assert cli("predict", image, "--model", bundle, "--explain", tmp_path / "heat")[:2] == (2, out)


def test_a_failure_without_a_name_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["viennatag", "render", "-o", "x"])
    told = viennatag.cli._explain(OSError(errno.ENOSPC, "No space left on device"))
    assert told == (
        "writing failed: No space left on device; free some space, and the same command goes on where it stopped"
    )
    monkeypatch.setattr(os, "getcwd", lambda: os.stat("/nonexistent/folder"))
    told = viennatag.cli._explain(FileNotFoundError(errno.ENOENT, "No such file or directory"))
    assert told == "the folder that the command was started in is gone; change to one that is there"


@pytest.mark.parametrize("seed", [-1, 2**32, 10**20])
@pytest.mark.parametrize(
    "line", ["split m.csv -o o", "train m.csv --images . -o o", "render -o o --artwork . --fonts ."]
)
def test_a_seed_that_some_library_would_not_take(cli, line: str, seed: int) -> None:  # type: ignore[no-untyped-def]
    status, _, told = cli(*line.split(), "--seed", seed)
    assert status == 2
    assert str(seed) in told.replace(",", "")
    assert "4294967295" in told.replace(",", "")


def test_an_error_is_told_whatever_rank_a_cluster_gives(cli, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("LOCAL_RANK", "1")
    status, _, err = cli("evaluate", "nowhere", "marks.csv", "--images", ".")
    assert (status, "nowhere: there is no such bundle" in err) == (2, True)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize(
    ("arguments", "ending"),
    [
        (("train", "marks.csv", "--images", ".", "-o", "out", "--config"), "toml"),
        (("train", "marks.csv", "--images", ".", "-o", "out", "--taxonomy"), "yaml"),
        (("codes", "list", "--taxonomy"), "csv"),
        (("codes", "list", "--tree"), "tsv"),
        (("codes", "import", "--edition", "10"), "xml"),
        (("import", "table", "-o", "marks.tsv"), "csv"),
        (("serve", "--token-file"), "txt"),
    ],
)
def test_nothing_waits_for_ever_on_a_file_that_is_none(  # type: ignore[no-untyped-def]
    cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], ending: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("marks.csv").write_text("image,codes\na.png,1.1\n")
    os.mkfifo(f"pipe.{ending}")
    Path(f"zero.{ending}").symlink_to("/dev/zero")
    for name, kind in ((f"pipe.{ending}", "named pipe"), (f"zero.{ending}", "device")):
        before = signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.alarm(5)
        status, out, err = cli(*arguments, name)
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        assert (status, out, len(err.splitlines())) == (2, "", 1), err
        assert f"this is a {kind}, no plain file" in err, err
        assert "Errno" not in err, err
        assert name in err, err
