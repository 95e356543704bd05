"""Make the starter of several rounds: a network whose weights are the mean of their networks', and its head likewise.

    python benchmarks/starter_mean.py OLDER NEWER --work work/starter-11 -o src/viennatag/bundles/starter
    python benchmarks/starter_mean.py OLDER NEWER --share 0.3333 --work work/starter-12    # OLDER is the mean of two

Two rounds of `starter.py`, of which one began where the other ended, each know something that the other does not, and
the mean of their weights is often better than either on images unlike those taught (Wortsman et al. 2022, "Robust
fine-tuning of zero-shot models" and "Model soups"). Labels are the newer bundle's; one that the older does not know
keeps its weights. The head is calibrated, and thresholds are tuned, on the validation part of the newer round's marks.
"""

import argparse
from pathlib import Path

import numpy as np

from starter import PROFILE, STRATEGY
from viennatag.data.labels import LabelSet
from viennatag.data.marks import read_marks
from viennatag.model.bundle import STARTER_FOLDER, open_bundle
from viennatag.progress import show_progress
from viennatag.training.backbones.backbone import Trunk, export_network
from viennatag.training.backbones.gain_clipping import limit_gains
from viennatag.training.backbones.loading import BUNDLE, find_head, find_network
from viennatag.training.data.collection import collect
from viennatag.training.finetuning.finetune import FinetuneOptions
from viennatag.training.heads.exported import LinearHead
from viennatag.training.options import TrainOptions
from viennatag.training.train import Sights, finish


def mean_network(older: str, newer: str, labels: LabelSet, *, share: float = 0.5) -> tuple[Trunk, LinearHead]:
    """Return a trunk and a head whose weights are the mean of those of two bundles with one architecture.

    Args:
        older: A bundle.
        newer: A bundle of a later round.
        labels: Of the newer.
        share: Of the newer's weights in the mean.
    """
    (network, size), (other, _) = (find_network(f"{BUNDLE}{name}") for name in (newer, older))
    limit_gains(network)
    limit_gains(other)  # now: in the mean a channel that ran away would be nearly all that is left of two
    theirs = other.state_dict()
    network.load_state_dict(
        {
            name: theirs[name] + share * (value - theirs[name]) if value.is_floating_point() else value
            for name, value in network.state_dict().items()
        }
    )
    limit_gains(network)
    own = find_head(f"{BUNDLE}{newer}", labels, np.zeros(len(labels)))
    assert own is not None
    before = find_head(f"{BUNDLE}{older}", labels, own[1])
    assert before is not None
    known = before[0].any(axis=1, keepdims=True)  # a label that it does not know has no weights, and the bias given
    weight, bias = (then + np.float32(share) * (now - then) for now, then in zip(own, before, strict=True))
    head = LinearHead(np.where(known, weight, own[0]), bias)
    return export_network(network.eval(), backbone=f"{BUNDLE}starter", size=size), head


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("older", help="a bundle")
    parser.add_argument("newer", help="the bundle of a later round")
    parser.add_argument("--share", type=float, default=0.5, help="of NEWER in the mean")
    parser.add_argument("--work", type=Path, required=True, help="folder with the marks of the newer round")
    parser.add_argument("-o", "--out", type=Path, default=STARTER_FOLDER)
    options = parser.parse_args()
    marks = read_marks(options.work / "marks.csv", images=options.work)
    newer = open_bundle(options.newer)
    labels, taught = newer.labels, newer.training
    trunk, head = mean_network(options.older, options.newer, labels, share=options.share)
    kept = TrainOptions(
        strategy=STRATEGY,
        backbone=trunk.backbone,
        size=trunk.size,
        finetune=FinetuneOptions(**taught["finetune"]),
        seed=taught["seed"],
    )
    cache = options.work / "cache"
    with show_progress() as report:
        collection = collect(marks, options.work, trunk, cache=cache, report=report)
        if collection.labels(min_count=kept.strategy.min_count).names != labels.names:
            raise SystemExit(f"{options.work} holds other marks than {options.newer} was taught")
        expected = read_marks(PROFILE, require_images=False, skip_bad=True)
        sights = Sights(collection, options.work, trunk.size, cache, report)
        bundle, _ = finish(collection, trunk, head, kept, options.out, expected, sights, report)
    print(f"wrote {bundle.path}")


if __name__ == "__main__":
    main()
