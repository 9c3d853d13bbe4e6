"""Whether replies can be trusted: what is shown, cited, refused, corrected and obeyed, on the
packs' cases.

Sentences are judged by rules of their own (supported.py), not by the check that let them pass. Only
entries that the reply model was not trained on are asked about. The gate was fitted to these cases:
how it does on bases left out of its fit stands in the gate's card and is reported beside.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from mm_support import terminal
from mm_support.config import NONE, Settings
from mm_support.decide.confidence import gate_file
from mm_support.decide.policy import Decision
from mm_support.decode.reply import ReplyWriter
from mm_support.decode.sentence import Sentence
from mm_support.evaluate.cases import OUT_OF_SCOPE
from mm_support.evaluate.injections import KeepsASecret, attempts, breaches
from mm_support.evaluate.metrics import lines_of, share
from mm_support.evaluate.supported import points_home, supported, words
from mm_support.pipeline import drained, steps, turn_record
from mm_support.store.records import past_of
from mm_support.train.calibrate import read_cases
from mm_support.train.reply_examples import PACKS, Labelled, load_labelled
from mm_support.train.reply_examples import split as trained_and_kept
from mm_support.types import Entry, Hit, Past, Question, UserTurn

FOLLOW_UP = "follow_up"  # kind of a turn that others came before


@dataclass(frozen=True)
class Outcome:
    """A turn and what became of it. holds: what a reply to a false premise must say."""

    base: str
    kind: str
    text: str
    expect: str
    holds: str
    hits: tuple[Hit, ...]
    decision: Decision
    sentences: list[Sentence]

    @property
    def cited(self) -> list[str]:
        """Ids of the cited entries, in the order of the text."""
        return [
            self.hits[rank - 1].entry.id
            for sentence in self.sentences
            for rank in sentence.citations
        ]

    @property
    def found(self) -> bool:
        """Whether the entry that is expected was found first."""
        hits = self.decision.hits or self.hits  # the latter are in the order of the citations
        return bool(hits) and hits[0].entry.id == self.expect

    @property
    def shown(self) -> str:
        return " ".join(sentence.text for sentence in self.sentences)


def run(args: argparse.Namespace, settings: Settings) -> int:
    cases = {
        base: rows[:: args.every]
        for base, rows in read_cases(args.cases).items()
        if base in (args.knowledge or [base])
    }
    with closing(terminal.load_service(settings)) as service:
        outcomes = ask_all(service, cases)
        pools = {base: service.knowledge.entries(base) for base in cases}
        gate = json.loads(gate_file(settings).read_text(encoding="utf-8"))
        report = {
            **figures(outcomes, pools),
            **columns(settings, args.every),
            **injected(settings, pools),
            "gate_left_one_base_out": gate["card"]["left_one_base_out"],
        }
    if args.failures:
        report["failures"] = list(failures(outcomes, pools))
    print(json.dumps(report, indent=1, ensure_ascii=False) if args.json else table(report))
    return 0


def ask_all(service, cases: dict[str, list[dict]]) -> list[Outcome]:
    """Every turn of every case through the whole flow but voice and store, those about trained
    entries left out.
    """
    from tqdm import tqdm

    trained = {(row.pack, row.entry.id) for row in trained_and_kept(load_labelled(PACKS))[0]}
    asked = [
        (base, case)
        for base, rows in cases.items()
        for case in rows
        if not any((base, t["expect"]) in trained for t in case["turns"])
    ]
    return [
        outcome
        for item in tqdm(asked, desc="asking", disable=None)
        for outcome in ask(service, *item)
    ]


def ask(service, base: str, case: dict) -> Iterator[Outcome]:
    """The outcome of each turn of a case, asked one after the other."""
    past: tuple[Past, ...] = ()
    for turn in case["turns"]:
        asked = UserTurn(text=turn["text"], knowledge=base)
        answered = drained(steps(service.parts, asked, past))
        kind = FOLLOW_UP if past else case["kind"].replace("dialogue", "answerable")
        if turn["expect"] == OUT_OF_SCOPE:
            kind = OUT_OF_SCOPE
        outcome = Outcome(
            base,
            kind,
            turn["text"],
            turn["expect"],
            turn.get("holds", ""),
            answered.judged.hits,
            answered.judged.decision,
            list(answered.sentences),
        )
        yield outcome
        past += (past_of(turn_record(answered.judged, answered.reply)),)


def figures(outcomes: Sequence[Outcome], pools: Mapping[str, Sequence[Entry]]) -> dict[str, Any]:
    """Shares with their intervals; None where no case of the kind was asked."""
    by_kind: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_kind[outcome.kind].append(outcome)
    known = by_kind["answerable"] + by_kind["false_premise"]
    answered = [o for o in known if o.decision.action == "answer"]
    cited = [(o, s) for o in outcomes for s in o.sentences if s.citations]
    return {
        "turns": len(outcomes),
        "sentences": len(cited),
        "unsupported_sentences": share([not supported(s.text, entry_of(o, s)) for o, s in cited]),
        "citations_right": share(
            [points_home(s.text, entry_of(o, s), pools[o.base]) for o, s in cited]
        ),
        "right_entry_cited_first": share(
            [bool(o.cited) and o.cited[0] == o.expect for o in answered]
        ),
        "right_entry_found_first": share([o.found for o in known]),
        "answerable_answered": share(
            [o.decision.action == "answer" or o.decision.reason == "human_only" for o in known]
        ),
        "answerable_refused": share([o.decision.action == "refuse" for o in known]),
        "out_of_scope_not_answered": share(
            [o.decision.action != "answer" for o in by_kind[OUT_OF_SCOPE]]
        ),
        "false_premises_corrected": share(
            [o.holds in o.shown for o in by_kind["false_premise"] if o.holds]
        ),
        "follow_ups_found_first": share([o.found for o in by_kind[FOLLOW_UP]]),
    }


def entry_of(outcome: Outcome, sentence: Sentence) -> Entry:
    return outcome.hits[sentence.citations[0] - 1].entry


def columns(settings: Settings, every: int = 1) -> dict[str, Any]:
    """The same questions answered by quotes alone, with the small model and, where the settings
    name a server, with its model: how much of the sentences that were chosen by hand each reply
    holds and how little else (F1 of words), its length, and seconds to the first words and the
    last. Asked of entries that no model was trained on.
    """
    local = settings.with_changes(llm_url="")
    quotes = local.with_changes(reply_model=NONE)
    choices = {"quotes alone": quotes, "small model": quotes.with_small_model()}
    if settings.llm_url:
        choices["server"] = settings
    rows = [*trained_and_kept(load_labelled(PACKS))[1], *load_labelled(["shopping"])][::every]
    found = {}
    for name, chosen in choices.items():
        with writer_of(chosen) as writer:
            found[name] = column(writer, rows)
    return {"replies": found}


@contextmanager
def writer_of(settings: Settings, with_secret: bool = False) -> Iterator[ReplyWriter]:
    """What writes the replies of a service with these settings. with_secret: its model has one."""
    from mm_support.decode.judge import load_judge
    from mm_support.decode.verify import load_verifier
    from mm_support.device import resolve_device
    from mm_support.encode.text import load_text_encoder
    from mm_support.engines.choose import load_language_model

    device = resolve_device(settings.device)
    model, encoder = load_language_model(settings, device), load_text_encoder(settings, device)
    verifier = load_verifier(settings, device, encoder) if model else None
    judge = load_judge(settings, model) if verifier else None
    if model is not None and with_secret:
        model = KeepsASecret(model)
    try:
        yield ReplyWriter(model, encoder, settings.text_model, verifier, judge)
    finally:
        if model is not None:
            model.close()


def column(writer: ReplyWriter, rows: Sequence[Labelled]) -> dict[str, float]:
    """Means over the questions. in_own_words: share of sentences that are no quote."""
    scores, lengths, firsts, lasts, own = [], [], [], [], []
    list(writer.write(Question(typed=rows[0].question), [Hit(rows[0].entry, 0.9)]))  # warm
    for place, row in enumerate(rows):
        hits = [Hit(row.entry, 0.9), Hit(rows[place - 1].entry, 0.5)]
        started, times, shown = time.perf_counter(), [], []
        for part in writer.write(Question(typed=row.question), hits):
            times.append(time.perf_counter() - started)
            shown += [part.text] if isinstance(part, Sentence) else []
        scores.append(f1(" ".join(shown), " ".join(row.sentences)))
        lengths.append(len(" ".join(shown).split()))
        firsts.append(times[0])
        lasts.append(times[-1])
        own += [text not in row.entry.answer and text not in hits[1].entry.answer for text in shown]
    figures = {
        "questions": len(rows),
        "f1": np.mean(scores),
        "words": np.mean(lengths),
        "first_words_s": np.median(firsts),
        "whole_s": np.median(lasts),
        "in_own_words": np.mean(own),
    }
    return {name: round(float(value), 3) for name, value in figures.items()}


def f1(text: str, wanted: str) -> float:
    """F1 of the words of both."""
    own, gold = Counter(words(text)), Counter(words(wanted))
    return 2 * (own & gold).total() / max(own.total() + gold.total(), 1)


def injected(settings: Settings, pools: Mapping[str, Sequence[Entry]]) -> dict[str, Any]:
    """How many of the attempts were obeyed, with the reply model of the settings, or the small one
    where they name none.
    """
    entries = [pool[i] for i in range(4) for pool in pools.values()]
    tried: Counter[str] = Counter()
    given_in: Counter[str] = Counter()
    with writer_of(settings.with_small_model(), with_secret=True) as writer:
        for attempt in attempts(entries):
            hits = [Hit(entry, 0.9) for entry in attempt.entries]
            told = writer.write(attempt.question, hits)
            shown = [part for part in told if isinstance(part, Sentence)]
            tried[attempt.where] += 1
            given_in[attempt.where] += bool(breaches(attempt, shown))
    return {"injections": dict(tried), "injections_obeyed": dict(given_in)}


def failures(outcomes: Sequence[Outcome], pools: Mapping[str, Sequence[Entry]]) -> Iterator[str]:
    """A line for each turn that did not go as it should."""
    for o in outcomes:
        wrong = [
            f"unsupported: {s.text}"
            for s in o.sentences
            if s.citations and not supported(s.text, entry_of(o, s))
        ]
        wrong += [
            f"cited elsewhere: {s.text}"
            for s in o.sentences
            if s.citations and not points_home(s.text, entry_of(o, s), pools[o.base])
        ]
        if o.holds and o.holds not in o.shown:
            wrong.append(f"does not say {o.holds!r} ({o.decision.action}): {o.shown[:160]}")
        if o.expect == OUT_OF_SCOPE and o.decision.action == "answer":
            wrong.append(f"answered with {o.cited[:1]}")
        if o.expect != OUT_OF_SCOPE and (
            o.decision.action == "refuse" or (o.cited and o.cited[0] != o.expect)
        ):
            wrong.append(f"{o.decision.action} {o.cited[:1]} instead of {o.expect}")
        yield from (f"{o.base}, {o.kind}: {o.text} -> {reason}" for reason in wrong)


def table(report: dict[str, Any]) -> str:
    """The report as lines for a terminal."""
    lines = []
    for name, value in report.items():
        if bounded := lines_of({name: value}):
            lines += bounded
        elif isinstance(value, list):
            lines += [f"{name}:", *(f"  {line}" for line in value)]
        else:
            lines.append(f"  {name:28} {value}")
    return "\n".join(lines)
