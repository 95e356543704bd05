from pathlib import Path

import numpy as np
from PIL import Image

from viennatag.evaluation.label_requests import LabelRequests
from viennatag.model.bundle import open_bundle
from viennatag.reports.label_requests import label_requests_page


def test_pictures_are_bounded_and_the_page_says_so(tmp_path: Path) -> None:
    bundle, count = open_bundle(), 6
    for at in range(count):
        Image.new("RGB", (32, 32), (40 * at, 80, 160)).save(tmp_path / f"{at}.png")
    images = tuple(f"{at}.png" for at in range(count))
    numbers = np.zeros(count)
    requests = LabelRequests(np.arange(count), numbers, np.arange(count), numbers, bundle.labels.names, images)
    scores = np.zeros((count, len(bundle.labels)))
    page = label_requests_page(requests, bundle, scores, tmp_path, most_pictures=4)
    assert page.count("data:image/jpeg") == 4
    assert "5.png" not in page
    assert "Only the first 4 of 6 images are shown; the table has all." in page
    whole = label_requests_page(requests, bundle, scores, tmp_path)
    assert whole.count("data:image/jpeg") == count
    assert "are shown" not in whole
