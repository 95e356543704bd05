"""The interactive documentation, in a browser."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.service.server import running

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.mark.slow
def test_the_interactive_documentation_works_without_another_machine(browser: "Browser", tmp_path: Path) -> None:
    """Also below a prefix of a reverse proxy, which the service does not see."""
    asked: list[str] = []
    errors: list[str] = []
    with running(log=tmp_path / "log") as (_, port):
        home = f"http://127.0.0.1:{port}/office/tag/"
        page = browser.new_page()
        page.route(
            "**/*", lambda each: each.fulfill(response=each.fetch(url=each.request.url.replace("/office/tag", "")))
        )
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto(f"{home}docs")
        page.locator("#operations-health-is_alive").click()
        page.get_by_role("button", name="Try it out").click()
        page.get_by_role("button", name="Execute").click()
        page.locator(".live-responses-table").get_by_text('"status": "ok"').wait_for()
        page.close()
    assert not errors
    assert f"{home}healthz" in asked
    assert all(url.startswith((home, "data:", "blob:")) for url in asked)
