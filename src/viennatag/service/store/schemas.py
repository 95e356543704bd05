"""Bodies and responses of the team's routes, for the OpenAPI description."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from viennatag.service.schemas import FailedImage

Stage = Literal["first", "review", "settlement"]
"""An examination of a mark."""
MarkState = Literal["open", "done", "in review", "agreed", "disagreed", "settled"]
"""How far a mark is."""
Decision = Literal["accepted", "rejected"]
"""What somebody decided on a code."""
USER_NAME = r"^[\w.@+-]{1,64}$"
"""What a name of a user looks like."""
Label = Annotated[str, Field(max_length=1000)]
"""A code or a label."""
MOST_DECISIONS = 1000
"""Decisions on one mark."""
MarkId = Annotated[int, Field(ge=1, lt=2**31)]
"""The id of a mark."""


class UserResponse(BaseModel):
    """Somebody who calls."""

    name: str = Field(examples=["anna"])
    role: Literal["examiner", "lead", "program"]
    images_per_minute: int | None = Field(description="How many images they may send in a minute; null for any.")
    active: bool = Field(description="Whether they have a token.")


class UserList(BaseModel):
    """All users by name."""

    users: list[UserResponse]


class ExaminationResponse(BaseModel):
    """The decisions of one stage."""

    assigned_to: str | None
    examiner: str | None = Field(description="Who decided last.")
    version: int = Field(description="Counts the changes; whoever decides names the version that they saw.")
    decisions: dict[str, Decision] = Field(examples=[{"3.1.6": "accepted", "29.1.1": "rejected"}])
    changed: datetime | None
    done: datetime | None


class Disagreement(BaseModel):
    """The codes that only one of the two examiners accepted."""

    first: list[str]
    review: list[str]


class MarkResponse(BaseModel):
    """A mark and its examinations by stage."""

    id: int
    name: str = Field(examples=["logo.png"])
    image_hash: str | None = Field(description="SHA-256 of the image; null while only an export has named it.")
    model: str
    state: MarkState
    codes: list[str] | None = Field(description="The accepted codes once they are final; null before.")
    disagreement: Disagreement | None = None
    created: datetime
    examinations: dict[str, ExaminationResponse]
    suggestions: list[dict[str, Any]] | None = Field(None, description="As in a prediction; not in lists.")


class MarkList(BaseModel):
    """Marks in the order in which they came."""

    marks: list[MarkResponse]


class KeptMarks(BaseModel):
    """The marks of the images that were sent, in their order."""

    results: list[MarkResponse | FailedImage]


def _not_too_many(decisions: Any) -> Any:
    """Return decisions before each is looked at: a million errors would hold the service up."""
    if isinstance(decisions, dict) and len(decisions) > MOST_DECISIONS:
        raise ValueError(f"there are {len(decisions):,} decisions, at most {MOST_DECISIONS:,} are allowed")
    return decisions


class DecisionsBody(BaseModel):
    """The decisions of an examination, which replace the former ones."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=0, lt=2**31, description="The version of the examination that you saw; 0 for a new one.")
    decisions: Annotated[dict[Label, Decision], Field(max_length=MOST_DECISIONS), BeforeValidator(_not_too_many)]
    done: bool = Field(False, description="Whether the examination is finished.")


class AssignmentBody(BaseModel):
    """Marks whose examination somebody shall do."""

    model_config = ConfigDict(extra="forbid")

    marks: list[MarkId] = Field(min_length=1, max_length=1000)
    stage: Stage = "first"
    to: str | None = Field(pattern=USER_NAME, description="The name of a user; null for anybody.")


class EventResponse(BaseModel):
    """A line of the audit trail."""

    id: int
    at: datetime
    user: str | None = Field(description="Null if it was done by `viennatag team`.")
    action: str = Field(examples=["decided"])
    mark_id: int | None
    stage: str | None
    details: dict[str, Any] = Field(examples=[{"code": "3.1.6", "before": None, "after": "accepted"}])


class EventList(BaseModel):
    """Lines of the audit trail, the oldest first."""

    events: list[EventResponse]


def _clean(text: str) -> str:
    """Return a text as every database takes it."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:255]


def _none_if_empty(value: Any) -> Any:
    """Return a value; None for a cell of a table that is empty."""
    return None if value == "" else value


Text = Annotated[str, AfterValidator(_clean)]
Score = Annotated[Annotated[float, Field(ge=0, le=1)] | None, BeforeValidator(_none_if_empty)]


class ImportDecision(BaseModel):
    """What was suggested or decided for a code."""

    code: Label
    decision: str = Field(description="accepted, rejected, or anything else for an open one.")
    source: str = Field("", description="suggested, or added by somebody.")
    heading: Text = ""
    score: Score = None


class ImportMark(BaseModel):
    """A mark of the page's codes.json."""

    image: Annotated[Text, Field(min_length=1)]
    state: str = Field(description="done or open.")
    decisions: Annotated[list[ImportDecision], Field(max_length=5000, fail_fast=True)]
    decided_at: Annotated[datetime | None, BeforeValidator(_none_if_empty)] = None
    model: Text | None = None


class LeftOut(BaseModel):
    """A mark that was not imported."""

    image: str
    reason: str


class ImportResponse(BaseModel):
    """What an import did."""

    imported: int = Field(description="Marks whose decisions the store now has, those that it had before included.")
    left_out: list[LeftOut]
