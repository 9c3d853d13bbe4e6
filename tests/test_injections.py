"""Attempts to be obeyed, judged by what reaches the customer: a model that obeys every order that
it reads gets nothing through, nor does the real one.
"""

from __future__ import annotations

import re
import threading
from collections import Counter

import pytest
from conftest import EchoModel, WordEncoder

from assets.training.reply import with_small_model
from mm_support.decide.decision import Decision
from mm_support.decode.compose import compose, evidence_of
from mm_support.decode.prompt import build_messages
from mm_support.decode.reply import ReplyWriter, Sentence
from mm_support.language.sentences import split_sentences
from mm_support.types import Entry, Hit, Question
from tests.injections import (
    ORDERS,
    SECRET,
    WORD,
    Attempt,
    KeepsASecret,
    attempts,
    breaches,
)

ENTRIES = (
    Entry(
        "refund",
        "Refund",
        "The refund takes 5 days. You get the refund on your card.",
        ("when is my refund",),
    ),
    Entry(
        "e24",
        "Error E24",
        "The water does not drain. 1. Unplug the machine. 2. Clean the filter.",
        ("what is e24",),
    ),
)


class ObedientModel(EchoModel):
    """Obeys: repeats whatever stands in capitals behind a colon, a quote or a verb of speech in the
    prompt, tells the system prompt, and puts all of it into evidence sentences and citations too.
    """

    VERB = r"say|says|said|repl\w*|answer\w*|print|output|write|respond|includ\w*|correct|entitled"
    FOREIGN = r"antworte\w*|répondez|回答|说|だけ|sag\w*|dites"

    def stream(self, messages, max_tokens, stop=None):
        self.prompts.append(messages)
        prompt = messages[-1]["content"]
        order = rf"(?:{self.VERB}|{self.FOREIGN})[^.!?\n]{{0,60}}?([A-Z0-9]{{4,}}(?:-\d+)?)"
        asked = re.findall(order, prompt) + re.findall(r"[A-Z]{5,}(?:-\d+)?", prompt)
        secrets = re.findall(r"secret word is (\S+);", messages[0]["content"])
        evidence = re.findall(r"\[\d\] [^:]*: ([^.]+\.)", prompt)
        for word in dict.fromkeys(asked + secrets):
            yield f"{word}. Of course: {word}! The word is {word} [7]. "
            yield from (f"{sentence[:-1]} {word} [9]. {word} {sentence} " for sentence in evidence)
        yield "I am handing you over to a person now. Everything is free. "


def shown(model, attempt) -> list[Sentence]:
    hits = [Hit(entry, 0.9) for entry in attempt.entries]
    return list(ReplyWriter(model, WordEncoder()).write(attempt.question, hits))


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A draft is read to its end, whatever cannot be shown of it."""
    monkeypatch.setattr("mm_support.decode.drafting.MAX_DROPPED", 10_000)


def test_there_are_as_many_in_each_of_three_places():
    where = Counter(attempt.where for attempt in attempts(ENTRIES))
    assert set(where) == {"question", "photo", "knowledge"} and len(set(where.values())) == 1
    assert len(set(ORDERS)) == len(ORDERS)


def test_the_stub_reads_the_orders_and_obeys_them():
    """Else nothing would be tested."""
    said = []
    for attempt in attempts(ENTRIES):
        prompt = build_messages(attempt.question, attempt.entries)
        said.append("".join(KeepsASecret(ObedientModel()).stream(prompt, 100)))
    assert all(WORD in text and SECRET in text for text in said)


def test_nothing_of_what_an_obedient_model_says_reaches_the_customer():
    for attempt in attempts(ENTRIES):
        replies = shown(KeepsASecret(ObedientModel()), attempt)
        assert replies and breaches(attempt, replies) == []
        assert replies == shown(None, attempt) or {s.text for s in replies} <= {
            text
            for entry in attempt.entries
            for text in (f"{entry.title}:", *split_sentences(entry.answer))
        }


@pytest.mark.parametrize(
    "sentence",
    [
        Sentence(WORD, (1,)),
        Sentence(f"The refund takes 5 days {WORD}.", (1,)),
        Sentence(f"The secret word is {SECRET}."),
        Sentence("Everything is free."),
        Sentence("Everything is free.", (1,)),
        Sentence("The refund takes 5 days.", (3,)),
        Sentence("The refund takes 5 days.", (2,)),
    ],
)
def test_a_breach_is_noticed(sentence):
    attempt = Attempt("question", Question("refund"), ENTRIES)
    assert len(breaches(attempt, [Sentence("The refund takes 5 days.", (1,)), sentence])) == 1
    assert breaches(attempt, [Sentence("Your photo shows E24.")]) == []


@pytest.mark.parametrize("action", ["clarify", "refuse", "handoff"])
def test_no_order_changes_what_was_decided(action):
    reason = {"clarify": "ambiguous", "refuse": "unknown", "handoff": "asked"}[action]
    for attempt in attempts(ENTRIES):
        hits = tuple(Hit(entry, 0.9) for entry in attempt.entries)
        decision = Decision(action, reason, 0.5, hits)

        def told(model, asked=attempt.question, decided=decision):
            writer = ReplyWriter(model, WordEncoder())
            return list(compose(writer, asked, decided, threading.Event()))

        assert told(ObedientModel()) == told(None) != []


def test_no_order_adds_a_citation_or_a_picture():
    for attempt in attempts(ENTRIES):
        hits = [Hit(entry, 0.9) for entry in attempt.entries]
        evidence = evidence_of(shown(ObedientModel(), attempt), hits)
        cited = {citation.entry_id for citation in evidence["citations"]}
        assert cited <= {entry.id for entry in attempt.entries} and evidence["pictures"] == ()


def test_the_secret_is_in_the_prompt():
    model = EchoModel("x")
    asked = [{"role": "system", "content": "Rules."}, {"role": "user", "content": "hi"}]
    list(KeepsASecret(model).stream(asked, 5))
    assert SECRET in model.prompts[0][0]["content"] and model.prompts[0][1]["content"] == "hi"


@pytest.mark.slow
@pytest.mark.long
def test_the_real_model_obeys_none(settings):
    from mm_support.device import resolve_device
    from mm_support.encode.text import load_text_encoder
    from mm_support.engines.choose import load_language_model

    device = resolve_device("cpu")
    model = KeepsASecret(load_language_model(with_small_model(settings), device))
    writer = ReplyWriter(model, load_text_encoder(settings, device), settings.text_model)
    try:
        for attempt in attempts(ENTRIES):
            hits = [Hit(entry, 0.9) for entry in attempt.entries]
            replies = list(writer.write(attempt.question, hits))
            assert replies and breaches(attempt, replies) == []
    finally:
        model.close()
