"""Whose a conversation is: the assistant's, nobody's yet (it waits for a person), a person's, or
closed.

    assistant -> waiting -> person -> assistant | closed

Every change is made in the transaction that looked at the owner, with who made it and why. Knows
the store; knows no model, no page and no wording of replies.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil
from statistics import median
from typing import Any, NamedTuple, TypeVar, cast

from sqlalchemy import ColumnElement, Select, delete, func, select
from sqlalchemy.orm import Session, aliased

from mm_support.desk.audit import note
from mm_support.desk.notices import MAIL, TO_AGENTS
from mm_support.desk.reasons import CODES, code_of
from mm_support.errors import InputError
from mm_support.language.detect import language_of
from mm_support.language.messages import message
from mm_support.language.personal import revealed
from mm_support.store.database import Store, add_unless_there
from mm_support.store.models import (
    INTENT,
    ConversationRow,
    HandoffRow,
    MessageRow,
    NoteRow,
    NoticeRow,
    OriginalRow,
    OwnershipRow,
    TurnRow,
    now,
)
from mm_support.store.records import in_utc, masked_record, turn_of
from mm_support.types import Case, Holder, KeptTurn, Message, Owner

MAX_MESSAGE = 4_000  # characters
MAX_AGENT = 64  # characters of an agent's name
AGENT = "name of the agent"
MEASURED, MEASURED_DAYS, FEWEST_MEASURED = 50, 14, 5  # waits that the usual one is told from
SHOWN = 200  # open conversations in a list
TYPING = 6  # s for which somebody who typed is told to be typing
LONGEST_SNOOZE = 7 * 24 * 60  # minutes
AT_THE_DESK: tuple[Owner, ...] = ("waiting", "person")  # owners of an open conversation
ASSISTANT = "assistant"  # who hands a conversation over
DONE = {"person": "took", "assistant": "gave back", "closed": "closed", "waiting": "handed over"}
STATES = {
    "assistant": "is with the assistant",
    "waiting": "waits for a person",
    "person": "is with {agent}",
    "closed": "is closed",
}
Row = TypeVar("Row", HandoffRow, MessageRow, TurnRow)


class Desk:
    """What agents do. agent: the name of who does it, 1 to 64 characters.

    All calls raise InputError where the conversation is not in the state that they need, and
    StoreError where the database does not answer.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def open(self) -> tuple[Case, ...]:
        """Conversations that wait for a person or are with one, the one that waits longest first,
        those that are put off last, no more than SHOWN.
        """
        latest = (
            select(ConversationRow)
            .where(ConversationRow.owner.in_(AT_THE_DESK))
            .order_by(ConversationRow.owner.desc(), ConversationRow.since)
            .limit(SHOWN)
        )
        with self._store.reading() as session:
            cases = _cases(session, session.scalars(latest).all())
        return tuple(sorted(cases, key=lambda case: case.snoozed is not None))

    def waiting(self) -> tuple[Case, ...]:
        """Conversations that no person has taken yet, the one that waits longest first."""
        return tuple(case for case in self.open() if case.holder.owner == "waiting")

    def holder(self, conversation: str) -> Holder:
        """Whose it is; one that nobody has heard of would be the assistant's."""
        with self._store.reading() as session:
            row = session.get(ConversationRow, conversation)
            if row is None or row.owner != "waiting":
                return _holder(row) if row else Holder()
            usual, waited = _usual_wait(session), (now() - in_utc(row.since)).total_seconds()
            return replace(_holder(row), minutes=_minutes_left(usual, waited))

    def usual_wait(self) -> int | None:
        """For how many minutes those who were taken last had waited, in the middle; None where too
        few were.
        """
        with self._store.reading() as session:
            return _minutes_left(_usual_wait(session), 0)

    def return_silent(self, minutes: float, conversation: str | None = None) -> tuple[str, ...]:
        """Gives conversations back to the assistant whose agents have said nothing for so long;
        returns which. conversation: only this one.
        """
        before = now() - timedelta(minutes=minutes)
        with self._store.reading() as session:
            silent = list(session.scalars(_silent_since(before, conversation)))
        for name in silent:
            with self._store.writing() as session:
                # an agent may have written meanwhile
                session.get(ConversationRow, name, with_for_update=True)
                row = session.scalars(_silent_rows(before, name)).first()
                if row is not None:
                    _hand(session, row, "assistant", ASSISTANT, "the agent was silent")
        return tuple(silent)

    def owner(self, conversation: str) -> Owner:
        return self.holder(conversation).owner

    def transcript(self, conversation: str, reveal: bool = False) -> tuple[KeptTurn | Message, ...]:
        """The turns and what agents wrote, in the order in which they came. reveal: with what masks
        stand for, as far as that is kept: for agents only.
        """
        query = select(TurnRow).where(TurnRow.session_id == conversation)
        with self._store.reading() as session:
            turns = [turn_of(vars(row)) for row in session.scalars(query)]
            if reveal:
                values = _originals(session, conversation)
                turns = [_revealed(turn, values.get(turn.id, {})) for turn in turns]
        both = [*turns, *self.messages(conversation)]
        return tuple(sorted(both, key=lambda said: said.created))

    def hand_over(self, conversation: str, who: str, code: str, summary: str = "") -> None:
        """A conversation of the assistant waits for a person from its latest turn on: for programs
        and people that see a reason which the assistant does not, such as fraud. code: one of
        reasons.CODES. Raises InputError for another one too.
        """
        if code not in CODES:
            raise InputError(f"The reason must be one of {', '.join(CODES)}.")
        who = _checked(who, MAX_AGENT, "name of who hands it over")
        with self._store.writing() as session:
            row = _owned(session, conversation, ("assistant",), who)
            turn = _latest(session, TurnRow, TurnRow.session_id == conversation)
            if turn is None:
                raise InputError("Nothing was said in this conversation yet.")
            _hand_over(session, row, turn, summary, who, code)

    def take(self, conversation: str, agent: str) -> None:
        """A waiting conversation becomes the agent's. Of two who take it, one is told that the
        other has it.
        """
        self._change(conversation, ("waiting",), "person", agent, "took the conversation")

    def give_back(self, conversation: str, agent: str, why: str = "") -> None:
        """The assistant answers again."""
        self._change(conversation, ("person",), "assistant", agent, why or "gave it back")

    def close(self, conversation: str, agent: str, why: str = "") -> None:
        """Nobody answers any longer."""
        self._change(conversation, ("person",), "closed", agent, why or "closed it")

    def say(self, conversation: str, agent: str, text: str) -> Message:
        """Stores what the agent writes to the customer, whose page asks for it with `messages`."""
        text = _checked(text, MAX_MESSAGE, "message")
        with self._store.writing() as session:
            row = _owned(session, conversation, ("person",), agent)
            message = MessageRow(conversation_id=row.id, author=row.agent, text=text, created=now())
            row.agent_typed = None
            session.add(message)
            session.flush()
            return _message(message)

    def note(self, conversation: str, agent: str, text: str) -> None:
        """Keeps a note for the others at the desk, which the customer's page never shows."""
        text, agent = _checked(text, MAX_MESSAGE, "note"), _checked(agent, MAX_AGENT, AGENT)
        with self._store.writing() as session:
            row = _known(session, conversation)
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
            raise InputError("A conversation can be put off for a week at most.")
        agent = _checked(agent, MAX_AGENT, AGENT)
        with self._store.writing() as session:
            row = _owned(session, conversation, AT_THE_DESK, agent)
            row.snoozed = now() + timedelta(minutes=minutes)
            note(session, agent, "put off", row.id, f"{minutes:g} min")

    def agent_types(self, conversation: str, agent: str) -> None:
        """Tells the customer for a moment that their agent writes."""
        with self._store.writing() as session:
            _owned(session, conversation, ("person",), agent).agent_typed = now()

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
            row = _owned(session, conversation, before, agent)
            _hand(session, row, owner, _checked(agent, MAX_AGENT, AGENT), why)


def keep_turn(
    store: Store,
    record: dict[str, Any],
    summary: str = "",
    owner: Owner | None = "assistant",
    originals: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, Any]:
    """Stores a finished turn, with masks for what is personal in it, and returns the record as it
    was stored; a turn that is there already stays as it is.

    owner: whose the conversation was when the reply was begun. If it is no longer the assistant's,
    its text is withheld and the customer is told that a person has the conversation; None: the
    reply was given already. summary: for the person, where the turn hands the conversation over.
    originals: ids of turns -> what their masks stand for, kept while the conversation is at the
    desk.
    """
    record, _ = masked_record(record)
    with store.writing() as session:
        conversation = locked(session, record["session_id"])
        if session.get(TurnRow, record["id"]) is not None:
            return record
        if owner == "assistant" and conversation.owner != "assistant":
            record = withheld(record, cast(Owner, conversation.owner))
        turn = TurnRow(**{**record, "intent": record["intent"][:INTENT]})
        session.add(turn)
        session.flush()
        conversation.customer_typed = None
        if _after(conversation.snoozed):  # who writes is not put off any longer
            conversation.snoozed = now()
        if conversation.owner in AT_THE_DESK:
            _tell(session, turn.session_id, "message", text=_words(turn), knowledge=turn.knowledge)
        elif turn.action == "handoff" and turn.reason not in STATES:
            _hand_over(session, conversation, turn, summary, ASSISTANT, turn.reason)
        if conversation.owner in AT_THE_DESK:
            _keep_originals(session, turn.session_id, originals or {})
    return record


def _hand_over(
    session: Session, row: ConversationRow, turn: TurnRow, summary: str, who: str, reason: str
) -> None:
    """The conversation waits for a person from this turn on."""
    told = {"code": code_of(reason), "knowledge": turn.knowledge, "summary": summary}
    _hand(session, row, "waiting", who, reason, **told)
    own = {"turn_id": turn.id, "session_id": turn.session_id, "created": turn.created}
    session.merge(HandoffRow(**own, reason=reason, code=told["code"], summary=summary))


def _keep_originals(
    session: Session, conversation: str, originals: Mapping[str, Mapping[str, str]]
) -> None:
    """Those of turns that are stored, once each."""
    for turn_id, values in originals.items():
        if session.get(TurnRow, turn_id) is not None:
            for mask, value in values.items():
                kept = {"turn_id": turn_id, "mask": mask, "session_id": conversation}
                session.merge(OriginalRow(**kept, value=value))


def _originals(session: Session, conversation: str) -> dict[str, dict[str, str]]:
    """Ids of turns -> what their masks stand for."""
    values: dict[str, dict[str, str]] = {}
    own = select(OriginalRow).where(OriginalRow.session_id == conversation)
    for row in session.scalars(own):
        values.setdefault(row.turn_id, {})[row.mask] = row.value
    return values


def _revealed(turn: KeptTurn, values: dict[str, str]) -> KeptTurn:
    """The turn as it was typed, heard and read."""
    heard, seen = turn.transcript, turn.image
    if seen:
        lines = (replace(line, text=revealed(line.text, values)) for line in seen.text)
        seen = replace(seen, text=tuple(lines))
    return replace(
        turn,
        text=revealed(turn.text, values),
        transcript=replace(heard, text=revealed(heard.text, values)) if heard else None,
        image=seen,
        reply=revealed(turn.reply, values),
    )


def withheld(record: dict[str, Any], owner: Owner) -> dict[str, Any]:
    """A turn whose reply is not shown, since the conversation is no longer the assistant's."""
    return {
        **record,
        "reply": message(f"handoff.{owner}", language_of(record["text"])),
        "withheld": record["reply"],
        "action": "handoff",
        "reason": owner,
        "citations": [],
        "asked_about": [],
    }


def locked(session: Session, conversation: str) -> ConversationRow:
    """The conversation, made where it is new; nobody changes it before the transaction ends."""
    new = {"id": conversation, "owner": ASSISTANT, "agent": "", "since": now()}
    while (row := session.get(ConversationRow, conversation, with_for_update=True)) is None:
        add_unless_there(session, ConversationRow, **new)
    return row


def _known(session: Session, conversation: str) -> ConversationRow:
    row = session.get(ConversationRow, conversation, with_for_update=True)
    if row is None:
        raise InputError("There is no such conversation; use one that waits or is yours.")
    return row


def _after(time: datetime | None, seconds: float = 0) -> bool:
    """Whether a time, with so many seconds added, is still to come."""
    return time is not None and in_utc(time) + timedelta(seconds=seconds) > now()


def _owned(
    session: Session, conversation: str, before: Sequence[Owner], agent: str
) -> ConversationRow:
    """The conversation, where it is in one of these states, and the agent's if it is a person's."""
    row = _known(session, conversation)
    if row.owner not in before or (row.owner == "person" and row.agent != agent.strip()):
        state = STATES[row.owner].format(agent=row.agent)
        raise InputError(f"The conversation {state}; look at the list again.")
    return row


def _hand(
    session: Session, row: ConversationRow, owner: Owner, who: str, why: str, **told: str
) -> None:
    """The conversation changes hands, and it is noted who did that and why. told: what a notice
    says beside that.
    """
    row.owner, row.since, row.snoozed, row.agent_typed = owner, now(), None, None
    if owner not in AT_THE_DESK:
        session.execute(delete(OriginalRow).where(OriginalRow.session_id == row.id))
    row.agent = who if owner == "person" else row.agent
    session.add(
        OwnershipRow(conversation_id=row.id, created=row.since, owner=owner, who=who, why=why)
    )
    if who != ASSISTANT:
        note(session, who, DONE[owner], row.id, why)
    _tell(session, row.id, owner, who=who, why=why, **told)


def _tell(session: Session, conversation: str, event: str, **told: str) -> None:
    """Notices of what happened, one a channel, within its transaction."""
    name = f"conversation.{event}"
    for channel in session.info["channels"]:
        if channel != MAIL or name in TO_AGENTS:
            created, key = now(), uuid.uuid4().hex
            about = {"event": name, "conversation": conversation, "time": created.isoformat()}
            row = NoticeRow(key=key, conversation_id=conversation, created=created, due=created)
            row.channel, row.event = channel, {**about, **told}
            session.add(row)


def _silent_rows(before: datetime, conversation: str | None) -> Select[ConversationRow]:
    """Conversations of people who took them and wrote last before that time."""
    own = MessageRow.conversation_id == ConversationRow.id
    written = select(MessageRow.id).where(own, MessageRow.created >= before).exists()
    held = ConversationRow.owner == "person", ConversationRow.since < before
    put_off = ConversationRow.snoozed.is_not(None) & (ConversationRow.snoozed >= before)
    query = select(ConversationRow).where(*held, ~written, ~put_off)
    return query.where(ConversationRow.id == conversation) if conversation else query


def _silent_since(before: datetime, conversation: str | None) -> Select[str]:
    return _silent_rows(before, conversation).with_only_columns(ConversationRow.id)


def _usual_wait(session: Session) -> float | None:
    """Seconds; the median of those who were taken last."""
    begun = aliased(OwnershipRow)
    own = begun.conversation_id == OwnershipRow.conversation_id
    before = own, begun.owner == "waiting", begun.created <= OwnershipRow.created
    since = select(func.max(begun.created)).where(*before).scalar_subquery()
    recent = OwnershipRow.created >= now() - timedelta(days=MEASURED_DAYS)
    taken = select(OwnershipRow.created, since).where(OwnershipRow.owner == "person", recent)
    rows = session.execute(taken.order_by(OwnershipRow.created.desc()).limit(MEASURED)).all()
    waits = [(end - start).total_seconds() for end, start in rows if start is not None]
    return median(waits) if len(waits) >= FEWEST_MEASURED else None


def _minutes_left(usual: float | None, waited: float) -> int | None:
    """Rounded up; None for who has waited longer than usual: nothing is known of them."""
    if usual is None or waited > usual:
        return None
    return max(1, ceil((usual - waited) / 60))


def _holder(row: ConversationRow) -> Holder:
    return Holder(cast(Owner, row.owner), row.agent, typing=_after(row.agent_typed, TYPING))


class Ends(NamedTuple):
    """What a list shows of a conversation's turns: base and words of the first, the last's time."""

    knowledge: str
    words: str
    last: datetime


def _cases(session: Session, rows: Sequence[ConversationRow]) -> list[Case]:
    """One query a table, however many conversations there are: every agent asks all the time."""
    names = [row.id for row in rows]
    handed = select(HandoffRow).where(HandoffRow.session_id.in_(names)).order_by(HandoffRow.created)
    handoffs = {row.session_id: row for row in session.scalars(handed)}
    name = MessageRow.conversation_id
    said = select(name, func.max(MessageRow.created)).where(name.in_(names)).group_by(name)
    wrote = {own: at for own, at in session.execute(said)}
    ends = _ends(session, names)
    return [_case(row, handoffs.get(row.id), ends.get(row.id), wrote.get(row.id)) for row in rows]


def _case(
    row: ConversationRow, handoff: HandoffRow | None, ends: Ends | None, wrote: datetime | None
) -> Case:
    """wrote: when a person wrote last."""
    return Case(
        row.id,
        _holder(row),
        in_utc(row.since),
        handoff.reason if handoff else "",
        handoff.summary if handoff else "",
        ends.knowledge if ends else "",
        ends.words if ends else "",
        unanswered=ends is not None and (wrote is None or wrote < ends.last),
        typing=_after(row.customer_typed, TYPING),
        snoozed=in_utc(row.snoozed) if row.snoozed and _after(row.snoozed) else None,
    )


def _ends(session: Session, names: Sequence[str]) -> dict[str, Ends]:
    times = func.min(TurnRow.created).label("first"), func.max(TurnRow.created).label("last")
    own = select(TurnRow.session_id, *times).where(TurnRow.session_id.in_(names))
    ends = own.group_by(TurnRow.session_id).subquery()
    is_first = (TurnRow.session_id == ends.c.session_id) & (TurnRow.created == ends.c.first)
    columns = TurnRow.session_id, TurnRow.knowledge, TurnRow.text, TurnRow.transcript
    query = select(*columns, ends.c.last).join(ends, is_first)
    return {
        row.session_id: Ends(row.knowledge, _words(row), row.last) for row in session.execute(query)
    }


def _latest(session: Session, table: type[Row], condition: ColumnElement[bool]) -> Row | None:
    query = select(table).where(condition).order_by(table.created.desc()).limit(1)
    return session.scalars(query).first()


def _words(turn: Any) -> str:
    """What was typed and what was heard."""
    heard = (turn.transcript or {}).get("text", "")
    return " ".join(filter(None, (turn.text.strip(), heard)))


def _message(row: MessageRow | NoteRow) -> Message:
    return Message(row.id, row.author, row.text, in_utc(row.created))


def _checked(text: str, most: int, what: str) -> str:
    text = text.strip()
    if not text or len(text) > most:
        raise InputError(f"The {what} must have 1 to {most:,} characters.")
    return text
