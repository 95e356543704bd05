"""Who calls: users of the store by their tokens, and how many images they may send."""

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from time import monotonic

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from viennatag.errors import OptionError
from viennatag.service.problems import TOO_MANY, Problem
from viennatag.service.store.database import Database
from viennatag.service.store.schemas import USER_NAME
from viennatag.service.store.tables import UserRow
from viennatag.service.store.team import log_user

ROLES = ("examiner", "lead", "program")
"""Examiners decide; leads also assign, settle and act for others; programs only send images."""
_REMEMBERED = 2.0  # seconds until a token is looked up again, so that a removed one ends soon


@dataclass
class Caller:
    """A user who calls, and what is left of the images that they may send; it grows with time."""

    user: UserRow
    left: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self.left, self._at = float(self.user.images_per_minute or 0), monotonic()

    def check_limit(self) -> None:
        """Raise a `Problem` if the images of the last minute used the limit up.

        A request may go beyond what is left, as its images are known once it is read; the next ones wait for it.
        """
        limit = self.user.images_per_minute
        if limit is None:
            return
        now = monotonic()
        self.left = min(limit, self.left + (now - self._at) * limit / 60)
        self._at = now
        if self.left <= 0:
            wait = int((1 - self.left) * 60 / limit) + 1
            found = f"{self.user.name} may send {limit} images a minute, and has"
            raise Problem(TOO_MANY, f"{found}; try again in {wait} s", headers={"Retry-After": str(wait)})

    def count(self, images: int) -> None:
        """Take images from what is left."""
        self.left -= images


class Callers:
    """The users of a store by token, remembered for a moment."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._callers: dict[str, Caller] = {}
        self._known: dict[str, tuple[float, str]] = {}  # by hash of the token: until when, and who

    async def find(self, token: str) -> Caller | None:
        """Return who has a token, or None.

        Raises:
            StoreError: If the database fails.
        """
        key = _hash_token(token)
        until, name = self._known.get(key, (0.0, ""))
        if monotonic() < until:
            return self._callers[name]
        self._known.pop(key, None)
        query = select(UserRow).where(UserRow.token_hash == key)
        user = await run_in_threadpool(self._database.read, lambda session: session.scalars(query).first())
        if user is None:
            return None
        caller = self._callers.setdefault(user.name, Caller(user))
        if user.images_per_minute != caller.user.images_per_minute:
            caller.left = float(user.images_per_minute or 0)
        caller.user = user
        self._known[key] = monotonic() + _REMEMBERED, user.name
        return caller


def _hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()  # a token is random and long, so a fast hash will do


def add_user(database: Database, name: str, role: str, images_per_minute: int = 0) -> str:
    """Add a user and return their token, which is shown this once; a limit of 0 is none.

    Raises:
        OptionError: If the name is taken or unsuitable, the role is unknown, or the limit is unsuitable.
        StoreError: If the database fails.
    """
    if not re.fullmatch(USER_NAME, name):
        raise OptionError(f"the name {name[:80]!r} is unsuitable; it has up to 64 letters, digits and . @ + - _")
    _check_role(role)
    limit = _read_limit(images_per_minute)
    token = secrets.token_urlsafe(24)

    def work(session: Session) -> None:
        if session.get(UserRow, name):
            raise OptionError(f"there is a user {name!r} already; `viennatag team token` gives a new token")
        user = UserRow(name=name, role=role, token_hash=_hash_token(token), images_per_minute=limit)
        session.add(user)
        session.flush()
        log_user(session, user, "user added")

    database.write(work)
    return token


def renew_token(database: Database, name: str) -> str:
    """Give a user a new token, which ends the old one within seconds, and return it.

    Raises:
        OptionError: If there is no such user.
        StoreError: If the database fails.
    """
    token = secrets.token_urlsafe(24)
    _change(database, name, "token renewed", token_hash=_hash_token(token))
    return token


def remove_user(database: Database, name: str) -> None:
    """End the token of a user within seconds; their name stays in the trail.

    Raises:
        OptionError: If there is no such user.
        StoreError: If the database fails.
    """
    _change(database, name, "user removed", token_hash=None)


def change_user(
    database: Database, name: str, *, role: str | None = None, images_per_minute: int | None = None
) -> None:
    """Change the role or the limit of a user; a limit of 0 is none.

    Raises:
        OptionError: If there is no such user, nothing is to change, the role is unknown, or the limit is unsuitable.
        StoreError: If the database fails.
    """
    if role is None and images_per_minute is None:
        raise OptionError("nothing is to change; give --role or --images-per-minute")
    _check_role(role)
    values: dict[str, str | int | None] = {} if role is None else {"role": role}
    if images_per_minute is not None:
        values["images_per_minute"] = _read_limit(images_per_minute)
    _change(database, name, "user changed", **values)


def _check_role(role: str | None) -> None:
    if role is not None and role not in ROLES:
        raise OptionError(f"the role {role!r} is unknown; choose one of {', '.join(ROLES)}")


def _read_limit(images_per_minute: int) -> int | None:
    if not 0 <= images_per_minute < 2**31:
        raise OptionError(f"the limit is {images_per_minute} images a minute; expected 0, for none, to 2,147,483,647")
    return images_per_minute or None


def _change(database: Database, name: str, action: str, **values: str | int | None) -> None:
    def work(session: Session) -> None:
        user = session.get(UserRow, name)
        if user is None:
            raise OptionError(f"there is no user {name[:80]!r}; `viennatag team list` shows them")
        for column, value in values.items():
            setattr(user, column, value)
        log_user(session, user, action)

    database.write(work)
