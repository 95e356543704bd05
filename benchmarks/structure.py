"""Measure how the package is built: modules, import cycles, lines to open for the main commands, doubled names.

    python benchmarks/structure.py [--against REVISION] [--json] [--files predict]

Figures of the package as it stands and, with `--against`, of an older revision of the repository:

- root modules: Python files in the root folder of the package, `__init__.py` included.
- import cycles: groups of modules that import each other, directly or through others (strongly connected components).
  Imports inside functions and for type checkers count; the root `__init__.py`, which resolves public names, does not.
- lines to open: lines of all files of the package that are reached by following imports from the module of a command,
  itself included. Imports inside functions count, imports under `if TYPE_CHECKING` do not. The `__init__.py` of a
  package counts only where something is imported from it. Leaves (one loss, one head, one register format) are listed
  apart: what is reached only through a module of `--leaves` counts as a leaf.
- doubled names: public functions, classes and constants that two or more modules define at top level; `cli` is left
  out, where a command is named as the function that it calls, and migrations, whose names Alembic prescribes.
- options: of each command, the present tree only; needs typer.

Lines are all lines of a file. Results: benchmarks/results/structure.json (`--json -o`).
"""

import argparse
import ast
import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = "viennatag"
ENTRIES = {"predict": ("cli.predict", "cli.predicting"), "train": ("cli.train", "cli.learning")}
"""The module of each command, in this layout and in that of 0.1.0."""
LEAVES = (
    "losses,sampling,training.heads,importers,"
    "training.losses,training.sampling,training.decoder,training.residual,registers"
)
"""Single losses, samplers, heads and register formats, in this layout and in that of 0.1.0."""


@dataclass(frozen=True)
class Reach:
    """The modules reached from a command, with their lines; leaves apart."""

    files: dict[str, int]
    leaves: dict[str, int]

    @property
    def lines(self) -> int:
        """Lines to open."""
        return sum(self.files.values())


@dataclass(frozen=True)
class Structure:
    """The figures of one tree."""

    modules: int
    lines: int
    root_modules: list[str]
    cycles: list[list[str]]
    reach: dict[str, Reach]
    doubled_names: dict[str, list[str]]


def measure(folder: Path, leaves: Sequence[str]) -> Structure:
    """Return the figures of the package in a folder."""
    files = {dotted(path, folder): path for path in sorted(folder.rglob("*.py"))}
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in files.items()}
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in files.items()}
    imported = {name: imports_of(tree, name, files) for name, tree in trees.items()}
    needed = {name: imports_of(tree, name, files, type_checking=False) for name, tree in trees.items()}
    return Structure(
        modules=len(files),
        lines=sum(lines.values()),
        root_modules=sorted(path.name for path in folder.glob("*.py")),
        cycles=cycles_in({name: found for name, found in imported.items() if name != PACKAGE}),
        reach={
            command: reach_of(f"{PACKAGE}.{entry}", needed, lines, leaves)
            for command, entries in ENTRIES.items()
            for entry in entries
            if f"{PACKAGE}.{entry}" in files
        },
        doubled_names=doubled(trees),
    )


def dotted(path: Path, folder: Path) -> str:
    """Return the name of a module."""
    parts = (PACKAGE, *path.relative_to(folder).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(tree: ast.Module, name: str, known: Mapping[str, Path], *, type_checking: bool = True) -> set[str]:
    """Return the modules of the package that a module imports, anywhere in its file, itself left out.

    Args:
        tree: The module.
        name: Its name.
        known: All modules of the package.
        type_checking: Whether imports under `if TYPE_CHECKING` count.
    """
    found: set[str] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and not type_checking and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = name if known[name].name == "__init__.py" else name.rpartition(".")[0]
                parents = package.split(".")[: len(package.split(".")) + 1 - node.level]
                base = ".".join([*parents, *([base] if base else [])])
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                found.add(whole if whole in known else base)
        waiting += ast.iter_child_nodes(node)
    return {each for each in found if each in known} - {name}


def reach_of(entry: str, imported: Mapping[str, set[str]], lines: Mapping[str, int], leaves: Sequence[str]) -> Reach:
    """Return what is reached from a module by following imports."""
    every = reached(entry, imported, ())
    core = reached(entry, imported, [f"{PACKAGE}.{leaf}" for leaf in leaves])
    return Reach({each: lines[each] for each in sorted(core)}, {each: lines[each] for each in sorted(every - core)})


def reached(entry: str, imported: Mapping[str, set[str]], leaves: Iterable[str]) -> set[str]:
    """Return a module and all that it imports, directly or through others, but not through leaves."""
    found, waiting = {entry}, [entry]
    while waiting:
        for name in imported[waiting.pop()] - found:
            if not any(name == leaf or name.startswith(f"{leaf}.") for leaf in leaves):
                found.add(name)
                waiting.append(name)
    return found


def cycles_in(imported: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that import each other."""
    known = {name: found & imported.keys() for name, found in imported.items()}
    after = {name: reached(name, known, ()) for name in known}
    groups = {frozenset(other for other in after[name] if name in after[other]) for name in imported}
    return sorted(sorted(group) for group in groups if len(group) > 1)


def doubled(trees: Mapping[str, ast.Module]) -> dict[str, list[str]]:
    """Return each public name that several modules define at top level, with these modules."""
    homes: dict[str, set[str]] = {}
    for module, tree in trees.items():
        if not f"{module}.".startswith(f"{PACKAGE}.cli.") and ".migrations." not in module:
            for name in defined_in(tree):
                homes.setdefault(name, set()).add(module)
    return {name: sorted(found) for name, found in sorted(homes.items()) if len(found) > 1}


def defined_in(tree: ast.Module) -> set[str]:
    """Return the public functions, classes and constants that a module defines at top level."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return {name for name in found if not name.startswith("_")}


def options_of_commands() -> dict[str, int]:
    """Return the number of options of each command of the installed package, `--help` left out."""
    from typer.main import get_command

    from viennatag.cli import app

    group = get_command(app)
    commands: Mapping[str, object] = getattr(group, "commands", {})
    return {
        name: sum(each.param_type_name == "option" for each in getattr(command, "params", []))
        for name, command in sorted(commands.items())
    }


def measure_revision(revision: str, leaves: Sequence[str]) -> Structure:
    """Return the figures of the package at a revision of the repository."""
    archive = subprocess.run(
        ["git", "archive", revision, f"src/{PACKAGE}"], cwd=ROOT, check=True, stdout=subprocess.PIPE
    ).stdout
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")
        return measure(Path(folder, "src", PACKAGE), leaves)


def table(columns: Mapping[str, Structure], options: Mapping[str, int]) -> str:
    """Return the figures as text, a column for each tree."""
    rows = [
        ("modules", *(f"{each.modules:,}" for each in columns.values())),
        ("lines", *(f"{each.lines:,}" for each in columns.values())),
        ("root modules", *(f"{len(each.root_modules):,}" for each in columns.values())),
        ("import cycles", *(f"{len(each.cycles):,}" for each in columns.values())),
        ("doubled names", *(f"{len(each.doubled_names):,}" for each in columns.values())),
    ]
    for command in ENTRIES:
        found = [each.reach.get(command) for each in columns.values()]
        rows.append((f"{command}: lines to open", *(f"{each.lines:,}" if each else "" for each in found)))
        rows.append((f"{command}: files to open", *(f"{len(each.files):,}" if each else "" for each in found)))
        rows.append(
            (f"{command}: lines of leaves", *(f"{sum(each.leaves.values()):,}" if each else "" for each in found))
        )
    rows = [("", *columns), *rows]
    text = "\n".join(f"{name:<24}" + "".join(f"{value:>14}" for value in values) for name, *values in rows)
    for name, each in columns.items():
        if each.cycles:
            text += f"\n{name}, cycles: " + "; ".join(", ".join(group) for group in each.cycles)
        if each.doubled_names:
            text += f"\n{name}, doubled names: " + ", ".join(each.doubled_names)
    return f"{text}\noptions: " + ", ".join(f"{command} {count}" for command, count in options.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", help="a revision of the repository to compare with")
    parser.add_argument("--leaves", default=LEAVES, help="packages and modules listed apart, separated by commas")
    parser.add_argument("--files", choices=tuple(ENTRIES), help="list the files to open for a command, and its leaves")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("-o", "--out", type=Path, help="write JSON to this file too")
    options = parser.parse_args()
    leaves = options.leaves.split(",")
    columns = {"present": measure(ROOT / "src" / PACKAGE, leaves)}
    if options.against:
        columns[options.against] = measure_revision(options.against, leaves)
    if options.files:
        reach = columns["present"].reach[options.files]
        print("\n".join(f"{lines:>6,} {name}" for name, lines in reach.files.items()))
        print("\n".join(f"{lines:>6,} {name} (leaf)" for name, lines in reach.leaves.items()))
        return
    counts = options_of_commands()
    said = json.dumps({"trees": {name: asdict(each) for name, each in columns.items()}, "options": counts}, indent=1)
    if options.out:
        options.out.write_text(said + "\n", encoding="utf-8")
    print(said if options.json else table(columns, counts))


if __name__ == "__main__":
    main()
