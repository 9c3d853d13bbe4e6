"""The index: what it finds is what brute force over all entries finds, and an ingest is all or
nothing.
"""

import threading
from dataclasses import replace

import numpy as np
import pytest

from mm_support.errors import KnowledgeError
from mm_support.fuse.strategies import build_fusion
from mm_support.knowledge.index import CANDIDATES, Point, VectorIndex, connect
from mm_support.knowledge.query import SearchQuery
from mm_support.knowledge.scoring import PIECE_SHARE, WHOLE_SHARE, WORD_SHARE
from mm_support.types import Entry, Token

D_TEXT, D_PICTURE = 16, 8


def unit(rng, *shape):
    vectors = rng.normal(size=shape).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


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


@pytest.fixture
def index(tmp_path):
    index = VectorIndex(connect(tmp_path / "index"), "models", D_TEXT, D_PICTURE, tmp_path)
    yield index
    index.close()


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
    vector = unit(np.random.default_rng(0), 1, D_TEXT)
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
    entry = Entry("a", "T", "A", ("q1", "q2"), "intent", (tmp_path / "p.jpg",), "faq.csv:3", True)
    first = random_points(3)
    index.replace(
        "kb",
        [
            *first,
            Point(entry, *[getattr(first[0], n) for n in ("text", "picture", "words", "pieces")]),
        ],
        "v1",
    )
    assert index.entries("kb")[-1] == entry
    assert [e.id for e in index.entries("kb")] == ["e0", "e1", "e2", "a"]
    assert [(b.name, b.entries, b.pictures) for b in index.list()] == [("kb", 4, 1)]


def test_pictures_move_with_their_folder(index, tmp_path):
    (point,) = random_points(1)
    picture = tmp_path / "here" / "kb" / "p.jpg"
    here, there = (
        VectorIndex(index._client, "models", D_TEXT, D_PICTURE, tmp_path / place)
        for place in ("here", "there")
    )
    here.replace("kb", [replace(point, entry=replace(point.entry, pictures=(picture,)))], "v1")
    (hit,) = there.search("kb", query(point.text[0]), 1)
    assert here.entries("kb")[0].pictures == (picture,)
    assert (
        there.entries("kb")[0].pictures
        == hit.entry.pictures
        == (tmp_path / "there" / "kb" / "p.jpg",)
    )


def test_replace_forgets_the_old_entries(index):
    index.replace("kb", random_points(5), "v1")
    index.replace("kb", random_points(2), "v2")
    assert len(index.entries("kb")) == 2 and index.version("kb") == "v2"


def test_a_failed_ingest_leaves_the_old_index(index):
    index.replace("kb", random_points(5), "v1")

    def breaking():
        yield from random_points(70)
        raise KnowledgeError("disk full")

    with pytest.raises(KnowledgeError):
        index.replace("kb", breaking(), "v2")
    assert len(index.entries("kb")) == 5 and index.version("kb") == "v1"
    assert len(index._client.get_collections().collections) == 1


def test_the_old_base_answers_while_the_points_of_the_new_one_are_made(index):
    index.replace("kb", random_points(5), "v1")
    seen = []

    def asked_meanwhile():
        yield from random_points(70)
        other = threading.Thread(
            target=lambda: seen.append((index.version("kb"), len(index.entries("kb")))), daemon=True
        )
        other.start()
        other.join(5)

    index.replace("kb", asked_meanwhile(), "v2")
    assert seen == [("v1", 5)] and index.version("kb") == "v2"


def test_an_ingest_that_ends_within_another_leaves_nothing_behind(index):
    def overtaken():
        index.replace("kb", random_points(2), "v2")
        yield from random_points(3)

    index.replace("kb", random_points(5), "v1")
    index.replace("kb", overtaken(), "v3")
    assert index.version("kb") == "v3" and len(index.entries("kb")) == 3
    assert len(index._client.get_collections().collections) == 1


def test_an_index_is_reopened_as_it_was(tmp_path, monkeypatch):
    first = VectorIndex(connect(tmp_path), "models", D_TEXT, D_PICTURE, tmp_path)
    first.replace("kb", random_points(5), "v1")
    first.close()
    second = VectorIndex(connect(tmp_path), "models", D_TEXT, D_PICTURE, tmp_path)
    assert len(second.entries("kb")) == 5
    second.close()
    monkeypatch.setattr("mm_support.knowledge.index.LAYOUT", "-")
    before = VectorIndex(connect(tmp_path), "models", D_TEXT, D_PICTURE, tmp_path)
    assert before.list() == [], "points of another layout"
    before.close()
    other = VectorIndex(connect(tmp_path), "othermodels", D_TEXT, D_PICTURE, tmp_path)
    assert other.list() == [] and other.version("kb") is None
    other.close()


def test_a_folder_in_use_is_said_with_the_remedy(tmp_path, index):
    with pytest.raises(KnowledgeError, match="MM_SUPPORT_INDEX_URL"):
        VectorIndex(connect(tmp_path / "index"), "models", D_TEXT, D_PICTURE, tmp_path)


def test_a_server_that_does_not_answer_is_said(tmp_path):
    with pytest.raises(KnowledgeError, match="index_url"):
        connect(tmp_path, "http://127.0.0.1:9")


def test_an_unknown_base_names_the_others(index):
    index.replace("kb", random_points(1), "v1")
    with pytest.raises(KnowledgeError, match="kb"):
        index.search("other", query(np.ones(D_TEXT, np.float32)), 1)
