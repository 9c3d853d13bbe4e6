"""A language model's process that dies, hangs or does not start is started again; meanwhile the
service answers with quotes and says so.
"""

import json
import sys
import threading
import time
from pathlib import Path

import pytest
from clock import until
from conftest import WordEncoder

from mm_support import loading
from mm_support.config import Settings
from mm_support.decode.reply import ReplyWriter
from mm_support.engines import openvino
from mm_support.engines.openvino import OpenVinoModel
from mm_support.engines.supervised import SupervisedModel
from mm_support.errors import GenerationError, WeightsError
from mm_support.service import SupportService
from mm_support.types import Entry, Hit, Question
from tests.test_loading import MODELS, STEPS, put

# speaks as openvino_worker.py does; says its own id, or does what it is told
CHILD = """
import json, os, sys, time
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    said = asked["messages"][0]["content"] if "messages" in asked else ""
    if said == "break off":
        print('{"number": 1, "pie', end="", flush=True)
    if said in ("die", "break off"):
        os._exit(9)
    if said == "hang":
        time.sleep(1000)
    if "sign" in asked:
        print(json.dumps({"number": asked["number"], "sign": True}), flush=True)
    if said:
        print(json.dumps({"number": asked["number"], "piece": str(os.getpid())}), flush=True)
        print(json.dumps({"number": asked["number"], "over": True}), flush=True)
"""


@pytest.fixture
def child(tmp_path):
    script = tmp_path / "child.py"
    script.write_text(CHILD)

    def start(patience=60.0):
        worker = (sys.executable, str(script))
        return OpenVinoModel(Path("model.gguf"), tmp_path, worker, patience)

    return start


@pytest.fixture
def watched():
    models = []

    def watch(open_model, pauses=(0.05,)):
        models.append(SupervisedModel(open_model, pauses, look=0.02))
        return models[-1]

    yield watch
    for model in models:
        model.close()


def says(model, words="hello"):
    return "".join(model.stream([{"role": "user", "content": words}], 5))


@pytest.mark.parametrize("how", ["killed", "die", "break off"])
def test_a_process_that_ends_is_another_one_soon_and_who_read_from_it_is_told(child, watched, how):
    model = watched(child)
    before = says(model)
    assert before == says(model) == str(model._model.process.pid)
    if how == "killed":
        model._model.process.kill()
    else:
        with pytest.raises(GenerationError, match="died|started again"):
            says(model, how)
    until(lambda: model.restarts == 1 and model.alive)
    assert says(model) not in ("", before)


def test_a_process_that_hangs_is_noticed_ended_and_started_again(child, watched):
    model = watched(lambda: child(patience=0.4))
    hung, problems = model._model.process, []

    def ask():
        try:
            says(model, "hang")
        except GenerationError as exc:
            problems.append(exc)

    asking = threading.Thread(target=ask)
    asking.start()
    until(lambda: model.restarts == 1 and model.alive)
    asking.join(5)
    assert problems and hung.poll() is not None and says(model) != str(hung.pid)
    time.sleep(1.0)
    assert model.restarts == 1  # one that answers is left alone, also when nobody asks it anything


def test_one_that_cannot_be_started_is_tried_again_after_longer_and_longer_pauses(child, watched):
    times, working = [], child()

    def open_model():
        times.append(time.monotonic())
        if len(times) == 1:
            return working
        if len(times) < 4:
            raise WeightsError("It is missing.")
        return child()

    model = watched(open_model, pauses=(0.05, 0.2, 0.4))
    working.process.kill()
    until(lambda: not model.alive)
    with pytest.raises(GenerationError):
        says(model)
    until(lambda: model.alive)
    pauses = [after - before for before, after in zip(times[1:], times[2:])]
    assert pauses[0] > 0.2 and pauses[1] > 0.4 and model.restarts == 1


def test_whatever_a_start_ends_in_another_one_follows(child, watched):
    starts = [child, lambda: json.loads('{"rea'), child]  # one died within its first line
    model = watched(lambda: starts.pop(0)())
    with pytest.raises(GenerationError):
        says(model, "die")
    until(lambda: model.restarts == 1 and model.alive)
    assert says(model)


def test_one_that_hangs_while_it_starts_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(openvino, "STARTING", 0.3)
    worker = (sys.executable, "-c", "import time; time.sleep(30)")
    began = time.monotonic()
    with pytest.raises(WeightsError, match="could not be started"):
        OpenVinoModel(Path("model.gguf"), tmp_path, worker)
    assert time.monotonic() - began < 10


def test_what_cannot_be_opened_at_first_is_an_error_and_a_closed_one_says_so(child, watched):
    def broken():
        raise WeightsError("It is missing.")

    with pytest.raises(WeightsError, match="missing"):
        SupervisedModel(broken)
    model = watched(child)
    process = model._model.process
    model.close()
    model.close()
    assert process.poll() == 0 and model.restarts == 0
    with pytest.raises(GenerationError, match="start the service again"):
        says(model)


def test_while_it_is_away_replies_are_quotes_and_the_status_says_so(
    child, watched, tmp_path, monkeypatch
):
    model = watched(child, pauses=(1.0,))
    for name, fake in {**STEPS, "load_language_model": lambda *_: model}.items():
        monkeypatch.setattr(loading, name, fake)
    for stage, model_of in MODELS.items():
        put(monkeypatch, stage, model_of)
    service = SupportService.load(Settings(data_dir=tmp_path / "data"))
    assert service.status().message == "Ready"
    model._model.process.kill()
    until(lambda: service.status().degraded)
    assert "replies are quotes" in service.status().message
    entry = Entry("refund", "Refund", "The refund takes 5 days.", ("refund",))
    written = ReplyWriter(model, WordEncoder()).write(Question("refund"), [Hit(entry, 1.0, {})])
    assert "5 days" in "".join(sentence.text for sentence in written)
    until(lambda: service.status().message == "Ready")
    assert b"mm_support_model_restarts 1.0" in service.metrics.text()
    service.close()
