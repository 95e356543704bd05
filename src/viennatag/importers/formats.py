"""The formats that can be imported, and how each is recognised."""

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from viennatag.data.documents import Document
from viennatag.data.source_files import IMAGE_ENDINGS
from viennatag.data.tables import TABLE_FORMATS
from viennatag.errors import OptionError
from viennatag.importers.boxes_xml import read_cvat, read_voc
from viennatag.importers.brazil import read_brazil
from viennatag.importers.class_folders import read_class_folder, survey_class_folders
from viennatag.importers.coco import read_coco
from viennatag.importers.eu_xml import read_eu_xml
from viennatag.importers.hf_parquet import read_hf_parquet
from viennatag.importers.kipris import read_kipris
from viennatag.importers.l3d import read_l3d
from viennatag.importers.label_studio import read_label_studio
from viennatag.importers.madrid import read_madrid
from viennatag.importers.record import Record
from viennatag.importers.register_tables import read_register_table
from viennatag.importers.st96 import read_st96
from viennatag.importers.tables import read_table_document
from viennatag.importers.tmview import read_tmview
from viennatag.importers.trademarks2020 import read_trademarks2020
from viennatag.importers.uspto import read_us_table, read_uspto, read_uspto_as_vienna

HEAD = 1 << 16
"""Bytes from the start of a file by which its format is recognised."""


@dataclass(frozen=True)
class Format:
    """One format of registers and data sets.

    Attributes:
        name: The user's name for it.
        title: A short description.
        endings: Endings of its files, lower case.
        read: Yields the marks of one document.
        sign: Lower-case pattern in the start of its files and of no other format's; empty if there is none.
        zipped: Whether its files may be in ZIP archives.
        own_codes: Whether its labels are a list of their own, never Vienna codes.
        holds_images: Whether it holds the image files themselves.
        survey: Returns the reader for what the names of all files show, instead of `read`.
    """

    name: str
    title: str
    endings: tuple[str, ...]
    read: Callable[[Document], Iterator[Record]]
    sign: str = ""
    zipped: bool = True
    own_codes: bool = False
    holds_images: bool = False
    survey: Callable[[Iterable[str]], Callable[[Document], Iterator[Record]]] | None = None

    def matches(self, head: bytes) -> bool:
        """Return whether a file that starts like this is of this format."""
        return bool(self.sign and re.search(self.sign, _plain(head), re.DOTALL))


_TABLE_SIGN = (
    r'^"?[^\n<{]{0,4000}\b(image|image.?(path|name|file|id|index)|file.?name|file.?path|file|path|img)\b[^\n<{]{0,4000}[,;|\t]'
    r'|^\{[^\n]*"(image|file.?name|image.?path|path)"\s*:|^par1'
)
_USPTO_SIGN = r"<trademark-applications-(daily|annual)|<case-file\b"
_FORMATS = (
    Format("eu-xml", "open data of the EU office, XML in a dialect of ST.66", (".xml",), read_eu_xml,
           r"<(\w+:)?trademarktransactionbody|<(\w+:)?markimagecategory|euipo\.europa\.eu/trademark"
           r"|xmlschema/trademarks"),
    Format("st96", "trade marks in WIPO ST.96 (Canada and others)", (".xml",), read_st96, r"xmlschema/st96"),
    Format("brazil", "weekly XML of Brazil's office (revista/processo)", (".xml",), read_brazil,
           r"<revista\b|<classes?-vienna\b"),
    Format("madrid", "ROMARIN records and notices of the Madrid system, XML (MARKGR, VIENNAGR)", (".xml",), read_madrid,
           r"<markgr\b|<viennagr\b|\bintregn\s*="),
    Format("kipris", "answers of KIPRIS (Korea)", (".xml",), read_kipris, r"<viennacode|<trademarkinfo\b|kipris"),
    Format("uspto", "United States XML, design search codes as flat labels", (".xml",), read_uspto, _USPTO_SIGN,
           own_codes=True),
    Format("uspto-vienna", "United States XML, the codes that have a sure Vienna code", (".xml",),
           read_uspto_as_vienna, _USPTO_SIGN),
    Format("l3d", "results.json of the data set L3D", (".json",), read_l3d, r'"vienna_codes"\s*:'),
    Format("trademarks2020", "JSON of the data set TradeMarks2020", (".json",), read_trademarks2020,
           r'^\s*\{\s*"[^"]+"\s*:\s*\{[^{}]*"codes"\s*:'),
    Format("us-table", "research table of the United States, one row per mark and design search code",
           (".csv", ".tsv", ".txt"), read_us_table, r"^[^\n]*\bdesign_search_cd\b", own_codes=True),
    Format("ca-table", "research table of Canada, one row per mark and Vienna code", (".csv", ".tsv", ".txt"),
           read_register_table,
           r"^(?=[^\n]*vienna ?(category|classification|code|division)\b)[^\n]*\b(appno|application number)\b"),
    Format("tmview", "exports of TMview and answers of the EU office's search, CSV or JSON",
           (".json", ".csv", ".tsv", ".txt"), read_tmview, r"^[^<]*(\bf?vienna ?(codes?|class(es)?)\b|\btmoffice\b)"),
    Format("coco", "COCO-style JSON", (".json",), read_coco,
           r'^\s*\{(?!.*"(from_name|was_cancelled|completed_by)"\s*:).*"(annotations|categories|images)"\s*:\s*\['),
    Format("hf-parquet", "image data sets of Hugging Face", (".parquet",), read_hf_parquet, r"^par1", zipped=False,
           holds_images=True),
    Format("label-studio", "exports of Label Studio, JSON or JSON-MIN", (".json",), read_label_studio,
           r'^\s*[\[{].*"(lead_time|was_cancelled|annotation_id|from_name|completed_by)"\s*:'),
    Format("cvat", "XML of CVAT, images 1.1: tags and shapes", (".xml",), read_cvat, r"<annotations\b"),
    Format("voc", "XML in the format of Pascal VOC, one file an image", (".xml",), read_voc,
           r"<annotation\b.*<(filename|object)\b"),
    Format("table", "any table of images and labels, also with one row per image and label", TABLE_FORMATS,
           read_table_document, _TABLE_SIGN),
    Format("one-hot", "table with one 0/1 column per label (read as any table)", TABLE_FORMATS, read_table_document,
           _TABLE_SIGN),
    Format("class-folders", "folders of images, each named by its code or label, as of YOLO, also below train and val",
           IMAGE_ENDINGS, read_class_folder, zipped=False, survey=survey_class_folders),
)  # fmt: skip
FORMATS = {each.name: each for each in _FORMATS}
_KNOWN_AS = {
    "yolo": "class-folders", "imagefolder": "class-folders", "imagenet": "class-folders", "huggingface": "hf-parquet",
    "metadata": "table", "openimages": "table", "nih": "table", "chestxray": "table", "celeba": "table", "csv": "table",
    "pascalvoc": "voc",
}  # fmt: skip
"""Names of data sets and tools, without hyphens, and the format that each is read as."""


def find_format(name: str) -> Format:
    """Return the format of a name.

    Raises:
        OptionError: If there is none; the message lists them.
    """
    if name not in FORMATS:
        plain = re.sub(r"[^a-z]", "", name.lower())
        read_as = f"; such data are mostly read as {_KNOWN_AS[plain]}" if plain in _KNOWN_AS else ""
        known = "\n".join(f"  {each.name:<15} {each.title}" for each in FORMATS.values())
        raise OptionError(f"the format {name!r} is unknown{read_as}; choose one of\n{known}")
    return FORMATS[name]


def recognise_format(head: bytes) -> Format | None:
    """Return the format of a file that starts like this, None if it looks like no format known."""
    return next((each for each in FORMATS.values() if each.matches(head)), None)


def describe_head(head: bytes) -> str:
    """Return what the start of a file shows of its structure, to be added to a message; empty if nothing."""
    text = _plain(head, lower=False)
    if text.lstrip().startswith("<"):
        tags = list(dict.fromkeys(re.findall(r"<([A-Za-z_][\w.:-]*)", text)))[:2]
        below = f" with <{tags[1]}> in it" if len(tags) > 1 else ""
        return f"; its root element is <{tags[0]}>{below}" if tags else ""
    if text.lstrip().startswith(("{", "[")):
        keys = list(dict.fromkeys(re.findall(r'"([^"\n]{1,60})"\s*:', text)))[:5]
        return f"; it is JSON with {', '.join(map(repr, keys))}" if keys else ""
    first = text.strip().partition("\n")[0].strip()[:80]
    return f"; its first line is {first!r}" if first.isprintable() and first else ""


def _plain(head: bytes, *, lower: bool = True) -> str:
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = head.decode("utf-16" if wide else "utf-8-sig", errors="replace")
    return text.lower() if lower else text
