"""The three voters of the intents' recipe: each against an independent reference, and together."""

import numpy as np
import pytest
from test_intents import THINGS, questions, tiny_encoder  # noqa: F401  (fixture)

from assets.training import upper_layers
from assets.training.hidden_states import HiddenStates, Standardised
from assets.training.intent_voters import (
    KERNEL_WIDTH,
    RIDGE,
    Votes,
    fit,
    fit_mix,
    fit_ridge,
    membership,
    mixed,
)
from mm_support.train.intents import spoken
from mm_support.train.labelled import Example


def test_membership_rows_add_up_to_one():
    assert membership(["b", "oos"], ["a", "b"]).tolist() == [[0, 1], [0.5, 0.5]]


def test_the_ridge_agrees_with_scikit_learn():
    from sklearn.kernel_ridge import KernelRidge

    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(60, 5))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    targets = np.eye(3)[generator.integers(3, size=60)]
    # |a - b|^2 = 2 - 2 cosine, so exp(-w (1 - cosine)) is the Gaussian kernel with gamma w / 2
    reference = KernelRidge(alpha=RIDGE, kernel="rbf", gamma=KERNEL_WIDTH / 2).fit(
        vectors[:50], targets[:50] - 1 / 3
    )
    ours = fit_ridge(vectors[:50], targets[:50], seed=0)
    assert ours.scores(vectors[50:]) == pytest.approx(reference.predict(vectors[50:]), abs=1e-6)


def test_the_mix_listens_to_the_voter_that_is_right():
    generator = np.random.default_rng(1)
    truth = generator.integers(4, size=300)
    knows, guesses = (
        np.eye(4)[truth] + generator.normal(0, 0.3, (300, 4)),
        generator.normal(size=(300, 4)),
    )
    vectors = np.zeros((300, 2))
    votes = Votes(vectors, np.stack([guesses, knows, guesses[::-1]]))
    mix = fit_mix(votes, truth)
    assert mix[1] > 10 * max(mix[0], mix[2])
    assert mixed(votes, mix).sum(axis=1) == pytest.approx(1)


def test_the_contrast_is_the_share_of_ones_own_class():
    import torch

    vectors = torch.nn.functional.normalize(
        torch.randn(6, 4, generator=torch.Generator().manual_seed(0)), dim=1
    )
    classes = np.array([0, 0, 1, 1, 1, -1])
    expected = []
    for i in range(5):
        weights = {
            j: np.exp(float(vectors[i] @ vectors[j]) / upper_layers.TEMPERATURE)
            for j in range(6)
            if j != i
        }
        logs = [
            np.log(w / sum(weights.values()))
            for j, w in weights.items()
            if classes[j] == classes[i]
        ]
        expected.append(-np.mean(logs))
    assert float(upper_layers._contrast(classes)(vectors, list(range(6)))) == pytest.approx(
        np.mean(expected), rel=1e-4
    )


def test_contrasted_batches_hold_pairs_and_a_few_texts_out_of_scope():
    classes = np.repeat([*range(40), -1], 5)
    batches = upper_layers._balanced(classes, np.random.default_rng(0))
    assert sum(map(len, batches)) >= len(classes)
    for batch in batches:
        _, counts = np.unique(classes[batch][classes[batch] >= 0], return_counts=True)
        assert (
            len(set(batch)) == len(batch)
            and set(counts) == {2}
            and len(counts) == upper_layers.INTENTS_TOGETHER
        )
        assert 0 < (classes[batch] < 0).sum() <= upper_layers.FOREIGN_BESIDE


def tiny_reader():
    """A random Llama that reads character by character, and its tokenizer."""
    import torch

    from mm_support.torchvision_shim import prepare_torchvision

    prepare_torchvision()
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=128,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=5,
        num_attention_heads=4,
        num_key_value_heads=2,
    )
    return LlamaForCausalLM(config).eval(), lambda texts, **_: {
        "input_ids": [[ord(c) % 128 for c in text] for text in texts]
    }


def test_hidden_states_are_means_of_what_transformers_gives_for_each_text_alone():
    import torch

    model, tokenizer = tiny_reader()
    texts = ["lock", "a much longer question", "lock", "b"]
    states = HiddenStates(*tiny_reader()).encode(texts)
    assert states.shape == (4, 2, 32)  # after the first and the second of five layers
    for text, own in zip(texts, states):
        with torch.inference_mode():
            hidden = model(
                input_ids=torch.tensor(tokenizer([text])["input_ids"]), output_hidden_states=True
            ).hidden_states
        for layer, mean in zip((1, 2), own):
            np.testing.assert_allclose(mean, hidden[layer][0].mean(0), atol=2e-3)


def test_standardised_states_weigh_layers_and_numbers_alike():
    states = np.random.default_rng(0).normal(3, 1, (50, 2, 8)) * np.array([1, 1000, *[1] * 6])
    rows = Standardised.over(lambda texts: states[[int(t) for t in texts]], states)(["3", "7"])
    assert rows.shape == (2, 16) and np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-4)
    by_layer = (rows.reshape(2, 2, 8) ** 2).sum(2)
    assert by_layer == pytest.approx(0.5, abs=1e-4)
    wanted = (states - states.mean(0)) / states.std(0)
    np.testing.assert_allclose(rows[0, :8] / rows[0, 0], wanted[3, 0] / wanted[3, 0, 0], rtol=1e-3)


@pytest.mark.parametrize("each", [8, 40])  # contrasted; classified
def test_tuning_brings_texts_of_an_intent_together_and_leaves_the_model_alone(
    tiny_encoder,  # noqa: F811
    each,
    monkeypatch,
):
    from transformers import AutoModel, AutoTokenizer

    for name in ("CONTRAST_RATE", "CLASS_RATE"):
        monkeypatch.setattr(
            upper_layers, name, 5e-3
        )  # a random encoder has further to go than one that was trained
    model, tokenizer = (
        AutoModel.from_pretrained(tiny_encoder).eval(),
        AutoTokenizer.from_pretrained(tiny_encoder),
    )
    before = {name: value.clone() for name, value in model.state_dict().items()}
    (texts, labels), (others, own) = (
        zip(*questions(count, seed, True)) for count, seed in ((each, 0), (10, 1))
    )
    names = sorted(THINGS)
    untuned = upper_layers.TunedEncoder(
        upper_layers.LowerLayers(model, tokenizer, 1), model.encoder.layer[1:]
    ).encode(texts)
    targets = membership(labels, names)
    starts = targets.T @ untuned
    tuned, vectors = upper_layers.fine_tune(
        model,
        tokenizer,
        texts,
        targets,
        starts / np.linalg.norm(starts, axis=1, keepdims=True),
        600,
        0,
        lambda *_: None,
    )
    assert vectors == pytest.approx(tuned.encode(texts), abs=1e-5) and np.linalg.norm(
        vectors, axis=1
    ) == pytest.approx(1, abs=1e-5)
    assert all((before[name] == value).all() for name, value in model.state_dict().items())

    def apart(encoder):
        cosine, same = (rows := encoder.encode(others)) @ rows.T, np.equal.outer(own, own)
        return cosine[same].mean() - cosine[~same].mean()

    start = upper_layers.TunedEncoder(tuned.lower, model.encoder.layer[1:])
    assert apart(tuned) > apart(start) + 0.1


def test_three_voters_are_asked_and_the_third_hears_the_language_model(tiny_encoder):  # noqa: F811
    from mm_support.config import Settings
    from mm_support.device import resolve_device
    from mm_support.encode.text import load_text_encoder

    encoder, reader = (
        load_text_encoder(Settings(text_model=str(tiny_encoder)), resolve_device("cpu")),
        HiddenStates(*tiny_reader()),
    )
    rows = [Example(text, label, 0) for text, label in questions(8, 0, False)]
    texts, quiet = [row.text for row in rows], lambda *_: None
    model = fit(encoder, reader, rows, 600, 0, quiet)
    votes = model.votes(texts[:5], quiet)
    assert votes.scores.shape == (3, 5, 3) and len(model.mix) == 3
    named = texts + [spoken(name) for name in model.intents]
    standardised = Standardised.over(reader.encode, reader.encode(named))
    alone = fit_ridge(
        standardised(named),
        membership([r.label for r in rows] + list(model.intents), model.intents),
        0,
    )
    np.testing.assert_allclose(votes.scores[2], alone.scores(standardised(texts[:5])), atol=1e-4)
