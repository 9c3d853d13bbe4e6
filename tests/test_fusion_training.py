"""Training of fusion: the score that it learns from is the index's, it learns, goes on, and leaves
strangers alone.
"""

import json
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from clock import cpu_seconds
from conftest import WordEncoder
from torch import nn

from assets.training.fusion_figures import ask, fewer, figures
from assets.training.grocery import BASE, grocery_entries
from assets.training.products import Product
from mm_support.config import Settings
from mm_support.errors import WeightsError
from mm_support.fuse.strategies import HEADS, STRATEGIES, WIDTH, build_fusion
from mm_support.fuse.weights import fusion_file, load_fusion, made_for, save_fusion
from mm_support.knowledge.index import Point
from mm_support.knowledge.index.folder import FolderIndex
from mm_support.knowledge.index.identified import SCHEMA, STORED, Identifiers, IdentifiersWriter
from mm_support.knowledge.index.search import recognise, search
from mm_support.knowledge.index.table import Table, create
from mm_support.knowledge.late_interaction import merged
from mm_support.knowledge.points import entry_texts
from mm_support.knowledge.query import SearchQuery
from mm_support.knowledge.text_score import UNKNOWN, Floors, TextScore
from mm_support.language.defined import named_in_title
from mm_support.language.identifiers import identifiers_of
from mm_support.language.terms import term_set
from mm_support.train import fusion_training
from mm_support.train.encoded_set import packed, unpacked
from mm_support.train.support_set import Picture, SupportSet, Wording
from mm_support.train.turns import make_turns, told_by
from mm_support.types import MODALITIES, Entry, Token

D_PICTURE = 12
PRODUCTS = [
    Product(name, "Fruit", "", Path(f"{name}.jpg")) for name in ("Apple", "Banana", "Cherry")
]
PACK_ENTRIES = (
    Entry(
        "e24",
        "Error E24",
        "E24 means that water is missing.",
        ("what is E24",),
        "error",
        (Path("e24.jpg"),),
    ),
    Entry("refund", "Refunds", "Money back within a week.", ("when do I get a refund",), "money"),
)
QUESTIONS = {
    "storage": "store keep shelf",
    "origin": "country origin producer",
    "taste": "taste texture typical",
}


@dataclass(frozen=True)
class FakeSet:
    """An encoded set without encoders: words count, a product's photos point one way, its catalogue
    picture another.
    """

    rows: SupportSet
    text_score: TextScore = UNKNOWN

    @classmethod
    def small(cls):
        entries = {BASE: tuple(grocery_entries(PRODUCTS)), "shop": PACK_ENTRIES}
        pictures = [
            Picture(
                BASE,
                tuple(e.id for e in entries[BASE][6 * p : 6 * p + 6]),
                Path(f"{split}/{p}-{n}.jpg"),
                0,
                split,
            )
            for p in range(3)
            for split, count in (("train", 8), ("validation", 4), ("test", 4))
            for n in range(count)
        ]
        pictures += [
            Picture("shop", ("e24",), Path("seen.jpg"), 1, split)
            for split in ("train", "validation", "test")
        ]
        wordings = [
            Wording(BASE, intent, f"{word} {split}", split)
            for split in ("train", "validation", "test")
            for intent, words in QUESTIONS.items()
            for word in words.split()
        ]
        wordings += [
            Wording("shop", "e24", f"water E24 {split}", split)
            for split in ("train", "validation", "test")
        ]
        wordings += [
            Wording("shop", "refund", f"money refund {split}", split)
            for split in ("train", "validation", "test")
        ]
        trained = (BASE, "shop")
        return cls(SupportSet(entries, tuple(wordings), tuple(pictures), trained, (BASE,)))

    def texts(self, texts, kind="query"):
        return WordEncoder().encode(texts)

    def pieces(self, texts, kind="query"):
        return WordEncoder().encode_pieces(texts)[1]

    def titles(self, titles):
        return np.zeros((len(titles), D_PICTURE), np.float32)

    def takes(self, wording):
        return [(wording.text, 0.6)]

    def read(self, picture):
        return ("E24", 0.5) if picture.base == "shop" else ("", 0.0)

    def photo(self, picture):
        rng = np.random.default_rng(len(str(picture.path)) + sum(map(ord, str(picture.path))))
        vector = 0.15 * rng.normal(size=D_PICTURE)
        if picture.base == "shop":
            vector[11] += 1
        elif picture.split == "catalogue":
            vector[[p.title for p in PRODUCTS].index(picture.path.stem)] += 1
        else:
            vector[5 + int(picture.path.stem[0])] += 1
        return (vector / np.linalg.norm(vector)).astype(np.float32), 0.7


TENTH = Floors(*[((0.1, 0.1), (0.1, 0.1))] * 2)


@pytest.fixture
def made():
    return FakeSet.small()


@pytest.fixture
def data(made):
    return fusion_training.prepare(made, 0, torch.device("cpu"))


@pytest.mark.parametrize("score", [UNKNOWN, TextScore(0.7, 0.1, TENTH)])
def test_the_score_is_that_of_the_index(score, made, tmp_path):
    made = replace(made, text_score=score)
    entries = PACK_ENTRIES
    index = FolderIndex(tmp_path, "test", WordEncoder.dim, D_PICTURE)
    points = [
        Point(
            e,
            made.texts(entry_texts(e)),
            np.stack([made.photo(Picture("shop", (), p, 0, "catalogue"))[0] for p in e.pictures])
            if e.pictures
            else np.empty((0, D_PICTURE), np.float32),
            made.titles([e.title])[0],
            merged(made.pieces(entry_texts(e))),
        )
        for e in entries
    ]
    with index.writing("shop") as new:
        for point in points:
            new.add(replace(point, entry=replace(point.entry, pictures=())))
        new.publish("v")
    version = index.open("shop")
    turns = make_turns(made, "shop", "test", (), 0, 1)
    fusion = build_fusion("weighted-sum", WordEncoder.dim, D_PICTURE)
    for row in range(len(turns)):
        tokens, matches, _ = turns.batch(torch.tensor([row]), turns.mask[row : row + 1])
        scores = turns.shelf.score(fusion(tokens), matches)[0]
        own = next(
            w
            for w in made.rows.wordings
            if w.text.endswith("test") and w.base == "shop" and ("E24" in w.text) == (row == 0)
        )
        said = [("text", own.text, 1.0), ("speech", own.text, 0.6)] + (
            [("photo_text", "E24", 0.5)] if row == 0 else []
        )
        given = [
            Token(
                n,
                made.texts([t])[0],
                c,
            )
            for n, t, c in said
        ]
        if row == 0:
            given.append(Token("photo", made.photo(made.rows.pictures[-1])[0], 0.7))
        query = SearchQuery(
            fusion.fuse(given),
            {name: term_set(text) for name, text, _ in said},
            {},
            {name: made.pieces([text])[0].vectors.astype(np.float32) for name, text, _ in said},
            {name: (text,) for name, text, _ in said},
        )
        query = recognise(version, query)
        hits = {
            hit.entry.id: hit.score for hit in search(version, query, 5, date.today(), True, score)
        }
        assert scores.tolist() == pytest.approx([hits[e.id] for e in entries], abs=1e-5)


def test_an_identifier_that_entries_share_counts_in_training_as_in_the_index(made, tmp_path):
    oven, hob, list_ = (
        Entry("oven", "E24 on the oven", "The door is open."),
        Entry("hob", "E24 on the hob", "A pan is missing."),
        Entry("list", "Error codes", "E20 is the pump, E24 the drain."),
    )
    entries = (oven, hob, list_)
    writer = IdentifiersWriter()
    for row, entry in enumerate(entries):
        writer.add(row, identifiers_of(entry), named_in_title(entry.title))
    connection = create(tmp_path / "table", [SCHEMA])
    writer.store(connection)
    connection.execute("COMMIT")
    served = Identifiers(partial(Table(tmp_path / "table").rows, STORED), len(entries)).matches(
        frozenset({"E24"})
    )
    rows = replace(
        made.rows,
        entries={**made.rows.entries, "shop": entries},
        wordings=(Wording("shop", "oven", "E24 on my oven", "test"),),
        pictures=(),
    )
    turns = make_turns(FakeSet(rows), "shop", "test", (), 0, 1)
    _, matches, _ = turns.batch(torch.tensor([0]), turns.mask)
    assert matches.codes[0, 0].tolist() == pytest.approx(served.tolist())
    assert 0 < served[2] < served[0] == served[1] < 1


def test_training_does_not_find_an_entry_by_the_question_that_it_holds(made):
    """Not even where that question is all that the entry holds."""
    lone = Entry("lone", "when do I get a refund", "when do I get a refund")
    rows = replace(
        made.rows,
        entries={**made.rows.entries, "shop": (*PACK_ENTRIES, lone)},
        wordings=(Wording("shop", "refund", lone.title, "test"),),
        pictures=(),
    )
    turns = make_turns(FakeSet(rows), "shop", "test", (), 0, 1)
    _, matches, _ = turns.batch(torch.tensor([0]), turns.mask)
    assert (
        matches.alike[0, 0, 1:].tolist() == pytest.approx([1, 1], abs=1e-3)
        and matches.alike_hidden[0, 0, 2] == 0
    )
    assert matches.alike_hidden[0, 0, 1] < 0.7
    fusion = build_fusion("weighted-sum", WordEncoder.dim, D_PICTURE)
    tokens, *_ = turns.batch(torch.tensor([0]), turns.mask)
    told, hidden = (
        turns.shelf.score(fusion(tokens), matches, own_hidden)[0, 2] for own_hidden in (False, True)
    )
    assert told - hidden > UNKNOWN.alike


def test_what_is_left_of_a_turn_decides_which_entries_answer(made):
    turns = make_turns(made, BASE, "test", (), 0, 3)
    rows = torch.tensor([0])
    masks = {"both": [1, 0, 1, 0], "words": [1, 0, 0, 0], "photo": [0, 0, 1, 0]}
    count = {
        name: int(turns.batch(rows, torch.tensor([mask], dtype=torch.bool))[2].sum())
        for name, mask in masks.items()
    }
    assert count == {"both": 1, "words": 3, "photo": 6}


@pytest.mark.parametrize("name", STRATEGIES)
def test_training_learns_the_task_and_leaves_unfamiliar_photos_alone(name, made, data, monkeypatch):
    monkeypatch.setattr(fusion_training, "EPOCHS", 24)
    monkeypatch.setattr(fusion_training, "WARM_UP", 5)
    monkeypatch.setattr(fusion_training, "PATIENCE", 24)
    monkeypatch.setattr(fusion_training, "BATCH", 16)
    fusion, found = fusion_training.train(name, data, 0, torch.device("cpu"))
    test = make_turns(made, BASE, "test", sorted({e.intent for e in made.rows.entries[BASE]}), 0, 3)
    untrained = build_fusion(name, fusion.d_text, fusion.d_picture)
    after, before = (ask(f, test, ("text", "photo"), made, BASE) for f in (fusion, untrained))
    assert (after.rank < 1).mean() >= (before.rank < 1).mean() + 0.25
    assert figures(after)["intent accuracy"]["value"] > 0.4 and "intent accuracy" not in figures(
        before
    )

    rng = np.random.default_rng(9)
    text, strange = (
        rng.normal(size=fusion.d_text).astype(np.float32),
        -np.ones(D_PICTURE, np.float32) / D_PICTURE**0.5,
    )
    query = fusion.fuse([Token("text", text / np.linalg.norm(text)), Token("photo", strange, 0.5)])
    assert query.picture / np.linalg.norm(query.picture) == pytest.approx(strange, abs=1e-4)
    assert query.text / np.linalg.norm(query.text) == pytest.approx(
        text / np.linalg.norm(text), abs=1e-4
    )
    assert sum(query.weights.values()) == pytest.approx(1)


def test_a_batch_keeps_a_subset_and_never_nothing():
    mask = torch.tensor(
        [[True, True, True, True], [True, False, False, False], [False, False, True, True]]
    ).repeat(200, 1)
    kept = fusion_training.dropped(mask, torch.Generator().manual_seed(0))
    assert (
        bool((kept <= mask).all())
        and bool(kept[:, :3].any(1).all())
        and not bool((kept == mask).all())
    )
    assert not bool((kept[:, 3] & ~kept[:, 2]).any()), (
        "what a photo says never comes without the photo"
    )


def test_the_curve_leaves_photos_out_of_training_only(made):
    few = fewer(made, 2)
    left = [p for p in few.rows.pictures if p.base == BASE and p.split == "train"]
    assert len(left) == 2 * len(PRODUCTS)
    assert len(few.rows.pictures) == len(made.rows.pictures) - 6 * len(PRODUCTS)


def test_vectors_survive_being_kept():
    rows = np.random.default_rng(0).normal(size=(2, 5))
    assert np.stack(list(map(unpacked, packed(rows)))) == pytest.approx(rows, abs=2e-3)


# -- weights on disk ------------------------------------------------------------------------


def saved(tmp_path, settings, **changes):
    fusion = build_fusion("attention", 6, 4, ("a", "b"), 3)
    with torch.no_grad():
        for parameter in fusion.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    save_fusion(fusion, {"made_for": made_for(settings), **changes}, tmp_path)
    return fusion


def test_saved_weights_are_loaded_and_fuse_alike(tmp_path):
    torch.manual_seed(0)
    settings = Settings(fusion="attention")
    fusion, loaded = saved(tmp_path, settings), load_fusion(settings, 6, 4, tmp_path)
    tokens = [
        Token("text", np.eye(6, dtype=np.float32)[0]),
        Token("photo", np.eye(4, dtype=np.float32)[1], 0.6),
    ]
    assert loaded.intents == ("a", "b")
    assert loaded.fuse(tokens).text == pytest.approx(fusion.fuse(tokens).text, abs=0.01)
    assert [path.name for path in tmp_path.iterdir()] == ["fusion-attention.safetensors"]


def test_other_encoders_or_no_file_start_untrained(tmp_path):
    settings = Settings(fusion="attention")
    assert not load_fusion(settings, 6, 4, tmp_path).intents
    saved(tmp_path, settings)
    assert not load_fusion(replace(settings, text_model="org/other"), 6, 4, tmp_path).intents
    assert not load_fusion(settings.with_changes(fusion="concatenation"), 6, 4, tmp_path).intents


@pytest.mark.parametrize(
    "damage", [lambda b: b[:40], lambda b: b"", lambda b: b[:8] + b"{" * 40 + b[48:]]
)
def test_damaged_weights_are_one_sentence(tmp_path, damage):
    settings = Settings(fusion="attention")
    saved(tmp_path, settings)
    path = fusion_file("attention", tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(WeightsError, match="train fusion"):
        load_fusion(settings, 6, 4, tmp_path)


def test_a_failed_save_leaves_the_old_weights(tmp_path, monkeypatch):
    settings = Settings(fusion="attention")
    saved(tmp_path, settings)
    before = fusion_file("attention", tmp_path).read_bytes()
    monkeypatch.setattr(json, "dumps", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        saved(tmp_path, settings)
    assert fusion_file("attention", tmp_path).read_bytes() == before


# -- what ships -----------------------------------------------------------------------------


def shipped(name):
    from safetensors import safe_open

    from mm_support.paths import fitted_to

    settings = Settings(fusion=name)
    folder = fitted_to(settings.text_model)
    with safe_open(fusion_file(name, folder), "pt") as file:
        card, d_picture = (
            json.loads(file.metadata()["card"]),
            file.get_slice("known").get_shape()[1],
        )
    assert card["made_for"] == made_for(settings), f"clip-lite changed: run `{card['command']}`"
    return load_fusion(settings, 384, d_picture, folder)


def random_tokens(fusion, heard, seed=0):
    rng = np.random.default_rng(seed)
    vectors = {
        "text": rng.normal(size=fusion.d_text),
        "speech": rng.normal(size=fusion.d_text),
        "photo": rng.normal(size=fusion.d_picture),
    }
    sure = {"text": 1.0, "speech": heard, "photo": 0.6}
    return [
        Token(name, (v / np.linalg.norm(v)).astype(np.float32), sure[name])
        for name, v in vectors.items()
    ]


@pytest.mark.parametrize("name", STRATEGIES)
def test_what_ships_fits_the_encoders_and_trusts_garbage_less(name):
    fusion = shipped(name)
    weights = [fusion.fuse(random_tokens(fusion, heard)).weights for heard in (0.9, 0.5, 0.1)]
    assert weights[0]["speech"] > weights[1]["speech"] > weights[2]["speech"] > 0
    assert all(sum(w.values()) == pytest.approx(1, abs=1e-5) for w in weights)


@pytest.mark.parametrize("name", STRATEGIES)
def test_fusing_a_query_takes_less_than_eight_small_layers_of_attention(name):
    """About 2 ms; a bound in seconds would judge the machine."""
    fusion, layer = shipped(name), nn.TransformerEncoderLayer(WIDTH, HEADS, 2 * WIDTH).eval()
    tokens, states = random_tokens(fusion, 0.9), torch.randn(len(MODALITIES), 1, WIDTH)
    with torch.inference_mode():
        alone = cpu_seconds(lambda: layer(states), times=300)
    assert cpu_seconds(lambda: fusion.fuse(tokens), times=300) < 8 * alone


def test_a_sentence_is_given_away_by_the_title_it_stands_under_or_else_by_itself():
    entry = Entry("rain", "Rain", "Bring a coat.", ("is it wet",))
    assert told_by(entry) == ["Rain", "is it wet", "Rain"]
    assert told_by(replace(entry, title="")) == ["is it wet", "Bring a coat."]
