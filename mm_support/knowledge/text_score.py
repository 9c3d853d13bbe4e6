"""How the likenesses of a question and an entry's texts add up to a score, for each text encoder.

Which likenesses there are is told in scoring.py.

An encoder's cosines do not begin at 0: those of multilingual-e5-small all lie between 0.7 and 0.95,
higher between two Chinese texts than between two English ones, lower between one of each. So what
unrelated texts have is subtracted first, and the score means the same for every encoder and for
every pair of languages. Fitted by assets/training/retrieval.py. Knows no index and no query.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mm_support.paths import WEIGHTS

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)

FILE = WEIGHTS / "retrieval.json"


class Floors(NamedTuple):
    """What unrelated texts have: of the cosine with a text, and of the word pieces. Numbers or
    tensors.
    """

    best: Any
    alike: Any


@dataclass(frozen=True)
class TextScore:
    """alike, words: their shares of the score; the cosine has the rest, and `alike` too where word
    pieces are not known. floors: (2, 2) each, what unrelated texts have, by whether a question is
    written in Chinese characters and whether a text of an entry is.
    """

    alike: float
    words: float
    floors: Floors

    def between(self, asked: Tensor, written: Tensor) -> Floors:
        """(m,) of texts asked and (K,) of entries', bool -> the floors of each pair, (m, K)."""
        pairs = asked.long()[:, None], written.long()[None]
        return Floors(*(asked.float().new_tensor(table)[pairs] for table in self.floors))


def above(likeness: Any, floor: Any, weight: Any = 1.0) -> Any:
    """A cosine times a weight -> the weight times what the cosine has above the floor, at most 1,
    around 0 for unrelated texts. Numbers, arrays or tensors that broadcast.
    """
    return (likeness - weight * floor) / (1 - floor)


NOTHING = ((0.0, 0.0), (0.0, 0.0))
# of an encoder that nothing was fitted to: the floors of an encoder whose cosines begin at 0
UNKNOWN = TextScore(alike=0.5, words=0.125, floors=Floors(NOTHING, NOTHING))


def load_text_score(text_model: str, file: Path = FILE) -> TextScore:
    """The score of the encoder that settings.text_model names."""
    fitted = json.loads(file.read_text(encoding="utf-8"))["scores"] if file.is_file() else {}
    if text_model not in fitted:
        log.warning("no score was fitted to %s: run assets/training/retrieval.py", text_model)
        return UNKNOWN
    values = fitted[text_model]
    floors = (tuple(map(tuple, values["floors"][name])) for name in Floors._fields)
    return TextScore(**values | {"floors": Floors(*floors)})
