"""Compare fine-tuning with bare training loops on the same network, images and augmentation; measure its memory.

    OMP_NUM_THREADS=1 python benchmarks/finetuning_speed.py [--size 96] [--batch-size 64] [--rounds 3] [--memory]

MobileNetV2 with random weights, pixels that are ready, the augmentation of marks, AdamW, binary cross-entropy over
1,500 labels. Beside `viennatag.training.finetuning.finetune`:

- torch: the least loop, with nothing but augmentation, forward, backward and the optimiser's step;
- lightning: the same as a LightningModule;
- timm: the loop of timm's training script, with its optimiser, its moving average and its meter of the loss.

All compute in the precision that viennatag chooses here. Each method has a process of its own and trains a few steps in
turn; a figure is the median over rounds of torch's CPU time of a step, over that of the method, so 1 is the speed of
the bare loop and above it is faster. It is done twice: with the statistics of each batch (random weights), and with
statistics that are kept (pretrained weights), where viennatag may show a batch a few images at a time.

`--memory` fine-tunes on 7,200 images of 160 pixels in a process of its own, for a few steps and a validation, and gives
the most memory of that process beside the mapped file of pixels. Results: benchmarks/results/finetuning_speed.json.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

import lightning
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor, nn

from viennatag.files import atomic_file
from viennatag.training.backbones.backbone import PixelNetwork, create_network
from viennatag.training.data.augmentation import augment
from viennatag.training.data.pixels import Pixels
from viennatag.training.finetuning.finetune import finetune
from viennatag.training.finetuning.student import FineTuningData
from viennatag.training.options import FinetuneOptions
from viennatag.training.precision import choose_precision, grouped_in_float32

RESULTS = Path(__file__).parent / "results/finetuning_speed.json"
NETWORK, LABELS = "mobilenetv2_100", 1500
IMAGES, SIDE = 7_200, 160
"""Of the measurement of memory."""


def network(size: int) -> PixelNetwork:
    """Return a network of random weights whose statistics are those of its activations, so that none vanishes."""
    torch.manual_seed(0)
    made = create_network(NETWORK, pretrained=False, size=size)[0].train()
    normalisations = [each for each in made.modules() if isinstance(each, nn.modules.batchnorm._BatchNorm)]
    for each in normalisations:
        each.momentum = 1.0
    with torch.no_grad():
        made(torch.randint(256, (16, size, size, 3), dtype=torch.uint8))
    for each in normalisations:
        each.momentum = 0.1
    return made


def draw(folder: Path, images: int, size: int) -> None:
    """Write pixels, and targets with 5 labels a mark."""
    random = np.random.default_rng(0)
    store = np.memmap(folder / "pixels.u8", dtype=np.uint8, mode="w+", shape=(images, size, size, 3))
    for at in range(images):
        store[at] = random.integers(256, size=(size, size, 3), dtype=np.uint8)
    store.flush()
    columns = random.integers(LABELS, size=5 * images)
    targets = csr_array((np.ones(5 * images, dtype=bool), columns, np.arange(0, 5 * images + 1, 5)))
    targets.resize((images, LABELS))
    targets.sum_duplicates()
    np.savez(folder / "targets.npz", data=targets.data, indices=targets.indices, indptr=targets.indptr)


def load_targets(folder: Path) -> csr_array:
    with np.load(folder / "targets.npz") as arrays:
        shape = (len(arrays["indptr"]) - 1, LABELS)
        return csr_array((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)


@dataclass(frozen=True)
class Setting:
    """What is the same for all methods."""

    store: NDArray[np.uint8]
    targets: csr_array
    batch_size: int
    steps: int
    frozen: bool
    bf16: bool

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Return augmented pixels and targets of a step."""
        at = np.random.default_rng(step).integers(len(self.store), size=self.batch_size)
        pixels = augment(torch.from_numpy(self.store[at]), torch.Generator().manual_seed(step))
        return pixels, torch.from_numpy(self.targets[at].toarray().astype(np.float32))

    def network(self) -> nn.Sequential:
        """Return a network with a head, in training."""
        backbone = network(self.store.shape[1])
        head = nn.Linear(int(backbone.network.num_features), LABELS)  # type: ignore[arg-type]
        both = nn.Sequential(backbone, head).to(memory_format=torch.channels_last).train()
        if self.frozen:
            for module in both.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()
        return both

    def loss(self, both: nn.Module, step: int) -> Tensor:
        """Return the loss of a step."""
        pixels, truth = self.batch(step)
        backbone, head = both.children()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            logits = head(backbone(pixels)[0])
        return nn.functional.binary_cross_entropy_with_logits(logits.float(), truth)


Method = Callable[[Setting], list[float]]
"""Returns the CPU time at the end of each step."""


def bare(setting: Setting) -> list[float]:
    both, ends = setting.network(), list[float]()
    optimizer = torch.optim.AdamW(both.parameters())
    with grouped_in_float32(both) if setting.bf16 else nullcontext():
        for step in range(setting.steps + 1):
            optimizer.zero_grad()
            setting.loss(both, step).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            ends.append(time.process_time())
    return ends


def in_timm(setting: Setting) -> list[float]:
    both, ends = setting.network(), list[float]()
    timm_optim, timm_utils = map(import_module, ("timm.optim", "timm.utils"))
    optimizer = timm_optim.create_optimizer_v2(both, opt="adamw", lr=1e-3, weight_decay=0.05)
    average, losses = timm_utils.ModelEmaV3(both, decay=0.998), timm_utils.AverageMeter()
    with grouped_in_float32(both) if setting.bf16 else nullcontext():
        for step in range(setting.steps + 1):
            loss = setting.loss(both, step)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(both.parameters(), 5.0)
            optimizer.step()
            optimizer.zero_grad()
            average.update(both, step=step)
            losses.update(loss.item(), setting.batch_size)
            ends.append(time.process_time())
    return ends


class _Alone(lightning.LightningModule):
    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.both, self.setting, self.ends = setting.network(), setting, list[float]()

    def training_step(self, _: Any, index: int) -> Tensor:
        return self.setting.loss(self.both, index)

    def on_train_epoch_start(self) -> None:
        if self.setting.frozen:
            for module in self.both.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()

    def on_train_batch_end(self, *_: Any) -> None:
        self.ends.append(time.process_time())

    def configure_optimizers(self) -> Any:
        return torch.optim.AdamW(self.parameters())


def in_lightning(setting: Setting) -> list[float]:
    module = _Alone(setting)
    quiet: dict[str, Any] = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    with grouped_in_float32(module) if setting.bf16 else nullcontext(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = lightning.Trainer(max_epochs=1, accelerator="cpu", enable_checkpointing=False, **quiet)
        trainer.fit(module, torch.utils.data.DataLoader(range(setting.steps + 1)))  # type: ignore[arg-type]
    return module.ends


def in_viennatag(setting: Setting) -> list[float]:
    ends: list[float] = []
    count, size = setting.steps + 1, setting.store.shape[1]
    rows = np.arange(count * setting.batch_size + 32)
    data = FineTuningData(
        Pixels((), size, setting.store), setting.targets, rows[:-32], rows[-32:], np.ones(len(rows) - 32)
    )
    options = FinetuneOptions(epochs=1, batch_size=setting.batch_size, freeze_statistics=setting.frozen)
    with tempfile.TemporaryDirectory() as folder:
        finetune(
            network(size),
            data,
            options=options,
            checkpoints=Path(folder),
            bf16=setting.bf16,
            progress=lambda *_: ends.append(time.process_time()),
        )
    return ends


METHODS: dict[str, Method] = {
    "torch": bare,
    "lightning": in_lightning,
    "timm": in_timm,
    "viennatag": in_viennatag,
}


def answer(name: str, folder: Path, about: dict[str, Any]) -> None:
    """Train by one method whenever a line asks for it, and print its CPU seconds for an image."""
    targets = load_targets(folder)
    shape = (targets.shape[0], about["size"], about["size"], 3)
    store = np.memmap(folder / "pixels.u8", dtype=np.uint8, mode="r", shape=shape)
    for line in sys.stdin:
        frozen, batch_size = line.startswith("kept"), about["batch_size"]
        setting = Setting(store, targets, batch_size, about["steps"], frozen, about["bf16"])
        ends = METHODS[name](setting)
        print(f"\nfound {median(np.diff(ends).tolist()) / batch_size}", flush=True)


def ask(process: "subprocess.Popen[str]", statistics: str) -> float:
    """Return the CPU seconds of a method for an image."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{statistics}\n")
    process.stdin.flush()
    return next(float(line.split()[1]) for line in process.stdout if line.startswith("found "))


def compare(processes: "dict[str, subprocess.Popen[str]]", statistics: str, rounds: int) -> dict[str, Any]:
    """Return the CPU milliseconds of each method for an image, and its speed as a share of torch's."""
    found: dict[str, list[float]] = {name: [] for name in METHODS}
    for _ in range(rounds):
        for name, process in processes.items():
            found[name].append(ask(process, statistics))
    return {
        name: {
            "milliseconds": round(1000 * median(each), 2),
            "speed": round(median(a / b for a, b in zip(found["torch"], each, strict=True)), 3),
        }
        for name, each in found.items()
    }


def mapped(file: Path) -> float:
    """Return how much of a mapped file is in this process's memory, in GB."""
    lines = iter(Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines())
    found = 0
    for line in lines:
        if line.endswith(str(file)):
            found += next(int(each.split()[1]) for each in lines if each.startswith("Rss:"))
    return found / 1e6


def memory(folder: Path, steps: int) -> dict[str, float]:
    """Return the most memory of this process, beside the file of pixels and the size of that file, in GB."""
    size = (folder / "pixels.u8").stat().st_size
    store = np.memmap(folder / "pixels.u8", dtype=np.uint8, mode="r", shape=(IMAGES, SIDE, SIDE, 3))
    targets = load_targets(folder)
    options = FinetuneOptions(epochs=1, freeze_statistics=True)
    rows = np.random.default_rng(0).permutation(IMAGES)[: steps * options.batch_size + IMAGES // 10]
    train, validation = rows[IMAGES // 10 :], rows[: IMAGES // 10]
    data = FineTuningData(Pixels((), SIDE, store), targets, train, validation, np.ones(len(train)))
    finetune(network(SIDE), data, options=options, checkpoints=folder / "run")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6 - mapped(folder / "pixels.u8")
    return {"beside_pixels_gb": round(peak, 3), "pixels_gb": round(size / 1e9, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=4, help="of each method in a round, after one to warm up")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", action="store_true", help="measure the memory instead")
    parser.add_argument("--in", dest="folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--about", help=argparse.SUPPRESS)
    parser.add_argument("--method", choices=METHODS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.method:
        answer(options.method, options.folder, json.loads(options.about))
        return
    if options.folder:
        print(json.dumps(memory(options.folder, options.steps)))
        return
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.memory:
            draw(folder, IMAGES, SIDE)
            command = [sys.executable, __file__, "--in", str(folder), "--steps", str(options.steps)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            kept["memory"] = {
                "images": IMAGES,
                "size": SIDE,
                "steps": options.steps,
                **json.loads(done.stdout.splitlines()[-1]),
            }
        else:
            draw(folder, (options.steps + 1) * options.batch_size + 32, options.size)
            bf16, why = choose_precision(network(options.size), options.size, folder)
            about = {"size": options.size, "batch_size": options.batch_size, "steps": options.steps, "bf16": bf16}
            kept |= {**about, "threads": torch.get_num_threads(), "precision": why}
            command = [sys.executable, __file__, "--in", str(folder), "--about", json.dumps(about), "--method"]
            pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            processes = {name: subprocess.Popen([*command, name], **pipes) for name in METHODS}
            for statistics in ("of each batch", "kept"):
                kept[f"statistics {statistics}"] = compare(processes, statistics, options.rounds)
                print(statistics, kept[f"statistics {statistics}"], flush=True)
            for process in processes.values():
                process.communicate()
    print(kept.get("memory"))
    with atomic_file(RESULTS) as temporary:
        temporary.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
