"""Scripts of `artwork/`, `benchmarks/` and `recipes/`, as modules."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

ROOT = Path(__file__).parents[1]


def load_script(path: str) -> ModuleType:
    """Return the module of a script, given by its path below the root without its ending."""
    file = (ROOT / path).with_suffix(".py")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with patch.object(sys, "path", [str(file.parent), *sys.path]):  # where a script finds those beside it
        sys.modules[file.stem] = module  # where dataclasses look for their own module
        spec.loader.exec_module(module)
    return module
