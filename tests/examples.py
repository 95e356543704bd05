"""Run the examples of docstrings."""

from types import ModuleType


def run_example(module: ModuleType) -> None:
    """Run the indented lines of a module's docstring."""
    assert module.__doc__
    lines = module.__doc__.splitlines()[1:]
    code = [line.strip() for line in lines if line.startswith("    ")]
    assert code
    exec("\n".join(code), {})
