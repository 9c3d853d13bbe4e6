"""How the likenesses of a question and an entry's texts add up to a score, for each text encoder.

    best        cosine with the entry's most similar title, question or sentence
    whole       cosine with the mean of all of them
    alike       of the word pieces with the entry's (MaxSim, late_interaction.py)
    words       of its terms with the entry's (BM25, as a share of the most that it can be)

An encoder's cosines do not begin at 0: those of multilingual-e5-small all lie between 0.7 and 0.95.
So what unrelated texts have is subtracted first, and the score means the same for every encoder.
Fitted by assets/training/retrieval.py. Knows no index and no query.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mm_support.paths import WEIGHTS

log = logging.getLogger(__name__)

FILE = WEIGHTS / "retrieval.json"


@dataclass(frozen=True)
class TextScore:
    """alike, words: their shares of the score; the cosine has the rest, and `alike` too where word
    pieces are not known. whole: the share of the cosine of the mean of all texts, beside the best
    one's. best_floor, alike_floor: what unrelated texts have.
    """

    alike: float
    words: float
    best_floor: float
    alike_floor: float
    whole: float = 0.0

    def __call__(self, best: Any, alike: Any, words: Any, has_pieces: Any = 1.0) -> Any:
        """Numbers, arrays or tensors that broadcast -> at most 1, around 0 for unrelated texts."""
        share = self.alike * has_pieces
        near, similar = self.near(best), self.similar(alike)
        return (1 - share - self.words) * near + share * similar + self.words * words

    def near(self, cosine: Any, weight: Any = 1.0) -> Any:
        """A cosine times a weight -> the weight times what the cosine has above the floor."""
        return (cosine - weight * self.best_floor) / (1 - self.best_floor)

    def similar(self, alike: Any) -> Any:
        """The same of the word pieces."""
        return (alike - self.alike_floor) / (1 - self.alike_floor)


# of an encoder that nothing was fitted to: the floors of an encoder whose cosines begin at 0
UNKNOWN = TextScore(alike=0.5, words=0.125, best_floor=0.0, alike_floor=0.0, whole=0.25)


def load_text_score(text_model: str, file: Path = FILE) -> TextScore:
    """The score of the encoder that settings.text_model names."""
    fitted = json.loads(file.read_text(encoding="utf-8"))["scores"] if file.is_file() else {}
    if text_model not in fitted:
        log.warning("no score was fitted to %s: run assets/training/retrieval.py", text_model)
        return UNKNOWN
    return TextScore(**fitted[text_model])


def save_text_score(text_model: str, score: TextScore, card: dict, file: Path) -> None:
    """Beside those of other encoders."""
    values = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    scores, cards = values.get("scores", {}), values.get("cards", {})
    rounded = {name: round(value, 4) for name, value in asdict(score).items()}
    values = {"scores": {**scores, text_model: rounded}, "cards": {**cards, text_model: card}}
    file.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
