"""The pack of maps, with an atlas of two countries."""

import json
from pathlib import Path

import pytest

from tests.scripts import load_script
from viennatag.synthesis import read_artwork

maps = load_script("artwork/maps_pack")


@pytest.fixture(scope="module")
def countries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[tuple[float, float]]]]:
    """A square of 10 degrees that shares an edge with another, which has a far island; as world-atlas has it."""
    arcs = [
        [[10, 0], [0, 10]],
        [[10, 10], [-10, 0], [0, -10], [10, 0]],
        [[10, 0], [10, 0], [0, 10], [-10, 0]],
        [[60, 60], [1, 0], [0, 1], [-1, -1]],
    ]
    shapes = [
        {"type": "Polygon", "id": "001", "properties": {"name": "Left"}, "arcs": [[0, 1]]},
        {"type": "MultiPolygon", "properties": {"name": "Right"}, "arcs": [[[2, ~0]], [[3]]]},
    ]
    atlas = {
        "arcs": arcs,
        "transform": {"scale": [1, 1], "translate": [0, 0]},
        "objects": {"countries": {"geometries": shapes}},
    }
    path = tmp_path_factory.mktemp("atlas") / "countries.json"
    path.write_text(json.dumps(atlas))
    return maps.read_countries(path)  # type: ignore[no-any-return]


def test_shared_borders_are_run_both_ways(countries: dict[str, list[list[tuple[float, float]]]]) -> None:
    assert set(countries) == {"001", "Right"}
    assert [maps.area(ring) for ring in countries["001"]] == [100]
    assert [maps.area(ring) for ring in countries["Right"]] == [100, 0.5]
    assert [maps.area(ring) for ring in maps.main_parts(countries["Right"])] == [100]


def test_maps_state_their_sections(countries: dict[str, list[list[tuple[float, float]]]], tmp_path: Path) -> None:
    drawn = maps.icons(countries, {"both": {"codes": "1.17.2 1.17.5", "countries": "001 Right"}})
    assert {name.rpartition("-")[0] for name in drawn} == {
        "both-map",
        "world-map",
        "country-001x-map",
        "country-rightx-map",
    }
    maps.write_pack(tmp_path / "maps", maps.INFO, drawn)
    drawings, _ = read_artwork([tmp_path / "maps"])
    by_group = {each.group: each.codes for each in drawings}
    assert sorted(by_group.values()) == [("1.17.1",), ("1.17.11",), ("1.17.11",), ("1.17.2", "1.17.5")]


def test_a_coarse_outline_keeps_to_its_tolerance() -> None:
    ring = [(0, 0), (5, 0.3), (10, 0), (10, 10), (0, 10), (0, 0)]
    assert maps.simplified(ring, 1.0) == [(0, 0), (10, 0), (10, 10), (0, 10), (0, 0)]
    assert maps.simplified(ring, 0.1) == ring
