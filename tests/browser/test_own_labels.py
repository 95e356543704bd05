"""Labels of one's own on the page: a tree whose names do not tell it, and labels that exclude each other."""

import json
import re
from pathlib import Path
from typing import Any

from tests.browser.examiner import THREE, Opener, accepted, examine, export, press, rows, table
from viennatag.data.marks import read_marks

SHIELD = {"shield.png": THREE["shield.png"]}


def group_rows(page: Any) -> list[str]:
    """Return the listed labels of the group, from top to bottom."""
    rows = page.locator("#list [data-code]:has(.level:text-is('shield'))")
    return [str(code) for code in rows.evaluate_all("rows => rows.map(row => row.dataset.code)")]


def decisions(page: Any) -> dict[str, str]:
    """Return the decisions that the page shows, by code."""
    found = page.locator("#list [data-code]").evaluate_all(
        """rows => rows.map(row => [row.dataset.code, row.querySelector(".accepted[aria-pressed=true]") ? "accepted"
            : row.querySelector(".decide.rejected[aria-pressed=true]") ? "rejected" : "open"])"""
    )
    return dict(found)


def test_a_label_of_a_group_excludes_the_others(visit: Opener, own_address: str, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    page = examine(visit(url=own_address), SHIELD)
    first, second, *others = group_rows(page)

    def row(code: str) -> Any:
        return page.locator(f'#list [data-code="{code}"]')

    row(second).locator(".decide.rejected").click()
    row(first).locator(".decide.accepted").click()
    assert accepted(page) == [first]
    assert {decisions(page)[code] for code in (second, *others)} == {"rejected"}
    row(first).locator(".decide.accepted").click()  # what followed from it is taken back, not what was decided before
    assert {code: each for code, each in decisions(page).items() if each != "open"} == {second: "rejected"}
    press(page, "u")
    assert accepted(page) == [first]
    row(second).locator(".decide.accepted").click()
    assert accepted(page) == [second]
    assert decisions(page)[first] == "rejected"
    press(page, "u u u u")
    assert set(decisions(page).values()) == {"open"}

    press(page, "Escape")
    row(first).locator(".main").click()
    press(page, "s")
    expect(page.locator("#toast-text")).to_have_text(f"Accepted kind 24 › kind 24 of 1 › {first}.")
    assert accepted(page) == [first], "it stands for what is above it"
    press(page, "d")
    (logged,) = table(export(page, "log", tmp_path))
    assert json.loads(logged["codes"]) == [first]
    assert {second, *others} <= set(json.loads(logged["rejected"]))
    of = {line["code"]: line for line in table(export(page, "csv", tmp_path))}
    assert (of[first]["decision"], of[second]["decision"], of["kind 24 of 1"]["decision"]) == (
        "accepted",
        "rejected",
        "refined",
    )
    assert (of[first]["level"], of["kind 24 of 1"]["level"]) == ("low", "middle")


def test_labels_leave_as_they_are_called(visit: Opener, own_address: str, tmp_path: Path) -> None:
    """In the log, `;` cut a label in two; in the table, a spreadsheet would have run it."""
    from playwright.sync_api import expect

    page = examine(visit(url=own_address), SHIELD)
    page.keyboard.press("/")
    page.fill("#search", "=a; b/c")
    press(page, "Enter")
    expect(page.locator("#accepted-codes .code")).to_have_text("=a; b/c, d")
    press(page, "d")
    log = export(page, "log", tmp_path)
    assert read_marks(log, taxonomy="flat").codes == (("=a; b/c, d",),)
    assert {"'=a; b/c, d"} == {
        row["code"] for row in table(export(page, "csv", tmp_path)) if row["decision"] == "accepted"
    }


def test_labels_of_any_length_are_read_and_hidden(visit: Opener, own_address: str) -> None:
    """Long labels lay over their headings, and only numbers could be hidden."""
    from playwright.sync_api import expect

    page = examine(visit(url=own_address), SHIELD)
    for row in page.locator("#list .main:has(.heading:not(:empty))").all()[:8]:
        code, heading = row.locator(".code").bounding_box(), row.locator(".heading").bounding_box()
        assert code["x"] + code["width"] <= heading["x"]
    page.click("#open-export")
    expect(page.locator("[data-export=csv]")).to_be_visible()
    expect(page.locator("[data-export=xml]")).to_be_hidden()
    press(page, "Escape ?")
    page.fill("#hidden", "kind 1, Kind 77")
    press(page, "Tab")
    expect(page.locator("#hidden-note")).to_have_text(re.compile("^Kind 77: not a category; there are kind 1, kind 2,"))
    page.fill("#hidden", "Kind 1; kind 29")
    press(page, "Tab Escape")
    expect(page.locator("#list [data-code='kind 24 of 1']")).to_be_visible()
    assert not [code for code in rows(page) if re.match("kind (1|29) ", f"{code} ")]


def test_a_tree_of_ones_own_is_walked(visit: Opener, own_address: str) -> None:
    from playwright.sync_api import expect

    page = examine(visit(url=own_address), SHIELD)
    press(page, "/")
    expect(page.locator("#nodes .main").first).to_have_attribute("data-key", "kind 1")
    page.locator("#nodes [data-key='kind 24']").focus()
    press(page, "ArrowRight")
    expect(page.locator("#breadcrumbs [aria-current]")).to_contain_text("kind 24")
    expect(page.locator("#nodes .main").first).to_be_focused()
    press(page, "ArrowRight")
    expect(page.locator("#breadcrumbs [aria-current]")).to_contain_text("kind 24 of 1")
    expect(page.locator("#nodes .main").first).to_contain_text("low")
    assert page.locator("#nodes button.icon").count() == 0, "nothing is below the last level"
    expect(page.locator("#nodes .main").first).to_be_focused()
    press(page, "ArrowRight ArrowLeft")
    expect(page.locator("#breadcrumbs [aria-current]")).to_have_text("kind 24 meaning 24")
    page.locator("#search").focus()
    page.keyboard.type("kind 5 of")
    expect(page.locator("#found")).to_contain_text("found")
    assert accepted(page) == [], "a digit belongs to the name of a label"
