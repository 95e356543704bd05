"""RFC 9457 problem details: one format for every error of the service."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from viennatag.errors import CodeError, ImageError, OptionError, StoreError

_NAMED = 20  # invalid values that a problem names
_PART = 100  # characters of each part of where such a value stands
MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class ProblemKind:
    """A problem type: its name in `type`, the HTTP status, and a constant title."""

    name: str
    status: int
    title: str


MALFORMED = ProblemKind("malformed", 400, "The request is malformed")
UNAUTHORIZED = ProblemKind("unauthorized", 401, "A valid token is required")
FORBIDDEN = ProblemKind("forbidden", 403, "The caller may not do this")
NOT_FOUND = ProblemKind("not-found", 404, "Not found")
NO_HEAT_MAP = ProblemKind("no-heat-map", 404, "The bundle has no heat maps")
NO_INDEX = ProblemKind("no-index", 404, "The bundle has no index of reference marks")
NO_BATCH = ProblemKind("no-batch", 404, "There is no such batch")
METHOD_NOT_ALLOWED = ProblemKind("method-not-allowed", 405, "The method is not allowed")
CONFLICT = ProblemKind("conflict", 409, "Another changed it meanwhile")
SLOW_HEADERS = ProblemKind("slow-headers", 408, "The request headers took too long")
SLOW_BODY = ProblemKind("slow-body", 408, "The request body took too long")
TOO_LARGE = ProblemKind("too-large", 413, "The request is too large")
UNSUPPORTED_MEDIA = ProblemKind("unsupported-media-type", 415, "The media type is not supported")
CORS_REFUSED = ProblemKind("cors-refused", 400, "The origin may not call the service")
WRONG_HOST = ProblemKind("wrong-host", 421, "The service does not answer to this host name")
TOO_MANY = ProblemKind("too-many-images", 429, "The caller's limit is used up")
LONG_HEADERS = ProblemKind("headers-too-large", 431, "The request headers are too large")
INVALID = ProblemKind("invalid", 422, "A value is invalid")
UNREADABLE_IMAGE = ProblemKind("unreadable-image", 422, "The image cannot be read")
INTERNAL = ProblemKind("internal", 500, "Internal error")
BUSY = ProblemKind("busy", 503, "The service is busy")
STORE_AWAY = ProblemKind("store-away", 503, "The store of the team does not work")
SLOW_RESPONSE = ProblemKind("slow-response", 503, "The response took too long")
STUCK = ProblemKind("stuck", 503, "The service does not get on")
STOPPING = ProblemKind("stopping", 503, "The service is stopping")

_OF_STATUS = {
    kind.status: kind
    for kind in (MALFORMED, UNAUTHORIZED, NOT_FOUND, METHOD_NOT_ALLOWED, TOO_LARGE, UNSUPPORTED_MEDIA, INVALID)
}


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """A request that is answered with problem details.

    Attributes:
        kind: The problem type.
        detail: What was found, what was expected, what to do next.
        headers: Further headers of the response.
        more: Further members of the problem, such as `errors`.
    """

    def __init__(
        self,
        kind: ProblemKind,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = dict(more or {})
        if kind.status == 503:
            self.headers["Retry-After"] = "1"


class ProblemDetails(BaseModel):
    """Problem details as RFC 9457 defines them."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["urn:viennatag:problem:unreadable-image"])
    title: str = Field(examples=["The image cannot be read"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["the image is empty (0 bytes)"])
    instance: str = Field(examples=["/v1/predict"])
    request_id: str = Field(examples=["7f0d3a52c1b94f6e"])


PROBLEM_SCHEMA = ProblemDetails.__name__
"""The name of the schema of problems among the components of the OpenAPI description."""
_CONTENT = {"content": {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{PROBLEM_SCHEMA}"}}}}
RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "The request was wrong", **_CONTENT},
    "5XX": {"description": "The service is busy (503, with Retry-After) or failed", **_CONTENT},
}
"""Problem responses in the OpenAPI description."""


def problem_response(problem: Problem, *, path: str, request_id: str) -> JSONResponse:
    """Return the HTTP response of a problem."""
    content = {
        "type": f"urn:viennatag:problem:{problem.kind.name}",
        "title": problem.kind.title,
        "status": problem.kind.status,
        "detail": problem.detail,
        "instance": path,
        "request_id": request_id,
        **problem.more,
    }
    return JSONResponse(content, status_code=problem.kind.status, headers=problem.headers, media_type=MEDIA_TYPE)


def handle_problems(app: FastAPI) -> None:
    """Register handlers that turn the expected errors of an application into problem details."""

    async def respond(request: Request, exc: Exception) -> JSONResponse:
        request_id = getattr(request.state, "request_id", "")
        return problem_response(_problem_of(exc), path=request.url.path, request_id=request_id)

    for error in (Problem, HTTPException, RequestValidationError, ImageError, OptionError, CodeError, StoreError):
        app.add_exception_handler(error, respond)


def _problem_of(exc: Exception) -> Problem:
    match exc:
        case Problem():
            return exc
        case RequestValidationError():
            errors = [
                {"location": ".".join(str(part)[:_PART] for part in each["loc"]), "message": each["msg"]}
                for each in exc.errors()[:_NAMED]
            ]
            detail = "; ".join(f"{each['location']}: {each['message']}" for each in errors)
            if len(exc.errors()) > _NAMED:
                detail += f"; and {len(exc.errors()) - _NAMED:,} more"
            return Problem(INVALID, detail, more={"errors": errors})
        case HTTPException():
            kind = _OF_STATUS.get(exc.status_code, ProblemKind("http", exc.status_code, "The request failed"))
            headers = {name.lower(): value for name, value in (exc.headers or {}).items()}
            if headers.get("allow") == "GET":
                headers["allow"] = "GET, HEAD"  # the middleware answers it
            details = {
                NOT_FOUND: "unknown path; /openapi.json lists the paths",
                METHOD_NOT_ALLOWED: f"allowed: {headers.get('allow', 'another method')}",
            }
            return Problem(kind, details.get(kind, str(exc.detail)), headers=headers)
        case ImageError():
            return Problem(UNREADABLE_IMAGE, str(exc))
        case StoreError():
            return Problem(STORE_AWAY, str(exc))
        case _:
            return Problem(INVALID, str(exc))
