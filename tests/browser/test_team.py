"""A team at one store: what one decides in a browser, the others see in theirs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser.examiner import THREE, Opener, accepted, examine, export, press, put_in, take, violations
from tests.service.server import running

pytest.importorskip("sqlalchemy")
from tests.service.store.conftest import new_database, postgres  # noqa: F401 - the latter is a fixture
from viennatag.service.store.access import add_user
from viennatag.service.store.database import Database

BOX = {"box.png": THREE["box.png"]}


class Office:
    """A service with a store; `sign_in` opens the page for a user at a machine of their own."""

    def __init__(self, url: str, tokens: dict[str, str], visit: Opener) -> None:
        self.url, self.tokens, self._visit = url, tokens, visit

    def sign_in(self, name: str, **options: Any) -> Any:
        from playwright.sync_api import expect

        page = self._visit(url=self.url, tokens=[self.tokens[name]], **options)
        expect(page.locator("#open-team")).to_contain_text(name)
        return page

    def ask(self, path: str) -> Any:
        answer = httpx.get(f"{self.url}v1/{path}", headers={"Authorization": f"Bearer {self.tokens['lea']}"})
        return answer.raise_for_status().json()

    def state(self, name: str = "box.png") -> str:
        return next(str(mark["state"]) for mark in self.ask("marks")["marks"] if mark["name"] == name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def office(request: pytest.FixtureRequest, visit: Opener, tmp_path: Path) -> Iterator[Office]:
    sqlite = request.param == "sqlite"
    store = f"sqlite:///{tmp_path / 'office.db'}" if sqlite else new_database(request.getfixturevalue("postgres"))
    database = Database(store)
    roles = {"anna": "examiner", "ben": "examiner", "lea": "lead", "bot": "program"}
    tokens = {name: add_user(database, name, role) for name, role in roles.items()}
    database.close()
    with running("--store", store, log=tmp_path / "log") as (_, port):
        yield Office(f"http://127.0.0.1:{port}/", tokens, visit)


def look(page: Any) -> None:
    """Look for changes as the page does when its window is chosen."""
    page.evaluate("dispatchEvent(new Event('focus'))")


def test_a_review_by_another_at_another_machine(office: Office) -> None:
    from playwright.sync_api import expect

    anna = examine(office.sign_in("anna"), BOX)
    expect(anna.locator("#team-text")).to_have_text("Open to all")
    take(anna, "26.4.1")
    press(anna, "d")
    expect(anna.locator("#team-text")).to_have_text("Examined by you")
    (mark,) = office.ask("marks")["marks"]
    assert (mark["state"], mark["codes"]) == ("done", ["26.4.1"])

    elsewhere = office.sign_in("anna")
    put_in(elsewhere, BOX)
    expect(elsewhere.locator("#images .done")).to_have_count(1)
    assert accepted(elsewhere) == ["26.4.1"]

    ben = office.sign_in("ben")
    put_in(ben, BOX)
    expect(ben.locator("#images .state")).to_contain_text("by anna: 26.4.1")
    press(ben, "1")
    expect(ben.locator("#toast-text")).to_contain_text("not yours to decide")
    ben.click("#review")
    expect(ben.locator("#team-text")).to_contain_text("You review the work of anna")
    assert accepted(ben) == [], "a review is blind"
    take(ben, "26.4.2")
    press(ben, "d")
    expect(ben.locator("#team-text")).to_contain_text("Disagreed: only anna 26.4.1; only you 26.4.2")
    look(elsewhere)
    expect(elsewhere.locator("#team-text")).to_contain_text("Disagreed: only you 26.4.1; only ben 26.4.2")

    lea = office.sign_in("lea")
    expect(lea.locator("#images .state")).to_contain_text("disagreed")
    expect(lea.locator("#list")).to_contain_text("not in this browser. Add box.png")
    put_in(lea, {"the same under another name.png": THREE["box.png"]})
    expect(lea.locator("#list .suggestion").first).to_be_visible()
    expect(lea.locator("#images .image")).to_have_count(1)
    take(lea, "26.4.2")
    press(lea, "d")
    expect(lea.locator("#team-text")).to_have_text("Settled by you")
    assert office.state() == "settled"
    lea.click("#trail-open")
    expect(lea.locator("#trail-rows")).to_contain_text("finished the settlement with 26.4.2")
    assert lea.locator("#trail-rows tr").count() >= 8
    assert violations(lea) == {}


@pytest.mark.slow
def test_nobody_overwrites_anybody(office: Office) -> None:
    from playwright.sync_api import expect

    anna, ben = office.sign_in("anna"), office.sign_in("ben")
    for page in (anna, ben):  # neither sees the other's work before deciding
        page.route("**/v1/events*", lambda route: route.abort())
        examine(page, BOX)
    take(anna, "26.4.1")
    expect(anna.locator("#team-text")).to_have_text("Open to all")
    expect(anna.locator("#open-team")).to_have_text("anna")
    take(ben, "26.4.2")
    expect(ben.locator("#team-text")).to_have_text("anna decided this since you looked: 26.4.1.")
    press(ben, "1")  # nothing more until it is settled
    assert accepted(ben) == ["26.4.2"]
    assert violations(ben) == {}
    ben.reload()
    expect(ben.locator("#team-text")).to_contain_text("anna decided this")
    ben.click("#keep-mine")
    expect(ben.locator("#team-text")).to_have_text("Open to all")
    take(anna, "26.4.3")
    expect(anna.locator("#team-text")).to_have_text("ben decided this since you looked: 26.4.2.")
    anna.click("#take-theirs")
    assert accepted(anna) == ["26.4.2"]
    press(anna, "d")
    expect(anna.locator("#team-text")).to_have_text("Examined by you")
    assert office.ask("marks")["marks"][0]["codes"] == ["26.4.2"]


@pytest.mark.slow
def test_decisions_wait_for_a_service_that_is_away(office: Office) -> None:
    from playwright.sync_api import expect

    anna = examine(office.sign_in("anna"), BOX)
    away = [True]
    anna.route("**/v1/marks/**", lambda route: route.abort() if away[0] else route.continue_())
    take(anna, "26.4.1")
    expect(anna.locator("#open-team")).to_have_text("anna: 1 not saved")
    expect(anna.locator("#team-text")).to_contain_text("Not saved yet")
    anna.reload()
    expect(anna.locator("#open-team")).to_have_text("anna: 1 not saved")
    assert accepted(anna) == ["26.4.1"]
    away[0] = False
    look(anna)
    expect(anna.locator("#open-team")).to_have_text("anna")
    first = office.ask("marks")["marks"][0]["examinations"]["first"]
    assert (first["examiner"], first["decisions"]) == ("anna", {"26.4.1": "accepted"})
    anna.click("#open-team")
    anna.click("#sign-out")
    expect(anna.locator("#token")).to_be_visible()
    anna.fill("#token-text", office.tokens["ben"])
    press(anna, "Enter")
    expect(anna.locator("#open-team")).to_have_text("ben")
    assert anna.locator("#images .image").count() == 0, "each user has their own list"


@pytest.mark.slow
def test_an_answer_that_was_lost_is_no_conflict_with_oneself(office: Office) -> None:
    """The store had the first decision, the page did not know, and what came after it was refused for good."""
    from playwright.sync_api import expect

    lossy = [True]

    def lose(route: Any) -> None:
        if lossy:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    anna = examine(office.sign_in("anna"), BOX)
    anna.route("**/v1/marks/*/first", lose)
    take(anna, "26.4.1")
    expect(anna.locator("#open-team")).to_have_text("anna: 1 not saved")
    take(anna, "26.4.2")
    expect(anna.locator("#open-team")).to_have_text("anna: 1 not saved")
    lossy.clear()
    anna.reload()
    expect(anna.locator("#open-team")).to_have_text("anna")
    first = office.ask("marks")["marks"][0]["examinations"]["first"]
    assert first["decisions"] == {"26.4.1": "accepted", "26.4.2": "accepted"}


@pytest.mark.slow
def test_the_list_of_the_team_tells_what_happens(office: Office) -> None:
    """Refusals were told behind the dialog, and one long name pushed states and codes out of it."""
    from playwright.sync_api import expect

    long = "a" * 150 + ".png"
    lea = examine(office.sign_in("lea"), {long: THREE["box.png"], "לוגו " * 20 + ".png": THREE["ellipse.png"]})
    expect(lea.locator("#name")).to_have_text(long)
    assert lea.locator("#images .file").evaluate_all("each => each.map(one => getComputedStyle(one).direction)") == [
        "ltr",
        "rtl",
    ]
    take(lea, "26.4.1")
    press(lea, "d")
    expect(lea.locator("#open-team")).to_have_text("lea")
    lea.click("#open-team")
    lea.select_option("#team-state", "done")
    expect(lea.locator("#team-rows tr")).to_have_count(1)
    assert lea.locator("#team .table").evaluate("each => each.scrollWidth - each.clientWidth") <= 0
    lea.locator("#team-rows input").check()
    lea.select_option("#team-to", "lea")
    lea.click("#give-review")
    expect(lea.locator("#team-note")).to_contain_text(f"({long})")
    lea.route("**/v1/**", lambda each: each.abort())
    lea.select_option("#team-state", "open")
    expect(lea.locator("#team-note")).to_contain_text("cannot be reached")
    press(lea, "Escape 1")
    expect(lea.locator("#open-team")).to_have_text("lea: 1 not saved")
    lea.click("#open-export")
    lea.click("#clear")
    expect(lea.get_by_role("button", name="Yes, remove all 2, 1 of them not saved in the store")).to_be_focused()


@pytest.mark.slow
def test_a_program_works_alone(office: Office, visit: Opener) -> None:
    from playwright.sync_api import expect

    page = visit(url=office.url, tokens=[office.tokens["bot"]])
    expect(page.locator("#model")).to_contain_text("the token is a program’s, so decisions stay in this browser")
    expect(page.locator("#open-team")).to_be_hidden()


@pytest.mark.slow
def test_what_was_exported_comes_into_the_store(office: Office, visit: Opener, tmp_path: Path, address: str) -> None:
    from playwright.sync_api import expect

    alone = examine(visit(url=address), THREE)
    press(alone, "1 d")
    log, codes = export(alone, "log", tmp_path), export(alone, "json", tmp_path)
    anna = office.sign_in("anna")
    anna.click("#open-team")
    anna.select_option("#team-state", "done")
    anna.set_input_files("#import-file", log)
    expect(anna.locator("#team-note")).to_have_text("1 taken over.")
    expect(anna.locator("#team-rows tr")).to_have_count(1)
    ben = office.sign_in("ben")
    ben.click("#open-team")
    codes.write_text(codes.read_text().replace('"accepted"', '"rejected"'))
    ben.set_input_files("#import-file", codes)
    expect(ben.locator("#team-note")).to_contain_text("0 taken over. Left out: shield.png (anna decided it at ")
    codes.write_text("{")
    ben.set_input_files("#import-file", codes)
    expect(ben.locator("#team-note")).to_contain_text("cannot be read")


@pytest.mark.slow
@pytest.mark.parametrize("size", [(844, 390), (683, 384), (320, 256), (390, 844)], ids=str)
def test_the_line_of_the_team_fits(office: Office, size: tuple[int, int]) -> None:
    page = examine(office.sign_in("anna", width=size[0], height=size[1]), BOX)
    take(page, "26.4.1")
    page.locator("#done").scroll_into_view_if_needed()
    page.locator("#done").click(trial=True)
    page.locator("#trail-open").click(trial=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert size[0] < 600 or page.locator("#tray").bounding_box()["height"] < 0.4 * size[1]
    page.click("#open-team")
    assert page.locator("#team").evaluate("each => each.scrollWidth - each.clientWidth") <= 0
    assert violations(page) == {}


@pytest.mark.slow
def test_a_lead_gives_work(office: Office) -> None:
    from playwright.sync_api import expect

    lea, ben = examine(office.sign_in("lea")), office.sign_in("ben")
    lea.click("#open-team")
    lea.select_option("#team-state", "open")
    expect(lea.locator("#team-rows tr")).to_have_count(3)
    assert violations(lea) == {}
    lea.get_by_label("Choose box.png").check()
    lea.select_option("#team-to", "ben")
    lea.click("#give-first")
    expect(lea.locator("#team-note")).to_have_text("1 given for the first examination.")
    press(lea, "Escape")
    look(ben)
    expect(ben.locator("#images .image")).to_have_count(1)
    expect(ben.locator("#images .state")).to_have_text("image not here")
    put_in(ben, BOX)
    expect(ben.locator("#list .suggestion").first).to_be_visible()
    expect(ben.locator("#team-text")).to_have_text("Yours to examine")
    take(ben, "26.4.1")
    press(ben, "d")
    expect(ben.locator("#team-text")).to_have_text("Examined by you")
    look(lea)
    expect(lea.locator("#images .image:has-text('box.png') .state")).to_contain_text("26.4.1")
    again = office.sign_in("ben")
    again.click("#open-team")
    again.select_option("#team-state", "done")
    expect(again.locator("#team-rows tr")).to_have_count(1)
    again.get_by_role("button", name="box.png").click()
    expect(again.locator("#name")).to_have_text("box.png")
    assert accepted(again) == ["26.4.1"]
