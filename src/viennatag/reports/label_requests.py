"""Images to label, as one HTML page of pictures."""

from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np

from viennatag.errors import ImageError
from viennatag.evaluation.label_requests import LabelRequests
from viennatag.metrics.scores import Scores
from viennatag.model.bundle import Bundle
from viennatag.reports.pages import PICTURES_ON_PAGE, render, thumbnail_url

_THUMBNAIL = 144
_SUGGESTED = 4
_LISTED_LABELS = 30


def label_requests_page(
    requests: LabelRequests,
    bundle: Bundle,
    scores: Scores,
    images: Path | str,
    *,
    most_pictures: int = PICTURES_ON_PAGE,
) -> str:
    """Return the requests as one HTML page.

    Args:
        requests: The images, in order.
        bundle: Names the labels and their training marks.
        scores: Of the same images, shape (requests, labels).
        images: Folder that the names of the images are relative to.
        most_pictures: Images that are shown at most, the first ones.
    """
    labels = bundle.labels
    aims = Counter(requests.labels.tolist())
    deepest = np.flatnonzero(np.array(labels.levels) == labels.level_names[-1])

    def title(at: int) -> str:
        name = labels.names[at]
        meaning = labels.hierarchy.heading(name)
        return name if meaning == name else f"{name} {meaning}"

    def picture(name: str) -> str:
        try:
            return thumbnail_url(Path(images) / name, _THUMBNAIL)
        except ImageError:
            return ""

    listed = zip(requests.images, requests.labels, requests.scores, scores, strict=True)
    cards = [
        {
            "rank": rank,
            "image": name,
            "url": picture(name),
            "aim": title(int(aim)),
            "score": f"{score:.2f}",
            "suggested": [
                f"{title(int(at))} {row[at]:.2f}"
                for at in deepest[np.argsort(-row[deepest], kind="stable")[:_SUGGESTED]]
            ],
        }
        for rank, (name, aim, score, row) in enumerate(islice(listed, most_pictures), start=1)
    ]
    left_out = f" Only the first {len(cards):,} of {len(requests):,} images are shown; the table has all."
    return render(
        "label_requests",
        title="Images to label next",
        lead=f"{len(requests):,} images, the most useful first, for {len(aims):,} labels that are short of marks."
        + (left_out if len(cards) < len(requests) else ""),
        labels=[
            (title(at), f"{int(bundle.train_counts[at]):,}", f"{count:,}")
            for at, count in aims.most_common(_LISTED_LABELS)
        ],
        cards=cards,
    )
