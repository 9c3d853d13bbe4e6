"""What a turn has come to after the decision (Judged) and in the end (Answered).

Values only; knows nothing of how they come about.
"""

from __future__ import annotations

from dataclasses import dataclass

from mm_support.actions.flow import Step as ActionStep
from mm_support.actions.flow import Told
from mm_support.actions.performing import Performed
from mm_support.decide.decision import Decision
from mm_support.decode.compose import Asked
from mm_support.decode.sentence import Sentence
from mm_support.encode.turn import Seen
from mm_support.knowledge.query import SearchQuery
from mm_support.types import (
    Fusion,
    Hit,
    Intent,
    Past,
    Pending,
    Question,
    Reply,
    Transcript,
    UserTurn,
)


@dataclass(frozen=True, eq=False)
class Judged:
    """A turn up to the decision. query: None where nothing was searched for. asked: its questions,
    where it holds several or its entries contradict each other. told: whether the customer was told
    already what the decision says, that a person has the conversation. intent: what is wanted, by
    the base's classifier or its entries. step: what it does with an action; offered: titles of
    others that may have been meant; aside: the one that waits behind this turn; performed: what
    came of it. rest: the turn whose reply is gone on with. found: what the gate judged, best first;
    hits are in the order by whose numbers the reply cites them.
    """

    turn: UserTurn
    question: Question
    heard: Transcript | None
    seen: Seen | None
    decision: Decision
    hits: tuple[Hit, ...] = ()
    query: SearchQuery | None = None
    asked: tuple[Asked, ...] = ()
    told: bool = False
    intent: Intent | None = None
    step: ActionStep | None = None
    offered: tuple[str, ...] = ()
    aside: Pending | None = None
    performed: Performed | None = None
    rest: Past | None = None
    found: tuple[Hit, ...] = ()

    @property
    def acted(self) -> Told | None:
        """What the customer is told of an action."""
        return self.performed.told if self.performed else self.step.told if self.step else None

    @property
    def fusion(self) -> Fusion | None:
        if self.query is None:
            return None
        return Fusion(self.query.fused.strategy, self.query.fused.weights)


@dataclass(frozen=True, eq=False)
class Answered:
    """A turn and its reply. question: what was asked, with masks for what is personal in it.
    sentences: those of the reply.
    """

    judged: Judged
    reply: Reply
    question: Question
    sentences: tuple[Sentence, ...]
