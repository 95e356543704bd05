"""The state that the routes of the service share."""

from dataclasses import dataclass, field

from viennatag.prediction.predictor import Predictor
from viennatag.service.batching import Batcher
from viennatag.service.budget import ByteBudget
from viennatag.service.metrics import ServiceMetrics
from viennatag.service.options import ServiceOptions


@dataclass
class State:
    """The predictor, the options, the metrics, the workers, and the budget of bodies.

    The predictor's engine should have one thread. There are workers from start to end of the application.
    """

    predictor: Predictor
    options: ServiceOptions
    metrics: ServiceMetrics
    workers: Batcher | None = None
    budget: ByteBudget = field(init=False)

    def __post_init__(self) -> None:
        self.budget = ByteBudget(self.options.upload_bytes, self.options.queue)

    @property
    def batcher(self) -> Batcher:
        """The workers; they exist once the application has started."""
        if self.workers is None:
            raise RuntimeError("the application was not started: run its lifespan")
        return self.workers
