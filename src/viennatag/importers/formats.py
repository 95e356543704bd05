"""The formats that can be imported, and how each is recognised."""

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from viennatag.data.source_files import IMAGE_ENDINGS, Document
from viennatag.errors import OptionError
from viennatag.importers.class_folders import read_class_folder
from viennatag.importers.coco import read_coco
from viennatag.importers.eu_xml import read_eu_xml
from viennatag.importers.hf_parquet import read_hf_parquet
from viennatag.importers.kipris import read_kipris
from viennatag.importers.l3d import read_l3d
from viennatag.importers.one_hot import read_one_hot
from viennatag.importers.record import Record
from viennatag.importers.st96 import read_st96
from viennatag.importers.tmview import read_tmview
from viennatag.importers.trademarks2020 import read_trademarks2020
from viennatag.importers.uspto import read_uspto, read_uspto_as_vienna

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
    """

    name: str
    title: str
    endings: tuple[str, ...]
    read: Callable[[Document], Iterator[Record]]
    sign: str = ""
    zipped: bool = True
    own_codes: bool = False
    holds_images: bool = False

    def matches(self, head: bytes) -> bool:
        """Return whether a file that starts like this is of this format."""
        return bool(self.sign and re.search(self.sign, _plain(head), re.DOTALL))


_USPTO_SIGN = r"<trademark-applications-(daily|annual)|<case-file\b"
_FORMATS = (
    Format("eu-xml", "open data of the EU office, XML in a dialect of ST.66", (".xml",), read_eu_xml,
           r"<(\w+:)?trademarktransactionbody|<(\w+:)?markimagecategory|euipo\.europa\.eu/trademark"
           r"|xmlschema/trademarks"),
    Format("st96", "trade marks in WIPO ST.96 (Canada and others)", (".xml",), read_st96, r"xmlschema/st96"),
    Format("kipris", "answers of KIPRIS (Korea)", (".xml",), read_kipris, r"<viennacode|<trademarkinfo\b|kipris"),
    Format("uspto", "United States XML, design search codes as flat labels", (".xml",), read_uspto, _USPTO_SIGN,
           own_codes=True),
    Format("uspto-vienna", "United States XML, the codes that have a sure Vienna code", (".xml",),
           read_uspto_as_vienna, _USPTO_SIGN),
    Format("l3d", "results.json of the data set L3D", (".json",), read_l3d, r'"vienna_codes"\s*:'),
    Format("trademarks2020", "JSON of the data set TradeMarks2020", (".json",), read_trademarks2020,
           r'^\s*\{\s*"[^"]+"\s*:\s*\{[^{}]*"codes"\s*:'),
    Format("tmview", "exports of TMview and answers of the EU office's search, CSV or JSON",
           (".json", ".csv", ".tsv", ".txt"), read_tmview, r"^[^<]*(\bf?vienna ?(codes?|class(es)?)\b|\btmoffice\b)"),
    Format("coco", "COCO-style JSON", (".json",), read_coco, r'"(annotations|categories|images)"\s*:\s*\['),
    Format("hf-parquet", "image data sets of Hugging Face", (".parquet",), read_hf_parquet, r"^par1", zipped=False,
           holds_images=True),
    Format("one-hot", "table with one 0/1 column per label", (".csv", ".tsv"), read_one_hot,
           r'^"?[^\n<{]*\b(image|filename|file_name|file|path|img)\b[^\n<{]*[,;\t]'),
    Format("class-folders", "folders of images, each named by its code or label", IMAGE_ENDINGS, read_class_folder,
           zipped=False),
)  # fmt: skip
FORMATS = {each.name: each for each in _FORMATS}


def find_format(name: str) -> Format:
    """Return the format of a name.

    Raises:
        OptionError: If there is none; the message lists them.
    """
    if name not in FORMATS:
        known = "\n".join(f"  {each.name:<15} {each.title}" for each in FORMATS.values())
        raise OptionError(f"the format {name!r} is unknown; choose one of\n{known}")
    return FORMATS[name]


def recognise_format(head: bytes) -> Format | None:
    """Return the format of a file that starts like this, None if it looks like no format known."""
    return next((each for each in FORMATS.values() if each.matches(head)), None)


def _plain(head: bytes) -> str:
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return head.decode("utf-16" if wide else "utf-8-sig", errors="replace").lower()
