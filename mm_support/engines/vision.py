"""Image-text models of the hub, or in a local folder of its layout, through transformers: they see
the photo itself.

Each architecture places photos among the tokens in a way of its own, so `generate` decodes, in a
thread. One customer at a time: such models keep the places of the photos to themselves. Knows
nothing of replies.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from mm_support.engines.base import (
    Capabilities,
    Channel,
    Message,
    StopSignal,
    context_of,
    speed_on,
    without_thoughts,
)
from mm_support.engines.supervised import CLOSED
from mm_support.errors import GenerationError

if TYPE_CHECKING:
    from mm_support.device import Device


class ImageTextModel:
    """An image-text model and its processor, decoded greedily."""

    def __init__(self, model: Any, processor: Any, name: str) -> None:
        self.name = name
        context = context_of(model.config)
        self.can = Capabilities(context, True, speed_on(model.device), sees=True)
        self._model, self._processor = model, processor
        self._lock = threading.Lock()

    def stream(
        self, messages: list[Message], max_tokens: int, stop: StopSignal | None = None
    ) -> Generator[str, None, None]:
        channel = Channel().filled_by(self._decode, messages, max_tokens, name="reply-image-text")
        return without_thoughts(channel.read(stop))

    def close(self) -> None:
        self._model = None

    def _decode(self, messages: list[Message], max_tokens: int, channel: Channel) -> None:
        from transformers import StoppingCriteriaList

        with self._lock:
            if self._model is None:
                raise GenerationError(CLOSED)
            inputs = self._processor.apply_chat_template(
                list(map(in_parts, messages)),
                add_generation_prompt=True,
                tokenize=True,
                return_dict=True,
                return_tensors="pt",
            ).to(self._model.device, self._model.dtype)
            self._model.generate(
                **inputs,
                max_new_tokens=max_tokens,
                do_sample=False,
                streamer=_streamer(self._processor.tokenizer, channel),
                stopping_criteria=StoppingCriteriaList([_abandoned(channel)]),
            )


def load_image_text_model(source: str, device: Device, name: str) -> ImageTextModel:
    """source: a hub name or a folder. Raises OSError and ValueError as transformers does."""
    from transformers import AutoModelForImageTextToText, AutoProcessor

    processor = AutoProcessor.from_pretrained(source)
    model: Any = AutoModelForImageTextToText.from_pretrained(
        source, dtype=device.dtype, use_safetensors=True
    )
    return ImageTextModel(model.to(device.device).eval(), processor, name)


def in_parts(message: Message) -> Message:
    """A message whose content is a list of parts, as processors want it."""
    content = message["content"]
    return {
        **message,
        "content": [{"type": "text", "text": content}] if isinstance(content, str) else content,
    }


def _streamer(tokenizer: Any, channel: Channel) -> Any:
    """Hands pieces of text to the channel as generate decodes them."""
    from transformers import TextStreamer

    class Pieces(TextStreamer):
        def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
            if text:
                channel.put(text)

    return Pieces(tokenizer, skip_prompt=True, skip_special_tokens=True)


def _abandoned(channel: Channel) -> Any:
    """Ends generate within a token once nobody reads any more."""
    import torch

    return lambda ids, scores, **_: torch.full(
        (len(ids),), channel.abandoned.is_set(), dtype=torch.bool, device=ids.device
    )
