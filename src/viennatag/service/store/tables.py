"""The tables of the store. The migrations make them; a test holds both to one another."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, ForeignKey, Index, LargeBinary, String, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time, which SQLite would keep without its zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time in UTC."""
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time with its zone."""
        return value and (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC))


def utc_now() -> datetime:
    """Return the present time."""
    return datetime.now(UTC)


class StoreTable(DeclarativeBase):
    """The root of all tables."""

    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012


class UserRow(StoreTable):
    """Somebody who calls; of the token only a hash is kept."""

    __tablename__ = "users"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    images_per_minute: Mapped[int | None]
    created: Mapped[datetime] = mapped_column(default=utc_now)


class MarkRow(StoreTable):
    """An image, by its hash or, as long as only an export named it, by its name."""

    __tablename__ = "marks"

    id: Mapped[int] = mapped_column(primary_key=True)
    image_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(255), index=True)
    model: Mapped[str] = mapped_column(String(255))
    suggestions: Mapped[list[Any]] = mapped_column(deferred=True)
    state: Mapped[str] = mapped_column(String(16), index=True, default="open")
    created: Mapped[datetime] = mapped_column(default=utc_now)
    examinations: Mapped[list["ExaminationRow"]] = relationship(back_populates="mark", lazy="selectin")


class ExaminationRow(StoreTable):
    """The decisions of one stage, as `schemas.Stage` names them; `version` counts its changes."""

    __tablename__ = "examinations"

    mark_id: Mapped[int] = mapped_column(ForeignKey("marks.id"), primary_key=True)
    stage: Mapped[str] = mapped_column(String(16), primary_key=True)
    assigned_to: Mapped[str | None] = mapped_column(ForeignKey("users.name"), index=True)
    examiner: Mapped[str | None] = mapped_column(ForeignKey("users.name"))
    decisions: Mapped[dict[str, Any]] = mapped_column(default=dict)
    version: Mapped[int] = mapped_column(default=0)
    changed: Mapped[datetime | None]
    done: Mapped[datetime | None]
    mark: Mapped[MarkRow] = relationship(back_populates="examinations")


class EventRow(StoreTable):
    """One line of the audit trail; lines are only ever added."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_mark", "mark_id", "stage"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    user: Mapped[str | None] = mapped_column("user_name", ForeignKey("users.name"), index=True)
    action: Mapped[str] = mapped_column(String(16))
    mark_id: Mapped[int | None] = mapped_column(ForeignKey("marks.id"))
    stage: Mapped[str | None] = mapped_column(String(16))
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)


class BatchRow(StoreTable):
    """A batch of images, and what is wanted of them."""

    __tablename__ = "batches"

    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    wanted: Mapped[dict[str, Any]]
    images: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    size: Mapped[int] = mapped_column(BigInteger)
    created: Mapped[datetime] = mapped_column(default=utc_now)
    expires: Mapped[datetime | None]
    detail: Mapped[str | None]


class BatchImageRow(StoreTable):
    """An image of a batch, numbered from 1; its bytes give way to its result."""

    __tablename__ = "batch_images"

    batch: Mapped[int] = mapped_column(ForeignKey("batches.number", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
