"""Words that only point at the photo beside them, and words that ask something of it."""

from __future__ import annotations

import pytest

from mm_support.config import Settings
from mm_support.encode.turn import load_pointing

# none of them is in assets/training/pointing.jsonl, nor are most of their languages
POINTS = [
    "What have I got here?",
    "could you identify this for me",
    "您能认出这是什么吗",
    "Vad är det här?",
    "Hvad er det her for noget?",
    "Τι είναι αυτό;",
    "Co to je?",
    "यह क्या है?",
    "นี่คืออะไร",
    "מה זה?",
]
ASKS = [
    "Does it run on gas?",
    "I'd like my money back for this one",
    "这个含糖吗",
    "Hur mycket kostar den?",
    "Kan jeg få pengene tilbage?",
    "Πόσο κοστίζει;",
    "Kolik to váží?",
    "इसकी कीमत क्या है?",
    "ราคาเท่าไหร่",
    "כמה זה עולה?",
]


@pytest.mark.slow
def test_words_that_only_point_are_told_in_languages_that_were_not_learned_from():
    from mm_support.device import resolve_device
    from mm_support.encode.text import load_text_encoder

    settings = Settings()
    points = load_pointing(settings.text_model)
    encoder = load_text_encoder(settings, resolve_device("cpu"))
    assert points
    read = points.probabilities(encoder.encode([*POINTS, *ASKS], "query")) > 0.5
    wrong = [text for text, own in zip([*POINTS, *ASKS], read) if own != (text in POINTS)]
    assert wrong == []


def test_an_encoder_that_nothing_is_fitted_to_has_none():
    assert load_pointing("somebody/elses-encoder") is None
