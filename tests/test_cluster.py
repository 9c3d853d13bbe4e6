"""Models on a Ray cluster of two nodes on this machine, stubs of known cost: they answer as models
in the process do, together where they may, from another replica or node when one ends, and stop.

Only where Ray is installed (extra `cluster`); the figures of docs/several-machines.md come from
`python -m tests.cluster_figures`.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mm_support.__main__ import main
from mm_support.config import Settings
from mm_support.errors import BusyError, InputError, SupportError
from tests import cluster_stub

pytest.importorskip("ray")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    from tests.cluster_figures import two_nodes

    with two_nodes(tmp_path_factory.mktemp("data")) as made:
        yield made


@pytest.fixture(scope="module")
def settings(served):
    """Of a front, joined to a cluster that serves stubs."""
    return served.settings


def test_calls_that_come_together_are_encoded_together(settings):
    from mm_support.cluster.handles import ServedText

    text = ServedText("embed")
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda n: text.encode(["a" * n]), range(1, 9)))
    assert [row[0, 0] for row in rows] == list(range(1, 9))
    assert max(row[0, 1] for row in rows) > 1
    vectors, pieces = text.encode_pieces(["a", "bb"], "passage")
    assert vectors.shape == (2, 2) and [ids for ids, _ in pieces] == [[1], [2]]
    many = text.encode(["c"] * 130)
    assert many.shape == (130, 2) and text.encode([]).shape[0] == 0


def test_what_the_model_refuses_is_refused_to_its_caller_alone(settings):
    from mm_support.cluster.handles import ServedText

    text = ServedText("embed")
    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(text.encode, [word]) for word in ("good", "bad", "fine")]
        with pytest.raises(InputError) as refused:
            calls[1].result()
        assert refused.value.key == "photo_small" and refused.value.values["width"] == 1
        assert calls[0].result()[0, 0] == calls[2].result()[0, 0] == 4


def test_what_ends_one_call_in_a_model_ends_no_other(settings):
    from mm_support.cluster.handles import ServedText

    text = ServedText("embed")
    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(text.encode, [word]) for word in ("good", "worse", "fine")]
        with pytest.raises(SupportError, match="TypeError"):
            calls[1].result()
        assert calls[0].result()[0, 0] == calls[2].result()[0, 0] == 4


def test_a_stop_crosses_the_border(settings):
    from mm_support.cluster.handles import ServedModel

    model, stop = ServedModel("write"), threading.Event()
    assert model.name == "stub" and model.can.writes
    assert list(model.stream([], 3)) == ["0 ", "1 ", "2 "]
    pieces = model.stream([], 1_000, stop)
    next(pieces)
    stop.set()
    asked = time.time()
    assert list(pieces) == []
    while not (stopped := model.one("speaks", "stopped")):
        assert time.time() < asked + 10
        time.sleep(0.02)
    assert stopped - asked < 2.0


def test_who_comes_when_the_queue_is_full_is_told_at_once(settings):
    from mm_support.cluster.handles import ServedSpeech

    speech, silence = ServedSpeech("hear"), np.zeros(160, np.float32)
    refused, took = 0, []

    def hear(_):
        began = time.monotonic()
        try:
            speech.transcribe(silence)
        except BusyError as busy:
            took.append(time.monotonic() - began)
            return busy.seconds
        return 0.0

    with ThreadPoolExecutor(90) as pool:
        refused = [seconds for seconds in pool.map(hear, range(90)) if seconds]
    assert refused and max(refused) >= 1 and np.median(took) < 2 * cluster_stub.COST + 2


def test_a_front_with_other_models_does_not_join(settings):
    from mm_support.cluster.connection import check_stages

    other = settings.with_changes(text_model="package:all-MiniLM-L6-v2")
    with pytest.raises(InputError, match="same settings"):
        check_stages(["embed"], other)
    with pytest.raises(InputError, match="serve-models"):
        check_stages(["read"], settings)


def test_a_replica_and_then_a_node_that_are_killed_under_load_lose_nothing(served):
    from tests.cluster_figures import kill_replica, under

    assert len(under(kill_replica, 24)) == len(under(served.kill_node, 24)) == 24


@pytest.mark.parametrize("wrong", [["ear=1"], ["hear=0-2"], ["--replicas", "many"]])
def test_a_wrong_number_of_replicas_is_one_line(wrong):
    from mm_support.__main__ import build_parser
    from mm_support.cluster.served import replicas_of

    with pytest.raises(InputError):
        replicas_of(build_parser().parse_args(["serve-models", *wrong]), Settings())


def test_a_command_without_a_cluster_is_one_line(capsys, monkeypatch):
    monkeypatch.delenv("MM_SUPPORT_CLUSTER", raising=False)
    assert main(["serve-models"]) == 2 and "MM_SUPPORT_CLUSTER" in capsys.readouterr().err
