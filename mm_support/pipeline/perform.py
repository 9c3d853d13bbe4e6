"""The action of a turn is performed; what it gave stands first among what was found.

Whether there is one is told by act.py; the call itself is actions/performing.py. Knows nothing of
how its answer is worded.
"""

from __future__ import annotations

from dataclasses import replace

from mm_support.actions.flow import Step as ActionStep
from mm_support.actions.performing import Note
from mm_support.decide.decision import Decision
from mm_support.decode.sentence import Sentence
from mm_support.language.messages import message
from mm_support.parts import Parts
from mm_support.pipeline.decide import cited_first
from mm_support.pipeline.decompose import merged
from mm_support.pipeline.results import Judged
from mm_support.pipeline.step import Clock, Step
from mm_support.types import Working


def perform(
    parts: Parts, judged: Judged, step: ActionStep, clock: Clock, note: Note
) -> Step[Judged]:
    """The turn with what its action gave, which comes first among what was found."""
    assert parts.actions is not None
    yield Working("act", "Asking the company's system")
    with clock.step("act"):
        done = parts.actions.perform(step, judged.turn.customer, note)
    others = merged(judged.decision, judged.asked).hits if judged.asked else ()
    cited = (*others, done.hit) if done.hit else others
    told, aside = done.told, judged.aside
    if aside and told.action == "answer":
        go_on = message("action.go_on", aside.language, title=judged.offered[0])
        sentences = (*told.sentences, Sentence(go_on))
        told = replace(told, sentences=sentences, choices=judged.offered, pending=aside)
        done = replace(done, told=told)
    decision = Decision(told.action, told.reason, judged.decision.confidence, cited)
    hits = cited_first(decision, judged.hits)
    return replace(judged, decision=decision, hits=hits, aside=None, performed=done)
