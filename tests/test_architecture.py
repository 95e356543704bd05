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
    "usearch",
}
WEB = {"fastapi", "starlette", "pydantic", "uvicorn", "prometheus_client", "python_multipart"}


def imports(path: Path, *, top_level: bool = False) -> set[str]:
    """Return what a file imports; `top_level` leaves out imports inside functions and for type checkers."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level else ast.walk(tree)
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def packages(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def test_torch_lives_in_training_only_and_timm_in_one_file() -> None:
    for path in modules():
        found = packages(imports(path))
        if "training" not in path.parts:
            assert not found & {"torch", "timm", "lightning", "onnx", "torchvision"}, path
        if path.name != "backbone.py":
            assert "timm" not in found, path


def test_only_the_command_line_imports_training_and_rendering_and_only_inside_a_command() -> None:
    for path in modules():
        for package in ("training", "rendering"):
            if package in path.parts:
                continue
            found = {name for name in imports(path) if name.startswith(f"viennatag.{package}")}
            assert not found or "cli" in path.parts, path
            assert not {name for name in imports(path, top_level=True) if name in found}, path


@pytest.mark.parametrize(
    ("module", "below"),
    [
        ("errors", set()),
        ("codes", {"errors"}),
        ("files", set()),
        ("marks", {"codes", "errors", "files"}),
        ("labels", {"codes", "errors", "marks"}),
        ("fitting", set()),
        ("parts", {"fitting"}),
        ("images", {"errors", "fitting", "parts"}),
        ("runtimes", {"errors"}),
        ("engine", {"errors", "images", "runtimes"}),
        ("tuning", {"engine", "errors", "files", "images", "runtimes"}),
        ("hub", {"errors"}),
        ("ranking", {"errors"}),
        ("metrics", {"errors", "ranking"}),
        ("resampling", {"errors", "metrics", "ranking"}),
        ("calibration", {"errors", "ranking"}),
        ("thresholds", {"calibration", "errors", "ranking"}),
        ("decide", {"calibration", "errors", "ranking", "thresholds"}),
        ("duplicates", {"errors"}),
        ("stratify", {"allocation", "duplicates", "errors", "rebalance"}),
        ("colours", {"errors"}),
        ("classification", {"codes", "errors", "files"}),
        ("editions", {"classification", "codes", "errors"}),
        ("suspicious", {"codes", "marks"}),
        ("profile", {"errors", "labels", "marks", "metrics", "ranking", "stratify", "suspicious"}),
        ("visible", {"colours"}),
        ("card", {"bundle", "codes"}),
        ("bundle", {"calibration", "card", "errors", "files", "hub", "labels", "marks", "visible"}),
        ("lifting", {"labels"}),
        ("scoring", {"bundle", "calibration", "errors", "lifting", "parts"}),
        (
            "predictor",
            {"bundle", "codes", "decide", "engine", "errors", "evidence", "images", "scoring", "tuning", "visible"},
        ),
    ],
)
def test_the_order_of_modules(module: str, below: set[str]) -> None:
    found = {name.split(".")[1] for name in imports(ROOT / f"{module}.py") if name.startswith("viennatag.")}
    assert found <= below


def test_there_is_one_decode_and_one_resize() -> None:
    for path in modules():
        if "rendering" in path.parts or path.name == "images.py":
            continue  # rendering makes images; it reads none
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"Image\.open|\.resize\(|interpolate\(", text), path


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_importing_viennatag_is_light() -> None:
    loaded = run("import sys, viennatag; print(*sys.modules)").split()
    assert not packages(set(loaded)) & (HEAVY | {"numpy", "PIL", "onnxruntime", "typer"})


def test_a_prediction_imports_nothing_heavy() -> None:
    wanted = "viennatag.predictor, viennatag.report.predictions, viennatag.cli"
    loaded = run(f"import sys, {wanted}; print(*sys.modules)").split()
    assert not packages(set(loaded)) & (HEAVY | WEB | {"rich", "openvino", "huggingface_hub"})


def test_the_web_lives_in_the_service_only() -> None:
    for path in modules():
        if "service" not in path.parts:
            assert not packages(imports(path)) & WEB, path
            found = {name for name in imports(path) if name.startswith("viennatag.service")}
            assert not found or path.name == "serving.py", path
            assert not found & imports(path, top_level=True), path


def test_public_names_exist() -> None:
    assert list(viennatag.__all__) == sorted(viennatag.__all__)
    for name in viennatag.__all__:
        assert getattr(viennatag, name).__doc__
    assert set(viennatag.__all__) <= set(dir(viennatag))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = viennatag.nonsense


def test_no_file_holds_two_ideas() -> None:
    long = {path.name: lines for path in modules() if (lines := len(path.read_text().splitlines())) > 420}
    assert not long


def test_every_module_says_why() -> None:
    for path in modules():
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path
