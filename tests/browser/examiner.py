"""Actions of an examiner on the page, and images for them."""

import base64
import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from tests.service.server import SAMPLE

AXE = Path(__file__).with_name("node_modules") / "axe-core/axe.min.js"
TOKEN = "a token of this test"
Opener = Callable[..., Any]
HOSTILE = """<img src=x onerror="document.title='owned'">, "quoted"; 'x'.png"""
DROP = """files => {
    const transfer = new DataTransfer();
    for (const [name, content] of files)
        transfer.items.add(new File([Uint8Array.from(atob(content), c => c.charCodeAt(0))], name, {type: "image/png"}));
    document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: transfer, bubbles: true, cancelable: true}));
}"""
PASTE = DROP.replace('DragEvent("drop", {dataTransfer', 'ClipboardEvent("paste", {clipboardData')


def shape(kind: str, box: tuple[int, int, int, int] = (40, 20, 200, 140)) -> bytes:
    image = Image.new("RGB", (240, 160), "white")
    getattr(ImageDraw.Draw(image), kind)(box, fill=(20, 40, 200))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


THREE = {"shield.png": SAMPLE.read_bytes(), "ellipse.png": shape("ellipse"), "box.png": shape("rectangle")}
ELLIPSES = [shape("ellipse", (20 + 6 * at, 20, 230 - 9 * at, 140 - 4 * at)) for at in range(12)]


def put_in(page: Any, files: dict[str, bytes], *, how: str = DROP) -> None:
    page.evaluate(how, [[name, base64.b64encode(content).decode()] for name, content in files.items()])


def examine(page: Any, files: dict[str, bytes] = THREE) -> Any:
    """Drop images, wait until all are read, and return the page."""
    from playwright.sync_api import expect

    put_in(page, files)
    expect(page.locator("#images .image:is(.open, .failed)")).to_have_count(len(files))
    return page


def rows(page: Any) -> list[str]:
    return page.locator("#suggestions [data-code]").evaluate_all("rows => rows.map(row => row.dataset.code)")


def accepted(page: Any) -> list[str]:
    return page.locator("#accepted-codes .code").all_text_contents()


def press(page: Any, keys: str) -> None:
    for key in keys.split():
        page.keyboard.press(key)


def take(page: Any, code: str) -> None:
    """Add a code that is found by its number."""
    from playwright.sync_api import expect

    page.keyboard.press("/")
    page.keyboard.type(code)
    expect(page.locator("#nodes .main").first).to_have_attribute("data-key", code)
    press(page, "Enter")


def export(page: Any, kind: str, folder: Path) -> Path:
    page.click("#open-export")
    with page.expect_download() as download:
        page.click(f"[data-export={kind}]")
    page.keyboard.press("Escape")
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file


def table(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.read_bytes().decode("utf-8-sig"), newline="")))


def violations(page: Any) -> dict[str, Any]:
    """Return what axe finds wrong; without it the test ends here, so this is for the end of a test."""
    if not AXE.exists():
        pytest.skip("all but accessibility holds; axe-core is missing: cd tests/browser && npm install")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    return {each["id"]: each["nodes"] for each in page.evaluate("async () => (await axe.run(document)).violations")}
