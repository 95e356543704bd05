"""Stores to test on: a file of SQLite, and a PostgreSQL that runs for these tests only, as a user without rights."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from viennatag.service.store.database import Database

_numbers = count(1)


def binary(name: str) -> str | None:
    """Return a program of PostgreSQL's server; Debian keeps them out of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    return shutil.which(name) or (str(found[-1]) if found else None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Yield the URL of a private cluster, without the name of a database."""
    pytest.importorskip("psycopg")
    initdb, server = binary("initdb"), binary("postgres")
    if initdb is None or server is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    user = "nobody" if os.geteuid() == 0 else None  # it refuses to run as root
    with tempfile.TemporaryDirectory(prefix="pg") as name, socket.socket() as free:
        folder = Path(name)
        if user:
            shutil.chown(folder, user)
        options = ["--username=office", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
        subprocess.run([initdb, "-D", str(folder / "data"), *options], user=user, check=True, capture_output=True)
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        command = [server, "-D", str(folder / "data"), "-p", str(port), "-c", "listen_addresses=127.0.0.1"]
        with (
            (folder / "log").open("wb") as log,
            subprocess.Popen([*command, "-k", name], user=user, stdout=log, stderr=log) as process,
        ):
            try:
                _wait_until_up(port, process, folder / "log")
                yield f"postgresql://office@127.0.0.1:{port}"
            finally:
                process.send_signal(signal.SIGQUIT)  # other signals write all to the disk, for half a minute
                process.wait(120)


def _wait_until_up(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    import time

    import psycopg

    for _ in range(2400):
        assert process.poll() is None, log.read_text()
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="office", dbname="postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text())


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a new, empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'office.db'}"
    return new_database(request.getfixturevalue("postgres"))


def new_database(server: str) -> str:
    """Make a schema in a cluster, and return the URL of what is in it: a database has a thousand files to remove."""
    import psycopg

    name = f"office{next(_numbers)}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}".encode())
    return f"{server}/postgres?options=-csearch_path%3D{name}"


@pytest.fixture
def database(store_url: str) -> Iterator[Database]:
    """Yield an open store."""
    opened = Database(store_url)
    yield opened
    opened.close()
