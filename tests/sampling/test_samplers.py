import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_array
from torch.utils.data import DataLoader, TensorDataset

from viennatag.errors import DataError, OptionError
from viennatag.sampling import ClassAware, LabelSampler, Mixup, RandomOversampling, RepeatFactor

TARGETS = np.zeros((500, 3), dtype=int)
TARGETS[:, 0] = 1
TARGETS[:50, 1] = 1
TARGETS[:5, 2] = 1


def test_a_loader_shows_rare_labels_more_often() -> None:
    data = TensorDataset(torch.arange(500), torch.from_numpy(TARGETS))
    loader = DataLoader(data, batch_size=50, sampler=LabelSampler(TARGETS, ClassAware()))
    shown = torch.cat([targets for _, targets in loader]).sum(0)
    assert len(loader) == 10
    assert shown[2] > 100  # 5 of 500 in the data
    assert shown[1] > 250


def test_epochs_differ_and_repeat() -> None:
    sampler = LabelSampler(TARGETS, seed=3)
    first = list(sampler)
    assert list(sampler) == first
    assert len(sampler) == len(first)
    sampler.set_epoch(1)
    second = list(sampler)
    assert second != first
    again = LabelSampler(TARGETS, seed=3)
    again.set_epoch(1)
    assert list(again) == second
    assert list(LabelSampler(TARGETS, seed=4)) != first


@pytest.mark.parametrize("sampling", [ClassAware(), RepeatFactor(0.2), RandomOversampling()])
def test_processes_share_an_epoch(sampling: RepeatFactor) -> None:
    whole = list(LabelSampler(TARGETS, sampling))
    ranks = [LabelSampler(TARGETS, sampling, num_replicas=3, rank=rank) for rank in range(3)]
    assert len({len(each) for each in ranks}) == 1
    together = [position for turn in zip(*ranks, strict=True) for position in turn]
    assert together[: len(whole)] == whole
    assert len(together) - len(whole) < 3
    assert repr(ranks[1]).endswith("epoch 0, rank 1 of 3)")


def test_any_kind_of_target_is_taken() -> None:
    expected = list(LabelSampler(csr_array(TARGETS.astype(bool))))
    for held in (TARGETS, TARGETS.tolist(), pd.DataFrame(TARGETS), torch.from_numpy(TARGETS), csr_array(TARGETS)):
        assert list(LabelSampler(held)) == expected
    with pytest.raises(DataError, match="targets hold 2 at row 0, column 0"):
        LabelSampler(TARGETS + 1)


def test_what_makes_no_sense_is_named() -> None:
    with pytest.raises(OptionError, match=r"Mixup makes samples of features"):
        LabelSampler(TARGETS, Mixup())
    with pytest.raises(OptionError, match="rank is 2 of 2 processes"):
        LabelSampler(TARGETS, num_replicas=2, rank=2)
