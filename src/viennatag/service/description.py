"""The OpenAPI description of the service, and its interactive documentation, which is served from here.

FastAPI writes the description. What it does not do is added: one schema of problems that all operations refer to, and
the token as a security scheme where the service asks for one.
"""

from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from fastapi_offline import __file__ as _offline

from viennatag.service.middleware import is_open
from viennatag.service.options import ServiceOptions
from viennatag.service.problems import PROBLEM_SCHEMA, ProblemDetails

_PAGE = Path(__file__).parent / "documentation"


def describe(app: FastAPI, options: ServiceOptions) -> None:
    """Let an application describe itself at `/openapi.json`, and show the description at `/docs`."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = get_openapi(
                title=app.title, version=app.version, summary=app.summary, tags=app.openapi_tags, routes=app.routes
            )
            components = found.setdefault("components", {})
            components.setdefault("schemas", {})[PROBLEM_SCHEMA] = ProblemDetails.model_json_schema()
            if options.token is not None or options.store is not None:
                bearer = {"type": "http", "scheme": "bearer", "description": "The token of the service."}
                components["securitySchemes"] = {"token": bearer}
                _secure(found)
            app.openapi_schema = found
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
    router = APIRouter(include_in_schema=False)

    @router.get("/docs")
    async def show_documentation() -> FileResponse:
        return FileResponse(_PAGE / "index.html")

    @router.get("/docs/start.js")
    async def start_documentation() -> FileResponse:
        return FileResponse(_PAGE / "start.js")

    app.include_router(router)
    app.mount("/docs/swagger-ui", StaticFiles(directory=Path(_offline).parent / "static"), name="swagger-ui")


def _secure(description: dict[str, Any]) -> None:
    """Add the token to the operations that ask for it."""
    for path, operations in description["paths"].items():
        if not is_open(path):
            for operation in operations.values():
                operation["security"] = [{"token": []}]
