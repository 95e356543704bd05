"""Trees of one's own at the command line; training with them is in tests/training/test_own_taxonomy.py."""

import json
from pathlib import Path

import pytest

TREE = """label,parent,heading,group,rule
footwear,,Shoes and boots,,
boot,footwear,Boots,shape,at-most-one
sandal,footwear,,shape,
ankle boot,boot,Boots up to the ankle,,
red,,,colour,exactly-one
blue,,,colour,
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.csv").write_text(TREE)
    rows = "".join(f"{at}.png,{('Ankle Boot;red', 'sandal;blue', 'boot;red')[at % 3]}\n" for at in range(9))
    (tmp_path / "marks.csv").write_text(f"image,codes\n{rows}")
    return tmp_path


def test_codes_of_a_tree_are_shown_searched_and_listed(shop: Path, cli) -> None:  # type: ignore[no-untyped-def]
    status, out, _ = cli("codes", "show", "BOOT", "--taxonomy", "shop.csv")
    assert status == 0
    assert [line.split("  ")[0].strip() for line in out.splitlines()] == ["footwear", "boot", "ankle boot"]
    assert "(at-most-one of shape)" in out
    status, out, _ = cli("codes", "search", "ankle", "--taxonomy", "shop.csv", "--format", "json")
    assert json.loads(out) == [{"code": "ankle boot", "heading": "Boots up to the ankle", "level": "level 3"}]
    status, out, _ = cli("codes", "list", "--taxonomy", "shop.csv")
    assert [line.split()[0] for line in out.splitlines()] == ["footwear", "red", "blue"]
    status, _, err = cli("codes", "show", "bot", "--taxonomy", "shop.csv")
    assert (status, err) == (2, "viennatag: 'bot' is not in the taxonomy shop.csv; nearest: 'boot'\n")
    status, _, err = cli("codes", "search", "cat", "--taxonomy", "flat")
    assert (status, "flat labels have no tree" in err) == (2, True)


def test_a_table_is_imported_inspected_and_split_with_a_tree(shop: Path, cli) -> None:  # type: ignore[no-untyped-def]
    status, out, err = cli("import", "table", "marks.csv", "-o", "sure.csv", "--taxonomy", "shop.csv")
    assert (status, "use it with --taxonomy shop.csv" in out) == (0, True), err
    assert "0.png,ankle boot;red" in (shop / "sure.csv").read_text()
    status, out, err = cli("inspect", "sure.csv", "--taxonomy", "shop.csv", "--format", "json")
    found = json.loads(out)
    assert found["taxonomy"] == "shop.csv"
    assert [level["level"] for level in found["levels"]] == ["level 1", "level 2", "level 3", "leaf label"]
    status, _, err = cli("split", "sure.csv", "-o", "parts", "--taxonomy", "shop.csv")
    assert (status, (shop / "parts/train.csv").is_file()) == (0, True), err


@pytest.mark.parametrize(
    ("taxonomy", "message"),
    [
        ("shop.tsv", "there is no such file"),
        ("viena", "did you mean vienna?"),
        ("marks.csv", "the column 'image', which"),
    ],
)
@pytest.mark.parametrize("command", ["inspect", "import table", "train", "features"])
def test_a_wrong_taxonomy_is_one_line(shop: Path, cli, command: str, taxonomy: str, message: str) -> None:  # type: ignore[no-untyped-def]
    out = [] if command == "inspect" else ["-o", "out.csv"]
    images = [] if command == "import table" else ["--images", "."]
    status, _, err = cli(*command.split(), "marks.csv", *out, *images, "--taxonomy", taxonomy)
    assert status == 2
    assert message in err
    assert err.count("\n") == 1
