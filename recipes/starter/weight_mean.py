"""The bundle whose weights are the weighted mean of those of two bundles of one architecture.

Two rounds, of which the newer started from the older, each know something that the other does not. The mean of their
weights is often better than either on images unlike those of training (Wortsman et al. 2022, "Robust fine-tuning of
zero-shot models" and "Model soups").
"""

from pathlib import Path

import numpy as np

from viennatag.data.labels import LabelSet
from viennatag.training.backbones.backbone import Backbone, export_network
from viennatag.training.backbones.gain_clipping import clip_gains
from viennatag.training.backbones.loading import BUNDLE, load_head, load_network
from viennatag.training.heads.exported import LinearHead


def mean_network(older: Path, newer: Path, labels: LabelSet, *, share: float) -> tuple[Backbone, LinearHead]:
    """Return a backbone and a head whose weights are the mean of those of two bundles of one architecture.

    A label that the older bundle lacks keeps the newer's weights. `labels` are those of the newer one, `share` is its
    weight.
    """
    (network, size), (other, _) = (load_network(f"{BUNDLE}{path}") for path in (newer, older))
    clip_gains(network)
    clip_gains(other)  # before averaging: one exploding channel would dominate the mean
    before = other.state_dict()
    network.load_state_dict(
        {
            name: before[name] + share * (value - before[name]) if value.is_floating_point() else value
            for name, value in network.state_dict().items()
        }
    )
    clip_gains(network)
    new_head = load_head(f"{BUNDLE}{newer}", labels, np.zeros(len(labels)))
    assert new_head is not None
    old_head = load_head(f"{BUNDLE}{older}", labels, new_head[1])
    assert old_head is not None
    known = old_head[0].any(axis=1, keepdims=True)  # a label that it lacks has weights of 0 and the bias given
    weight, bias = (old + np.float32(share) * (new - old) for new, old in zip(new_head, old_head, strict=True))
    head = LinearHead(np.where(known, weight, new_head[0]), bias)
    return export_network(network.eval(), name=f"{BUNDLE}{newer}", size=size), head
