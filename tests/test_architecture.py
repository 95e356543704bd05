"""What ARCHITECTURE.md says about who imports whom."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import viennatag

ROOT = Path(viennatag.__file__).parent
HEAVY = {
    "torch",
    "timm",
    "lightning",
    "onnx",
    "scipy",
    "pyarrow",
    "pandas",
    "polars",
    "ray",
    "resvg_py",
    "fontTools",
    "uharfbuzz",
    "usearch",
    "jinja2",
    "sqlalchemy",
    "alembic",
}
WEB = {"fastapi", "starlette", "pydantic", "uvicorn", "prometheus_client", "python_multipart"}
TORCH = {"estimator", "losses", "sampling", "training"}
"""The packages that may import torch."""
FLOORS = (
    {"errors"},
    {"cores", "files", "signals"},
    {"vienna", "metrics"},
    {"calibration", "images"},
    {"thresholds", "data"},
    {"split", "runtime"},
    {"inspection", "model"},
    {"explain"},
    {"prediction"},
    {"evaluation"},
    {"losses", "sampling", "synthesis"},
    {"importers", "bulk"},
    {"estimator", "training"},
    {"reports", "service"},
    {"cli"},
    {"__main__"},
)
"""A package imports from the floors below it only."""
TRAINING_FLOORS = (
    {"precision", "onnx_input", "logs"},
    {"backbones"},
    {"data"},
    {"heads"},
    {"strategies"},
    {"options"},
    {"config", "finetuning"},
    {"postprocessing"},
    {"selection", "continual"},
    {"train"},
)
"""The same inside `training`."""


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path, *, top_level: bool = False) -> set[str]:
    """Return what a file imports; `top_level` leaves out imports inside functions and for type checkers."""
    nodes = tree_of(path).body if top_level else ast.walk(tree_of(path))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def packages(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def floor_of(floors: tuple[set[str], ...], name: str) -> int:
    return next(at for at, floor in enumerate(floors) if name in floor)


def test_arrows_run_one_way_between_packages() -> None:
    stages = {path.name.removesuffix(".py") for path in ROOT.iterdir() if path.suffix in {"", ".py"}}
    assert stages - {"__init__", "__pycache__", "py.typed", "bundles"} == set().union(*FLOORS)
    for path in modules():
        if path == ROOT / "__init__.py":
            continue
        here = path.relative_to(ROOT).parts[0].removesuffix(".py")
        for name in imports(path):
            there = name.split(".")[1] if name.startswith("viennatag.") else here
            if there not in {here, "__version__"}:
                assert floor_of(FLOORS, there) < floor_of(FLOORS, here), f"{path} imports {name}"


def test_arrows_run_one_way_inside_training() -> None:
    for path in (ROOT / "training").rglob("*.py"):
        here = path.relative_to(ROOT / "training").parts[0].removesuffix(".py")
        for name in imports(path):
            there = name.split(".")[2] if name.startswith("viennatag.training.") else here
            if here != "__init__" and there not in {here, "*"}:
                assert floor_of(TRAINING_FLOORS, there) < floor_of(TRAINING_FLOORS, here), f"{path} imports {name}"


def test_no_module_imports_itself_through_others() -> None:
    """Imports for type checkers and inside functions count too."""
    known = {dotted(path) for path in modules()}
    below = {dotted(path): {name for name in imports(path) if name in known} - {dotted(path)} for path in modules()}
    below = {name: found for name, found in below.items() if name != "viennatag"}
    while leaves := {name for name, found in below.items() if not found & below.keys()}:
        below = {name: found for name, found in below.items() if name not in leaves}
    assert not below


def test_torch_lives_in_training_only_and_timm_in_one_file() -> None:
    for path in modules():
        found = packages(imports(path))
        if not TORCH & set(path.parts):
            assert not found & {"torch", "timm", "lightning", "onnx", "torchvision"}, path
        if path != ROOT / "training/backbones/backbone.py":
            assert "timm" not in found, path


def test_networks_of_others_are_loaded_only_where_one_is_asked_for() -> None:
    for name in ("backbone", "torchvision_networks"):  # with them a head would take 190 MB and a second more
        found = packages(imports(ROOT / f"training/backbones/{name}.py", top_level=True))
        assert not found & {"timm", "torchvision"}, name


def test_training_and_synthesis_are_loaded_only_inside_a_command() -> None:
    for path in modules():
        for package in ("training", "synthesis", "losses", "sampling"):
            if package in path.parts or {"training", "estimator"} & set(path.parts):
                continue
            found = {name for name in imports(path, top_level=True) if name.startswith(f"viennatag.{package}")}
            assert not found, path


def test_there_is_one_decode_and_one_resize() -> None:
    for path in modules():
        if "synthesis" in path.parts or path == ROOT / "images/decoding.py":
            continue  # synthesis makes images; it reads none
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"Image\.open|\.resize\(|interpolate\(", text), path


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_importing_viennatag_is_light() -> None:
    loaded = run("import sys, viennatag; print(*sys.modules)").split()
    assert not packages(set(loaded)) & (HEAVY | {"numpy", "PIL", "onnxruntime", "typer"})


def test_a_prediction_imports_nothing_heavy() -> None:
    wanted = "viennatag.prediction.predictor, viennatag.reports.predictions, viennatag.cli"
    loaded = run(f"import sys, {wanted}; print(*sys.modules)").split()
    assert not packages(set(loaded)) & (HEAVY | WEB | {"rich", "openvino", "huggingface_hub"})


def test_the_web_lives_in_the_service_only() -> None:
    for path in modules():
        if "service" not in path.parts:
            assert not packages(imports(path)) & WEB, path
            found = {name for name in imports(path) if name.startswith("viennatag.service")}
            assert not found or path.name in {"serve.py", "team.py"}, path
            assert not found & imports(path, top_level=True), path


def test_public_names_exist() -> None:
    assert list(viennatag.__all__) == sorted(viennatag.__all__)
    for name in viennatag.__all__:
        assert getattr(viennatag, name).__doc__
    assert set(viennatag.__all__) <= set(dir(viennatag))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = viennatag.nonsense


def test_the_files_to_read_are_there() -> None:
    text = (Path(__file__).parents[1] / "ARCHITECTURE.md").read_text(encoding="utf-8")
    order = text.partition("## Reading order")[2].partition("## Invariants")[0]
    files = re.findall(r"`([a-z_/]+\.py)`", order)
    assert len(files) > 20
    assert not [file for file in files if not (ROOT / file).is_file()]


def test_no_public_name_is_defined_in_two_modules() -> None:
    homes: dict[str, list[str]] = {}
    for path in modules():
        if "cli" in path.parts:
            continue  # commands are named as the functions that they call
        if "versions" in path.parts:
            continue  # Alembic prescribes the names of a migration
        for node in tree_of(path).body:
            for name in defined(node):
                homes.setdefault(name, []).append(dotted(path))
    assert not {name: found for name, found in homes.items() if len(set(found)) > 1}


def defined(node: ast.stmt) -> list[str]:
    """Return the public names that a statement defines at the top level of a module."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        names = [node.name]
    elif isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]
    else:
        names = []
    return [name for name in names if not name.startswith("_")]


def test_every_module_says_why() -> None:
    for path in modules():
        assert ast.get_docstring(tree_of(path)), path
