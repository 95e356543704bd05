"""What the parts of the service share while it runs."""

from dataclasses import dataclass

from viennatag.predictor import Predictor
from viennatag.service.batching import Batcher
from viennatag.service.counters import Counters
from viennatag.service.settings import Settings


@dataclass
class State:
    """The predictor, what is allowed, what was counted, and the workers from start to end of the application."""

    predictor: Predictor
    settings: Settings
    counters: Counters
    workers: Batcher | None = None

    @property
    def batcher(self) -> Batcher:
        """The workers; there are none before the application has started."""
        if self.workers is None:
            raise RuntimeError("the application was not started: run its lifespan")
        return self.workers
