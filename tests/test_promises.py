"""Each promise in the documentation names a test that exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/explanation/what-it-promises.md"
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`$")


def test_every_promise_names_its_test() -> None:
    promises, _, _ = PAGE.read_text(encoding="utf-8").partition("## What it does not promise")
    items = [" ".join(item.split()) for item in re.split(r"\n- ", promises)[1:]]
    items = [item.partition(" ## ")[0] for item in items]
    assert len(items) > 20
    for item in items:
        found = _TEST.search(item)
        assert found, item
        assert f"\ndef {found[2]}(" in (ROOT / found[1]).read_text(encoding="utf-8"), item
