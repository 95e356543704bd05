"""Read a tree of one's own from a file: a table with a row for each label, or the same as YAML, JSON or TOML."""

import json
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from viennatag.data.cells import cell_text, normal_label, truth_of
from viennatag.data.tables import BROKEN, TABLE_FORMATS, NumberedRow, read_rows
from viennatag.data.taxonomy import BUILT_IN, RULES, LabelNode, LabelTree, Rule, Taxonomy, tree_problems
from viennatag.errors import DataError, OptionError, report_problems, require
from viennatag.files import open_plain

TAXONOMY_COLUMNS = ("label", "parent", "heading", "group", "rule", "level")
"""Columns of a taxonomy file; only `label` is needed."""
_DOCUMENTS = (".yaml", ".yml", ".json", ".toml")
_ENDINGS = (*TABLE_FORMATS, *_DOCUMENTS)
_MAX_BYTES = 1 << 26


def find_taxonomy(taxonomy: Taxonomy | Path | str) -> Taxonomy:
    """Return the taxonomy that a name or a path means: `vienna`, `flat`, or a file with a tree of one's own.

    Raises:
        OptionError: If it is neither a name nor a file.
        DataError: If the file cannot be read as a taxonomy.
    """
    if isinstance(taxonomy, LabelTree):
        return taxonomy
    if taxonomy in BUILT_IN:
        return cast("Taxonomy", str(taxonomy))
    path = Path(taxonomy)
    if path.suffix.lower() not in _ENDINGS:
        near = get_close_matches(str(taxonomy), BUILT_IN, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise OptionError(
            f"the taxonomy {str(taxonomy)!r} is unknown; choose one of vienna, flat, or a file with a tree of your own "
            f"({', '.join(_ENDINGS)}){hint}"
        )
    return read_taxonomy(path)


def read_taxonomy(path: Path | str) -> LabelTree:
    """Return the tree in a taxonomy file.

    A table has the columns `label`, and `parent`, `heading`, `group`, `rule` and `level` as they are needed. A YAML,
    JSON or TOML file has a list `labels` of entries with the first four, and maybe `levels`, the names of the levels
    from the root down, and `groups`, a rule for each group. A group without a rule is `at-most-one`.

    Raises:
        DataError: If the file is missing, or is no tree; all mistakes are listed with their rows.
        MissingExtraError: If it is YAML, and PyYAML is not installed.
    """
    path = Path(path)
    document = path.suffix.lower() in _DOCUMENTS
    levels, rules, rows = _read_document(path) if document else ((), {}, list(read_rows(path)))
    what = "entry" if document else "row"
    nodes, numbers = list[LabelNode](), list[int]()
    problems, found_levels = dict[int, str](), dict[int, str]()
    for number, row in rows:
        wrong = str(row[BROKEN]) if BROKEN in row else _wrong_columns(row)
        if wrong and not document and BROKEN not in row:  # the header is the same for every row
            raise DataError(f"{path}: the header {wrong}")
        if wrong:
            problems[number] = wrong
            continue
        cells = {name: normal_label(cell_text(row.get(name))) for name in TAXONOMY_COLUMNS}
        cells |= {name: "" for name in TAXONOMY_COLUMNS[1:] if truth_of(cells[name]) == "blank"}  # nan, None
        nodes.append(LabelNode(*(cells[name] for name in TAXONOMY_COLUMNS[:4])))
        numbers.append(number)
        if (rule := cells["rule"]) and (told := _wrong_rule(rule, cells["group"], rules)):
            problems[number] = told
        if cells["level"]:
            found_levels[len(nodes) - 1] = cells["level"]
    if not problems:
        problems = {numbers[at]: told for at, told in tree_problems(nodes).items()}
    if not problems and found_levels:
        levels = levels or _levels(nodes, found_levels, numbers, problems)
    if problems:
        listed = [f"{what} {number:,} {problems[number]}" for number in sorted(problems)]
        raise DataError(
            f"{path}: {listed[0]}" if len(listed) == 1 else report_problems(f"{path}: no taxonomy yet", listed)
        )
    if not nodes:
        raise DataError(f"{path}: no label in it; a taxonomy has a row for each label, with the column 'label'")
    try:
        return LabelTree(tuple(nodes), tuple(levels), tuple(rules.items()), path.name)
    except DataError as exc:
        raise DataError(f"{path}: {exc}") from exc


def _wrong_columns(row: Mapping[str, Any]) -> str:
    unknown = [name for name in row if name not in TAXONOMY_COLUMNS]
    if unknown:
        near = get_close_matches(str(unknown[0]).lower(), TAXONOMY_COLUMNS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; a taxonomy has {', '.join(TAXONOMY_COLUMNS)}"
        return f"has the column {unknown[0]!r}, which is unknown{hint}"
    return "" if "label" in row else "has no column 'label', which names the label"


def _wrong_rule(text: str, group: str, rules: dict[str, Rule]) -> str:
    """Keep the rule of a group in `rules`; return what is wrong with it, empty if nothing is."""
    rule = text.lower().replace(" ", "-").replace("_", "-")
    if rule not in RULES:
        return f"has the rule {text!r}; expected {' or '.join(RULES)}"
    if not group:
        return f"has the rule {text!r}, but no group"
    if rules.setdefault(group, rule) != rule:
        return f"has the rule {text!r}, but an earlier row of the group {group!r} says {rules[group]!r}"
    return ""


def _levels(
    nodes: list[LabelNode], found: Mapping[int, str], numbers: list[int], problems: dict[int, str]
) -> tuple[str, ...]:
    """Return the name of each level; what contradicts it goes to `problems`."""
    tree = LabelTree(tuple(nodes))
    names: dict[int, str] = {}
    depths = [len(tree.path(node.label)) for node in nodes]
    for at, name in found.items():
        if names.setdefault(depths[at], name) != name:
            problems[numbers[at]] = (
                f"has the level {name!r}, but an earlier label of the same depth has {names[depths[at]]!r}"
            )
    named: dict[str, int] = {}
    for depth, name in names.items():
        if named.setdefault(name, depth) != depth:
            at = next(at for at, told in found.items() if told == name and depths[at] == depth)
            problems.setdefault(
                numbers[at],
                f"has the level {name!r}, which is that of depth {named[name]}, but stands at depth {depth}",
            )
    return tuple(names.get(depth, f"level {depth}") for depth in range(1, max(depths) + 1))


def _read_document(path: Path) -> tuple[tuple[str, ...], dict[str, Rule], list[NumberedRow]]:
    """Return levels, rules, and the numbered entries of a YAML, JSON or TOML file."""
    try:
        with open_plain(path) as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise DataError(f"{path}: larger than {_MAX_BYTES >> 20} MB, too large for a taxonomy")
        found = _parse(path, content.decode("utf-8-sig"))
    except OSError as exc:
        raise DataError(f"{path}: cannot be read: {exc.strerror or exc}") from exc
    except (ValueError, RecursionError) as exc:
        reason = " ".join(str(exc).split())[:200]
        raise DataError(f"{path}: not valid {path.suffix[1:].upper()}: {reason}") from exc
    if isinstance(found, list):
        found = {"labels": found}
    if not isinstance(found, dict) or not isinstance(found.get("labels"), list):
        raise DataError(f"{path}: expected a list 'labels', with an entry such as {{label: cat, parent: animal}} each")
    unknown = [key for key in found if key not in {"labels", "levels", "groups"}]
    if unknown:
        raise DataError(f"{path}: the key {unknown[0]!r} is unknown; expected labels, levels and groups")
    levels, groups, rules = found.get("levels") or [], found.get("groups") or {}, dict[str, Rule]()
    if not isinstance(levels, list) or not isinstance(groups, dict):
        raise DataError(
            f"{path}: expected levels as a list, and groups with a rule each, such as {{size: exactly-one}}"
        )
    for group, rule in groups.items():
        if told := _wrong_rule(str(rule), normal_label(str(group)), rules):
            raise DataError(f"{path}: the group {str(group)!r} {told}")
    return tuple(map(str, levels)), rules, list(_numbered(found["labels"]))


def _numbered(entries: Iterable[Any]) -> Iterable[NumberedRow]:
    for number, entry in enumerate(entries, start=1):
        if isinstance(entry, dict):
            strange = next((key for key, value in entry.items() if isinstance(value, (list, dict))), None)
            told = f"has {strange!r} with several values; expected one text" if strange is not None else ""
            yield number, {BROKEN: told} if told else {str(key): value for key, value in entry.items()}
        elif isinstance(entry, (list, set)):
            yield number, {BROKEN: "is a list; expected a label, or {label: ..., parent: ...}"}
        else:
            yield number, {"label": entry}


def _parse(path: Path, text: str) -> Any:
    ending = path.suffix.lower()
    if ending == ".json":
        return json.loads(text)
    if ending == ".toml":
        return tomllib.loads(text)
    yaml = require("yaml", "data")
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as exc:
        raise ValueError(str(exc)) from exc
