"""Marks, decisions and reviews of a team, and the trail of who decided what and when.

A mark has up to three examinations: the first; a review by somebody else; and where the two differ, a settlement by a
lead. Each carries a version. Who decides names the version that they saw, and gets a conflict if another was faster.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from viennatag.data.taxonomy import Hierarchy, Taxonomy, hierarchy
from viennatag.service.problems import CONFLICT, FORBIDDEN, INVALID, NOT_FOUND, Problem
from viennatag.service.store.database import Database
from viennatag.service.store.exports import ExportedMark
from viennatag.service.store.schemas import ExaminationResponse
from viennatag.service.store.tables import EventRow, ExaminationRow, MarkRow, UserRow, utc_now

ACCEPTED, REJECTED = "accepted", "rejected"
STATES = ("open", "done", "in review", "agreed", "disagreed", "settled")
"""Of a mark; it is in review from the end of the first examination to the end of the second, if one was begun."""
_FINAL = {"done", "agreed", "settled"}


@dataclass(frozen=True)
class NewMark:
    """An image as it was sent, and what the model said of it."""

    name: str
    image_hash: str
    model: str
    suggestions: list[dict[str, Any]]


def hash_image(content: bytes) -> str:
    """Return the SHA-256 hash by which an image is known, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def accepted_codes(decisions: Mapping[str, str], tree: Hierarchy) -> set[str]:
    """Return the accepted codes without the ancestors of others, as the page shows them."""
    codes = {code for code, decision in decisions.items() if decision == ACCEPTED}
    return codes.difference(*(tree.path(code)[:-1] for code in codes))


class Team:
    """The work of a team in a store. A method that names an unknown mark or user raises a `Problem`."""

    def __init__(self, database: Database, taxonomy: Taxonomy = "vienna") -> None:
        self._database = database
        self._tree = hierarchy(taxonomy)

    def users(self) -> list[dict[str, Any]]:
        """Return all users by name, without their tokens."""
        found = self._database.read(lambda session: session.scalars(select(UserRow).order_by(UserRow.name)).all())
        return [describe_user(user) for user in found]

    def add(self, caller: str, marks: Sequence[NewMark]) -> list[dict[str, Any]]:
        """Keep marks that are new, and return all of them as they are kept, decisions included.

        The suggestions that somebody decided on stay; those that nobody decided on are renewed.
        """

        def work(session: Session) -> list[dict[str, Any]]:
            return [self._describe(_keep(session, caller, mark), whole=True) for mark in marks]

        return self._database.write(work)

    def mark(self, mark_id: int) -> dict[str, Any]:
        """Return a mark with its suggestions and examinations."""
        return self._database.read(lambda session: self._describe(_find(session, mark_id), whole=True))

    def marks(
        self,
        *,
        state: str | None = None,
        assigned_to: str | None = None,
        hashes: Collection[str] = (),
        after: int = 0,
        count: int = 100,
    ) -> list[dict[str, Any]]:
        """Return marks in the order in which they came, without their suggestions.

        Args:
            state: One of `STATES`.
            assigned_to: Whose work they are and is not done.
            hashes: Of their images.
            after: Only those after the mark with this id.
            count: How many at most.
        """
        wanted = select(MarkRow).where(MarkRow.id > after).order_by(MarkRow.id).limit(count)
        if state:
            wanted = wanted.where(MarkRow.state == state)
        if hashes:
            wanted = wanted.where(MarkRow.image_hash.in_(hashes))
        if assigned_to:
            mine = (ExaminationRow.assigned_to == assigned_to) & ExaminationRow.done.is_(None)
            wanted = wanted.where(MarkRow.examinations.any(mine))
        return self._database.read(lambda session: [self._describe(mark) for mark in session.scalars(wanted)])

    def decide(
        self, caller: UserRow, mark_id: int, stage: str, decisions: Mapping[str, str], *, version: int, done: bool
    ) -> dict[str, Any]:
        """Replace the decisions of an examination, and return the mark; the same decisions again change nothing.

        Args:
            caller: Who decides.
            mark_id: The mark.
            stage: first, review (by a second examiner) or settlement (by a lead, where the two disagree).
            decisions: "accepted" or "rejected" for each decided code.
            version: The version of the examination that the caller saw; 0 for a new one.
            done: Whether the examination is finished.

        Raises:
            Problem: If the caller may not decide here, or another decided meanwhile.
        """

        def work(session: Session) -> dict[str, Any]:
            mark = _find(session, mark_id, lock=True)
            examination = _examination(mark, stage)
            _check_may_decide(session, caller, mark, examination)
            before = dict(examination.decisions), bool(examination.done)
            if before == (dict(decisions), done) and examination.examiner == caller.name:
                return self._describe(mark, whole=True)
            if version != examination.version:
                found = f"the {stage} examination has version {examination.version}, not {version}"
                changed = f"{examination.examiner} changed it at {_time(examination.changed)}"
                by = changed if examination.version else "nobody has decided yet"
                advice = "look at the decisions in `mark` and decide again, with its version"
                raise Problem(CONFLICT, f"{found}: {by}; {advice}", more={"mark": self._describe(mark, whole=True)})
            self._log_decisions(session, caller.name, examination, decisions, done=done)
            self._set(examination, caller.name, decisions, utc_now() if done else None)
            return self._describe(mark, whole=True)

        return self._database.write(work)

    def assign(self, caller: UserRow, mark_ids: Collection[int], stage: str, to: str | None) -> list[dict[str, Any]]:
        """Assign examinations to a user, or to nobody, and return the marks.

        Raises:
            Problem: If the caller is no lead and takes work that is another's, or gives work to another; or if the
                reviewer examined the mark first.
        """

        def work(session: Session) -> list[dict[str, Any]]:
            if to is not None:
                user = session.get(UserRow, to)
                if user is None or not user.token_hash or user.role == "program":
                    raise Problem(NOT_FOUND, f"there is no examiner {to[:64]!r}; `GET /v1/users` lists them")
            return [assign_one(session, mark_id) for mark_id in sorted(set(mark_ids))]

        def assign_one(session: Session, mark_id: int) -> dict[str, Any]:
            mark = _find(session, mark_id, lock=True)
            examination = _examination(mark, stage)
            if caller.role != "lead" and not {examination.assigned_to, to} <= {None, caller.name}:
                raise Problem(FORBIDDEN, f"{_named(mark)} is the work of another, or would be; ask a lead")
            if stage == "review" and to is not None:
                _check_is_second(session, mark, to)
            if examination.assigned_to != to:
                _log(session, caller.name, "assigned", mark, stage, {"from": examination.assigned_to, "to": to})
                examination.assigned_to = to
                mark.state = self._state(mark)
            return self._describe(mark)

        return self._database.write(work)

    def import_marks(self, caller: UserRow, exported: Iterable[ExportedMark]) -> dict[str, Any]:
        """Take over decisions that were exported from the page, and return how many, and what was left out and why.

        A mark is found by its hash or its name, and is new otherwise. What the team decided is never replaced.
        """
        marks = sorted(exported, key=lambda mark: mark.name)  # so that two imports lock in the same order

        def work(session: Session) -> dict[str, Any]:
            outcomes = [(mark.name, self._import_one(session, caller, mark)) for mark in marks]
            left_out = [{"image": name, "reason": reason} for name, reason in outcomes if reason]
            return {"imported": len(outcomes) - len(left_out), "left_out": left_out}

        return self._database.write(work)

    def events(
        self,
        *,
        mark_id: int | None = None,
        user: str | None = None,
        after: int = 0,
        count: int = 100,
        newest: bool = False,
    ) -> list[dict[str, Any]]:
        """Return lines of the audit trail in order; at most `count`, the oldest or the newest ones."""
        order = EventRow.id.desc() if newest else EventRow.id
        wanted = select(EventRow).where(EventRow.id > after).order_by(order).limit(count)
        if mark_id is not None:
            wanted = wanted.where(EventRow.mark_id == mark_id)
        if user is not None:
            wanted = wanted.where(EventRow.user == user)
        names = ("id", "user", "action", "mark_id", "stage", "details")
        rows = self._database.read(lambda session: session.scalars(wanted).all())
        found = [{name: getattr(row, name) for name in names} | {"at": _time(row.at)} for row in rows]
        return found[::-1] if newest else found

    def _import_one(self, session: Session, caller: UserRow, exported: ExportedMark) -> str:
        """Take over one mark; return why not, or nothing."""
        found = _known(session, exported.name, exported.image_hash, lock=True)
        if len(found) > 1:
            return f"the store has {len(found)} marks of this name; import the archive, which has the images"
        mark = found[0] if found else None
        mark = mark or _new_mark(
            session, caller.name, exported.name, exported.image_hash, exported.model, exported.suggestions
        )
        mark.image_hash = mark.image_hash or exported.image_hash
        examination = _examination(mark, "first")
        if examination.version:
            same = examination.decisions == exported.decisions and bool(examination.done) == bool(exported.done)
            return "" if same else f"{examination.examiner} decided it at {_time(examination.changed)}"
        if examination.assigned_to not in {None, caller.name} and caller.role != "lead":
            return f"it is assigned to {examination.assigned_to}"
        if exported.decisions or exported.done:
            details = {"decisions": exported.decisions, "done": exported.done and _time(exported.done)}
            _log(session, caller.name, "imported", mark, "first", details)
            self._set(examination, caller.name, exported.decisions, exported.done)
        return ""

    def _set(
        self, examination: ExaminationRow, examiner: str, decisions: Mapping[str, str], done: datetime | None
    ) -> None:
        examination.examiner, examination.decisions = examiner, dict(decisions)
        examination.changed, examination.done = utc_now(), done
        examination.version += 1
        examination.mark.state = self._state(examination.mark)

    def _state(self, mark: MarkRow) -> str:
        by = {each.stage: each for each in mark.examinations}
        first, review, settlement = by["first"], by.get("review"), by.get("settlement")
        if not first.done:
            return "open"
        if review is None or not (review.done or review.assigned_to or review.version):
            return "done"
        if not review.done:
            return "in review"
        if self._accepted(first) == self._accepted(review):
            return "agreed"
        return "settled" if settlement and settlement.done else "disagreed"

    def _accepted(self, examination: ExaminationRow) -> set[str]:
        return accepted_codes(examination.decisions, self._tree)

    def _log_decisions(
        self, session: Session, user: str, examination: ExaminationRow, decisions: Mapping[str, str], *, done: bool
    ) -> None:
        """Add a line for each code whose decision changes, and one if the examination ends or is opened again."""
        before = examination.decisions
        for code in sorted(before.keys() | decisions.keys()):
            if before.get(code) != decisions.get(code):
                details = {"code": code, "before": before.get(code), "after": decisions.get(code)}
                _log(session, user, "decided", examination.mark, examination.stage, details)
        if done != bool(examination.done):
            details = {"codes": sorted(accepted_codes(decisions, self._tree))}
            _log(session, user, "finished" if done else "reopened", examination.mark, examination.stage, details)

    def _describe(self, mark: MarkRow, *, whole: bool = False) -> dict[str, Any]:
        by = {each.stage: each for each in mark.examinations}
        first, review = (self._accepted(by[stage]) if stage in by else set() for stage in ("first", "review"))
        differ = mark.state in {"disagreed", "settled"}
        last = by["settlement"] if mark.state == "settled" else by["first"]
        return {
            "id": mark.id,
            "name": mark.name,
            "image_hash": mark.image_hash,
            "model": mark.model,
            "state": mark.state,
            "codes": sorted(self._accepted(last)) if mark.state in _FINAL else None,
            "disagreement": {"first": sorted(first - review), "review": sorted(review - first)} if differ else None,
            "created": _time(mark.created),
            "examinations": {
                stage: ExaminationResponse.model_validate(each, from_attributes=True).model_dump(mode="json")
                for stage, each in by.items()
            },
            **({"suggestions": mark.suggestions} if whole else {}),
        }


def describe_user(user: UserRow) -> dict[str, Any]:
    """Return what others may know of a user."""
    limit = user.images_per_minute
    return {"name": user.name, "role": user.role, "images_per_minute": limit, "active": user.token_hash is not None}


def log_user(session: Session, user: UserRow, action: str) -> None:
    """Add to the trail what the office did to a user, outside of the service."""
    details = describe_user(user) | {"user": user.name}
    session.add(EventRow(user=None, action=action, details=details))


def _find(session: Session, mark_id: int, *, lock: bool = False) -> MarkRow:
    wanted = select(MarkRow).where(MarkRow.id == mark_id).options(undefer(MarkRow.suggestions))
    mark = session.scalars(wanted.with_for_update() if lock else wanted).first()
    if mark is None:
        raise Problem(NOT_FOUND, f"there is no mark {mark_id}; `GET /v1/marks` lists them")
    return mark


def _known(session: Session, name: str, image_hash: str | None, *, lock: bool = False) -> Sequence[MarkRow]:
    """Return the marks of an image: by its hash; or by its name, as an export may have told it first."""
    named = MarkRow.name == name
    ways = [named] if image_hash is None else [MarkRow.image_hash == image_hash, named & MarkRow.image_hash.is_(None)]
    queries = (select(MarkRow).where(way) for way in ways)
    found = (session.scalars(query.with_for_update() if lock else query).all() for query in queries)
    return next(filter(None, found), ())


def _named(mark: MarkRow) -> str:
    return f"mark {mark.id} ({mark.name})"


def _examination(mark: MarkRow, stage: str) -> ExaminationRow:
    for examination in mark.examinations:
        if examination.stage == stage:
            return examination
    new = ExaminationRow(stage=stage, decisions={}, version=0)
    mark.examinations.append(new)
    return new


def _keep(session: Session, caller: str, new: NewMark) -> MarkRow:
    mark = next(iter(_known(session, new.name, new.image_hash)), None)
    if mark is None:
        mark = _new_mark(session, caller, new.name, new.image_hash, new.model, new.suggestions)
    elif not any(each.version for each in mark.examinations):
        mark.model, mark.suggestions = new.model, new.suggestions
    mark.image_hash = new.image_hash
    session.flush()
    return mark


def _new_mark(
    session: Session, caller: str, name: str, image_hash: str | None, model: str, suggestions: list[dict[str, Any]]
) -> MarkRow:
    mark = MarkRow(
        name=name, image_hash=image_hash, model=model, suggestions=suggestions, state="open", examinations=[]
    )
    _examination(mark, "first")
    session.add(mark)
    session.flush()
    _log(session, caller, "added", mark, None, {"name": name, "image_hash": image_hash, "model": model})
    return mark


def _check_may_decide(session: Session, caller: UserRow, mark: MarkRow, examination: ExaminationRow) -> None:
    stage, assigned = examination.stage, examination.assigned_to
    if assigned not in {None, caller.name} and caller.role != "lead":
        raise Problem(FORBIDDEN, f"the {stage} examination of mark {mark.id} is assigned to {assigned}; ask a lead")
    if stage == "review":
        _check_is_second(session, mark, caller.name)
        if not _examination(mark, "first").done:
            raise Problem(INVALID, f"mark {mark.id} cannot be reviewed: its first examination is not done")
    if stage == "settlement":
        if caller.role != "lead":
            raise Problem(FORBIDDEN, "only a lead settles a disagreement")
        if mark.state not in {"disagreed", "settled"}:
            raise Problem(INVALID, f"mark {mark.id} is {mark.state}; only a disagreement is settled")


def _check_is_second(session: Session, mark: MarkRow, name: str) -> None:
    """Raise a `Problem` if somebody took part in the first examination, by the trail."""
    mine = (EventRow.mark_id == mark.id) & (EventRow.stage == "first") & (EventRow.user == name)
    if session.scalars(select(EventRow.id).where(mine, EventRow.action != "assigned").limit(1)).first():
        raise Problem(FORBIDDEN, f"{name} took part in the first examination of {_named(mark)}; another must review it")


def _log(session: Session, user: str, action: str, mark: MarkRow, stage: str | None, details: dict[str, Any]) -> None:
    session.add(EventRow(user=user, action=action, mark_id=mark.id, stage=stage, details=details))


def _time(value: datetime | None) -> str | None:
    return value.isoformat().replace("+00:00", "Z") if value else None  # as in all other answers
