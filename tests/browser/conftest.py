"""A browser, the service, and an examiner who visits the page."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.browser.examiner import TOKEN, Opener
from tests.service.server import running
from viennatag.data.labels import LabelSet
from viennatag.data.taxonomy import LabelNode, LabelTree
from viennatag.model.bundle import STARTER, open_bundle
from viennatag.model.saving import write_bundle


@pytest.fixture(scope="module")
def address(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(log=tmp_path_factory.mktemp("service") / "log") as (_, port):
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture(scope="module")
def token_address(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return a service that requires a token and whose bundle is never certain of a section."""
    folder = tmp_path_factory.mktemp("bundles") / "unsure"
    bundle = open_bundle(STARTER)
    cuts = {"category": 0.5, "division": 0.01, "section": 1.0}
    thresholds = np.array([cuts[level] for level in bundle.labels.levels])
    chain = replace(bundle.postprocessor, thresholds=thresholds)
    write_bundle(replace(bundle, postprocessor=chain), bundle.graph.read_bytes(), folder)
    with running(folder, log=folder.parent / "log", environment={"VIENNATAG_TOKEN": TOKEN}) as (_, port):
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture(scope="module")
def own_address(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return a service whose labels are the starter's as a tree of one's own; sections of 24.1 exclude each other."""
    folder = tmp_path_factory.mktemp("bundles") / "own"
    bundle = open_bundle(STARTER)

    def name(code: str) -> str:
        return "=a; b/c, d" if code == "26.1" else f"kind {code.replace('.', ' of ')}"

    def node(code: str) -> LabelNode:
        above = code.rpartition(".")[0]
        return LabelNode(name(code), above and name(above), f"meaning {code}", "shield" if above == "24.1" else "")

    nodes = tuple(map(node, bundle.labels.names))
    labels = LabelSet(LabelTree(nodes, ("top", "middle", "low"), name="own.csv"), tuple(each.label for each in nodes))
    calibration = replace(bundle.postprocessor.calibration, exclusive=labels.exclusive)
    chain = replace(bundle.postprocessor, labels=labels, calibration=calibration, pixel_labels=(), max_crops=0)
    write_bundle(replace(bundle, postprocessor=chain), bundle.graph.read_bytes(), folder)
    with running(folder, log=folder.parent / "log") as (_, port):
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Opener]:
    """Return a function that opens the page for a new examiner; at the end no script may have complained."""
    from playwright.sync_api import expect

    expect.set_options(timeout=15_000)
    contexts, said, asked = [], [], []

    def opened(
        *,
        scheme: str = "light",
        forced: str = "none",
        width: int = 1280,
        height: int = 800,
        touch: bool = False,
        url: str = address,
        tokens: Sequence[str] = (),
        ready: bool = True,
    ) -> Any:
        context = browser.new_context(
            color_scheme=scheme,
            forced_colors=forced,
            viewport={"width": width, "height": height},
            has_touch=touch,
            is_mobile=touch,
            permissions=["clipboard-read", "clipboard-write"],
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: "Failed to load resource" in message.text or said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url)
        for at, token in enumerate(tokens):
            expect(page.locator("#token")).to_be_visible()
            expect(page.locator("#token-note")).to_have_text("The service did not accept this token." if at else "")
            page.fill("#token-text", token)
            page.keyboard.press("Enter")
        if ready:
            page.wait_for_selector("body[data-ready]")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("http://127.0.0.1:", "blob:"))] == []
