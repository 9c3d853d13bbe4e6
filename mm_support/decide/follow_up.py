"""Follow-ups: "And for the blue one?" is read together with the turn before it.

What that turn said, and the title of the entry that it was answered from, become one more modality
of the fused query, "context". It weighs the more the less a question says by itself, and nothing
where the message stands alone (intents.py reads that). An answer to a question back ("the second
one") stands for the candidate. Knows no store and no index: the past comes in, a query goes out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np

from mm_support.decide.intents import Reads
from mm_support.decide.named import named_among, told_before
from mm_support.decide.nameless import FAR, is_another, pictured_unnamed
from mm_support.decide.policy import Policy
from mm_support.decide.rows import of_one_row
from mm_support.decide.rules import COURTESIES
from mm_support.encode.text import TextEncoder
from mm_support.knowledge.late_interaction import unit
from mm_support.knowledge.query import SearchQuery
from mm_support.language.short_names import BETWEEN
from mm_support.language.terms import term_set
from mm_support.language.versions import renumbered
from mm_support.types import SAID, Entry, Hit, Past, Question

MODALITY = "context"
MAX_WEIGHT = 0.4  # of the context, where a question says next to nothing by itself
CHOSEN_WEIGHT = 0.9  # of the candidate that the customer chose
TITLE_WEIGHT = 0.5  # of the cited entry's title beside the words of the turn before
# probability from which on a message is read with the turn before: one that leans on it is lost
# without, one that stands alone loses little. The right entry comes first for 88 % of the packs' 93
# follow-ups (tests/cases) with 0.05 and 0.1, and for 60 and 61 % of 225 about seven other companies
LEANS = 0.1
# odds that a message leans on an answered turn before it, against those among the examples that the
# head for intents learned from, of which one in eleven does
IN_CONVERSATION = 8.0
SHORT = 2  # terms of a message that may be a word with which somebody asks
MARKED = re.compile(r"[^\w\s]\s*$")
NAMED = 0.5  # confidence in an entry that a message names, from which on it leans on nothing
PLACES = {"first": 0, "second": 1, "third": 2, "last": -1}  # of a candidate that was chosen


def resolve(
    query: SearchQuery,
    question: Question,
    past: Sequence[Past],
    knowledge: str,
    encoder: TextEncoder,
    read: Callable[[str], Reads],
) -> tuple[SearchQuery, Question]:
    """The query with the latest turn of the session as its context, where it leans on that, and
    what is asked.

    past: oldest first. read: what is read in a message. A choice among candidates asks for the
    candidate; any other question stays as it is. One beside a photo is of what that shows.
    """
    if not past or past[-1].knowledge != knowledge:
        return query, question
    if choice := chosen(question, past[-1], read(question.asked), encoder):
        own, pieces = encoder.encode_pieces([choice])
        leant = with_context(query, own[0], pieces[0].vectors, CHOSEN_WEIGHT, choice, choice)
        leant = replace(leant, leans=1.0, cited=frozenset(past[-1].citations))
        return leant, replace(question, typed=choice, heard="")
    if question.photo is not None and not SAID.isdisjoint(query.fused.weights):
        return query, question
    return _leaning(query, question, past, encoder, read), question


def with_matter(past: Sequence[Past]) -> tuple[Past, ...]:
    """The turns that a message may lean on: a greeting or thanks tells nothing, and what was said
    before it is still the matter.
    """
    return tuple(turn for turn in past if turn.reason not in COURTESIES.values())


def completed(question: Question, past: Sequence[Past], knowledge: str) -> Question:
    """The question together with the message before it that named nothing ("the hub" - "It's
    broken"), where the customer was asked what that is about.
    """
    before = past[-1] if past and past[-1].knowledge == knowledge else None
    if before is None or before.reason != "unnamed" or before.text in question.asked:
        return question
    return replace(question, typed=f"{question.typed} {before.text}".strip())


def likelier(
    policy: Policy,
    question: Question,
    found: Sequence[tuple[SearchQuery, tuple[Hit, ...]]],
    before: Past | None = None,
    further: Sequence[Hit] = (),
) -> tuple[SearchQuery, tuple[Hit, ...]]:
    """Of what was found with the turn before and without it, what more likely answers the question:
    by how likely the message leans on that turn, and by the confidence in what each found. With it,
    where no more is asked than an amount that its answer states; without, where another entry is
    likely that the message names, or that alone says what is asked. Where both find the same other
    entry, the surer one; where the message names it, that is meant and not what was quoted.

    further: what is found without it, best first, further down than in `found`.
    """
    cited = before.told if before else ()
    if len(found) == 1 or told_before(question.asked, found[0][1], cited):
        return found[0]
    leans = min(max(leaning(question.asked, policy.read), LEANS), 1 - LEANS)
    odds = (leans, 1 - leans)
    sure = [policy.confidence(question, query, hits) for query, hits in found]
    after, alone = found[0][1], found[1][1]
    if sure[1] >= NAMED and (
        _names_another(question.asked, after, alone, cited)
        or _said_elsewhere(question.asked, further or alone, cited)
    ):
        return found[1]
    other = _other_of_both(after, alone, cited)
    if other is not None:
        odds = (1.0, 1.0)
    better = found[0] if odds[0] * sure[0] >= odds[1] * sure[1] else found[1]
    asked = term_set(question.asked)
    if other is not None and asked and asked <= term_set(other.title):  # "and if it was opened?"
        return replace(better[0], cited=frozenset()), better[1]
    return better


def _other_of_both(
    after: Sequence[Hit], alone: Sequence[Hit], cited: Collection[str]
) -> Entry | None:
    """The entry that comes first with the turn before and without it, if it was not quoted."""
    first = {hits[0].entry.id: hits[0].entry for hits in (after, alone) if hits}
    entry = next(iter(first.values()), None)
    return entry if entry is not None and len(first) == 1 and entry.id not in cited else None


def _said_elsewhere(words: str, alone: Sequence[Hit], cited: Collection[str]) -> bool:
    """Whether a message alone finds what says it, and hardly anything quoted just before, in
    whatever language: "Garantie" behind what E24 means; not another thing with a name or a picture
    of its own, nor the row of one.
    """
    if not (alone and cited):
        return False
    told = [hit.score for hit in alone if hit.entry.id in cited] or [alone[-1].score]
    best = alone[0].entry
    if of_one_row(best) or pictured_unnamed(best, words) or is_another(best, None, words):
        return False
    return max(told) < FAR * alone[0].score


def _names_another(
    words: str, after: Sequence[Hit], alone: Sequence[Hit], cited: Collection[str]
) -> bool:
    """Whether a message says what nothing quoted just before does, and is all in the title that it
    finds alone: "and breakfast?" behind the password of the wifi; or all in the text, and nothing
    of it in what it finds with the turn before.
    """
    asked = term_set(words)
    quoted = [term_set(hit.entry.text) for hit in after if hit.entry.id in cited]
    new = bool(quoted) and not any(asked <= held for held in quoted)
    if not (new and alone):
        return False
    lacking = asked.isdisjoint(term_set(after[0].entry.text))
    other = alone[0].entry
    if pictured_unnamed(other, words):  # "taste" behind a melon finds lemons
        return False
    return asked <= term_set(other.text if lacking else other.title)


def leaning(words: str, read: Callable[[str], Reads]) -> float:
    """How likely a message leans on the turn before, 0..1; one without words may or may not."""
    if not words:
        return 0.5
    follow_up = follows_up(words, read)
    return IN_CONVERSATION * follow_up / (IN_CONVERSATION * follow_up + 1 - follow_up)


def follows_up(words: str, read: Callable[[str], Reads]) -> float:
    """How likely words lean on a turn before, 0..1, if nothing is known of it. What is short and
    has no mark at its end is asked: "price" like "price?".
    """
    short = not MARKED.search(words) and len(term_set(words)) <= SHORT
    return read(f"{words}?" if short else words).follow_up


def _leaning(
    query: SearchQuery,
    question: Question,
    past: Sequence[Past],
    encoder: TextEncoder,
    read: Callable[[str], Reads],
) -> SearchQuery:
    """The query with the turn before as its context, as far as the question leans on it."""
    before = past[-1]
    words = f"{before.matter} {before.topic}"
    weight = context_weight(question, read)
    if not (weight and term_set(words)):
        return query
    recent = [
        turn for turn in past if turn.knowledge == before.knowledge and turn.words + turn.topic
    ]
    naming, vector = before.words, context_vector(recent, encoder, read)
    own = term_set(question.asked)
    if len(own) == 1 and (number := next(iter(own))).isdigit():  # "and the 300?"
        other = renumbered(before.words, number, before.topic)
        if other != before.words:  # another product: the topic and codes are of the one before
            words, naming, vector = other, "", encoder.encode([other])[0]
    _, pieces = encoder.encode_pieces([words])
    leant = with_context(query, vector, pieces[0].vectors, weight, words, naming)
    leans = leaning(question.asked, read)
    return replace(leant, leans=leans, cited=frozenset(before.told))


def context_weight(question: Question, read: Callable[[str], Reads]) -> float:
    """How much the turn before counts, 0..MAX_WEIGHT: one share against one for each word with
    meaning, where the message leans on it; one without words does.
    """
    asked = question.asked
    if asked and follows_up(asked, read) < LEANS:
        return 0.0
    own = len(term_set(" ".join((asked, *question.read_in_photo, *question.labels[:1]))))
    return min(MAX_WEIGHT, 1 / (1 + own))


def chosen(question: Question, before: Past, reads: Reads, encoder: TextEncoder) -> str:
    """The title of the candidate that the customer chose: by its place ("the second one"), by its
    name, or the only one by agreeing; "" where none was.
    """
    titles, asked = before.asked_about, question.asked
    if not titles or asked in titles:
        return asked if titles else ""
    tapped = [title for title in titles if title.endswith(f"{BETWEEN}{asked}")]
    if len(tapped) == 1:
        return tapped[0]
    if named := named_among(asked, titles):
        return named
    if len(titles) == 1 and "yes" in reads.says:
        return titles[0]
    if "choose" not in reads.says:
        return ""
    if reads.choice in PLACES:
        place = PLACES[reads.choice]
        return titles[place] if place < len(titles) else ""
    if reads.choice:  # both, or neither
        return ""
    vector, *candidates = encoder.encode([asked, *titles])
    return titles[int(np.argmax([candidate @ vector for candidate in candidates]))]


def context_vector(
    past: Sequence[Past], encoder: TextEncoder, read: Callable[[str], Reads]
) -> np.ndarray:
    """(d_text,) float32, unit: the latest turn's words, what they themselves leaned on, and the
    topic of its reply.
    """
    context = np.zeros(encoder.dim, np.float32)
    for turn in past:
        words = turn.matter or turn.topic
        own, topic = encoder.encode([words, turn.topic or words])
        weight = 0.0
        if context.any():
            weight = context_weight(Question(typed=turn.text, read_in_photo=turn.read), read)
        context = unit((1 - weight) * own + weight * context)
        if turn.topic:
            context = unit(context + TITLE_WEIGHT * topic)
    return context


def with_context(
    query: SearchQuery,
    vector: np.ndarray,
    pieces: np.ndarray,
    weight: float,
    words: str,
    naming: str,
) -> SearchQuery:
    """The query with one more modality; the others keep 1 - weight of their own.

    vector: (d_text,) unit; pieces: (t, d_text) unit rows. words: what it says. naming: the part of
    it whose identifiers count, and only where the customer names none (scoring.recognise): "and
    what if it's E18?" is not about E24, nor is a code meant that only a title held.
    """
    return replace(
        query,
        fused=query.fused.beside(MODALITY, vector, weight),
        terms={**query.terms, MODALITY: term_set(words)},
        texts={**query.texts, MODALITY: (naming,)},
        pieces={**query.pieces, MODALITY: pieces.astype(np.float32)},
    )
