"""`/v1/marks`, `/v1/users` and `/v1/events`: what a team shares. These routes exist only with a store."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool

from viennatag.errors import CodeError, DataError
from viennatag.model.bundle import Bundle
from viennatag.service.catalogue import model_name
from viennatag.service.parameters import PredictionQuery, prediction_query
from viennatag.service.prediction import predict_images
from viennatag.service.problems import FORBIDDEN, INVALID, RESPONSES, UNAUTHORIZED, Problem
from viennatag.service.state import State
from viennatag.service.store.access import Caller
from viennatag.service.store.exports import read_export
from viennatag.service.store.schemas import (
    USER_NAME,
    AssignmentBody,
    DecisionsBody,
    EventList,
    ImportMark,
    ImportResponse,
    KeptMarks,
    MarkList,
    MarkResponse,
    MarkState,
    Stage,
    UserList,
    UserResponse,
)
from viennatag.service.store.tables import UserRow, utc_now
from viennatag.service.store.team import NewMark, Team, describe_user, hash_image
from viennatag.service.uploads import IMAGES, receive_body, receive_images
from viennatag.vienna.codes import parse_code

_MOST_JSON = 2_000_000  # bytes of decisions or assignments
_LARGEST_ID = 2**31 - 1
_Body = TypeVar("_Body", bound=BaseModel)
_EXPORTS = {"text/csv": "csv", "application/json": "json", "application/zip": "zip"}
_FILE = {"schema": {"type": "string", "format": "binary"}}
_MARK = ImportMark.model_json_schema()
_MARK["properties"]["decisions"]["items"] = _MARK.pop("$defs")[
    "ImportDecision"
]  # OpenAPI has its definitions elsewhere
_MARKS = {"schema": {"type": "array", "items": _MARK}}
_EXPORT = {"required": True, "content": dict.fromkeys(_EXPORTS, _FILE) | {"application/json": _MARKS}}

MarkPath = Annotated[int, Path(ge=1, le=_LARGEST_ID, description="The id of a mark.")]
AfterQuery = Annotated[int, Query(ge=0, le=_LARGEST_ID, description="Only those after the one with this id.")]
CountQuery = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]
NameQuery = Annotated[str | None, Query(max_length=64, pattern=USER_NAME)]


def _caller(request: Request) -> Caller:
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None:
        raise Problem(UNAUTHORIZED, "this needs the token of a user; `viennatag team add` makes one")
    return caller


def _examiner(request: Request) -> UserRow:
    user = _caller(request).user
    if user.role == "program":
        raise Problem(FORBIDDEN, f"{user.name} is a program; only an examiner or a lead may do this")
    return user


CallerUser = Annotated[UserRow, Depends(_examiner)]


def code_reader(bundle: Bundle) -> Callable[[str], str]:
    """Return a function that returns a code in the spelling of the bundle, or raises CodeError."""
    names = set(bundle.labels.names)

    def read_label(text: str) -> str:
        if text not in names:
            raise CodeError(f"{text[:80]!r} is not a label of the bundle")
        return text

    return (lambda text: str(parse_code(text))) if bundle.labels.taxonomy == "vienna" else read_label


def team_routes(state: State, team: Team) -> APIRouter:
    """Return the routes of a team."""
    router = APIRouter(prefix="/v1", tags=["team"], responses=RESPONSES)
    bundle = state.predictor.bundle
    read_code = code_reader(bundle)
    model = " ".join(model_name(bundle).values())

    async def read_body(request: Request, kind: type[_Body]) -> _Body:
        async with receive_body(request, state, ("application/json",), most=_MOST_JSON) as (_, content):
            try:
                return kind.model_validate_json(content)
            except ValidationError as exc:
                raise RequestValidationError(
                    [{**each, "loc": ("body", *each["loc"])} for each in exc.errors()]
                ) from exc

    @router.get("/me", response_model=UserResponse, operation_id="read_caller")
    async def read_caller(request: Request) -> dict[str, Any]:
        """Show whose token this is."""
        return describe_user(_caller(request).user)

    @router.get("/users", response_model=UserList, operation_id="list_users")
    def list_users(_: CallerUser) -> dict[str, Any]:
        """List the users."""
        return {"users": team.users()}

    @router.post("/marks", response_model=KeptMarks, openapi_extra={"requestBody": IMAGES}, operation_id="add_marks")
    async def add_marks(
        request: Request,
        user: CallerUser,
        wanted: Annotated[PredictionQuery, Depends(prediction_query(state.predictor))],
    ) -> JSONResponse:
        """Suggest codes for images, and keep their hashes and suggestions; the images are not kept.

        An image that the store knows is answered with its decisions, so work goes on at another machine.
        """
        async with receive_images(request, state) as uploads:
            found = await predict_images(state, uploads, wanted)
            new = [
                NewMark(each["image"].replace("\0", ""), hash_image(upload.content), model, each["suggestions"])
                for upload, each in zip(uploads, found, strict=True)
                if "error" not in each
            ]
        kept = iter(await run_in_threadpool(team.add, user.name, new))
        return JSONResponse({"results": [each if "error" in each else next(kept) for each in found]})

    @router.get("/marks", response_model=MarkList, operation_id="list_marks")
    def list_marks(
        _: CallerUser,
        state: Annotated[MarkState | None, Query(description="Only marks in this state.")] = None,
        assigned_to: Annotated[NameQuery, Query(description="Only marks that this user has still to do.")] = None,
        image_hash: Annotated[
            str,
            Query(
                max_length=6500,
                pattern="^([0-9a-f]{64}(,[0-9a-f]{64})*)?$",
                description="SHA-256 hashes of images, separated by commas.",
            ),
        ] = "",
        after: AfterQuery = 0,
        count: CountQuery = 100,
    ) -> dict[str, Any]:
        """List marks in the order in which they came, without their suggestions."""
        hashes = image_hash.split(",") if image_hash else ()
        found = team.marks(state=state, assigned_to=assigned_to, hashes=hashes, after=after, count=count)
        return {"marks": found}

    @router.get("/marks/{id}", response_model=MarkResponse, operation_id="read_mark")
    def read_mark(_: CallerUser, id: MarkPath) -> dict[str, Any]:  # noqa: A002 - the name in the address
        """Show a mark with its suggestions and decisions."""
        return team.mark(id)

    @router.put(
        "/marks/{id}/{stage}", response_model=MarkResponse, openapi_extra=_json(DecisionsBody), operation_id="decide"
    )
    async def decide(request: Request, user: CallerUser, id: MarkPath, stage: Stage) -> JSONResponse:  # noqa: A002
        """Replace the decisions of an examination.

        If another changed them meanwhile, this is a conflict (409), with the mark as it is. The same again is none.
        """
        body = await read_body(request, DecisionsBody)
        decisions: dict[str, str] = {read_code(code): decision for code, decision in body.decisions.items()}
        if len(decisions) < len(body.decisions):
            raise Problem(INVALID, "body.decisions: a code comes twice, in two spellings")
        return JSONResponse(
            await run_in_threadpool(team.decide, user, id, stage, decisions, version=body.version, done=body.done)
        )

    @router.post(
        "/assignments", response_model=MarkList, openapi_extra=_json(AssignmentBody), operation_id="assign_marks"
    )
    async def assign_marks(request: Request, user: CallerUser) -> JSONResponse:
        """Say who shall examine or review marks. An examiner takes and returns work, a lead gives it to anybody."""
        body = await read_body(request, AssignmentBody)
        return JSONResponse({"marks": await run_in_threadpool(team.assign, user, body.marks, body.stage, body.to)})

    @router.post(
        "/imports", response_model=ImportResponse, openapi_extra={"requestBody": _EXPORT}, operation_id="import_marks"
    )
    async def import_marks(request: Request, user: CallerUser) -> JSONResponse:
        """Take over decisions that the page exported: feedback.csv, codes.csv, codes.json or feedback.zip.

        What the team decided before is left as it is, and named in the answer.
        """

        def work(media_type: str, content: bytes) -> dict[str, Any]:
            return team.import_marks(user, read_export(content, _EXPORTS[media_type], read_code, utc_now()))

        async with receive_body(request, state, tuple(_EXPORTS)) as (media_type, content):
            try:
                return JSONResponse(await run_in_threadpool(work, media_type, content))
            except DataError as exc:
                raise Problem(INVALID, str(exc)) from exc

    @router.get("/events", response_model=EventList, operation_id="list_events")
    def list_events(
        _: CallerUser,
        mark: Annotated[int | None, Query(ge=1, le=_LARGEST_ID, description="Only of this mark.")] = None,
        user: Annotated[NameQuery, Query(description="Only of this user.")] = None,
        after: AfterQuery = 0,
        count: CountQuery = 100,
        newest: Annotated[bool, Query(description="The newest ones in place of the oldest.")] = False,
    ) -> dict[str, Any]:
        """List who did what and when, in order."""
        return {"events": team.events(mark_id=mark, user=user, after=after, count=count, newest=newest)}

    return router


def _json(kind: type[BaseModel]) -> dict[str, Any]:
    """Return the OpenAPI description of a JSON body, which is read by hand because FastAPI sets it no limit."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": kind.model_json_schema()}}}}
