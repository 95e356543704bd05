"""The ASGI application: routes and middleware."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from fastapi import Depends, FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from PIL import Image
from starlette.middleware import Middleware

from viennatag import __version__
from viennatag.errors import require
from viennatag.prediction.predictor import Predictor
from viennatag.service.batches import BatchStore, MemoryBatchStore, ask_store, batch_routes, run_batches
from viennatag.service.batching import Batcher
from viennatag.service.catalogue import catalogue_routes
from viennatag.service.description import describe
from viennatag.service.explain import explain_routes
from viennatag.service.health import health_routes
from viennatag.service.metrics import ServiceMetrics
from viennatag.service.middleware import CorsMiddleware, RequestMiddleware
from viennatag.service.options import ServiceOptions
from viennatag.service.parameters import refuse_unknown_parameters
from viennatag.service.picture import picture_routes
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
    store: BatchStore = MemoryBatchStore(options.batch_bytes)
    find_caller = None
    if options.store is not None:
        require("alembic", "store")
        require("sqlalchemy", "store")
        from viennatag.service.store.access import Callers
        from viennatag.service.store.batches import DatabaseBatchStore
        from viennatag.service.store.database import Database

        database = Database(options.store)
        store, find_caller = DatabaseBatchStore(database, options.batch_bytes), Callers(database).find

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        size = predictor.engine.size
        predictor.score_image(Image.new("RGB", (size, size)))  # so that no request waits for the engine
        state.workers = Batcher(predictor, options, metrics)
        batches = asyncio.create_task(run_batches(state, store))
        yield
        batches.cancel()
        with suppress(asyncio.CancelledError):
            await batches
        await state.workers.close()
        if options.store is not None:
            await ask_store(database.close)  # after what is being written

    app = FastAPI(
        title="viennatag",
        version=__version__,
        summary="Vienna Classification codes for figurative trade marks, from the image alone.",
        lifespan=lifespan,
        docs_url=None,  # FastAPI's pages load scripts from the internet; `describe` has one that does not
        redoc_url=None,
        dependencies=[Depends(refuse_unknown_parameters)],
        middleware=[Middleware(RequestMiddleware, options=options, metrics=metrics, find_caller=find_caller)],
    )
    if options.origins:
        app.add_middleware(
            CorsMiddleware,
            allow_origins=options.origins,
            allow_methods=["GET", "HEAD", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "X-Request-ID"],
            expose_headers=["X-Request-ID", "Retry-After"],
            allow_private_network=True,
        )
    handle_problems(app)
    describe(app, options)
    app.include_router(prediction_routes(state))
    app.include_router(batch_routes(state, store))
    if options.store is not None:
        from viennatag.service.store.routes import team_routes
        from viennatag.service.store.team import Team

        app.include_router(team_routes(state, Team(database, predictor.bundle.labels.taxonomy)))
    app.include_router(explain_routes(state))
    app.include_router(similar_routes(state))
    app.include_router(picture_routes(state))
    app.include_router(catalogue_routes(predictor.bundle, team=options.store is not None))
    app.include_router(health_routes(state))

    @app.get("/", include_in_schema=False)
    async def show_page() -> FileResponse:
        return FileResponse(PAGE / "index.html")

    app.mount("/static", StaticFiles(directory=PAGE, check_dir=False), name="static")
    return app
