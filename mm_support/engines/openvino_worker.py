"""The process in which openvino.py has its model: python -m
mm_support.engines.openvino_worker GGUF COMPILED

Requests come as lines of JSON on the standard input, pieces of text go out as lines on the standard
output. It ends with its input. Steps all customers' replies together, a token each a step; blocks
of the key-value cache that begin alike are computed once. Knows nothing of replies.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mm_support.errors import WeightsError

MAX_TOGETHER = 32  # replies decoded in one batch; further ones wait
CACHE_GB = 1  # key-value cache, prompt beginnings included
# by which its threads stand back behind those that a customer waits for: a draft may be given up
POLITENESS = 5


@dataclass(eq=False)
class Request:
    """number: the sender's own. left: set when nobody reads it any more."""

    number: int
    messages: list[dict[str, str]]
    max_tokens: int
    left: threading.Event = field(default_factory=threading.Event)
    handle: Any = None
    generated: list[int] = field(default_factory=list)
    sent: str = ""


@dataclass(frozen=True)
class Sign:
    """Asks whether steps are still made. number: the sender's own."""

    number: int


class Decoding:
    """Requests on their way through a pipeline. send: gets {"number", and "piece", "over" or
    "error"}.
    """

    def __init__(self, pipeline: Any, tokenizer: Any, send: Callable[[dict], None]) -> None:
        self._pipeline, self._tokenizer, self._send = pipeline, tokenizer, send
        self._waiting: queue.SimpleQueue[Request | Sign | None] = queue.SimpleQueue()
        self._closed = threading.Event()

    def read(self, lines: Iterable[str]) -> None:
        """Takes {"number", "messages", "max_tokens"}, and {"number"} alone when its reader has
        left, and {"number", "sign"}, answered between two steps with a sign of life; ends all with
        the lines.
        """
        asked: dict[int, Request] = {}
        for line in lines:
            message = json.loads(line)
            if "messages" in message:
                asked[message["number"]] = request = Request(**message)
                self._waiting.put(request)
            elif "sign" in message:
                self._waiting.put(Sign(message["number"]))
            elif message["number"] in asked:
                asked.pop(message["number"]).left.set()
        self._closed.set()
        self._waiting.put(None)

    def run(self) -> None:
        """Steps the pipeline while there is a request, sleeps otherwise, until nothing is read any
        more.
        """
        active: list[Request] = []
        while not self._closed.is_set():
            self._admit(active)
            try:
                if active:
                    self._pipeline.step()
                active = [request for request in active if not self._deliver(request)]
            except RuntimeError as exc:
                for request in active:
                    self._give_up(request, f"The language model failed ({exc}); ask again.")
                active = []
        for request in active:
            request.handle.cancel()
        while self._pipeline.has_non_finished_requests():
            self._pipeline.step()  # lets go of what was cancelled

    def _admit(self, active: list[Request]) -> None:
        """Moves waiting requests into the pipeline; blocks only while there is nothing to
        decode.
        """
        while not self._waiting.empty() or not active:
            request = self._waiting.get()
            if request is None:
                return
            if isinstance(request, Sign):
                self._send({"number": request.number, "sign": True})
                return
            try:
                prompt = self._tokenizer.apply_chat_template(
                    request.messages, add_generation_prompt=True
                )
                tokens = self._tokenizer.encode(prompt, add_special_tokens=False).input_ids
                request.handle = self._pipeline.add_request(
                    request.number, tokens, greedy(request.max_tokens)
                )
                active.append(request)
            except RuntimeError as exc:
                self._give_up(
                    request,
                    f"The language model cannot take this question ({exc}); ask a shorter one.",
                )

    def _deliver(self, request: Request) -> bool:
        """Sends what the last step decoded; True when the request is finished or nobody reads
        it.
        """
        from openvino_genai import GenerationStatus

        running = request.handle.get_status() == GenerationStatus.RUNNING
        while request.handle.can_read():
            for output in request.handle.read().values():
                request.generated += output.generated_ids
        if request.left.is_set():
            request.handle.cancel()
            return True
        text = self._tokenizer.decode(request.generated)
        if len(text) > len(request.sent) and (not running or not text.endswith("\ufffd")):
            self._send({"number": request.number, "piece": text[len(request.sent) :]})
            request.sent = text
        if not running:
            self._send({"number": request.number, "over": True})
        return not running

    def _give_up(self, request: Request, message: str) -> None:
        if request.handle is not None:
            request.handle.cancel()
        self._send({"number": request.number, "error": message})


def greedy(max_tokens: int) -> Any:
    import openvino_genai

    return openvino_genai.GenerationConfig(max_new_tokens=max_tokens, do_sample=False)


def open_pipeline(gguf: Path, compiled: Path) -> tuple[Any, Any]:
    """A pipeline and its tokenizer. compiled: folder in which OpenVINO keeps the compiled model.
    Raises WeightsError.
    """
    try:
        import openvino_genai
    except ImportError as exc:
        raise WeightsError("The reply engine is missing; run: pip install openvino-genai") from exc
    plan = openvino_genai.SchedulerConfig()
    plan.cache_size = CACHE_GB
    plan.max_num_seqs = MAX_TOGETHER
    plan.enable_prefix_caching = True
    compiled.mkdir(parents=True, exist_ok=True)
    try:
        pipeline = openvino_genai.ContinuousBatchingPipeline(
            str(gguf), plan, "CPU", {"CACHE_DIR": str(compiled)}
        )
    except Exception as exc:  # its parser has one kind of error for each kind of damage
        raise WeightsError(f"{gguf} is not a language model that can be opened: {exc}") from exc
    return pipeline, pipeline.get_tokenizer()


def main(gguf: str, compiled: str) -> int:
    # Ctrl-C is the service's to handle; this ends with its input
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # whatever libraries print is not for the service

    def send(message: dict) -> None:
        print(json.dumps(message), file=lines)

    try:
        pipeline, tokenizer = open_pipeline(Path(gguf), Path(compiled))
    except WeightsError as exc:
        send({"failed": str(exc)})
        return 1
    if hasattr(os, "nice"):
        os.nice(POLITENESS)
    decoding = Decoding(pipeline, tokenizer, send)
    threading.Thread(
        target=decoding.read, args=(open(0, encoding="utf-8"),), daemon=True, name="read requests"
    ).start()
    send({"ready": True})
    try:
        decoding.run()
    except BrokenPipeError:  # the service is gone
        pass
    return 0


if __name__ == "__main__":
    code = main(*sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)  # nothing is left to keep, and threads of the pipeline may still be at work
