"""What the parts of the service share while it runs."""

from dataclasses import dataclass

from viennatag.prediction.predictor import Predictor
from viennatag.service.batching import Batcher
from viennatag.service.counters import Counters
from viennatag.service.settings import Settings


@dataclass
class State:
    """The predictor, its limits and counters, and what goes on.

    Attributes:
        predictor: What answers; its engine should have one thread.
        settings: What is allowed.
        counters: What was counted.
        workers: The batcher, from start to end of the application.
        reading: Requests whose body is being read.
    """

    predictor: Predictor
    settings: Settings
    counters: Counters
    workers: Batcher | None = None
    reading: int = 0

    @property
    def batcher(self) -> Batcher:
        """The workers; there are none before the application has started."""
        if self.workers is None:
            raise RuntimeError("the application was not started: run its lifespan")
        return self.workers
