"""Objects drawn by rule, which the starter learns from beside artwork."""

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.scripts import load_script
from viennatag.synthesis import read_artwork
from viennatag.synthesis.assets import split_groups
from viennatag.vienna.codes import parse_code, vienna_tree


@pytest.fixture(scope="module")
def pack() -> ModuleType:
    return load_script("artwork/schematic_pack")


def test_every_kind_states_sections_of_the_classification(pack: ModuleType) -> None:
    for name, (_, codes, turns) in pack.KINDS.items():
        assert any(parse_code(code).category < 25 for code in codes.split()), name
        assert set(turns.split()) <= {"mirror", "tilt"}, name
        for code in map(parse_code, codes.split()):
            assert code in vienna_tree(), f"{name}: {code}"
            assert len(code.path) == 3, f"{name}: {code}"


def test_every_kind_is_seen_and_stays_in_its_view(pack: ModuleType) -> None:
    for at, name in enumerate(pack.KINDS):
        form = at % 5
        ink = np.asarray(pack.picture(pack.draw(name, form, form), 64).convert("L")) < 235
        assert 0.01 < ink.mean() < 0.9, f"{name}, form {form}"
        border = np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]])
        assert border.mean() < 0.15, f"{name}, form {form}: drawn beyond its view"


def test_forms_differ_and_come_out_the_same_again(pack: ModuleType) -> None:
    for name in pack.KINDS:
        bodies = [pack.draw(name, form, 0) for form in range(3)]
        assert len(set(bodies)) == 3, name
        assert bodies[2] == pack.draw(name, 2, 0), name


def test_hands_of_one_form_stay_in_one_part(
    pack: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "schematic"
    names = list(pack.KINDS)[:3]
    monkeypatch.setattr("sys.argv", ["schematic_pack", "--only", ",".join(names), "--forms", "20", "-o", str(out)])
    pack.main()
    assert "120 drawings of 3 kinds" in capsys.readouterr().out
    assert len(json.loads((out / "icons.json").read_text())["icons"]) == 120
    drawings, packs = read_artwork([out])
    assert [pack.licence for pack in packs] == ["Apache-2.0"]
    assert {drawing.codes for drawing in drawings} == {tuple(pack.KINDS[name][1].split()) for name in names}
    assert len({drawing.group for drawing in drawings}) == 60
    parts = split_groups(drawings, share=0.1)
    assert set(parts.values()) == {"train", "validation"}
