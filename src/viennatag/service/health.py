"""`/healthz`, `/readyz` and `/metrics`: for monitoring."""

from fastapi import APIRouter
from fastapi.responses import Response

from viennatag.service.problems import RESPONSES
from viennatag.service.schemas import HealthResponse
from viennatag.service.state import State

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


def health_routes(state: State) -> APIRouter:
    """Return the monitoring routes."""
    router = APIRouter(tags=["health"], responses=RESPONSES)

    @router.get("/healthz", response_model=HealthResponse, operation_id="is_alive")
    async def is_alive() -> dict[str, str]:
        """Liveness: the service runs."""
        return {"status": "ok"}

    @router.get("/readyz", response_model=HealthResponse, operation_id="is_ready")
    async def is_ready() -> dict[str, str]:
        """Readiness: the service accepts images.

        A problem if its queue is full, its workers are stuck, or it is stopping.
        """
        state.batcher.check_room()
        return {"status": "ready"}

    @router.get(
        "/metrics",
        response_class=Response,
        operation_id="read_metrics",
        responses={200: {"content": {_TEXT.partition(";")[0]: {"schema": {"type": "string"}}}}},
    )
    async def read_metrics() -> Response:
        """Show the metrics in the Prometheus text format."""
        return Response(state.metrics.export(), media_type=_TEXT)

    return router
