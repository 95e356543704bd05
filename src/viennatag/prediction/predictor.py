"""One image in, suggestions out.

A prediction needs NumPy, Pillow and ONNX Runtime, nothing else. Scores are calibrated and coherent
up the tree. A suggestion is the deepest node that is above its threshold: where a division is sure
and none of its sections is, the division is what an examiner should read.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from viennatag.cores import available_cores
from viennatag.errors import ImageError, OptionError
from viennatag.images.colour_features import colour_map
from viennatag.images.decoding import MAX_PIXELS, FramedImage
from viennatag.images.isolation import read_guarded
from viennatag.images.reading import read_image
from viennatag.images.sources import ImageSource
from viennatag.model.bundle import STARTER, Bundle, open_bundle
from viennatag.model.postprocessing import Outputs
from viennatag.runtime.engine import Engine, run_images, run_views
from viennatag.runtime.settings import find_runtime_settings
from viennatag.thresholds.thresholds import Thresholds

if TYPE_CHECKING:  # most predictions want codes only
    from viennatag.explain.heatmap import ClassActivationReader, Explanation
    from viennatag.explain.similar import ReferenceMarks, SimilarMark


@dataclass(frozen=True)
class Suggestion:
    """One code that a mark may carry.

    Attributes:
        code: The code or flat label.
        heading: What it means, in a few words.
        score: Calibrated probability in [0, 1].
        level: `category`, `division`, `section`; `label` in a flat taxonomy; in a tree of one's own as its file says.
        path: The codes from the root down to this one.
        above_threshold: False where the code is only the best of what is left; in a group of exclusive labels, whether
            it is decided on.
        group: The group of exclusive labels that it belongs to; empty for a free label.
    """

    code: str
    heading: str
    score: float
    level: str
    path: tuple[str, ...]
    above_threshold: bool
    group: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the suggestion as plain data; a free label has no `group`."""
        found = dict(vars(self))
        if not self.group:
            del found["group"]
        return found


@dataclass(frozen=True)
class Prediction:
    """The suggestions for one image, best first, or why it could not be read.

    Attributes:
        image: Its file.
        suggestions: None for a blank image.
        error: Why it could not be read.
        note: Why nothing is suggested for an image that could be read; empty otherwise.
    """

    image: str
    suggestions: tuple[Suggestion, ...] = ()
    error: str | None = None
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the prediction as the command line and the service write it."""
        if self.error is not None:
            return {"image": self.image, "error": self.error}
        found = {"image": self.image, "suggestions": [suggestion.to_json() for suggestion in self.suggestions]}
        return {**found, "note": self.note} if self.note else found


BLANK_NOTE = "the image is blank: it has one colour, or is transparent all over, so it pictures nothing"
"""Why a blank image gets no suggestions."""


def note_on(scores: NDArray[np.float64]) -> str:
    """Return why the scores of an image make no suggestion at all, or nothing."""
    return "" if scores.any() else BLANK_NOTE


_MOST_THREADS = 1024  # each takes memory, and more than there are cores only cost time
_NOT_COPIED = {"engine", "_one_thread_engine", "_place_reader"}


class Predictor:
    """A bundle ready to predict."""

    def __init__(self, bundle: Bundle, *, engine: str | None = None, threads: int | None = None) -> None:
        if threads is not None and not (isinstance(threads, Integral) and 1 <= threads <= _MOST_THREADS):
            raise OptionError(f"threads is {threads!r}; it counts threads, from 1 to {_MOST_THREADS:,}")
        # its graph is opened when it is first used, by then perhaps from another folder
        self.bundle = bundle if bundle.path is None else replace(bundle, path=bundle.path.absolute())
        self.postprocessor = bundle.postprocessor
        self.settings = find_runtime_settings(bundle.digest, engine=engine, threads=threads)
        self._workers = threads or available_cores()
        self._levels = np.array(bundle.labels.levels)
        self._known: ReferenceMarks | None = None

    @classmethod
    def load(cls, name: str | Path = STARTER, *, engine: str | None = None, threads: int | None = None) -> "Predictor":
        """Return a predictor for a bundle.

        Args:
            name: The folder of a bundle, `starter` for the one that comes with viennatag, or `hf-hub:owner/name`.
            engine: `auto`, `onnxruntime` or `openvino`; by default what VIENNATAG_ENGINE says, else `auto`.
            threads: By default all cores, or for one image at a time as many as `viennatag tune` measured to be best.

        Raises:
            BundleError: If there is no such bundle or it is damaged.
            OptionError: If the engine is unknown, or `threads` is no number of threads.
        """
        return cls(open_bundle(name), engine=engine, threads=threads)

    def __repr__(self) -> str:
        return f"Predictor({self.bundle!r})"

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process needs; engines cannot be copied, but opened again."""
        return {name: value for name, value in vars(self).items() if name not in _NOT_COPIED}

    def forward(
        self, images: Sequence[FramedImage], also: tuple[str, ...] = ()
    ) -> tuple[Outputs, list[NDArray[np.float32]]]:
        """Return what the network says about a few decoded images, and further outputs of its graph.

        Args:
            images: As `read_framed_image` gives them, with crops where the bundle uses them.
            also: Names of further outputs, each with one row per view.
        """
        # before the weights push the pixels out of the processor's cache
        colours = self.postprocessor.colour_features(np.stack([image.pixels for image in images]))
        blank = np.array([image.is_blank for image in images])
        (logits, *more), counts = run_views(self.engine, images, ("logits", *also), self.postprocessor.wants_crops)
        return Outputs(logits, counts, colours, blank), more

    def read(self, image: ImageSource, *, max_pixels: int = MAX_PIXELS) -> FramedImage:
        """Return an image decoded for this bundle, with its crops.

        Raises:
            ImageError: If the image cannot be read, or has more than `max_pixels` pixels.
        """
        crops = self.postprocessor.max_crops
        return read_guarded(image, self.engine.size, max_crops=crops, max_pixels=max_pixels)

    def score_image(self, image: ImageSource) -> NDArray[np.float64]:
        """Return the scores of one image, of shape (labels,).

        Raises:
            ImageError: If the image cannot be read.
        """
        (scores,) = self.postprocessor.scores(self.forward([self.read(image)])[0])
        return scores  # type: ignore[no-any-return]

    def predict(
        self, image: ImageSource, *, top: int | None = None, level: str | None = None
    ) -> tuple[Suggestion, ...]:
        """Return the suggestions for one image, best first; none if it is blank.

        Args:
            image: A path, bytes, an open binary file, a Pillow image or an array; see `ImageSource`.
            top: Return this many of the best codes of a level instead of those above their thresholds.
            level: The level to answer at; by default every level. With `top` by default the deepest, in a tree of one's
                own all labels without children.

        Raises:
            ImageError: If the image cannot be read.
            OptionError: If `top` or `level` makes no sense.
        """
        self.check_options(top, level)
        return self.suggest(self.score_image(image), top=top, level=level)

    def predict_many(
        self,
        images: Iterable[ImageSource],
        *,
        top: int | None = None,
        level: str | None = None,
    ) -> Iterator[Prediction]:
        """Return predictions, one for each image, in order; an image that cannot be read does not stop the rest.

        Raises:
            OptionError: If `images` is one image, or `top` or `level` makes no sense.
        """
        _check_several(images)
        self.check_options(top, level)
        return self._predict_each(images, top, level)

    def _predict_each(self, images: Iterable[ImageSource], top: int | None, level: str | None) -> Iterator[Prediction]:
        names: deque[str] = deque()

        def named() -> Iterator[ImageSource]:
            for image in images:
                names.append(str(image) if isinstance(image, (str, Path)) else "")
                yield image

        for outcomes, scores in self.score_many(named()):
            rows = iter(scores)
            for error in outcomes:
                name = names.popleft()
                if error is not None:
                    yield Prediction(name, error=str(error))
                else:
                    row = next(rows)
                    yield Prediction(name, self.suggest(row, top=top, level=level), note=note_on(row))

    def score_many(
        self, images: Iterable[ImageSource]
    ) -> Iterator[tuple[list[ImageError | None], NDArray[np.float64]]]:
        """Yield, a few images at a time and in order, each one's error or None, and the scores of the readable ones."""
        for batch in run_images(
            self._one_thread_engine,
            images,
            ("logits",),
            also=lambda pixels: self.postprocessor.colour_features(pixels[None]),
            max_crops=self.postprocessor.max_crops,
            wants_crops=self.postprocessor.wants_crops,
            workers=self._workers,
            batch_size=self.settings.batch_size,
        ):
            errors = [each if isinstance(each, ImageError) else None for each in batch.outcomes]
            if not batch.outputs:
                yield errors, np.empty((0, len(self.bundle.labels)))
                continue
            found = [each for each in batch.outcomes if each is not None and not isinstance(each, ImageError)]
            colours = np.concatenate(found) if found else None
            outputs = Outputs(batch.outputs[0], batch.view_counts, colours, np.array(batch.blank))
            yield errors, self.postprocessor.scores(outputs)

    def explain(self, image: ImageSource | FramedImage, code: str) -> "Explanation":
        """Return where in an image the evidence for a code lies, exactly.

        Args:
            image: A path, bytes, an open binary file, a Pillow image or an array, see `ImageSource`; or what `read`
                returned.
            code: A code or flat label that the bundle knows.

        Raises:
            BundleError: If the head has no local logits, and the code is not read from pixels.
            ImageError: If the image cannot be read.
            OptionError: If the bundle does not know the code.
        """
        (found,) = self.explain_codes(image, (code,))
        return found

    def explain_codes(self, image: ImageSource | FramedImage, codes: Iterable[str]) -> "tuple[Explanation, ...]":
        """Return where the evidence for several codes lies; see `explain`. The image is run once.

        Raises:
            BundleError: As `explain`.
            ImageError: If the image cannot be read.
            OptionError: If the bundle does not know a code, or `codes` is one text.
        """
        from viennatag.explain.heatmap import Explanation

        if isinstance(codes, str):
            raise OptionError(f"codes is one text, {codes!r}; pass a list, or use explain")
        labels = self.bundle.labels
        names = tuple(codes)
        unknown = [name for name in names if name not in labels.index]
        if unknown:
            raise OptionError(f"the bundle has no label {unknown[0]!r}; it has {len(labels):,}, see `viennatag codes`")
        from_head = [name for name in names if name not in self.postprocessor.pixel_labels]
        reader = self._place_reader if from_head else None
        fitted = image if isinstance(image, FramedImage) else self.read(image)
        outputs, seen = self.forward([fitted], reader.outputs if reader else ())
        (scores,), logits = self.postprocessor.scores(outputs), outputs.logits
        boxes = [fitted.box, *(box for _, box in fitted.crops[: len(logits) - 1])]

        def explain(name: str, view: int) -> Explanation:
            at = labels.index[name]
            score = round(float(scores[at]), 4)
            if reader is None or name in self.postprocessor.pixel_labels:
                found = colour_map(fitted.pixels, name)
                return Explanation(name, score, float(found.mean()), found, fitted.box)
            outputs_of_view = [each[view] for each in seen]
            (found,), (background,) = (
                reader.local_logits(outputs_of_view, [at]),
                reader.baselines(outputs_of_view, [at]),
            )
            return Explanation(name, score, float(logits[view, at]), found, boxes[view], background)

        def explain_with_part(name: str) -> Explanation:
            whole, at = explain(name, 0), labels.index[name]
            if len(logits) == 1 or not labels.is_pictorial[at]:
                return whole
            return replace(whole, crop=explain(name, 1 + int(logits[1:, at].argmax())))

        return tuple(map(explain_with_part, names))

    def check_explainable(self) -> None:
        """Raise BundleError if the bundle's head has no local logits."""
        _ = self._place_reader

    @cached_property
    def _place_reader(self) -> "ClassActivationReader":
        from viennatag.explain.heatmap import ClassActivationReader

        return ClassActivationReader.of(self.engine)

    def similar(self, image: ImageSource, k: int = 6) -> "tuple[SimilarMark, ...]":
        """Return the k reference marks that look most like an image, best first.

        Raises:
            ImageError: If the image cannot be read.
            ReferenceMarksError: If the bundle has no index of reference marks, or it is damaged.
            OptionError: If k is below 1.
        """
        known = self._known or self.open_reference_marks()
        known.check_count(k)
        (features,) = self.engine.run(read_image(image, self.engine.size)[None], ("features",))
        return known.search(features[0], k)

    def open_reference_marks(self, path: Path | str | None = None) -> "ReferenceMarks":
        """Open the index of reference marks in the bundle's folder, or another; `similar` will search it.

        Raises:
            ReferenceMarksError: If there is none, it is damaged, or it was made with another bundle.
        """
        from viennatag.explain.similar import ReferenceMarks

        self._known = ReferenceMarks.open(self.bundle.graph.parent if path is None else path, graph=self.bundle.graph)
        return self._known

    @cached_property
    def engine(self) -> Engine:
        """For one image at a time: all cores work on it."""
        return self._open(self.settings.threads, callers=1)

    @cached_property
    def _one_thread_engine(self) -> Engine:
        """For many images: each core works on its own."""
        return self._open(1, callers=self._workers)

    def _open(self, threads: int, *, callers: int) -> Engine:
        return Engine(
            self.bundle.graph,
            threads=threads,
            callers=callers,
            runtime=self.settings.engine,
            precision=self.bundle.precision,
        )

    def describe(self) -> str:
        """Return in one line what answers many images: bundle, precision, engine, threads, batch."""
        found, source = self.settings, "as measured" if self.settings.measured else "by default"
        return (
            f"{self.bundle.path.name if self.bundle.path else 'bundle'} in {self.bundle.precision}; "
            f"{self._one_thread_engine}; many images: {self._workers} threads, each with batches of "
            f"{found.batch_size}; one image: {found.threads} threads ({source})"
        )

    def suggest(
        self,
        scores: NDArray[np.float64],
        *,
        top: int | None = None,
        level: str | None = None,
        threshold: float | None = None,
        exclude: Collection[str] = (),
    ) -> tuple[Suggestion, ...]:
        """Return the suggestions that the scores of one image make, best first; none for a blank image.

        Args:
            scores: As `score_image` gives them; shape (labels,).
            top: As in `predict`.
            level: As in `predict`.
            threshold: One threshold for all labels, in place of the bundle's own rule.
            exclude: Labels never to suggest, with all that stands below them.
        """
        if not scores.any():
            return ()
        labels = self.bundle.labels
        thresholds = self.postprocessor.thresholds if threshold is None else np.full(len(labels), threshold)
        open_ = ~labels.under(exclude)
        scores = np.where(open_, scores, -1.0)
        if top is not None:
            here = self._levels == level if level else labels.is_answer
            return self._ranked(np.flatnonzero(here & open_), scores, thresholds, top)
        rule = self.postprocessor.rule if threshold is None else Thresholds(
            thresholds, labels.depths, None, labels.exclusive
        )  # fmt: skip
        above = rule(scores[None])[0] & open_
        if level is not None:
            above &= self._levels == level
        else:
            ancestors = labels.parents[above]
            while (ancestors := ancestors[ancestors >= 0]).size:
                above[ancestors] = False
                ancestors = labels.parents[ancestors]
        chosen = np.flatnonzero(above)
        if not chosen.size:  # an answer is never empty, unless everything was excluded
            here = self._levels == (level or labels.level_names[0])
            return self._ranked(np.flatnonzero(here & open_), scores, thresholds, 1)
        return self._ranked(chosen, scores, thresholds, len(chosen))

    def _ranked(
        self, labels: NDArray[np.intp], scores: NDArray[np.float64], thresholds: NDArray[np.float64], count: int
    ) -> tuple[Suggestion, ...]:
        """Return the suggestions of the best labels; ties go to the first label."""
        ranked = labels[np.argsort(-scores[labels], kind="stable")[:count]]
        suggested = scores >= thresholds
        if self.bundle.labels.exclusive:
            suggested = self.bundle.labels.exclusive.decide(scores[None], suggested[None])[0]
        above = suggested[ranked]
        return tuple(map(self._suggestion, ranked.tolist(), scores[ranked].tolist(), above.tolist()))

    def check_options(self, top: int | None, level: str | None) -> None:
        """Raise OptionError if `top` or `level` cannot be answered by this bundle."""
        if top is not None and (not isinstance(top, Integral) or top < 1):
            raise OptionError(f"top is {top!r}; it counts suggestions, from 1 up")
        known = self.bundle.labels.level_names
        if level is not None and level not in known:
            raise OptionError(f"the bundle has no level {level!r}; it has {', '.join(known)}")

    @cached_property
    def _words(self) -> dict[int, tuple[str, str, str, tuple[str, ...], str]]:
        """Code, heading, level, path and group of each label by its position; filled as labels are suggested."""
        return {}

    def _suggestion(self, at: int, score: float, above: bool) -> Suggestion:
        if at not in self._words:  # the same labels come again and again
            labels = self.bundle.labels
            name = labels.names[at]
            path = tuple(labels.names[node] for node in labels.path(at))
            words = labels.hierarchy
            self._words[at] = name, words.heading(name), labels.levels[at], path, words.group(name)
        code, meaning, level, path, group = self._words[at]
        return Suggestion(code, meaning, round(score, 4), level, path, above, group)


def _check_several(images: Iterable[ImageSource]) -> None:
    """Raise OptionError if this is a single image, which may be iterable too, or iterates over names of columns."""
    is_image = isinstance(images, (str, Path, bytes, bytearray, memoryview)) or hasattr(images, "read")
    if isinstance(images, np.ndarray):
        is_image = images.ndim != (1 if images.dtype.kind in "OU" else 4)  # names or objects; pixels
    if is_image or not isinstance(images, Iterable):
        raise OptionError(
            f"predict_many takes several images, not one {type(images).__name__}; pass a list, or use predict"
        )
    if isinstance(images, Mapping) or hasattr(images, "columns"):
        raise OptionError(
            f"predict_many takes images, and this is a {type(images).__name__}, whose columns have names; pass the "
            "column or the list of images"
        )
