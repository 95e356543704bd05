"""Work through marks on the examiner's page by keyboard, in Chromium, and count keystrokes.

    viennatag serve --port 8000 &
    python benchmarks/desk.py http://127.0.0.1:8000/ [--before http://127.0.0.1:8001/] [--fold 0] [-o results.json]

For 54 logos and 100 registered marks with something pictured (see ../shared/real_logos and ../shared/real_marks), one
code of each figurative entry is accepted: by the number of its row, by walking to it where the page has no numbers, or
by typing it into the search where it is not listed. Then the mark is done. Counted are:

- keystrokes to the right set and the next mark, and seconds: 0.28 s a keystroke (the average typist of Card, Moran and
  Newell's keystroke-level model) plus the time that the page took where it was not waiting for letters;
- elements whose code is on screen, 1280 by 800 pixels, before any key is pressed: of all, and of those that the API
  ranks among its first thirty sections.

`--before` takes a service of an earlier version, with the bundle of its time: its page is worked with the keys that it
has. The starter has learned from the registered marks. So serve the bundle of a fold (see `recipes/starter`), and name
the fold: then only marks that this bundle has not seen are drawn.
"""

import argparse
import csv
import json
import random
import re
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import real_logos
from viennatag.vienna.codes import vienna_headings

MARKS = real_logos.SHARED / "real_marks"
LOGOS, REGISTERED = 54, 100
KEYSTROKE_SECONDS = 0.28
SETTLED_MS = 280
PATIENCE_MS = 600_000  # on a busy machine keystrokes are as many as on a quiet one
FILLERS = {"other", "the", "with", "and", "for", "single", "one", "two", "three", "more", "than"}
ROWS = """() => {
    const seen = element => {
        let box = element.getBoundingClientRect();
        const frame = element.closest("#list, #suggestions").getBoundingClientRect();
        return box.top >= frame.top - 1 && box.bottom <= frame.bottom + 1 && box.bottom <= innerHeight;
    };
    return [...document.querySelectorAll("#suggestions li[data-code]")].map(row => [row.dataset.code, seen(row)]);
}"""
Entries = list[set[str]]


def read_marks(folder: Path, fold: int | None) -> dict[Path, Entries]:
    """Return the images and their figurative entries, each a set of equally good codes; registered ones of one fold."""
    real_logos.draw_logos(folder)
    truth = real_logos.read_truth()
    step = len(truth) / LOGOS
    names = [sorted(truth)[int(at * step)] for at in range(LOGOS)]
    marks = {folder / f"{name}.png": [set(map(str, entry)) for entry in truth[name]] for name in names}
    with (MARKS / "marks.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["figurative"] and fold in {None, int(row["fold"])}]
    for row in random.Random(0).sample(rows, REGISTERED):
        marks[MARKS / row["image"]] = [set(entry.strip().split("|")) for entry in row["figurative"].split(";")]
    return marks


class Desk:
    """An examiner at the page, who knows the right codes and counts keystrokes."""

    def __init__(self, page: Any, headings: dict[str, str]) -> None:
        self.page = page
        self.headings = headings
        self.keys = 0
        self.waited = 0.0
        self.numbered = page.locator("[data-action=done]").count() > 0
        self.unanswered: set[Any] = set()
        page.on("request", self.asked)
        page.on("requestfinished", self.answered)
        page.on("requestfailed", self.answered)

    def asked(self, request: Any) -> None:
        """Remember a request until it is answered."""
        self.unanswered.add(request)

    def answered(self, request: Any) -> None:
        """Forget a request."""
        self.unanswered.discard(request)

    def press(self, *keys: str) -> None:
        """Press keys and count them."""
        for key in keys:
            self.page.keyboard.press(key)
        self.keys += len(keys)

    def accept(self, wanted: list[str], listed: list[str]) -> None:
        """Accept codes that are listed from top to bottom, then the others by the search."""
        rows = sorted((listed.index(code), code) for code in wanted if code in listed)
        at = 0 if self.numbered else -1
        for row, _ in rows:
            if self.numbered:
                self.press(*("m" for _ in range(row // 9 - at)), str(row % 9 + 1))
                at = row // 9
            else:
                self.press(*("j" for _ in range(row - at)), "a")
                at = row
        missing = [code for code in wanted if code not in listed]
        for code in missing:
            self.search(code)
        if missing and not self.numbered:
            self.press("Escape")  # that page goes on with the search, which hides the next suggestions

    def search(self, code: str) -> None:
        """Type the first word of a heading until the code is listed, or its number if that does not help."""
        self.press("/")
        self.read()
        for letter in first_word(self.headings.get(code, "")):
            self.press(letter)
            self.read()
            if code in (rows := self.found()):
                self.choose(rows.index(code))
                break
        else:
            self.press("Control+a", *code)
            self.page.locator(f"#nodes li:first-child .main[data-key='{code}']").wait_for()
            self.press("Enter") if self.numbered else self.press("Enter", "Enter")
        self.page.locator(f":is(#accepted-codes, #chosen) .code:text-is('{code}')").wait_for()

    def choose(self, row: int) -> None:
        """Add a row that the search has found: by its number, or by walking to it."""
        if self.numbered:
            self.press(str(row + 1))
        else:
            self.press(*("ArrowDown" for _ in range(row + 1)), "Enter")

    def read(self) -> None:
        """Wait until the list has come; an examiner reads meanwhile."""
        start = time.perf_counter()
        self.page.wait_for_timeout(SETTLED_MS)
        while self.unanswered:
            self.page.wait_for_timeout(SETTLED_MS / 10)
        self.waited += time.perf_counter() - start

    def found(self) -> list[str]:
        """Return the first nine codes that the search has found."""
        return self.page.locator("#nodes .main").evaluate_all("all => all.slice(0, 9).map(row => row.dataset.key)")  # type: ignore[no-any-return]


def first_word(heading: str) -> str:
    """Return the first word of a heading that says what is pictured."""
    return next((word for word in re.findall(r"[a-z]+", heading.lower()) if len(word) > 2 and word not in FILLERS), "")


def work(page: Any, url: str, marks: dict[Path, Entries]) -> list[dict[str, float]]:
    """Return what was counted for each mark."""
    thirty = {path: rank_thirty(page, url, path) for path in marks}
    page.goto(url)
    page.wait_for_selector("body[data-ready]")
    page.set_input_files("#files", list(map(str, marks)))
    page.locator("#images .image:is(.open, .failed, .done)").nth(len(marks) - 1).wait_for(timeout=600_000)
    desk = Desk(page, vienna_headings())
    found: list[dict[str, float]] = []
    for path, entries in marks.items():
        page.locator("#name", has_text=path.name).wait_for()
        desk.read()  # what comes late has come
        shown = page.evaluate(ROWS)
        listed, visible = [code for code, _ in shown], {code for code, seen in shown if seen}
        wanted = list(dict.fromkeys(best_of(entry, listed) for entry in entries))
        desk.keys, desk.waited, start = 0, 0.0, time.perf_counter()
        desk.accept(wanted, listed)
        desk.press("d")
        page.locator("#name", has_text=path.name).wait_for(state="hidden") if len(found) < len(marks) - 1 else None
        seconds = time.perf_counter() - start - desk.waited
        ranked = [entry for entry in entries if entry & thirty[path]]
        found.append(
            {
                "keystrokes": desk.keys,
                "page_seconds": seconds,
                "seconds": desk.keys * KEYSTROKE_SECONDS + seconds,
                "elements": len(entries),
                "on_screen": sum(bool(entry & visible) for entry in entries),
                "ranked": len(ranked),
                "ranked_on_screen": sum(bool(entry & visible) for entry in ranked),
            }
        )
    return found


def best_of(entry: set[str], listed: list[str]) -> str:
    """Return the alternative of an entry that is listed first, else the first one."""
    return min(entry, key=lambda code: (listed.index(code) if code in listed else len(listed), code))


def rank_thirty(page: Any, url: str, path: Path) -> set[str]:
    answer = page.request.post(
        f"{url}v1/predict?top=30", data=path.read_bytes(), headers={"Content-Type": "image/*"}, timeout=PATIENCE_MS
    )
    return {each["code"] for each in answer.json()["results"][0]["suggestions"]}


def summarise(rows: list[dict[str, float]]) -> dict[str, float]:
    def total(name: str) -> float:
        return sum(row[name] for row in rows)

    return {
        "marks": len(rows),
        "median_keystrokes": statistics.median(row["keystrokes"] for row in rows),
        "median_seconds": round(statistics.median(row["seconds"] for row in rows), 2),
        "median_page_seconds": round(statistics.median(row["page_seconds"] for row in rows), 2),
        "elements": total("elements"),
        "on_screen": total("on_screen"),
        "ranked_in_thirty": total("ranked"),
        "ranked_and_on_screen": total("ranked_on_screen"),
        "share_on_screen": round(total("on_screen") / max(1, total("elements")), 3),
        "share_on_screen_of_ranked": round(total("ranked_on_screen") / max(1, total("ranked")), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="address of a running service, such as http://127.0.0.1:8000/")
    parser.add_argument("--before", help="address of a service of an earlier version, to compare with")
    parser.add_argument("--icons", type=Path, help="icons.json of @iconify-json/logos; by default that of make artwork")
    parser.add_argument("--fold", type=int, help="draw registered marks of this fold only")
    parser.add_argument("-o", "--out", type=Path, help="write the figures to this JSON file")
    options = parser.parse_args()
    real_logos.ICONS = options.icons or real_logos.ICONS
    services = {"after": options.url} | ({"before": options.before} if options.before else {})
    from playwright.sync_api import sync_playwright

    figures: dict[str, Any] = {"fold": options.fold}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        marks = read_marks(Path(folder), options.fold)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for name, url in services.items():
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.set_default_timeout(PATIENCE_MS)
            rows = work(page, url, marks)
            page.close()
            groups = {"logos": rows[:LOGOS], "registered": rows[LOGOS:], "all": rows}
            figures[name] = {group: summarise(each) for group, each in groups.items()}
        browser.close()
    print(json.dumps(figures, indent=1))
    if options.out:
        options.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
