"""The application: routes, and around them the guard."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from viennatag import __version__
from viennatag.prediction.predictor import Predictor
from viennatag.service.batching import Batcher
from viennatag.service.catalogue import catalogue_routes
from viennatag.service.counters import Counters
from viennatag.service.evidence import evidence_routes
from viennatag.service.guard import Guard
from viennatag.service.health import health_routes
from viennatag.service.prediction import prediction_routes
from viennatag.service.problems import handle_problems
from viennatag.service.settings import Settings
from viennatag.service.similar import similar_routes
from viennatag.service.state import State

PAGE = Path(__file__).parent / "page"
"""The examiner's page, as files."""


def make_app(predictor: Predictor, settings: Settings | None = None) -> FastAPI:
    """Return the ASGI application that serves a predictor, whose engine should have one thread."""
    settings = settings or Settings()
    counters = Counters()
    state = State(predictor, settings, counters)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        size = predictor.engine.size
        predictor.score(np.zeros((1, size, size, 3), dtype=np.uint8))  # so that no request waits for the engine
        state.workers = Batcher(predictor, settings, counters)
        yield
        await state.workers.close()

    app = FastAPI(
        title="viennatag",
        version=__version__,
        summary="Vienna Classification codes for figurative trade marks, from the image alone.",
        lifespan=lifespan,
        docs_url=None,  # both pages load their scripts from the internet
        redoc_url=None,
        middleware=[Middleware(Guard, settings=settings, counters=counters)],
    )
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-Request-ID"],
            expose_headers=["X-Request-ID", "Retry-After"],
        )
    handle_problems(app)
    app.include_router(prediction_routes(state))
    app.include_router(evidence_routes(state))
    app.include_router(similar_routes(state))
    app.include_router(catalogue_routes(predictor.bundle))
    app.include_router(health_routes(state))

    @app.get("/", include_in_schema=False)
    async def show_page() -> FileResponse:
        return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})

    app.mount("/static", StaticFiles(directory=PAGE, check_dir=False), name="static")
    return app
