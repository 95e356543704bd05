"""The command `render`: draw synthetic marks."""

from pathlib import Path
from typing import Annotated

from typer import Option

from viennatag.cli.options import SeedOption
from viennatag.cli.outputs import check_outputs
from viennatag.cli.progress import show_progress
from viennatag.errors import count as counted


def render(
    out: Annotated[Path, Option("-o", "--out", help="Folder to write images and their table to.")],
    artwork: Annotated[list[Path], Option(help="Folder of icon packs or SVG files; may be repeated.")],
    fonts: Annotated[list[Path], Option(help="Font files or folders of them; may be repeated.")],
    count: Annotated[int, Option(help="Number of marks.")],
    profile: Annotated[Path | None, Option(help="Marks table whose combinations of codes to draw.")] = None,
    balance: Annotated[float, Option(help="0 keeps the profile's frequencies, 1 makes sections equal.")] = 0.0,
    test_packs: Annotated[str, Option(help="Packs for test marks only, separated by commas.")] = "",
    size: Annotated[int, Option(help="Longer side in pixels.")] = 256,
    sheet: Annotated[Path | None, Option(help="Also write a contact sheet to this PNG file.")] = None,
    registers: Annotated[
        float, Option(help="Share of marks like those of Asian and African registers: other scripts, labels, prints.")
    ] = 0.0,
    allow_share_alike: Annotated[bool, Option("--allow-share-alike", help="Also use share-alike artwork.")] = False,
    seed: SeedOption = 0,
) -> None:
    """Draw synthetic marks whose codes are known.

    Example: viennatag render -o drawn --artwork packs --fonts fonts --count 1000 --sheet sheet.png
    """
    check_outputs({"--sheet": sheet}, folders={"--out": out}, inputs=[profile])
    from viennatag.synthesis import RenderOptions, draw_marks, draw_sheet

    with show_progress() as report:
        table = draw_marks(
            out,
            RenderOptions(
                count=count,
                balance=balance,
                test_packs=tuple(filter(None, test_packs.split(","))),
                size=size,
                allow_share_alike=allow_share_alike,
                registers=registers,
                seed=seed,
            ),
            artwork=artwork,
            fonts=fonts,
            profile=profile,
            progress=lambda done, total: report("marks", done, total, ""),
        )
    print(f"wrote {table}: {counted(count, 'mark')}")
    if sheet is not None:
        draw_sheet(out, sheet)
        print(f"wrote {sheet}: contact sheet")
