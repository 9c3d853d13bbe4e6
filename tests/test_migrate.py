"""Migrations: a database of before is brought up to date with all its rows, one of later is
refused.
"""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from conftest import on_postgresql
from sqlalchemy import create_engine, inspect, select

from mm_support.desk.conversations import Desk
from mm_support.errors import StoreError
from mm_support.store.database import Store
from mm_support.store.migrate import FIRST, MIGRATIONS, revisions
from mm_support.store.models import Base, HandoffRow

# as the last version without migrations made it, with what it wrote
BEFORE = """
CREATE TABLE turns (
    id VARCHAR(32) NOT NULL, session_id VARCHAR(64) NOT NULL, created DATETIME NOT NULL,
    knowledge VARCHAR(64) NOT NULL, text TEXT NOT NULL, transcript JSON, image JSON,
    hits JSON NOT NULL, reply TEXT NOT NULL, action VARCHAR(16) NOT NULL,
    reason VARCHAR(16) NOT NULL, confidence DOUBLE NOT NULL, citations JSON NOT NULL,
    intent VARCHAR(64) NOT NULL, fusion JSON, timings JSON NOT NULL, PRIMARY KEY (id));
CREATE INDEX turns_by_session ON turns (session_id, created);
CREATE TABLE feedback (
    id INTEGER NOT NULL, turn_id VARCHAR(32) NOT NULL, created DATETIME NOT NULL,
    rating VARCHAR(8) NOT NULL, comment TEXT NOT NULL, PRIMARY KEY (id),
    FOREIGN KEY(turn_id) REFERENCES turns (id));
CREATE INDEX ix_feedback_turn_id ON feedback (turn_id);
CREATE TABLE handoffs (
    turn_id VARCHAR(32) NOT NULL, session_id VARCHAR(64) NOT NULL, created DATETIME NOT NULL,
    reason VARCHAR(16) NOT NULL, summary TEXT NOT NULL, PRIMARY KEY (turn_id),
    FOREIGN KEY(turn_id) REFERENCES turns (id));
CREATE INDEX ix_handoffs_created ON handoffs (created);
CREATE INDEX ix_handoffs_session_id ON handoffs (session_id);
INSERT INTO turns VALUES ('t1', 's', '2026-01-01 10:00:00.000000', 'shop', 'how long',
    'null', 'null',
    '[{"id": "refund", "title": "Refund"}, {"id": "parcel", "title": "Parcel"},
     {"id": "x", "title": "Gift"}]',
    'Is it about “Refund” or “Parcel”?', 'clarify', 'ambiguous',
    0.4, '[]', '', 'null', '{"total": 3.0}');
INSERT INTO turns VALUES ('t2', 's', '2026-01-01 10:01:00.000000', 'shop', 'the second one',
    '{"text": "spoken", "language": "de"}', 'null', '[{"id": "parcel", "title": "Parcel"}]',
    'In 3 days [1].', 'answer', 'evidence', 0.9, '["parcel"]', 'delivery', 'null', '{}');
INSERT INTO feedback (turn_id, created, rating, comment) VALUES (
    't2', '2026-01-01 10:02:00.000000', 'up', 'thanks');
INSERT INTO handoffs VALUES ('t1', 's', '2026-01-01 10:00:00.000000', 'asked', 'Why: asked.');
"""


OF_POSTGRESQL = {"DATETIME": "TIMESTAMPTZ", "DOUBLE": "DOUBLE PRECISION", "id INTEGER": "id SERIAL"}


@pytest.fixture
def database_url(request, database_url):
    """Without any tables."""
    if database_url.startswith("sqlite"):
        yield database_url
        return
    server = request.getfixturevalue("postgres")
    url = server.database(migrated=False)
    yield url
    server.drop(url)


@contextmanager
def connected(url):
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def run(url, sql):
    for word, own in OF_POSTGRESQL.items() if url.startswith("postgres") else ():
        sql = sql.replace(word, own)
    with connected(url) as connection:
        for statement in filter(str.strip, sql.split(";")):
            connection.exec_driver_sql(statement)


def differences(url):
    """Between the tables in the database and those that the code declares."""
    with connected(url) as connection:
        return compare_metadata(MigrationContext.configure(connection), Base.metadata)


def test_a_new_database_has_the_tables_that_the_code_declares(database_url):
    Store(database_url).close()
    assert differences(database_url) == []


def handed_over(store):
    """The summaries of all hand-overs."""
    with store.reading() as session:
        return list(session.scalars(select(HandoffRow.summary)))


def test_a_database_of_before_keeps_all_rows_and_gets_the_new_tables(database_url):
    run(database_url, BEFORE)
    store = Store(database_url)
    asked_back, answered = store.past("s")
    assert asked_back.asked_about == ("Refund", "Parcel")  # read from the text, for the last time
    assert (answered.text, answered.topic) == ("the second one spoken", "Parcel")
    assert answered.language == "de"
    (_, none), (row, (feedback,)) = store.turns()
    assert none == [] and (row.intent, feedback.comment) == ("delivery", "thanks")
    assert handed_over(store) == ["Why: asked."]
    assert Desk(store).owner("s") == "assistant" and Desk(store).waiting() == ()
    store.close()
    assert differences(database_url) == []


def test_opening_again_changes_nothing(database_url):
    run(database_url, BEFORE)
    for _ in range(2):
        store = Store(database_url)
        assert len(list(store.turns())) == 2
        store.close()


def test_a_step_that_fails_leaves_the_database_as_it_was(database_url):
    run(database_url, BEFORE + "CREATE TABLE messages (x INTEGER);")  # in the way of the last step
    with pytest.raises(StoreError):
        Store(database_url)
    with connected(database_url) as connection:
        columns = {column["name"] for column in inspect(connection).get_columns("turns")}
        assert not inspect(connection).has_table("conversations") and "asked_about" not in columns
    run(database_url, "DROP TABLE messages")
    Store(database_url).close()
    assert differences(database_url) == []


def test_a_database_of_a_newer_version_is_one_sentence(database_url):
    Store(database_url).close()
    run(database_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="newer version") as caught:
        Store(database_url)
    assert "\n" not in str(caught.value)


def test_of_several_that_open_it_at_once_one_migrates(database_url):
    run(database_url, BEFORE)
    with ThreadPoolExecutor(4) as fronts:
        stores = list(fronts.map(Store, [database_url] * 4))
    assert [len(list(store.turns())) for store in stores] == [2] * 4
    [store.close() for store in stores]
    assert differences(database_url) == []


@on_postgresql
def test_the_first_step_is_brought_up_to_date_with_its_rows(database_url):
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with connected(database_url) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, FIRST)
    run(database_url, BEFORE[BEFORE.index("INSERT") :])
    store = Store(database_url)
    assert [past.action for past in store.past("s")] == ["clarify", "answer"]
    assert [len(ratings) for _, ratings in store.turns()] == [0, 1]
    store.add_feedback("t1", "up")
    assert handed_over(store) == ["Why: asked."]
    store.close()
    assert differences(database_url) == []


def test_a_database_that_is_up_to_date_is_opened_without_alembic(tmp_path):
    url = f"sqlite:///{tmp_path / 'turns.sqlite'}"
    Store(url).close()
    opened = f"from mm_support.store.database import Store; import sys; Store({url!r})"
    loaded = f"{opened}; print(sum(name.startswith('alembic') for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True)
    assert done.stdout.strip() == "0", done.stderr


def test_the_steps_are_those_of_alembic_in_its_order():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert revisions() == [step.revision for step in scripts.walk_revisions()][::-1]
