"""What the seven segments of a character mean, a top, b upper right, ... g middle: its glyph, and
what stands for the same segments in a word or a number. Knows no photo.
"""

from __future__ import annotations

import re

import numpy as np

_LIT = """
    0:abcdef 1:bc 2:abdeg 3:abcdg 4:bcfg 5:acdfg 6:acdefg 7:abc 8:abcdefg 9:abcdfg
    A:abcefg b:cdefg C:adef c:deg d:bcdeg E:adefg F:aefg G:acdef H:bcefg h:cefg J:bcde L:def n:ceg
    o:cdeg P:abefg q:abcfg r:eg t:defg U:bcdef u:cde y:bcdfg -:g _:d °:abfg
"""
GLYPHS = {glyph: lit for glyph, _, lit in (pair.partition(":") for pair in _LIT.split())}
VARIANTS = {"7": "abcf"}  # other ways to draw a glyph
SHAPES = tuple(
    (glyph, np.array([s in lit for s in "abcdefg"]))
    for glyph, lit in (*GLYPHS.items(), *VARIANTS.items())
)
LETTERS = str.maketrans("0512", "OSIZ")  # in words


def read_glyph(lit: np.ndarray) -> tuple[str, float]:
    """The glyph that fits best, and how surely. lit: (7,) probabilities of the segments a to g."""
    fits = [np.where(shape, lit, 1 - lit).prod() for _, shape in SHAPES]
    best = int(np.argmax(fits))
    return SHAPES[best][0], float(fits[best])


def word(text: str) -> str:
    """Settles what segments leave open: 0 or O, 5 or S, and 6 or 9 without their tails in numbers.

    A code ends in digits (E05); a word has letters behind such a shape (OFF, StOP) and no other
    digit: there alone the shape is a letter.
    """
    digits = re.sub(r"[.:-]", "", text)
    if re.fullmatch(r"\d[\dbq]+", digits):
        return text.replace("b", "6").replace("q", "9")
    is_word = re.match(r"[05A-Za-z]", text) and re.search(r"[A-Za-z][.:]?$", text)
    if is_word and len(digits) > 1 and not re.search(r"[346789]", text):
        return text.translate(LETTERS)
    return text
