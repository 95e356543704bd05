"""Find artwork without codes: images for the teacher to label, since most drawings are in no keyword table."""

from collections.abc import Collection, Iterable
from pathlib import Path

from viennatag.errors import ArtworkError
from viennatag.synthesis.artwork import MAX_BODY, Drawing, find_codes, pack_family, read_drawings
from viennatag.synthesis.assets import hash_fraction
from viennatag.synthesis.keywords import read_keywords


def unlabelled_drawings(
    artwork: Iterable[Path | str], *, without_packs: Collection[str] = (), without_words: Collection[str] = ()
) -> list[Drawing]:
    """Return one drawing of each group that the keyword table does not know, in an order that mixes packs.

    Args:
        artwork: Folders of packs or of SVG files, see `read_artwork`.
        without_packs: Packs to leave out, with all of their family.
        without_words: First words of names to leave out, such as brands: packs of generic artwork hold some.

    Raises:
        ArtworkError: If the artwork cannot be used, or nothing is left of it.
    """
    drawings, _ = read_drawings(artwork)
    coded = find_codes(drawings, read_keywords())
    known = {drawing.group for drawing, codes in zip(drawings, coded, strict=True) if codes}
    families, banned = {pack_family(pack) for pack in without_packs}, {"brand", "logo", *without_words}
    groups: dict[str, Drawing] = {}
    for drawing in sorted(drawings, key=lambda each: hash_fraction(f"{each.pack}:{each.name}")):
        words = drawing.name.lower().split("-")
        if drawing.group in known or len(drawing.body) > MAX_BODY or pack_family(drawing.pack) in families:
            continue
        if words[0] not in banned and not {"brand", "logo"} & set(words):
            groups.setdefault(drawing.group, drawing)
    if not groups:
        raise ArtworkError("every drawing is in the keyword table or left out; no unlabelled drawing is left")
    return list(groups.values())
