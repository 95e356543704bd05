"""A multi-label image classifier with the interface of scikit-learn.

A linear head on the features of a bundle's network, with a loss for imbalance, cross-fitted calibration and a
threshold for each label. It needs neither timm nor onnx: features come from the bundle's own graph.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from viennatag.calibration.calibration import Calibration
from viennatag.calibration.platt import fit_platt
from viennatag.errors import DataError, OptionError, count, require
from viennatag.losses.losses import BinaryCrossEntropy, Loss
from viennatag.metrics.scores import ArrayData, as_targets, dense_unknown, known_counts, plain_array
from viennatag.model.bundle import STARTER
from viennatag.split.folds import assign_folds
from viennatag.thresholds.decision_rules import DecisionRule, find_decision_rule
from viennatag.thresholds.thresholds import Thresholds

require("sklearn", "scikit")
torch: Any = require("torch", "train")

from sklearn.base import BaseEstimator, ClassifierMixin  # noqa: E402 - only where it is installed
from sklearn.utils import assert_all_finite, check_random_state  # noqa: E402
from sklearn.utils.multiclass import check_classification_targets  # noqa: E402
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d, validate_data  # noqa: E402

from viennatag.losses.elementwise import leave_out_unknown  # noqa: E402

_MIN_FITTED = 10
"""Positives of all labels together below which calibration and thresholds are left at their defaults."""


class MultilabelImageClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Classifies images by many labels, some of them rare; `predict_proba` gives one probability per label.

    `X` is either images (paths, bytes, Pillow images, or uint8 arrays of shape (height, width, 3)) or features of
    shape (samples, width), as `image_features` returns them: compute these once to search over options. `y` is 0 and
    1 of shape (samples, labels), dense, sparse or a data frame, a list of names for each sample, or one class per
    sample. Pairs that are -1 or NaN are unknown and count nowhere.

    Example:
        model = MultilabelImageClassifier(loss=viennatag.losses.DistributionBalanced())
        model.fit(paths, targets).predict_proba(other_paths)

    Attributes:
        classes_: The labels: names, columns of a data frame, or numbers; or the classes of a single output.
        coef_: Weights, shape (outputs, width).
        intercept_: Biases, shape (outputs,).
        calibration_: Logits to probabilities.
        thresholds_: Probabilities to decisions, for many labels.
        n_iter_: Steps that were taken.
    """

    def __init__(
        self,
        bundle: str = STARTER,
        *,
        loss: Loss | None = None,
        C: float = 1.0,  # noqa: N803 - scikit-learn's name
        rule: str | DecisionRule = "per-label",
        cv: int = 3,
        max_iter: int = 100,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        """Keep the options.

        Args:
            bundle: Whose network gives the features of images: a folder, `starter`, or `hf-hub:owner/name`.
            loss: One of `viennatag.losses`; None is `BinaryCrossEntropy()`.
            C: Inverse of the strength of the penalty on weights, as in `LogisticRegression`.
            rule: How thresholds are chosen: a rule of `viennatag.thresholds`, or a name that `viennatag compare
                --list` gives, such as `threshold-0.5`.
            cv: Folds for cross-fitted logits, on which calibration and thresholds are fitted.
            max_iter: Most steps of L-BFGS.
            random_state: Seed of the folds, or a `RandomState`; None is 0.
        """
        self.bundle = bundle
        self.loss = loss
        self.C = C
        self.rule = rule
        self.cv = cv
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803
        """Fit the head, its calibration and its thresholds, and return the classifier.

        Raises:
            DataError: If an image cannot be read or a target is neither 0, 1 nor unknown.
            OptionError: If an option makes no sense.
            ValueError: From scikit-learn, if features or classes cannot be used.
        """
        self._check_options()
        x = self._features(X, y, reset=True)
        targets = self._fit_labels(y)
        check_consistent_length(x, targets)
        self._centre, self._spread = x.mean(axis=0), x.std(axis=0)
        self._spread[self._spread == 0] = 1.0
        x = (x - self._centre) / self._spread
        self.coef_, self.intercept_, self.n_iter_ = self._fit_head(x, targets)
        labels = targets.shape[1]
        self.calibration_ = Calibration(np.ones(labels), np.zeros(labels))
        self.thresholds_ = Thresholds(np.full(labels, 0.5), np.zeros(labels, dtype=np.intp))
        folds = min(self.cv, len(x))
        if np.count_nonzero(targets == 1) >= _MIN_FITTED and folds >= 2:
            logits = np.empty(targets.shape)
            stated = self.random_state or 0
            seed = int(stated if isinstance(stated, Integral) else check_random_state(stated).randint(2**31))
            fold_of = assign_folds(targets, folds, seed=seed)
            for fold in range(folds):
                inside = fold_of == fold
                weights, bias, _ = self._fit_head(x[~inside], targets[~inside])
                logits[inside] = x[inside] @ weights.T + bias
            self.calibration_ = fit_platt(logits, targets)
            if self._multilabel:
                rule = find_decision_rule(self.rule) if isinstance(self.rule, str) else self.rule
                self.thresholds_ = rule.fit(self.calibration_(logits), targets)
        return self

    def image_features(self, images: Iterable[Any]) -> NDArray[np.float32]:
        """Return the features of images, shape (images, width), which `fit` and `predict` take in their place.

        Raises:
            DataError: If an image cannot be read.
        """
        from viennatag.evaluation.scored_images import score_images
        from viennatag.prediction.predictor import Predictor

        images = list(images)
        found = score_images(Predictor.load(self.bundle), images)
        if found.errors:
            at, error = next(iter(found.errors.items()))
            name = f"number {at}" + (f", {images[at]}" if isinstance(images[at], (str, Path)) else "")
            raise DataError(f"{count(len(found.errors), 'image')} cannot be read; the first is {name}: {error}")
        return found.features

    def decision_function(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Return calibrated logits above those of the thresholds: a label is suggested from 0 on.

        Shape (samples, labels); of two classes those of the second, (samples,).
        """
        logits = self._logits(X)
        scale, offset = self.calibration_.slope, self.calibration_.intercept
        cuts = np.clip(self.thresholds_.thresholds, 1e-12, 1 - 1e-12)
        margins: NDArray[np.float64] = logits * scale + offset - np.log(cuts / (1 - cuts))
        return margins if self._multilabel or margins.shape[1] > 1 else margins[:, 0]

    def predict_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Return the probability of each label, shape (samples, labels); of classes they sum to 1."""
        logits = self._logits(X)
        scores = self.calibration_(logits)
        if self._multilabel:
            return scores
        if scores.shape[1] == 1:
            return np.hstack([1 - scores, scores]) if len(self.classes_) == 2 else np.ones_like(scores)
        total: NDArray[np.float64] = scores / scores.sum(axis=1, keepdims=True)
        return total

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """Return which labels are suggested, 0 and 1 of shape (samples, labels); or the class of each sample."""
        scores = self.predict_proba(X)
        if self._multilabel:
            return self.thresholds_(scores).astype(np.int64)
        found: NDArray[Any] = self.classes_[scores.argmax(axis=1)]
        return found

    def predict_names(self, X: Any) -> list[tuple[str, ...]]:  # noqa: N803
        """Return the names of the suggested labels of each sample."""
        chosen = self.predict(X)
        if not self._multilabel:
            return [(str(name),) for name in chosen]
        return [tuple(str(self.classes_[at]) for at in np.flatnonzero(row)) for row in chosen]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:  # noqa: N803
        """Return the share of samples whose labels are all right, as scikit-learn's classifiers do."""
        listed = _names(y)
        found: float = super().score(X, self._encode(listed) if listed else y, sample_weight)
        return found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags

    def _check_options(self) -> None:
        """Raise OptionError where an option makes no sense."""
        whole = isinstance(self.max_iter, Integral) and isinstance(self.cv, Integral)
        if not (isinstance(self.C, Real) and whole and self.C > 0 and self.max_iter >= 1 and self.cv >= 2):
            raise OptionError(
                f"C is {self.C!r}, max_iter {self.max_iter!r} and cv {self.cv!r}; expected C above 0, and whole "
                "numbers: max_iter of at least 1 and cv of at least 2"
            )
        if self.loss is not None and (isinstance(self.loss, type) or not hasattr(self.loss, "prepare")):
            raise OptionError(f"loss is {self.loss!r}; expected one of viennatag.losses, such as BinaryCrossEntropy()")
        if not isinstance(self.rule, (str, DecisionRule)):
            raise OptionError(f"rule is {self.rule!r}; expected a name such as 'per-label', or a rule")
        try:
            check_random_state(self.random_state)
        except ValueError as exc:
            raise OptionError(f"random_state is {self.random_state!r}; expected a number from 0 up, or None") from exc

    def _logits(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        check_is_fitted(self)
        x = (self._features(X, None, reset=False) - self._centre) / self._spread
        logits: NDArray[np.float64] = x @ self.coef_.T + self.intercept_
        return logits

    def _features(self, X: Any, y: Any, *, reset: bool) -> NDArray[np.float64]:  # noqa: N803
        """Return features of shape (samples, width), those of images from the bundle."""
        if y is None and reset:
            raise ValueError("y is missing: this classifier requires y to be passed, but the target y is None")
        if isinstance(X, (str, bytes, Path, Iterator, Set)):
            raise DataError(f"X is of type {type(X).__name__}; expected a list of images, or features")
        if _are_images(images := _column(X)):
            X = self.image_features(images)  # noqa: N806
        checked: NDArray[np.float64] = validate_data(self, X, reset=reset, dtype=np.float64)
        return checked

    def _fit_labels(self, y: Any) -> NDArray[np.int8]:
        """Return targets (samples, outputs), -1 where they are unknown, and keep what their columns are called."""
        if listed := _names(y):
            self.classes_, self._multilabel = np.array(sorted(set().union(*listed))), True
            targets = self._encode(listed)
        elif (columns := _columns(y)).ndim == 2 and columns.shape[1] > 1:
            marked, unknown = as_targets(y), dense_unknown(y)
            targets = np.array(marked if isinstance(marked, np.ndarray) else marked.toarray(), dtype=np.int8)
            if unknown is not None:
                targets[unknown] = -1
            named = getattr(y, "columns", None)
            self.classes_ = np.arange(targets.shape[1]) if named is None else np.array([str(name) for name in named])
            self._multilabel = True
        else:
            single = column_or_1d(columns, warn=True)
            assert_all_finite(single, input_name="y")
            check_classification_targets(single)
            if joined := next((text for text in single if isinstance(text, str) and ";" in text), None):
                advice = 'for several labels an image give lists of names: [text.split(";") for text in y]'
                raise DataError(f"y holds the class {str(joined)!r}; {advice}")
            self.classes_, numbers = np.unique(single, return_inverse=True)
            classes = len(self.classes_)
            targets = numbers[:, None] == (np.arange(classes) if classes > 2 else np.array([classes - 1]))
            self._multilabel = False
        return targets.astype(np.int8)

    def _encode(self, names: list[set[str]]) -> NDArray[np.bool_]:
        return np.array([[name in row for name in self.classes_] for row in names], dtype=bool)

    def _fit_head(
        self, x: NDArray[np.float64], targets: NDArray[np.int8]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
        """Return weights and biases that minimise the loss with a penalty on the weights, and L-BFGS's steps."""
        loss = BinaryCrossEntropy() if self.loss is None else self.loss
        counts, samples, known = (targets == 1).sum(axis=0), len(x), known_counts(targets)
        objective = loss.prepare(counts, known)
        inputs, wanted = torch.from_numpy(x), torch.from_numpy(targets)
        weights = torch.zeros((targets.shape[1], x.shape[1]), dtype=torch.float64, requires_grad=True)
        bias = torch.from_numpy(np.asarray(loss.initial_bias(counts, known), dtype=np.float64)).requires_grad_()
        optimiser = torch.optim.LBFGS([weights, bias], max_iter=self.max_iter, line_search_fn="strong_wolfe")

        def step() -> Any:
            optimiser.zero_grad()
            logits, truth, _ = leave_out_unknown(inputs @ weights.T + bias, wanted)
            value = objective(logits, truth, 1.0).sum() + weights.square().sum() / (2 * self.C)
            value = value / samples
            value.backward()
            return value

        optimiser.step(step)
        return weights.detach().numpy(), bias.detach().numpy(), int(optimiser.state[weights]["n_iter"])


def _column(values: Any) -> Any:
    """Return the only column of a data frame, anything else as it is."""
    single = hasattr(values, "columns") and len(values.columns) == 1
    return values[values.columns[0]] if single else values


def _are_images(values: Any) -> bool:
    """Return whether values are images: paths, bytes, Pillow images, or arrays of pixels."""
    if len(shape := getattr(values, "shape", ())) >= 2:
        return len(shape) == 4
    if hasattr(values, "tocsr") or not hasattr(values, "__len__") or not len(values):
        return False
    first = values.iloc[0] if hasattr(values, "iloc") else values[0]
    return not isinstance(first, (int, float, complex, np.number, Sequence)) or isinstance(first, (str, bytes))


def _names(y: Any) -> list[set[str]] | None:
    """Return the names of each sample's labels, None if `y` is no list, array or column of collections of names."""
    column = _column(y)
    if hasattr(column, "to_list"):
        column = column.to_list()
    elif isinstance(column, np.ndarray) and column.dtype == object and column.ndim == 1:
        column = column.tolist()
    if not isinstance(column, Sequence) or isinstance(column, str):
        return None
    are_listed = [isinstance(row, (list, tuple, set, frozenset, np.ndarray)) for row in column]
    if not all(are_listed):
        if any(are_listed):
            at = are_listed.index(False)
            raise DataError(f"y holds {column[at]!r} at row {at} among lists of names; without a label it is []")
        return None
    texts = any(len(row) for row in column) and all(isinstance(name, str) for row in column for name in row)
    return list(map(set, column)) if texts else None


def _columns(y: ArrayData) -> Any:
    return y if hasattr(y, "tocsr") else plain_array(y)
