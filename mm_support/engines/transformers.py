"""Models of the hub, or in a local folder of its layout, through transformers: on a GPU, or where
no other engine fits.

Greedy decoding in the thread that reads, so that closing the iterator is all it takes to end it.
The cache of the last prompt is kept: what the next one begins with alike is not computed again.
Knows nothing of replies.
"""

from __future__ import annotations

import contextlib
import copy
import threading
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

from mm_support.engines.base import (
    Capabilities,
    LanguageModel,
    Message,
    StopSignal,
    context_of,
    failed,
    speed_on,
    without_thoughts,
)
from mm_support.engines.reply_weights import hub_folder, trained_gguf
from mm_support.engines.vision import load_image_text_model
from mm_support.errors import GenerationError, WeightsError
from mm_support.torchvision_shim import prepare_transformers
from mm_support.weights import PREFIX

if TYPE_CHECKING:
    from mm_support.config import Settings
    from mm_support.device import Device

MOST = 32_768  # tokens of a prompt: the cache of more takes gigabytes


def load_transformers_model(settings: Settings, device: Device) -> LanguageModel:
    """The reply model of the settings: a package's GGUF, a hub name or a folder. Raises
    WeightsError.
    """
    name = settings.reply_model
    source = str(hub_folder(trained_gguf(settings), settings) if name.startswith(PREFIX) else name)
    with _plain_errors(source):
        if sees_photos(source):
            return load_image_text_model(source, device, name)
    return TransformersModel(*load_model(source, device), name)


def load_model(source: str, device: Device) -> tuple[Any, Any]:
    """(model, tokenizer) of transformers. source: a hub name or a folder. Raises WeightsError."""
    prepare_transformers()
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with _plain_errors(source):
        tokenizer = AutoTokenizer.from_pretrained(source)
        model: Any = AutoModelForCausalLM.from_pretrained(
            source, dtype=device.dtype, use_safetensors=True
        )
    return model.to(device.device).eval(), tokenizer


def sees_photos(source: str) -> bool:
    """Whether a model of the hub, or in a folder, takes photos beside text, by its
    configuration.
    """
    prepare_transformers()
    from transformers import (
        MODEL_FOR_CAUSAL_LM_MAPPING,
        MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING,
        AutoConfig,
    )

    kind = type(AutoConfig.from_pretrained(source))
    return kind in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING and kind not in MODEL_FOR_CAUSAL_LM_MAPPING


@contextlib.contextmanager
def _plain_errors(source: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as exc:
        raise WeightsError(
            f"The reply model {source!r} could not be loaded: connect to the hub, give a local"
            " folder, or use the embedded profile (MM_SUPPORT_PROFILE=embedded)."
        ) from exc


class TransformersModel:
    """A causal language model and its tokenizer, decoded greedily. A package's model was trained
    to quote, any other may write.
    """

    def __init__(self, model: Any, tokenizer: Any, name: str) -> None:
        self.name = name
        writes, context = not name.startswith(PREFIX), min(MOST, context_of(model.config))
        self.can = Capabilities(context, writes, speed_on(model.device))
        self._model, self._tokenizer = model, tokenizer
        end = model.generation_config.eos_token_id
        self._ends = {tokenizer.eos_token_id, *(end if isinstance(end, list) else [end])}
        self._lock = threading.Lock()  # the tokenizer and the remembered prompt
        self._remembered: tuple[list[int], Any] | None = None

    def stream(
        self, messages: list[Message], max_tokens: int, stop: StopSignal | None = None
    ) -> Generator[str, None, None]:
        try:
            prompt = self._prompt(messages)
            if len(prompt) > self.can.context:
                raise GenerationError(
                    "This question is too long for the language model; ask a shorter one."
                )
            yield from without_thoughts(self._pieces(prompt, max_tokens, stop))
        except GenerationError:
            raise
        except Exception as exc:  # of torch, as for want of memory, or of a chat template
            self._remembered = None
            raise failed(exc) from exc

    def _prompt(self, messages: list[Message]) -> list[int]:
        """The tokens of messages; where the chat template knows no rules, they stand in front."""
        from jinja2 import TemplateError

        def read(own: list[Message]) -> list[int]:
            given = self._tokenizer.apply_chat_template(
                own, add_generation_prompt=True, return_dict=True
            )
            return given["input_ids"]

        with self._lock:
            try:
                return read(messages)
            except TemplateError:
                rules, first, *others = messages
                content = f"{rules['content']}\n\n{first['content']}"
                return read([{**first, "content": content}, *others])

    def _pieces(
        self, prompt: list[int], max_tokens: int, stop: StopSignal | None
    ) -> Generator[str, None, None]:
        generated: list[int] = []
        sent = ""
        for token in self._decode(prompt, max_tokens, stop):
            generated.append(token)
            text = self._tokenizer.decode(generated, skip_special_tokens=True)
            if len(text) > len(sent) and not text.endswith("\ufffd"):
                yield text[len(sent) :]
                sent = text

    def close(self) -> None:
        self._remembered = None

    def _decode(self, prompt: list[int], max_tokens: int, stop: StopSignal | None) -> Iterator[int]:
        """Greedy tokens. The model runs between two items, never in the background."""
        import torch

        cache = self._cache_for(prompt)
        fresh = prompt[cache.get_seq_length() :]
        for number in range(max_tokens):
            if stop and stop.is_set():
                return
            with torch.inference_mode():
                output = self._model(
                    torch.tensor([fresh], device=self._model.device),
                    cache=cache,
                    use_cache=True,
                    logits_to_keep=1,
                )
            if number == 0:
                self._remember(prompt, cache)
            token = int(output.logits[0, -1].argmax())
            if token in self._ends:
                return
            yield token
            fresh = [token]

    def _cache_for(self, prompt: list[int]) -> Any:
        """A key-value cache that already holds what the prompt and the last one begin with
        alike.
        """
        from transformers import DynamicCache

        remembered = self._remembered
        if remembered is None or not remembered[1].is_croppable:
            return DynamicCache(config=self._model.config)
        known, cache = remembered[0], copy.deepcopy(remembered[1])
        cache.crop(_shared(known, prompt[:-1]) - cache.get_seq_length())
        return cache

    def _remember(self, prompt: list[int], cache: Any) -> None:
        self._remembered = (prompt, copy.deepcopy(cache))


def _shared(first: list[int], second: list[int]) -> int:
    """How many tokens two prompts begin with alike."""
    return next(
        (i for i, (a, b) in enumerate(zip(first, second)) if a != b), min(len(first), len(second))
    )
