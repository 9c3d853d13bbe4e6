"""Words whose letters are spaced out with blanks -> words: "O P E N I N G   H O U R S".

Only a whole line of single letters counts, and none that are in order as in a register ("A B C D").
"""

from __future__ import annotations

import re

LEAST = 4  # letters of a word without another one beside it
LEAST_DIFFERENT = 3
_LETTER = r"[^\W\d_]"
_WORD = rf"{_LETTER}(?:[ \u00a0]{_LETTER})+"
_LINE = re.compile(
    rf"^([ \t]*)({_WORD}(?:[ \u00a0]{{2,}}(?:{_WORD}|[^\w\s]))*)([ \u00a0]?[:：!?]?)[ \t]*$", re.M
)
_WIDE = re.compile(r"[ \u00a0]{2,}")


def unspaced(text: str) -> str:
    """The text, in whose lines of spaced letters blanks part words alone."""
    return _LINE.sub(_joined, text) if " " in text or "\u00a0" in text else text


def _joined(line: re.Match[str]) -> str:
    words = ["".join(word.split()) for word in _WIDE.split(line[2])]
    letters = "".join(words).casefold()
    ordered = all(one < other for one, other in zip(letters, letters[1:]))
    few = len(letters) < LEAST or len(set(letters)) < LEAST_DIFFERENT
    return line[0] if ordered or few else line[1] + " ".join(words) + line[3].strip()
