"""What a small language model makes of a text on the way: means over its tokens after some of its
lower layers.

It has read a thousand times more than a sentence encoder and tells other things apart. The upper
layers turn to the next word and are left out, which also halves the work. Knows no intent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mm_support.config import Settings
from mm_support.device import Device
from mm_support.weights import PREFIX

READER = PREFIX + "SmolLM2-135M-Instruct"
DEPTHS = (0.2, 0.33, 0.47)  # of the model's layers
MAX_TOKENS = 128
BATCH = 64


class HiddenStates:
    """model: a decoder of transformers whose base holds `layers` (Llama and its kin); the layers
    that are not heard are cut off it.

    Each text is read once.
    """

    def __init__(self, model, tokenizer: Callable) -> None:
        self._base, self._tokenizer = model.base_model, tokenizer
        self._heard = sorted({max(1, round(share * len(self._base.layers))) for share in DEPTHS})
        del self._base.layers[self._heard[-1] :]
        self._read: dict[str, np.ndarray] = {}

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(n, layers, d) float32, as they come: compare them when they are standardised."""
        new = [text for text in dict.fromkeys(texts) if text not in self._read]
        ids = (
            self._tokenizer(new, truncation=True, max_length=MAX_TOKENS)["input_ids"] if new else []
        )
        order = sorted(range(len(new)), key=lambda i: len(ids[i]))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            for row, states in zip(rows, self._means([ids[i] for i in rows])):
                self._read[new[row]] = states
        return np.stack([self._read[text] for text in texts]).astype(np.float32)

    def _means(self, ids: Sequence[list[int]]) -> np.ndarray:
        """Token ids of texts -> (n, layers, d) float16."""
        import torch

        device = self._base.device
        longest = max(map(len, ids))
        tokens = torch.tensor([own + [0] * (longest - len(own)) for own in ids], device=device)
        mask = torch.tensor(
            [[1] * len(own) + [0] * (longest - len(own)) for own in ids], device=device
        )
        with torch.inference_mode():
            states = self._states(tokens, mask)
            means = [
                (state.float() * mask[..., None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
                for state in states
            ]
        return torch.stack(means, dim=1).half().cpu().numpy()

    def _states(self, tokens, mask) -> list:
        """(n, tokens, d) after each layer that is heard."""
        kept = []
        hooks = [
            self._base.layers[depth - 1].register_forward_hook(
                lambda *call: kept.append(_first(call[-1]))
            )
            for depth in self._heard
        ]
        try:
            self._base(input_ids=tokens, attention_mask=mask, use_cache=False)
        finally:
            for hook in hooks:
                hook.remove()
        return kept


@dataclass(frozen=True, eq=False)
class Standardised:
    """Unit vectors of a reader's states: each number by its mean and spread over known texts, each
    layer counting alike.

    A few numbers of a language model's states are a thousand times larger than the others, and say
    little.
    """

    read: Callable[[Sequence[str]], np.ndarray]  # n texts -> (n, layers, d)
    mean: np.ndarray
    spread: np.ndarray

    @classmethod
    def over(cls, read: Callable[[Sequence[str]], np.ndarray], states: np.ndarray) -> Standardised:
        """states: (n, layers, d) of the known texts."""
        return cls(read, states.mean(axis=0), states.std(axis=0) + 1e-6)

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """(n, layers * d) float32 unit rows."""
        return self.of(self.read(texts))

    def of(self, states: np.ndarray) -> np.ndarray:
        """The same of (n, layers, d) states that were read before."""
        states = (states - self.mean) / self.spread
        states /= np.linalg.norm(states, axis=2, keepdims=True) + 1e-6
        return states.reshape(len(states), -1) / np.sqrt(states.shape[1])


def load_hidden_states(settings: Settings, device: Device) -> HiddenStates:
    """The packaged small language model, as it comes. Raises WeightsError."""
    from mm_support.engines.reply_weights import hub_folder, packaged_gguf
    from mm_support.engines.transformers import load_model

    settings = replace(settings, reply_model=READER)
    return HiddenStates(*load_model(str(hub_folder(packaged_gguf(settings), settings)), device))


def _first(output):
    return output[0] if isinstance(output, tuple) else output
