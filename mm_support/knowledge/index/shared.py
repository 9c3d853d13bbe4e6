"""The index past one machine: versions lie in PostgreSQL, and every front keeps a copy of those
that it answers from in its own folder.

    knowledge_bases    the version of each base that is read, and the one before
    knowledge_files    the files of versions, their pictures and sources, in pieces, each once
    knowledge_holds    which files a version needs
    knowledge_learned  what was learned about a version

A copy is searched as any version is, so a question takes no longer than without a server, and is
answered while that is away. Files and pointer are written in one transaction: others see a version
when all of it is there. Knows nothing of how entries are scored.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from mm_support.errors import KnowledgeError, SupportError
from mm_support.files import replacing
from mm_support.knowledge.index.folder import HELD, LOCK, NEW, FolderIndex, Pointer, told_in_words
from mm_support.knowledge.index.locks import waiting
from mm_support.knowledge.index.version import FITTED, READ, Version
from mm_support.knowledge.text_score import UNKNOWN, TextScore

if TYPE_CHECKING:
    from psycopg import Connection

PIECE = 8 * 1024**2  # bytes of a file that a row holds
ANSWER = 5  # s in which the server must be reached
ALONE = "SELECT pg_advisory_xact_lock(hashtext('knowledge files'))"
IN_STEP = ".in-step"  # locked while the folder and the server are brought to agree
SCHEMA = """
CREATE TABLE IF NOT EXISTS knowledge_bases (
    name text PRIMARY KEY, version text NOT NULL, before text NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS knowledge_files (
    path text, piece integer, content bytea NOT NULL, PRIMARY KEY (path, piece));
CREATE TABLE IF NOT EXISTS knowledge_holds (
    base text, version text, path text, PRIMARY KEY (base, version, path));
CREATE INDEX IF NOT EXISTS knowledge_holds_by_path ON knowledge_holds (path);
CREATE TABLE IF NOT EXISTS knowledge_learned (
    base text, version text, learned json NOT NULL, PRIMARY KEY (base, version));
"""
ALL = """
SELECT name, own.version, before, learned FROM knowledge_bases AS own
    LEFT JOIN knowledge_learned AS about ON base = name AND about.version = own.version
"""
LEARNED = """
INSERT INTO knowledge_learned VALUES (%s, %s, %s)
    ON CONFLICT (base, version) DO UPDATE SET learned = excluded.learned
"""
LATEST = """
INSERT INTO knowledge_bases (name, version) VALUES (%s, %s) ON CONFLICT (name) DO UPDATE
    SET before = CASE WHEN %s THEN knowledge_bases.before ELSE knowledge_bases.version END,
        version = excluded.version
"""
REMOVE = """
UPDATE knowledge_bases SET version = '', before = version WHERE name = %s AND version <> ''
"""
BACK = """
UPDATE knowledge_bases SET version = before, before = version
    WHERE name = %s AND before <> '' RETURNING version, before
"""
FORGET = """
DELETE FROM {} AS old WHERE base = %s AND NOT EXISTS (
    SELECT FROM knowledge_bases AS own
    WHERE own.name = old.base AND old.version IN (own.version, own.before))
"""
TIDY = """
DELETE FROM knowledge_files AS file WHERE path ~ %s
    AND NOT EXISTS (SELECT FROM knowledge_holds AS held WHERE held.path = file.path)
"""


class SharedIndex(FolderIndex):
    """url: of a PostgreSQL server; the folder holds the copies. `follow` fetches what others
    published; a front calls it all the time. Raises KnowledgeError where the server does not
    answer.
    """

    def __init__(
        self,
        url: str,
        data_dir: Path,
        signature: str,
        d_text: int,
        d_picture: int,
        text_score: TextScore = UNKNOWN,
    ) -> None:
        super().__init__(data_dir, signature, d_text, d_picture, text_score)
        self._root, self._server = Path(data_dir), Server(url)
        self._changing = threading.local()
        self.follow()

    def follow(self) -> None:
        """Brings the copies up to date. Where that fails they stay as they were."""
        with waiting(self._folder / IN_STEP), self._server.open() as server:
            server.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")  # files stay
            rows = server.execute(ALL).fetchall()
            known = {name: (Pointer(*keys), learned) for name, *keys, learned in rows}
            for name, (pointer, learned) in known.items():
                if self._pointer(name) != pointer:
                    self._fetch(server, name, pointer)
                if not pointer.current:
                    continue
                version = self.open(name)
                if learned is not None and learned != version.fitted:
                    version.keep(learned, tell=False)
            for name in {*self.names(), *self.removed()} - known.keys():
                self._forget(name)

    @contextmanager
    def changing(self, name: str) -> Iterator[None]:
        """One at a time, over all fronts; what others published before is there."""
        with super().changing(name), self._server.open() as server:
            server.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"knowledge {name}"])
            self.follow()
            self._changing.server = server
            try:
                yield
            finally:
                self._changing.server = None

    def publish(self, name: str, folder: Path, held: IO[bytes] | None, again: bool) -> None:
        """Brings a finished folder to the server, and makes it current there and here."""
        key = folder.name.removesuffix(NEW)
        with waiting(self._folder / IN_STEP):
            if (lock := getattr(self._changing, "server", None)) is not None:
                lock.execute("SELECT 1")  # raises where it was lost, and others may change the base
            with self._server.open(alone=True) as server:
                for path, file in self._files(name, key, folder):
                    _upload(server, path, file)
                    server.execute(
                        "INSERT INTO knowledge_holds VALUES (%s, %s, %s)", [name, key, path]
                    )
                server.execute(LATEST, [name, key, again])
                _tidy(server, name)
            super().publish(name, folder, held, again)

    def undo(self, name: str) -> None:
        self._known(name)
        in_step = waiting(self._folder / IN_STEP)
        with told_in_words(), in_step, self._server.open(alone=True) as server:
            keys = server.execute(BACK, [name]).fetchone()
            if keys is None:
                raise KnowledgeError(f"The knowledge base {name!r} has no version before this one.")
            self._fetch(server, name, Pointer(*keys))

    def remove(self, name: str) -> None:
        self._known(name)
        with told_in_words(), waiting(self._folder / IN_STEP):
            with self._server.open(alone=True) as server:
                if not server.execute(REMOVE, [name]).rowcount:
                    server.execute("DELETE FROM knowledge_bases WHERE name = %s", [name])
                _tidy(server, name)
            super().remove(name)

    def _read(self, name: str, key: str) -> Version | None:
        version = super()._read(name, key)
        if version is not None:
            version.told = partial(self._share, name, key)
        return version

    def _share(self, name: str, key: str, learned: dict[str, Any]) -> None:
        """What was learned about a version goes to the other fronts too."""
        with self._server.open() as server:
            server.execute(LEARNED, [name, key, json.dumps(learned)])

    def _files(self, name: str, key: str, folder: Path) -> Iterator[tuple[str, Path]]:
        """What a version needs: where it lies below the data folder, and the file."""
        for file in sorted(folder.iterdir()):
            if file.name not in (HELD, FITTED, READ):
                yield f"{self._folder.name}/{name}/{key}/{file.name}", file
        version = Version(folder, self.pictures_dir)
        pictures = [self.pictures_dir / place for place in version.entries.pictures()]
        kept = [self.sources_dir / name / one for one in version.about.recipe.get("kept", ())]
        sources = [file for one in kept for file in one.rglob("*") if file.is_file()]
        for file in (*pictures, *sources):
            if file.is_file():
                yield file.relative_to(self._root).as_posix(), file

    def _fetch(self, server: Connection, name: str, pointer: Pointer) -> None:
        """Makes a version of the server current here; what is here already is not fetched."""
        base, key = self._folder / name, pointer.current
        if not key:  # it is removed
            base.mkdir(parents=True, exist_ok=True)
            with waiting(self._folder / LOCK):
                self._point(name, pointer)
            return
        self._sweep(name)  # what was cut off before
        with self._beside(name, key) as (beside, held):
            self._download(server, name, key, beside)
            with waiting(self._folder / LOCK):
                if held:
                    held.close()
                if not (base / key).exists():
                    os.replace(beside, base / key)
                self._point(name, pointer)

    def _download(self, server: Connection, name: str, key: str, beside: Path) -> None:
        own = PurePosixPath(self._folder.name, name, key)
        held = "SELECT path FROM knowledge_holds WHERE base = %s AND version = %s"
        for (path,) in server.execute(held, [name, key]).fetchall():
            place = PurePosixPath(path)
            if place.is_absolute() or ".." in place.parts:
                raise KnowledgeError(f"The shared index names a file outside its folder: {path}.")
            if (self._root / place).exists():
                continue
            target = beside / place.name if place.parent == own else self._root / place
            _download(server, path, target)


class Server:
    """A connection for each use, since it is used once in a while. Raises KnowledgeError."""

    def __init__(self, url: str) -> None:
        scheme, _, rest = url.partition("://")
        self._url = f"{scheme.partition('+')[0]}://{rest}"
        with self.open(alone=True) as connection:
            connection.execute(SCHEMA)

    @contextmanager
    def open(self, alone: bool = False) -> Iterator[Connection]:
        """A transaction, committed where the block ends well. alone: the only one that writes
        files.
        """
        try:
            import psycopg
        except ImportError as exc:
            raise SupportError(
                "A shared index needs a package: pip install '.[postgresql]'."
            ) from exc
        how: dict[str, Any] = {"connect_timeout": ANSWER, "prepare_threshold": None}
        try:
            with psycopg.connect(self._url, **how) as connection:
                if alone:
                    connection.execute(ALONE)
                yield connection
        except psycopg.Error as exc:
            raise KnowledgeError(
                f"The shared index cannot be reached or written ({type(exc).__name__}); check "
                "MM_SUPPORT_INDEX_URL. What this front has a copy of is answered from."
            ) from exc


def _upload(server: Connection, path: str, source: Path) -> None:
    """Does nothing for what is there: a path never holds anything else."""
    there = "SELECT 1 FROM knowledge_files WHERE path = %s LIMIT 1"
    if server.execute(there, [path]).fetchone():
        return
    add = "INSERT INTO knowledge_files VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
    with source.open("rb") as file:
        number, piece = 0, file.read(PIECE)
        while piece or not number:
            server.execute(add, [path, number, piece])
            number, piece = number + 1, file.read(PIECE)


def _download(server: Connection, path: str, target: Path) -> None:
    """Whole or not at all."""
    count = "SELECT count(*) FROM knowledge_files WHERE path = %s"
    one = "SELECT content FROM knowledge_files WHERE path = %s AND piece = %s"
    (pieces,) = server.execute(count, [path]).fetchone() or (0,)
    if not pieces:
        raise KnowledgeError(f"The shared index has lost a file: {path}.")
    with replacing(target) as beside, beside.open("wb") as file:
        for number in range(pieces):
            for (content,) in server.execute(one, [path, number], binary=True):
                file.write(content)


def _tidy(server: Connection, name: str) -> None:
    """Forgets versions of a base that nobody can go back to, with the files that only they need."""
    for table in ("knowledge_holds", "knowledge_learned"):
        server.execute(FORGET.format(table), [name])
    server.execute(TIDY, [f"^[^/]+/{name}/"])
