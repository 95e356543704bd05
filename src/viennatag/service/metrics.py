"""The Prometheus metrics of the service."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class ServiceMetrics:
    """The metrics of one application; each application has its own, so that tests do not share them."""

    def __init__(self) -> None:
        home = self.registry = CollectorRegistry()
        ProcessCollector(registry=home)
        self.requests = Counter("viennatag_requests", "Requests.", ("method", "route", "status"), registry=home)
        what = "Time from the headers of a request to the end of its response."
        self.seconds = Histogram("viennatag_request_seconds", what, ("route",), buckets=_SECONDS, registry=home)
        self.images = Counter("viennatag_images", "Images received.", ("outcome",), registry=home)
        what = "Images in one batch of the network."
        self.batches = Histogram("viennatag_batch_images", what, buckets=range(1, 9), registry=home)
        self.refused = Counter("viennatag_refused", "Requests refused because of load.", registry=home)

    def watch(self, size: Callable[[], float], stuck: Callable[[], float]) -> None:
        """Export the size of the queue, and how many workers are stuck."""
        waiting = Gauge("viennatag_queue_images", "Images waiting or running.", registry=self.registry)
        waiting.set_function(size)
        busy = Gauge("viennatag_stuck_workers", "Workers busy with one batch for too long.", registry=self.registry)
        busy.set_function(stuck)

    def export(self) -> bytes:
        """Return the metrics in the Prometheus text format."""
        return generate_latest(self.registry)
