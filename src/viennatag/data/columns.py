"""One table of names: which column holds the image, the labels, the subset, and which words name a subset.

Names are compared without case, accents, blanks, hyphens and underscores, so that `Finding Labels` is `finding_labels`.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from viennatag.data.cells import normal_label, without_accents
from viennatag.errors import OptionError

IMAGE_NAMES = (
    "image", "file_name", "image_path", "image_file", "image_name", "image_file_name", "file_path",
    "path", "file", "img", "img_path",
    "img_name", "image_index", "image_id", "img_id", "picture", "photo", "logo", "asset_id",
    "image_url", "image_uri", "source_ref",
    "bild", "bilddatei", "datei", "dateiname", "fichier", "nom_de_fichier", "imagen", "archivo", "imagem", "arquivo",
    "immagine", "afbeelding", "bestand", "изображение", "файл", "图片", "图像", "文件名", "画像",
    "ファイル名", "이미지", "파일명",
)  # fmt: skip
"""Columns that name the image, the surest first; a folded `file_name` is `filename` too."""
IMAGE_COLUMNS = ("image", "img", "picture", "logo")
"""Columns of Parquet files that hold image files."""
LABEL_NAMES = (
    "codes", "labels", "label", "code", "tags", "tag", "finding_labels", "finding_label",
    "vienna_codes", "vienna_code", "vienna",
    "vienna_classes", "classes", "class", "class_name", "categories", "category", "label_name", "class_names",
    "targets", "target", "choices", "choice", "findings", "finding", "annotations", "annotation", "genres", "genre",
    "attributes", "attribute",
    "class_labels", "class_label", "label_names",
    "vienna_classification", "wiener_klassifikation", "classification_de_vienne", "clasificacion_de_viena",
    "klasse", "klassen", "kategorie", "kategorien", "etikett", "etiketten", "etiquette", "etiquettes", "classe",
    "categorie", "etiqueta", "etiquetas", "clase", "clases", "categoria", "categorias", "etichetta", "etichette",
    "метка", "метки", "класс", "категория", "标签", "类别", "ラベル", "クラス", "カテゴリ", "라벨", "레이블", "분류",
    "objects", "class_id", "label_id", "category_id", "class_idx", "label_idx", "class_index", "label_index",
)  # fmt: skip
"""Columns of labels, the surest first."""
SPLIT_NAMES = (
    "split", "subset", "partition", "set", "part", "phase", "usage", "data_set", "is_valid", "is_validation", "is_test",
    "is_train",
)  # fmt: skip
ID_NAMES = ("id", "mark_id")
NUMBER_NAMES = (
    "application_number", "application_no", "app_no", "serial_number", "serial_no", "registration_number",
    "registration_no", "st13", "trade_mark_number", "trademark_number", "mark_number", "tm_number",
)  # fmt: skip
"""Columns of numbers of a register; several images may have one of them."""
GROUP_NAMES = ("group", "group_id")
WEIGHT_NAMES = ("weight", "sample_weight")
UNKNOWN_NAMES = ("unknown", "unknown_labels", "unknown_codes")
"""Columns of labels of which nobody knows whether they apply."""
TRUTH_NAMES = ("confidence", "present", "is_present", "presence", "value")
"""Columns of a long table that say with 0 or 1 whether the label of the row applies."""
SCORE_NAMES = ("score", "scores", "probability", "prob", "proba", "similarity")
"""Columns that say how sure somebody was of the label of a row."""
DOUBTFUL_FLAGS = ("fold", "kfold", "fold_id", "cv", "iscrowd", "is_crowd", "verified", "reviewed", "duplicate")
"""Columns of 0 and 1 that are more often about a mark than a label."""
INDEX_NAMES = ("", "index", "__index_level_0__", "__index_level_1__")
"""Columns that a data frame's index leaves in a file; a folded `Unnamed: 0` is one too."""

Blank: TypeAlias = Literal["", "unknown", "absent"]
"""What a blank cell of a 0/1 column says of its label; empty is `absent`, and a note tells so."""

_SUBSET_WORDS = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("validation", "valid", "validate", "val", "dev", "development", "eval"), "validation"),
    **dict.fromkeys(("test", "testing", "tst", "holdout", "heldout"), "test"),
}
_UNNAMED = re.compile(r"unnamed:\d+(\.\d+)*|level\d+|row\.?names|\.\.\.1")


@dataclass(frozen=True)
class Reading:
    """What a user says about a table; whatever is left out is found out.

    Attributes:
        image_column: The column that names the image.
        label_columns: The column of labels, or the 0/1 columns that are labels; no other column is one then.
        ignore: Columns that are no labels and nothing else either.
        separator: What separates labels in a cell.
        long: Whether several rows of one image are joined: one row per image and label.
        as_written: Take labels as they are written: no lists, no empty words such as `nan`, no joining of spellings.
        blank: Whether blank cells of 0/1 columns say that the label is `unknown` or `absent`; by default absent.
    """

    image_column: str = ""
    label_columns: Sequence[str] = ()
    ignore: Sequence[str] = ()
    separator: str = ""
    long: bool | None = None
    as_written: bool = False
    blank: Blank = ""

    def __post_init__(self) -> None:
        if self.blank not in get_args(Blank):
            raise OptionError(f"blank is {self.blank!r}; choose one of unknown, absent")
        if isinstance(self.label_columns, str) or isinstance(self.ignore, str):
            raise OptionError("label_columns and ignore are lists of names of columns")


def fold_name(name: str) -> str:
    """Return a column's name without case, accents, blanks, hyphens, underscores, quotes and what is in brackets."""
    plain = name if name.isascii() else normal_label(unicodedata.normalize("NFKC", name))
    return re.sub(r"(?<=.)\([^()]*\)|[\s_'\"`-]+", "", without_accents(plain)).lower()


def subset_of(word: str) -> str | None:
    """Return the subset (`train`, `validation` or `test`) that a word names, None if it names none."""
    folded = fold_name(word)
    return _SUBSET_WORDS.get(folded) or _SUBSET_WORDS.get(re.sub(r"(?<=.)(data)?(set|split|data)$", "", folded))


def subset_in(name: str) -> str:
    """Return the subset that a word in the name of a file or folder names, as in `seg_train` and `val2017`; else ""."""
    words = (word.rstrip("0123456789") for word in re.split(r"[\W_]+", name))
    return next((subset for word in words if (subset := subset_of(word))), "")


def columns_named(columns: Sequence[str], names: Iterable[str]) -> list[str]:
    """Return the columns that have one of the names, in the order of the names; an exact spelling comes first."""
    folded: dict[str, list[str]] = {}
    for column in columns:
        folded.setdefault(fold_name(column), []).append(column)
    found: dict[str, None] = {}
    for name in names:
        same = folded.get(fold_name(name), [])
        found.update(dict.fromkeys([name] if name in same else []))
        found.update(dict.fromkeys(same))
    return list(found)


def is_index_name(name: str) -> bool:
    """Return whether a column is named as a data frame's index is in a file."""
    return name in INDEX_NAMES or bool(_UNNAMED.fullmatch(fold_name(name)))
