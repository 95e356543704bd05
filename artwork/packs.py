"""Packs of drawings in the Iconify JSON format, as `viennatag render --artwork` reads them."""

import json
from collections.abc import Mapping
from pathlib import Path

from viennatag.files import atomic_file


def write_pack(folder: Path, info: Mapping[str, object], icons: Mapping[str, Mapping[str, object]]) -> None:
    """Write a pack: who drew it under which licence, and its drawings by their names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (("info.json", info), ("icons.json", {"prefix": info["prefix"], "icons": icons})):
        with atomic_file(folder / name) as temporary:
            temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
