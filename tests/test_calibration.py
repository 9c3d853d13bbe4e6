"""A base's own questions say how sure its answers are: what they find where they are not written
down, and from which threshold on enough answers are right.
"""

import json

import numpy as np
import pytest
from test_service import GATE, folder, make  # noqa: F401  (fixtures)

from mm_support.decide.calibration import (
    EVEN,
    FEWEST,
    Calibrator,
    Judged,
    calibrated,
    out_of_scope,
    threshold,
)
from mm_support.decide.confidence import FEATURES, Gate
from mm_support.knowledge.own_questions import Trial, thinned
from mm_support.knowledge.query import SearchQuery
from mm_support.types import Entry, FusedQuery, Hit

RNG = np.random.default_rng(0)


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def judged(n):
    """n questions half of which the base answers."""
    logits = RNG.normal(0, 3, n)
    right = RNG.random(n) < sigmoid(logits)
    return Judged(logits, right, np.ones(n)), right


def gate(**changes):
    values = {"weights": (1.0,) * len(FEATURES), "bias": 0.0, "answer": 0.5, "clarify": 0.2}
    return Gate(**values | changes)


def trial(expected, found, score):
    """A question that finds one entry."""
    query = SearchQuery(FusedQuery(None, None, {}, {}))
    return Trial("what", query, (Hit(Entry(found, found, "x"), score),), expected)


def test_of_very_few_questions_nothing_is_told():
    trials = [trial("a", "a", 1.0)] * (FEWEST - 1)
    assert calibrated(gate(), trials) is None
    assert calibrated(gate(), trials * 2).questions == 2 * len(trials)


@pytest.mark.parametrize("wished", [0.85, 0.9, 0.95])
def test_from_the_threshold_on_as_many_answers_are_right_as_is_wished(wished):
    seen, right = judged(4_000)
    least = threshold(sigmoid(seen.logits), seen.weights, wished)
    answered = sigmoid(seen.logits) >= least
    assert right[answered].mean() == pytest.approx(wished, abs=0.02)
    assert answered.mean() > 0.1  # as low as that allows: not just the surest ones
    assert threshold(sigmoid(seen.logits), seen.weights, 0.6) == EVEN


def test_a_question_is_asked_of_its_entry_without_it():
    entry = Entry("a", "Refunds", "Five days.", questions=("When do I get it?", "How long?"))
    text, rest = thinned(entry, RNG)
    assert {text, *rest.questions} == set(entry.questions) and text not in rest.questions
    named = Entry("a", "How long?", "Five days.", questions=("How long?",))
    assert thinned(named, RNG) == ("How long?", Entry("a", "", "Five days."))


def test_titles_and_sentences_are_no_customers_questions(make, tmp_path):  # noqa: F811
    knowledge = make().knowledge
    rows = [{"id": f"r{n}", "title": f"Lamp {n}", "answer": f"It costs {n}."} for n in range(30)]
    (tmp_path / "lamps.jsonl").write_text("\n".join(map(json.dumps, rows)))
    knowledge.fitter = Calibrator(GATE, ())
    knowledge.ingest("lamps", tmp_path / "lamps.jsonl")
    knowledge.fit("lamps")
    assert not list(knowledge.trials("lamps")) and knowledge.unfitted() == ["kb"]


def test_own_questions_find_their_entries_and_others_do_not(make):  # noqa: F811
    knowledge = make().knowledge
    trials = list(knowledge.trials("kb", ["Why is the sky blue?"]))
    assert [trial.expected for trial in trials].count("") == 1
    own = [trial for trial in trials if trial.expected]
    assert {trial.expected for trial in own} == {entry.id for entry in knowledge.entries("kb")}
    for trial in own:
        left = trial.without_answer().hits
        assert all(hit.entry.id != trial.expected for hit in left)
        found = next(hit for hit in trial.hits if hit.entry.id == trial.expected)
        assert trial.text not in (found.entry.title, *found.entry.questions)


def test_questions_are_encoded_together_before_they_are_asked(make, monkeypatch):  # noqa: F811
    knowledge, batches, asked = make().knowledge, [], []
    understand = knowledge._understand

    def understood(turn):
        assert any(turn.text in batch for batch in batches)
        asked.append(turn.text)
        return understand(turn)

    monkeypatch.setattr(knowledge, "_ahead", batches.append)
    monkeypatch.setattr(knowledge, "_understand", understood)
    list(knowledge.trials("kb", [f"Why is the sky {n}?" for n in range(100)]))
    assert len(asked) > 100 and len(batches) < 6


@pytest.mark.parametrize("title", ["x " * 5_000, "---"])
def test_what_nobody_could_ask_is_left_out(make, tmp_path, title):  # noqa: F811
    knowledge = make().knowledge
    knowledge.fitter = Calibrator(GATE, ())
    rows = [{"id": "odd", "title": title, "answer": "..."}]
    (tmp_path / "odd.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert knowledge.ingest("odd", tmp_path / "odd.jsonl").entries == 1
    assert not [trial for trial in knowledge.trials("odd") if len(trial.text) > 4_000]


def test_what_is_learned_is_learned_once_for_each_gate(make):  # noqa: F811
    knowledge = make().knowledge
    knowledge.fitter = Calibrator(GATE, out_of_scope())
    assert knowledge.unfitted() == ["kb"]
    knowledge.fit("kb")
    assert knowledge.unfitted() == [] and knowledge.sureness("kb") is None  # too few
    another = Gate(GATE.weights, GATE.bias + 1, GATE.answer, GATE.clarify)
    assert Calibrator(another, ()).needed(knowledge.fitted("kb"))


def test_the_curve_tells_what_is_answered_and_what_of_that_is_right():
    trials = [trial("a", "a" if place % 3 else "b", 1.0) for place in range(60)]
    found = calibrated(gate(), trials)
    assert found.found == pytest.approx(2 / 3, abs=0.01)
    level, answered, right = found.curve[0]
    assert answered == 1.0 and 0.5 < right < 2 / 3  # those asked without their entry count against


def test_more_answers_are_right_where_that_is_wished():
    wishing = gate(wishes=((0.8, 0.3), (0.9, 0.5), (0.99, 0.9)))
    assert wishing.wishing(0.9).answer == 0.5 and wishing.wishing(0.85).answer == pytest.approx(0.4)
    assert wishing.wishing(0.5).answer == 0.3 and gate().wishing(0.99) == gate()


def test_an_edit_keeps_what_was_learned(make):  # noqa: F811
    knowledge = make().knowledge
    knowledge.fitter = Calibrator(GATE, ())
    knowledge.fit("kb")
    knowledge.edit("kb", Entry("new", "New", "It is new."))
    assert knowledge.unfitted() == []


def test_people_are_shown_what_was_learned_with_the_present_gate_and_nothing_else():
    fitted = {"questions": 20, "found": 0.9}
    fitted |= {"gate": GATE.key, "asked": "questions", "curve": [[0.3, 0.9, 0.8], [0.5, 0.7, 0.95]]}
    shown = Calibrator(GATE, ()).sureness(fitted)
    assert shown.questions == 20 and shown.curve[1] == (0.5, 0.7, 0.95)
    assert shown.threshold == GATE.answer
    assert Calibrator(GATE, ()).sureness({**fitted, "gate": "of another"}) is None
    assert Calibrator(GATE, ()).sureness({"gate": GATE.key}) is None
