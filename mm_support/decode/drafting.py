"""What a language model that only points at sentences drafts -> the evidence's sentences that it
quotes. What it writes itself is never shown.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence

from mm_support.decode.grounding import Grounding, Support
from mm_support.decode.prompt import DRAFT_TOKENS, build_messages, with_photo
from mm_support.decode.writing import Halt, complete_sentences
from mm_support.engines.base import LanguageModel
from mm_support.errors import GenerationError
from mm_support.language.sentences import without_markers
from mm_support.tracing import streamed
from mm_support.types import Entry, Question

log = logging.getLogger(__name__)

FIRST_SECONDS = 1.0  # a draft without a checked sentence by then is given up
WHOLE_SECONDS = 4.0  # for the next one
LONGEST_DRAFT = 30.0
MAX_DROPPED = 1  # unsupported sentences after which a draft has fallen apart


def draft(
    model: LanguageModel,
    question: Question,
    entries: Sequence[Entry],
    grounding: Grounding,
    stop: threading.Event | None,
) -> Iterator[Support]:
    """The evidence's sentences that one draft quotes; ends where it is late, fails or has too many
    others.
    """
    halt, dropped = Halt(stop, FIRST_SECONDS, whole=LONGEST_DRAFT), 0
    messages = build_messages(question, entries)
    if question.photo is not None and model.can.sees:
        messages = with_photo(messages, question.photo)
    pieces = streamed("language model", model.stream(messages, DRAFT_TOKENS, halt))
    try:
        for text in filter(None, map(_tidy, complete_sentences(pieces))):
            support = grounding.check(text)
            if support is not None:
                halt.extend(WHOLE_SECONDS)
                yield support
            elif (dropped := dropped + 1) > MAX_DROPPED:
                return
    except GenerationError as exc:
        log.warning("draft failed: %s", exc)
    finally:
        pieces.close()


def _tidy(sentence: str) -> str:
    return without_markers(sentence).strip()
