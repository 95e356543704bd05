"""No drawing of a test or validation mark is a training drawing in another style; needs the real artwork."""

import pytest

from tests.scripts import ROOT, load_script
from viennatag.synthesis import read_artwork

PACKS = ROOT / "artwork/node_modules/@iconify-json"


@pytest.mark.slow
@pytest.mark.skipif(not PACKS.is_dir(), reason="needs the artwork of artwork/package.json: make artwork")
def test_hardly_any_drawing_has_a_near_copy_across_the_split() -> None:
    near_copies = load_script("benchmarks/near_copies")
    drawings, _ = read_artwork([PACKS])
    parts = near_copies.assign_parts(drawings)
    holders: dict[str, set[str]] = {}
    for drawing in drawings:
        holders.setdefault(drawing.group, set()).add(parts[drawing.pack, drawing.name])
    assert all(len(found) == 1 for found in holders.values())
    found = near_copies.measure(drawings, 2000)
    for part in ("validation", "test"):
        assert found[part]["drawings_with_a_near_copy_in_train"] <= 0.02  # measured: 0 and 0.0097
        assert found[part]["of_the_same_group"] == 0
