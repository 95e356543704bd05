"""The ASGI application: routes and middleware."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from PIL import Image
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from viennatag import __version__
from viennatag.prediction.predictor import Predictor
from viennatag.service.batching import Batcher
from viennatag.service.catalogue import catalogue_routes
from viennatag.service.explain import explain_routes
from viennatag.service.health import health_routes
from viennatag.service.metrics import ServiceMetrics
from viennatag.service.middleware import RequestMiddleware
from viennatag.service.options import ServiceOptions
from viennatag.service.prediction import prediction_routes
from viennatag.service.problems import handle_problems
from viennatag.service.similar import similar_routes
from viennatag.service.state import State

PAGE = Path(__file__).parent / "page"
"""The files of the examiner's page."""


def make_app(predictor: Predictor, options: ServiceOptions | None = None) -> FastAPI:
    """Return the ASGI application of a predictor, whose engine should have one thread."""
    options = options or ServiceOptions()
    metrics = ServiceMetrics()
    state = State(predictor, options, metrics)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        size = predictor.engine.size
        predictor.score_image(Image.new("RGB", (size, size)))  # so that no request waits for the engine
        state.workers = Batcher(predictor, options, metrics)
        yield
        await state.workers.close()

    app = FastAPI(
        title="viennatag",
        version=__version__,
        summary="Vienna Classification codes for figurative trade marks, from the image alone.",
        lifespan=lifespan,
        docs_url=None,  # these pages load scripts from the internet
        redoc_url=None,
        middleware=[Middleware(RequestMiddleware, options=options, metrics=metrics)],
    )
    if options.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=options.origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-Request-ID"],
            expose_headers=["X-Request-ID", "Retry-After"],
        )
    handle_problems(app)
    app.include_router(prediction_routes(state))
    app.include_router(explain_routes(state))
    app.include_router(similar_routes(state))
    app.include_router(catalogue_routes(predictor.bundle))
    app.include_router(health_routes(state))

    @app.get("/", include_in_schema=False)
    async def show_page() -> FileResponse:
        return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})

    app.mount("/static", StaticFiles(directory=PAGE, check_dir=False), name="static")
    return app
