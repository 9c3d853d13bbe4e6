"""Word pieces of an entry: each kept once, in bytes, and met by those of a question."""

import numpy as np
from conftest import WordEncoder

from mm_support.encode.text import Pieces
from mm_support.knowledge.late_interaction import MOST, likeness, merged, quantised


def unit(rng, *shape):
    rows = rng.normal(size=shape)
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def kept(*texts):
    return merged(WordEncoder().encode_pieces(texts)[1])


def test_a_piece_that_is_used_often_is_kept_once_as_the_mean_of_its_places():
    rng = np.random.default_rng(0)
    rows = unit(rng, 5, 8)
    found = merged([Pieces([7, 9, 7], rows[:3]), Pieces([9, 3], rows[3:])])
    means = np.stack([rows[[0, 2]].mean(0), rows[[1, 3]].mean(0), rows[4]])
    np.testing.assert_allclose(
        found, means / np.linalg.norm(means, axis=1, keepdims=True), atol=1e-6
    )


def test_an_entry_keeps_a_bounded_number():
    assert (
        len(merged([Pieces(list(range(3 * MOST)), unit(np.random.default_rng(0), 3 * MOST, 4))]))
        == MOST
    )
    assert merged([Pieces([], np.zeros((0, 4), np.float16))]).shape == (0, 4)


def test_bytes_lose_next_to_nothing():
    rows = unit(np.random.default_rng(1), 40, 384)
    small, scales = quantised(rows)
    again = small * scales[:, None]
    assert (rows * again).sum(axis=1).min() > 0.9995 and small.nbytes == 40 * 384


def test_likeness_is_the_share_of_words_that_are_met():
    entry = kept("return an order", "the parcel label")
    asked = WordEncoder().encode_pieces(["return the zebra"])[1][0].vectors.astype(np.float32)
    assert likeness(asked, entry) == np.float32(2 / 3)
    assert likeness(asked[:0], entry) == likeness(asked, entry[:0]) == 0
    assert likeness(-asked, entry) == 0, "never below nothing"
