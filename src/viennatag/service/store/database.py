"""Open a store, bring its tables up to date, and run transactions in it.

A transaction that writes begins as such: in SQLite one that reads first and writes later fails when another wrote in
between. What is committed is on the disk, so an acknowledged decision survives the end of the process.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from viennatag.errors import StoreError, require

EXPECTED = "expected sqlite:///office.db or postgresql://user@host/database"
_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
_LOCK_SECONDS = 30
_ATTEMPTS = 3
_DEADLOCK = "40P01"  # of PostgreSQL
_ANY_LOCK = 7_316_102  # the number under which services take turns to migrate
_Result = TypeVar("_Result")


class Database:
    """A store by its URL; its tables are made, or brought up to date, when it is opened.

    Raises:
        StoreError: If it cannot be reached, is no store, or was written by a newer version.
    """

    def __init__(self, url: str, *, revision: str = "head") -> None:
        self._engine = _engine(url)
        self._writing = self._engine.execution_options(writes=True)
        try:
            with _translated():
                self._migrate(revision)
        except StoreError:
            self.close()
            raise

    def read(self, work: Callable[[Session], _Result]) -> _Result:
        """Return what work in a transaction returns.

        Raises:
            StoreError: If the database fails.
        """
        with _translated(), Session(self._engine, expire_on_commit=False) as session:
            return work(session)

    def write(self, work: Callable[[Session], _Result]) -> _Result:
        """Return what work returns, once it is committed; it is done again if it met another write.

        Raises:
            StoreError: If the database fails; then nothing was written.
        """
        with _translated():
            for _ in range(_ATTEMPTS - 1):
                try:
                    return self._write(work)
                except DBAPIError as exc:
                    if not isinstance(exc, IntegrityError) and getattr(exc.orig, "sqlstate", None) != _DEADLOCK:
                        raise
            return self._write(work)

    def _write(self, work: Callable[[Session], _Result]) -> _Result:
        with Session(self._writing, expire_on_commit=False) as session, session.begin():
            return work(session)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _migrate(self, revision: str) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with self._writing.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_ANY_LOCK})"))
            config.attributes["connection"] = connection
            command.upgrade(config, revision)


def _engine(url: str) -> Engine:
    try:
        address = make_url(url)
    except ArgumentError:
        raise StoreError(f"the store {url[:80]!r} is not an address of a database; {EXPECTED}") from None
    kind = address.get_backend_name()
    if kind not in _DRIVERS:
        raise StoreError(f"the store is a {kind} database, which is not supported; {EXPECTED}")
    if kind == "sqlite":
        if not address.database or address.database == ":memory:":
            raise StoreError(f"the store {url!r} names no file, so nothing would be kept; {EXPECTED}")
        if not (folder := Path(address.database).parent).is_dir():
            raise StoreError(f"the store {url!r} lies in {folder}, which is not a folder; make it first")
        engine = create_engine(address, connect_args={"timeout": _LOCK_SECONDS})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    require("psycopg", "postgres")
    options: dict[str, Any] = {"connect_timeout": 10}
    return create_engine(
        address.set(drivername=_DRIVERS[kind]), connect_args=options, pool_pre_ping=True, pool_size=10, max_overflow=20
    )


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # else the driver would begin transactions of its own, too late
    for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {setting}").close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what SQLAlchemy and Alembic raise into `StoreError`, in the one place."""
    try:
        yield
    except CommandError as exc:
        raise StoreError(f"the store was written by a newer version of viennatag, or is none ({exc})") from exc
    except SQLAlchemyError as exc:
        found = str(getattr(exc, "orig", None) or exc).strip().splitlines()[0]
        raise StoreError(f"the store failed: {found}; check its address, its rights and its disk") from exc
