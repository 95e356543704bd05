"""Trees of one's own: files, mistakes in them, and tables of their labels."""

import json
from pathlib import Path

import pytest

from viennatag.data.labels import LabelSet
from viennatag.data.marks import read_marks
from viennatag.data.taxonomy import LabelNode, LabelTree
from viennatag.data.taxonomy_files import find_taxonomy, read_taxonomy
from viennatag.errors import DataError, OptionError

ANIMALS = """label\tparent\theading\tgroup\trule\tlevel
animal\t\tAnimals of any kind\t\t\trealm
mammal\tanimal\tMammals\t\t\tclass
cat\tmammal\tCats\tpet\tat-most-one\tspecies
dog\tmammal\tDogs\tpet\t\tspecies
wolf\tmammal\t\t\t\t
kitten\tcat\tYoung cats\t\t\tage
day\t\t\ttime\texactly-one\t
night\t\t\ttime\t\t
"""


@pytest.fixture
def animals(tmp_path: Path) -> Path:
    path = tmp_path / "animals.tsv"
    path.write_text(ANIMALS)
    return path


def test_a_table_is_read_with_levels_groups_and_headings(animals: Path) -> None:
    tree = read_taxonomy(animals)
    assert tree.level_names == ("realm", "class", "species", "age")
    assert tree.rules == (("pet", "at-most-one"), ("time", "exactly-one"))
    assert tree.path("kitten") == ("animal", "mammal", "cat", "kitten")
    assert (tree.heading("cat"), tree.heading("wolf")) == ("Cats", "wolf")
    assert tree.children("mammal") == ("cat", "dog", "wolf")
    assert tree.search(["cat"]) == ["cat", "kitten"]
    assert LabelTree.from_json(json.loads(json.dumps(tree.to_json()))) == tree
    assert str(tree) == "animals.tsv"


YAML = """
levels: [realm, kind]
groups: {time: exactly one}
labels:
  - {label: animal, heading: Animals}
  - {label: cat, parent: animal}
  - {label: day, group: time}
  - {label: night, group: time}
  - 2024
"""
TOML = """
levels = ["realm", "kind"]
groups = {time = "exactly-one"}
labels = [
  {label = "animal", heading = "Animals"}, {label = "cat", parent = "animal"},
  {label = "day", group = "time"}, {label = "night", group = "time"}, "2024",
]
"""


def test_yaml_json_and_toml_say_the_same(tmp_path: Path) -> None:
    for name, text in (("a.yaml", YAML), ("a.yml", YAML), ("a.toml", TOML)):
        (tmp_path / name).write_text(text)
    first = read_taxonomy(tmp_path / "a.yaml")
    (tmp_path / "a.json").write_text(json.dumps(first.to_json() | {"name": "a.json"}).replace('"name": "a.json", ', ""))
    assert [read_taxonomy(tmp_path / f"a.{ending}") for ending in ("yml", "toml", "json")] == [first] * 3
    assert first.level_names == ("realm", "kind")
    assert "2024" in first
    (tmp_path / "b.json").write_text('["one", "two"]')
    assert read_taxonomy(tmp_path / "b.json").level_names == ("label",)
    (tmp_path / "b.csv").write_text("label;parent\nx;\ny;x\nz;y\n")
    assert read_taxonomy(tmp_path / "b.csv").level_names == ("level 1", "level 2", "level 3")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("label,parent\na,b\nb,c\nc,a\n", r"row 2 closes a circle of parents: 'a' < 'b' < 'c' < 'a'$"),
        ("label,parent\na,a\n", "row 2 closes a circle of parents: 'a' < 'a'$"),
        ("label,parent\nanimal,\ncat,animl\n", "row 3 has the parent 'animl' of 'cat', .* did you mean 'animal'"),
        ("label,parent\na,\nb,a\na,b\n", "row 4 repeats the label 'a'$"),
        ("label,parent\n,a\na,\n", "row 2 names no label"),
        ("label,parents\na,\n", "the header has the column 'parents', which is unknown; did you mean 'parent'"),
        ("name,parent\na,\n", "the header has the column 'name', which is unknown"),
        ("parent,heading\na,b\n", "the header has no column 'label'"),
        ("label,group,rule\na,g,exactly-one\nb,g,at-most-one\n", "row 3 has the rule 'at-most-one', but an earlier"),
        ("label,group,rule\na,g,one\n", "row 2 has the rule 'one'; expected exactly-one or at-most-one"),
        ("label,group,rule\na,,exactly-one\n", "row 2 has the rule 'exactly-one', but no group"),
        ("label,parent,group\na,,g\nb,a,g\n", "row 3 has 'b' in the group 'g', and its ancestor 'a' too"),
        ("label,parent,level\na,,x\nb,,y\n", "row 3 has the level 'y', but an earlier label of the same depth has 'x'"),
        ("label,parent,level\na,,x\nb,a,x\n", "row 3 has the level 'x', which is that of depth 1"),
        ("label,parent\na\n", "row 2 has 1 field"),
        ("label,parent\n", "no label in it"),
        ("", "the file is empty"),
    ],
)
def test_mistakes_in_a_table_are_told_with_their_row(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "tree.csv"
    path.write_text(content)
    with pytest.raises(DataError, match=message) as caught:
        read_taxonomy(path)
    assert "\n" not in str(caught.value)


def test_all_mistakes_are_told_together(tmp_path: Path) -> None:
    path = tmp_path / "tree.csv"
    path.write_text("label,parent\na,\na,\nb,x\n")
    with pytest.raises(DataError, match=r"(?s)row 3 repeats the label 'a'.*row 4 has the parent 'x'"):
        read_taxonomy(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.yaml", "labels: [", "not valid YAML"),
        ("a.json", "{", "not valid JSON"),
        ("a.toml", "x", "not valid TOML"),
        ("a.yaml", "animals: 1", "expected a list 'labels'"),
        ("a.yaml", "labels: []", "no label in it"),
        ("a.yaml", "labels: [a]\nlevel: [x]", "the key 'level' is unknown"),
        ("a.yaml", "labels: [{label: a, parent: [b]}]", "entry 1 has 'parent' with several values"),
        ("a.yaml", "labels: [{labl: a}]", "entry 1 has the column 'labl', which is unknown; did you mean 'label'"),
        ("a.yaml", "labels: [a]\ngroups: {g: exactly-one}", "no label is of the group 'g'"),
        ("a.yaml", "labels: [a]\nlevels: [x, y]", "has 1 levels, which need 1 different names"),
    ],
)
def test_mistakes_in_a_document_are_told(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message):
        read_taxonomy(tmp_path / name)


def test_names_and_files_of_taxonomies(animals: Path, tmp_path: Path) -> None:
    assert find_taxonomy("vienna") == "vienna"
    assert find_taxonomy(str(animals)) == find_taxonomy(animals) == read_taxonomy(animals)
    with pytest.raises(OptionError, match=r"'viena' is unknown; .* did you mean vienna"):
        find_taxonomy("viena")
    with pytest.raises(DataError, match="there is no such file"):
        find_taxonomy(tmp_path / "missing.tsv")


def table(folder: Path, content: str) -> Path:
    path = folder / "marks.csv"
    path.write_text(content)
    return path


def test_labels_of_a_table_are_closed_under_their_ancestors(animals: Path, tmp_path: Path) -> None:
    path = table(tmp_path, "image,codes\n1.png,Kitten;day\n2.png,wolf night\n3.png,dog\n")
    with pytest.raises(DataError, match=r"row 3 'wolf night' is not in the taxonomy animals.tsv; nearest: "):
        read_marks(path, taxonomy=animals)
    path.write_text("image,codes\n1.png,Kitten;day\n2.png,wolf; night\n3.png,dog\n")
    marks = read_marks(path, taxonomy=animals)
    assert marks.codes == (("kitten", "day"), ("wolf", "night"), ("dog",))
    assert marks.unknown == ((), (), ("day", "night"))
    assert "1 mark has no label of the group 'time', of which exactly one applies, the first in row 4" in marks.notes[0]
    labels = LabelSet.from_marks(marks)
    assert labels.names == ("animal", "mammal", "cat", "kitten", "dog", "wolf", "day", "night")
    assert labels.level_names == ("realm", "class", "species", "age")
    assert labels.levels[labels.index["day"]] == "realm"
    targets = labels.targets(marks).toarray()
    assert targets[0].tolist() == [1, 1, 1, 1, 0, 0, 1, 0]
    assert targets[2].tolist() == [1, 1, 0, 0, 1, 0, -1, -1]
    assert labels.encode([["kitten"]]).toarray()[0].tolist() == [True] * 4 + [False] * 4


def test_rare_labels_count_for_what_stands_above_them(animals: Path, tmp_path: Path) -> None:
    rows = "".join(f"{at}.png,{'cat' if at % 2 else 'dog'};day\n" for at in range(8))
    marks = read_marks(table(tmp_path, f"image,codes\n{rows}9.png,kitten;night\n"), taxonomy=animals)
    labels = LabelSet.from_marks(marks, min_count=3)
    assert labels.names == ("animal", "mammal", "cat", "dog", "day", "night")
    assert labels.nearest("kitten") == "cat"
    assert [group.rule for group in labels.exclusive or ()] == ["at-most-one", "exactly-one"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1.png,cat;dog;day", "row 2 has 'cat' and 'dog', of which only one can apply: both are of the group 'pet'"),
        ("1.png,kitten;dog;day", "row 2 has 'cat' and 'dog', of which only one can apply"),
        ("1.png,Catt;day", "row 2 'Catt' is not in the taxonomy animals.tsv; nearest: 'cat'"),
    ],
)
def test_labels_that_do_not_fit_the_taxonomy_are_refused(animals: Path, tmp_path: Path, row: str, message: str) -> None:
    path = table(tmp_path, f"image,codes\n{row}\n2.png,cat;day\n3.png,cat;day\n")
    with pytest.raises(DataError, match=message):
        read_marks(path, taxonomy=animals)
    assert len(read_marks(path, taxonomy=animals, skip_bad=True)) == 2


def test_an_exact_group_below_a_label_says_nothing_of_marks_without_it(tmp_path: Path) -> None:
    tree = LabelTree(
        (LabelNode("shoe"), LabelNode("boot", "shoe", "", "kind"), LabelNode("sandal", "shoe", "", "kind")),
        rules=(("kind", "exactly-one"),),
    )
    marks = read_marks(table(tmp_path, "image,codes\n1.png,boot\n2.png,shoe\n3.png,\n"), taxonomy=tree)
    assert marks.unknown == ((), ("boot", "sandal"), ())


def test_what_a_label_excludes_is_not_unknown(animals: Path, tmp_path: Path) -> None:
    """A cat is no dog, whatever the table says of dogs; of a mark without a pet it is not known."""
    rows = "1.png,kitten;day,dog;wolf\n2.png,day,kitten;dog\n3.png,dog;day,?\n"
    marks = read_marks(table(tmp_path, f"image,codes,unknown\n{rows}"), taxonomy=animals)
    assert marks.unknown == (("wolf",), ("kitten", "dog"), ("wolf",))


def test_0_1_columns_of_a_tree(animals: Path, tmp_path: Path) -> None:
    marks = read_marks(table(tmp_path, "image,Cat,dog,night,day\n1.png,1,0,0,1\n2.png,0,?,1,0\n"), taxonomy=animals)
    assert marks.codes == (("cat", "day"), ("night",))
    assert marks.unknown == ((), ("dog",))
    with pytest.raises(DataError, match=r"(?s)'dgo' is not in the taxonomy.*--ignore dgo"):
        read_marks(table(tmp_path, "image,cat,dgo\n1.png,1,0\n2.png,0,1\n"), taxonomy=animals)


def test_commas_separate_labels_where_that_makes_them_labels(animals: Path, tmp_path: Path) -> None:
    marks = read_marks(table(tmp_path, 'image,codes\n1.png,"cat,day"\n2.png,"wolf,night"\n'), taxonomy=animals)
    assert marks.codes == (("cat", "day"), ("wolf", "night"))


@pytest.mark.parametrize("nothing", ["nan", "None", "-", ""])
def test_words_for_nothing_are_no_parents(tmp_path: Path, nothing: str) -> None:
    (tmp_path / "t.csv").write_text(f"label,parent,group\nanimal,{nothing},{nothing}\ncat,animal,{nothing}\n")
    assert read_taxonomy(tmp_path / "t.csv").path("cat") == ("animal", "cat")
