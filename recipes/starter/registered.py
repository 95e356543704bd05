"""Registered marks labelled by hand, and a network fine-tuned on them together with rendered marks.

The marks are those of `../shared/real_marks`: what each mark shows, in categories 1 to 24, and a fold. Where an entry
stops at a division, its sections are unknown; so are all codes of categories 25 to 29. Unknown labels count in no loss.

Rendered marks alone do not teach what registers hold; 1,163 registered marks alone are soon learned by heart. Half of
each, with the network starting from one that was taught on rendered marks, is better than either on marks of a fold
that was left out.
"""

import csv
import math
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from stages import FineTuning
from viennatag.data.labels import LabelSet
from viennatag.images.crops import MAX_CROPS
from viennatag.images.decoding import read_framed_image
from viennatag.training.backbones.backbone import PixelNetwork
from viennatag.training.data.collection import ProgressCallback
from viennatag.vienna.codes import parse_code

FOLDS = range(5)


@dataclass(frozen=True, eq=False)
class RegisteredMarks:
    """Registered marks with their labels.

    Attributes:
        images: Their files.
        folds: Fold of each mark, shape (marks,).
        targets: Which labels a mark carries, shape (marks, labels).
        known: Where the target is known, same shape.
        views: Pixels of all views, the whole of each mark before its crops; uint8, shape (views, size, size, 3).
        view_counts: Number of views of each mark, shape (marks,).
    """

    images: tuple[Path, ...]
    folds: NDArray[np.intp]
    targets: NDArray[np.bool_]
    known: NDArray[np.bool_]
    views: NDArray[np.uint8]
    view_counts: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.images)

    @property
    def wholes(self) -> NDArray[np.intp]:
        """Position of each mark's whole view."""
        return np.cumsum([0, *self.view_counts[:-1]], dtype=np.intp)


def read_registered_marks(folder: Path, labels: LabelSet, size: int) -> RegisteredMarks:
    """Return the marks of `marks.csv` in a folder, for the labels of a bundle that takes images of `size` pixels."""
    with (folder / "marks.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    targets = np.zeros((len(rows), len(labels)), dtype=bool)
    known = np.tile(labels.is_pictorial, (len(rows), 1))
    for at, row in enumerate(rows):
        for code in map(parse_code, re.findall(r"[^;|\s]+", row["figurative"])):
            on = [labels.index[str(node)] for node in code.path if str(node) in labels.index]
            targets[at, on] = True
            if on:  # nobody said which of the children
                known[at, labels.parents == on[-1]] = False
    framed = [read_framed_image(folder / row["image"], size, max_crops=MAX_CROPS).views for row in rows]
    return RegisteredMarks(
        tuple(folder / row["image"] for row in rows),
        np.array([int(row["fold"]) for row in rows]),
        targets,
        known | targets,
        np.stack([view for views in framed for view in views]),
        np.array([len(views) for views in framed]),
    )


@dataclass(frozen=True, eq=False)
class RenderedMarks:
    """Rendered marks: uint8 pixels (marks, side, side, 3), targets (marks, labels), and where these are known.

    `kept_by_degrading` are the labels that a mirrored or recoloured image keeps, shape (labels,); colours and writing
    are not among them.
    """

    pixels: NDArray[np.uint8]
    targets: NDArray[np.bool_]
    known: NDArray[np.bool_]
    kept_by_degrading: NDArray[np.bool_]


def fine_tune(
    network: PixelNetwork,
    head: tuple[NDArray[np.float32], NDArray[np.float32]],
    registered: RegisteredMarks,
    rendered: Sequence[tuple[RenderedMarks, int]],
    options: FineTuning,
    *,
    without: Collection[int],
    progress: ProgressCallback,
    name: str,
) -> nn.Linear:
    """Fine-tune a network in place and return its head; both have the moving average of their weights.

    Batch norms of the network stay as they are. `head` holds the initial weight and bias, and each collection of
    rendered marks comes with how many of them a batch holds.
    """
    linear = nn.Linear(head[0].shape[1], len(head[1]))
    linear.load_state_dict({"weight": torch.from_numpy(head[0]), "bias": torch.from_numpy(head[1])})
    model = nn.ModuleDict({"network": network.to(memory_format=torch.channels_last), "head": linear})
    optimizer = torch.optim.AdamW(_parameter_groups(model, options))
    rates: list[float] = [group["lr"] for group in optimizer.param_groups]
    average = {key: value.clone() for key, value in model.state_dict().items()}
    for step, (pixels, targets, known) in enumerate(_batches(registered, rendered, options, without)):
        pace = min(1.0, (step + 1) / _WARM_UP) * 0.5 * (1 + math.cos(math.pi * step / options.steps))
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = pace * rate
        features, _ = network(pixels)
        losses = functional.binary_cross_entropy_with_logits(linear(features), targets, reduction="none")
        optimizer.zero_grad()
        ((losses * known).sum() / len(pixels)).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), _MAX_NORM)
        optimizer.step()
        decay = min(_EMA_DECAY, (step + 1) / (step + 10))
        for key, value in model.state_dict().items():
            if value.is_floating_point():
                average[key].lerp_(value, 1 - decay)
        progress(name, step + 1, options.steps, "")
    model.load_state_dict(average)
    return linear


_WARM_UP = 30
_EMA_DECAY = 0.995
_MAX_NORM = 5.0


def _parameter_groups(model: nn.ModuleDict, options: FineTuning) -> list[dict[str, object]]:
    """Return groups for the optimizer: one for each block and kind of parameter; frozen blocks have none."""
    blocks = len(model["network"].network.blocks)  # type: ignore[union-attr, arg-type]
    groups: dict[tuple[int, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if name.startswith("head."):
            depth = blocks + 2
        elif ".blocks." in name:
            depth = int(name.split(".blocks.")[1].split(".")[0]) + 1
        else:
            depth = 0 if ".conv_stem." in name or name.startswith("network.network.bn1.") else blocks + 1
        parameter.requires_grad_(depth >= options.frozen)
        if depth >= options.frozen:
            groups.setdefault((depth, parameter.ndim > 1), []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": options.learning_rate * options.layer_decay ** (blocks + 2 - depth),
            "weight_decay": options.weight_decay * is_matrix,
        }
        for (depth, is_matrix), parameters in groups.items()
    ]


def _batches(
    registered: RegisteredMarks,
    rendered: Sequence[tuple[RenderedMarks, int]],
    options: FineTuning,
    without: Collection[int],
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield augmented pixels, targets and where these are known."""
    random = np.random.default_rng(options.seed)
    generator = torch.Generator().manual_seed(options.seed)
    rows = np.flatnonzero(~np.isin(registered.folds, list(without)))
    wholes = registered.wholes
    queues: list[list[int]] = [[] for _ in rendered]
    for _ in range(options.steps):
        real = random.choice(rows, options.registered)
        pixels = [degrade(augment(registered.views[wholes[real]], options.size, generator, strong=True), random)]
        targets, known = [registered.targets[real]], [registered.known[real]]
        for at, (marks, count) in enumerate(rendered):
            if len(queues[at]) < count:
                queues[at] = random.permutation(len(marks.pixels)).tolist()
            drawn = np.sort(np.array([queues[at].pop() for _ in range(count)], dtype=np.intp))
            changed = random.random() < 0.5
            shown = augment(marks.pixels[drawn], options.size, generator, strong=changed)
            pixels.append(degrade(shown, random) if changed else shown)
            targets.append(marks.targets[drawn])
            sure = np.broadcast_to(marks.known, marks.targets.shape)[drawn]
            known.append(sure & (marks.kept_by_degrading | (not changed)))
        yield (
            torch.cat(pixels).clamp(0, 255).permute(0, 2, 3, 1),
            torch.from_numpy(np.concatenate(targets)).float(),
            torch.from_numpy(np.concatenate(known)).float(),
        )


def augment(pixels: NDArray[np.uint8], size: int, generator: torch.Generator, *, strong: bool) -> Tensor:
    """Return images scaled, turned, moved and, if `strong`, some of them mirrored, shape (images, 3, size, size).

    Letters are mirrored too, so codes of writing are not to be learned from these.
    """
    count, amount = len(pixels), 1.0 if strong else 0.5

    def draw(low: float, high: float) -> Tensor:
        return (torch.rand(count, generator=generator) * (high - low) + low) * amount

    zoom, stretch = draw(math.log(0.85), math.log(1.25)).exp(), draw(-0.12, 0.12).exp()
    angle = draw(-0.1, 0.1) * (torch.rand(count, generator=generator) < 0.5)
    mirror = torch.where(torch.rand(count, generator=generator) < (0.4 if strong else 0.0), -1.0, 1.0)
    cosine, sine = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    shift = draw(-0.08, 0.08), draw(-0.08, 0.08)
    rows = (
        torch.stack([cosine * stretch * mirror, -sine, shift[0]], dim=1),
        torch.stack([sine * mirror, cosine / stretch, shift[1]], dim=1),
    )
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float()
    corners = images[:, :, [0, 0, -1, -1], [0, -1, 0, -1]].median(dim=2).values[:, :, None, None]
    grid = functional.affine_grid(torch.stack(rows, dim=1), [count, 3, size, size], align_corners=False)
    return functional.grid_sample(images - corners, grid, align_corners=False) + corners


def degrade(images: Tensor, random: np.random.Generator) -> Tensor:
    """Return images of which some are small prints, blurred, grey, in other colours, inverted, faded, noisy or torn."""
    side = images.shape[-1]
    for at, image in enumerate(images):
        print_quality, colour = random.random(2)
        if print_quality < 0.25:
            small = functional.interpolate(image[None], size=(int(random.integers(64, 128)),) * 2, mode="area")
            image = functional.interpolate(small, size=(side, side), mode="bilinear", align_corners=False)[0]  # noqa: PLW2901
        elif print_quality < 0.4:
            image = functional.avg_pool2d(image[None], 3, 1, 1)[0]  # noqa: PLW2901
        if colour < 0.2:
            image = image.mean(dim=0, keepdim=True).expand(3, -1, -1)  # noqa: PLW2901
        elif colour < 0.3:
            image = image[random.permutation(3).tolist()]  # noqa: PLW2901
        elif colour < 0.35:
            image = 255 - image  # noqa: PLW2901
        image = image.clone()  # noqa: PLW2901
        if random.random() < 0.4:
            mean = image.mean()
            image = (image - mean) * float(random.uniform(0.6, 1.2)) + mean + float(random.uniform(-15, 15))  # noqa: PLW2901
        if random.random() < 0.2:
            noise = random.standard_normal((1, side, side)).astype(np.float32)
            image = image + torch.from_numpy(noise) * float(random.uniform(3, 15))  # noqa: PLW2901
        if random.random() < 0.15:
            height, width = (int(side * random.uniform(0.1, 0.3)) for _ in range(2))
            top, left = random.integers(0, side - height), random.integers(0, side - width)
            image[:, top : top + height, left : left + width] = image[:, :1, :1]
        images[at] = image
    return images
