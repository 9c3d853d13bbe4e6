"""The start of the server, where time is not what it seems."""

from __future__ import annotations

import itertools
import sys
import time
from types import SimpleNamespace

import pytest
from gradio.exceptions import ServerFailedToStartError

from demo.running import run_patiently


def test_a_server_that_begins_slowly_or_while_the_clock_is_set_is_waited_for(monkeypatch):
    ticks = itertools.count(step=3600)
    monkeypatch.setattr(time, "time", lambda: float(next(ticks)))

    def run():
        time.sleep(0.2)
        server.started = True

    server = SimpleNamespace(started=False, run=run, reloader=None)
    run_patiently(server)
    assert server.started


def test_a_server_that_ends_before_it_has_begun_is_not_waited_for():
    server = SimpleNamespace(started=False, run=lambda: sys.exit(1))
    with pytest.raises(ServerFailedToStartError, match="see above"):
        run_patiently(server)
