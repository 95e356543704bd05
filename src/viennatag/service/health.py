"""`/healthz`, `/readyz` and `/metrics`: for those who run the service."""

from fastapi import APIRouter
from fastapi.responses import Response

from viennatag.service.answers import Health
from viennatag.service.problems import RESPONSES
from viennatag.service.state import State

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


def health_routes(state: State) -> APIRouter:
    """Return the routes that tell how the service is."""
    router = APIRouter(tags=["health"], responses=RESPONSES)

    @router.get("/healthz", response_model=Health)
    async def is_alive() -> dict[str, str]:
        """Say that the service runs."""
        return {"status": "ok"}

    @router.get("/readyz", response_model=Health)
    async def is_ready() -> dict[str, str]:
        """Say that the service takes images now; a problem where its queue is full or it is stopping."""
        state.batcher.check_room()
        return {"status": "ready"}

    @router.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {_TEXT.partition(";")[0]: {"schema": {"type": "string"}}}}},
    )
    async def read_metrics() -> Response:
        """Show counters in Prometheus' text format."""
        return Response(state.counters.text(), media_type=_TEXT)

    return router
