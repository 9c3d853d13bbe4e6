"""A front in a process of its own: python front.py DATA SOURCE URL TOKEN

It answers one question after another, with a line for each reply that its customer has, and stops
in the middle of the last one. What it does not answer, it waits to be killed for.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from test_service import built

from mm_support.config import Settings
from mm_support.types import Finished, Said, UserTurn

QUESTIONS = ("refund late", "warranty broken", "I want to talk to a person")


def main(data: str, source: str, url: str, token: str) -> None:
    service = built(Settings(data_dir=Path(data), database_url=url), Path(source))
    visit, session = service.visit(token), None
    for question in QUESTIONS:
        for event in visit.reply(UserTurn(question, knowledge="kb", session_id=session)):
            if isinstance(event, Finished):
                session = event.reply.session_id
                print(session, event.reply.turn_id, flush=True)
    journaled(service, session)
    for event in visit.reply(UserTurn("blue", knowledge="kb")):
        if isinstance(event, Said):
            print("speaking", flush=True)
            threading.Event().wait()


def journaled(service, session: str) -> None:
    """The database is away for one reply."""
    keeper, turn = service._keeper, UserTurn("refund late", knowledge="kb")
    keeper.store.writing, kept = unanswered, keeper.store.writing
    keeper._rounds.close()  # it ends before the database is back
    *_, last = service.visit().reply(turn)
    keeper.store.writing = kept
    print(last.reply.session_id, last.reply.turn_id, flush=True)


def unanswered():
    from mm_support.errors import StoreError

    raise StoreError("The database does not answer.")


if __name__ == "__main__":
    main(*sys.argv[1:])
