"""The state that the routes of the service share."""

from dataclasses import dataclass

from viennatag.prediction.predictor import Predictor
from viennatag.service.batching import Batcher
from viennatag.service.metrics import ServiceMetrics
from viennatag.service.options import ServiceOptions


@dataclass
class State:
    """The predictor, the options, the metrics, the workers and the number of requests whose body is being read.

    The predictor's engine should have one thread. There are workers from start to end of the application.
    """

    predictor: Predictor
    options: ServiceOptions
    metrics: ServiceMetrics
    workers: Batcher | None = None
    reading: int = 0

    @property
    def batcher(self) -> Batcher:
        """The workers; they exist once the application has started."""
        if self.workers is None:
            raise RuntimeError("the application was not started: run its lifespan")
        return self.workers
