"""The text encoder: unit rows, order kept, the same by one as by many; hub layout through the
loader users run.
"""

import subprocess
import sys

import numpy as np
import pytest

from mm_support.config import PROFILES, Settings
from mm_support.device import Device
from mm_support.encode import text_models
from mm_support.encode.compiled import Compiled
from mm_support.encode.text import TransformersTextEncoder, batches_of, load_text_encoder
from mm_support.encode.text_network import packaged_network
from mm_support.errors import WeightsError

TEXTS = [
    "How do I send it back?",
    "x",
    "A long sentence about the warranty of a washing machine that stopped. " * 8,
    "émoji 🙂",
]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Builds a random BERT of 2 layers in hub layout; with or without a pooling configuration."""
    from mm_support.torchvision_shim import prepare_transformers

    prepare_transformers()
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    def build(pooling=None):
        torch.manual_seed(0)
        folder = tmp_path_factory.mktemp("model")
        words = "[PAD] [UNK] [CLS] [SEP] [MASK] how do i send it back ? x a the".split()
        (folder / "vocab.txt").write_text("\n".join(words))
        BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
        config = BertConfig(
            vocab_size=len(words),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
        )
        BertModel(config).save_pretrained(folder)
        if pooling:
            (folder / "1_Pooling").mkdir()
            (folder / "1_Pooling" / "config.json").write_text(pooling)
        return folder

    return build


def cpu(dtype="float32"):
    """The format is the test's, whatever this processor would choose: what is exact in one is
    rounded in the other.
    """
    import torch

    return Device(torch.device("cpu"), getattr(torch, dtype), "test")


def load(name, dtype="float32"):
    return load_text_encoder(Settings(profile="standard", text_model=str(name)), cpu(dtype))


def check_is_an_encoder(encoder):
    together = encoder.encode(TEXTS)
    assert together.shape == (len(TEXTS), encoder.dim) and together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-4)
    return together


def test_a_model_in_hub_layout(tiny):
    check_is_an_encoder(load(tiny()))


def test_pooling_is_the_one_that_the_folder_declares(tiny):
    import torch

    mean, cls = load(tiny()), load(tiny('{"pooling_mode_cls_token": true}'))
    vector = cls.encode(["how do i send it back ?"])[0]
    ids = torch.tensor([cls.tokenizer.encode("how do i send it back ?").ids])
    first = cls.network(ids, torch.ones_like(ids))[0, 0, 0].numpy()
    np.testing.assert_allclose(vector, first / np.linalg.norm(first), atol=1e-5)
    assert not np.allclose(vector, mean.encode(["how do i send it back ?"])[0], atol=1e-2)


def test_pieces_are_the_words_in_context_without_the_marks(tiny):
    encoder = load(tiny())
    texts = ["how do i send it back ?", "it", "", "send it"]
    vectors, pieces = encoder.encode_pieces(texts)
    np.testing.assert_allclose(vectors, encoder.encode(texts), atol=1e-5)
    assert [len(own.ids) for own in pieces] == [len(own.vectors) for own in pieces] == [7, 1, 0, 2]
    assert pieces[0].ids[4] == pieces[1].ids[0] == pieces[3].ids[1], "the same word has the same id"
    assert pieces[0].vectors[4] @ pieces[1].vectors[0] < 0.999, (
        "but another vector beside other words"
    )
    for own in pieces:
        for rows in (own.vectors, own.early):
            np.testing.assert_allclose(
                np.linalg.norm(rows.astype(np.float32), axis=1), 1, atol=2e-3
            )


def test_what_is_asked_has_the_pieces_of_an_early_layer_too_and_what_is_searched_has_not(tiny):
    import torch

    encoder = load(tiny())
    (asked,) = encoder.encode_pieces(["send it back"])[1]
    ids = torch.tensor([encoder.tokenizer.encode("send it back").ids])
    states = encoder.network.model(ids, torch.ones_like(ids), output_hidden_states=True)
    every = states.hidden_states
    wanted = every[round(7 / 12 * (len(every) - 1))][0, 1:-1].detach().numpy()
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    np.testing.assert_allclose(asked.early, wanted, atol=5e-4)
    assert not np.allclose(asked.early, asked.vectors, atol=2e-3)
    assert encoder.encode_pieces(["send it back"], "passage")[1][0].early is None


def test_texts_of_as_many_tokens_are_encoded_together_and_little_is_padded():
    lengths = [300, 3, 400, 5, 3, 700, *[10] * 70]
    batches = list(batches_of(lengths))
    assert sorted(sum(batches, [])) == list(range(len(lengths)))
    assert batches[-2:] == [[0, 2], [5]], "no more than 1,024 tokens with what is padded"
    assert max(map(len, batches)) == 64 and not list(batches_of([]))


def test_compiled_for_a_processor_it_gives_what_torch_gives(tiny, tmp_path):
    from tokenizers import Tokenizer

    folder = tiny()
    exact = load(folder)
    network = packaged_network(folder, cpu(), tmp_path)
    assert isinstance(network, Compiled)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    fast = TransformersTextEncoder(network, tokenizer, exact.entry)
    (vectors, pieces), (known, own) = fast.encode_pieces(TEXTS), exact.encode_pieces(TEXTS)
    np.testing.assert_allclose(vectors, known, atol=1e-5)
    assert [one.ids for one in pieces] == [one.ids for one in own]
    for one, other in zip(pieces, own):
        np.testing.assert_allclose(one.early, other.early, atol=2e-3)


@pytest.fixture
def prefixed(monkeypatch):
    """An entry with prefixes for whatever model is loaded."""
    entry = text_models.TextModel("how do ", "the ", max_tokens=6)
    monkeypatch.setattr("mm_support.encode.text.text_model", lambda name: entry)


def test_a_text_is_encoded_behind_the_prefix_of_its_kind(tiny, prefixed, monkeypatch):
    encoder = load(tiny())
    asked, searched = encoder.encode(["send it"]), encoder.encode(["send it"], "passage")
    monkeypatch.undo()
    plain = load(tiny())
    np.testing.assert_allclose(asked, plain.encode(["how do send it"]), atol=1e-5)
    np.testing.assert_allclose(searched, plain.encode(["the send it"]), atol=1e-5)


def test_pieces_leave_the_prefix_out(tiny, prefixed):
    encoder = load(tiny())
    texts = ["send it", "how do i", "", "it back ? a x the"]
    asked, searched = encoder.encode_pieces(texts)[1], encoder.encode_pieces(texts, "passage")[1]

    def words(ids):
        return list(map(encoder.tokenizer.id_to_token, ids))

    assert [words(own.ids) for own in asked] == [["send", "it"], ["how", "do"], [], ["it", "back"]]
    assert words(searched[3].ids) == ["it", "back", "?"], "cut at six tokens, marks and prefix too"
    assert len(asked[3].vectors) == 2 and len(searched[3].vectors) == 3


def test_a_model_is_known_by_name_wherever_it_lies():
    e5 = text_models.text_model("package:multilingual-e5-small")
    assert e5.prefix("query") == "query: " and e5.prefix("passage") == "passage: "
    assert {"zh", "de"} < set(e5.languages)
    for name in ("intfloat/multilingual-e5-small", "/srv/models/multilingual-e5-small/"):
        assert text_models.text_model(name) == e5
    assert text_models.text_model("somebody/other").prefix("query") == ""


def test_every_profile_names_a_model_with_an_entry():
    for profile in PROFILES.values():
        assert text_models.text_model(profile["text_model"]).languages


def test_a_model_that_cannot_be_had_names_the_embedded_profile(monkeypatch, tmp_path):
    monkeypatch.setattr(
        "huggingface_hub.constants.HF_HUB_OFFLINE", True
    )  # read from the environment at import
    for name in ("nobody/no-such-model", str(tmp_path)):
        with pytest.raises(WeightsError, match="embedded"):
            load(name)


@pytest.fixture(scope="module")
def minilm(settings):
    return settings.with_changes(text_model="package:all-MiniLM-L6-v2")


@pytest.mark.slow
def test_minilm_means_the_same_in_half_the_bits(minilm):
    exact = check_is_an_encoder(load_text_encoder(minilm, cpu()))
    rounded = load_text_encoder(minilm, cpu("bfloat16")).encode(TEXTS)
    np.testing.assert_allclose(np.linalg.norm(rounded, axis=1), 1, atol=1e-5)
    assert (exact * rounded).sum(axis=1).min() > 0.999


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_minilm_puts_paraphrases_together(minilm, dtype):
    encoder = load_text_encoder(minilm, cpu(dtype))
    vectors = encoder.encode(
        ["I want my money back", "How do I get a refund?", "The weather is nice today"]
    )
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2


@pytest.fixture(scope="module")
def e5(settings):
    return load_text_encoder(
        settings.with_changes(text_model="package:multilingual-e5-small"), cpu()
    )


@pytest.mark.slow
def test_e5_puts_questions_and_passages_of_two_languages_together(e5):
    check_is_an_encoder(e5)
    asked = e5.encode(["How do I send it back?", "怎么退货？"])
    found = e5.encode(
        [
            "Parcels can be returned within 30 days.",
            "商品可在三十天内退回。",
            "The museum opens at nine.",
            "博物馆九点开门。",
        ],
        "passage",
    )
    scores = asked @ found.T
    assert (scores[:, :2] > scores[:, 2:]).all(), "in each language, whichever the question is in"


@pytest.mark.slow
def test_pieces_of_e5_are_the_words_in_both_languages(e5):
    _, pieces = e5.encode_pieces(["return it ", "怎么退货"])
    words = ["".join(map(e5.tokenizer.id_to_token, own.ids)) for own in pieces]
    assert words == ["▁return▁it", "怎么退货"]


TWO_THREADS = """
from concurrent.futures import ThreadPoolExecutor
from mm_support.torchvision_shim import prepare_transformers

def ask(name):
    prepare_transformers()
    import transformers
    return getattr(transformers, name)

with ThreadPoolExecutor(2) as two:
    print(*[own.__name__ for own in two.map(ask, ("AutoModelForCausalLM", "AutoModel"))])
"""


def test_two_threads_may_be_the_first_to_ask_transformers_for_a_name():
    """As where a text encoder and a language model are loaded at once; without preparation one is
    told in three of four attempts that there is no such name.
    """
    done = subprocess.run([sys.executable, "-c", TWO_THREADS], capture_output=True, text=True)
    assert done.stdout.split() == ["AutoModelForCausalLM", "AutoModel"], done.stderr
