"""The judge of replies, by hand: what it calls supported, and how a dialogue is counted."""

import pytest
from test_service import folder, make  # noqa: F401  (fixtures)

from mm_support.decide.decision import Decision
from mm_support.decode.reply import Sentence
from mm_support.types import Entry, Hit
from tests.reply_figures import Outcome, ask, figures, points_home, supported, table

REFUND = Entry(
    "refund",
    "Refund",
    "The refund takes 5 days. You get it on the Larkmoor card. Cash is not possible; a voucher is.",
)
OTHER = Entry("other", "Parcel", "The parcel takes 3 days.")


@pytest.mark.parametrize(
    "sentence, held",
    [
        ("The refund takes 5 days.", True),
        ("You get the refund on the Larkmoor card.", True),
        ("The refund takes 50 days.", False),  # a number
        ("You get it on the Finch card.", False),  # a name
        ("Cash is possible.", False),  # a denial left out
        ("Bananas grow in warm countries.", False),
    ],
)
def test_supported(sentence, held):
    assert supported(sentence, REFUND) == held


def test_a_denial_that_the_entry_does_not_hold_is_unsupported():
    assert not supported("The parcel takes not 3 days.", OTHER)


def test_a_citation_points_home_when_no_other_entry_holds_more():
    assert points_home("The refund takes 5 days.", REFUND, [REFUND, OTHER])
    assert not points_home("The refund takes 5 days.", OTHER, [REFUND, OTHER])


def outcome(
    kind, action, expect="refund", sentences=(Sentence("The refund takes 5 days.", (1,)),), holds=""
):
    hits = (Hit(REFUND, 0.9), Hit(OTHER, 0.2))
    return Outcome(
        "kb",
        kind,
        "q",
        expect,
        holds,
        hits,
        Decision(action, "evidence", 0.9, hits),
        list(sentences),
    )


def test_figures_by_hand():
    values = figures(
        [
            outcome("answerable", "answer"),
            outcome("answerable", "refuse", "other", ()),
            outcome("false_premise", "answer", holds="5 days"),
            outcome(
                "false_premise", "answer", "other", [Sentence("Nonsense 99.", (2,))], holds="3 days"
            ),
            outcome("none", "refuse", "none", ()),
        ],
        {"kb": [REFUND, OTHER]},
    )
    shares = {name: value["value"] for name, value in values.items() if isinstance(value, dict)}
    assert shares["unsupported_sentences"] == pytest.approx(1 / 3, abs=1e-3)
    assert shares["right_entry_cited_first"] == 1.0 and shares["right_entry_found_first"] == 0.5
    assert shares["answerable_refused"] == 0.25 and shares["out_of_scope_not_answered"] == 1.0
    assert shares["false_premises_corrected"] == 0.5
    assert values["follow_ups_found_first"] is None


def test_the_table_holds_all_of_the_report():
    half = {"value": 0.5, "low": 0.25, "high": 0.75}
    lines = table({"turns": 4, "right": half, "failures": ["one", "two"]}).splitlines()
    assert [line.split()[0] for line in lines] == ["turns", "right", "failures:", "one", "two"]


def test_a_dialogue_is_asked_with_its_past(make):  # noqa: F811
    turns = [
        {"text": "washing machine e24", "expect": "e24"},
        {"text": "and then?", "expect": "e24"},
        {"text": "zebra giraffe elephant", "expect": "none"},
    ]
    outcomes = list(ask(make(), "kb", {"kind": "dialogue", "turns": turns}))
    assert [o.kind for o in outcomes] == ["answerable", "follow_up", "none"]
    assert [o.decision.action for o in outcomes] == ["answer", "answer", "refuse"]
    assert outcomes[1].cited[0][1].id == "e24"  # alone, the question names nothing
