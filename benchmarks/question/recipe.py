"""The recipe of the question, line by line, on timm's networks in place of Keras'.

The recipe: a pretrained network whose first 20 layers are frozen, global pooling, batch normalisation, a dense layer of
2,048 units, a sigmoid for each label, binary cross-entropy, Adam at 2e-5, early stopping on "accuracy" with patience 5,
a random split, and 0.5 as the threshold. For multi-label targets Keras computes "accuracy" as categorical accuracy:
whether the position of the greatest score is that of the first true label. Keras counts every step as a layer: the
first 20 of its MobileNetV2 end inside the third block, those of its EfficientNet-B0, which scale the pixels first and
have squeeze-and-excitation in the first block, inside the second. A frozen layer does not update its statistics either.

What the question does not state is set to Keras' defaults or to what helps it: batches of 32, the backbone in training
mode as with `trainable = True`, no augmentation, the weights of the best epoch, as many epochs as it takes to stop.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from viennatag.training.backbones.backbone import PixelNetwork, create_network


@dataclass(frozen=True)
class Recipe:
    """The numbers of the question, and what it leaves open."""

    hidden: int = 2048
    learning_rate: float = 2e-5
    threshold: float = 0.5
    held_out: float = 0.1
    batch_size: int = 32
    epochs: int = 200
    patience: int = 5
    normalised: bool = True


AS_RECORDED = Recipe(epochs=12, patience=3, normalised=False)
"""How it was read for benchmarks/results/question.json."""


def follow(
    recipe: Recipe,
    backbone: str,
    pixels: NDArray[np.uint8],
    targets: NDArray[np.bool_],
    test: NDArray[np.uint8],
    *,
    seed: int,
    held: NDArray[np.intp] | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> NDArray[np.float64]:
    """Return the scores of test images, shape (test, labels), by the recipe.

    Args:
        recipe: Its numbers.
        backbone: What timm calls the network.
        pixels: All images that are not test, shape (images, side, side, 3).
        targets: Their labels, shape (images, labels).
        test: Images to score.
        seed: Of the split, the weights and the order of the images.
        held: Positions of the images to stop by; by default some are held out at random, as in the question.
        progress: Called with the epoch and the best accuracy so far.
    """
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    order = random.permutation(len(pixels))
    if held is None:
        held = order[: round(recipe.held_out * len(order))]
    train = order[~np.isin(order, held)]
    network, _ = create_network(backbone, size=pixels.shape[1])
    frozen = _first_twenty(network)
    width = int(network.network.num_features)  # type: ignore[arg-type]
    dense = nn.Linear(width, recipe.hidden), nn.Linear(recipe.hidden, targets.shape[1])
    for layer in dense:
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
    first = nn.BatchNorm1d(width, eps=1e-3, momentum=0.01) if recipe.normalised else nn.Identity()  # as Keras' own
    head = nn.Sequential(first, dense[0], nn.ReLU(), dense[1])
    trained = [each for each in [*network.parameters(), *head.parameters()] if each.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=recipe.learning_rate, eps=1e-7)
    best, since, kept = -1.0, 0, None
    for epoch in range(recipe.epochs):
        network.train()
        head.train()
        for block in frozen:
            block.eval()
        random.shuffle(train)
        for start in range(0, len(train) - 1, recipe.batch_size):
            at = np.sort(train[start : start + recipe.batch_size])
            logits = head(network(torch.from_numpy(pixels[at]))[0])
            loss = nn.functional.binary_cross_entropy_with_logits(logits, torch.from_numpy(targets[at]).float())
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        scores = _scores(network, head, pixels[held])
        accuracy = float(np.mean(scores.argmax(axis=1) == targets[held].argmax(axis=1)))
        if accuracy > best:
            best, since, kept = accuracy, 0, _copy(network, head)
        else:
            since += 1
            if since >= recipe.patience:
                break
        if progress:
            progress(epoch + 1, best)
    assert kept is not None
    network.load_state_dict(kept[0])
    head.load_state_dict(kept[1])
    return _scores(network, head, test)


def _first_twenty(network: PixelNetwork) -> list[nn.Module]:
    """Freeze what Keras counts as the first 20 layers and return it: up to the first convolution of a block."""
    inner: Any = network.network
    whole = [inner.conv_stem, inner.bn1, inner.blocks[0]]
    if "mobilenetv2" in inner.pretrained_cfg.get("architecture", ""):
        whole.append(inner.blocks[1][0])
        last = inner.blocks[1][1]
    else:
        last = inner.blocks[1][0]
    blocks: list[nn.Module] = [*whole, last.conv_pw, last.bn1]
    for block in blocks:
        block.requires_grad_(False)
    return blocks


def _copy(*modules: nn.Module) -> list[dict[str, Tensor]]:
    return [{name: tensor.clone() for name, tensor in module.state_dict().items()} for module in modules]


def _scores(network: PixelNetwork, head: nn.Module, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    network.eval()
    head.eval()
    with torch.inference_mode():
        found = [
            head(network(torch.from_numpy(pixels[at : at + 64]))[0]).sigmoid().double().numpy()
            for at in range(0, len(pixels), 64)
        ]
    return np.concatenate(found)
