import copy
import importlib
import inspect
import io
import pickle
import re
import subprocess
import sys

import numpy as np
import pytest
import torch

import viennatag.losses
from viennatag.errors import DataError, MissingExtraError, OptionError
from viennatag.losses import (
    Asymmetric,
    AsymmetricLoss,
    BinaryCrossEntropyLoss,
    DistributionBalanced,
    DistributionBalancedLoss,
    LabelDistributionAwareLoss,
    LossModule,
    WeightedBinaryCrossEntropyLoss,
)
from viennatag.sampling import ClassAware

MODULES = [getattr(viennatag.losses, name) for name in viennatag.losses.__all__ if re.search("[a-z]Loss$", name)]
COUNTS, SAMPLES = [40, 12, 3], 100
LOGITS = torch.linspace(-2, 2, 12).reshape(4, 3)
TARGETS = torch.tensor([[1, 0, 0], [0, 1, 0], [1, 0, 1], [0, 0, 0]])


def test_every_loss_has_a_module() -> None:
    kinds = [kind for name in viennatag.losses.__all__ for kind in [getattr(viennatag.losses, name)]]
    losses = {kind for kind in kinds if inspect.isclass(kind) and hasattr(kind, "prepare") and kind.__name__ != "Loss"}
    assert {module.kind for module in MODULES} == losses
    assert [module.__name__ for module in MODULES] == [f"{module.kind.__name__}Loss" for module in MODULES]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_a_module_is_its_loss(module: type[LossModule]) -> None:
    loss = module(COUNTS, SAMPLES)
    assert isinstance(loss, torch.nn.Module)
    expected = module.kind().prepare(np.array(COUNTS), SAMPLES)(LOGITS, TARGETS, 1.0)
    assert float(loss(LOGITS, TARGETS)) == pytest.approx(float(expected.mean()) / 3)
    assert float(module(COUNTS, SAMPLES, reduction="sum")(LOGITS, TARGETS)) == pytest.approx(float(expected.sum()))
    torch.testing.assert_close(module(COUNTS, SAMPLES, reduction="none")(LOGITS, TARGETS), expected)
    logits = LOGITS.clone().requires_grad_()
    loss(logits, TARGETS.bool()).backward()
    assert torch.isfinite(logits.grad).all()
    assert loss.initial_bias().shape == (3,)
    assert len(repr(loss)) < 80
    assert "reduction" in inspect.signature(module).parameters
    assert module.__doc__ == inspect.getdoc(module.kind)


def test_any_kind_of_target_gives_the_same() -> None:
    torch_own = torch.nn.BCEWithLogitsLoss()(LOGITS, TARGETS.float())
    for targets in (TARGETS, TARGETS.bool(), TARGETS.float(), TARGETS.double(), TARGETS.to(torch.uint8)):
        torch.testing.assert_close(BinaryCrossEntropyLoss()(LOGITS, targets), torch_own)
    torch.testing.assert_close(BinaryCrossEntropyLoss()(LOGITS.numpy(), TARGETS.tolist()), torch_own)
    given = [BinaryCrossEntropyLoss.from_targets(each) for each in (TARGETS, TARGETS.tolist(), TARGETS.numpy())]
    assert len(set(map(repr, given))) == 1
    with pytest.raises(DataError, match="a target is 255; expected 0 and 1"):
        BinaryCrossEntropyLoss()(LOGITS, TARGETS * 255)


def test_counts_come_from_targets_or_by_hand() -> None:
    made = DistributionBalancedLoss.from_targets(TARGETS, gamma=1.0)
    assert repr(made) == "DistributionBalancedLoss(gamma=1.0, 3 labels, 4 samples)"
    by_hand = DistributionBalancedLoss(torch.tensor([2, 1, 1]), 4, gamma=1.0)
    assert made(LOGITS, TARGETS) == by_hand(LOGITS, TARGETS)
    assert made(LOGITS, TARGETS) != DistributionBalancedLoss([2, 3, 1], 4, gamma=1.0)(LOGITS, TARGETS)


def test_progress_is_that_of_the_training() -> None:
    loss = LabelDistributionAwareLoss(COUNTS, SAMPLES)
    late = loss(LOGITS, TARGETS)
    loss.progress = 0.0
    assert loss(LOGITS, TARGETS) != late


def test_modules_can_be_copied_and_saved() -> None:
    loss = WeightedBinaryCrossEntropyLoss(COUNTS, SAMPLES)
    value = loss(LOGITS, TARGETS)
    assert copy.deepcopy(loss)(LOGITS, TARGETS) == value
    assert pickle.loads(pickle.dumps(loss))(LOGITS, TARGETS) == value
    file = io.BytesIO()
    torch.save(torch.nn.ModuleList([loss]), file)
    file.seek(0)
    assert torch.load(file, weights_only=False)[0](LOGITS, TARGETS) == value


def test_what_a_person_would_first_try() -> None:
    assert Asymmetric()(LOGITS, TARGETS) == AsymmetricLoss()(LOGITS, TARGETS)
    with pytest.raises(OptionError, match=r"DistributionBalancedLoss.from_targets"):
        DistributionBalanced()(LOGITS, TARGETS)
    with pytest.raises(OptionError, match=r"give counts and samples, or make it by DistributionBalancedLoss.from_"):
        DistributionBalancedLoss()
    with pytest.raises(OptionError, match="no option 'alpha'; it has counts, samples, reduction, positive, negative"):
        AsymmetricLoss(alpha=2)
    with pytest.raises(OptionError, match="belong together"):
        WeightedBinaryCrossEntropyLoss(COUNTS)
    with pytest.raises(OptionError, match="one number from 0 to 10"):
        WeightedBinaryCrossEntropyLoss(COUNTS, 10)
    with pytest.raises(OptionError, match="expected mean, sum or none"):
        AsymmetricLoss(reduction="average")  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"logits have shape \(4, 3\), targets \(3, 4\)"):
        AsymmetricLoss()(LOGITS, TARGETS.T)
    with pytest.raises(DataError, match="2 logits for a sample and 3 counts"):
        AsymmetricLoss(COUNTS, SAMPLES)(LOGITS[:, :2], TARGETS[:, :2])
    with pytest.raises(OptionError, match="the bias depends on counts"):
        AsymmetricLoss().initial_bias()


def test_a_plain_torch_loop_learns_rare_labels() -> None:
    random = torch.Generator().manual_seed(0)
    targets = torch.rand(400, 3, generator=random) < torch.tensor([0.4, 0.1, 0.03])
    features = targets.float() @ torch.randn(3, 8, generator=random) + torch.randn(400, 8, generator=random) / 2
    loss = DistributionBalancedLoss.from_targets(targets)
    head = torch.nn.Linear(8, 3)
    head.bias.data = loss.initial_bias()
    optimiser = torch.optim.Adam(head.parameters(), lr=0.05)
    values = []
    for _ in range(60):
        optimiser.zero_grad()
        value = loss(head(features), targets)
        value.backward()
        optimiser.step()
        values.append(float(value.detach()))
    assert values[-1] < 0.5 * values[0]


def test_a_keras_loop_takes_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras", reason="Keras is not installed: pip install keras")
    if keras.backend.backend() != "torch":
        pytest.skip("Keras runs on another backend; set KERAS_BACKEND=torch")
    random = np.random.default_rng(0)
    targets = (random.random((200, 3)) < 0.3).astype("float32")
    features = (targets @ random.normal(size=(3, 6))).astype("float32")
    loss = DistributionBalancedLoss.from_targets(targets)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3)])
    model.compile(keras.optimizers.Adam(0.05), loss=lambda y_true, y_pred: loss(y_pred, y_true))
    values = model.fit(features, targets, epochs=8, verbose=0).history["loss"]
    assert values[-1] < 0.7 * values[0]


@pytest.mark.parametrize(("module", "name"), [("losses", "FocalLoss"), ("sampling", "LabelSampler")])
def test_without_torch_it_is_said_what_to_install(module: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"'torch', .* pip install 'viennatag\[train\]'"):
        getattr(importlib.import_module(f"viennatag.{module}"), name)


def test_without_scipy_a_sampling_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(MissingExtraError, match=r"'scipy', .* pip install 'viennatag\[data\]'"):
        ClassAware().draws(np.eye(3, dtype=int))


def test_listing_losses_needs_no_torch_timm_or_onnx() -> None:
    code = "import sys, viennatag.losses as l; l.Asymmetric(); print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not {"torch", "timm", "onnx"} & loaded
    code = "import sys, viennatag.losses as l; l.AsymmetricLoss(); import viennatag.sampling as s; s.LabelSampler"
    code += "; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not {"timm", "onnx", "lightning"} & loaded
