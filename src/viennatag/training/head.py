"""A linear head over cached features: logits = weight @ features + bias.

Started at the label frequencies, so that the first epoch need not spend itself on learning that
most codes are rare, and stopped at the best macro average precision of the validation part, the
one figure in which a rare label counts as much as a common one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from viennatag.metrics import macro_average_precision

if TYPE_CHECKING:
    from scipy.sparse import csr_array

EPOCHS = 60
PATIENCE = 6
BATCH = 256
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 0.05
STATISTICS_ROWS = 50_000


@dataclass(frozen=True, eq=False)
class Head:
    """A linear layer over raw features.

    Attributes:
        weight: float32, shape (labels, width).
        bias: float32, shape (labels,).
        macro_map: Macro average precision on the validation part, in [0, 1].
        epochs: Epochs until the best.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    macro_map: float
    epochs: int

    def __call__(self, features: NDArray[Any]) -> NDArray[np.float32]:
        """Return logits of shape (images, labels)."""
        logits: NDArray[np.float32] = features.astype(np.float32) @ self.weight.T + self.bias
        return logits


def train_head(
    features: NDArray[np.float16],
    targets: "csr_array",
    *,
    train: NDArray[np.intp],
    validation: NDArray[np.intp],
    train_rows: NDArray[np.intp],
    validation_rows: NDArray[np.intp],
    weights: NDArray[np.float64],
    seed: int = 0,
    epochs: int = EPOCHS,
    progress: Callable[[int, int, float], None] | None = None,
) -> Head:
    """Return the head with the best validation macro average precision.

    Features are standardised while training; the scale is folded into the weights afterwards.

    Args:
        features: All features, shape (rows, width); only what is needed is read.
        targets: Shape (marks, labels).
        train: Marks to learn from.
        validation: Marks to stop on.
        train_rows: Row of `features` for each mark of `train`.
        validation_rows: The same for `validation`.
        weights: How much each mark of `train` counts.
        seed: Of the order of marks.
        epochs: At most this many passes over the training marks.
        progress: Told the epoch, the most there will be, and the best macro average precision so far.
    """
    generator = np.random.default_rng(seed)
    sample = np.sort(
        train_rows if len(train_rows) <= STATISTICS_ROWS else generator.choice(train_rows, STATISTICS_ROWS)
    )
    drawn = torch.from_numpy(features[sample].astype(np.float32))
    mean, scale = drawn.mean(0), drawn.std(0).clamp_min(1e-4)
    prior = np.asarray(targets[train].sum(axis=0), dtype=np.float64).ravel()
    prior = (prior + 0.5) / (len(train) + 1)

    layer = torch.nn.Linear(features.shape[1], targets.shape[1])
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.copy_(torch.from_numpy(np.log(prior / (1 - prior))))
    optimizer = torch.optim.AdamW(
        [{"params": [layer.weight], "weight_decay": WEIGHT_DECAY}, {"params": [layer.bias], "weight_decay": 0.0}],
        lr=LEARNING_RATE,
    )
    steps = epochs * -(-len(train) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    mark_weights = torch.from_numpy(weights / weights.mean()).float()

    def standardised(rows: NDArray[np.intp]) -> torch.Tensor:
        return (torch.from_numpy(features[rows].astype(np.float32)) - mean) / scale

    seen = standardised(validation_rows)
    wanted = targets[validation]
    best: tuple[float, int, torch.Tensor, torch.Tensor] | None = None
    for epoch in range(1, epochs + 1):
        order = generator.permutation(len(train))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            truth = torch.from_numpy(targets[train[batch]].toarray().astype(np.float32))
            losses = torch.nn.functional.binary_cross_entropy_with_logits(
                layer(standardised(train_rows[batch])), truth, reduction="none"
            )
            loss = (losses.sum(1) * mark_weights[batch]).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        with torch.inference_mode():
            macro = macro_average_precision(layer(seen).numpy(), wanted).value
        if best is None or not macro <= best[0]:
            best = (macro, epoch, layer.weight.detach().clone(), layer.bias.detach().clone())
        if progress:
            progress(epoch, epochs, best[0])
        if epoch - best[1] >= PATIENCE:
            break
    assert best is not None
    macro, epoch, weight, bias = best
    folded = weight / scale
    return Head(folded.numpy(), (bias - folded @ mean).numpy(), float(macro), epoch)
