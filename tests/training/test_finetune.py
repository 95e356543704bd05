"""Fine-tuning a network: resuming, several processes, frozen layers."""

import platform
import resource
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from viennatag.data.labels import LabelSet
from viennatag.data.marks import read_marks
from viennatag.errors import DataError, OptionError
from viennatag.sampling.sampling import Mixup, RepeatFactor
from viennatag.training.backbones.backbone import PixelNetwork, create_network, layer_depths, save_network
from viennatag.training.data.augmentation import augment
from viennatag.training.data.batches import Batches
from viennatag.training.data.pixels import Pixels
from viennatag.training.finetuning.finetune import finetune, keep_freed_memory
from viennatag.training.finetuning.student import FineTuningData
from viennatag.training.options import FinetuneOptions

ARCHITECTURE = "mobilenetv3_small_050"


@pytest.fixture
def data(collection: Path, tmp_path: Path) -> FineTuningData:
    marks = read_marks(collection / "marks.csv", images=collection)
    order = np.random.default_rng(0).permutation(len(marks))
    return FineTuningData(
        pixels=Pixels.of([collection / image for image in marks.images], 32, cache=tmp_path),
        targets=LabelSet.from_marks(marks).encode(marks.codes),
        train=order[:160],
        validation=order[160:],
        weights=np.ones(160),
    )


def network() -> PixelNetwork:
    torch.manual_seed(0)
    return create_network(ARCHITECTURE, pretrained=False, size=32)[0]


def test_a_run_cut_off_inside_an_epoch_ends_as_if_it_had_not_been(data: FineTuningData, tmp_path: Path) -> None:
    options = FinetuneOptions(epochs=3, batch_size=32, initial_size=16)
    done: list[int] = []

    def cut(step: int, *_: Any) -> None:
        done.append(step)
        if len(done) == 8:  # the third batch of the second epoch
            raise RuntimeError("cut off")

    whole = finetune(network(), data, options=options, checkpoints=tmp_path / "whole")
    with pytest.raises(RuntimeError, match="cut off"):
        finetune(network(), data, options=options, checkpoints=tmp_path / "cut", save_every=1, progress=cut)
    resumed: list[int] = []
    again = finetune(
        network(),
        data,
        options=options,
        checkpoints=tmp_path / "cut",
        progress=lambda step, *_: resumed.append(step),
    )
    assert resumed[0] == 8  # steps, the eighth of them repeated because its checkpoint was not written
    state = again.network.state_dict()
    for name, value in whole.network.state_dict().items():
        assert torch.allclose(value.float(), state[name].float(), atol=1e-6), name
    assert [each["epoch"] for each in again.epochs] == [1, 2, 3]
    for kept, wanted in zip(again.epochs, whole.epochs, strict=True):
        assert kept == pytest.approx(wanted, rel=1e-4)


def test_a_run_that_is_late_ends_at_an_epoch_and_goes_on_with_more_time(data: FineTuningData, tmp_path: Path) -> None:
    options = FinetuneOptions(epochs=3, batch_size=32)
    whole = finetune(network(), data, options=options, checkpoints=tmp_path / "whole")
    assert not whole.ended_early
    late = finetune(network(), data, options=options, checkpoints=tmp_path / "late", deadline=0.0)
    assert late.ended_early
    assert late.epochs == whole.epochs[:1], "the first epoch is never left out"
    again = finetune(network(), data, options=options, checkpoints=tmp_path / "late", deadline=0.0)
    assert again.epochs == late.epochs, "no epoch more"
    np.testing.assert_array_equal(again.head.weight, late.head.weight)
    on = finetune(network(), data, options=options, checkpoints=tmp_path / "late")
    assert on.epochs == whole.epochs
    np.testing.assert_array_equal(on.head.weight, whole.head.weight)


@pytest.mark.parametrize("mirrored", [False, True])
def test_what_another_style_says_nothing_about_is_not_learned_from_it(
    data: FineTuningData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mirrored: bool
) -> None:
    def changed(pixels: Tensor, *_: Any) -> tuple[Tensor, Tensor, Tensor]:
        return pixels, torch.ones(len(pixels), dtype=torch.bool), torch.full((len(pixels),), mirrored)

    monkeypatch.setattr("viennatag.training.finetuning.student.augment_style", changed)
    width = data.targets.shape[1]
    form, letters = np.arange(width) < 2, np.arange(width) == 2
    options = FinetuneOptions(epochs=1, batch_size=32, style_augmentation=0.5)
    tuned = finetune(
        network(), replace(data, unknown=np.stack([form, letters])), options=options, checkpoints=tmp_path / "kept"
    )
    learned = (tuned.head.weight != 0).any(1)  # it starts without weights
    assert (learned == ~(form | letters & mirrored)).all()


def test_what_is_frozen_stays_as_it_was(data: FineTuningData, tmp_path: Path) -> None:
    start, (depths, layers) = network().state_dict(), layer_depths(network())
    options = FinetuneOptions(epochs=1, batch_size=32, frozen_fraction=0.6, freeze_statistics=True, ema_decay=0.5)
    tuned = finetune(network(), data, options=options, checkpoints=tmp_path / "run").network.state_dict()
    moved = {name for name, value in start.items() if not torch.equal(value, tuned[name])}
    assert moved
    assert all(depths[name] >= round(0.6 * layers) for name in moved)
    assert not [name for name in moved if "running" in name]


def test_images_shown_a_few_at_a_time_teach_what_a_whole_batch_does(data: FineTuningData, tmp_path: Path) -> None:
    teacher = np.random.default_rng(1).normal(size=(160, 24)).astype(np.float16)
    options = FinetuneOptions(epochs=1, batch_size=32, freeze_statistics=True, ema_decay=0.0, learning_rate=1e-4)

    def tuned(name: str, **settings: int) -> dict[str, Tensor]:
        shown = replace(data, teacher=teacher, **settings)  # type: ignore[arg-type]
        found = finetune(network(), shown, options=options, checkpoints=tmp_path / name, bf16=False)
        return found.network.state_dict() | {"head": torch.from_numpy(found.head.weight)}

    whole = tuned("whole")
    few, start = tuned("few", at_a_time=7 * 32**2), network().state_dict() | {"head": torch.zeros_like(whole["head"])}
    moved = {name: (whole[name] - start[name]).float().norm() for name in start}
    assert sum(map(bool, moved.values())) > 100
    gaps = {name: (few[name] - whole[name]).float().norm() / moved[name] for name in moved if moved[name]}
    assert np.median(list(map(float, gaps.values()))) < 0.02, gaps


def test_layers_are_released_from_the_last_one_on(data: FineTuningData, tmp_path: Path) -> None:
    start, (depths, layers) = network().state_dict(), layer_depths(network())
    options = FinetuneOptions(epochs=1, batch_size=32, gradual_unfreezing=2, ema_decay=0.5)
    tuned = finetune(network(), data, options=options, checkpoints=tmp_path / "run").network.state_dict()
    learned = {depths[name] for name in depths if not torch.equal(start[name], tuned[name])}
    assert min(learned) == round(layers / 2)


def test_layer_decay_slows_the_first_layers(data: FineTuningData, tmp_path: Path) -> None:
    start = network().state_dict()

    def first_moves(decay: float) -> float:
        options = FinetuneOptions(epochs=1, batch_size=32, layer_decay=decay, ema_decay=0.0)
        tuned = finetune(network(), data, options=options, checkpoints=tmp_path / str(decay)).network.state_dict()
        return float((tuned["network.conv_stem.weight"] - start["network.conv_stem.weight"]).abs().mean())

    assert first_moves(0.7) < 0.1 * first_moves(1.0)


def test_a_teacher_is_imitated_also_where_codes_are_unknown(data: FineTuningData, tmp_path: Path) -> None:
    weights = np.where(np.arange(160) < 80, 1.0, 0.0)
    teacher = np.random.default_rng(1).normal(size=(160, 24)).astype(np.float16)
    shown = replace(data, weights=weights, teacher=teacher)
    tuned = finetune(
        network(), shown, options=FinetuneOptions(epochs=1, batch_size=32), checkpoints=tmp_path / "run"
    ).network.state_dict()
    alone = finetune(
        network(), replace(data, weights=weights), options=FinetuneOptions(epochs=1, batch_size=32),
        checkpoints=tmp_path / "alone",
    ).network.state_dict()  # fmt: skip
    assert not torch.equal(tuned["network.conv_stem.weight"], alone["network.conv_stem.weight"])


def test_batches_are_a_matter_of_seed_and_epoch_and_shared_without_overlap() -> None:
    def batches(rank: int = 0, processes: int = 1, *, skip: int = 0) -> list[list[int]]:
        found = Batches(lambda generator: generator.permutation(50), 12, seed=3)
        found.epoch, found.skip, found.share = 2, skip, (rank, processes)
        return list(found)

    whole = batches()
    assert [len(batch) for batch in whole] == [12] * 4
    assert batches(skip=2) == whole[2:]
    for one, other, both in zip(batches(0, 2), batches(1, 2), whole, strict=True):
        assert sorted(one + other) == sorted(both)
        assert len(one) == len(other) == 6
    assert [len(batch) for batch in Batches.in_order(30, 12)] == [12, 12, 6]


def test_sampling_decides_what_an_epoch_shows(data: FineTuningData, tmp_path: Path) -> None:
    steps: list[int] = []
    options = FinetuneOptions(epochs=1, batch_size=16)
    finetune(
        network(),
        replace(data, sampling=RepeatFactor(threshold=1.0)),
        options=options,
        checkpoints=tmp_path / "run",
        progress=lambda step, *_: steps.append(step),
    )
    assert len(steps) > 160 // 16  # rare labels are repeated
    with pytest.raises(OptionError, match="Mixup makes features, not images"):
        finetune(network(), replace(data, sampling=Mixup()), options=options, checkpoints=tmp_path / "no")


def test_pixels_are_decoded_once_and_go_on_after_a_cut(collection: Path, tmp_path: Path) -> None:
    paths = sorted(collection.glob("*.png"))[:20]
    whole = Pixels.of(paths, 32, cache=tmp_path / "a")
    (file,) = (tmp_path / "a" / "pixels").glob("*.u8")
    part = tmp_path / "b" / "pixels" / f"{file.stem}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(file.read_bytes()[: 7 * 32 * 32 * 3 + 5])
    told: list[int] = []
    again = Pixels.of(paths, 32, cache=tmp_path / "b", progress=lambda done, _: told.append(done))
    assert told == list(range(8, 21))
    assert np.array_equal(again.read([3, 19]), whole.read([3, 19]))
    assert np.array_equal(whole.read([4])[0], Pixels(paths, 32, None).read([4])[0])
    (tmp_path / "bad.png").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"bad\.png: not an image"):
        Pixels.of([*paths, tmp_path / "bad.png"], 32, cache=tmp_path / "c")
    with pytest.raises(DataError, match=r"none\.png: cannot be read"):
        Pixels.of([tmp_path / "none.png"], 32, cache=tmp_path / "c")


def test_a_network_that_is_saved_can_be_taught_further(tmp_path: Path) -> None:
    tuned = network().to(memory_format=torch.channels_last)  # as it is while it is tuned
    save_network(tuned, tmp_path / "network")
    again, _ = create_network(f"local-dir:{tmp_path / 'network'}", size=32)
    pixels = torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8)
    with torch.inference_mode():
        assert torch.equal(again.eval()(pixels)[0], tuned.eval()(pixels)[0])


def test_options_that_make_no_sense_are_all_named() -> None:
    with pytest.raises(OptionError, match=r"epochs is 0.*frozen_fraction is 1.*layer_decay is 2"):
        FinetuneOptions(epochs=0, frozen_fraction=1, layer_decay=2)
    with pytest.raises(OptionError, match="multiple of the devices"):
        FinetuneOptions(batch_size=9, devices=2)


def test_augmentation_moves_but_never_mirrors() -> None:
    pixels = torch.full((64, 64, 64, 3), 255, dtype=torch.uint8)
    pixels[:, 8:56, 8:24] = torch.tensor([200, 20, 20], dtype=torch.uint8)  # a red bar on the left
    changed = augment(pixels, torch.Generator().manual_seed(0))
    assert changed.shape == pixels.shape
    assert changed.dtype == torch.uint8
    ink = 255 - changed.float().mean(dim=3)
    assert (ink[:, :, :32].sum((1, 2)) > 2 * ink[:, :, 32:].sum((1, 2))).all()
    assert not torch.equal(changed[0], changed[1])
    assert torch.equal(changed, augment(pixels, torch.Generator().manual_seed(0)))
    assert augment(pixels, torch.Generator().manual_seed(0), size=32).shape == (64, 32, 32, 3)


def test_only_marks_without_colours_are_inverted() -> None:
    pixels = torch.full((400, 32, 32, 3), 255, dtype=torch.uint8)
    pixels[:200, 12:20, 12:20] = 0
    pixels[200:, 12:20, 12:20] = torch.tensor([200, 20, 20], dtype=torch.uint8)
    corners: Tensor = augment(pixels, torch.Generator().manual_seed(0))[:, 0, 0].float().mean(1)
    assert 4 <= int((corners[:200] < 100).sum()) <= 40
    assert int((corners[200:] < 100).sum()) == 0


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a matter of glibc")
def test_memory_that_was_freed_is_not_asked_for_again() -> None:
    def faults() -> int:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        np.ones(1 << 23)  # 64 MB
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    before = faults()
    assert keep_freed_memory()
    faults()  # may have to grow the heap
    assert faults() < before / 10


@pytest.mark.slow
def test_two_processes_learn_what_one_does(collection: Path, tmp_path: Path) -> None:
    """Two processes see the halves of each batch that one sees; only batch statistics differ."""

    def train(devices: int) -> float:
        out = tmp_path / f"on-{devices}"
        command = [
            *(sys.executable, "-m", "viennatag", "train", collection / "marks.csv", "--images", collection),
            *(
                "-o",
                out,
                "--backbone",
                ARCHITECTURE,
                "--set",
                "pretrained=false",
                "--size",
                32,
                "--finetune",
                "--epochs",
                8,
            ),
            *("--batch-size", 32, "--set", f"finetune.devices={devices}", "--cache", tmp_path / f"cache-{devices}"),
        ]
        subprocess.run([str(part) for part in command], check=True, timeout=300)
        from viennatag.model.bundle import open_bundle

        return float(open_bundle(out).training["validation_macro_map"])

    one, two = train(1), train(2)
    assert one > 0.5
    assert abs(one - two) < 0.1


@pytest.mark.slow
def test_two_nodes_train_one_bundle(collection: Path, tmp_path: Path) -> None:
    """Two machines under torchrun, here two processes that meet over a port and share a cache."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    train = [
        *(
            "train",
            collection / "marks.csv",
            "--images",
            collection,
            "-o",
            tmp_path / "out",
            "--size",
            32,
            "--finetune",
        ),
        *("--backbone", ARCHITECTURE, "--set", "pretrained=false", "--epochs", 8, "--batch-size", 32),
        *("--set", "finetune.nodes=2", "--cache", tmp_path / "cache"),
    ]
    nodes = []
    for rank in range(2):
        launch = [
            *(sys.executable, "-m", "torch.distributed.run", "--nnodes", 2, "--node-rank", rank, "--nproc-per-node", 1),
            *("--master-addr", "127.0.0.1", "--master-port", port, "-m", "viennatag", *train),
        ]
        nodes.append(subprocess.Popen([str(part) for part in launch]))
    assert [node.wait(timeout=500) for node in nodes] == [0, 0]
    from viennatag.model.bundle import open_bundle

    assert float(open_bundle(tmp_path / "out").training["validation_macro_map"]) > 0.5
