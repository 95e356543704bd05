"""Run one stage of the recipe: draw its marks, train, and leave its result in a folder.

A distillation leaves a network in timm's format, a round or a mean a bundle.
"""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from code_statistics import read_statistics, spread_codes, write_marks_table
from drawing import draw_collections, draw_unlabelled
from registered_stage import RegisteredStage
from stages import STATISTICS, Mean, Recipe, Registered, Round, Stage
from teacher import make_teacher
from viennatag.data.marks import Marks, read_marks
from viennatag.errors import DataError
from viennatag.model.bundle import open_bundle
from viennatag.training.backbones.backbone import LOCAL
from viennatag.training.backbones.loading import BUNDLE
from viennatag.training.data.collection import ProgressCallback, TrainingData, split_readable
from viennatag.training.finetuning.run import finetune_backbone, run_folder
from viennatag.training.options import FinetuneOptions, TrainOptions
from viennatag.training.strategies import STRATEGIES
from viennatag.training.train import bundle_from_head, train
from weight_mean import mean_network

OWN_TEACHER = "efficientnet_lite2"
"""The teacher that `make_teacher` fetches; any other name is a backbone of timm."""


@dataclass(frozen=True)
class Workshop:
    """The folder in which a recipe is run.

    `marks/` holds what is drawn, `cache/` pixels, features and checkpoints, `stages/` results.
    """

    recipe: Recipe
    work: Path
    progress: ProgressCallback

    @property
    def cache(self) -> Path:
        """The folder that keeps pixels, features and checkpoints."""
        return self.work / "cache"

    def result(self, name: str) -> Path:
        """Return the folder of a stage's result."""
        return self.work / "stages" / name

    def run(self, stage: Stage) -> None:
        """Run a stage whose predecessors have finished."""
        if isinstance(stage, Mean):
            self._average(stage)
        elif isinstance(stage, Registered):
            RegisteredStage(
                stage,
                *self._marks(stage),
                self.result(stage.start),
                self.work,
                self.result(stage.name),
                self._target_prior(),
                self.progress,
            ).run()
        elif stage.kind == "distillation":
            self._distil(stage)
        else:
            self._train(stage)

    def _train(self, stage: Round) -> None:
        folder, marks = self._marks(stage)
        train(
            marks,
            folder,
            self.result(stage.name),
            self._options(stage),
            cache=self.cache,
            target_prior=self._target_prior(),
            progress=self.progress,
        )

    def _distil(self, stage: Round) -> None:
        folder, marks = self._marks(stage)
        unlabelled_images = draw_unlabelled(stage, self.recipe.artwork, folder, progress=self.progress)
        data = TrainingData(marks, folder, self.cache, unlabelled_images, progress=self.progress)
        options = self._options(stage)
        finetune_backbone(data, options)
        shutil.copytree(run_folder(data, options) / "network", self.result(stage.name))

    def _average(self, stage: Mean) -> None:
        newer = self.recipe.round(stage.newer)
        folder, marks = self._marks(newer)
        older, latest = self.result(stage.start), self.result(stage.newer)
        labels, options = open_bundle(latest).labels, self._options(newer)
        backbone, head = mean_network(older, latest, labels, share=stage.share)
        collection = TrainingData(marks, folder, self.cache, progress=self.progress).collect(backbone)
        if collection.labels(min_count=options.strategy.min_count).names != labels.names:
            raise DataError(f"{folder} holds other marks than {latest} was trained on")
        out, prior = self.result(stage.name), self._target_prior()
        bundle_from_head(collection, backbone, head, options, folder, out, target_prior=prior, progress=self.progress)

    def _marks(self, stage: Round | Registered) -> tuple[Path, Marks]:
        """Return the folder of a stage's rendered marks, and the marks, all with their subset."""
        folder = self.work / "marks" / stage.marks
        marks = draw_collections(stage, self.recipe.artwork, folder, progress=self.progress)
        return folder, split_readable(marks, folder, skip_bad=False, seed=stage.seed, progress=self.progress)

    def _target_prior(self) -> Marks:
        """Return marks with the code frequencies of the register."""
        table = self.work / "target.csv"
        write_marks_table(spread_codes(read_statistics(STATISTICS)), table)
        return read_marks(table, require_images=False, skip_bad=True)

    def _options(self, stage: Round) -> TrainOptions:
        teacher = None
        if stage.teacher:
            teacher = self._own_teacher() if stage.teacher == OWN_TEACHER else stage.teacher
        return TrainOptions(
            # Its scores are nearly calibrated already; a fit for each label of few validation marks would be noise.
            strategy=replace(STRATEGIES["as-is"], min_positives=stage.min_positives),
            backbone=self._backbone(stage),
            pretrained=stage.start is not None,
            size=stage.size,
            teacher=teacher,
            finetune=FinetuneOptions(
                epochs=stage.epochs,
                batch_size=stage.batch_size,
                learning_rate=stage.learning_rate,
                layer_decay=1.0,
                freeze_statistics=False,
                augmentation="marks",
                size=stage.training_size,
                initial_size=stage.initial_size,
                style_augmentation=stage.style_augmentation,
                keep_head=stage.keep_head,
                teacher_weight=stage.teacher_weight,
            ),
            seed=stage.seed,
        )

    def _backbone(self, stage: Round) -> str:
        if stage.start is None:
            assert stage.backbone is not None  # `read_recipe` has checked it
            return stage.backbone
        distilled = self.recipe.stages[stage.start].kind == "distillation"
        return f"{LOCAL if distilled else BUNDLE}{self.result(stage.start)}"

    def _own_teacher(self) -> str:
        folder = self.work / "teacher"
        if not (folder / "config.json").is_file():
            make_teacher(folder)
        return f"{LOCAL}{folder}"
