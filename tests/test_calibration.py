"""A base's own questions say how sure its answers are: what they find where they are not written
down, what the gate's log odds mean then, and from which threshold on enough answers are right.
"""

import numpy as np
import pytest
from test_service import GATE, folder, make  # noqa: F401  (fixtures)

from mm_support.decide.calibration import (
    FEWEST,
    Calibrator,
    Judged,
    calibrate,
    gate_for,
    out_of_scope,
    threshold,
)
from mm_support.decide.confidence import Gate
from mm_support.knowledge.own_questions import thinned
from mm_support.types import Entry

RNG = np.random.default_rng(0)


def sigmoid(values):
    return 1 / (1 + np.exp(-values))


def judged(n, slope, shift):
    """n questions half of which the base answers, whose log odds are off by a slope and a shift."""
    true = RNG.normal(0, 3, n)
    right = RNG.random(n) < sigmoid(true)
    return Judged((true - shift) / slope, right, np.ones(n)), right


def calibration_error(p, right, bins=10):
    places = np.minimum((p * bins).astype(int), bins - 1)
    off = [abs((p - right)[places == place].sum()) for place in range(bins)]
    return sum(off) / len(p)


def gate():
    return Gate((1.0,) * 11, 0.0, 0.5, 0.2)


@pytest.mark.parametrize("slope, shift", [(0.5, 1.0), (1.0, -2.0), (2.0, 0.0)])
def test_a_base_of_fifty_questions_is_calibrated(slope, shift):
    """Measured on questions that it was not fitted to; before, the error is several times that."""
    seen, right = judged(150, slope, shift)
    found = calibrate(gate(), seen, right, 0.95)
    other, other_right = judged(4_000, slope, shift)
    raw = calibration_error(sigmoid(other.logits), other_right)
    after = calibration_error(sigmoid(found.slope * other.logits + found.shift), other_right)
    assert after < 0.05 and after < raw / 2


def test_few_questions_change_nothing():
    seen, right = judged(2 * FEWEST, 1.0, 0.0)
    right[:] = False
    right[: FEWEST - 1] = True
    assert calibrate(gate(), seen, right, 0.95) is None


@pytest.mark.parametrize("wished", [0.8, 0.9, 0.95])
def test_from_the_threshold_on_as_many_answers_are_right_as_is_wished(wished):
    seen, right = judged(4_000, 1.0, 0.0)
    least = threshold(sigmoid(seen.logits), seen.weights, wished)
    answered = sigmoid(seen.logits) >= least
    assert right[answered].mean() == pytest.approx(wished, abs=0.02)
    assert answered.mean() > 0.1  # as low as that allows: not just the surest ones


def test_a_question_is_asked_of_its_entry_without_it():
    entry = Entry("a", "Refunds", "Five days.", questions=("When do I get it?", "How long?"))
    text, rest = thinned(entry, np.random.default_rng(1))
    assert {text, *rest.questions} == set(entry.questions) and text not in rest.questions
    text, rest = thinned(Entry("a", "Refunds", "Five days."), RNG)
    assert text == "Refunds" and "Refunds" not in rest.text


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


def test_what_is_learned_of_a_base_decides_there_and_nowhere_else(make):  # noqa: F811
    knowledge = make().knowledge
    calibrator = Calibrator(GATE, out_of_scope(), 0.95)
    knowledge.fitter = calibrator
    assert knowledge.unfitted() == ["kb"]
    knowledge.fit("kb")
    assert knowledge.unfitted() == [] and gate_for(GATE, knowledge.fitted("kb")) == GATE  # too few
    found = calibrate(GATE, *judged(200, 1.0, -1.0), 0.95)
    kept = {"gate": GATE.key, "precision": 0.95} | found.as_json()
    assert gate_for(GATE, kept).answer == found.answer
    another = Gate(GATE.weights, GATE.bias + 1, GATE.answer, GATE.clarify)
    assert gate_for(another, kept) == another
    assert Calibrator(GATE, (), 0.9).needed(kept) and not calibrator.needed(kept)


def test_an_edit_keeps_what_was_learned(make):  # noqa: F811
    knowledge = make().knowledge
    knowledge.fitter = Calibrator(GATE, (), 0.95)
    knowledge.fit("kb")
    knowledge.edit("kb", Entry("new", "New", "It is new."))
    assert knowledge.unfitted() == []
