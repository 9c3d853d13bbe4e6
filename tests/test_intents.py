"""Intents: reading anybody's CSV, the classifier and its confidence, and the commands from end to
end.
"""

import csv
import json

import numpy as np
import pytest
from scipy.special import expit

from mm_support.__main__ import main
from mm_support.config import Settings
from mm_support.decide.intent_classifier import (
    KERNEL_WIDTH,
    BaseIntents,
    IntentClassifier,
    intents_file,
    load_intents,
    save_intents,
)
from mm_support.encode.text_models import version_of
from mm_support.errors import InputError, WeightsError
from mm_support.evaluate.metrics import expected_calibration_error
from mm_support.train import intents, labelled
from mm_support.train.intents import spoken
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
        b"x" * 200_000,  # more than the csv module takes for a field
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


# -- the classifier and its calibration ------------------------------------------------------


def test_names_become_words():
    assert [spoken(n) for n in ("card_not_working", "cardArrival", "top-up")] == [
        "card not working",
        "card Arrival",
        "top up",
    ]


def test_calibrated_probabilities_are_honest():
    generator = np.random.default_rng(2)
    score = generator.normal(size=6000)
    holds = generator.random(6000) < 1 / (1 + np.exp(-(3 * score - 1)))
    weights = intents.probability_weights(score[:3000, None], holds[:3000])
    assert weights == pytest.approx([3, -1], abs=0.3)
    probability = expit(weights[0] * score[3000:] + weights[1])
    assert expected_calibration_error(probability, holds[3000:]) < 0.03


def corners(count, spread, seed=0):
    """Unit vectors around three corners, their labels, and some from nowhere."""
    rng = np.random.default_rng(seed)
    place = rng.integers(3, size=count)
    vectors = np.eye(8)[place] + spread * rng.normal(size=(count, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors, [list("abc")[i] for i in place]


@pytest.mark.parametrize("names", ["ab", "abc"])
def test_scores_are_those_of_scikit_learn(names):
    from sklearn.kernel_ridge import KernelRidge

    vectors, labels = corners(200, 0.3)
    kept = np.isin(labels, list(names))
    vectors, labels = vectors[kept], [label for label in labels if label in names]
    ours = intents.fit(vectors[20:], labels[20:], tuple(names), "")
    targets = (np.array(labels)[:, None] == list(names)) - 1 / len(names)
    reference = KernelRidge(alpha=intents.RIDGE, kernel="rbf", gamma=KERNEL_WIDTH / 2)
    scores = reference.fit(vectors[20:], targets[20:]).predict(vectors[:20])
    best, evidence = ours.judge(vectors[:20])
    assert best.tolist() == scores.argmax(axis=1).tolist()
    assert evidence[:, 1] == pytest.approx(scores.max(axis=1), abs=1e-5)
    assert evidence[:, 2] == pytest.approx((vectors[:20] @ vectors[20:].T).max(axis=1))


def test_what_is_far_from_every_example_is_least_sure():
    vectors, labels = corners(200, 0.2)
    ours = intents.fit(vectors, labels, ("a", "b", "c"), "")
    _, sure = ours.predict(np.stack([vectors[0], -np.eye(8)[5]]))
    assert sure[0] > 0.7 > 0.2 > sure[1] and ours.intent(-np.eye(8)[5]) is None


@pytest.fixture(scope="module")
def tiny_encoder(tmp_path_factory):
    """A random BERT of a few thousand weights, in the layout of the hub."""
    import torch

    from mm_support.torchvision_shim import prepare_transformers

    prepare_transformers()
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


def csv_file(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return str(path)


def command(tmp_path, encoder, monkeypatch, *more, foreign=True, extra=()):
    monkeypatch.setenv("MM_SUPPORT_TEXT_MODEL", str(encoder))
    train = csv_file(tmp_path / "train.csv", questions(60, 0, foreign))
    test = csv_file(tmp_path / "test.csv", [*questions(20, 1, foreign), *extra])
    return main(["evaluate", "intents", "--train", train, "--test", test, "--json", *more])


def test_the_command_learns_refuses_and_reports(tmp_path, tiny_encoder, monkeypatch, capsys):
    bad = [("", "refund"), ("my parcel", "unheard")]
    assert command(tmp_path, tiny_encoder, monkeypatch, extra=bad) == 0
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert report["accuracy"]["value"] > 0.95 and report["macro_f1"] > 0.95
    assert report["calibration_error"] < 0.2
    assert report["out_of_scope"] == 20 and report["out_of_scope_caught"]["value"] > 0.6
    assert report["right_and_kept"]["value"] > 0.8
    assert [row["line"] for row in report["skipped"]] == [82, 83]
    assert "test.csv, line 82: the text is empty" in captured.err


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
    assert json.loads(capsys.readouterr().out)["out_of_scope"] == 0
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


def test_what_was_trained_is_kept_for_its_base_and_encoder_only(
    tmp_path, tiny_encoder, monkeypatch, capsys
):
    monkeypatch.setenv("MM_SUPPORT_TEXT_MODEL", str(tiny_encoder))
    train = csv_file(tmp_path / "train.csv", questions(60, 0, True))
    data = tmp_path / "data"
    assert main(["--data", str(data), "train", "intents", "--train", train, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["intents"] == 3
    settings = Settings.from_env(data_dir=data)
    kept = load_intents(settings, "bank")
    assert kept.intents == tuple(sorted(THINGS))
    named = ["--train", train, "--knowledge", "bank"]
    assert main(["--data", str(data), "train", "intents", *named]) == 0
    assert intents_file(settings, "bank").is_file()
    assert load_intents(settings.with_changes(text_model="org/other")) is None

    from mm_support.device import resolve_device
    from mm_support.encode.text import load_text_encoder

    encoder = load_text_encoder(settings, resolve_device("cpu"))
    rows = questions(20, 1, True)
    vectors = encoder.encode([text for text, _ in rows])
    found = [kept.intent(vector) for vector in vectors]
    assert (
        np.mean(
            [
                one is not None and one.name == label
                for one, (_, label) in zip(found, rows)
                if label != "oos"
            ]
        )
        > 0.8
    )
    assert np.mean([one is None for one, (_, label) in zip(found, rows) if label == "oos"]) > 0.6


def test_a_damaged_file_is_one_sentence(tmp_path):
    settings = Settings(data_dir=tmp_path)
    intents_file(settings).parent.mkdir()
    intents_file(settings).write_bytes(b"damaged")
    with pytest.raises(WeightsError, match="train intents"):
        load_intents(settings)


@pytest.mark.slow
def test_ten_examples_an_intent_are_enough_for_simple_intents(settings):
    """The real encoder; words of the test never occur in the training."""
    from mm_support.device import resolve_device
    from mm_support.encode.text import load_text_encoder

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
    encode = load_text_encoder(settings, device).encode
    classifier, report = intents.evaluate(encode, splits, 0, settings.text_model)
    assert report["accuracy"]["value"] == 1
    _, sure = classifier.predict(encode([text for text, _ in tests]))
    assert sure.argmin() == 3, "the poem is what it knows least about"


def directions(texts):
    """Each text is the direction of its first word: parcels, or money."""
    return np.array([[1, 0] if "parcel" in text else [0, 1] for text in texts], np.float32)


def test_intents_are_predicted_from_when_they_are_trained_and_for_their_base(tmp_path, caplog):
    settings = Settings(data_dir=tmp_path)
    served = BaseIntents(settings, directions)
    assert served.of("shop", "where is my parcel") is None
    own = IntentClassifier(
        ("track", "refund"),
        np.eye(2, dtype=np.float32),
        np.eye(2, dtype=np.float32),
        np.array([4.0, 0, 0, 0], np.float32),
        0.5,
        version_of(settings.text_model),
    )
    save_intents(own, {}, intents_file(settings, "shop"))
    assert served.of("shop", "where is my parcel").name == "track"
    assert served.of("shop", "my money").name == "refund"
    assert served.of("other", "my money") is None and served.of("shop", "") is None
    intents_file(settings, "shop").write_bytes(b"damaged")
    assert served.of("shop", "my money") is None
    assert "train intents" in caplog.text
