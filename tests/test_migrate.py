"""Migrations: a database of before is brought up to date with all its rows, one of later is
refused.
"""

import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from mm_support.desk.conversations import Desk
from mm_support.errors import StoreError
from mm_support.store.database import Store
from mm_support.store.models import Base

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
INSERT INTO feedback VALUES (1, 't2', '2026-01-01 10:02:00.000000', 'up', 'thanks');
INSERT INTO handoffs VALUES ('t1', 's', '2026-01-01 10:00:00.000000', 'asked', 'Why: asked.');
"""


@pytest.fixture
def place(tmp_path):
    return tmp_path / "turns.sqlite"


def run(place, sql):
    database = sqlite3.connect(place)
    with database:
        database.executescript(sql)
    database.close()


def open_store(place):
    return Store(f"sqlite:///{place}")


def differences(place):
    """Between the tables in the file and those that the code declares."""
    engine = create_engine(f"sqlite:///{place}")
    with engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection), Base.metadata)


def test_a_new_database_has_the_tables_that_the_code_declares(place):
    open_store(place).close()
    assert differences(place) == []


def test_a_database_of_before_keeps_all_rows_and_gets_the_new_tables(place):
    run(place, BEFORE)
    store = open_store(place)
    asked_back, answered = store.past("s")
    assert asked_back.asked_about == ("Refund", "Parcel")  # read from the text, for the last time
    assert (answered.text, answered.topic) == ("the second one spoken", "Parcel")
    assert answered.language == "de"
    (_, none), (row, (feedback,)) = store.turns()
    assert none == [] and (row.intent, feedback.comment) == ("delivery", "thanks")
    assert [handoff.summary for handoff in store.handoffs()] == ["Why: asked."]
    assert Desk(store).owner("s") == "assistant" and Desk(store).waiting() == ()
    store.close()
    assert differences(place) == []


def test_opening_again_changes_nothing(place):
    run(place, BEFORE)
    for _ in range(2):
        store = open_store(place)
        assert len(list(store.turns())) == 2
        store.close()


def test_a_step_that_fails_leaves_the_database_as_it_was(place):
    run(place, BEFORE + "CREATE TABLE messages (x INTEGER);")  # in the way of the last step
    with pytest.raises(StoreError):
        open_store(place)
    database = sqlite3.connect(place)
    names = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
    columns = {row[1] for row in database.execute("PRAGMA table_info(turns)")}
    database.close()
    assert "conversations" not in names and "asked_about" not in columns
    run(place, "DROP TABLE messages")
    open_store(place).close()
    assert differences(place) == []


def test_a_database_of_a_newer_version_is_one_sentence(place):
    open_store(place).close()
    run(place, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="newer version") as caught:
        open_store(place)
    assert "\n" not in str(caught.value)
