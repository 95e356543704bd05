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
    PASTE,
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
    take,
    violations,
)
from viennatag.data.documents import Document
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


class Gate:
    """Holds back the requests of a page to an address until it is opened."""

    def __init__(self, page: Any, address: str) -> None:
        self.held: list[Any] = []
        self._open = False
        page.route(address, self._pass)

    def _pass(self, route: Any) -> None:
        if self._open:
            route.continue_()
        else:
            self.held.append(route)

    def open(self) -> None:
        self._open = True
        for route in self.held:
            route.continue_()


def shows_only(page: Any) -> bool:
    """Return whether nothing of a page's work can be reached."""
    return page.locator("main > :not([inert]), .actions:not([inert])").count() == 0  # type: ignore[no-any-return]


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
    assert shows_only(first)
    if AXE.exists():
        assert violations(first) == {}
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


def test_a_mark_is_not_done_before_its_suggestions_are_seen(visit: Opener) -> None:
    """A code that was added while the image was being read left no suggestion open, so the mark was done unseen."""
    from playwright.sync_api import expect

    page = visit()
    gate = Gate(page, "**/v1/predict*")
    put_in(page, {**BOX, "bad.png": b"no image"})
    expect(page.locator("#name")).to_have_text("box.png")
    press(page, "1 x s a d Shift+1")
    take(page, "26.4.1")
    expect(page.locator("#tray-state")).to_have_text("")
    expect(page.locator("#images .done")).to_have_count(0)
    gate.open()
    expect(page.locator("#list .suggested").first).to_be_visible()
    expect(page.locator("#tray-state")).to_have_text("open")
    page.locator("#images .failed").click()
    expect(page.locator("#done")).to_be_disabled()
    take(page, "26.4.1")
    expect(page.locator("#images .failed")).to_be_visible()
    press(page, "d")
    expect(page.locator("#count")).to_have_text("1 of 2 done, 1 failed")


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
    page.keyboard.down("d")
    page.keyboard.down("d")  # held down: no image is done unseen
    page.keyboard.up("d")
    expect(page.locator("#count")).to_have_text("2 of 3 done")
    page.locator("#images .image").first.click()
    page.keyboard.down("j")
    page.keyboard.down("j")
    expect(page.locator("#list .suggestion").nth(1)).to_have_class(re.compile("selected"))
    page.keyboard.up("j")
    page.dblclick("#done")
    expect(page.locator("#name")).to_have_text("box.png")
    expect(page.locator("#count")).to_have_text("2 of 3 done")
    page.click("#remove")
    expect(page.locator("#images .image")).to_have_count(2)
    page.click("#toast-action")  # what had the focus is hidden
    expect(page.locator("#name")).to_have_text("box.png")
    expect(page.locator("#name")).to_be_focused()
    press(page, "1")
    page.click("#undo")  # and is disabled
    expect(page.locator("#undo")).to_be_disabled()
    expect(page.locator("#name")).to_be_focused()


def test_touch_is_enough(visit: Opener) -> None:
    """Two fingers on the picture enlarged the whole page too, and the next image hid behind the search."""
    from playwright.sync_api import expect

    assert "drop" in visit().locator("#welcome").inner_text().lower()
    page = visit(width=390, height=844, touch=True)
    assert "drop" not in page.locator("#welcome").inner_text().lower()
    examine(page, {name: THREE[name] for name in ("shield.png", "box.png")})
    image = page.locator("#frame .base")
    expect(image).to_be_visible()
    before = image.bounding_box()
    x, y = before["x"] + before["width"] / 2, before["y"] + before["height"] / 2
    tools = page.context.new_cdp_session(page)
    for kind, apart in (("touchStart", 20), ("touchMove", 40), ("touchMove", 60), ("touchEnd", 0)):
        fingers = [{"x": x + side * apart, "y": y, "id": side + 2} for side in (-1, 1) if apart]
        tools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
    assert image.bounding_box()["width"] > 2 * before["width"]
    assert page.evaluate("visualViewport.scale") == 1
    for _ in range(20):  # a tap that a busy machine draws out is none
        if not page.locator("#search").is_visible():
            page.tap("#tab-finder")
    page.tap("#search")
    page.keyboard.type("lion")
    expect(page.locator("#found")).to_contain_text("found")
    page.locator("#nodes .main").first.tap()
    assert len(accepted(page)) == 1
    page.tap("#done")
    expect(page.locator("#name")).to_have_text("box.png")
    page.locator("#list .accepted").first.tap()
    assert len(accepted(page)) == 1


def test_a_full_storage_loses_no_image_at_hand(visit: Opener) -> None:
    from playwright.sync_api import expect

    page = visit()
    page.evaluate("""() => {
        const put = (window.put = IDBObjectStore.prototype.put);
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
    with page.expect_event("dialog") as asked:
        page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    page.evaluate("void (IDBObjectStore.prototype.put = window.put)")  # there is room again
    page.click("#remove")
    expect(page.locator("#notice")).to_be_hidden()
    page.reload()
    expect(page.locator("#images .open")).to_have_count(2)
    expect(page.locator("#frame .base")).to_be_visible()


@pytest.mark.slow
def test_an_image_that_the_browser_lost_is_taken_again(visit: Opener, tmp_path: Path) -> None:
    """It was called a duplicate, so its decisions had to be removed first."""
    from playwright.sync_api import expect

    page = visit()
    files = [tmp_path / name for name in ("box.png", "ellipse.png")]
    for file in files:
        file.write_bytes(THREE[file.name])
    page.set_input_files("#files", files)
    expect(page.locator("#images .open")).to_have_count(2)
    press(page, "1")
    code = accepted(page)
    page.evaluate("""() => new Promise(resolve => {
        const request = indexedDB.open("viennatag");
        request.onsuccess = () => {
            const writing = request.result.transaction("images", "readwrite");
            writing.objectStore("images").clear();
            writing.oncomplete = resolve;
        };
    })""")
    page.reload()
    expect(page.locator("#frame")).to_contain_text("Add box.png or its folder again")
    page.set_input_files("#files", files[:1])
    expect(page.locator("#frame .base")).to_be_visible()
    page.set_input_files("#files", files)
    expect(page.locator("#toast-text")).to_have_text("One image is already in the list.")
    page.reload()
    expect(page.locator("#frame .base")).to_be_visible()
    assert accepted(page) == code


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


@pytest.mark.slow
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
    page.route("**/v1/picture", lambda route: route.abort())
    page.reload()
    page.wait_for_selector("body[data-ready]")
    page.locator("#images .image:has-text('scan.tif')").click()
    expect(page.locator("#frame")).to_contain_text("There is no picture: The service cannot be reached")
    page.unroute("**/v1/picture")
    press(page, "j")  # asks for the evidence, so the service is seen to be back
    expect(page.locator("#frame .base")).to_be_visible()


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
    changed = [True]  # the token of the service, while images are being read
    refusal = {"status": 401, "json": {"title": "A valid token is required", "status": 401}}
    page.route("**/v1/predict*", lambda route: route.fulfill(**refusal) if changed else route.continue_())
    put_in(page, THREE)
    expect(page.locator("#token-note")).to_contain_text("did not accept")
    press(page, "Escape")
    expect(page.locator("#notice")).to_contain_text("requires a token")
    expect(page.locator("#images .failed")).to_have_count(3)
    changed.clear()
    page.click("#notice-action")
    page.fill("#token-text", TOKEN)
    press(page, "Enter")
    expect(page.locator("#images .open")).to_have_count(4)
    expect(page.locator("#notice")).to_be_hidden()


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
    away[0] = True
    put_in(page, {"last.png": shape("ellipse", (30, 30, 90, 90))})
    expect(page.locator("#images .failed")).to_have_count(1)
    away[0] = False
    page.reload()
    expect(page.locator("#images .open")).to_have_count(5)


@pytest.mark.slow
def test_an_image_that_breaks_the_connection_keeps_no_other_waiting(visit: Opener) -> None:
    """A proxy that cuts a large body off looked like an outage, which never ended."""
    from playwright.sync_api import expect

    page = visit()

    def cut(route: Any) -> None:
        route.abort() if b"broken.png" in (route.request.post_data_buffer or b"") else route.continue_()

    page.route("**/v1/predict*", cut)
    put_in(page, {"broken.png": shape("ellipse", (10, 10, 90, 90)), **THREE})
    expect(page.locator("#images .open")).to_have_count(3)
    expect(page.locator("#images .failed .state")).to_have_text("The connection was cut twice")
    expect(page.locator("#notice")).to_be_hidden()
    page.unroute("**/v1/predict*")
    page.click("#retry")
    expect(page.locator("#images .open")).to_have_count(4)


def test_what_comes_before_the_page_is_ready_is_kept(visit: Opener) -> None:
    """A drop, a paste or a choice while the model was asked for was lost, and so were SVG drawings in folders."""
    from playwright.sync_api import expect

    page = visit(ready=False)
    page.wait_for_selector("body[data-ready]")
    gate = Gate(page, "**/v1/model")
    page.reload()
    put_in(page, BOX)
    put_in(page, {"image.png": THREE["shield.png"]}, how=PASTE)
    page.set_input_files("#files", {"name": "ellipse.png", "mimeType": "image/png", "buffer": THREE["ellipse.png"]})
    expect(page.locator("#toast-text")).to_have_text("3 images wait until the page is ready.")
    gate.open()
    expect(page.locator("#images .open")).to_have_count(3)
    page.reload()
    expect(page.locator("#images .open")).to_have_count(3)
    drop = """names => {
        const drawing = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><circle r='3'/></svg>";
        const make = name => new File([drawing], name, {type: "image/svg+xml"});
        const left = [names.map(name => ({isFile: true, name, file: take => take(make(name))})), []];
        const createReader = () => ({readEntries: take => take(left.shift())});
        const folder = {isDirectory: true, name: "marks", createReader};
        DataTransferItem.prototype.webkitGetAsEntry = () => folder;
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([""], "marks"));
        document.body.dispatchEvent(new DragEvent("drop", {dataTransfer, bubbles: true, cancelable: true}));
    }"""
    page.evaluate(drop, ["notes.txt", "Thumbs.db"])
    expect(page.locator("#toast-text")).to_have_text("There is no image in what was dropped.")
    page.evaluate(drop, ["notes.txt", "drawing.SVG"])
    expect(page.locator("#images .file")).to_have_count(4)
    expect(page.locator("#images .file").last).to_have_text("marks/drawing.SVG.png")


@pytest.mark.slow
def test_of_tabs_opened_at_once_one_works(visit: Opener) -> None:
    """A browser that opens its last tabs again opens them all at the same moment."""
    from playwright.sync_api import expect

    first = examine(visit(), BOX)
    first.context.add_init_script("""
        const post = BroadcastChannel.prototype.postMessage;
        BroadcastChannel.prototype.postMessage = function (data) { setTimeout(() => post.call(this, data), 200); };
    """)  # so that no tab hears of another before it has begun itself
    tabs = [first, first.context.new_page(), first.context.new_page()]
    for _ in range(2):
        for tab in tabs:
            tab.evaluate(f"document.body.className = 'old'; void setTimeout(() => location.href = {first.url!r})")
        for tab in tabs:
            tab.wait_for_selector("body[data-ready]:not(.old)")
            expect(tab.locator("#images .open")).to_have_count(1)
        for _ in range(300):
            if sum(shows_only(tab) for tab in tabs) == 2:
                break
            first.wait_for_timeout(50)
        assert sorted(shows_only(tab) for tab in tabs) == [False, True, True]
        for tab in tabs:
            if shows_only(tab):
                expect(tab.locator("#notice")).to_contain_text("another tab")


def test_a_tab_that_lost_the_work_keeps_saying_so(visit: Opener) -> None:
    """A late answer of the service took the notice away, and the tab looked as if it worked."""
    from playwright.sync_api import expect

    first = visit(ready=False)
    gate = Gate(first, "**/v1/model")
    first.reload()
    first.locator("#welcome").wait_for()
    while not gate.held:
        first.wait_for_timeout(20)
    second = first.context.new_page()
    second.goto(first.url)
    expect(first.locator("#notice")).to_contain_text("another tab")
    gate.open()
    first.wait_for_selector("body[data-ready]")
    expect(first.locator("#notice")).to_contain_text("another tab")
    put_in(first, BOX)
    expect(first.locator("#images .image")).to_have_count(0)


def test_signs_of_other_keyboards_mean_what_is_printed_on_them(visit: Opener) -> None:
    """On a German keyboard / is Shift+7, which accepted row 7 and went on; on a French one digits need Shift."""
    from playwright.sync_api import expect

    page = examine(visit())

    def key(sign: str, code: str, **more: object) -> None:
        event = {"key": sign, "code": code, "bubbles": True, "cancelable": True, **more}
        page.evaluate("event => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', event))", event)

    key("/", "Digit7", shiftKey=True)
    expect(page.locator("#search")).to_be_focused()
    press(page, "Escape")
    assert accepted(page) == []
    expect(page.locator("#name")).to_have_text("shield.png")
    second = rows(page)[1]
    key("é", "Digit2")
    assert accepted(page) == [second]
    key("2", "Digit2", shiftKey=True)
    expect(page.locator("#name")).to_have_text("ellipse.png")
    page.locator("#images .image").first.click()
    assert accepted(page) == []
    key("J", "KeyJ", modifierCapsLock=True)
    expect(page.locator("#list .selected")).to_have_count(1)
