"""What agents do with conversations: take, answer, note, put off, give back, close, open again.

Every change is made in the transaction that looked at the owner, see desk/ownership.py. Knows the
store; knows no model and no page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import cast, get_args

from sqlalchemy import func, select

from mm_support.desk.audit import note
from mm_support.desk.cases import cases_of, holder_of, minutes_left, usual_wait
from mm_support.desk.kept import originals_of, with_originals
from mm_support.desk.notices import OPENED_AGAIN
from mm_support.desk.ownership import (
    ASSISTANT,
    AT_THE_DESK,
    DONE,
    chain_of,
    checked,
    hand,
    hand_over,
    known,
    owned,
    silent_rows,
    successor,
)
from mm_support.desk.reasons import CODES, SAFETY
from mm_support.desk.search import found_cases, terms_of
from mm_support.errors import InputError
from mm_support.language.personal import Masks
from mm_support.store.database import Store, check_comment
from mm_support.store.models import (
    ConversationRow,
    HandoffRow,
    MessageRow,
    NoteRow,
    OwnershipRow,
    TurnRow,
    now,
)
from mm_support.store.records import in_utc, turn_of
from mm_support.types import Case, CaseMatch, Change, Holder, KeptTurn, Message, Outcome, Owner

MAX_MESSAGE = 4_000  # characters
MAX_AGENT = 64  # characters of an agent's name
SHOWN = 200  # open conversations in a list
SHOWN_CLOSED, CLOSED_FOR = 10, timedelta(days=1)  # of those that were closed lately
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
BEST = 5  # of the scores from 1 on that a customer gives
LONGEST_SNOOZE = 7 * 24 * 60  # minutes


class Desk:
    """What agents do. agent: the name of who does it, 1 to 64 characters.

    All calls raise InputError where the conversation is not in the state that they need, and
    StoreError where the database does not answer. reveal: whether they may read what masks stand
    for; patience: minutes from which a conversation waits too long, 0: it never does.
    """

    def __init__(self, store: Store, reveal: bool = True, patience: float = 0) -> None:
        self._store, self._reveal, self._patience = store, reveal, patience

    def open(self) -> tuple[Case, ...]:
        """Conversations that wait for a person or are with one: those in which somebody may be in
        danger first, then the one that waits longest; those that are put off last. No more than
        SHOWN.
        """
        own = HandoffRow.session_id == ConversationRow.id
        danger = select(HandoffRow.turn_id).where(own, HandoffRow.code == SAFETY).exists()
        listed = (
            select(ConversationRow)
            .where(ConversationRow.owner.in_(AT_THE_DESK))
            .order_by(danger.desc(), ConversationRow.owner.desc(), ConversationRow.since)
            .limit(SHOWN)
        )
        with self._store.reading() as session:
            cases = cases_of(session, session.scalars(listed).all())
        return tuple(sorted(cases, key=lambda case: case.snoozed is not None))

    def waiting(self) -> tuple[Case, ...]:
        """Conversations that no person has taken yet, the one that waits longest first."""
        return tuple(case for case in self.open() if case.holder.owner == "waiting")

    def closed(self) -> tuple[Case, ...]:
        """The conversations that were closed lately, the latest first: no more than SHOWN_CLOSED,
        none from before CLOSED_FOR.
        """
        lately = ConversationRow.owner == "closed", ConversationRow.since > now() - CLOSED_FOR
        latest = select(ConversationRow).where(*lately).order_by(ConversationRow.since.desc())
        with self._store.reading() as session:
            return tuple(cases_of(session, session.scalars(latest.limit(SHOWN_CLOSED)).all()))

    def search(
        self, words: str, also: Callable[[str], Iterable[str]] = lambda word: ()
    ) -> tuple[CaseMatch, ...]:
        """The conversations in which every word was said, typed, read in a photo or noted, or
        names whose they are, their base or the day (2026-11-27, 2026-11); in any order, also
        as parts of words; what stands between quotation marks as a whole. The latest first, no
        more than search.FOUND, none for no words. also: what else a word may stand for, such as
        the name of a base. Raises InputError for a search that is too long.
        """
        terms = terms_of(words, also)
        with self._store.reading() as session:
            return found_cases(session, terms, self._reveal)

    def case(self, conversation: str) -> Case | None:
        """What a list shows of a conversation, whosever it is; None where nobody has heard of
        it.
        """
        with self._store.reading() as session:
            row = session.get(ConversationRow, conversation)
            if row is None:
                return None
            (case,) = cases_of(session, [row])
            own = select(TurnRow.knowledge).where(TurnRow.session_id == conversation)
            last = session.scalar(own.order_by(TurnRow.created.desc()).limit(1))
            return replace(case, knowledge=case.knowledge or last or "")

    def history(self, conversation: str) -> tuple[Change, ...]:
        """Who had the conversation and why, oldest first."""
        own = select(OwnershipRow).where(OwnershipRow.conversation_id == conversation)
        with self._store.reading() as session:
            rows = session.scalars(own.order_by(OwnershipRow.id)).all()
        return tuple(
            Change(in_utc(row.created), cast(Owner, row.owner), row.who, row.why) for row in rows
        )

    def holder(self, conversation: str) -> Holder:
        """Whose it is; one that nobody has heard of would be the assistant's."""
        with self._store.reading() as session:
            row = session.get(ConversationRow, conversation)
            if row is None or row.owner not in AT_THE_DESK:
                return holder_of(row) if row else Holder()
            own = TurnRow.session_id == conversation
            turns = session.scalar(select(func.count()).where(own)) or 0
            holder = replace(holder_of(row), turns=turns)
            if row.owner == "person":
                return holder
            usual, waited = usual_wait(session), (now() - in_utc(row.since)).total_seconds()
            late = 0 < 60 * self._patience <= waited
            return replace(holder, minutes=minutes_left(usual, waited), late=late)

    def queue(self) -> int:
        """How many conversations wait for a person."""
        waiting = select(func.count()).where(ConversationRow.owner == "waiting")
        with self._store.reading() as session:
            return session.scalar(waiting) or 0

    def usual_wait(self) -> int | None:
        """For how many minutes those who were taken last had waited, in the middle; None where too
        few were.
        """
        with self._store.reading() as session:
            return minutes_left(usual_wait(session), 0)

    def return_silent(self, minutes: float, conversation: str | None = None) -> tuple[str, ...]:
        """Gives conversations back to the assistant whose agents have said nothing for so long;
        returns which. conversation: only this one.
        """
        before = now() - timedelta(minutes=minutes)
        with self._store.reading() as session:
            silent = [row.id for row in session.scalars(silent_rows(before, conversation))]
        given_back = []
        for name in silent:
            with self._store.writing() as session:
                # an agent may have written meanwhile
                session.get(ConversationRow, name, with_for_update=True)
                row = session.scalars(silent_rows(before, name)).first()
                if row is not None:
                    hand(session, row, "assistant", ASSISTANT, "the agent was silent")
                    given_back.append(name)
        return tuple(given_back)

    def chain(self, conversation: str) -> tuple[str, ...]:
        """See ownership.chain_of."""
        with self._store.reading() as session:
            return chain_of(session, conversation)

    def owner(self, conversation: str) -> Owner:
        return self.holder(conversation).owner

    def transcript(self, conversation: str, reveal: bool = False) -> tuple[KeptTurn | Message, ...]:
        """The turns and what agents wrote, in the order in which they came. reveal: with what masks
        stand for, as far as that is kept: for agents only.
        """
        query = select(TurnRow).where(TurnRow.session_id == conversation)
        with self._store.reading() as session:
            turns = [turn_of(vars(row)) for row in session.scalars(query)]
            if reveal and self._reveal:
                values = originals_of(session, [conversation])
                turns = [with_originals(turn, values.get(turn.id, {})) for turn in turns]
        both = [*turns, *self.messages(conversation)]
        return tuple(sorted(both, key=lambda said: said.created))

    def hand_over(self, conversation: str, who: str, code: str, summary: str = "") -> None:
        """A conversation of the assistant waits for a person from its latest turn on: for programs
        and people that see a reason which the assistant does not, such as fraud. code: one of
        reasons.CODES. Raises InputError for another one too.
        """
        if code not in CODES:
            raise InputError(f"The reason must be one of {', '.join(CODES)}.")
        who = checked(who, MAX_AGENT, "name")
        with self._store.writing() as session:
            row = owned(session, conversation, ("assistant",), who)
            own = select(TurnRow).where(TurnRow.session_id == conversation)
            turn = session.scalars(own.order_by(TurnRow.created.desc()).limit(1)).first()
            if turn is None:
                raise InputError.of("nothing_said")
            hand_over(session, row, turn, summary, who, code)

    def take(self, conversation: str, agent: str) -> None:
        """A waiting conversation becomes the agent's. Of two who take it, one is told that the
        other has it.
        """
        self._change(conversation, ("waiting",), "person", agent, "took the conversation")

    def give_back(self, conversation: str, agent: str, why: str = "") -> None:
        """The assistant answers again."""
        self._change(conversation, ("person",), "assistant", agent, why or "gave it back")

    def close(self, conversation: str, agent: str, outcome: Outcome) -> None:
        """Nobody answers any longer. Raises InputError for what is none of OUTCOMES too."""
        if outcome not in OUTCOMES:
            raise InputError(f"The outcome must be one of {', '.join(OUTCOMES)}.")
        with self._store.writing() as session:
            row = owned(session, conversation, ("person",), agent)
            row.outcome = outcome
            hand(session, row, "closed", row.agent, outcome, outcome=outcome)

    def open_again(self, conversation: str, agent: str) -> None:
        """A closed conversation becomes the agent's, whoever closed it. Raises InputError too where
        its customer has gone on in another one meanwhile, who would not read this one.
        """
        agent = checked(agent, MAX_AGENT, "name")
        with self._store.writing() as session:
            row = owned(session, conversation, ("closed",), agent)
            if session.get(ConversationRow, successor(row.id)) is not None:
                raise InputError.of("gone_on")
            hand(session, row, "person", agent, DONE[OPENED_AGAIN], OPENED_AGAIN)

    def say(self, conversation: str, agent: str, text: str) -> Message:
        """Stores what the agent writes to the customer, whose page asks for it with `messages`."""
        text = checked(text, MAX_MESSAGE, "message")
        with self._store.writing() as session:
            row = owned(session, conversation, ("person",), agent)
            message = MessageRow(conversation_id=row.id, author=row.agent, text=text, created=now())
            row.agent_typed = None
            session.add(message)
            session.flush()
            return _message(message)

    def note(self, conversation: str, agent: str, text: str) -> None:
        """Keeps a note for the others at the desk, which the customer's page never shows."""
        text, agent = checked(text, MAX_MESSAGE, "note"), checked(agent, MAX_AGENT, "name")
        with self._store.writing() as session:
            row = known(session, conversation)
            noted = {"conversation_id": row.id, "author": agent, "created": now()}
            session.add(NoteRow(**noted, text=text))
            note(session, agent, "noted", row.id)

    def notes(self, conversation: str) -> tuple[Message, ...]:
        """Oldest first."""
        own = select(NoteRow).where(NoteRow.conversation_id == conversation).order_by(NoteRow.id)
        with self._store.reading() as session:
            return tuple(map(_message, session.scalars(own)))

    def snooze(self, conversation: str, agent: str, minutes: float) -> None:
        """Puts a conversation off for so long, or until its customer writes; 0 ends that. The
        assistant takes none back meanwhile.
        """
        if not 0 <= minutes <= LONGEST_SNOOZE:
            raise InputError.of("put_off_long")
        agent = checked(agent, MAX_AGENT, "name")
        with self._store.writing() as session:
            row = owned(session, conversation, AT_THE_DESK, agent)
            row.snoozed = now() + timedelta(minutes=minutes)
            note(session, agent, "put off", row.id, f"{minutes:g} min")

    def agent_types(self, conversation: str, agent: str) -> None:
        """Tells the customer for a moment that their agent writes."""
        with self._store.writing() as session:
            owned(session, conversation, ("person",), agent).agent_typed = now()

    def rate(self, conversation: str, score: int, comment: str = "") -> None:
        """Stores how well the customer of a closed conversation was helped, from 1 to BEST."""
        if score not in range(1, BEST + 1):
            raise InputError.of("bad_score", most=BEST)
        check_comment(comment)
        with self._store.writing() as session:
            row = session.get(ConversationRow, conversation, with_for_update=True)
            if row is None or row.owner != "closed":
                raise InputError.of("not_closed")
            row.score, row.comment = int(score), Masks().text(comment)

    def customer_types(self, conversation: str) -> None:
        """Tells the desk for a moment that the customer writes; nothing where no person has it."""
        with self._store.writing() as session:
            row = session.get(ConversationRow, conversation, with_for_update=True)
            if row is not None and row.owner in AT_THE_DESK:
                row.customer_typed = now()

    def messages(self, conversation: str, since: int = 0) -> tuple[Message, ...]:
        """What agents wrote, oldest first; only messages with a number above `since`."""
        query = (
            select(MessageRow)
            .where(MessageRow.conversation_id == conversation, MessageRow.id > since)
            .order_by(MessageRow.id)
        )
        with self._store.reading() as session:
            return tuple(map(_message, session.scalars(query)))

    def _change(
        self, conversation: str, before: Sequence[Owner], owner: Owner, agent: str, why: str
    ) -> None:
        with self._store.writing() as session:
            row = owned(session, conversation, before, agent)
            hand(session, row, owner, checked(agent, MAX_AGENT, "name"), why)


def _message(row: MessageRow | NoteRow) -> Message:
    return Message(row.id, row.author, row.text, in_utc(row.created))
