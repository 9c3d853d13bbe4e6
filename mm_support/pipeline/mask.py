"""What a language model may read of a turn and of those before it: nothing personal.

How personal values are found and masked is language/personal.py. Knows no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mm_support.inputs.photo import painted_over
from mm_support.language.personal import Masks, masked_question
from mm_support.pipeline.results import Judged
from mm_support.types import Past, Question


def masked(judged: Judged) -> Question:
    """What was asked without what is personal in it, also in the photo: as a language model may
    read it, wherever it runs.
    """
    asked, question = judged.question, masked_question(judged.question)
    if judged.seen is None or asked.read_in_photo == question.read_in_photo:
        return question
    read = zip(judged.seen.view.text, question.read_in_photo)
    boxes = [line.box for line, shown in read if line.text != shown]
    return replace(question, photo=painted_over(judged.seen.photo, boxes))


def masked_turns(past: Sequence[Past]) -> list[Past]:
    """Earlier turns in words that a language model may read; what an action gave is none of it."""
    masks = Masks()
    return [
        replace(
            turn,
            text=masks.text(turn.text),
            reply="" if turn.reason == "action" else masks.known(turn.reply),
            read=(),
        )
        for turn in past
    ]
