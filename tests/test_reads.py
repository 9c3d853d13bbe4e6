"""What is read in a message: the head and its fit on words alone, the examples, and the shipped
heads on wordings that no head was fitted to.
"""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import WordEncoder

from mm_support.decide import intent_fitting
from mm_support.decide.intent_examples import EXAMPLES, Example, everyday, read_examples
from mm_support.decide.intent_fitting import Encoded, find_thresholds, fit, head_of, learned
from mm_support.decide.intent_head import head_file, head_for, load_head, save_head
from mm_support.decide.intents import CHOICES, LABELS, LIFE, N_GRAMS, IntentReader, n_grams
from mm_support.errors import WeightsError
from mm_support.language.messages import languages
from mm_support.language.sentences import split_sentences
from mm_support.paths import ASSETS

MESSAGES = ASSETS / "evaluation" / "messages.jsonl"  # nobody learned from them
UNNAMED = ASSETS / "evaluation" / "unnamed.jsonl"  # nor from these

SAID = {
    "person": "person human agent staff",
    "greeting": "hello hi morning evening",
    "follow_up": "and what about then",
    "choose": "first second third last",
}
NOUNS = "box lid bag cup pan pot".split()
THINGS = [f"{verb} {thing}" for verb in ("open", "return", "charge", "clean") for thing in NOUNS]


@pytest.fixture(scope="module", autouse=True)
def few_steps():
    """Few words are soon learned, in fewer steps than real messages take."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intent_fitting, "STEPS", 60)
        yield


@pytest.fixture(scope="module")
def head(few_steps):
    """Fitted to a few words a label, with a fake encoder."""
    examples = [
        Example(f"{word} {again}", (label,), word if word in CHOICES and label == "choose" else "")
        for label, words in SAID.items()
        for word in words.split()
        for again in ("please", "now", "thing", "")
    ]
    ordinary = [Example(text, group=text.split()[0]) for text in THINGS]
    return fit(examples, ordinary, WordEncoder().encode_pieces, "words", networks=1)


def read(head, words):
    return IntentReader(head, WordEncoder().encode_pieces).read(words)


def test_what_was_learned_is_read_and_an_ordinary_question_says_nothing(head):
    assert read(head, "staff please").says == {"person"}
    assert read(head, "hello now").says == {"greeting"}
    assert read(head, "clean cup").says == frozenset() == read(head, "  ").says
    assert sum(read(head, "charge box").probability[label] for label in LABELS) == pytest.approx(1)


def test_which_candidate_is_chosen_is_told_only_where_one_is(head):
    assert [read(head, f"{word} please").choice for word in SAID["choose"].split()] == (
        SAID["choose"].split()
    )
    assert read(head, "staff please").choice == ""


def test_a_message_leans_on_the_turn_before_or_stands_alone(head):
    assert read(head, "and then").follow_up > 0.5 > read(head, "return pan").follow_up


def test_what_presses_counts_though_the_rest_of_the_message_is_about_something_else(head):
    long = "Return box. Charge lid. Clean bag. Open cup. Clean pan. Charge pot. Human staff please."
    assert "person" in read(head, long).says
    assert "greeting" not in read(head, f"Hello. {long}").says


def test_letters_keep_what_a_typo_leaves_of_a_word():
    def likeness(one, other):
        dense = np.zeros((2, N_GRAMS))
        for row, text in zip(dense, (one, other)):
            places, values = n_grams(text)
            row[places] = values
        return dense[0] @ dense[1]

    assert likeness("talk to an agent", "tlak to agnet") > 2 * likeness(
        "talk to an agent", "refund"
    )
    assert likeness("转人工", "人工服务") > 0 and likeness("👤", "👤") == pytest.approx(1)
    assert len(n_grams("")[0]) == 0


def test_a_threshold_lets_as_many_ordinary_questions_through_as_it_may_cost():
    told = np.random.default_rng(0).dirichlet(np.full(len(LABELS), 0.2), 4_000)
    thresholds = find_thresholds(told)
    assert list(thresholds) == list(LABELS[:-1])
    for label, least in thresholds.items():
        allowed = intent_fitting.FALSE_ALARMS.get(label, intent_fitting.FALSE_ALARM)
        assert np.mean(told[:, LABELS.index(label)] > least) <= allowed


def test_a_label_counts_beside_a_likelier_one_only_where_it_is_nearly_as_likely(head):
    told = dict.fromkeys(LABELS, 0.0) | {"thanks": 0.6, "goodbye": 0.35, "yes": 0.05}
    even = replace(head, thresholds=dict.fromkeys(LABELS[:-1], 0.04))
    assert even.says(np.array(list(told.values()))) == {"thanks", "goodbye"}


@pytest.mark.parametrize(
    "label, likely, ordinary, counts",
    [
        ("danger", 0.3, 0.5, False),
        ("danger", 0.4, 0.5, True),  # two thirds of an ordinary question are enough
        ("upset", 0.48, 0.5, False),  # no less likely than an ordinary question
        ("upset", 0.52, 0.47, True),
        ("self_harm", 0.3, 0.5, True),
        ("self_harm", 0.2, 0.5, False),
    ],
)
def test_a_label_counts_beside_an_ordinary_question_only_where_it_is_likely_enough(
    head, label, likely, ordinary, counts
):
    told = dict.fromkeys(LABELS, 0.0) | {label: likely, "none": ordinary}
    even = replace(head, thresholds=dict.fromkeys(LABELS[:-1], 0.04))
    assert (label in even.says(np.array(list(told.values())))) == counts


@pytest.mark.parametrize("early", [False, True])
def test_a_head_reads_what_its_networks_have_learned_in_the_mean(early):
    """Scales, means and biases are folded into its weights, its labels are cooled. With an encoder
    that tells an early layer's pieces it reads these too.
    """
    rows = [Example(f"{words} now", (label,)) for label, words in SAID.items()]
    rows += [Example(text) for text in THINGS]

    def encode(texts):
        vectors, pieces = WordEncoder().encode_pieces(texts)
        return vectors, [one._replace(early=one.vectors[::-1]) if early else one for one in pieces]

    encoded, every = Encoded.of(rows, encode), np.arange(len(rows))
    assert encoded.vectors.shape[1] == WordEncoder.dim * (1 + early)
    networks = learned(encoded, every, 2)
    with torch.inference_mode():
        one, other = (network(*encoded.batch(every)).numpy() for network in networks)
    assert np.abs(one - other).max() > 0.1
    told = (one + other) / 2
    told[:, : len(LABELS)] /= 1.7
    own = head_of(networks, 1.7, {}, "words")
    texts = [row.text for row in rows]
    read = [own.logits(*one) for one in zip(texts, *encode(texts))]
    assert np.abs(told).max() > 1 and np.array(read) == pytest.approx(told, abs=1e-3)


def test_a_head_is_the_same_when_it_was_stored(head, tmp_path):
    path = tmp_path / "head.safetensors"
    save_head(head, path, {"data": "words"})
    stored = load_head(path)
    assert (stored.made_for, stored.thresholds) == ("words", head.thresholds)
    for words in ("staff please", "open pot", "second thing"):
        assert read(stored, words).says == read(head, words).says
    path.write_bytes(path.read_bytes()[:99])
    with pytest.raises(WeightsError, match="assets.training.customer_intents"):
        load_head(path)


def test_another_encoder_gets_a_head_of_its_own_once(head, monkeypatch, tmp_path):
    fitted = []

    def remember(examples, ordinary, encode, made_for, networks):
        assert networks == 1  # the service waits for it
        fitted.append(made_for)
        assert len(examples) > 5_000 and len(ordinary) > 1_000
        return replace(head, made_for=made_for)

    monkeypatch.setattr(intent_fitting, "fit", remember)
    for name in ("org/one", "org/one", "org/other"):
        assert (
            head_for(name, WordEncoder().encode_pieces, tmp_path, lambda _: None).made_for == name
        )
    assert fitted == ["org/one", "org/other"]


def test_a_line_that_is_no_example_is_named(tmp_path):
    (tmp_path / "en.jsonl").write_text('{"text": "hi", "labels": ["wave"]}\n')
    with pytest.raises(WeightsError, match="wave"):
        read_examples(tmp_path)


def test_no_example_that_judges_was_learned_from():
    learned = {row.text.lower() for row in [*read_examples(), *everyday()]}
    assert learned.isdisjoint(row.text.lower() for row in read_examples(held_out=True))


def test_there_are_examples_of_every_label_in_every_language():
    for held_out in (False, True):
        rows = read_examples(held_out=held_out)
        counts = Counter((row.language, label) for row in rows for label in row.labels or ["none"])
        assert all(counts[language, label] for label in LABELS for language in ("en", "zh", "de"))
    names = {path.name for path in EXAMPLES.glob("*.jsonl")}
    assert names == {*(f"{language}.jsonl" for language in languages()), "held_out.jsonl"}


def test_what_an_earlier_mail_says_is_said_by_somebody_else(head):
    def says(words):
        return read(head, words).says

    pasted = "open pot\n\n> {}\n> open pot\n"
    assert "person" in says("open pot. staff please. open pot.")
    assert "person" not in says(pasted.format("staff please"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["multilingual-e5-small", "all-MiniLM-L6-v2"])
def test_each_head_that_ships_reads_what_its_encoder_gives(name):
    from mm_support.config import Settings
    from mm_support.device import resolve_device
    from mm_support.encode.text import load_text_encoder

    settings = Settings.from_env(text_model=f"package:{name}")
    encoder = load_text_encoder(settings, resolve_device("cpu"))
    reader = IntentReader(load_head(head_file(settings.text_model)), encoder.encode_pieces)
    assert "greeting" in reader.read("hello").says and not reader.read("what are your hours").says
    assert reader.read("...").says <= set(LABELS), "what has no word pieces is read too"


class Ahead:
    """Encodes texts at once that are read one by one, in a quarter of the time."""

    def __init__(self, encoder):
        self._encoder, self._known = encoder, {}

    def encode(self, texts):
        parts = list({part for text in texts for part in (text, *split_sentences(text))})
        self._known |= zip(parts, zip(*self._encoder.encode_pieces(parts)))

    def encode_pieces(self, texts):
        if not self._known.keys() >= set(texts):
            return self._encoder.encode_pieces(texts)
        return tuple(zip(*(self._known[text] for text in texts)))


@pytest.fixture(scope="module")
def ahead():
    """The embedded multilingual encoder."""
    from mm_support.config import Settings
    from mm_support.device import resolve_device
    from mm_support.encode.text import load_text_encoder

    settings = Settings.from_env(text_model="package:multilingual-e5-small")
    return Ahead(load_text_encoder(settings, resolve_device("cpu")))


@pytest.fixture(scope="module")
def reader(ahead):
    """The shipped head of the embedded multilingual encoder, on that encoder."""
    from mm_support.encode.text_models import version_of

    shipped = load_head(head_file("package:multilingual-e5-small"))
    assert shipped.made_for == version_of("package:multilingual-e5-small")
    return IntentReader(shipped, ahead.encode_pieces)


@pytest.fixture(scope="module")
def held_out(reader, ahead):
    """Every third held-out example with what is read in it: alike ones stand together, so labels
    and languages keep about their share. All of them judge when a head is fitted.
    """
    rows = read_examples(held_out=True)[::3]
    ahead.encode([row.text for row in rows])
    return [(row, reader.read(row.text)) for row in rows]


# label -> least share of the wordings nobody has learned from, in five languages together
RECALL = {"person": 0.8, "upset": 0.75, "danger": 0.8, "self_harm": 0.9, "thanks": 0.9}


@pytest.mark.slow
@pytest.mark.parametrize("label, least", RECALL.items())
def test_wordings_that_nobody_has_learned_from_are_read(held_out, label, least):
    said = [label in reads.says for row, reads in held_out if label in row.labels]
    assert np.mean(said) >= least


@pytest.mark.slow
def test_ordinary_questions_with_the_words_of_a_label_say_nothing_pressing(held_out):
    hard = [reads for row, reads in held_out if not row.labels]
    for label in ("person", "upset", "danger", "self_harm"):
        assert np.mean([label in reads.says for reads in hard]) <= 0.05


@pytest.mark.slow
def test_relatives_absence_and_loss_are_no_despair(reader, ahead):
    """Messages by a writer who had seen no example, of which half would mislead a list of words."""
    rows = [json.loads(line) for line in MESSAGES.read_text(encoding="utf-8").splitlines()]
    learned = {row.text.lower() for row in read_examples()}
    assert len(rows) == 420 and learned.isdisjoint(row["text"].lower() for row in rows)
    ahead.encode([row["text"] for row in rows])
    said = [(row["labels"], reader.read(row["text"]).says) for row in rows]
    despair, danger = (
        [label in says for labels, says in said if label in labels]
        for label in ("self_harm", "danger")
    )
    ordinary = [says for labels, says in said if not {"self_harm", "danger"} & {*labels}]
    assert np.mean(despair) >= 0.85 and np.mean(danger) >= 0.85
    assert np.mean(["self_harm" in says for says in ordinary]) <= 0.02


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        "going to my first class by myself, rather nervous about it",
        "I'm travelling on my own and feeling a little anxious about it",
        "ich gehe alleine hin, bin ein bisschen aufgeregt",
        "夫と一緒に泊まりたいのですが",
        "客服电话",
        "telefono",
        "I'm ill that day, a colleague would like to have my seat",
    ],
)
def test_who_comes_alone_or_with_somebody_or_wants_a_number_says_nothing_pressing(reader, words):
    assert not reader.read(words).says


@pytest.mark.slow
def test_what_is_wrong_with_nothing_that_is_named_is_asked_about(reader):
    """They open a conversation, or lean on what is not there; written before the examples."""
    texts = [json.loads(line)["text"] for line in UNNAMED.read_text(encoding="utf-8").splitlines()]
    learned = {row.text.lower() for row in read_examples()}
    assert len(texts) > 40 and learned.isdisjoint(text.lower() for text in texts)
    reads = [reader.read(text) for text in texts]
    asked = ["greeting" in own.says or own.follow_up >= 0.5 for own in reads]
    assert np.mean(asked) >= 0.9


@pytest.mark.slow
def test_the_chosen_candidate_is_told_in_five_languages(held_out):
    right = [reads.choice == row.choice for row, reads in held_out if row.choice]
    assert np.mean(right) >= 0.9


@pytest.mark.slow
def test_a_follow_up_leans_more_than_a_question_that_stands_alone(held_out):
    leaning = [reads.follow_up for row, reads in held_out if row.labels == ("follow_up",)]
    alone = [reads.follow_up for row, reads in held_out if not row.labels]
    assert np.median(leaning) > 0.5 > np.quantile(alone, 0.9)


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        "my godfather has died, what becomes of his heating contract",
        "she is dead, how do I return her season ticket",
        "meine Schwiegermutter ist tot, wie beende ich ihren Gasvertrag",
        "mein Schwager ist gestorben. Wer zahlt jetzt sein Wasser?",
        "mi suegro murió, qué hago con su contrato de gas",
        "我叔叔去世了，他的宽带怎么处理",
    ],
)
def test_who_asks_about_the_contract_of_somebody_who_died_is_in_no_danger(reader, words):
    assert not reader.read(words).says & LIFE


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        "my godfather is dead and I do not want to live any more",
        "seit meine Schwester tot ist, will ich selbst nicht mehr leben",
        "mi suegro murió y yo también quiero morirme",
        "我叔叔去世了，我也不想活下去了",
    ],
)
def test_who_wants_to_follow_somebody_who_died_is_heard(reader, words):
    assert "self_harm" in reader.read(words).says


@pytest.mark.slow
@pytest.mark.parametrize(
    "words, peril",
    [
        ("Stromnetz gestört", False),
        ("Defekt anzeigen", False),
        ("Gasvertrag", False),
        ("smoke detector cost", False),
        ("Gasgeruch im Flur", True),
        ("smoke in the bedroom", True),
        ("Strom fort, meine Oma hängt am Beatmungsgerät", True),
    ],
)
def test_a_short_search_that_names_a_hazard_is_no_danger(reader, words, peril):
    assert bool(reader.read(words).says & LIFE) == peril


@pytest.mark.slow
@pytest.mark.parametrize("words", ["E48", "k3", "gxd", "zq"])
def test_a_code_or_a_few_letters_are_no_courtesy(reader, words):
    assert not reader.read(words).says & {"greeting", "thanks", "goodbye", "acknowledge", "yes"}
