"""Each register page shows one chain, import to predict, and the chain works on a delivery of that register."""

import csv
import io
import json
import re
import shlex
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from tests.importers import test_parsers as writers
from viennatag.cli import app
from viennatag.data.marks import Marks, read_marks
from viennatag.importers import FORMATS

PAGES = Path(__file__).parents[2] / "docs/guide/registers"
CHAIN = ("import", "inspect", "train", "predict")
SMALL = ["--backbone", "test_efficientnet", "--set", "pretrained=false", "--size", "64", "--seed", "3"]
DESIGN_CODES = {
    "26.1.1": "1.1.1",
    "26.4.1": "1.5.1",
    "1.1.1": "2.5.4",
    "26.3.1": "3.1.1",
    "29.1.1": "3.3.1",
    "29.1.4": "3.9.1",
}
"""Design search codes that have a Vienna code, instead of those that have none."""
Table = dict[str, list[str]]


def chains() -> dict[str, list[list[str]]]:
    """Return the commands of each page's blocks by the format that they import."""
    found = {}
    for page in sorted(PAGES.glob("*.md")):
        for block in re.findall(r"^```\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            commands = [shlex.split(line)[1:] for line in block.splitlines()]
            found[commands[0][1]] = commands
    return found


def test_every_format_has_its_chain() -> None:
    assert set(chains()) == set(FORMATS)
    for name, commands in chains().items():
        assert tuple(command[0] for command in commands) == CHAIN, name
        table = commands[0][commands[0].index("-o") + 1]
        assert commands[1][1] == commands[2][1] == table, name
        bundle = commands[2][commands[2].index("-o") + 1]
        assert commands[3][commands[3].index("--model") + 1] == bundle, name
        if FORMATS[name].own_codes:
            assert all(command[-2:] == ["--taxonomy", "flat"] for command in commands[1:3]), name


def text_file(write: Callable[[Table, str], bytes]) -> Callable[[Path, Table, Path], None]:
    def deliver(source: Path, table: Table, _: Path) -> None:
        content = write(table, "a mark")
        if source.suffix == ".zip":
            with zipfile.ZipFile(source, "w") as archive:
                archive.writestr("marks.xml", content)
        elif source.suffix:
            source.write_bytes(content)
        else:
            source.mkdir()
            (source / "marks.xml").write_bytes(content)

    return deliver


def uspto(table: Table, _: str) -> bytes:
    def digits(code: str) -> str:
        return "".join(f"{int(part):02d}" for part in DESIGN_CODES[code].split("."))

    body = "".join(
        f"<case-file><serial-number>{name}</serial-number><design-searches>"
        f"{''.join(f'<design-search><code>{digits(code)}</code></design-search>' for code in codes)}"
        "</design-searches></case-file>"
        for name, codes in table.items()
    )
    return f"<trademark-applications-daily>{body}</trademark-applications-daily>".encode()


def l3d(table: Table, text: str) -> bytes:
    return writers.write_l3d({f"{name}.PNG": codes for name, codes in table.items()}, text)


def coco(table: Table, text: str) -> bytes:
    return writers.write_coco({f"{name}.png": codes for name, codes in table.items()}, text)


def one_hot(table: Table, _: str) -> bytes:
    names = sorted({code for codes in table.values() for code in codes})
    file = io.StringIO(newline="")
    rows = [[f"{name}.png", 1999, *(int(label in codes) for label in names)] for name, codes in table.items()]
    csv.writer(file).writerows([["filename", "year", *names], *rows])
    return file.getvalue().encode()


def hugging_face(source: Path, table: Table, images: Path) -> None:
    pictures = [{"bytes": (images / f"{name}.png").read_bytes(), "path": name} for name in table]
    source.mkdir()
    columns = {"image": pictures, "codes": list(table.values())}
    pyarrow.parquet.write_table(pyarrow.table(columns), source / "train.parquet")


def class_folders(source: Path, table: Table, images: Path) -> None:
    for name, codes in table.items():
        (source / codes[0]).mkdir(parents=True, exist_ok=True)
        shutil.copy(images / f"{name}.png", source / codes[0])


def brazil(table: Table, _: str) -> bytes:
    codes = {name: "".join(f'<classe-vienna codigo="{code}"/>' for code in codes) for name, codes in table.items()}
    marks = "".join(
        f'<processo numero="{name}"><classes-vienna edicao="4">{stated}</classes-vienna></processo>'
        for name, stated in codes.items()
    )
    return f'<?xml version="1.0"?><revista numero="1">{marks}</revista>'.encode()


def madrid(table: Table, _: str) -> bytes:
    marks = "".join(
        f'<MARKGR INTREGN="{name}"><CURRENT><IMAGE NAME="{name}" TYPE="PNG"/><VIENNAGR><VIENVER>8</VIENVER>'
        f"{''.join(f'<VIECLA3>{code}</VIECLA3>' for code in codes)}</VIENNAGR></CURRENT></MARKGR>"
        for name, codes in table.items()
    )
    return f"<ROMARIN>{marks}</ROMARIN>".encode()


def long_table(*header: str, rename: bool = False) -> Callable[[Table, str], bytes]:
    def write(table: Table, _: str) -> bytes:
        file = io.StringIO(newline="")
        known = DESIGN_CODES if rename else {}
        rows = [[name, known.get(code, code)] for name, codes in table.items() for code in codes]
        csv.writer(file).writerows([header, *rows])
        return file.getvalue().encode()

    return write


def label_studio(table: Table, _: str) -> bytes:
    tasks = [
        {
            "id": at,
            "data": {"image": f"/data/upload/1/0a1b2c3d-{name}.png"},
            "annotations": [{"result": [{"type": "choices", "value": {"choices": codes}}], "was_cancelled": False}],
        }
        for at, (name, codes) in enumerate(table.items())
    ]
    return json.dumps(tasks).encode()


def cvat(table: Table, _: str) -> bytes:
    images = "".join(
        f'<image id="{at}" name="{name}.png">{"".join(f"""<tag label="{code}"></tag>""" for code in codes)}</image>'
        for at, (name, codes) in enumerate(table.items())
    )
    return f"<annotations><version>1.1</version>{images}</annotations>".encode()


def voc(source: Path, table: Table, _: Path) -> None:
    source.mkdir()
    for name, codes in table.items():
        objects = "".join(f"<object><name>{code}</name><difficult>0</difficult></object>" for code in codes)
        text = f"<annotation><filename>{name}.png</filename>{objects}</annotation>"
        (source / f"{name}.xml").write_text(text)


def labels_table(table: Table, _: str) -> bytes:
    rows = "".join(f"{name}.png,{';'.join(codes)}\n" for name, codes in table.items())
    return f"file_name,tags\n{rows}".encode()


DELIVERIES = {
    "brazil": text_file(brazil),
    "madrid": text_file(madrid),
    "us-table": text_file(long_table("serial_no", "design_search_cd", rename=True)),
    "ca-table": text_file(long_table("Application Number - Numéro de la demande", "Vienna Code - Code de Vienne")),
    "table": text_file(labels_table),
    "eu-xml": text_file(writers.write_eu_xml),
    "st96": text_file(writers.write_st96),
    "kipris": text_file(writers.write_kipris),
    "uspto": text_file(uspto),
    "uspto-vienna": text_file(uspto),
    "l3d": text_file(l3d),
    "trademarks2020": text_file(writers.write_trademarks2020),
    "tmview": text_file(writers.write_tmview_csv),
    "coco": text_file(coco),
    "label-studio": text_file(label_studio),
    "cvat": text_file(cvat),
    "voc": voc,
    "one-hot": text_file(one_hot),
    "hf-parquet": hugging_face,
    "class-folders": class_folders,
}
QUICK = ("eu-xml",)


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in FORMATS]
)
def test_the_chain_on_its_page_works(
    name: str, collection: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = chains()[name]
    marks = read_marks(collection / "marks.csv")
    table = {image.removesuffix(".png"): list(codes) for image, codes in zip(marks.images, marks.codes, strict=True)}
    monkeypatch.chdir(tmp_path)
    DELIVERIES[name](Path(commands[0][2]), table, collection)
    if not Path("images").exists():
        shutil.copytree(collection, "images", ignore=shutil.ignore_patterns("*.csv"))
    shutil.copy(collection / "000.png", "logo.png")
    runner = CliRunner()
    for command in commands:
        more = {"train": [*SMALL, "--cache", str(cache)], "predict": ["--format", "json"]}.get(command[0], [])
        done = runner.invoke(app, [*command, *more], catch_exceptions=False)
        assert done.exit_code == 0, (command, done.output)
    imported = read_table(commands)
    assert len(imported) == len(table)
    if name not in {"uspto", "uspto-vienna", "us-table", "class-folders"}:
        assert sorted(imported.codes) == sorted(tuple(codes) for codes in table.values())
    (prediction,) = json.loads(done.stdout)
    assert prediction["image"] == "logo.png"
    assert prediction["suggestions"]


def read_table(commands: list[list[str]]) -> Marks:
    flat = "--taxonomy" in commands[1]
    images = commands[1][commands[1].index("--images") + 1] if "--images" in commands[1] else None
    return read_marks(commands[1][1], taxonomy="flat" if flat else "vienna", images=images)
