"""Intents: reading anybody's CSV, the voters, calibration, and the command from end to end."""

import csv
import json

import numpy as np
import pytest

from mm_support.__main__ import main
from mm_support.errors import InputError
from mm_support.evaluate.metrics import expected_calibration_error
from mm_support.train import intents, labelled, upper_layers
from mm_support.train.calibration import fit_calibrator
from mm_support.train.hidden_states import HiddenStates, Standardised
from mm_support.train.intent_model import (
    KERNEL_WIDTH,
    RIDGE,
    Votes,
    fit_mix,
    fit_ridge,
    membership,
    mixed,
    spoken,
)
from mm_support.train.labelled import BadRow, Example

THINGS = {
    "refund": ["refund", "money", "repay"],
    "delivery": ["parcel", "courier", "late"],
    "password": ["login", "password", "locked"],
}
FOREIGN = ["weather", "football", "poem"]
FILLERS = ["my", "the", "please", "where", "is", "help", "with", "today", "again", "about"]


# -- reading ---------------------------------------------------------------------------------


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_every_bad_row_is_reported_with_its_line_and_the_others_are_used(tmp_path):
    rows = [
        b"text,label",
        b"where is it,delivery",
        b",refund",
        b"no label,",
        b"a, b,refund",
        b"",
        b"caf\xe9,refund",
        b'"two\nlines",refund',
    ]
    examples, bad = labelled.read_labelled(write(tmp_path / "rows.csv", b"\n".join(rows)))
    assert examples == [Example("where is it", "delivery", 2), Example("two\nlines", "refund", 9)]
    assert [(row.file, row.line) for row in bad] == [("rows.csv", line) for line in (3, 4, 5, 6, 7)]
    for row, word in zip(bad, ["text is empty", "label is empty", "quotes", "empty", "UTF-8"]):
        assert word in row.reason


def test_columns_are_found_by_name(tmp_path):
    path = write(tmp_path / "c.csv", "\ufeffid,Category,Text\n1,refund,money back\n")
    assert labelled.read_labelled(path) == ([Example("money back", "refund", 2)], [])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a,b\n1,2\n",
        b"text,label\n",
        b"text,label\n,\n",
        "text,label\nx,y\n".encode("utf-16"),
        b"\x00\xff\xd8",
    ],
)
def test_a_file_without_a_usable_row_is_one_sentence(tmp_path, content):
    with pytest.raises(InputError, match="text and (a )?label"):
        labelled.read_labelled(write(tmp_path / "bad.csv", content))


def test_a_missing_file_or_a_folder_is_one_sentence(tmp_path):
    for path in (tmp_path, tmp_path / "missing.csv"):
        with pytest.raises(InputError, match="cannot be read"):
            labelled.read_labelled(path)


def test_labels_that_training_never_saw_are_reported():
    rows = [Example("a", "refund", 2), Example("b", "unheard", 3), Example("c", "oos", 4)]
    known, bad = labelled.keep_known(rows, {"refund"}, "test.csv")
    assert [e.line for e in known] == [2, 4]
    assert bad == [BadRow("test.csv", 3, "the label 'unheard' does not occur in the training file")]


def test_the_split_is_seeded_stratified_and_complete():
    rows = [
        Example(f"{label} {i}", label, i)
        for label, count in (("a", 40), ("b", 20), ("c", 1))
        for i in range(count)
    ]
    rest, held = labelled.split_off(rows, 0.1, seed=4)
    assert sorted(rest + held, key=str) == sorted(rows, key=str)
    assert [sum(e.label == label for e in held) for label in "abc"] == [4, 2, 0]
    assert (
        labelled.split_off(rows, 0.1, seed=4)
        == (rest, held)
        != labelled.split_off(rows, 0.1, seed=5)
    )


# -- voters and calibration ------------------------------------------------------------------


def test_names_become_words():
    assert [spoken(n) for n in ("card_not_working", "cardArrival", "top-up")] == [
        "card not working",
        "card Arrival",
        "top up",
    ]


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


def test_calibrated_probabilities_are_honest():
    generator = np.random.default_rng(2)
    score = generator.normal(size=6000)
    holds = generator.random(6000) < 1 / (1 + np.exp(-(3 * score - 1)))
    calibrator = fit_calibrator(score[:3000], holds[:3000])
    assert calibrator.weights[0] == pytest.approx(3, abs=0.3) and calibrator.bias == pytest.approx(
        -1, abs=0.2
    )
    assert expected_calibration_error(calibrator.probability(score[3000:]), holds[3000:]) < 0.03
    extremes = calibrator.probability(np.array([-1e6, 1e6]))
    assert extremes.tolist() == [0, 1]


def test_calibration_needs_both_outcomes():
    with pytest.raises(InputError, match="both"):
        fit_calibrator(np.arange(5.0), np.ones(5, bool))


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


# -- the command -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny_encoder(tmp_path_factory):
    """A random BERT of a few thousand weights, in the layout of the hub."""
    import torch

    from mm_support.torchvision_shim import prepare_torchvision

    prepare_torchvision()
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    words = [word for group in THINGS.values() for word in group] + FOREIGN + FILLERS
    (folder / "words.txt").write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words])
    )
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=5 + len(words),
        hidden_size=32,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=64,
    )
    BertModel(config).save_pretrained(folder)
    BertTokenizerFast(str(folder / "words.txt")).save_pretrained(folder)
    return folder


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


def questions(count, seed, foreign):
    """Rows of fillers around words that give the intent away."""
    generator = np.random.default_rng(seed)
    groups = {**THINGS, **({"oos": FOREIGN} if foreign else {})}
    return [
        (
            " ".join(
                [*generator.choice(FILLERS, 3), generator.choice(words), generator.choice(FILLERS)]
            ),
            label,
        )
        for label, words in groups.items()
        for _ in range(count)
    ]


@pytest.mark.parametrize("each", [8, 40])  # contrasted; classified
def test_tuning_brings_texts_of_an_intent_together_and_leaves_the_model_alone(
    tiny_encoder, each, monkeypatch
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


def test_three_voters_are_asked_and_the_third_hears_the_language_model(tiny_encoder):
    from mm_support.config import Settings
    from mm_support.device import resolve_device
    from mm_support.encode.text import load_text_encoder
    from mm_support.train.intent_model import fit

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


def csv_file(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return str(path)


@pytest.fixture(autouse=True)
def small_reader(monkeypatch):
    monkeypatch.setattr(intents, "load_hidden_states", lambda *_: HiddenStates(*tiny_reader()))


def command(tmp_path, encoder, monkeypatch, *more, foreign=True, extra=()):
    monkeypatch.setenv("MM_SUPPORT_TEXT_MODEL", str(encoder))
    monkeypatch.setattr(intents, "PASSES", 600)
    train = csv_file(tmp_path / "train.csv", questions(60, 0, foreign))
    test = csv_file(tmp_path / "test.csv", [*questions(20, 1, foreign), *extra])
    return main(["evaluate", "intents", "--train", train, "--test", test, "--json", *more])


def test_the_command_learns_refuses_and_reports(tmp_path, tiny_encoder, monkeypatch, capsys):
    figures = tmp_path / "figures"
    bad = [("", "refund"), ("my parcel", "unheard")]
    assert command(tmp_path, tiny_encoder, monkeypatch, "--figures", str(figures), extra=bad) == 0
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert report["accuracy"]["value"] > 0.95 and report["macro_f1"] > 0.95
    assert report["calibration_error"] < 0.2
    assert report["out_of_scope"]["cases"] == 20
    point = report["out_of_scope"]["calibrated"]["80%"]
    assert point["out_of_scope_recall"] > 0.6 and point["kept_right"] > 0.8
    assert [row["line"] for row in report["skipped"]] == [82, 83]
    assert "test.csv, line 82: the text is empty" in captured.err
    assert sorted(path.name for path in figures.iterdir()) == ["confusion.png", "reliability.png"]


def test_a_validation_file_is_used_and_the_same_seed_gives_the_same_result(
    tmp_path, tiny_encoder, monkeypatch, capsys
):
    validation = csv_file(tmp_path / "val.csv", questions(10, 2, True))
    reports = []
    for _ in range(2):
        assert command(tmp_path, tiny_encoder, monkeypatch, "--val", validation) == 0
        report = json.loads(capsys.readouterr().out)
        assert report["rows"] == {"train": 240, "validation": 40, "test": 80}
        reports.append({key: value for key, value in report.items() if key != "seconds"})
    assert reports[0] == reports[1]


def test_without_out_of_scope_rows_it_says_so(tmp_path, tiny_encoder, monkeypatch, capsys):
    train = csv_file(tmp_path / "train.csv", questions(30, 0, False))
    assert command(tmp_path, tiny_encoder, monkeypatch, foreign=False) == 0
    assert json.loads(capsys.readouterr().out)["out_of_scope"] is None
    test = csv_file(tmp_path / "test.csv", questions(5, 1, False))
    assert main(["evaluate", "intents", "--train", train, "--test", test]) == 0
    assert "no test row is out of scope" in capsys.readouterr().out


@pytest.mark.parametrize(
    "train, test, reason",
    [
        ("text,label\na,refund\nb,refund\n", "text,label\na,refund\n", "two or more"),
        ("text,label\na,refund\nb,delivery\n", "text,label\na,unheard\n", "same labels"),
        ("nothing", "text,label\na,refund\n", "no header"),
    ],
)
def test_hopeless_files_end_with_one_line_and_status_2(tmp_path, capsys, train, test, reason):
    paths = write(tmp_path / "train.csv", train), write(tmp_path / "test.csv", test)
    assert main(["evaluate", "intents", "--train", str(paths[0]), "--test", str(paths[1])]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and reason in error and error.count("\n") == 1


@pytest.mark.slow
def test_ten_examples_an_intent_are_enough_for_simple_intents(settings):
    """The real encoder; words of the test never occur in the training."""
    from mm_support.device import resolve_device
    from mm_support.encode.text import load_text_encoder
    from mm_support.train.hidden_states import load_hidden_states

    device = resolve_device("cpu")
    rows = [
        ("I want my money back", "refund"),
        ("please return what I paid", "refund"),
        ("can I be reimbursed", "refund"),
        ("my parcel has not arrived", "delivery"),
        ("where is my order", "delivery"),
        ("the courier never came", "delivery"),
        ("I cannot sign in", "password"),
        ("my account is locked", "password"),
        ("reset my password", "password"),
        ("tell me a joke", "oos"),
        ("who won the match", "oos"),
        ("what is the capital of France", "oos"),
    ]
    tests = [
        ("reimbursement of the purchase", "refund"),
        ("shipment still missing", "delivery"),
        ("log-in does not work", "password"),
        ("recite a poem", "oos"),
    ]
    splits = intents.Splits(
        *([Example(t, label, 0) for t, label in part] for part in (rows, [], tests)), bad=[]
    )
    report, judged = intents.evaluate(
        load_text_encoder(settings, device), load_hidden_states(settings, device), splits, seed=0
    )
    assert report["accuracy"]["value"] == 1
    assert judged.confidence[-1] == judged.confidence.min(), "the poem is what it knows least about"
