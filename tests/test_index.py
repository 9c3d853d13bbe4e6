"""The index: what it finds is what brute force over all entries finds, and an ingest is all or
nothing, whatever ends it and whoever reads meanwhile.
"""

import json
import math
import multiprocessing
import os
import shutil
import threading
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from multiprocessing import forkserver
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import WordEncoder
from PIL import Image

from mm_support.device import resolve_device
from mm_support.encode.image import load_image_encoder
from mm_support.encode.text import load_text_encoder
from mm_support.errors import KnowledgeError
from mm_support.fuse.strategies import build_fusion
from mm_support.knowledge.index import Point
from mm_support.knowledge.index.folder import FolderIndex
from mm_support.knowledge.index.search import CANDIDATES, recognise, search
from mm_support.knowledge.index.shared import SharedIndex
from mm_support.knowledge.ingest import read_knowledge
from mm_support.knowledge.late_interaction import likeness
from mm_support.knowledge.points import PointMaker, entry_texts
from mm_support.knowledge.query import SearchQuery, search_query
from mm_support.knowledge.scoring import CLIP_LITE, CODE_SHARE, STAND_OUT
from mm_support.knowledge.text_score import UNKNOWN, Floors, TextScore
from mm_support.language import codes, defined, identifiers
from mm_support.language.terms import term_set, terms
from mm_support.paths import PACKS
from mm_support.types import Entry, Question, Token

D_TEXT, D_PICTURE = 16, 8
NO_PICTURE = np.zeros((0, D_PICTURE), np.float32)
TODAY = date(2026, 5, 1)


def unit(rng, *shape):
    vectors = rng.normal(size=shape).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def kept(rng, *shape):
    """Unit vectors as precise as an index keeps them."""
    return unit(rng, *shape).astype(np.float16).astype(np.float32)


def random_points(count, seed=0):
    rng = np.random.default_rng(seed)
    return [
        Point(
            Entry(f"e{n}", f"Entry {n}", f"Answer {n}.", intent="i"),
            kept(rng, rng.integers(1, 5), D_TEXT),
            kept(rng, rng.integers(0, 4), D_PICTURE),
            kept(rng, D_PICTURE),
            kept(rng, rng.integers(1, 9), D_TEXT),
        )
        for n in range(count)
    ]


class Bases:
    """Bases in a folder, or on a server of which it holds copies. models: names those that made the
    vectors.
    """

    def __init__(self, folder, models="models", url=""):
        self.folder, self.url, how = folder, url, (folder, models, D_TEXT, D_PICTURE)
        self.index = SharedIndex(url, *how) if url else FolderIndex(*how)

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


@pytest.fixture(params=["folder", "server"])
def index(request, tmp_path):
    """What the rest of this file says holds for both."""
    if request.param == "folder":
        yield Bases(tmp_path)
        return
    server = request.getfixturevalue("postgres")
    url = server.database(migrated=False)
    yield Bases(tmp_path, url=url)
    server.drop(url)


def random_point(rng, entry):
    """A point of one text without pictures and pieces."""
    text, look = unit(rng, 1, D_TEXT), unit(rng, D_PICTURE)
    return Point(entry, text, NO_PICTURE, look, unit(rng, 0, D_TEXT))


def query(text=None, photo=None, codes=frozenset(), words=frozenset(), pieces=None):
    tokens = [Token("text", text)] if text is not None else []
    tokens += [Token("photo", photo)] if photo is not None else []
    own = {"terms": words, "identifiers": codes}
    beside = {name: {"text": held} for name, held in own.items() if held}
    return fused(*tokens, **beside, pieces={} if pieces is None else {"text": pieces})


def fused(*tokens, **beside):
    """A search query of tokens, and what is matched beside their vectors."""
    return SearchQuery(build_fusion("weighted-sum", D_TEXT, D_PICTURE).fuse(tokens), **beside)


@pytest.mark.parametrize(
    "asked, floors", [("怎么退货", (0.3, 0.4)), ("how to return it", (0.1, 0.2))]
)
def test_what_unrelated_texts_have_is_taken_by_the_scripts_of_question_and_entry(
    tmp_path, asked, floors
):
    """floors: with an English text, with a Chinese one; the last entry has texts of both."""
    bases, (english, chinese, mixed) = Bases(tmp_path), random_points(3, seed=5)
    chinese = replace(chinese, characters=np.ones(len(chinese.text), bool))
    scripts = np.arange(len(mixed.text)) % 2 == 1
    assert scripts.any()
    mixed = replace(mixed, characters=scripts)
    bases.replace("kb", [english, chinese, mixed], "v1")
    table = ((0.1, 0.2), (0.3, 0.4))
    nothing = ((0, 0), (0, 0))
    score = TextScore(0.0, 0.0, Floors(table, nothing))
    both = english.text[0] + chinese.text[0]
    both /= np.linalg.norm(both)
    said = replace(query(both), texts={"text": (asked,)})
    found = search(bases.index.open("kb"), said, 3, TODAY, True, score)
    scores = {hit.entry.id: hit.score for hit in found}
    for point, written in zip((english, chinese, mixed), (scripts * 0, scripts * 0 + 1, scripts)):
        taken = np.array(floors)[np.resize(written, len(point.text)).astype(int)]
        expected = max(0.0, *((point.text @ both - taken) / (1 - taken)))
        assert scores[point.entry.id] == pytest.approx(expected, abs=1e-3)


def test_text_search_equals_brute_force(index):
    points = random_points(200)
    index.replace("kb", points, "v1")
    for seed in range(5):
        vector = unit(np.random.default_rng(100 + seed), D_TEXT)
        best = np.array([max(row @ vector for row in point.text) for point in points])
        expected = (1 - UNKNOWN.words) * best
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
        hit.entry.id: hit.score / (1 - UNKNOWN.words)
        for hit in index.search("kb", query(vector), CANDIDATES)
    }
    alike = [
        max(0, np.mean([max(row @ piece for row in point.pieces) for piece in asked]))
        for point in points
    ]
    expected = [
        (1 - UNKNOWN.words - UNKNOWN.alike) * without[p.entry.id] + UNKNOWN.alike * own
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
        [Point(Entry(n, "t", a), vector, NO_PICTURE, look, vector) for n, a in answers.items()],
        "v1",
    )
    hits = index.search("kb", query(vector[0], words=frozenset({"zebra", "parcel"})), 4)
    assert [hit.entry.id for hit in hits] == ["rare", "other", "common", "neither"]
    assert hits[-1].score == pytest.approx(1 - UNKNOWN.words, abs=1e-5)


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
            Entry("pump", "Error E24", "The pump is blocked."),
            -unit(rng, 1, D_TEXT),
            unit(rng, 0, D_PICTURE),
            unit(rng, D_PICTURE),
            unit(rng, 0, D_TEXT),
        )
    )
    index.replace("kb", points, "v1")
    best = index.search("kb", query(unit(rng, D_TEXT), codes=frozenset({"E24"})), 3)[0]
    assert best.entry.id == "pump"


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
        [
            *named,
            Point(Entry("unbalanced", "t", "It stops"), asked, none, look, asked),
            *others,
        ],
        "v1",
    )
    assert (
        index.search("kb", query(asked[0], codes=frozenset({"W8"})), 5)[0].entry.id == "unbalanced"
    )


def test_a_makers_name_in_the_photo_tells_nothing_apart_and_the_photo_decides(index):
    rng = np.random.default_rng(3)
    looks, none = unit(rng, 12, D_PICTURE), unit(rng, 12, D_TEXT)
    texts = [f"Havena lamp {n} flickers" if n % 2 else f"Table {n} wobbles" for n in range(12)]
    texts[1] += " like HV12"
    points = [
        Point(
            Entry(str(n), text, text),
            none[n : n + 1],
            looks[n : n + 1],
            looks[n],
            none[:0],
        )
        for n, text in enumerate(texts)
    ]
    index.replace("kb", points, "v1")

    def seen(words):
        tokens = [Token("photo_text", none[1]), Token("photo", looks[5])]
        read = {"terms": frozenset(words), "texts": ("HV-12",)}
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
    entry = Entry("heater", "Heater shows Lo", "Wait.", ("heater A27",))
    index.replace(
        "kb",
        [random_point(rng, entry)],
        "v1",
    )

    def found(*texts):
        names = ("speech", "photo_text")
        tokens = [Token(name, unit(rng, D_TEXT)) for name in names]
        asked = fused(*tokens, texts=dict.fromkeys(names, texts))
        return index.recognise("kb", asked).identifiers

    assert found("827", "LO") == {"speech": {"LO"}, "photo_text": {"A27", "LO"}}
    assert found("827", "1000W", "LO") == {"speech": {"LO"}, "photo_text": {"LO"}}
    assert found("my a27") == {"speech": {"A27"}, "photo_text": {"A27"}}
    assert found("W8") == {}


def test_what_the_turn_before_named_counts_until_another_is_named(index):
    rng = np.random.default_rng(8)
    entries = [Entry("a", "Oven shows E24", "x"), Entry("b", "Oven shows E18", "x")]
    points = [random_point(rng, entry) for entry in entries]
    index.replace("kb", points, "v1")

    def named(**texts):
        asked = fused(Token("text", unit(rng, D_TEXT)), texts=texts)
        return index.recognise("kb", asked).identifiers

    assert named(text=("and now?",), context=("it is E24",)) == {"context": {"E24"}}
    assert named(text=("and E18?",), context=("it is E24",)) == {"text": {"E18"}}


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
        [Point(Entry(text, "t", text), vector, NO_PICTURE, look, vector) for text in texts],
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


# -- every score against a reference that looks at one entry after the other ------------------


def reference(points, query):
    """Entry id -> what each modality adds, by the definitions, entry by entry."""
    fused, n = query.fused, len(points)
    stems = [Counter(terms(p.entry.text)) for p in points]
    usual = sum(own.total() for own in stems) / n
    named = [identifiers.identifiers_of(p.entry) for p in points]
    titled = [defined.named_in_title(p.entry.title) for p in points]

    def rarity(word):
        having = sum(word in own for own in stems)
        return math.log(1 + (n - having + 0.5) / (having + 0.5))

    def cosine(one, other):
        return float(one @ other / max(np.linalg.norm(one) * np.linalg.norm(other), 1e-9))

    def log_odds(point):
        worded = cosine(point.words, fused.picture)
        if not len(point.picture):
            return CLIP_LITE.only_words * worded + CLIP_LITE.only_words_bias
        near = max(cosine(row, fused.picture) for row in point.picture)
        centre = cosine(point.picture.mean(axis=0), fused.picture)
        seen = CLIP_LITE.nearest * near + CLIP_LITE.mean * centre + CLIP_LITE.words * worded
        return seen + CLIP_LITE.bias

    odds = [log_odds(p) for p in points] if fused.picture is not None else []
    found = {}
    for row, point in enumerate(points):
        best = max(point.text, key=lambda text: float(text @ fused.text))
        by = {}
        for name in (name for name in fused.parts if name != "photo"):
            asked = query.terms.get(name, frozenset())
            damping = 1.2 * (0.25 + 0.75 * stems[row].total() / usual)
            gained = {word: own / (own + damping) for word, own in stems[row].items()}
            words = sum(rarity(word) * gained.get(word, 0) for word in asked)
            words /= sum(map(rarity, asked)) or 1
            share = UNKNOWN.alike if name in query.pieces else 0
            alike = likeness(query.pieces[name], point.pieces) if share else 0
            by[name] = (1 - UNKNOWN.words - share) * max(0, float(fused.parts[name] @ best))
            by[name] += fused.weights[name] * (UNKNOWN.words * words + share * alike)
        if odds:
            ahead = math.exp(STAND_OUT * (odds[row] - max(odds)))
            by["photo"] = fused.weights["photo"] * ahead / (1 + math.exp(-odds[row]))
        total = min(1, sum(by.values()))
        for name, asked in query.identifiers.items():
            sharing = {
                c: sum(codes.fold(c) in map(codes.fold, own) for own in named) for c in asked
            }
            sure = max(
                max(
                    codes.match(frozenset({c}), named[row]) / max(1, sharing[c]),
                    codes.match(frozenset({c}), titled[row]) / max(1, sharing[c]) ** 0.5,
                )
                for c in asked
            )
            gain = (1 - total) * CODE_SHARE * sure
            by[name], total = by.get(name, 0) + gain, total + gain
        found[point.entry.id] = by
    return found


WORDS = "parcel return zebra lamp refund order pump filter drum cable invoice screen".split()


def worded_points(rng, count):
    """Points whose entries have words and name identifiers, some of them the same ones."""
    points = []
    for point in random_points(count, seed=4):
        words = " ".join(rng.choice(WORDS, 4))
        title = f"{words} E{rng.integers(10, 40)}"
        answer = f"The W{rng.integers(1, 4)} says so: {' '.join(rng.choice(WORDS, 3))}."
        points.append(replace(point, entry=replace(point.entry, title=title, answer=answer)))
    return points


@pytest.mark.parametrize(
    "said", [("text",), ("text", "speech", "photo_text", "photo"), ("photo_text", "photo")]
)
def test_every_score_and_its_parts_equal_a_reference_entry_by_entry(index, said):
    rng = np.random.default_rng(12)
    points = worded_points(rng, CANDIDATES)
    index.replace("kb", points, "v1")
    for _ in range(5):
        spoken = [name for name in said if name != "photo"]
        lengths = {"photo": D_PICTURE}
        tokens = [Token(name, unit(rng, lengths.get(name, D_TEXT)), rng.uniform()) for name in said]
        asked = fused(
            *tokens,
            terms={name: term_set(" ".join(rng.choice(WORDS, 3))) for name in spoken},
            identifiers={spoken[0]: frozenset({f"E{rng.integers(10, 40)}", "W2"})},
            pieces={name: unit(rng, rng.integers(1, 6), D_TEXT) for name in spoken[:2]},
        )
        expected = reference(points, asked)
        hits = index.search("kb", asked, CANDIDATES)
        assert {hit.entry.id for hit in hits} == expected.keys()
        for hit in hits:
            assert hit.by == pytest.approx(expected[hit.entry.id], abs=4e-3)  # pieces in bytes
            assert hit.score == pytest.approx(sum(expected[hit.entry.id].values()), abs=8e-3)


def test_a_large_base_finds_in_two_stages_what_one_stage_finds(index, monkeypatch):
    """Entries whose texts are about one thing, as texts of an entry are."""
    rng = np.random.default_rng(13)
    points = []
    for point in random_points(600, seed=9):
        texts = point.text + 2 * kept(rng, D_TEXT)
        texts /= np.linalg.norm(texts, axis=1, keepdims=True)
        points.append(replace(point, text=texts))
    index.replace("kb", points, "v1")
    asked = [query(points[n].text[0], points[n].words) for n in range(0, 600, 40)]
    whole = [[hit.entry.id for hit in index.search("kb", one, 3)] for one in asked]
    monkeypatch.setattr("mm_support.knowledge.index.search.LARGE", 100)
    monkeypatch.setattr("mm_support.knowledge.index.search.FIRST_STAGE", 120)
    staged = [[hit.entry.id for hit in index.search("kb", one, 3)] for one in asked]
    same = np.mean([len({*one} & {*other}) / 3 for one, other in zip(whole, staged)])
    assert [one[0] for one in staged] == [one[0] for one in whole] and same > 0.9


def test_sentences_are_encoded_under_the_title_that_says_what_they_are_about():
    entry = Entry("a", "Gift cards", "They cost 5. They last a year.", ("what do cards cost",))
    assert entry_texts(entry) == [
        "Gift cards",
        "what do cards cost",
        "Gift cards: They cost 5.",
        "Gift cards: They last a year.",
    ]
    assert entry_texts(replace(entry, title="")) == [
        "what do cards cost",
        "They cost 5.",
        "They last a year.",
    ]


def test_a_term_finds_an_entry_that_no_vector_is_near(index):
    rng = np.random.default_rng(14)
    points = random_points(300, seed=5)
    asked = unit(rng, D_TEXT)
    far = replace(points[0], entry=Entry("zebra", "zebra", "zebra"), text=-asked[None])
    index.replace("kb", [*points[1:], far], "v1")
    hits = index.search("kb", query(asked, words=frozenset({"zebra"})), 300)
    assert "zebra" in {hit.entry.id for hit in hits}


def test_words_count_rare_terms_repeated_terms_and_short_texts_more(index):
    answers = {
        "once": "lamp " + "filler " * 5,
        "long": "lamp " + "filler " * 60,
        "rare": "zebra " + "filler " * 5,
        "none": "filler",
    }
    points = [
        replace(point, entry=Entry(name, "title", answer))
        for point, (name, answer) in zip(random_points(4), answers.items())
    ]
    index.replace("kb", points, "v1")
    postings = index.index.open("kb").postings
    terms = frozenset({"lamp", "zebra", "unheard"})
    (found,) = postings.words([terms], postings.find(terms))
    scores = dict(zip(answers, found))
    assert scores["rare"] > scores["once"] >= scores["long"] > scores["none"] == 0


@pytest.mark.parametrize("naming, of_one", [(7, True), (4, False)])
def test_a_base_is_about_one_thing_where_most_entries_name_it(index, naming, of_one):
    titles = ["Install Quillbox", "Update Quillbox", "Prices", "Support", "Jobs"] * 2
    said = ["Quillbox opens then."] * naming + ["It opens then."] * (10 - naming)
    points = [
        replace(point, entry=Entry(f"e{at}", title if at < naming else "Other", text))
        for at, (point, title, text) in enumerate(zip(random_points(10), titles, said))
    ]
    index.replace("kb", points, "v1")
    assert index.index.open("kb").about.of_one == of_one
    rng = np.random.default_rng(2)
    opened = index.index.open("kb")
    assert recognise(opened, query(unit(rng, D_TEXT))).of_one == of_one


# -- what holds on the disk --------------------------------------------------------------------


def test_pictures_move_with_their_folder(index, tmp_path):
    (point,) = random_points(1)
    place = tmp_path / "pictures" / "kb" / "p.jpg"
    index.replace("kb", [replace(point, entry=replace(point.entry, pictures=(place,)))], "v1")
    shutil.copytree(tmp_path / "bases", tmp_path / "moved" / "bases")
    there = Bases(tmp_path / "moved")
    expected = (tmp_path / "moved" / "pictures" / "kb" / "p.jpg",)
    assert there.entries("kb")[0].pictures == expected
    assert there.search("kb", query(point.text[0]), 1)[0].entry.pictures == expected


def test_replace_forgets_the_old_entries_and_undo_brings_them_back(index):
    for label, count in (("v1", 5), ("v2", 2), ("v3", 3)):
        index.replace("kb", random_points(count), label)
    assert len(index.entries("kb")) == 3 and len(index.folders()) == 2
    index.index.undo("kb")
    assert index.label("kb") == "v2" and len(index.entries("kb")) == 2
    index.index.undo("kb")
    assert index.label("kb") == "v3"
    index.replace("other", random_points(1), "v1")
    with pytest.raises(KnowledgeError, match="before"):
        index.index.undo("other")


def test_what_a_base_held_is_known_for_each_time_also_after_undo_and_removal(index):
    first, last = random_points(3), random_points(3)
    last[0] = replace(last[0], entry=replace(last[0].entry, answer="Otherwise."))
    times = [datetime.now(UTC)]
    index.replace("kb", first, "v1")
    for change in (
        lambda: index.replace("kb", last[:2], "v2"),
        lambda: index.index.undo("kb"),
        lambda: index.index.remove("kb"),
        lambda: index.index.undo("kb"),
    ):
        times.append(datetime.now(UTC))
        change()
    said = [[point.entry for point in points] for points in (first, last[:2], first, [])]
    for when, entries in zip(times[1:], said):
        held = index.index.held_at("kb", when)
        assert sorted(held, key=lambda entry: entry.id) == entries
    assert [len(change.said) for change in index.index.changes("kb")] == [3, 3, 2, 2, 3]
    with pytest.raises(KnowledgeError, match="at that time"):
        index.index.held_at("kb", times[0])
    index.index.remove("kb")
    index.index.remove("kb")
    index.replace("kb", first[:1], "v3")
    assert len(index.index.changes("kb")) == 1


def test_a_change_that_was_noted_but_never_made_is_none_and_a_line_cut_off_ends_there(index):
    index.replace("kb", random_points(3), "v1")
    file = index.folder / "bases" / "kb" / "changes.jsonl"
    kept = file.read_text(encoding="utf-8")
    file.write_text(kept + kept.replace('"before": ""', '"before": "x"')[:-40], encoding="utf-8")
    index.replace("kb", random_points(2), "v2")
    found = index.index.changes("kb")
    assert [change.said.keys() for change in found] == [{"e2"}, {"e0", "e1", "e2"}]


def test_a_failed_ingest_leaves_the_old_index(index):
    index.replace("kb", random_points(5), "v1")

    def breaking():
        yield from random_points(70)
        raise KnowledgeError("disk full")

    with pytest.raises(KnowledgeError):
        index.replace("kb", breaking(), "v2")
    assert len(index.entries("kb")) == 5 and index.label("kb") == "v1"
    assert len(index.folders()) == 1
    with pytest.raises(KnowledgeError):
        index.replace("never", breaking(), "v1")
    assert index.index.names() == ["kb"] and not (index.folder / "bases" / "never").exists()


def test_two_entries_with_one_id_are_an_error_and_the_old_base_stays(index):
    index.replace("kb", random_points(5), "v1")
    with pytest.raises(KnowledgeError, match="same id"):
        index.replace("kb", random_points(2) + random_points(1), "v2")
    assert index.label("kb") == "v1" and len(index.folders()) == 1


def test_the_old_base_answers_while_the_points_of_the_new_one_are_made(index):
    index.replace("kb", random_points(5), "v1")
    seen = []

    def asked_meanwhile():
        yield from random_points(70)
        other = threading.Thread(
            target=lambda: seen.append((index.label("kb"), len(index.entries("kb")))), daemon=True
        )
        other.start()
        other.join(5)

    index.replace("kb", asked_meanwhile(), "v2")
    assert seen == [("v1", 5)] and index.label("kb") == "v2"


def test_of_two_ingests_of_a_name_the_last_one_to_end_wins_whole(index):
    def overtaken():
        index.replace("kb", random_points(2), "v2")
        yield from random_points(3)

    index.replace("kb", random_points(5), "v1")
    index.replace("kb", overtaken(), "v3")
    assert index.label("kb") == "v3" and len(index.entries("kb")) == 3
    assert len(index.folders()) == 2  # v2 is what undo brings back


def test_a_version_is_kept_for_as_long_as_somebody_reads_it(index):
    index.replace("kb", random_points(5), "v1")
    reader = index.index.open("kb")
    for label in ("v2", "v3", "v4"):
        index.replace("kb", random_points(2), label)
    asked = query(random_points(5)[3].text[0])
    assert search(reader, asked, 1, TODAY, True)[0].entry.id == "e3"
    assert len(index.folders()) == 3
    del reader
    index.replace("kb", random_points(1), "v5")
    assert len(index.folders()) == 2


def test_an_index_is_reopened_as_it_was(tmp_path):
    Bases(tmp_path).replace("kb", random_points(5), "v1", {"kept": ["a"]})
    again = Bases(tmp_path)
    assert len(again.entries("kb")) == 5 and again.label("kb") == "v1"
    assert again.index.open("kb").about.recipe == {"kept": ["a"]}


def test_a_base_of_other_models_keeps_answering_by_its_words(tmp_path):
    rng = np.random.default_rng(2)
    points = worded_points(rng, 60)
    points[7] = replace(points[7], entry=Entry("u", "How to unblock the zebra", "Pull."))
    points[8] = replace(points[8], entry=Entry("c", "Error F77", "Push."))
    Bases(tmp_path).replace("kb", points, "v1")
    other = Bases(tmp_path, models="others")
    assert other.index.names() == ["kb"] and not other.index.fits(other.index.open("kb"))
    asked = query(unit(rng, D_TEXT), words=frozenset({"unblock", "zebra"}))
    (best,) = other.search("kb", asked, 1)
    assert best.entry.id == "u" and best.score == pytest.approx(1)
    asked = query(unit(rng, D_TEXT), codes=frozenset({"F77"}))
    assert other.search("kb", asked, 1)[0].entry.id == "c"
    assert other.search("kb", query(photo=unit(rng, D_PICTURE)), 5) == []


def test_entries_are_found_only_on_days_on_which_they_hold(index, monkeypatch):
    @dataclass(frozen=True)
    class Dated(Entry):
        valid_from: date | None = None
        valid_until: date | None = None

    points = random_points(4)
    days = [(None, None), (None, date(2026, 4, 30)), (TODAY, TODAY), (date(2026, 5, 2), None)]
    dated = [
        replace(p, entry=Dated(p.entry.id, "zebra", "zebra", valid_from=a, valid_until=b))
        for p, (a, b) in zip(points, days)
    ]
    index.replace("kb", dated, "v1")
    asked = query(points[1].text[0], points[1].words, words=frozenset({"zebra"}))
    for day, expected in ((TODAY, {"e0", "e2"}), (date(2026, 5, 2), {"e0", "e3"})):
        assert {hit.entry.id for hit in index.search("kb", asked, 10, day)} == expected
    index.replace("kb", dated[1:2], "v2")
    both = query(
        points[1].text[0], unit(np.random.default_rng(1), D_PICTURE), pieces=points[1].pieces
    )
    assert index.search("kb", both, 10) == [] and index.search("kb", asked, 10) == []


def test_an_empty_base_finds_nothing(index):
    index.replace("kb", [], "v1")
    assert index.search("kb", query(unit(np.random.default_rng(0), D_TEXT)), 3) == []
    assert index.entries("kb") == ()


def test_what_is_stored_can_be_stored_again_without_loss(index):
    points = random_points(6)
    index.replace("kb", points, "v1")
    before = index.index.open("kb")
    index.replace("kb", before.points([4, 1, 0]), "v2")
    after = index.index.open("kb")
    assert [e.id for e in index.entries("kb")] == ["e4", "e1", "e0"]
    for place, row in enumerate((4, 1, 0)):
        (one,), (other,) = before.points([row]), after.points([place])
        for name in ("text", "picture", "words", "pieces"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_removing_a_base_removes_everything_of_it(index, tmp_path):
    (tmp_path / "sources" / "kb" / "a").mkdir(parents=True)
    index.replace("kb", random_points(2), "v1", {"kept": ["a"]})
    assert (tmp_path / "sources" / "kb" / "a").exists()
    index.index.remove("kb")
    assert index.index.names() == [] and index.index.removed() == ["kb"]
    index.index.remove("kb")
    assert index.index.removed() == [] and not (tmp_path / "bases" / "kb").exists()
    assert not (tmp_path / "sources" / "kb" / "a").exists()
    with pytest.raises(KnowledgeError):
        index.index.remove("kb")


def test_an_unknown_base_names_the_others_and_a_name_leads_nowhere_else(index):
    index.replace("kb", random_points(1), "v1")
    for name in ("other", "../kb", "", ".lock", "KB"):
        with pytest.raises(KnowledgeError, match="there are: kb"):
            index.search(name, query(np.ones(D_TEXT, np.float32)), 1)
    with pytest.raises(KnowledgeError, match="small letters"):
        index.replace("../x", random_points(1), "v1")


# -- several processes -------------------------------------------------------------------------


def run(folder, url, body):
    """In a process of its own: what the body does with the bases."""
    exec(body, {"bases": Bases(folder, url=url), "random_points": random_points, "os": os})


@pytest.fixture(scope="module")
def copies():
    """Starts processes as copies of one that has imported this file, which takes seconds."""
    copies, tests = multiprocessing.get_context("forkserver"), Path(__file__).parent
    copies.set_forkserver_preload([__name__])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{tests}{os.pathsep}{tests.parent}")
        forkserver.ensure_running()
    return copies


@pytest.fixture
def process(index, copies):
    """process(body) -> one that is started."""

    def start(body):
        child = copies.Process(target=run, args=(index.folder, index.url, body))
        child.start()
        return child

    return start


KILLED_AFTER = [
    "add",  # while entries are added
    "finish",  # files are whole, nothing is published
    "replace",  # the folder has its name, the pointer does not know it
]


@pytest.mark.parametrize("moment", KILLED_AFTER)
def test_a_process_killed_at_any_moment_leaves_the_old_base_and_no_rubbish(index, process, moment):
    index.replace("kb", random_points(5), "v1")
    patch = {
        "add": "",
        "finish": "bases.index.publish = lambda *a: os._exit(9)",
        "replace": "bases.index._point = lambda *a: os._exit(9)",
    }[moment]
    points = "(p if n < 5 else os._exit(9) for n, p in enumerate(random_points(9)))"
    if moment != "add":
        points = "random_points(9)"
    child = process(f"{patch}\nbases.replace('kb', {points}, 'v2')")
    child.join(60)
    assert child.exitcode == 9
    assert index.label("kb") == "v1" and len(index.entries("kb")) == 5
    assert len(index.folders()) == 2
    again = Bases(index.folder, url=index.url)
    if index.url and moment == "replace":  # the server had all of it
        assert again.label("kb") == "v2" and len(again.entries("kb")) == 9
    else:
        assert len(again.folders()) == 1 and again.label("kb") == "v1"
    again.replace("kb", random_points(2), "v3")
    assert again.label("kb") == "v3"


def test_several_processes_read_a_base_while_others_replace_it(index, process):
    index.replace("kb", random_points(5), "start")
    body = """
for n in range(15):
    bases.replace("kb", random_points(3 + n % 4), f"{name}-{3 + n % 4}")
"""
    writers = [process(f"name = {name!r}\n{body}") for name in ("one", "two")]
    asked, answered = query(random_points(3)[2].text[0]), 0
    while any(writer.exitcode is None for writer in writers):
        version = index.index.open("kb")
        hits = search(version, asked, 10, TODAY, True)
        assert hits[0].entry.id == "e2" and len(hits) == len(version)
        label = version.about.label
        assert label == "start" or len(version) == int(label.split("-")[1])
        answered += 1
    assert [writer.exitcode for writer in writers] == [0, 0] and answered > 50
    index.index.open("kb")
    Bases(index.folder, url=index.url)
    assert len(index.folders()) <= 3 and not list(index.folder.glob("bases/kb/*.new"))


def test_files_are_kept_while_another_process_may_still_need_them(index, tmp_path):
    """A picture is stored before the version that names it is published."""
    picture = tmp_path / "pictures" / "kb" / "new.jpg"
    picture.parent.mkdir(parents=True)
    with index.index.writing("kb") as new:
        picture.write_bytes(b"x")
        Bases(tmp_path).replace("kb", random_points(1), "other")
        assert picture.exists()
        (point,) = random_points(1)
        new.add(replace(point, entry=replace(point.entry, pictures=(picture,))))
        new.publish("v1")
    assert picture.exists()
    for _ in range(2):
        index.replace("kb", random_points(1), "v2")
    assert not picture.exists()


def test_each_text_of_an_entry_keeps_its_script(tmp_path):
    """One that shows none has that of its entry."""
    looks = SimpleNamespace(
        dim=D_PICTURE,
        encode=lambda photos: np.zeros((len(photos), D_PICTURE), np.float32),
        encode_words=lambda titles: np.zeros((len(titles), D_PICTURE), np.float32),
    )
    maker = PointMaker(WordEncoder(), looks, tmp_path)
    entries = [
        Entry(
            "half", "Print the pages", "点击图标，选择每行显示的页数。\n\nIt closes when you type."
        ),
        Entry("whole", "E24", "水泵没有进水，请打开水龙头。"),
    ]
    half, whole = maker.points("kb", entries, ["", ""], [])
    with (index := Bases(tmp_path).index).writing("kb") as new:
        for point in (half, whole):
            new.add(replace(point, text=point.text[:, :D_TEXT], pieces=point.pieces[:, :D_TEXT]))
        new.publish("v1", None)
    assert list(half.characters) == [False, True, False]
    assert list(whole.characters) == [True, True]
    kept = [list(point.characters) for point in index.open("kb").points([0, 1])]
    assert kept == [list(half.characters), list(whole.characters)]


@pytest.mark.slow
def test_scores_on_a_pack_equal_the_reference_entry_by_entry(settings, tmp_path):
    device, pack = resolve_device("cpu"), PACKS / "smart-home"
    text, image = load_text_encoder(settings, device), load_image_encoder(settings, device)
    index = FolderIndex(tmp_path, "models", text.dim, image.dim)
    entries = read_knowledge(pack)[0][::2]
    maker = PointMaker(text, image, index.pictures_dir)
    points = list(maker.points("kb", entries, [""] * len(entries), []))
    with index.writing("kb") as new:
        for point in points:
            new.add(point)
        new.publish("pack")
    version, fusion = index.open("kb"), build_fusion("weighted-sum", text.dim, image.dim)
    photos = image.encode([Image.open(path) for path in points[0].entry.pictures])
    first = []
    for entry in entries[::3]:
        question = Question(entry.questions[0])
        (vector,), (own,) = text.encode_pieces([question.typed])
        tokens = [Token("text", vector), *(Token("photo", photo, 0.6) for photo in photos[:1])]
        pieces = {"text": own.vectors.astype(np.float32)}
        asked = recognise(version, search_query(fusion.fuse(tokens), question, pieces))
        expected = {key: sum(by.values()) for key, by in reference(points, asked).items()}
        hits = search(version, asked, len(entries), TODAY, True)
        for hit in hits:
            assert hit.score == pytest.approx(expected[hit.entry.id], abs=4e-3)
        first.append(hits[0].entry.id == max(expected, key=expected.__getitem__))
    assert np.mean(first) > 0.95  # all but those that bytes and halves of floats decide


def test_a_base_in_another_layout_answers_by_its_words_until_it_is_made_again(tmp_path):
    rng = np.random.default_rng(2)
    points = worded_points(rng, 4)
    points[2] = replace(points[2], entry=Entry("u", "How to unblock the zebra", "Pull."))
    Bases(tmp_path).replace("kb", points, "v1")
    (file,) = (tmp_path / "bases" / "kb").rglob("about.json")
    about = json.loads(file.read_text())
    file.write_text(json.dumps(about | {"signature": about["signature"] + "0"}))
    (file.parent / "centres").unlink()
    again = Bases(tmp_path)
    assert not again.index.fits(again.index.open("kb"))
    asked = query(unit(rng, D_TEXT), words=frozenset({"unblock", "zebra"}))
    assert again.search("kb", asked, 1)[0].entry.id == "u"


def test_what_a_later_release_says_more_about_a_base_is_left_alone(tmp_path):
    Bases(tmp_path).replace("kb", random_points(4), "1")
    (file,) = (tmp_path / "bases" / "kb").rglob("about.json")
    file.write_text(json.dumps(json.loads(file.read_text()) | {"of_tomorrow": 1}))
    assert len(Bases(tmp_path).entries("kb")) == 4


@pytest.mark.parametrize(
    "file", ["current", "about.json", "entries.sqlite", "pieces", "facet_ends"]
)
def test_a_damaged_base_is_told_in_a_sentence_and_the_others_answer(tmp_path, file):
    bases = Bases(tmp_path)
    for name in ("kb", "other"):
        bases.replace(name, random_points(4), "1")
    (path,) = (tmp_path / "bases" / "kb").rglob(file)
    path.write_bytes(b"\xff" * (path.stat().st_size // 2))
    told_and_others_answer(tmp_path)


@pytest.mark.parametrize("file", ["about.json", "entries.sqlite", "facets", "piece_scales"])
def test_so_is_a_base_of_which_a_file_is_missing(tmp_path, file):
    bases = Bases(tmp_path)
    for name in ("kb", "other"):
        bases.replace(name, random_points(4), "1")
    (path,) = (tmp_path / "bases" / "kb").rglob(file)
    path.unlink()
    told_and_others_answer(tmp_path)


def test_a_base_of_a_later_release_is_not_called_damaged(tmp_path):
    Bases(tmp_path).replace("kb", random_points(4), "1")
    (about,) = (tmp_path / "bases" / "kb").rglob("about.json")
    written = json.loads(about.read_text())
    models, _, layout = written["signature"].rpartition("-")
    about.write_text(json.dumps(written | {"signature": f"{models}-{int(layout) + 1}"}))
    (about.parent / "entries.sqlite").write_bytes(b"\xff" * 100)
    with pytest.raises(KnowledgeError, match="later release.*start that one"):
        Bases(tmp_path).index.open("kb")


def told_and_others_answer(folder):
    again = Bases(folder)
    with pytest.raises(KnowledgeError, match="'kb' is damaged.*backup") as caught:
        again.index.open("kb")
    assert str(folder) not in str(caught.value)  # customers read it too
    assert len(again.entries("other")) == 4 and "other" in again.index.names()


@pytest.mark.parametrize("change", ["undo", "remove"])
def test_a_full_disk_that_keeps_a_base_as_it_is_is_told_in_a_sentence(index, monkeypatch, change):
    def full(*_):
        raise OSError(28, "No space left on device")

    for label in ("v1", "v2"):
        index.replace("kb", random_points(1), label)
    with monkeypatch.context() as patch, pytest.raises(KnowledgeError, match="Make room"):
        patch.setattr("mm_support.knowledge.index.folder.write_json", full)
        getattr(index.index, change)("kb")
    assert index.label("kb") == "v2"


def test_a_data_folder_that_cannot_be_written_to_is_told_with_a_remedy(tmp_path, monkeypatch):
    def read_only(path):
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr("mm_support.knowledge.index.folder.waiting", read_only)
    with pytest.raises(KnowledgeError, match="MM_SUPPORT_DATA"):
        Bases(tmp_path)
