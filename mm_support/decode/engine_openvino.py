"""SmolLM2 and other GGUF models on the CPU through OpenVINO GenAI.

One thread owns the pipeline and steps all customers' replies together, a token each a step;
blocks of the key-value cache that begin alike are computed once. Knows nothing of replies.
"""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mm_support.decode.engine import Channel, Message
from mm_support.errors import GenerationError, WeightsError

if TYPE_CHECKING:
    from mm_support.config import Settings

MAX_TOGETHER = 32  # replies decoded in one batch; further ones wait
CACHE_GB = 1  # key-value cache, prompt beginnings included
CLOSED = "The language model was closed; start the service again."


def load_openvino_model(settings: "Settings") -> "OpenVinoModel":
    """The GGUF file of a package, with its adapter. Raises WeightsError when it cannot be fetched or opened."""
    from mm_support.decode.reply_weights import trained_gguf

    return OpenVinoModel(trained_gguf(settings), settings.cache_dir / "openvino")


@dataclass(eq=False)
class _Request:
    tokens: Any  # openvino Tensor (1, n) int64
    max_tokens: int
    channel: Channel = field(default_factory=Channel)
    handle: Any = None
    generated: list[int] = field(default_factory=list)
    sent: str = ""


class OpenVinoModel:
    """A GGUF file, decoded greedily. compiled: folder in which OpenVINO keeps the compiled model."""

    def __init__(self, gguf: Path, compiled: Path) -> None:
        self.name = gguf.stem
        self._pipeline, self._tokenizer = _open_pipeline(gguf, compiled)
        self._waiting: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reply-decoding", daemon=True)
        self._thread.start()

    def stream(self, messages: list[Message], max_tokens: int, stop: threading.Event | None = None) -> Iterator[str]:
        if self._closed.is_set():
            raise GenerationError(CLOSED)
        prompt = self._tokenizer.apply_chat_template(messages, add_generation_prompt=True)
        request = _Request(self._tokenizer.encode(prompt, add_special_tokens=False).input_ids, max_tokens)
        self._waiting.put(request)
        yield from request.channel.read(stop)

    def close(self) -> None:
        if not self._closed.is_set():
            self._closed.set()
            self._waiting.put(None)
            self._thread.join()

    def _run(self) -> None:
        """Steps the pipeline while there is a request, sleeps otherwise, until the model is closed."""
        active: list[_Request] = []
        numbers = itertools.count()
        while not self._closed.is_set():
            self._admit(active, numbers)
            try:
                if active:
                    self._pipeline.step()
                active = [request for request in active if not self._deliver(request)]
            except RuntimeError as exc:
                _give_up(active, f"The language model failed ({exc}); ask again.")
                active = []
        while not self._waiting.empty():
            active += filter(None, [self._waiting.get()])
        _give_up(active, CLOSED)
        while self._pipeline.has_non_finished_requests():
            self._pipeline.step()  # lets go of what was cancelled

    def _admit(self, active: list[_Request], numbers: Iterator[int]) -> None:
        """Moves waiting requests into the pipeline; blocks only while there is nothing to decode."""
        while not self._waiting.empty() or not active:
            request = self._waiting.get()
            if request is None:
                return
            try:
                request.handle = self._pipeline.add_request(next(numbers), request.tokens, _greedy(request.max_tokens))
                active.append(request)
            except RuntimeError as exc:
                _give_up([request], f"The language model cannot take this question ({exc}); ask a shorter one.")

    def _deliver(self, request: _Request) -> bool:
        """Sends what the last step decoded; True when the request is finished or nobody reads it."""
        from openvino_genai import GenerationStatus

        running = request.handle.get_status() == GenerationStatus.RUNNING
        while request.handle.can_read():
            for output in request.handle.read().values():
                request.generated += output.generated_ids
        if request.channel.abandoned.is_set():
            request.handle.cancel()
            return True
        text = self._tokenizer.decode(request.generated)
        if len(text) > len(request.sent) and (not running or not text.endswith("\ufffd")):
            request.channel.put(text[len(request.sent) :])
            request.sent = text
        if not running:
            request.channel.finish()
        return not running


def _open_pipeline(gguf: Path, compiled: Path) -> tuple[Any, Any]:
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
        pipeline = openvino_genai.ContinuousBatchingPipeline(str(gguf), plan, "CPU", {"CACHE_DIR": str(compiled)})
    except RuntimeError as exc:
        raise WeightsError(f"{gguf} is not a language model that can be opened: {exc}") from exc
    return pipeline, pipeline.get_tokenizer()


def _greedy(max_tokens: int) -> Any:
    import openvino_genai

    return openvino_genai.GenerationConfig(max_new_tokens=max_tokens, do_sample=False)


def _give_up(requests: list[_Request], message: str) -> None:
    for request in requests:
        if request.handle is not None:
            request.handle.cancel()
        request.channel.finish(GenerationError(message))
