"""What makes an examiner quick: numbers, sure codes at once, the light table, the queue and the grid."""

import base64
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.examiner import ELLIPSES, THREE, TOKEN, Opener, accepted, examine, press, rows

if TYPE_CHECKING:
    from playwright.sync_api import Page

SHIELD = {"shield.png": THREE["shield.png"]}


def test_numbers_accept_and_advance(visit: Opener) -> None:
    from playwright.sync_api import expect

    page = examine(visit())
    listed = rows(page)
    press(page, "2")
    assert accepted(page) == [listed[1]]
    press(page, "2 m 1")
    assert accepted(page) == [listed[9]], "m gives the numbers to the next nine rows"
    press(page, "u Shift+1")
    expect(page.locator("#name")).to_have_text("ellipse.png")
    press(page, "p")
    assert accepted(page) == [listed[9]]
    expect(page.locator("#tray-state")).to_have_text("done")


def accept_from(page: "Page", score: int) -> None:
    """Set from which score codes are accepted together."""
    page.click("#open-help")
    page.fill("#accept-from", str(score))
    press(page, "Escape")


def test_sure_codes_are_accepted_and_undone_together(visit: Opener) -> None:
    from playwright.sync_api import expect

    page = examine(visit(), SHIELD)
    accept_from(page, 30)
    scores = page.locator("#list .suggestion").evaluate_all(
        "rows => rows.map(row => [row.dataset.code, parseInt(row.querySelector('.score').textContent)])"
    )
    press(page, "x")
    sure = {code for code, score in scores if score >= 30}
    shown = set(accepted(page))
    assert sure
    assert shown <= sure | {code for code in shown if code.startswith("29.")}
    assert sure <= shown | {code.rsplit(".", 1)[0] for code in shown}
    press(page, "u")
    assert accepted(page) == []
    page.click("#open-help")
    page.fill("#accept-from", "99")
    press(page, "Escape x")
    assert accepted(page) == []
    page.reload()
    expect(page.locator("#accept-above")).to_contain_text("99 %")


def test_one_key_accepts_a_chain_of_levels(visit: Opener, token_address: str) -> None:
    """From a division down to its likeliest section and up to its category, undone together."""
    from playwright.sync_api import expect

    page = examine(visit(url=token_address, tokens=[TOKEN]), SHIELD)
    division = page.locator("#list .suggested:has(+ .below)").first
    section = str(division.locator("+ .below").get_attribute("data-code"))
    above = [section.rsplit(".", 2)[0], section.rsplit(".", 1)[0]]
    division.locator(".rejected").click()
    division.locator(".rejected").click()
    division.locator(".main").click()
    press(page, "s")
    assert accepted(page) == [section]
    expect(page.locator("#toast-text")).to_have_text(f"Accepted {' › '.join([*above, section])}.")
    expect(division).to_have_class(re.compile("refined"))
    press(page, "r")  # the division, and so what is below it
    assert accepted(page) == above[:1]
    press(page, "u")
    assert accepted(page) == [section]
    press(page, "u")
    assert accepted(page) == []
    expect(division).to_have_class(re.compile("open"))


def test_the_office_hides_categories_and_sets_a_threshold(visit: Opener) -> None:
    from playwright.sync_api import expect

    page = examine(visit(), SHIELD)
    assert any(code.startswith("29.") for code in rows(page))
    page.click("#open-help")
    page.fill("#hidden", "29, 1 abc")
    page.fill("#floor", "35")
    press(page, "Tab")
    expect(page.locator("#hidden-note")).to_contain_text("abc")
    page.fill("#hidden", "29, 1")
    press(page, "Tab")
    expect(page.locator("#hidden-note")).to_have_text("")
    press(page, "Escape")
    page.reload()
    expect(page.locator("#list .suggested").first).to_be_visible()
    assert not any(code.startswith(("29.", "1.")) for code in rows(page))
    shown = page.locator("#list .suggested .score").all_text_contents()
    assert min(int(score.removesuffix(" %")) for score in shown) >= 35


def test_what_is_not_shown_is_not_waited_for(visit: Opener) -> None:
    from playwright.sync_api import expect

    page = examine(visit(), SHIELD)
    state = page.locator("#images .state")
    left = int(state.text_content().split()[0])
    page.click("#open-help")
    page.fill("#hidden", "29")
    for typed, kept in {"0": "1", "-5": "1", "500": "100", "": "50", "49.6": "50"}.items():  # 0 accepted all
        page.fill("#accept-from", typed)
        press(page, "Tab")
        expect(page.locator("#accept-from")).to_have_value(kept)
        expect(page.locator("#accept-above")).to_contain_text(f"Accept ≥ {kept} %")
    press(page, "Escape")
    expect(state).to_have_text(f"{left - 1} to decide")
    for row in page.locator("#list .suggestion.suggested").all():
        row.locator(".decide.accepted").click()
    expect(page.locator("#tray-state")).to_have_text("done")


def test_keys_can_be_changed(visit: Opener) -> None:
    from playwright.sync_api import expect

    page = examine(visit(), SHIELD)
    accept_from(page, 30)
    page.click("#open-help")
    change = page.locator("#keys button[data-key=above]")
    change.click()
    press(page, "d")
    expect(page.locator("#keys-note")).to_contain_text("already means: done")
    change.click()
    press(page, "y")
    expect(page.locator("#keys-note")).to_contain_text("y now means")
    press(page, "Escape x")
    assert accepted(page) == []
    page.reload()
    expect(page.locator("#accept-above kbd")).to_have_text("y")
    expect(page.locator("#list .suggested").first).to_be_visible()
    press(page, "y")
    assert accepted(page)
    page.click("#open-help")
    page.click("#keys-reset")
    expect(page.locator("#accept-above kbd")).to_have_text("x")


def test_figures_come_first_and_colours_last(visit: Opener) -> None:
    from playwright.sync_api import expect

    page = examine(visit())
    suggested = page.locator("#list .suggested").evaluate_all("all => all.map(row => parseInt(row.dataset.code))")
    form = [number >= 25 for number in suggested]
    assert form == sorted(form)
    assert 29 not in suggested
    colour = page.locator("#colours [data-code]").first
    code = colour.get_attribute("data-code")
    colour.click()
    assert code in accepted(page)
    colour.click()
    expect(page.locator("#colours [data-code]").first).to_have_class(re.compile("rejected"))
    before = len(rows(page))
    page.click("#more")
    expect(page.locator("#list-note")).to_contain_text("candidates")
    expect(page.locator("#list [data-code]").nth(before)).to_be_attached()


def test_the_search_knows_the_mark_when_its_scores_come_late(visit: Opener) -> None:
    """What was typed before is answered as soon as they are there, also if the service has not found anything yet."""
    from playwright.sync_api import expect

    page = examine(visit(), SHIELD)
    held: list[Any] = []
    page.route("**/v1/codes?q=*", lambda _: None)
    page.route(re.compile("top=1000"), lambda route: held.append(route))  # noqa: PLW0108 - it takes no method
    with page.expect_request(re.compile("codes.q=sh")):  # the letters are typed, and the service is asked
        press(page, "/ s h")
    held[0].continue_()
    expect(page.locator("#nodes .main").first).to_contain_text(re.compile("shield", re.I))


def test_the_search_knows_the_mark(visit: Opener) -> None:
    """A few letters are enough for what the model thinks possible, and no row moves when the service answers."""
    from playwright.sync_api import expect

    page = examine(visit(), SHIELD)
    with page.expect_response(lambda answer: "top=1000" in answer.url):
        press(page, "/")
    expect(page.locator("#nodes .main").first).to_contain_text("Sky")
    page.wait_for_load_state("networkidle")  # the scores have come
    held: list[Any] = []
    answers = [False]
    page.route("**/v1/codes?q=*", lambda route: route.continue_() if answers[0] else held.append(route))
    press(page, "s h")
    expect(page.locator("#nodes .main").first).to_contain_text(re.compile("shield", re.I))
    place = page.locator("#nodes .main").first.bounding_box()
    answers[0] = True
    for route in held:
        route.continue_()
    expect(page.locator("#found")).to_contain_text("found")
    assert page.locator("#nodes .main").first.bounding_box() == place
    press(page, "Enter")
    assert len(accepted(page)) == 1
    expect(page.locator("#suggestions")).to_be_visible()
    press(page, "/")
    page.wait_for_timeout(300)
    press(page, "s t")
    second = page.locator("#nodes .main").nth(1).get_attribute("data-key")
    press(page, "2")
    assert second in accepted(page), "a digit after letters is the number of a row"
    count = len(accepted(page))
    press(page, "/")  # which selects the letters, so that a digit replaces them
    page.wait_for_timeout(300)
    press(page, "3")
    assert page.input_value("#search") == "3"
    assert len(accepted(page)) == count


def test_enter_waits_for_what_is_on_its_way(visit: Opener) -> None:
    """On a slow network it said that nothing was found; so it did while the service was away."""
    from playwright.sync_api import expect

    page = examine(visit(), SHIELD)
    held: list[Any] = []
    page.route("**/v1/predict?top=1000", lambda route: route.abort())
    page.route("**/v1/codes?q=*", lambda route: held.extend([route]))
    press(page, "/")
    with page.expect_request("**/v1/codes?q=lion"):
        page.keyboard.type("lion")
    expect(page.locator("#found")).to_have_text("Looking …")
    press(page, "Enter")
    page.unroute("**/v1/codes?q=*")
    for route in held:
        route.continue_()
    expect(page.locator("#accepted-codes .code")).to_have_text("3.1.1")
    page.route("**/v1/codes?q=*", lambda route: route.abort())
    press(page, "/")
    page.keyboard.type("tiger")
    press(page, "Enter")
    expect(page.locator("#toast-text")).to_contain_text("cannot be reached")


def test_keys_that_compose_a_word_add_nothing(visit: Opener) -> None:
    """Enter ends a word in Korean or Chinese, and a digit chooses one of several."""
    from playwright.sync_api import expect

    page = examine(visit(), SHIELD)
    press(page, "/")
    page.keyboard.type("lion")
    expect(page.locator("#found")).to_contain_text("found")
    for key in ("Enter", "1", "Escape"):
        pressed = f"new KeyboardEvent('keydown', {{key: '{key}', isComposing: true, bubbles: true, cancelable: true}})"
        assert page.evaluate(f"document.activeElement.dispatchEvent({pressed})"), "the page prevented nothing"
    expect(page.locator("#search")).to_be_focused()
    assert page.input_value("#search") == "lion"
    assert accepted(page) == []


def test_a_number_adds_the_row_that_is_seen(visit: Opener) -> None:
    """While the answer to more letters was on its way, a number added a row of the list to come."""
    from playwright.sync_api import expect

    page = visit()
    page.route("**/v1/predict?top=1000", lambda route: route.abort())
    examine(page, SHIELD)
    press(page, "/")
    page.keyboard.type("lion")
    expect(page.locator("#found")).to_contain_text("found")
    seen = page.locator("#nodes .main").nth(1).get_attribute("data-key")
    page.route("**/v1/codes?q=lions*", lambda route: route.fulfill(json={"codes": []}))
    press(page, "s 2")
    expect(page.locator("#accepted-codes .code")).to_have_text([str(seen)])


def test_the_light_table(visit: Opener) -> None:
    from playwright.sync_api import expect

    page = examine(visit(), SHIELD)
    image = page.locator("#frame .base")
    expect(image).to_be_visible()
    small = image.bounding_box()["width"]
    page.click("#zoom-in")
    assert image.bounding_box()["width"] == pytest.approx(1.5 * small, rel=0.01)
    frame = page.locator("#frame").bounding_box()
    x, y = frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2
    for _ in range(3):
        page.click("#zoom-in")
    before = image.bounding_box()["x"]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y)
    page.mouse.up()
    assert image.bounding_box()["x"] == pytest.approx(before + 60, abs=1)
    page.locator("#frame").focus()
    press(page, "ArrowRight")
    assert image.bounding_box()["x"] == pytest.approx(before + 20, abs=1)
    press(page, "Control+0 Alt+ArrowRight")  # of the browser
    assert image.bounding_box()["x"] == pytest.approx(before + 20, abs=1)
    page.click("#zoom-fit")
    assert image.bounding_box()["width"] == pytest.approx(small, rel=0.01)
    page.select_option("#ground", "dark")
    assert page.locator("#frame").evaluate("each => getComputedStyle(each).backgroundColor") == "rgb(64, 67, 71)"
    page.locator("#list .main").first.click()
    expect(page.locator("#frame svg.heat path.line")).to_have_count(3)
    assert page.locator("#frame svg.heat path.line").first.get_attribute("d").startswith("M")
    page.select_option("#evidence", "heat")
    expect(page.locator("#frame canvas.heat")).to_be_visible()
    press(page, "h")


def test_a_region_is_asked_about(visit: Opener) -> None:
    from playwright.sync_api import expect

    page = examine(visit(), SHIELD)
    whole = rows(page)
    expect(page.locator("#frame .base")).to_be_visible()
    box = page.locator("#frame .base").bounding_box()
    page.click("#crop")
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.6 * box["height"], steps=4)
    page.mouse.up()
    expect(page.locator("#list-note")).to_contain_text("In the region")
    assert rows(page) != whole
    region = page.locator("#frame .region").bounding_box()
    assert region["width"] == pytest.approx(0.4 * box["width"], abs=4)
    page.locator("#list .main").first.click()
    expect(page.locator("#frame .heat")).to_be_visible()
    assert page.locator("#frame .heat").bounding_box()["width"] == pytest.approx(region["width"], abs=6)
    press(page, "1")
    assert len(accepted(page)) == 1
    page.click("#whole")
    assert rows(page) == whole
    assert len(accepted(page)) == 1
    page.click("#crop")
    press(page, "ArrowLeft Shift+ArrowDown Enter")  # without a mouse
    expect(page.locator("#list-note")).to_contain_text("In the region")


def test_the_queue_is_filtered_and_does_not_jump(visit: Opener) -> None:
    from playwright.sync_api import expect

    page = examine(visit(), {**THREE, "bad.png": b"no image"})
    page.select_option("#filter", "failed")
    expect(page.locator("#images .image")).to_have_count(1)
    page.select_option("#filter", "open")
    expect(page.locator("#images .image")).to_have_count(3)
    press(page, "1 d")
    expect(page.locator("#images .image")).to_have_count(3)  # it stays until the filter is chosen again
    expect(page.locator("#images .done")).to_have_count(1)
    assert re.search(r"\d+\.\d+", page.locator("#images .done .state").inner_text()), "its codes are on the row"
    page.select_option("#filter", "done")
    expect(page.locator("#images .image")).to_have_count(1)
    page.select_option("#filter", "all")
    page.check("#unsure-first")
    names = page.locator("#images .file").all_text_contents()
    assert names[0] in {"ellipse.png", "box.png"}


def test_a_grid_decides_for_many(visit: Opener) -> None:
    from playwright.sync_api import expect

    page = examine(visit())
    press(page, "v")
    expect(page.locator("#cells .cell")).to_have_count(3)
    expect(page.locator("#grid-done")).to_be_disabled()
    page.locator("#cells input").nth(0).check()
    page.locator("#cells input").nth(2).click(modifiers=["Shift"])
    expect(page.locator("#grid-count")).to_have_text("3 of 3 selected")
    page.fill("#grid-code", "no code")
    page.click("#grid-add")
    expect(page.locator("#toast-text")).to_contain_text("no code")
    page.fill("#grid-code", "26.01.01")
    press(page, "Enter")
    expect(page.locator("#toast-text")).to_contain_text("3 have 26.1.1")
    page.click("#grid-accept")
    expect(page.locator("#toast-text")).to_contain_text("codes accepted")
    page.click("#toast-action")
    expect(page.locator("#cells .state").nth(1)).to_have_text(re.compile(r"^26\.1\.1, \d+ open$"))
    page.click("#grid-accept")
    expect(page.locator("#cells .state").nth(1)).not_to_have_text(re.compile(r"^26\.1\.1, \d+ open$"))
    page.click("#grid-done")
    expect(page.locator("#cells .done")).to_have_count(3)
    page.locator("#cells button").nth(1).click()
    expect(page.locator("#name")).to_have_text("ellipse.png")
    assert "26.1.1" in accepted(page)
    expect(page.locator("#count")).to_have_text("3 of 3 done")


@pytest.mark.slow
def test_two_thousand_images_do_not_lag(visit: Opener) -> None:
    """Totals are known at once, and a key answers within a tenth of a second while images are being read."""
    from playwright.sync_api import expect

    page = visit()
    page.evaluate(
        """content => {
            const bytes = Uint8Array.from(atob(content), c => c.charCodeAt(0));
            const dataTransfer = new DataTransfer();
            for (let at = 0; at < 2000; at++) dataTransfer.items.add(new File([bytes], `${at}.png`));
            document.body.dispatchEvent(new DragEvent("drop", {dataTransfer, bubbles: true, cancelable: true}));
        }""",
        base64.b64encode(ELLIPSES[0]).decode(),
    )
    expect(page.locator("#count")).to_contain_text("of 2000 read")
    expect(page.locator("#list .suggested").first).to_be_visible(timeout=60_000)
    tools = page.context.new_cdp_session(page)
    tools.send("Performance.enable", {"timeDomain": "threadTicks"})  # processor time: other programs do not count

    def busy() -> float:
        metrics = tools.send("Performance.getMetrics")["metrics"]
        return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))

    before = busy()
    page.evaluate(
        """async () => {
            for (let at = 0; at < 30; at++) {
                document.body.dispatchEvent(new KeyboardEvent("keydown", {key: at % 2 ? "p" : "n", bubbles: true}));
                await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
            }
        }"""
    )
    assert (busy() - before) / 30 < 0.1, "seconds of processor time from a key to the next frame"
