"""A small collection of marks, and a bundle that was really trained on it."""

import csv
import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two workers of two threads each wait for one another: 5 times slower

import numpy as np
import pytest
from PIL import Image, ImageDraw

from viennatag.data.marks import read_marks
from viennatag.evaluation.evaluation import Evaluation
from viennatag.model.bundle import Bundle
from viennatag.training.options import TrainOptions
from viennatag.training.strategies import Strategy
from viennatag.training.train import train

SHAPES = {"26.1.1": "ellipse", "26.4.1": "rectangle", "1.1.1": "star", "26.3.1": "triangle"}
COLOURS = {"29.1.1": (200, 20, 20), "29.1.4": (20, 40, 200)}
TINY = TrainOptions(
    Strategy("tiny", "for tests", min_count=3), backbone="test_efficientnet", pretrained=False, size=64, seed=3
)


def draw_mark(shape: str, colour: tuple[int, int, int], random: np.random.Generator) -> Image.Image:
    """Return a shape of one colour and a black dot, each somewhere on white.

    A mark is fitted around what is on its page, so without the dot all marks of a shape would look alike.
    """
    image = Image.new("RGB", (96, 96), "white")
    draw = ImageDraw.Draw(image)
    left, top = (int(value) for value in random.integers(0, 90, size=2))
    draw.rectangle([left, top, left + 5, top + 5], fill="black")
    radius = int(random.integers(22, 40))
    x, y = (int(value) for value in random.integers(radius, 96 - radius, size=2))
    if shape == "ellipse":
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=colour)
    elif shape == "rectangle":
        draw.rectangle([x - radius, y - radius, x + radius, y + radius], fill=colour)
    else:
        corners = 3 if shape == "triangle" else 10
        angles = np.arange(corners) / corners * 2 * np.pi - np.pi / 2
        lengths = np.where(np.arange(corners) % 2, 0.4, 1.0) if shape == "star" else np.ones(corners)
        points = [
            (x + radius * length * np.cos(angle), y + radius * length * np.sin(angle))
            for angle, length in zip(angles, lengths, strict=True)
        ]
        draw.polygon(points, fill=colour)
    return image


@pytest.fixture(scope="session")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of 240 marks: `marks.csv` with Vienna codes, `flat.csv` with one 0/1 column per label."""
    folder = tmp_path_factory.mktemp("collection")
    random = np.random.default_rng(0)
    rows = []
    for at in range(240):
        code = list(SHAPES)[int(random.choice(4, p=[0.5, 0.25, 0.15, 0.1]))]
        colour = list(COLOURS)[int(random.random() < 0.4)]
        draw_mark(SHAPES[code], COLOURS[colour], random).save(folder / f"{at:03}.png")
        rows.append((f"{at:03}.png", code, colour))
    with (folder / "marks.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["image", "codes"], *([name, f"{code};{colour}"] for name, code, colour in rows)])
    names = [*SHAPES.values(), "red", "blue"]
    with (folder / "flat.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["image", *names])
        for name, code, colour in rows:
            present = {SHAPES[code], "red" if colour == "29.1.1" else "blue"}
            table.writerow([name, *(int(label in present) for label in names)])
    return folder


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def trained(collection: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Bundle, Evaluation]:
    """Return a bundle trained on the collection, and its judgement."""
    marks = read_marks(collection / "marks.csv", images=collection)
    return train(marks, collection, tmp_path_factory.mktemp("bundles") / "tiny", TINY, cache=cache)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Return a headless Chromium; tests that want one are skipped where there is none."""
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("playwright is not installed: pip install 'viennatag[dev]'")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield launched
        launched.close()
