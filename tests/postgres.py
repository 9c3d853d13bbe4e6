"""A PostgreSQL server for tests: in a folder of its own, reached by a socket in it, with a database
for each test. Its time zone is far from UTC, as a company's may be.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

DEBIAN = Path("/usr/lib/postgresql")  # where it is in no PATH
QUICK = ("fsync", "synchronous_commit", "full_page_writes")  # switched off: nothing outlives a test
PATIENCE = 30  # s until it must answer


def programs() -> Path | None:
    """The folder of initdb and postgres; None where they are not installed."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(DEBIAN.glob("*/bin"), reverse=True)
    return next((path for path in folders if (path / "postgres").is_file()), None)


class Server:
    """Runs until `close`. PostgreSQL refuses to be run by root, so somebody else does then."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="postgres"))
        self._programs, self._as = folder, {}
        self._numbers, self._template = itertools.count(), ""
        if os.geteuid() == 0:
            import pwd  # not on Windows

            known = {entry.pw_name: entry for entry in pwd.getpwall()}
            who = known.get("postgres") or known["nobody"]
            os.chown(self.folder, who.pw_uid, who.pw_gid)
            self._as = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
        data = self.folder / "data"
        make = [folder / "initdb", "-D", data, "-U", "tests", "-A", "trust", "-E", "UTF8"]
        self._run([*make, "--no-sync", "--locale=C.UTF-8"])
        self.start()

    def start(self) -> None:
        settings = {name: "off" for name in QUICK} | {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "max_connections": "200",
            "timezone": "Asia/Shanghai",
        }
        given = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self.folder / "data", *given],
                stdout=log,
                stderr=log,
                **self._as,
            )
        self._wait()

    def database(self, migrated: bool = True) -> str:
        """The URL of a new database: with all tables, or empty."""
        if migrated and not self._template:
            from mm_support.store.database import Store

            self._template = "migrated"
            Store(self._new(self._template)).close()
        return self._new(f"test{next(self._numbers)}", self._template if migrated else "template1")

    def drop(self, url: str) -> None:
        """With all its connections."""
        self.execute(f"DROP DATABASE {self.name(url)} WITH (FORCE)")

    def name(self, url: str) -> str:
        return url.partition("@/")[2].partition("?")[0]

    def execute(self, statement: str, database: str = "postgres") -> list[tuple]:
        import psycopg

        address = {"host": str(self.folder), "user": "tests", "dbname": database}
        with psycopg.connect(**address, autocommit=True) as connection:
            answer = connection.execute(statement)
            return answer.fetchall() if answer.description else []

    def crash(self) -> None:
        """All of its processes end at once, as if somebody had killed them."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(PATIENCE)

    def close(self) -> None:
        self._process.send_signal(signal.SIGINT)  # without waiting for clients
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _new(self, name: str, template: str = "template1") -> str:
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return f"postgresql://tests@/{name}?host={self.folder}"

    def _run(self, command: list) -> None:
        subprocess.run(command, check=True, capture_output=True, **self._as)

    def _wait(self) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self.execute("SELECT 1")
                return
            except Exception:
                if time.monotonic() > end or self._process.poll() is not None:
                    raise
                time.sleep(0.05)
