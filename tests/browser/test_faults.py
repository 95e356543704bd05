"""Decisions that went to the wrong code, to the wrong tab or nowhere: each of these was a fault of the page."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from tests.browser.examiner import (
    AXE,
    THREE,
    TOKEN,
    Opener,
    accepted,
    examine,
    export,
    press,
    put_in,
    rows,
    shape,
    table,
    violations,
)
from viennatag.data.source_files import Document
from viennatag.importers.eu_xml import read_eu_xml

BOX = {"box.png": THREE["box.png"]}
LAPTOP_AT_200 = {"width": 683, "height": 384}
DESKTOP_AT_400 = {"width": 320, "height": 256}
PHONE_LANDSCAPE = {"width": 844, "height": 390}


def picture(mode: str, ground: tuple[int, ...], kind: str = "PNG", fill: tuple[int, ...] | None = None) -> bytes:
    image = Image.new(mode, (240, 160), ground)
    if fill:
        ImageDraw.Draw(image).ellipse((60, 20, 180, 140), fill=fill)
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def stored(page: Any) -> int:
    return int(
        page.evaluate("""() => new Promise(resolve => {
            const request = indexedDB.open("viennatag");
            request.onsuccess = () => {
                const count = request.result.transaction("marks").objectStore("marks").count();
                count.onsuccess = () => resolve(count.result);
            };
        })""")
    )


def test_a_tab_that_lost_the_work_changes_nothing(visit: Opener) -> None:
    from playwright.sync_api import expect

    first = examine(visit())
    first.click("#open-export")
    first.click("#clear")
    second = first.context.new_page()
    second.goto(first.url)
    expect(second.locator("#images .open")).to_have_count(3)
    expect(first.locator("#notice")).to_contain_text("another tab")
    expect(first.locator("dialog[open]")).to_have_count(0)
    press(second, "1 n 2 d")
    first.evaluate("document.querySelector('#clear + button')?.click()")  # as if the dialog were still there
    first.evaluate("document.querySelector('#remove').click()")
    press(first, "1 d j a x u v ?")
    put_in(first, {"more.png": shape("ellipse", (10, 10, 90, 90))})
    first.wait_for_timeout(500)
    assert first.locator("#files").is_disabled()
    assert first.locator("main").evaluate("main => main.inert")
    assert stored(second) == 3
    second.reload()
    expect(second.locator("#images .image")).to_have_count(3)
    expect(second.locator("#count")).to_have_text("1 of 3 done")
    press(second, "p")
    assert len(accepted(second)) == 1, "what the first tab did is not there"


def test_evidence_of_another_mark_cannot_be_added(visit: Opener) -> None:
    from playwright.sync_api import expect

    page = visit()
    known = {
        "image": "known.png",
        "codes": [{"code": "24.1.5", "heading": "Shield"}],
        "similarity": 0.9,
        "thumbnail": None,
    }
    held: list[Any] = []
    page.route("**/v1/similar?*", lambda route: held.append(route) if held else route.fulfill(json={"marks": [known]}))
    examine(page, BOX)
    expect(page.locator("#neighbours .chip")).to_have_count(1)
    chip = page.locator("#neighbours .chip").element_handle()
    held.append(None)
    put_in(page, {"ellipse.png": THREE["ellipse.png"]})
    expect(page.locator("#images .open")).to_have_count(2)
    press(page, "n")
    expect(page.locator("#name")).to_have_text("ellipse.png")
    expect(page.locator("#neighbours .chip")).to_have_count(0)
    chip.evaluate("chip => chip.click()")
    assert accepted(page) == []


def test_letter_keys_leave_hidden_rows_alone(visit: Opener) -> None:
    from playwright.sync_api import expect

    page = examine(visit(), BOX)
    press(page, "j /")
    page.keyboard.type("lion")
    expect(page.locator("#found")).to_contain_text("found")
    press(page, "ArrowDown a r 1 x j a")
    assert accepted(page) == []
    assert page.locator(".suggestion:is(.accepted, .rejected)").count() == 0
    page.locator("#search").focus()
    press(page, "Escape")
    assert page.input_value("#search") == ""
    expect(page.locator("#search")).to_be_focused()
    expect(page.locator("#nodes .main").first).to_contain_text("Sky")
    press(page, "Escape")
    expect(page.locator("#suggestions")).to_be_visible()
    expect(page.locator("#list .selected .main")).to_be_focused()


def test_nothing_moves_when_late_answers_come(visit: Opener, token_address: str) -> None:
    """A division without a sure section once fetched its sections late, and all rows below jumped."""
    from playwright.sync_api import expect

    page = visit(url=token_address, tokens=[TOKEN])
    page.route("**/v1/similar*", lambda route: (page.wait_for_timeout(300), route.continue_()))
    examine(page, {"shield.png": THREE["shield.png"]})

    def places() -> dict[str, Any]:
        """Return where each thing that can be clicked is, by what it is."""
        return dict(
            page.locator("button:visible, select:visible").evaluate_all(
                """all => all.filter(each => !each.closest("#toast, #accepted-codes")).map(each =>
                    [`${each.id} ${each.dataset.key}`, JSON.stringify(each.getBoundingClientRect())])"""
            )
        )

    before = places()
    assert page.locator("#list .below").count()
    page.wait_for_timeout(900)
    assert places() == before
    press(page, "1 2 3")  # decisions, a message and new chips move nothing either
    page.locator("#list .rejected").nth(3).click()
    press(page, "x")
    expect(page.locator("#toast")).to_be_visible()
    assert places() == before


def test_no_chip_moves_when_one_is_removed(visit: Opener) -> None:
    page = examine(visit(), BOX)
    for at in range(3):
        page.locator("#list .suggestion:has(.level.sr) .decide.accepted").nth(at).click()
    chips = page.locator("#accepted-codes .chip:not(.empty)")
    last = chips.nth(2).bounding_box()
    chips.nth(0).locator("button").click()
    assert chips.count() == 2
    assert chips.nth(1).bounding_box() == last


@pytest.mark.parametrize("size", [LAPTOP_AT_200, DESKTOP_AT_400, PHONE_LANDSCAPE], ids=["laptop", "400 %", "phone"])
def test_small_windows_reach_everything(visit: Opener, size: dict[str, int]) -> None:
    page = examine(visit(**size), {"shield.png": THREE["shield.png"]})
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    for at in (0, 3, 8):
        row = page.locator("#list .suggestion .accepted").nth(at)
        row.scroll_into_view_if_needed()
        row.click(timeout=3_000)  # fails where something else covers it
    assert len(accepted(page)) >= 1
    sticky = page.locator("#tray").bounding_box()["height"] if size["width"] > 600 else 0
    assert sticky < 0.4 * size["height"]
    for control in ("#done", "#crop", "#search"):
        if control == "#search":
            page.click("#tab-finder")
        page.locator(control).scroll_into_view_if_needed()
        page.locator(control).click(timeout=3_000, trial=True)
    while accepted(page):  # without a section its division is left
        page.locator("#accepted-codes button").first.click()
    if AXE.exists():
        assert violations(page) == {}


def test_forced_colours_show_what_is_pressed_and_current(visit: Opener) -> None:
    page = examine(visit(forced="active"))
    press(page, "j a")
    page.evaluate("Promise.all(document.getAnimations().map(each => each.finished.catch(() => {})))")

    def ground(selector: str) -> str:
        return str(page.locator(selector).first.evaluate("each => getComputedStyle(each).backgroundColor"))

    assert ground(".decide[aria-pressed=true]") != ground(".decide[aria-pressed=false]")
    assert ground(".image[aria-current]") != ground(".image:not([aria-current])")
    assert ground("[role=tab][aria-selected=true]") != ground("[role=tab][aria-selected=false]")
    assert ground("#list .bar span") != ground("#list .bar")


def test_done_is_announced_and_keeps_the_focus(visit: Opener) -> None:
    from playwright.sync_api import expect

    page = examine(visit())
    assert page.title().startswith("shield.png (1 of 3)")
    press(page, "j 1 d")
    expect(page.locator("#live")).to_contain_text("shield.png is done with 1 code. Next: ellipse.png, 2 of 3.")
    assert page.title().startswith("ellipse.png (2 of 3)")
    expect(page.locator("#name")).to_be_focused()


def test_touch_screens_are_not_told_to_drop(visit: Opener) -> None:
    page = visit(width=390, height=844, touch=True)
    assert "drop" not in page.locator("#welcome").inner_text().lower()
    assert "drop" in visit().locator("#welcome").inner_text().lower()


def test_a_full_storage_loses_no_image_at_hand(visit: Opener) -> None:
    from playwright.sync_api import expect

    page = visit()
    page.evaluate("""() => {
        const put = IDBObjectStore.prototype.put;
        IDBObjectStore.prototype.put = function (value, key) {
            if (this.name === "images") throw new DOMException("full", "QuotaExceededError");
            return put.call(this, value, key);
        };
    }""")
    put_in(page, THREE)
    expect(page.locator("#images .open")).to_have_count(3)
    expect(page.locator("#notice")).to_contain_text(
        "shield.png, ellipse.png, box.png stay only until this tab is closed"
    )
    page.locator("#list .main").first.click()
    expect(page.locator("#frame .heat")).to_be_visible()


def test_every_export_follows_the_tray(visit: Opener, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    page = examine(visit(), {"done.png": THREE["shield.png"], "open.png": THREE["box.png"]})
    for code in ("3", "26.1", "26.1.1"):
        page.keyboard.press("/")
        page.keyboard.type(code)
        expect(page.locator("#nodes .main").first).to_have_attribute("data-key", code)
        press(page, "Enter")
    assert set(accepted(page)) == {"3", "26.1.1"}
    assert "category only" in page.locator("#accepted-codes").inner_text()
    press(page, "d 1")
    page.click("#open-export")
    assert "bare category" in page.locator("#export-note").inner_text()
    press(page, "Escape")

    def of_csv() -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for row in table(export(page, "csv", tmp_path)):
            if row["decision"] == "accepted":
                found.setdefault(f"{row['image']} {row['state']}", set()).add(row["code"])
        return found

    def of_json() -> dict[str, set[str]]:
        entries = json.loads(export(page, "json", tmp_path).read_text())
        return {f"{entry['image']} {entry['state']}": set(entry["codes"]) for entry in entries}

    expected = {"done.png done": {"3", "26.1.1"}}
    assert of_csv() == of_json() == expected
    file = export(page, "xml", tmp_path)
    records = read_eu_xml(Document("codes.xml", lambda: io.BufferedReader(io.BytesIO(file.read_bytes()))))
    assert {record.image: set(record.codes) for record in records if record.image} == {"done.png": {"3", "26.1.1"}}
    (logged,) = table(export(page, "log", tmp_path))
    assert (logged["image"], set(logged["codes"].split(";"))) == ("done.png", {"3", "26.1.1"})
    page.click("#open-export")
    page.check("#with-open")
    press(page, "Escape")
    assert set(of_csv()) == set(of_json()) == {"done.png done", "open.png open"}
    levels = {
        row["code"]: row["level"] for row in table(export(page, "csv", tmp_path)) if row["decision"] == "accepted"
    }
    assert (levels["3"], levels["26.1.1"]) == ("category", "section")


def test_pictures_that_browsers_draw_badly(visit: Opener) -> None:
    from playwright.sync_api import expect

    svg = (
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><circle cx="20" cy="10" r="9" fill="navy"/></svg>'
    )
    files = {
        "scan.tif": picture("RGB", (255, 255, 255), "TIFF", (20, 40, 200)),
        "drawing.svg": svg,
        "white.png": picture("RGBA", (0, 0, 0, 0), "PNG", (255, 255, 255, 255)),
        "clear.png": picture("RGBA", (0, 0, 0, 0), "PNG", (200, 30, 30, 255)),
        "blank.png": picture("RGB", (255, 255, 255)),
    }
    page = examine(visit(), files)
    assert page.locator("#images .failed").count() == 0
    expect(page.locator("#images .thumb img")).to_have_count(5)
    grounds = {}
    for name in ("scan.tif", "drawing.svg.png", "white.png", "clear.png", "blank.png"):
        page.locator(f"#images .image:has-text('{name}')").click()
        expect(page.locator("#name")).to_have_text(name)
        expect(page.locator("#frame .base")).to_be_visible()
        assert page.locator("#frame .base").evaluate("each => each.decode().then(() => each.naturalWidth)") > 0
        grounds[name] = page.locator("#frame").get_attribute("data-ground")
        frame, image = page.locator("#frame").bounding_box(), page.locator("#frame .base").bounding_box()
        assert abs(frame["x"] + frame["width"] / 2 - image["x"] - image["width"] / 2) < 1
        assert abs(frame["y"] + frame["height"] / 2 - image["y"] - image["height"] / 2) < 1
    assert grounds == {
        "scan.tif": "white",
        "drawing.svg.png": "checker",
        "white.png": "dark",
        "clear.png": "checker",
        "blank.png": "white",
    }
    assert rows(page) == [], "a blank image pictures nothing"
    expect(page.locator("#list")).to_contain_text("The image is blank")
    page.locator("#images .image:has-text('white.png')").click()
    assert rows(page), "white on transparency is read on a dark ground"


def test_a_right_token_after_a_refused_one_clears_the_notice(visit: Opener, token_address: str) -> None:
    from playwright.sync_api import expect

    page = visit(url=token_address, ready=False)
    expect(page.locator("#token")).to_be_visible()
    page.fill("#token-text", "wrong")
    press(page, "Enter")
    expect(page.locator("#token-note")).to_contain_text("did not accept")
    press(page, "Escape")  # no token at all
    expect(page.locator("#notice")).to_contain_text("requires a token")
    page.click("#notice-action")
    page.fill("#token-text", TOKEN)
    press(page, "Enter")
    expect(page.locator("#model")).to_contain_text("unsure")
    expect(page.locator("#notice")).to_be_hidden()
    examine(page, BOX)


def test_a_closed_token_question_stays_closed(visit: Opener, token_address: str) -> None:
    """The late refusal of another request opened it anew, above the notice."""
    from playwright.sync_api import expect

    page = visit(url=token_address, ready=False)
    expect(page.locator("#token")).to_be_visible()
    held: list[Any] = []
    page.route("**/v1/codes", lambda route: route.continue_() if held else held.append(route))
    page.fill("#token-text", "wrong")
    press(page, "Enter")
    expect(page.locator("#token-note")).to_contain_text("did not accept")
    page.fill("#token-text", "typed, not sent")
    press(page, "Escape")
    expect(page.locator("#notice")).to_contain_text("requires a token")
    with page.expect_response("**/v1/codes"):
        held[0].continue_()
    page.wait_for_load_state("networkidle")
    expect(page.locator("#token")).to_be_hidden()
    put_in(page, BOX)
    expect(page.locator("#images .failed")).to_have_count(1)
    expect(page.locator("#token")).to_be_hidden()
    page.click("#notice-action")
    page.fill("#token-text", TOKEN)
    press(page, "Enter")
    expect(page.locator("#images .open")).to_have_count(1)


def test_an_outage_ends_by_itself_or_by_one_button(visit: Opener) -> None:
    from playwright.sync_api import expect

    page = visit()
    away = [True]
    for path in ("**/v1/predict*", "**/healthz"):
        page.route(path, lambda route: route.abort() if away[0] else route.continue_())
    put_in(page, THREE)
    expect(page.locator("#notice")).to_contain_text("cannot be reached")
    expect(page.locator("#count")).to_contain_text("failed")
    away[0] = False
    page.click("#notice-action")
    expect(page.locator("#images .open")).to_have_count(3)
    expect(page.locator("#notice")).to_be_hidden()
    away[0] = True
    put_in(page, {"late.png": shape("ellipse", (10, 10, 90, 90))})
    expect(page.locator("#notice")).to_contain_text("cannot be reached")
    away[0] = False
    expect(page.locator("#images .open")).to_have_count(4)
    expect(page.locator("#count")).to_have_text(re.compile("^0 of 4 done$"))
