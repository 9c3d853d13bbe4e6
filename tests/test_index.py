"""The index: what it finds is what brute force over all entries finds, and an ingest is all or
nothing, whatever ends it and whoever reads meanwhile.
"""

import threading
from datetime import date
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from mm_support.errors import KnowledgeError
from mm_support.fuse.strategies import build_fusion
from mm_support.knowledge.index import Point
from mm_support.knowledge.index.folder import FolderIndex
from mm_support.knowledge.index.search import CANDIDATES, recognise, search
from mm_support.knowledge.query import SearchQuery
from mm_support.knowledge.scoring import PIECE_SHARE, WHOLE_SHARE, WORD_SHARE
from mm_support.types import Entry, Token

D_TEXT, D_PICTURE = 16, 8
TODAY = date(2026, 5, 1)


def unit(rng, *shape):
    vectors = rng.normal(size=shape).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors.astype(np.float16).astype(np.float32)  # as precise as they are kept


def random_points(count, seed=0):
    rng = np.random.default_rng(seed)
    return [
        Point(
            Entry(f"e{n}", f"Entry {n}", f"Answer {n}.", intent="i"),
            unit(rng, rng.integers(1, 5), D_TEXT),
            unit(rng, rng.integers(0, 4), D_PICTURE),
            unit(rng, D_PICTURE),
            unit(rng, rng.integers(1, 9), D_TEXT),
        )
        for n in range(count)
    ]


class Bases:
    """Bases in a folder. models: names those that made the vectors."""

    def __init__(self, folder, models="models"):
        self.folder = folder
        self.index = FolderIndex(
            folder / "bases", models, D_TEXT, D_PICTURE, folder / "pictures", folder / "sources"
        )

    def replace(self, name, points, label, recipe=None):
        with self.index.writing(name) as new:
            for point in points:
                new.add(point)
            new.publish(label, recipe)

    def search(self, name, query, limit, on=TODAY):
        version = self.index.open(name)
        return search(version, query, limit, on, self.index.fits(version))

    def recognise(self, name, query):
        return recognise(self.index.open(name), query)

    def entries(self, name):
        return self.index.open(name).entries.all()

    def label(self, name):
        return self.index.open(name).about.label

    def folders(self, name="kb"):
        return [path for path in (self.folder / "bases" / name).glob("*") if path.is_dir()]


@pytest.fixture
def index(tmp_path):
    return Bases(tmp_path)


def query(text=None, photo=None, codes=frozenset(), words=frozenset(), pieces=None):
    tokens = [Token("text", text)] if text is not None else []
    tokens += [Token("photo", photo)] if photo is not None else []
    own = {"terms": words, "identifiers": codes}
    beside = {name: {"text": held} for name, held in own.items() if held}
    return fused(*tokens, **beside, pieces={} if pieces is None else {"text": pieces})


def fused(*tokens, **beside):
    """A search query of tokens, and what is matched beside their vectors."""
    return SearchQuery(build_fusion("weighted-sum", D_TEXT, D_PICTURE).fuse(tokens), **beside)


def test_text_search_equals_brute_force(index):
    points = random_points(200)
    index.replace("kb", points, "v1")
    for seed in range(5):
        vector = unit(np.random.default_rng(100 + seed), D_TEXT)
        best = np.array([max(row @ vector for row in point.text) for point in points])
        whole = np.array(
            [sum(point.text) @ vector / np.linalg.norm(sum(point.text)) for point in points]
        )
        expected = (1 - WORD_SHARE) * ((1 - WHOLE_SHARE) * best + WHOLE_SHARE * whole)
        order = np.argsort(-expected)[:10]
        hits = index.search("kb", query(vector), 10)
        assert [hit.entry.id for hit in hits] == [points[place].entry.id for place in order]
        assert [hit.score for hit in hits] == pytest.approx(expected[order].tolist(), abs=1e-5)


def test_each_piece_of_the_question_is_met_by_the_best_piece_of_an_entry(index):
    points = random_points(CANDIDATES, seed=2)
    index.replace("kb", points, "v1")
    rng = np.random.default_rng(11)
    vector, asked = unit(rng, D_TEXT), unit(rng, 3, D_TEXT)
    without = {
        hit.entry.id: hit.score / (1 - WORD_SHARE)
        for hit in index.search("kb", query(vector), CANDIDATES)
    }
    alike = [
        max(0, np.mean([max(row @ piece for row in point.pieces) for piece in asked]))
        for point in points
    ]
    expected = [
        (1 - WORD_SHARE - PIECE_SHARE) * without[p.entry.id] + PIECE_SHARE * own
        for p, own in zip(points, alike)
    ]
    hits = {
        hit.entry.id: hit.score
        for hit in index.search("kb", query(vector, pieces=asked), CANDIDATES)
    }
    assert [hits[point.entry.id] for point in points] == pytest.approx(
        expected, abs=5e-3
    )  # they are kept in bytes
    assert max(hits, key=hits.get) == points[int(np.argmax(expected))].entry.id


def test_between_equal_best_sentences_the_entry_that_is_about_it_as_a_whole_wins(index):
    asked, beside, far = np.eye(3, D_TEXT, dtype=np.float32)
    about = np.stack([asked, (asked + beside) / np.sqrt(2)])
    passing = np.stack([asked, far])
    look = unit(np.random.default_rng(1), D_PICTURE)
    none = np.zeros((0, D_PICTURE), np.float32)
    index.replace(
        "kb",
        [
            Point(Entry("passing", "t", "a"), passing, none, look, passing),
            Point(Entry("whole", "t", "a"), about, none, look, about),
        ],
        "v1",
    )
    assert [hit.entry.id for hit in index.search("kb", query(asked), 2)] == ["whole", "passing"]


def test_shared_words_decide_between_equal_vectors_and_rare_ones_count_more(index):
    vector = np.eye(1, D_TEXT, dtype=np.float32)
    answers = {
        "rare": "the zebra and the return",
        "common": "the parcel and the return",
        "neither": "something",
        "other": "parcel",
    }
    look = unit(np.random.default_rng(1), D_PICTURE)
    index.replace(
        "kb",
        [
            Point(Entry(n, "t", a), vector, np.zeros((0, D_PICTURE), np.float32), look, vector)
            for n, a in answers.items()
        ],
        "v1",
    )
    hits = index.search("kb", query(vector[0], words=frozenset({"zebra", "parcel"})), 4)
    assert [hit.entry.id for hit in hits] == ["rare", "common", "other", "neither"]
    assert hits[-1].score == pytest.approx(1 - WORD_SHARE, abs=1e-5)


def test_two_candidate_lists_lose_nothing_on_a_base_that_fits_them(index):
    points = random_points(CANDIDATES)
    index.replace("kb", points, "v1")
    rng = np.random.default_rng(7)
    asked = query(unit(rng, D_TEXT), unit(rng, D_PICTURE))
    assert len(index.search("kb", asked, CANDIDATES)) == CANDIDATES


def test_scores_are_the_sum_of_their_parts_and_within_bounds(index):
    index.replace("kb", random_points(40), "v1")
    rng = np.random.default_rng(3)
    hits = index.search("kb", query(unit(rng, D_TEXT), unit(rng, D_PICTURE)), 40)
    for hit in hits:
        assert 0 <= hit.score <= 1 and set(hit.by) == {"text", "photo"}
        assert sum(hit.by.values()) == pytest.approx(hit.score, abs=1e-6)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_photo_and_vague_question_find_what_neither_finds_alone(index):
    """Two products, two intents: words tell the intent, the photo tells the product."""
    intents, products = (
        np.eye(D_TEXT, dtype=np.float32)[:2],
        np.eye(D_PICTURE, dtype=np.float32)[:2],
    )
    points = [
        Point(
            Entry(f"{p}{i}", "t", "a"),
            intents[i : i + 1],
            products[p : p + 1],
            products[p],
            intents[i : i + 1],
        )
        for p in range(2)
        for i in range(2)
    ]
    index.replace("kb", points, "v1")
    assert index.search("kb", query(intents[1], products[1]), 1)[0].entry.id == "11"
    assert index.search("kb", query(intents[0], products[1]), 1)[0].entry.id == "10"
    text_only, photo_only = (
        index.search("kb", query(intents[1]), 4),
        index.search("kb", query(photo=products[1]), 4),
    )
    assert text_only[0].score == pytest.approx(text_only[1].score) and photo_only[
        0
    ].score == pytest.approx(photo_only[1].score)


def test_a_code_finds_its_entry_whatever_the_vectors_say(index):
    rng = np.random.default_rng(5)
    points = random_points(300, seed=5)
    points.append(
        Point(
            Entry("e24", "Error E24", "The pump is blocked."),
            -unit(rng, 1, D_TEXT),
            unit(rng, 0, D_PICTURE),
            unit(rng, D_PICTURE),
            unit(rng, 0, D_TEXT),
        )
    )
    index.replace("kb", points, "v1")
    best = index.search("kb", query(unit(rng, D_TEXT), codes=frozenset({"E24"})), 3)[0]
    assert best.entry.id == "e24"


def test_a_model_number_that_four_entries_name_leaves_the_choice_to_the_words(index):
    asked, beside = np.eye(2, D_TEXT, dtype=np.float32)[:, None]
    look, none = unit(np.random.default_rng(1), D_PICTURE), np.zeros((0, D_PICTURE), np.float32)
    near = (0.9 * asked + np.sqrt(0.19) * beside).astype(np.float32)
    named = [
        Point(Entry(f"fault-{i}", "t", f"The W8 shows E{i + 11}"), near, none, look, near)
        for i in range(4)
    ]
    others = [Point(Entry(f"other-{i}", "t", "a"), -asked, none, look, -asked) for i in range(60)]
    index.replace(
        "kb",
        [*named, Point(Entry("unbalanced", "t", "It stops"), asked, none, look, asked), *others],
        "v1",
    )
    assert (
        index.search("kb", query(asked[0], codes=frozenset({"W8"})), 5)[0].entry.id == "unbalanced"
    )


def test_a_makers_name_in_the_photo_tells_nothing_apart_and_the_photo_decides(index):
    rng = np.random.default_rng(3)
    looks, none = unit(rng, 12, D_PICTURE), unit(rng, 12, D_TEXT)
    texts = [f"Havena lamp {n} flickers" if n % 2 else f"Table {n} wobbles" for n in range(12)]
    points = [
        Point(Entry(str(n), text, text), none[n : n + 1], looks[n : n + 1], looks[n], none[:0])
        for n, text in enumerate(texts)
    ]
    index.replace("kb", points, "v1")

    def seen(words):
        tokens = [Token("photo_text", none[1]), Token("photo", looks[5])]
        read = {"terms": frozenset(words), "identifiers": frozenset({"HV12"})}
        beside = {name: {"photo_text": own} for name, own in read.items()}
        return index.recognise("kb", fused(*tokens, **beside))

    told, named = seen(["havena"]), seen(["havena", "wobbl", "4"])
    assert told.fused.weights == {"photo": pytest.approx(1)} and told.fused.text is None
    assert np.linalg.norm(told.fused.picture) == pytest.approx(1)
    assert told.identifiers == {"photo_text": {"HV12"}}
    assert index.search("kb", told, 1)[0].entry.id == "5"
    assert (
        set(named.fused.weights) == set(seen(["bosko"]).fused.weights) == {"photo_text", "photo"}
    )  # a rare word, and one that no entry has
    alone = fused(Token("photo_text", none[1]), terms={"photo_text": frozenset({"havena"})})
    kept = index.recognise("kb", alone).fused.weights
    assert set(kept) == {"photo_text"}  # there is nothing else
    index.replace("kb", points[:3], "v2")
    assert (
        set(seen(["havena"]).fused.weights)
        == set(seen(["tabl"]).fused.weights)
        == {"photo_text", "photo"}
    )  # too few entries to know


def test_codes_are_recognised_by_what_each_modality_can_mistake(index):
    rng = np.random.default_rng(8)
    entry = Entry("heater", "Heater shows Lo", "A27 is shown before.")
    index.replace(
        "kb",
        [
            Point(
                entry,
                unit(rng, 1, D_TEXT),
                unit(rng, 0, D_PICTURE),
                unit(rng, D_PICTURE),
                unit(rng, 0, D_TEXT),
            )
        ],
        "v1",
    )
    own, shown = frozenset({"W8"}), frozenset({"827", "LO"})

    def found(names, **beside):
        tokens = [Token(name, unit(rng, D_TEXT)) for name in names]
        by_modality = {key: dict.fromkeys(names, held) for key, held in beside.items()}
        return index.recognise("kb", fused(*tokens, **by_modality)).identifiers

    assert found(("text", "speech", "photo_text"), identifiers=own, shown=shown) == {
        "text": {"W8", "LO"},
        "speech": {"W8", "LO"},
        "photo_text": {"W8", "LO"},
    }  # W8 is a number beside 827
    assert found(("speech", "photo_text"), shown=shown) == {
        "speech": {"LO"},
        "photo_text": {"A27", "LO"},
    }
    assert found(("photo_text",), identifiers=frozenset({"A2Z"})) == {
        "photo_text": {"A2Z"}
    }  # nearly the same already by how codes are matched


def test_what_is_left_out_of_a_query_leaves_its_weight_to_the_others():
    rng = np.random.default_rng(4)
    tokens = [
        Token("text", unit(rng, D_TEXT), 0.9),
        Token("photo_text", unit(rng, D_TEXT), 0.8),
        Token("photo", unit(rng, D_PICTURE)),
    ]
    names = [token.modality for token in tokens]
    asked = fused(
        *tokens,
        terms={name: frozenset({name}) for name in names},
        pieces={name: unit(rng, 2, D_TEXT) for name in names},
    )
    left = asked.without("photo_text")
    assert "photo_text" in asked.terms
    assert set(left.terms) == set(left.pieces) == {"text", "photo"}
    before, after = asked.fused, left.fused
    assert sum(after.weights.values()) == pytest.approx(1)
    assert after.weights["text"] / after.weights["photo"] == pytest.approx(
        before.weights["text"] / before.weights["photo"]
    )
    np.testing.assert_allclose(after.text, after.parts["text"])
    assert np.linalg.norm(after.parts["text"]) == pytest.approx(after.weights["text"], rel=1e-5)
    assert np.linalg.norm(after.picture) == pytest.approx(after.weights["photo"], rel=1e-5)


def test_a_rare_code_counts_more_than_one_that_many_entries_name(index):
    rng = np.random.default_rng(6)
    vector, look = unit(rng, 1, D_TEXT), unit(rng, D_PICTURE)
    texts = ["W8 shows E24", *[f"W8 shows E{n}" for n in range(30, 40)]]
    index.replace(
        "kb",
        [
            Point(
                Entry(text, "t", text), vector, np.zeros((0, D_PICTURE), np.float32), look, vector
            )
            for text in texts
        ],
        "v1",
    )
    hits = index.search("kb", query(unit(rng, D_TEXT), codes=frozenset({"W8", "E24"})), 3)
    assert hits[0].entry.id == "W8 shows E24" and hits[0].score > hits[1].score + 0.1


def test_entries_come_back_whole_and_in_order(index, tmp_path):
    place = tmp_path / "pictures" / "kb" / "p.jpg"
    entry = Entry("a", "T", "A", ("q1", "q2"), "intent", (place,), "faq.csv:3", True)
    first = random_points(3)
    index.replace("kb", [*first, replace(first[0], entry=entry)], "v1")
    assert index.entries("kb")[-1] == entry
    assert [e.id for e in index.entries("kb")] == ["e0", "e1", "e2", "a"]
    about = index.index.open("kb").about
    assert (about.entries, about.pictures) == (4, 1) and index.index.names() == ["kb"]
