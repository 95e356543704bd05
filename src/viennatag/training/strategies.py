"""Strategies against imbalance: independent hyperparameters, and named presets of them.

Labels (which are rare enough to be rolled up), marks (which are added, and which are shown how often), loss, head and
decision rule do not depend on each other. A named strategy is a preset over them; so is each of the five replies to
the question that began this project.
"""

from dataclasses import dataclass, field, fields, is_dataclass
from difflib import get_close_matches
from math import isfinite
from typing import Any

from viennatag.errors import OptionError
from viennatag.losses import losses
from viennatag.sampling.sampling import (
    ClassAware,
    Mixup,
    RandomOversampling,
    RandomUndersampling,
    RepeatFactor,
    Sampling,
    SyntheticOversampling,
    UndersampledHead,
)
from viennatag.thresholds.decision_rules import DecisionRule, ExpectedF
from viennatag.training.heads.closed_form import Discriminant, Ridge
from viennatag.training.heads.decoder import MLDecoder
from viennatag.training.heads.heads import (
    AnyHead,
    Cosine,
    Ensemble,
    Hidden,
    Linear,
    Neighbours,
    TreeShared,
    check_sampling,
)
from viennatag.training.heads.kernel import Kernel
from viennatag.training.heads.label_graph import LabelGraph
from viennatag.training.heads.propagation import TagPropagation
from viennatag.training.heads.residual_attention import ResidualAttention

BASELINE = "as-is"
PRIOR = "prior"
"""What the frequency prior is called beside strategies."""
MIN_COUNT = 5
GROUPED_BELOW = 20
"""Labels with fewer training marks are the tail of the long-tailed benchmarks; `group-rare` rolls these up."""
SLOW = 0.35
"""On 900 validation marks of a rendered collection it lifted the focusing losses by 0.5 to 1.1 points of macro mAP."""


@dataclass(frozen=True)
class Strategy:
    """What to do about imbalance.

    Attributes:
        name: How the user names it.
        description: One line for `--help`.
        reply: Which of the five replies to the question it is, 1 to 5; 0 for none.
        min_count: A code with fewer training marks counts for its parent instead.
        target_count: Extra marks are added to training until each label has this many; 0 adds none.
        sampling: Which marks are shown how often.
        decoupled: Whether fine-tuning shows marks alike and only the head afterwards learns with `sampling` (Kang et
            al. 2020, arXiv 1910.09217: classifier retraining).
        loss: The loss of the head.
        head: The kind of head.
        learning_rate_multiplier: Factor on the learning rate. Focusing losses overfit the hard marks sooner.
        decision_rule: How scores become suggestions.
        min_positives: Labels with fewer validation marks share a calibration.
    """

    name: str
    description: str
    reply: int = 0
    min_count: int = MIN_COUNT
    target_count: int = 0
    sampling: Sampling = field(default_factory=Sampling)
    decoupled: bool = False
    loss: losses.Loss = field(default_factory=losses.BinaryCrossEntropy)
    head: AnyHead = field(default_factory=Linear)
    learning_rate_multiplier: float = 1.0
    decision_rule: DecisionRule = field(default_factory=ExpectedF)
    min_positives: int = 10

    def __post_init__(self) -> None:
        if (
            min(self.min_count, self.min_positives) < 1
            or self.target_count < 0
            or not self.learning_rate_multiplier > 0
        ):
            raise OptionError(
                f"min_count is {self.min_count}, target_count {self.target_count}, min_positives {self.min_positives} "
                f"and learning_rate_multiplier {self.learning_rate_multiplier}; expected at least 1, 0 and 1, and a "
                "multiplier above 0"
            )
        check_sampling(self.head, self.sampling)

    @property
    def finetune_sampling(self) -> Sampling:
        """Which marks fine-tuning shows how often."""
        return Sampling() if self.decoupled else self.sampling

    @property
    def reads_feature_maps(self) -> bool:
        """Whether its head reads feature maps."""
        return self.head.reads_feature_maps

    def trains_like(self, other: "Strategy") -> bool:
        """Whether it learns as another does, whatever the labels and decisions."""
        same = ("target_count", "sampling", "decoupled", "loss", "head", "learning_rate_multiplier")
        return all(getattr(self, name) == getattr(other, name) for name in same)

    def to_json(self) -> dict[str, Any]:
        """Return the hyperparameters as plain data."""
        return {each.name: _plain(getattr(self, each.name)) for each in fields(self)}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {"kind": type(value).__name__} | {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, float) and not isfinite(value):
        return str(value)  # JSON has no word for it
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _focusing(name: str, description: str, loss: losses.Loss) -> Strategy:
    return Strategy(name, description, loss=loss, learning_rate_multiplier=SLOW)


def _with_head(name: str, description: str, head: AnyHead) -> Strategy:
    return Strategy(name, description, head=head)


_NAMED = (
    Strategy("as-is", "the marks as they are: binary cross-entropy, biases started at the frequencies", reply=5),
    Strategy(
        "more-data",
        "rendered marks of rare codes added to the training subset (needs data.extra_marks)",
        1,
        target_count=100,
    ),
    Strategy("undersample-head", "common labels shown less often", 2, sampling=UndersampledHead()),
    Strategy("class-weights", "positives weighted by inverse frequency", 3, loss=losses.WeightedBinaryCrossEntropy()),
    Strategy(
        "effective-number",
        "positives weighted by the effective number of marks (Cui 2019)",
        3,
        loss=losses.WeightedBinaryCrossEntropy("effective"),
    ),
    Strategy("group-rare", "labels with fewer than 20 marks rolled up to their parent", 4, GROUPED_BELOW),
    _focusing("focal", "focal loss: what is easy counts less (Lin 2017)", losses.Focal()),
    _focusing("asymmetric", "asymmetric loss: easy negatives count little (Ridnik 2021)", losses.Asymmetric()),
    _focusing(
        "distribution-balanced",
        "weights that undo co-occurrence, tolerant of negatives (Wu 2020)",
        losses.DistributionBalanced(),
    ),
    Strategy("ldam", "wider margins for rare labels, late weights (Cao 2019)", loss=losses.LabelDistributionAware()),
    Strategy("logit-adjusted", "the prior added to logits in training (Menon 2021)", loss=losses.LogitAdjusted()),
    _focusing("hill", "Hill loss: negatives that look positive may be missing labels (Zhang 2021)", losses.Hill()),
    _focusing("splc", "SPLC: missing labels corrected while learning (Zhang 2021)", losses.SelfPacedCorrection()),
    Strategy(
        "co-occurrence", "labels that usually stand beside those given denied less", loss=losses.CoOccurrenceSmoothing()
    ),
    Strategy(
        "positive-unlabelled",
        "labels not given weighed by their chance of being there (Elkan 2008)",
        loss=losses.PositiveUnlabelled(),
    ),
    Strategy("two-way", "positives ranked above negatives by mark and by label (Kobayashi 2023)", loss=losses.TwoWay()),
    Strategy("class-aware", "a label drawn first, then a mark of it (Shen 2016)", sampling=ClassAware()),
    Strategy(
        "decoupled",
        "fine-tuned on marks as they are, then the head alone as in class-aware (Kang 2020)",
        sampling=ClassAware(),
        decoupled=True,
    ),
    Strategy(
        "square-root", "labels drawn by the square root of their frequency (Mahajan 2018)", sampling=ClassAware(0.5)
    ),
    Strategy("repeat-factor", "marks of rare labels repeated (Gupta 2019)", sampling=RepeatFactor()),
    Strategy("ml-rus", "marks of common labels dropped at random (Charte 2015)", sampling=RandomUndersampling()),
    Strategy("ml-ros", "marks of rare labels repeated at random (Charte 2015)", sampling=RandomOversampling()),
    Strategy("mlsmote", "marks of rare labels made from neighbours (Charte 2015)", sampling=SyntheticOversampling()),
    Strategy("mixup", "pairs of marks mixed in feature space (Zhang 2018)", sampling=Mixup()),
    _with_head("tree-shared", "a section's weight shared with its division and category", TreeShared()),
    _with_head("cosine", "a head of cosines, blind to the length of weights (Gidaris 2018)", Cosine()),
    _with_head(
        "residual-attention", "each label looks where it is most likely; reads maps (Zhu 2021)", ResidualAttention()
    ),
    _with_head("ml-decoder", "queries look around for groups of labels; reads maps (Ridnik 2023)", MLDecoder()),
    _with_head("hidden-layer", "a hidden layer of 2,048 units, normalised, with dropout", Hidden()),
    _with_head("discriminant", "discriminant analysis, one shrunk covariance (Chen 2010)", Discriminant()),
    _with_head("ridge", "ridge regression, a strength for each label by leave-one-out (Allen 1974)", Ridge()),
    _with_head(
        "linear-and-ridge",
        "linear and ridge heads averaged to one linear head, for labels that are hard to see",
        Ensemble((Linear(), Ridge())),
    ),
    _with_head("kernel", "kernel ridge regression: similarities to marks, weighed (Rifkin 2007)", Kernel()),
    _with_head(
        "few-examples",
        "linear and kernel heads averaged by label, for labels of few marks",
        Ensemble((Linear(), Kernel()), shrinkage=20.0),
    ),
    _with_head("neighbours", "the labels of the most similar marks", Neighbours()),
    _with_head(
        "tag-propagation",
        "the labels of similar marks, with a learned weight for each label (Guillaumin 2009)",
        TagPropagation(),
    ),
    _with_head(
        "blended-by-label",
        "linear and tag-propagation heads averaged, each label by its own weights, shrunk",
        Ensemble((Linear(), TagPropagation()), shrinkage=20.0),
    ),
    _with_head("label-graph", "a linear head smoothed over labels that stand together (Zhou 2004)", LabelGraph()),
    _with_head(
        "ensemble",
        "linear, tree-shared, cosine and neighbours averaged",
        Ensemble((Linear(), TreeShared(), Cosine(), Neighbours())),
    ),
)
STRATEGIES = {each.name: each for each in _NAMED}


def strategies() -> dict[str, Strategy]:
    """Return the named strategies, by name."""
    return dict(STRATEGIES)


def find_strategy(name: str) -> Strategy:
    """Return the strategy of that name.

    Raises:
        OptionError: If there is none.
    """
    if name in STRATEGIES:
        return STRATEGIES[name]
    close = get_close_matches(name, STRATEGIES, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else f"; choose one of {', '.join(STRATEGIES)}"
    raise OptionError(f"there is no strategy {name!r}{hint}")
