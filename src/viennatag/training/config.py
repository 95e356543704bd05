"""Read the options of a training from a TOML file and from `key=value` settings.

A key is the name of a field of `TrainOptions`, `FinetuneOptions`, `OnnxInput`, `Strategy` or `DataFiles`, after the
name of its table: `finetune.ema_decay`. There is no second list of the fields, so neither the keys nor the example that
`show_config` prints can go out of date. All mistakes are found before a training starts, and reported together.
"""

import inspect
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass, replace
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from viennatag.data.marks import Marks, read_marks
from viennatag.data.taxonomy import Taxonomy
from viennatag.errors import DataError, OptionError, report_problems
from viennatag.files import open_plain
from viennatag.thresholds.decision_rules import DECISION_RULES, DecisionRule, find_decision_rule
from viennatag.training.onnx_input import OnnxInput
from viennatag.training.options import FinetuneOptions, TrainOptions
from viennatag.training.strategies import BASELINE, Strategy, find_strategy

AUTO = "auto"
"""The strategy name that asks for a search among all strategies."""
SEARCH_SECONDS = 600.0
"""Budget of that search where none is given."""
_FINETUNE = "finetune"
_ONNX = "onnx"
_STRATEGY = "strategy"
_NAME = "strategy.name"
_UNSET = "none"
_NOT_SET = frozenset({"name", "description", "reply"})
"""Fields of a strategy that its name decides."""


@dataclass(frozen=True)
class DataFiles:
    """Files that a training reads besides its marks; paths are relative to the working directory.

    Attributes:
        extra_marks: Table of further marks that a strategy such as more-data may add to the training subset.
        extra_images: Folder of the images of `extra_marks`.
        target_prior: Marks table, read without images, whose code frequencies the scores are corrected to.
        unlabelled_images: Folder of images without codes, for distillation: fine-tuning imitates the teacher on them.
    """

    extra_marks: Path | None = None
    extra_images: Path | None = None
    target_prior: Path | None = None
    unlabelled_images: Path | None = None

    def __post_init__(self) -> None:
        if (self.extra_marks is None) != (self.extra_images is None):
            raise OptionError("extra_marks and extra_images go together: a table, and the folder of its images")

    def read_extra_marks(self, taxonomy: Taxonomy, *, skip_bad: bool = False) -> tuple[Marks, Path] | None:
        """Return the further marks and the folder of their images, or None if no table is named."""
        if self.extra_marks is None or self.extra_images is None:
            return None
        table = read_marks(self.extra_marks, taxonomy=taxonomy, images=self.extra_images, skip_bad=skip_bad)
        return table, self.extra_images

    def read_target_prior(self, taxonomy: Taxonomy) -> Marks | None:
        """Return the marks whose code frequencies scores are corrected to, or None if no table is named."""
        if self.target_prior is None:
            return None
        return read_marks(self.target_prior, taxonomy=taxonomy, skip_bad=True, require_images=False)


@dataclass(frozen=True)
class TrainConfig:
    """A complete configuration of a training: how to train, and files besides the marks."""

    options: TrainOptions
    data: DataFiles


@dataclass(frozen=True)
class Setting:
    """One option as somebody set it, in a file or on the command line.

    The key is dotted, such as `finetune.ema_decay`; a table's own name says that the table is there, with a mapping.
    """

    key: str
    value: object
    source: str

    def problem(self, text: str) -> str:
        """Return a message that names the source and the key."""
        return f"{self.source}: {self.key}: {text}"


def read_config(path: Path | str) -> tuple[Setting, ...]:
    """Return the settings of a TOML file, in its order; whether they make sense is for `options_from` to say.

    Raises:
        OptionError: If the file cannot be read or is not TOML.
    """
    try:
        with open_plain(Path(path)) as file:
            return tuple(_flatten(tomllib.loads(file.read().decode("utf-8-sig")), str(path)))  # Notepad marks it
    except FileNotFoundError:
        raise OptionError(f"{path}: there is no such file; viennatag train --show-config prints an example") from None
    except (OSError, UnicodeDecodeError) as exc:
        reason = getattr(exc, "strerror", None) or exc
        raise OptionError(f"{path}: it cannot be read ({reason}); expected a file of TOML in UTF-8") from exc
    except tomllib.TOMLDecodeError as exc:
        raise OptionError(f"{path}: this is not TOML: {exc}") from exc


def parse_settings(texts: Iterable[str], *, source: str = "--set") -> tuple[Setting, ...]:
    """Return the settings of texts such as `finetune.epochs=3`; a value that is not TOML is taken as plain text.

    Raises:
        OptionError: If some texts are not `key=value`; all are named.
    """
    found: list[Setting] = []
    problems: list[str] = []
    for text in texts:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not value or not re.fullmatch(r"[\w-]+(\.[\w-]+)*", key):
            problems.append(f"{source} {text!r}: expected key=value, such as finetune.epochs=3")
            continue
        parsed: dict[str, Any] = {}
        try:
            parsed = tomllib.loads(f"value = {value}")
        except tomllib.TOMLDecodeError as exc:
            if value[0] in "\"'[{":
                problems.append(f"{source} {text!r}: the value is not TOML: {exc}")
                continue
        is_one = parsed.keys() == {"value"}  # a line break in the text would begin another key
        found += _flatten({key: parsed["value"] if is_one else value}, source)
    _raise(problems)
    return tuple(found)


def options_from(settings: Iterable[Setting] = ()) -> TrainConfig:
    """Return the configuration that settings ask for; of two settings of a key the later one counts.

    Fine-tuning is on if the table `finetune` is there. The strategy is the one of `strategy.name` with the other keys
    of its table changed; the name `auto` searches for one.

    Raises:
        OptionError: If keys are unknown, or values have a wrong type or make no sense; all are named.
    """
    latest = {setting.key: setting for setting in settings}
    problems: list[str] = []
    strategy, is_auto, is_known = _named_strategy(latest.pop(_NAME, None), problems)
    tables = _tables(strategy)
    known = _known(tables)
    values: dict[str, dict[str, Any]] = {table: {} for table in tables}
    for key, setting in latest.items():
        if key in known:
            try:
                values[known[key].table][known[key].name] = _convert(setting.value, known[key].hint)
            except OptionError as exc:
                problems.append(setting.problem(str(exc)))
        elif key in tables:
            if not isinstance(setting.value, Mapping):
                first = _NAME if key == _STRATEGY else next(iter(_keys(key, tables[key])), f"{key}.…")
                problems.append(setting.problem(f"this is a table; set a key of it, such as {first}"))
        elif is_known or not (key.startswith(_STRATEGY) and key.count(".") > 1):
            problems.append(setting.problem(f"there is no such option{_hint(key, known)}"))
    is_finetuned = isinstance(getattr(latest.get(_FINETUNE), "value", None), Mapping)
    if not is_finetuned:
        problems += [
            latest[f"{_FINETUNE}.{name}"].problem("only matters with fine-tuning; add --finetune")
            for name in values[_FINETUNE]
        ]
    if is_auto and "preset" in values[""]:
        problems.append(latest["preset"].problem(f"it searches for a strategy itself; leave the strategy {AUTO} out"))
    searches = is_auto or values[""].get("preset", "fast") != "fast"
    if "budget" in values[""] and not searches:
        problems.append(latest["budget"].problem(f"only matters with the strategy {AUTO}, or preset balanced or best"))

    def build(table: str, **parts: Any) -> Any:
        return _changed(replace(tables[table], **parts), table, values[table], latest, problems)

    nested = {table.split(".")[1]: build(table) for table in tables if "." in table}
    finetune = build(_FINETUNE)
    budget = SEARCH_SECONDS if is_auto else None
    strategy, finetune = build(_STRATEGY, **nested), finetune if is_finetuned else None
    options = build("", strategy=strategy, finetune=finetune, budget=budget, onnx=build(_ONNX))
    if not any(name and name.startswith(f"{_ONNX}:") for name in (options.backbone, options.teacher)):
        problems += [
            latest[f"{_ONNX}.{name}"].problem("only matters with a backbone onnx:FILE")
            for name, value in values[_ONNX].items()
            if value != getattr(OnnxInput(), name)
        ]
    data = build("data")
    _raise(problems)
    return TrainConfig(options, data)


def find_key(name: str) -> str | None:
    """Return the dotted key of the field with that name, or None if there is none."""
    return next((key for key in _known(_tables(find_strategy(BASELINE))) if key.rpartition(".")[2] == name), None)


def show_config() -> str:
    """Return all options with their defaults, explained, as a TOML file."""
    lines = [
        "# All options of `viennatag train` and their defaults, for: viennatag train --config FILE",
        '# A line that begins with # and a key is not set by default: remove the # to set it, or set it to "none".',
        "# Keys of the strategy's own loss, sampling and head are known too, such as strategy.loss.gamma of focal.",
    ]
    for table, instance in _tables(find_strategy(BASELINE)).items():
        keys = _keys(table, instance)
        if not keys:
            continue
        off = "#" if table == _FINETUNE else ""
        lines.append("")
        if table:
            lines.append(f"# {_first_sentence(inspect.getdoc(type(instance)) or '')}")
        if off:
            lines.append("# Off by default: remove the # before [finetune], and before each key that you change.")
        if table:
            lines.append(f"{off}[{table}]")
        if table == _STRATEGY:
            lines.append(f"# Name of a strategy (viennatag compare --list), or {AUTO} to search for the best one")
            lines.append(f"name = {_toml(instance.name)}")
        for key in keys.values():
            choices = f": {', '.join(DECISION_RULES)}" if key.hint is DecisionRule else ""
            lines.append(f"# {key.comment}{choices}")
            unset = key.default is None
            lines.append(
                f"#{key.name} = <{_expected(key.hint)}>" if unset else f"{off}{key.name} = {_toml(key.default)}"
            )
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class _Key:
    """A field that can be set: its table (empty for the top of the file), name, type, default and one line about it."""

    table: str
    name: str
    hint: Any
    default: object
    comment: str


def _tables(strategy: Strategy) -> dict[str, Any]:
    """Return the dataclass instance behind each table, in the order of the file."""
    nested = {
        f"{_STRATEGY}.{each.name}": getattr(strategy, each.name)
        for each in fields(strategy)
        if is_dataclass(getattr(strategy, each.name)) and each.name != "decision_rule"
    }
    options = TrainOptions(strategy=strategy)
    return {
        "": options,
        "data": DataFiles(),
        _ONNX: OnnxInput(),
        _STRATEGY: strategy,
        **nested,
        _FINETUNE: FinetuneOptions(),
    }


def _keys(table: str, instance: Any) -> dict[str, _Key]:
    """Return the fields of an instance that can be set, by dotted key."""
    hints, comments = get_type_hints(type(instance)), _comments(type(instance))
    return {
        f"{table}.{each.name}".lstrip("."): _Key(
            table, each.name, hints[each.name], _plain(getattr(instance, each.name)), comments.get(each.name, "")
        )
        for each in fields(instance)
        if each.init and _expected(hints[each.name]) and not (table == _STRATEGY and each.name in _NOT_SET)
    }


def _known(tables: Mapping[str, Any]) -> dict[str, _Key]:
    return {key: each for table, instance in tables.items() for key, each in _keys(table, instance).items()}


def _comments(kind: type) -> dict[str, str]:
    """Return the first sentence about each attribute in a class's docstring."""
    section = (inspect.getdoc(kind) or "").partition("Attributes:\n")[2].split("\n\n")[0]
    found = re.findall(r"^ {4}(\w+): (.*(?:\n {5,}.*)*)", section, flags=re.MULTILINE)
    return {name: _first_sentence(" ".join(text.split())) for name, text in found}


def _first_sentence(text: str) -> str:
    return re.split(r"(?<!\bal)\.\s+(?=[A-Z`])|\n\n", text, maxsplit=1)[0].replace("\n", " ").rstrip(".")


def _plain(value: object) -> object:
    if not hasattr(value, "fit"):
        return value
    return next((name for name in DECISION_RULES if not name[-1].isupper() and find_decision_rule(name) == value), None)


def _toml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)  # TOML writes such values as JSON does


def _flatten(table: Mapping[str, Any], source: str, prefix: str = "") -> Iterator[Setting]:
    for name, value in table.items():
        key = f"{prefix}{name}"
        yield Setting(key, {} if isinstance(value, Mapping) else value, source)
        if isinstance(value, Mapping):
            yield from _flatten(value, source, f"{key}.")


def _alternatives(hint: Any) -> tuple[tuple[Any, ...], bool]:
    """Return the types of a union without None, and whether None was among them."""
    kinds = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
    return tuple(kind for kind in kinds if kind is not NoneType), NoneType in kinds


def _expected(hint: Any) -> str:
    """Return what a key of this type wants, in words; nothing for a type that no key can have."""
    kind, *others = _alternatives(hint)[0]
    if others:
        return ""
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "text", Path: "a path"}
    if kind in names:
        return names[kind]
    if kind is DecisionRule:
        return "a decision rule: " + ", ".join(DECISION_RULES)
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(map(str, get_args(kind)))
    if get_origin(kind) is tuple and get_args(kind)[1:] == (...,) and get_args(kind)[0] in names:
        return "a list, each of it " + names[get_args(kind)[0]]
    return ""


def _convert(value: object, hint: Any) -> Any:
    """Return a TOML value as a field of this type wants it, or raise OptionError."""
    (kind,), optional = _alternatives(hint)
    if optional and value == _UNSET:
        return None
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return float(value)
    if kind in {int, bool, str} and isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    if kind is Path and isinstance(value, str):
        return Path(value)
    if kind is DecisionRule and isinstance(value, str):
        return find_decision_rule(value)
    if get_origin(kind) is Literal and value in get_args(kind):
        return value
    if get_origin(kind) is tuple and isinstance(value, list):
        return tuple(_convert(each, get_args(kind)[0]) for each in value)
    raise OptionError(f"expected {_expected(hint)}, not {value!r}")


def _named_strategy(setting: Setting | None, problems: list[str]) -> tuple[Strategy, bool, bool]:
    """Return the strategy to start from, whether to search for one, and whether the name is known."""
    if setting is None or setting.value == AUTO:
        return find_strategy(BASELINE), setting is not None, True
    try:
        if not isinstance(setting.value, str):
            raise OptionError(f"expected the name of a strategy, not {setting.value!r}")
        return find_strategy(setting.value), False, True
    except OptionError as exc:
        problems.append(setting.problem(str(exc)))
        return find_strategy(BASELINE), False, False


def _changed(
    start: Any, table: str, values: Mapping[str, Any], latest: Mapping[str, Setting], problems: list[str]
) -> Any:
    """Return an instance with fields changed; those that it refuses are left as they were, with a problem each.

    Fields are changed one by one, and again until nothing more is accepted: so a field that another one allows is
    not blamed, whatever the order.
    """
    waiting, refused = dict(values), dict[str, str]()
    with suppress(OptionError, DataError):  # some fields are accepted together only
        return replace(start, **values)
    before = len(waiting) + 1
    while len(waiting) < before:
        before = len(waiting)
        for name, value in list(waiting.items()):
            try:
                start = replace(start, **{name: value})
                del waiting[name]
            except (OptionError, DataError) as exc:
                refused[name] = str(exc)
    problems += [latest[f"{table}.{name}".lstrip(".")].problem(refused[name]) for name in waiting]
    return start


def _hint(key: str, known: Mapping[str, _Key]) -> str:
    last = key.rpartition(".")[2]
    found = (
        [each for each in known if each.rpartition(".")[2] == last]
        or get_close_matches(key, [*known, _NAME], n=1)
        or [each for each in known if get_close_matches(last, [each.rpartition(".")[2]], n=1, cutoff=0.8)]
    )
    return f"; did you mean {found[0]}?" if found else "; viennatag train --show-config lists all"


def _raise(problems: Sequence[str]) -> None:
    if problems:
        count = len(problems)
        told = report_problems(f"{count} options cannot be used:", list(problems), limit=count)
        raise OptionError(told if count > 1 else problems[0])
