"""One place that says what a cell of a table means: yes or no, a list of labels, or nothing.

Tables, data frames and importers all ask here, so that `yes`, `[]` and `nan` mean the same in each of them.
"""

import ast
import html
import json
import math
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from os import PathLike
from typing import Any, Literal

from viennatag.data.taxonomy import same_label
from viennatag.errors import DataError

Truth = Literal["positive", "negative", "unknown", "blank"]
_WORDS: dict[Truth, str] = {
    "positive": """1 1.0 1,0 true t yes y x ✓ ✔ + on present positive pos ja oui si sí sì sim tak да 是 はい 예 ☑ ✅
        wahr vrai verdadero verdadeiro vero waar prawda истина""",
    "negative": """0 0.0 0,0 false f no n off absent negative neg nein non não nee nie нет 否 いいえ 아니요 ☐ ✗ ✘ ❌
        falsch faux falso onwaar fałsz ложь""",
    "unknown": "-1 -1.0 -1,0 ? unknown uncertain unsure unclear",
    "blank": r"""nan none na n/a <na> null nat -nan n.a. #n/a #na #nv #n/d \n <null> (null) (none) (blank)
        . <undefined> <missing> <none> nil - -- --- – —""",
}
_TRUTHS: dict[str, Truth] = {word: truth for truth, words in _WORDS.items() for word in words.split()} | {"": "blank"}
EMPTY_LISTS = frozenset({"[]", "{}", "()", "set()"})
EMPTY_WORDS = frozenset({text for text, truth in _TRUTHS.items() if truth == "blank"} - {""})
"""Words (lower case) that programs write for an empty cell."""
SURE_SEPARATORS = ";|\n\t；"
DOUBTFUL_SEPARATORS = (",", "、", "，", "#", " ")
"""These may be part of a label, so they separate labels only if the whole column says so, or the user does."""
_ONE_OR_ZERO = re.compile(r"-?0*[01][.,]0+(e[+-]?0+)?|-?[01]e[+-]?0+")
"""Numbers of 0/1 cells in the spellings of programs, such as `1.000` and `0.0e+00`."""
_BLANKS = re.compile(r"\s+")
_INVISIBLE = re.compile(
    r"[\0-\x08\x0e-\x1b\x7f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufe00-\ufe0f\ufeff]+"
)
_ACCENTS = re.compile("[\u0300-\u036f]+")
_AROUND = " .,:!?'\"`´‘’“”„«»"
"""What may stand around a label that is one without it too."""
_BULLET = re.compile(r"[•·▪‣◦]\s*|[-*]\s+(?=\w)")
"""What begins each line of a list that people typed."""
_SCORE = re.compile(r"\s*(?:[01]?[.,]\d+|\d{1,3}(?:[.,]\d+)?\s?%)\)?")
_DAMAGE = re.compile(r"#[A-ZÀ-Ý]{3,12}(?:/0)?[!?]")
"""What spreadsheets write where a formula failed."""
_TEXT = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_PRINTED = re.compile(
    rf"""(?:np|numpy)\.(True|False)_|(?:np|numpy)\.\w+\(((?:{_TEXT}|[^()'"])*)\)|tensor\(([^][(),'"]+)(?:,[^()]*)?\)"""
    rf"""|b({_TEXT})|(?:Pure)?(?:Posix|Windows)?Path\(({_TEXT})\)"""
)
"""One value as Python, NumPy and torch print it: `np.str_('cat')`, `tensor(3)`, `b'cat'`, `PosixPath('a.png')`."""
_PRINTED_IN_LIST = re.compile(rf"({_TEXT})|{_PRINTED.pattern}")
_BARE_NOTHING = re.compile(rf"({_TEXT})|\b(?:nan|NaN|NaT|null|inf)\b|<NA>")
_SCORE_KEYS = re.compile(r".*(scores?|confidences?|probs?|probabilit(y|ies)|values?)", re.IGNORECASE)
_CUT_LIST = re.compile(r"""[\[{]\s*["']""")
_ENTITY = re.compile(r"&(?:[A-Za-z]{2,8}|#\d{2,6}|#x[0-9A-Fa-f]{2,6});")
_NUMBERS = re.compile(r"\s*[-+.\d]+(?:\s+[-+.\d]+)+\s*")
_NUMBER = re.compile(r"[+-]?\d{1,15}([.,]\d{1,15})?")
_JOINTS = re.compile(r"[\s_\u2010-\u2015\u2212-]+")
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ´`", "'"))
_ARRAY = re.compile(r"^(?:[A-Za-z]+\()?([\[{(].*?[\]})])(?:,\s*dtype=.*)?\)?$", re.DOTALL)
_CALL = re.compile(r"(array|tensor|Index|Series|set|frozenset|deque|dict_keys)\([\[{(]|c\([\"'].*\)$")
_SURE = re.compile(f"[{SURE_SEPARATORS}]")
_QUOTED = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")
_TOOL_KEYS = re.compile(
    r".*(?<!super)(?<!super_)(labels?|choices|taxonomy|tags?|class(es)?|categor(y|ies))"
    r"|(.*(vienna|class|label|categor[yi]e?s?|tag|display|object)[_ ]?)?(codes?|names?)",
    re.IGNORECASE,
)
_NESTING_KEYS = re.compile(r"(value|results?|annotations?|items|data)$", re.IGNORECASE)
_BRACED = re.compile(r'(?:"((?:[^"\\]|\\.)*)"|([^,"{}\[\]]+))(?:,|$)')
_LONG = 10_000
"""Characters of a cell from which it is read as a list only by JSON and Python, whose time grows with its length."""
_FEW, _SHORT = 8, 1_000  # marks between labels that are looked at in a label, and its characters
_BETWEEN = re.compile(r"\\[nrt]|\s*<br ?/?>\s*|\s+(?:and|und|et|y|e)\s+|[\W_]+", re.IGNORECASE)
"""What may stand between two labels besides the separators above."""
CLASS_WORDS = frozenset({"+", "on", "off", "present", "absent", "positive", "negative", "pos", "neg"})
"""Words for yes and no that are labels themselves in a column of labels."""
UNSURE_WORDS = frozenset(
    {
        "unlabeled", "unlabelled", "not labeled", "not labelled", "no label", "no labels", "no tags", "unknown",
        "unsorted", "uncertain", "undefined", "unassigned", "todo", "tbd", "skip", "skipped", "missing",
    }
)  # fmt: skip
"""Words in a column of labels that may mean that nobody has looked at the image."""
MOST_KEPT = 256
"""Characters of the longest text of which the reading is kept, so that all that are kept take little memory."""


def truth_of(text: str) -> Truth | None:
    """Return what the text of a 0/1 cell says, None if it is no such cell."""
    text = text.strip()
    return _truth_of(text) if len(text) <= MOST_KEPT else None


@lru_cache(maxsize=65_536)
def _truth_of(text: str) -> Truth | None:
    text = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text.lower()).replace("\u2212", "-")
    if (truth := _TRUTHS.get(text)) or not _ONE_OR_ZERO.fullmatch(text):
        return truth
    return _TRUTHS.get(f"{float(text.replace(',', '.')):g}")


def cell_text(value: Any) -> str:
    """Return a cell as text: paths and numbers too, None and NaN as an empty text, whole numbers without `.0`."""
    if (
        value is None
        or (isinstance(value, float) and math.isnan(value))
        or type(value).__name__ in {"NAType", "NaTType"}
    ):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, PathLike):
        return str(value)
    return value.strip() if isinstance(value, str) else str(value).strip()


def image_cell(cell: Any) -> tuple[bytes | None, str]:
    """Return the bytes of a Parquet cell that holds an image, None if it has none, and its path, empty if none."""
    content, path = (cell.get("bytes"), cell.get("path")) if isinstance(cell, dict) else (cell, cell)
    return content if isinstance(content, bytes) else None, path if isinstance(path, str) else ""


def normal_label(text: str) -> str:
    """Return a label in composed Unicode form (NFC), with single blanks and without invisible characters."""
    text = str(text)  # NumPy has texts of its own
    if text.isascii() and " " not in text and text.isprintable():
        return text
    return _BLANKS.sub(" ", _INVISIBLE.sub("", unicodedata.normalize("NFC", text))).strip()


def without_accents(text: str) -> str:
    """Return a text without the accents of its letters."""
    return text if text.isascii() else _ACCENTS.sub("", unicodedata.normalize("NFD", text))


def alike_labels(labels: Iterable[str]) -> list[tuple[str, str]]:
    """Return pairs of labels that may be one: `hot_dog` and `hot dog`, `café` and `cafe`, `7` and `007`."""
    first: dict[str, str] = {}
    pairs = []
    for label in sorted(labels):
        if _NUMBER.fullmatch(label):
            key = f"{float(label.replace(',', '.')):g}"
        else:
            plain = without_accents(same_label(label)).translate(_APOSTROPHES)
            key = _JOINTS.sub(" ", plain).strip(_AROUND) or label
        if first.setdefault(key, label) != label:
            pairs.append((first[key], label))
    return pairs


def has_entity(text: str) -> bool:
    """Return whether a text holds a character as web pages write it, such as `&amp;`."""
    return "&" in text and bool(_ENTITY.search(text))


def is_listed(text: str) -> bool:
    """Return whether a text is written as Python, JSON, NumPy, R or PostgreSQL print a list, or as quoted texts."""
    return (
        text[:1] + text[-1:] in {"[]", "{}", "()"}
        or bool(_CALL.match(text))
        or _is_quoted(text)
        or as_printed(text) != text
    )


def as_printed(text: str) -> str:
    """Return the text that a program printed as a value of its own, such as `b'cat'`; other texts as they are."""
    if len(text) >= _LONG or not (found := _PRINTED.fullmatch(text)):
        return text
    inner = _held(found).strip()
    return inner[1:-1] if inner[:1] in ("'", '"') and inner[-1:] == inner[:1] else inner


def _held(found: re.Match[str]) -> str:
    """Return the group that matched."""
    return next(each for each in found.groups() if each is not None)


def _is_quoted(text: str) -> bool:
    return (
        text[:1] in ("'", '"')
        and text[-1:] == text[:1]
        and 2 < len(text) < _LONG
        and not _QUOTED.sub("", text).strip(" ,;|\t\n")
    )


def cell_entries(value: Any, *, separator: str = "", as_written: bool = False) -> list[str]:
    """Return the labels of a cell: text with separators, a list however it is spelt, or any collection of texts.

    Args:
        value: The cell.
        separator: What separates labels in text; by default `;`, `|` and line breaks.
        as_written: Take words such as `nan` and lists in brackets as the texts they are.

    Raises:
        DataError: If a list cannot be read, or the cell holds something else.
    """
    if isinstance(value, str):
        read = _text_entries if len(value) <= MOST_KEPT else _text_entries.__wrapped__
        return list(read(value, separator, as_written))
    if isinstance(value, Mapping):
        return _mapping_entries(value)
    if isinstance(value, (list, tuple, set, frozenset)) or (
        hasattr(value, "__array__") and getattr(value, "ndim", 1) > 0
    ):
        ordered = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
        return [entry for each in ordered for entry in _listed_entries(each)]
    if isinstance(value, (bytes, bytearray, memoryview)):
        raise DataError(f"holds bytes where labels are expected: {bytes(value[:20])!r}")
    if hasattr(value, "__next__") or getattr(type(value), "__repr__", None) is object.__repr__:
        raise DataError(f"holds a {type(value).__name__} where labels are expected; make it a text or a list of texts")
    return [text] if (text := normal_label(cell_text(value))) else []


def choose_separator(cells: Collection[str]) -> tuple[str, list[tuple[str, str]]]:
    """Return what separates labels besides the sure separators, and (separator, example) of those left in doubt.

    A doubtful separator counts if splitting explains the column with no more labels than it has different cells, and
    some piece occurs in several cells. Blanks must halve the number of labels, because many labels are phrases.
    """
    texts = {text for text in map(str.strip, cells) if text and not is_listed(text)}
    sure = any(mark in text for text in texts for mark in SURE_SEPARATORS)
    doubts = []
    for mark in DOUBTFUL_SEPARATORS:
        pieces = {text: [piece.strip() for piece in text.split(mark) if piece.strip()] for text in _single(texts)}
        joined = [text for text in sorted(pieces) if len(pieces[text]) > 1 and not (mark == " " and "," in text)]
        if not joined:
            continue
        seen: dict[str, int] = {}
        for found in pieces.values():
            for piece in set(found):
                seen[piece] = seen.get(piece, 0) + 1
        recurs = any(seen[piece] > 1 for text in joined for piece in pieces[text])
        few = len(seen) <= len(pieces) if mark != " " else 2 * len(seen) <= len(pieces)
        if mark == " " and all(map(str.isdecimal, seen)):  # numbers of classes
            recurs = few = True
        if recurs and few and not sure:
            return mark, []
        if mark != " " or not sure:
            doubts.append((mark, joined[0]))
    joined_labels = _joined_labels(_single(texts))
    told = set(joined_labels.values())
    return "", [*((mark, text) for mark, text in doubts if text not in told), *joined_labels.items()]


def _joined_labels(labels: Collection[str]) -> dict[str, str]:
    """Return the marks between other labels in a label, such as `/` in `cat/dog`, each with its first example."""
    found: dict[str, str] = {}
    for text in sorted(label for label in labels if len(label) < _SHORT):
        for mark in sorted({match if _is_word(match) else match.strip() for match in _BETWEEN.findall(text)} - {""})[
            :_FEW
        ]:
            if mark in found or mark in DOUBTFUL_SEPARATORS:
                continue
            pieces = [piece.strip() for piece in text.split(mark)]
            if len(pieces) > 1 and all(piece in labels for piece in pieces):
                found[mark] = text
    return found


def _is_word(mark: str) -> bool:
    """Return whether a mark is part of many words too, so that it separates labels only with the blanks around it."""
    return mark.strip() in {"-", "_", "."} or mark.strip().isalpha()


def _single(texts: Iterable[str]) -> set[str]:
    found = set()
    for text in texts:
        found.update(_SURE.split(text))
    return {text.strip() for text in found} - {""}


@lru_cache(maxsize=65_536)
def _text_entries(text: str, separator: str, as_written: bool) -> tuple[str, ...]:
    text = text.strip()
    if not as_written:
        if has_entity(text):
            text = html.unescape(text)
        if is_listed(text):
            return tuple(_bracket_entries(text))
        if text in EMPTY_LISTS:
            return ()
        if _CUT_LIST.match(text):
            raise DataError(f"holds a list that is cut off: {text[:60]!r}; --as-written takes it as a label")
        if found := _DAMAGE.search(text):
            raise DataError(f"holds an error of a spreadsheet: {found[0]!r}; --as-written takes it as a label")
    pieces = text.split(separator) if separator else _SURE.split(text)
    if separator == " ":
        pieces = text.split()
    return tuple(
        label
        for label in map(normal_label, pieces if as_written else map(_without_bullet, pieces))
        if label and (as_written or (label.lower() not in EMPTY_WORDS and label not in EMPTY_LISTS))
    )


def _without_bullet(text: str) -> str:
    text = text.strip()
    return text[found.end() :] if (found := _BULLET.match(text)) else text


def has_score(text: str) -> bool:
    """Return whether a label ends with a score, as in `cat:0.9` and `cat (90 %)`."""
    at = max(map(text.rfind, ":=("))
    return at > 0 and bool(_SCORE.fullmatch(text, at + 1)) and any(map(str.isalpha, text[:at]))


def _bracket_entries(text: str) -> list[str]:
    if text in EMPTY_LISTS:
        return []
    if (value := as_printed(text)) != text:
        return [label] if (label := normal_label(value)) and label.lower() not in EMPTY_WORDS else []
    if _is_quoted(text) and is_listed(inner := _unquoted(text)):  # a list that was written as a text twice
        return _bracket_entries(inner)
    if len(text) < _LONG:
        text = _PRINTED_IN_LIST.sub(_held, text)
    if _is_quoted(text) or text.startswith("c("):  # quoted texts, and those of R
        text = f"[{text.removeprefix('c(').removesuffix(')')}]"
    found = _ARRAY.match(text)
    inner = found[1][1:-1] if found else text[1:-1]
    quoted = [first or second for first, second in _QUOTED.findall(inner)] if len(inner) < _LONG else []
    # NumPy prints no commas; Python would join the texts
    if len(quoted) > 1 and not _QUOTED.sub("", inner).strip(" ;|\t\n"):
        return [label for label in map(normal_label, quoted) if label]
    for read in (json.loads, ast.literal_eval, _without_nan):
        try:
            return cell_entries(read(found[1] if found else text))
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):  # a set of lists is a TypeError
            continue
    if (
        text.startswith("{") and len(text) < _LONG and not _BRACED.sub("", inner)
    ):  # PostgreSQL quotes only what needs it
        return [label for pair in _BRACED.findall(inner) if (label := normal_label(pair[0] or pair[1]))]
    if "'" in inner or '"' in inner or any(mark in inner for mark in "[]{}"):
        raise DataError(f"holds what looks like a list and cannot be read as one: {text[:60]!r}")
    pieces = inner.split() if _NUMBERS.fullmatch(inner) else inner.split(",")  # NumPy prints no commas
    return [label for label in map(normal_label, pieces) if label and label.lower() not in EMPTY_WORDS]


def _unquoted(text: str) -> str:
    """Return what one quoted text holds; empty if there are several, or it cannot be read."""
    try:
        value = json.loads(text) if text.startswith('"') else ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return ""
    return value.strip() if isinstance(value, str) else ""


def _without_nan(text: str) -> Any:
    """Return the list of Python that a text is, with None for what only data frames write."""
    if len(text) >= _LONG:
        raise ValueError("too long")
    return ast.literal_eval(_BARE_NOTHING.sub(lambda found: found[1] or "None", text))


def _mapping_entries(value: Mapping[Any, Any]) -> list[str]:
    """Return the labels that an object of an annotation tool holds, or the names whose value is true."""
    truths = {str(key): truth_of(cell_text(each)) for key, each in value.items() if not isinstance(each, (list, dict))}
    named = [each for key, each in value.items() if _TOOL_KEYS.fullmatch(str(key))]
    if any(isinstance(each, str) for each in named):
        truths = {}  # in {"label": "yes"} yes is the label
    if any(isinstance(each, str) or (isinstance(each, list) and len(each) > 1) for each in named) and not _applies(
        value
    ):
        return []
    if value and len(truths) == len(value) and set(truths.values()) <= {"positive", "negative"}:
        return [normal_label(key) for key, truth in truths.items() if truth == "positive"]
    found = [
        entry
        for key, each in value.items()
        if _TOOL_KEYS.fullmatch(str(key)) or (_NESTING_KEYS.search(str(key)) and isinstance(each, (list, dict)))
        for entry in _listed_entries(each)
    ]
    empty = any(_TOOL_KEYS.fullmatch(str(key)) and isinstance(each, list) and not each for key, each in value.items())
    if not found and value and not empty:
        raise DataError(f"holds an object without labels that are known: {str(dict(value))[:60]!r}")
    return found


def _applies(value: Mapping[Any, Any]) -> bool:
    """Return whether the label of an object applies: its score, if it states one, is 1 and not 0.

    Raises:
        DataError: If the score is neither, as that of a prediction is.
    """
    for key, held in value.items():
        scores = [each for each in (held if isinstance(held, list) else [held]) if isinstance(each, (int, float))]
        score = next(
            (each for each in scores if each not in {0, 1} and not math.isnan(each)), min(scores, default=None)
        )
        if score is not None and _SCORE_KEYS.fullmatch(str(key)) and not math.isnan(score):
            if score not in {0, 1} or len(scores) > 1:
                raise DataError(
                    f"holds a label with a score: {str(dict(value))[:60]!r}; keep the labels that apply, without scores"
                )
            return bool(score)
    return True


def _listed_entries(value: Any) -> list[str]:
    """Return the labels of an entry of a list, which is a label of its own if it is a text."""
    if isinstance(value, str):
        return [label] if (label := normal_label(value)) else []
    return cell_entries(value)
