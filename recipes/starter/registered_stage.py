"""The last stage: fine-tune on registered and rendered marks, calibrate on registered marks, write the bundle.

Five networks are fine-tuned without a fold each, one with all folds; each is the mean of several trainings. The five
score the marks that they have not seen. On these scores the calibration and the thresholds of pictorial codes are
fitted, and the last network gets them. The bundles of the five, each with calibration and thresholds fitted without its
fold, are for `benchmarks/real_marks.py`.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from registered import FOLDS, RegisteredMarks, RenderedMarks, fine_tune, read_registered_marks
from stages import ROOT, Registered
from viennatag.calibration.calibration import Calibration
from viennatag.calibration.platt import fit_platt
from viennatag.data.labels import LabelSet
from viennatag.data.marks import SUBSETS, Marks
from viennatag.evaluation.evaluation import evaluate_scores
from viennatag.images.crops import CROP_SCORES, MAX_CROPS
from viennatag.images.reading import read_images
from viennatag.model.bundle import Bundle, open_bundle
from viennatag.model.model_card import ARTWORK
from viennatag.model.postprocessing import Outputs, Postprocessor
from viennatag.model.saving import write_bundle
from viennatag.model.seen_images import hash_files
from viennatag.prediction.predictor import Predictor
from viennatag.thresholds.decision_rules import ExpectedF
from viennatag.training.backbones.backbone import PixelNetwork, export_network
from viennatag.training.backbones.loading import BUNDLE, load_head, load_network
from viennatag.training.data.collection import ProgressCallback
from viennatag.training.heads.export import export_graph
from viennatag.training.heads.exported import LinearHead
from viennatag.training.postprocessing.fitting import fit_postprocessor
from viennatag.training.postprocessing.prior_shift import shift_prior, target_shares

MIN_PRECISION = 0.55
"""Share of the pictorial suggestions that are to be right, on marks with something pictured."""
MAX_OVER_TAGGED = 0.125
"""Share of the marks without anything pictured that may be given a pictorial suggestion."""
CANDIDATES = (0.2, 0.225, 0.25, 0.275, 0.3, 0.325, 0.35, 0.4, 0.5, 0.6)
"""Thresholds to choose from."""
TOO_FEW = 10**9
"""Positives below which a label shares the calibration of its level: a calibration for each label ranks worse."""


@dataclass(frozen=True, eq=False)
class RegisteredStage:
    """One run of the stage, on rendered marks with their subsets, from a bundle on.

    Networks are kept below `work`, and collections of rendered marks that have been read in `read`. The target prior
    has the code frequencies of the register, for codes that registered marks do not have.
    """

    stage: Registered
    folder: Path
    rendered: Marks
    start: Path
    work: Path
    result: Path
    target_prior: Marks
    progress: ProgressCallback
    read: dict[str, RenderedMarks] = field(default_factory=dict)

    def run(self) -> None:
        """Write the bundle, and the bundles `fold-0` to `fold-4` beside the networks."""
        before = open_bundle(self.start)
        labels, size = before.labels, before.image_size
        real = read_registered_marks(ROOT / self.stage.folder, labels, size)
        networks = self._networks(labels, real)
        unseen = self._score_unseen(networks, real, labels)
        final = networks[None]
        bundle = self._rendered_bundle(final, before, real)
        graph = self._graph(final, size)
        attribution = joined_attribution([path.read_text(encoding="utf-8") for path in self._attributions()])
        chain = fit_pictorial(bundle.postprocessor, unseen, real, np.ones(len(real), dtype=bool))
        write_bundle(replace(bundle, postprocessor=chain), graph, self.result, notes={ARTWORK: attribution})
        for fold in FOLDS:
            chain = fit_pictorial(bundle.postprocessor, unseen, real, real.folds != fold)
            of_fold = replace(bundle, postprocessor=chain, metrics={}, seen=np.zeros(0, dtype=np.uint64))
            write_bundle(of_fold, self._graph(networks[fold], size), self.folds / f"fold-{fold}")

    @property
    def folds(self) -> Path:
        """The folder of the networks and bundles of folds."""
        return self.work / "folds" / self.stage.name

    def _networks(self, labels: LabelSet, real: RegisteredMarks) -> dict[int | None, tuple[PixelNetwork, LinearHead]]:
        """Return the network without each fold, and at None the one of all folds.

        Each is the mean of the weights of several trainings that differ in their mixtures and seeds (Wortsman et al.
        2022, "Model soups"). A finished training is read again.
        """
        found: dict[int | None, tuple[PixelNetwork, LinearHead]] = {}
        for fold in (*FOLDS, None):
            states = []
            for number, mixture in enumerate(self.stage.mixtures):
                for seed in range(mixture.seeds):
                    file = self._fine_tuned(number, fold, seed, labels, real)
                    states.append(torch.load(file, weights_only=True))
            state = {name: torch.stack([each[name] for each in states]).mean(dim=0) for name in states[0]}
            network, _ = load_network(f"{BUNDLE}{self.start}")
            head = LinearHead(state.pop("head.weight").numpy(), state.pop("head.bias").numpy())
            network.load_state_dict({name.removeprefix("network."): value for name, value in state.items()})
            found[fold] = network.eval(), head
        return found

    def _fine_tuned(self, number: int, fold: int | None, seed: int, labels: LabelSet, real: RegisteredMarks) -> Path:
        """Fine-tune a network with a mixture and without a fold, if there is none yet; return the file of its weights.

        With a fold others may be left out too; None is for a network that learns from all. Seeds start at 0.
        """
        mixture = self.stage.mixtures[number]
        size = mixture.left_out
        without = [] if fold is None else [each for each in FOLDS if each // size == fold // size]
        name = "all" if fold is None else f"without-{'-'.join(map(str, without))}"
        file = self.folds / f"{name}-mixture-{number}-seed-{seed}.pt"
        if file.is_file():
            return file
        network, _ = load_network(f"{BUNDLE}{self.start}")
        head = load_head(f"{BUNDLE}{self.start}", labels, np.zeros(len(labels)))
        assert head is not None  # the starter's head is linear
        own = (len(FOLDS) if fold is None else without[0]) + 10 * seed + 100 * number
        counts = {"rendered": mixture.rendered, "registers": mixture.registers, "clip-art": mixture.clip_art}
        linear = fine_tune(
            network,
            head,
            real,
            [(self._read_rendered(labels, what), count) for what, count in counts.items() if count],
            replace(self.stage, seed=self.stage.seed + own),
            without=without,
            progress=self.progress,
            name=f"fine-tuning {file.stem}",
        )
        state = {f"network.{name}": value.float() for name, value in network.state_dict().items()}
        state |= {"head.weight": linear.weight.data, "head.bias": linear.bias.data}
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.save(state, file.with_suffix(".new"))
        file.with_suffix(".new").replace(file)
        return file

    def _attributions(self) -> list[Path]:
        """Return the files that say who made the drawings and letters of each collection."""
        return [path for path in sorted(self.folder.glob("*/ATTRIBUTION.md")) if path.parent.name != "register"]

    def _subset(self, name: str, what: str = "rendered") -> Marks:
        """Return the marks of a subset of the collections `uniform` and `register`, or of another one."""
        folders = ("uniform", "register") if what == "rendered" else (what,)
        marks = self.rendered
        places = zip(marks.images, marks.splits, strict=True)
        return marks.select(
            [at for at, (image, split) in enumerate(places) if split == name and image.partition("/")[0] in folders]
        )

    def _read_rendered(self, labels: LabelSet, what: str) -> RenderedMarks:
        """Return training marks; only what is pictured is known of those that are not drawn for all their codes."""
        if what in self.read:
            return self.read[what]
        marks = self._subset("train", what)
        side = self.stage.size + 16  # some more than is shown, for what is seen from nearer
        pixels = np.empty((len(marks), side, side, 3), dtype=np.uint8)
        for at, image in enumerate(read_images([self.folder / image for image in marks.images], side)):
            if isinstance(image, Exception):
                raise image
            pixels[at] = image
            self.progress(f"marks, {what}", at + 1, len(marks), "")
        targets = labels.encode(marks.codes).toarray().astype(bool)
        known = np.tile(labels.is_pictorial | (what == "rendered"), (len(marks), 1))
        if what == "clip-art":  # nobody said which of the children
            for parent in np.unique(labels.parents[labels.parents >= 0]):
                children = np.flatnonzero(labels.parents == parent)
                unsaid = targets[:, parent] & ~targets[:, children].any(axis=1)
                known[np.ix_(unsaid, children)] = False
        self.read[what] = RenderedMarks(pixels, targets, known, labels.is_pictorial)
        return self.read[what]

    def _graph(self, network: tuple[PixelNetwork, LinearHead], size: int) -> bytes:
        return export_graph(export_network(network[0], name=f"{BUNDLE}{self.start}", size=size), network[1])

    def _score_unseen(
        self, networks: dict[int | None, tuple[PixelNetwork, LinearHead]], real: RegisteredMarks, labels: LabelSet
    ) -> NDArray[np.float32]:
        """Return logits of all views, each of the network that has not seen its mark; shape (views, labels)."""
        logits = np.empty((len(real.views), len(labels)), dtype=np.float32)
        fold_of_view = np.repeat(real.folds, real.view_counts)
        for fold in FOLDS:
            network, head = networks[fold]
            rows = np.flatnonzero(fold_of_view == fold)
            with torch.inference_mode():
                for start in range(0, len(rows), 32):
                    some = rows[start : start + 32]
                    features, _ = network(torch.from_numpy(real.views[some]))
                    logits[some] = features.numpy() @ head.weight.T + head.bias
        return logits

    def _rendered_bundle(
        self,
        network: tuple[PixelNetwork, LinearHead],
        before: Bundle,
        real: RegisteredMarks,
    ) -> Bundle:
        """Return a bundle whose postprocessor is fitted on rendered validation marks, evaluated on the test packs."""
        labels = before.labels
        subsets = {name: self._subset(name) for name in SUBSETS}
        counts = np.asarray(labels.encode(subsets["train"].codes).sum(axis=0), dtype=np.int64).ravel()
        rendered_prior = counts / len(subsets["train"])
        neutral = Postprocessor(
            labels, Calibration(np.ones(len(labels)), np.zeros(len(labels))), np.ones(len(labels)), max_crops=MAX_CROPS,
            pixel_labels=before.postprocessor.pixel_labels,
        )  # fmt: skip
        bundle = Bundle(counts, rendered_prior, neutral, before.image_size)
        bundle = write_bundle(bundle, self._graph(network, before.image_size), self.work / "unfitted")
        validation = self._forward(bundle, subsets["validation"])
        targets = labels.encode(subsets["validation"].codes)
        rule = ExpectedF()
        fitted = fit_postprocessor(
            validation,
            targets,
            labels,
            rule,
            min_positives=self.stage.min_positives,
            pixel_labels=before.postprocessor.pixel_labels,  # chosen on more marks
        )
        chain = replace(fitted.postprocessor, max_crops=MAX_CROPS)
        learned = {
            "start": self.start.name,
            "registered_marks": len(real),
            "rendered_marks": {name: len(marks) for name, marks in subsets.items()},
            "stage": self.stage.describe(),
            **fitted.facts,
        }
        drawn = [self.folder / image for name in SUBSETS[:2] for image in subsets[name].images]
        bundle = replace(
            bundle,
            postprocessor=chain,
            train_counts=counts + real.targets.sum(axis=0),
            training={**before.training, **learned},
            seen=np.concatenate([before.seen, hash_files([*real.images, *drawn])]),
        )
        scores = chain.scores(self._forward(bundle, subsets["test"]))
        metrics = evaluate_scores(scores, subsets["test"], bundle, seed=self.stage.seed).to_json()
        shifted = shift_prior(chain, rendered_prior, self.target_prior, rule, validation, targets)
        prior = target_shares(labels, np.clip(rendered_prior, 1e-6, 1), self.target_prior)
        seen = real.targets[:, labels.is_pictorial].sum(axis=0)
        prior[labels.is_pictorial] = (seen + 100 * prior[labels.is_pictorial]) / (len(real) + 100)
        return replace(bundle, postprocessor=shifted, metrics=metrics, prior=np.minimum(prior, 1.0))

    def _forward(self, bundle: Bundle, marks: Marks) -> Outputs:
        """Return what a bundle's network says about marks."""
        predictor = Predictor(bundle)
        logits, counts, colours = [], list[int](), []
        for start in range(0, len(marks), 16):
            images = [predictor.read(self.folder / image) for image in marks.images[start : start + 16]]
            outputs, _ = predictor.forward(images)
            assert outputs.view_counts is not None
            assert outputs.colours is not None
            logits.append(outputs.logits)
            counts.extend(outputs.view_counts)
            colours.append(outputs.colours)
            self.progress("evaluation", start + len(images), len(marks), "")
        return Outputs(np.concatenate(logits), counts, np.concatenate(colours))


def joined_attribution(texts: Sequence[str]) -> str:
    """Return one attribution of several: the first, with the packs and fonts of the others."""
    first, *others = (text.splitlines() for text in texts)
    rows = [at for at, line in enumerate(first) if line.startswith("|")]
    further = [line for lines in others for line in lines if line.startswith("|") and line not in first]
    packs = sorted({*first[rows[2] : rows[-1] + 1], *further})
    letters = [line for lines in others for line in lines if line.startswith("Letters") and line not in first]
    return "\n".join([*first[: rows[2]], *packs, *first[rows[-1] + 1 :], *(f"\n{line}" for line in letters)]) + "\n"


def fit_pictorial(
    chain: Postprocessor, logits: NDArray[np.float32], real: RegisteredMarks, rows: NDArray[np.bool_]
) -> Postprocessor:
    """Return a postprocessor whose pictorial codes are calibrated and decided on some registered marks.

    The chain is fitted on rendered marks. Logits are those of all views, (views, labels), by networks that have not
    seen these. `rows` says which marks count, shape (marks,).
    """
    labels = chain.labels
    columns = np.flatnonzero(labels.is_pictorial)
    chain = replace(chain, crop_scores=(0.0, 1.0))  # those of other calibrations do not say where crops count
    merged = chain.logits(Outputs(logits, real.view_counts.tolist(), _no_colours(chain, len(real))))[rows]
    targets = real.targets[rows]
    fitted = fit_platt(
        merged[:, columns], targets[:, columns], groups=labels.depths[columns], min_positives=TOO_FEW
    )  # fmt: skip
    slope, intercept = chain.calibration.slope.copy(), chain.calibration.intercept.copy()
    slope[columns], intercept[columns] = fitted.slope, fitted.intercept
    calibrated = replace(chain, calibration=Calibration(slope, intercept), crop_scores=CROP_SCORES)
    scores = calibrated.scores(Outputs(logits, real.view_counts.tolist(), _no_colours(chain, len(real))))[rows]
    thresholds = chain.thresholds.copy()
    by_level = choose_thresholds(scores[:, columns], targets[:, columns], labels, columns)
    thresholds[columns] = by_level[labels.depths[columns]]
    return replace(calibrated, thresholds=thresholds)


def _no_colours(chain: Postprocessor, count: int) -> NDArray[np.float32] | None:
    """Return colour features that say nothing, where a chain reads them: pictorial codes do not depend on them."""
    features = chain.colour_features(np.zeros((1, 8, 8, 3), dtype=np.uint8))
    return None if features is None else np.zeros((count, features.shape[1]), dtype=np.float32)


def choose_thresholds(
    scores: NDArray[np.float64], targets: NDArray[np.bool_], labels: LabelSet, columns: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the threshold of each level with which suggestions tell most, shape (levels,).

    Suggestions are the deepest codes at or above their thresholds. What they tell of a mark with something pictured is
    the mean of whether one of them is right and of its depth, as a share of the levels. Of all suggestions on such
    marks `MIN_PRECISION` must be right, and at most `MAX_OVER_TAGGED` of the other marks may get one; where no choice
    holds both, the one that comes nearest is taken.
    """
    depths = labels.depths[columns]
    own = np.full(len(labels), -1)
    own[columns] = np.arange(len(columns))
    parents = np.where(labels.parents[columns] >= 0, own[labels.parents[columns]], -1)
    pictured = targets.any(axis=1)
    best: tuple[tuple[float, float], Sequence[float]] | None = None
    for candidate in itertools.combinations_with_replacement(CANDIDATES, 3):  # so a code above has its parents above
        above = scores >= np.array(candidate)[depths]
        deepest = above.copy()
        for child in np.flatnonzero(parents >= 0):
            deepest[above[:, child], parents[child]] = False
        right = (deepest & targets)[pictured]
        made = int(deepest[pictured].sum())
        precision = right.sum() / made if made else 1.0
        over_tagged = float(deepest[~pictured].any(axis=1).mean())
        miss = max(0.0, MIN_PRECISION - precision) + max(0.0, over_tagged - MAX_OVER_TAGGED)
        told = np.max(right * (1 + depths), axis=1) / (1 + depths.max())
        value = (-round(miss, 3), float((right.any(axis=1) + told).mean()))
        if best is None or value > best[0]:
            best = value, candidate
    assert best is not None
    return np.array(best[1])
