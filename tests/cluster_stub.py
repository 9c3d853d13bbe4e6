"""Models of known cost, for processes of a cluster: each call takes a while and does no work."""

from __future__ import annotations

import os
import threading
import time

import numpy as np

from mm_support.engines.base import Capabilities
from mm_support.errors import InputError

COST = 0.2  # s of a call, however much it is given
TOKEN = 0.1  # s between two pieces


class Stub:
    """Stands for every kind of model. Of a vector, the first number is the text's length, the
    second how many were encoded with it."""

    dim, name, can = 2, "stub", Capabilities(writes=True)
    stopped = 0

    def encode(self, texts, kind="query"):
        time.sleep(COST)
        if "bad" in texts:
            raise InputError.of("photo_small", width=1, height=2)
        if "worse" in texts:
            raise TypeError("no text")
        return np.array([[len(text), len(texts)] for text in texts], np.float32)

    def encode_pieces(self, texts, kind="query"):
        return self.encode(texts, kind), [([len(text)], kind) for text in texts]

    def __init__(self):
        self._lock = threading.Lock()  # one recording at a time, as a speech encoder does

    def transcribe(self, *given):
        with self._lock:
            time.sleep(COST)
        return os.getpid()

    def speaks(self, language):
        return Stub.stopped if language == "stopped" else os.getpid()

    def stream(self, messages, max_tokens, stop):
        for number in range(max_tokens):
            if stop.wait(TOKEN):
                Stub.stopped = time.time()
                return
            yield f"{number} "


def load(name, settings):
    return Stub()
