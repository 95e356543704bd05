import json
import math
from collections import Counter
from itertools import combinations
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.stats import poisson
from typer.testing import CliRunner

from viennatag.cli import app
from viennatag.data.marks import Marks, read_marks
from viennatag.data.taxonomy import Taxonomy
from viennatag.errors import DataError, OptionError
from viennatag.inspection.profile import (
    LevelProfile,
    Needs,
    Profile,
    imbalance_ratios,
    lifts,
    profile,
    scumbles,
    variation,
)
from viennatag.inspection.row_checks import check_rows

EU_MARKS = Path(__file__).parents[3] / "shared/labels/eu_marks_20k.csv"


def table(codes: list[str], *, taxonomy: Taxonomy = "flat", images: list[str] | None = None) -> Marks:
    """Return marks whose codes are separated by blanks."""
    names = tuple(f"m{at}" for at in range(len(codes)))
    empty = ("",) * len(codes)
    rows = tuple(tuple(row.split()) for row in codes)
    return Marks(taxonomy, tuple(images or empty), rows, names, empty, empty, (1.0,) * len(codes))


def random_marks(seed: int) -> Marks:
    """Return 300 marks with a long tail of sections, some of which stop at a division."""
    random = np.random.default_rng(seed)
    codes = [f"{c}.{d}.{s}" for c in (1, 2, 5) for d in (1, 3) for s in (1, 2, 7)] + ["3.1", "7"]
    weights = 1 / np.arange(1, len(codes) + 1) ** 1.5
    rows = [
        random.choice(len(codes), size=random.integers(1, 6), replace=False, p=weights / weights.sum())
        for _ in range(300)
    ]
    return table([" ".join(codes[at] for at in sorted(row)) for row in rows], taxonomy="vienna")


def labels_at(marks: Marks, depth: int) -> list[set[str]]:
    """Return each mark's codes cut to a depth; those that are shorter are left out."""
    cut = [[code.split(".")[:depth] for code in codes] for codes in marks.codes]
    return [{".".join(parts) for parts in row if len(parts) == depth} for row in cut]


@pytest.mark.parametrize("seed", range(4))
def test_measures_equal_a_computation_by_brute_force(seed: int) -> None:
    marks = random_marks(seed)
    for depth, level in enumerate(profile(marks).levels, start=1):
        rows = labels_at(marks, depth)
        counts = Counter(label for row in rows for label in row)
        assert dict(zip(level.names, level.counts.tolist(), strict=True)) == counts
        ratios = {label: max(counts.values()) / count for label, count in counts.items()}
        assert level.mean_ir == pytest.approx(mean(ratios.values()))
        assert level.cvir == pytest.approx(stdev(ratios.values()) / mean(ratios.values()))
        each = [
            1 - math.prod(ratios[label] for label in row) ** (1 / len(row)) / mean(ratios[label] for label in row)
            if row
            else 0.0
            for row in rows
        ]
        assert level.scumble == pytest.approx(mean(each))
        assert level.scumble_cv == pytest.approx(stdev(each) / mean(each))
        by_label = [mean(value for value, row in zip(each, rows, strict=True) if name in row) for name in level.names]
        assert level.scumbles.tolist() == pytest.approx(by_label, abs=1e-12)
        assert level.cardinality == pytest.approx(mean(map(len, rows)))
        assert level.density == pytest.approx(mean(map(len, rows)) / len(counts))
        assert dict(enumerate(level.marks_by_labels.tolist())) == {
            size: sum(len(row) == size for row in rows) for size in range(max(map(len, rows)) + 1)
        }
        sets = Counter(frozenset(row) for row in rows if row)
        assert (level.label_sets, level.single_sets) == (len(sets), list(sets.values()).count(1))
        held = sorted(counts.values(), reverse=True)
        assert sum(held[: level.half]) >= sum(held) / 2 > sum(held[: level.half - 1])
        for row, second in zip(level.map, level.mapped, strict=True):
            for pair, first in zip(row, level.mapped, strict=False):
                both = sum({first, second} <= each for each in rows)
                assert (pair.first, pair.second, pair.marks) == (first, second, both)
                assert pair.lift == pytest.approx(both * len(rows) / (counts[first] * counts[second]))


def test_measures_by_hand() -> None:
    ratios = imbalance_ratios(np.array([8, 4, 1]))
    assert ratios.tolist() == [1, 2, 8]
    assert variation(ratios) == pytest.approx(math.sqrt((64 + 25 + 169) / 9 / 2) / (11 / 3))
    assert math.isnan(variation(np.array([1.0])))
    targets = csr_array(np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0]], dtype=bool))
    assert scumbles(targets, ratios).tolist() == pytest.approx([1 - math.sqrt(8) / 4.5, 0, 0])


def test_a_balanced_table_is_balanced() -> None:
    level = profile(table(["a b", "b a", "a b"])).levels[0]
    assert (level.mean_ir, level.cvir, level.scumble, level.half) == (1, 0, 0, 1)
    assert math.isnan(level.scumble_cv)
    assert (level.label_sets, level.single_sets) == (1, 0)


@pytest.mark.parametrize("expected", [0.01, 0.3, 2.0, 15.0, 400.0])
def test_bounds_of_a_lift_hold_for_counts_by_chance(expected: float) -> None:
    counts = np.arange(1_000)
    _, low, high = lifts(counts, np.full(1_000, expected))
    chance = poisson.pmf(counts, expected)
    assert chance[low > 1].sum() < 1e-4
    assert chance[high < 1].sum() < 2e-4
    assert (low <= counts / expected).all()
    assert (counts / expected <= high).all()


def test_pairs_that_stand_together_or_apart_are_found_and_chance_is_not() -> None:
    random = np.random.default_rng(0)
    present = random.random((4_000, 40)) < np.linspace(0.001, 0.2, 40)
    names = np.array([f"l{at:02}" for at in range(40)])

    def pairs(rows: np.ndarray) -> LevelProfile:  # type: ignore[type-arg]
        return profile(table([" ".join(names[row]) for row in rows])).levels[0]

    by_chance = pairs(present)
    assert not by_chance.together
    assert not by_chance.apart
    present[:, 5] = present[:, 6] | (random.random(4_000) < 0.01)
    present[present[:, 39], 38] = False
    level = pairs(present)
    assert [(pair.first, pair.second) for pair in level.together] == [("l05", "l06")]
    assert [(pair.first, pair.second) for pair in level.apart] == [("l38", "l39")]
    assert level.apart[0].marks == 0
    assert level.together[0].low > 1 > level.apart[0].high


def test_needs_say_how_many_marks_are_missing() -> None:
    assert (Needs().to_learn, Needs().to_test, Needs().marks) == (25, 50, 50)
    assert (Needs(80, 3).to_learn, Needs(80, 3).to_test, Needs(80, 3).marks) == (100, 30, 100)
    found = profile(table(["a"] * 60 + ["b"] * 20 + ["a b"] * 3))
    (level,) = found.levels
    assert level.names == ("a", "b")
    assert level.missing(found.needs).tolist() == [0, 27]
    assert level.missing(Needs(1, 1)).tolist() == [0, 0]
    with pytest.raises(OptionError, match="train_marks is 0"):
        Needs(0, 5)


def test_rare_labels_can_be_rolled_up_first() -> None:
    marks = table(["3.1.6"] * 5 + ["3.1.8"], taxonomy="vienna")
    assert profile(marks).levels[-1].names == ("3.1.6", "3.1.8")
    assert profile(marks, min_count=2).levels[-1].names == ("3.1.6",)
    with pytest.raises(DataError, match="no mark carries a label"):
        profile(table(["", ""]))


def test_suspicious_rows_are_found() -> None:
    ordinary = ["3.1.6 5.3.1"] * 20
    marks = table(
        [*ordinary, " ".join(f"26.4.{section}" for section in range(1, 12)), "1.1", "3.1 3.1.6", "3.1.77", "26.4.99"],
        taxonomy="vienna",
        images=[f"{at}.png" for at in range(20)] + ["a.png", "0.png", "b.png", "c.png", "d.png"],
    )
    found = {finding.kind: (finding.rows, finding.examples) for finding in check_rows(marks)}
    assert found == {
        "crowded": (1, ("m20: 11 codes",)),
        "contradictory": (2, ("0.png",)),
        "nested": (1, ("m22: 3.1 and 3.1.6",)),
        "unknown-code": (1, ("3.1.77: 1 mark",)),
        "extension": (1, ("26.4.99: 1 mark",)),
    }
    assert not check_rows(table(ordinary, taxonomy="vienna", images=["same.png"] * 20))
    assert [(each.kind, each.rows) for each in check_rows(table(["cat", "", "dog"]))] == [("unlabelled", 1)]


def test_json_is_strict_and_complete() -> None:
    found = json.loads(json.dumps(profile(table(["3.1.6", "3.1.6"], taxonomy="vienna")).to_json(), allow_nan=False))
    assert [level["level"] for level in found["levels"]] == ["category", "division", "section"]
    assert found["levels"][0]["cvir"] is None
    assert found["levels"][2]["labels"] == [
        {"name": "3.1.6", "marks": 2, "irlbl": 1.0, "scumble": 0.0, "missing": 48, "band": "tail"}
    ]
    assert found["needs"] == {"train_marks": 20, "test_marks": 5, "marks": 50}


def test_inspect_from_the_shell(tmp_path: Path) -> None:
    marks = tmp_path / "marks.csv"
    (tmp_path / "a.png").touch()
    marks.write_text("image,codes\na.png,3.1.6;26.4.99\ngone.png,3.1.8\na2.png,\n")
    page = tmp_path / "new/page.html"
    done = CliRunner().invoke(app, ["inspect", str(marks), "--report", str(page)])
    assert done.exit_code == 0, done.output
    assert "2 marks carry" in done.stdout
    assert "row 4 has no codes" in done.stdout
    assert "what to do" in done.stdout
    assert page.read_text().startswith("<!doctype html>")
    done = CliRunner().invoke(app, ["inspect", str(marks), "--images", str(tmp_path), "--format", "json"])
    found = json.loads(done.stdout)
    assert found["marks"] == 1
    assert found["findings"][0]["kind"] == "unreadable"
    assert found["findings"][0]["examples"][0] == "row 3 names an image that is not there: 'gone.png'"


@pytest.fixture(scope="module")
def eu() -> Profile:
    if not EU_MARKS.exists():
        pytest.skip("shared/labels/eu_marks_20k.csv is not here")
    return profile(read_marks(EU_MARKS, require_images=False))


def test_real_marks_have_the_known_figures(eu: Profile) -> None:
    category, _, section = eu.levels
    shares = dict(zip(category.names, (category.counts / eu.marks).tolist(), strict=True))
    known = {"27": 0.38, "26": 0.37, "29": 0.17, "25": 0.165, "24": 0.12, "1": 0.1, "2": 0.08, "5": 0.075, "3": 0.074}
    assert {name: shares[name] for name in known} == pytest.approx(known, abs=0.005)
    assert (len(section.names), int(np.sum(section.counts < 5))) == (1517, 612)
    lift = {(pair.first, pair.second): pair.lift for row in category.map for pair in row}
    assert round(lift["25", "29"], 1) == 2.9
    assert round(lift["26", "27"], 1) == 0.7
    assert {(pair.first, pair.second) for pair in category.together} >= {("25", "29")}


def test_real_marks_equal_a_computation_by_brute_force(eu: Profile) -> None:
    rows = [line.rsplit(",", 1)[1].split() for line in EU_MARKS.read_text().splitlines()[1:]]
    sections = [{code for code in row if code.count(".") == 2} for row in rows]
    counts = Counter(code for row in sections for code in row)
    ratios = {code: max(counts.values()) / count for code, count in counts.items()}
    level = eu.levels[-1]
    assert level.mean_ir == pytest.approx(mean(ratios.values()))
    assert level.cvir == pytest.approx(stdev(ratios.values()) / mean(ratios.values()))
    each = [
        1 - math.prod(ratios[code] for code in row) ** (1 / len(row)) / mean(ratios[code] for code in row) if row else 0
        for row in sections
    ]
    assert level.scumble == pytest.approx(mean(each))
    together = Counter(pair for row in sections for pair in combinations(sorted(row), 2))
    for pair in level.together:
        assert pair.marks == together[tuple(sorted((pair.first, pair.second)))]
        assert pair.marks >= 5
