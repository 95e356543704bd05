"""What went wrong, told as RFC 9457 problem details: one shape for every error of the service."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from viennatag.errors import CodeError, ImageError, OptionError

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Kind:
    """A kind of problem: its name in the `type`, the HTTP status, and a title that never changes."""

    name: str
    status: int
    title: str


MALFORMED = Kind("malformed", 400, "The request cannot be read")
NO_TOKEN = Kind("no-token", 401, "A valid token is needed")
NOT_FOUND = Kind("not-found", 404, "There is no such thing here")
NO_HEAT_MAP = Kind("no-heat-map", 404, "The bundle has no heat maps")
NO_INDEX = Kind("no-index", 404, "The bundle has no index of known marks")
METHOD = Kind("method", 405, "The method is not allowed here")
SLOW_HEAD = Kind("slow-head", 408, "The request came too slowly")
SLOW_BODY = Kind("slow-body", 408, "The body came too slowly")
TOO_LARGE = Kind("too-large", 413, "The request is too large")
MEDIA = Kind("media-type", 415, "The body's media type is not supported")
WRONG_HOST = Kind("wrong-host", 421, "The service does not answer to this host name")
LONG_HEAD = Kind("long-head", 431, "The head of the request is too long")
INVALID = Kind("invalid", 422, "A value makes no sense")
UNREADABLE = Kind("unreadable-image", 422, "The image cannot be read")
INTERNAL = Kind("internal", 500, "The service failed")
BUSY = Kind("busy", 503, "The service is busy")
SLOW_ANSWER = Kind("slow-answer", 503, "The answer took too long")
STOPPING = Kind("stopping", 503, "The service is stopping")

_OF_STATUS = {kind.status: kind for kind in (MALFORMED, NO_TOKEN, NOT_FOUND, METHOD, TOO_LARGE, MEDIA, INVALID)}


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """A request that is answered with problem details.

    Attributes:
        kind: What kind it is.
        detail: What was found, what was expected, what to do.
        headers: More headers of the answer.
        more: More members of the problem, such as `errors`.
    """

    def __init__(
        self,
        kind: Kind,
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
    """An error, as RFC 9457 has it."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["urn:viennatag:problem:unreadable-image"])
    title: str = Field(examples=["The image cannot be read"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["the image is empty (0 bytes)"])
    instance: str = Field(examples=["/v1/predict"])
    request_id: str = Field(examples=["7f0d3a52c1b94f6e"])


_CONTENT = {"content": {MEDIA_TYPE: {"schema": ProblemDetails.model_json_schema()}}}
RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "The request was wrong", **_CONTENT},
    "5XX": {"description": "The service is busy (503, with Retry-After) or failed", **_CONTENT},
}
"""How the API's description tells of problems."""


def problem_response(problem: Problem, *, path: str, request_id: str) -> JSONResponse:
    """Return the answer that tells of a problem."""
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
    """Make an application answer every error that it raises on purpose with problem details."""

    async def answer(request: Request, exc: Exception) -> JSONResponse:
        return problem_response(
            _problem_of(exc), path=request.url.path, request_id=getattr(request.state, "request_id", "")
        )

    for kind in (Problem, HTTPException, RequestValidationError, ImageError, OptionError, CodeError):
        app.add_exception_handler(kind, answer)


def _problem_of(exc: Exception) -> Problem:
    match exc:
        case Problem():
            return exc
        case RequestValidationError():
            errors = [{"where": ".".join(map(str, each["loc"])), "what": each["msg"]} for each in exc.errors()]
            return Problem(INVALID, "; ".join(f"{e['where']}: {e['what']}" for e in errors), more={"errors": errors})
        case HTTPException():
            kind = _OF_STATUS.get(exc.status_code, Kind("http", exc.status_code, "The request failed"))
            headers = Headers(exc.headers)
            detail = {
                NOT_FOUND: "there is no such path; /openapi.json lists those that there are",
                METHOD: f"allowed is {headers.get('allow', 'another one')}",
            }.get(kind, str(exc.detail))
            return Problem(kind, detail, headers=headers)
        case ImageError():
            return Problem(UNREADABLE, str(exc))
        case _:
            return Problem(INVALID, str(exc))
