"""A compiled network gives what torch gives, is made once, and is left out where it cannot be."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest
import torch
from torch import nn

from mm_support.encode import compiled as made
from mm_support.encode.compiled import compiled


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 5)).eval()


EXAMPLE = torch.zeros(2, 3, 8, 8)


def of(network, cache_dir, name="small"):
    return compiled(name, lambda: network, (EXAMPLE,), (0,), torch.float32, cache_dir)


@pytest.mark.parametrize("n", [1, 2, 7])
def test_any_number_of_rows_gives_what_torch_gives(network, tmp_path, n):
    rows = torch.rand(n, 3, 8, 8)
    fast = of(network, tmp_path)
    with torch.inference_mode():
        np.testing.assert_allclose(fast(rows).numpy(), network(rows).numpy(), atol=1e-5)


def test_what_it_gave_stays_when_others_call_it(network, tmp_path):
    fast, asked = of(network, tmp_path), torch.rand(40, 1, 3, 8, 8)
    with ThreadPoolExecutor(4) as pool:
        given = list(pool.map(fast, asked))
    with torch.inference_mode():
        for rows, own in zip(asked, given):
            np.testing.assert_allclose(own.numpy(), network(rows).numpy(), atol=1e-5)


def test_it_is_made_once_and_anew_by_another_name(network, tmp_path, monkeypatch):
    of(network, tmp_path)
    kept = sorted((tmp_path / "compiled").iterdir())
    assert [file.suffix for file in kept] == [".bin", ".xml"]
    with monkeypatch.context() as broken:
        broken.setattr(made, "_make", None)  # not needed a second time
        assert of(network, tmp_path) is not None
    of(network, tmp_path, "of other weights")
    assert len(list((tmp_path / "compiled").iterdir())) == 4


def test_where_it_cannot_be_had_torch_goes_on(network, tmp_path, caplog):
    (tmp_path / "compiled").write_text("a file where a folder is wanted")
    assert of(network, tmp_path) is None
    assert "torch runs it" in caplog.text


# each child is a process that has not seen an array yet: without the remedy three in eight hang
FIRST_CALLS = """
import os, sys, threading, openvino, torch
from pathlib import Path
from mm_support.encode.compiled import Compiled

def call():
    together.wait()
    fast(torch.zeros(64, 3, 8, 8))

for _ in range(10):
    if not os.fork():
        sys.setswitchinterval(1e-6)
        fast, together = Compiled(Path(sys.argv[1]), torch.float32), threading.Barrier(4)
        callers = [threading.Thread(target=call) for _ in range(4)]
        [caller.start() for caller in callers]
        [caller.join() for caller in callers]
        os._exit(0)
    _, status = os.wait()
    assert not status
"""


def test_threads_whose_first_calls_meet_do_not_wait_for_each_other_for_ever(network, tmp_path):
    of(network, tmp_path)
    (file,) = (tmp_path / "compiled").glob("*.xml")
    command = [sys.executable, "-c", FIRST_CALLS, str(file)]
    with subprocess.Popen(command, start_new_session=True) as started:
        try:
            assert started.wait(60) == 0
        finally:
            with suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGKILL)
