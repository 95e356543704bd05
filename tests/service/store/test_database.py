"""Stores are made, brought up to date, and refused with one clear line."""

import re
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.orm import Session

from viennatag.errors import StoreError
from viennatag.service.store.access import add_user
from viennatag.service.store.database import Database
from viennatag.service.store.tables import StoreTable, UserRow
from viennatag.service.store.team import Team


def test_migrations_make_the_tables_that_the_code_knows(database: Database) -> None:
    def differences(session: Session) -> list[object]:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        return list(compare_metadata(context, StoreTable.metadata))

    assert database.read(differences) == []


def test_an_older_store_keeps_what_it_holds(store_url: str) -> None:
    old = Database(store_url, revision="1")
    row = (
        "INSERT INTO users (name, role, token_hash, created) VALUES ('anna', 'lead', 'x', '2026-01-02 03:04:05+00:00')"
    )
    old.write(lambda session: session.execute(text(row)) and None)
    old.close()
    for _ in range(2):  # the second time there is nothing to do
        new = Database(store_url)
        (user,) = Team(new).users()
        assert user == {"name": "anna", "role": "lead", "images_per_minute": None, "active": True}
        new.close()
    reopened = Database(store_url)
    created = reopened.read(lambda session: session.get_one(UserRow, "anna").created)
    assert created.isoformat() == "2026-01-02T03:04:05+00:00"
    reopened.close()


def test_a_newer_store_is_refused(store_url: str) -> None:
    store = Database(store_url)
    store.write(lambda session: session.execute(text("UPDATE alembic_version SET version_num = '99'")) and None)
    store.close()
    with pytest.raises(StoreError, match="newer version"):
        Database(store_url)


def test_what_is_no_store_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notes.txt").write_text("no database " * 100)
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE users (x)")
    other.close()
    refused = {
        "office.db": "not an address",
        "mysql://office": "mysql database, which is not supported",
        "sqlite://": "names no file",
        f"sqlite:///{tmp_path}/nowhere/office.db": "is not a folder; make it",
        f"sqlite:///{tmp_path}": "unable to open",
        f"sqlite:///{tmp_path}/notes.txt": "not a database",
        f"sqlite:///{tmp_path}/other.db": "users already exists",
        "postgresql://office@127.0.0.1:1/office": "refused",
    }
    for url, reason in refused.items():
        with pytest.raises(StoreError, match=re.escape(reason)) as raised:
            Database(url)
        assert "\n" not in str(raised.value)
        assert "Background on this error" not in str(raised.value)


def test_a_write_that_meets_another_is_done_again(database: Database) -> None:
    add_user(database, "anna", "lead")
    attempts = []

    def insert(session: Session) -> None:
        attempts.append(1)
        session.add(UserRow(name=names[len(attempts) - 1], role="lead"))

    names = ("anna", "ben")
    database.write(insert)
    assert len(attempts) == 2
    attempts.clear()
    names = ("anna",) * 3
    with pytest.raises(StoreError):
        database.write(insert)
    assert len(attempts) == 3
