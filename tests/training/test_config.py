import json
import re
import string
import subprocess
import sys
import tomllib
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viennatag.errors import DataError, OptionError
from viennatag.thresholds.decision_rules import ExpectedF, TopK
from viennatag.training.config import (
    DataFiles,
    Setting,
    find_key,
    options_from,
    parse_settings,
    read_config,
    show_config,
)
from viennatag.training.onnx_input import OnnxInput
from viennatag.training.options import FinetuneOptions, TrainOptions
from viennatag.training.strategies import STRATEGIES, Strategy
from viennatag.training.train import train


def of(*texts: str):  # type: ignore[no-untyped-def]
    return options_from(parse_settings(texts))


def problems(*texts: str, settings: tuple[Setting, ...] = ()) -> str:
    with pytest.raises(OptionError) as caught:
        options_from((*settings, *parse_settings(texts)))
    return str(caught.value)


def test_without_settings_the_defaults_hold() -> None:
    assert options_from().options == TrainOptions()
    assert options_from().data == DataFiles()


def test_the_example_is_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "train.toml").write_text(show_config())
    assert options_from(read_config(tmp_path / "train.toml")) == options_from()
    marked = tmp_path / "marked.toml"
    marked.write_text("seed = 3", encoding="utf-8-sig")
    assert options_from(read_config(marked)).options.seed == 3
    on = re.sub(r"^#(?=\[finetune\])", "", show_config(), flags=re.MULTILINE)
    every = re.sub(r"^#(?=\w+ = [^<])", "", on, flags=re.MULTILINE)
    (tmp_path / "all.toml").write_text(every)
    assert options_from(read_config(tmp_path / "all.toml")).options == TrainOptions(finetune=FinetuneOptions())


def test_the_example_names_and_explains_every_field() -> None:
    lines = show_config().splitlines()
    table, found = "", set()
    for before, line in pairwise(lines):
        if header := re.fullmatch(r"#?\[([\w.]+)\]", line):
            table = header[1]
        elif key := re.match(r"#?(\w+) = \S", line):
            found.add(f"{table}.{key[1]}".lstrip("."))
            assert re.match(r"# [A-Z].{8,}", before), line
    for table, kind, left_out in (
        ("", TrainOptions, {"strategy", "finetune", "onnx"}),
        ("onnx.", OnnxInput, set()),
        ("data.", DataFiles, set()),
        ("finetune.", FinetuneOptions, set()),
        ("strategy.", Strategy, {"description", "reply", "sampling", "loss", "head"}),
    ):
        assert {f"{table}{each.name}" for each in fields(kind) if each.name not in left_out} <= found


def test_settings_reach_their_fields(tmp_path: Path) -> None:
    (tmp_path / "train.toml").write_text(
        'backbone = "bundle:starter"\nseed = 5\n[finetune]\nepochs = 3\nlearning_rate = 1\n'
        '[strategy]\nname = "focal"\ndecision_rule = "top-5"\nloss.gamma = 3\n[data]\ntarget_prior = "register.csv"\n'
    )
    found = options_from(read_config(tmp_path / "train.toml"))
    assert found.options.backbone == "bundle:starter"
    assert found.options.finetune == FinetuneOptions(epochs=3, learning_rate=1.0)
    assert isinstance(found.options.finetune.learning_rate, float)
    assert found.options.strategy.name == "focal"
    assert found.options.strategy.decision_rule == TopK(5)
    assert found.options.strategy.loss.gamma == 3.0  # type: ignore[attr-defined]
    assert found.data.target_prior == Path("register.csv")
    assert of("strategy.name=class-weights").options.strategy == STRATEGIES["class-weights"]


def test_a_search_has_a_budget() -> None:
    assert of("strategy.name=auto").options.budget == 600
    assert of("strategy.name=auto", "budget=30").options.budget == 30
    assert of().options.budget is None
    assert "only matters with the strategy auto" in problems("budget=30")


def test_the_later_setting_counts() -> None:
    file = (Setting("seed", 1, "train.toml"), Setting("size", 64, "train.toml"))
    option = (Setting("seed", 2, "--seed"),)
    assert options_from(file).options.seed == 1
    assert options_from((*file, *option)).options.seed == 2
    assert options_from((*file, *option, *parse_settings(["seed=3", "seed=4"]))).options.seed == 4
    assert options_from((*file, *parse_settings(["size=none"]))).options.size is None


def test_fine_tuning_is_on_where_its_table_is() -> None:
    on = (Setting("finetune", {}, "--finetune"),)
    assert options_from(on).options.finetune == FinetuneOptions()
    found = options_from((*on, *parse_settings(["finetune.ema_decay=0.999", "teacher=bundle:starter"])))
    assert found.options.finetune == FinetuneOptions(ema_decay=0.999)
    assert "--set: finetune.ema_decay: only matters with fine-tuning; add --finetune" in problems(
        "finetune.ema_decay=0.999"
    )


def test_all_mistakes_are_reported_with_their_place(tmp_path: Path) -> None:
    (tmp_path / "train.toml").write_text(
        "sise = 3\nsize = 10\nseed = 1.5\npretrained = 1\n[finetune]\nepoch = 3\nepochs = 0\nema_decay = 2\n"
        '[strategy]\ndecision_rule = "top-0.5"\nloss.gamma = 1\n[nonsense]\nkey = 1\n'
    )
    path = tmp_path / "train.toml"
    found = problems("ema_decay=0.5", "strategy=focal", settings=read_config(path)).splitlines()
    assert found[0] == f"{len(found) - 1} options cannot be used:"
    told = [line.strip().replace(str(path), "FILE") for line in found[1:]]
    for line in (
        "FILE: sise: there is no such option; did you mean size?",
        "FILE: size: size is 10 pixels; expected 32 to 1024",
        "FILE: seed: expected a whole number, not 1.5",
        "FILE: pretrained: expected true or false, not 1",
        "FILE: finetune.epoch: there is no such option; did you mean finetune.epochs?",
        "FILE: finetune.epochs: epochs is 0; it must be positive",
        "FILE: finetune.ema_decay: ema_decay is 2.0; it must be below 1",
        "FILE: nonsense.key: there is no such option; viennatag train --show-config lists all",
        "--set: ema_decay: there is no such option; did you mean finetune.ema_decay?",
        "--set: strategy: this is a table; set a key of it, such as strategy.name",
    ):
        assert line in told, (line, told)
    assert any(line.startswith("FILE: strategy.decision_rule: ") and "'top-0.5'" in line for line in told)
    assert any(line.startswith("FILE: strategy.loss.gamma: there is no such option") for line in told)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["strategy.name=focl", "strategy.loss.gamma=3"], "did you mean 'focal'?"),
        (["strategy.name=3"], "expected the name of a strategy, not 3"),
        (["size=true"], "expected a whole number, not True"),
        (["size=inf"], "expected a whole number, not inf"),
        (["teacher=3"], "expected text, not 3"),
        (["data.target_prior=3"], "expected a path, not 3"),
        (["data.extra_marks=more.csv"], "extra_marks and extra_images go together"),
        (["strategy.name=class-weights", "strategy.loss.weights=all"], "expected one of inverse, effective, not 'all'"),
        (["finetune=true"], "this is a table; set a key of it, such as finetune.epochs"),
        (["finetune={learning_rate=nan}"], "expected a number, not nan"),
        (["strategy.min_count=0"], "strategy.min_count: min_count is 0"),
    ],
)
def test_one_mistake_is_one_line(texts: list[str], message: str) -> None:
    found = problems(*texts)
    assert message in found
    assert "\n" not in found


def test_a_field_that_another_allows_is_not_blamed() -> None:
    found = of("finetune={}", "finetune.devices=3", "finetune.batch_size=66").options.finetune
    assert (found.devices, found.batch_size) == (3, 66)
    told = problems("finetune={}", "finetune.devices=3", "finetune.batch_size=66", "finetune.epochs=0")
    assert told == "--set: finetune.epochs: epochs is 0; it must be positive"
    found = of("data.extra_marks=m.csv", "data.extra_images=i").data
    assert found == DataFiles(extra_marks=Path("m.csv"), extra_images=Path("i"))


def test_settings_that_are_none() -> None:
    with pytest.raises(OptionError) as caught:
        parse_settings(["seed", "=3", "size=", "a b=1", 'backbone="x', "finetune={", "seed=1"])
    told = str(caught.value)
    assert told.startswith("6 options cannot be used:")
    assert told.count("expected key=value, such as finetune.epochs=3") == 4
    assert told.count("the value is not TOML") == 2


def test_files_that_are_none(tmp_path: Path) -> None:
    for content, message in (
        (None, "there is no such file; viennatag train --show-config prints an example"),
        (b"seed = ", "this is not TOML: Invalid value (at end of document)"),
        (b"\xff", "it cannot be read"),
    ):
        path = tmp_path / "train.toml"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(OptionError, match=re.escape(message)):
            read_config(path)


def test_files_of_marks_are_read(collection: Path, tmp_path: Path) -> None:
    table = collection / "marks.csv"
    data = DataFiles(extra_marks=table, extra_images=collection, target_prior=table)
    extra = data.read_extra_marks("vienna")
    assert extra is not None
    assert (len(extra[0]), extra[1]) == (240, collection)
    prior = data.read_target_prior("vienna")
    assert prior is not None
    assert prior.codes == extra[0].codes
    assert DataFiles().read_extra_marks("vienna") is None
    assert DataFiles().read_target_prior("vienna") is None
    with pytest.raises(DataError, match="there is no such file"):
        DataFiles(target_prior=tmp_path / "none.csv").read_target_prior("vienna")


def test_keys_are_found_by_their_last_word() -> None:
    assert find_key("ema_decay") == "finetune.ema_decay"
    assert find_key("decision_rule") == "strategy.decision_rule"
    assert find_key("nonsense") is None


def test_reading_options_needs_no_torch() -> None:
    code = "import sys, viennatag.training.config as c; c.options_from(); c.show_config(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "timm", "lightning", "onnx"} & set(loaded)


# Properties

plain = st.text(string.ascii_letters + string.digits + "._-:/ ", min_size=1).map(str.strip).filter(bool)
scalars = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()
words = st.text(string.ascii_lowercase + "_", min_size=1)
tables = st.recursive(
    st.dictionaries(words, scalars, max_size=4),
    lambda inner: st.dictionaries(words, scalars | inner, max_size=4),
    max_leaves=12,
)


def as_toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value).replace("\x7f", "\\u007f") if isinstance(value, str) else repr(value)


def leaves(table: dict[str, object], prefix: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in table.items():
        found |= leaves(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return found


@given(scalars)
def test_a_toml_value_goes_round(value: object) -> None:
    if isinstance(value, str) and any("\ud800" <= each <= "\udfff" or each > "\uffff" for each in value):
        return  # JSON writes these as two escapes, TOML as one
    (setting,) = parse_settings([f"some.key = {as_toml(value)}"])
    assert (setting.key, setting.value, setting.source) == ("some.key", value, "--set")
    assert type(setting.value) is type(value)


@given(plain)
def test_plain_text_is_taken_as_it_is(text: str) -> None:
    (setting,) = parse_settings([f"key={text}"])
    try:
        expected = tomllib.loads(f"key = {text}")["key"]
    except tomllib.TOMLDecodeError:
        expected = text
    assert repr(setting.value) == repr(expected)


@given(tables)
def test_a_file_and_its_dotted_keys_say_the_same(table: dict[str, object]) -> None:
    wanted = {key: value for key, value in leaves(table).items() if not isinstance(value, str) or value.isascii()}
    read = parse_settings([f"{key}={as_toml(value)}" for key, value in wanted.items()])
    assert {setting.key: setting.value for setting in read} == wanted


@given(st.builds(FinetuneOptions, epochs=st.integers(1, 99), layer_decay=st.floats(0.01, 1), keep_head=st.booleans(),
                 size=st.none() | st.integers(32, 512), ema_decay=st.floats(0, 0.999)))  # fmt: skip
def test_options_go_round(options: FinetuneOptions) -> None:
    texts = ["finetune={}", *(
        f"finetune.{each.name}={'none' if value is None else as_toml(value)}"
        for each in fields(options)
        for value in [getattr(options, each.name)]
    )]  # fmt: skip
    assert of(*texts).options.finetune == options


def test_the_default_decision_rule_has_a_name() -> None:
    assert of("strategy.decision_rule=expected-f").options.strategy.decision_rule == ExpectedF()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"strategy": "focal"}, "expected a Strategy, such as strategies"),
        ({"finetune": True}, r"expected FinetuneOptions\(...\) or None"),
        ({"budget": "3h"}, "expected a number or None"),
        ({"seed": 1.5, "backbone": Path("x")}, "backbone is .*; expected text; seed is 1.5; expected a whole number"),
    ],
)
def test_an_option_of_another_type_is_named(options: dict[str, Any], expected: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=expected):
        TrainOptions(**options)
    with pytest.raises(OptionError, match="epochs is '3'; expected a whole number"):
        FinetuneOptions(epochs="3")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"options is {}; expected TrainOptions"):
        train("marks.csv", "images", tmp_path / "out", {})  # type: ignore[arg-type]
