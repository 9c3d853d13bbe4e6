"""A transcript that is decoded along one of a shorter recording.

While somebody speaks, most of what is heard was heard before. A decoder takes as long for a token
as for a row of them, since it is its weights that must be read: so the tokens of the transcript
before are tried all at once, and only those behind the first that is no longer right are decoded
one by one. What comes out is what would have come without them.

And a transcript of a sentence that breaks off, which often begins again until there is no room, and
one that nobody waits for any more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from whisper.decoding import LogitFilter, PyTorchInference
from whisper.model import Whisper

from mm_support.encode.stopping import end_if_stopped
from mm_support.encode.whisper_rules import repeated


class Guessed(PyTorchInference):
    """Tries `guess` behind the tokens that decoding begins with."""

    def __init__(self, model: Whisper, begun: int, guess: Sequence[int]) -> None:
        """begun: how many tokens decoding begins with."""
        super().__init__(model, begun)
        self._guess, self._rows = list(guess), torch.empty(0)

    def logits(self, tokens: Tensor, audio_features: Tensor) -> Tensor:
        """(1, m) tokens -> (1, n, vocabulary) logits, the last of which are those behind them."""
        chosen = tokens[0, self.initial_token_length :].tolist()
        if not chosen:
            tried = torch.cat([tokens, tokens.new_tensor([self._guess])], dim=1)
            self.kv_cache, self.hooks = self.model.install_kv_cache_hooks()
            self._rows = self.model.decoder(tried, audio_features, kv_cache=self.kv_cache)
        if chosen == self._guess[: len(chosen)]:
            known = self.initial_token_length + len(chosen)
            return self._rows[:, :known]
        self._keep(tokens.shape[1] - 1)
        return super().logits(tokens, audio_features)

    def _keep(self, length: int) -> None:
        """Forgets what the decoder remembers of guesses that were wrong."""
        for module in self.kv_modules:
            self.kv_cache[module] = self.kv_cache[module][:, :length]


class EndsLoops(LogitFilter):
    """Ends what begins to repeat itself."""

    def __init__(self, begun: int, end: int, times: int) -> None:
        """begun: how many tokens decoding begins with; end: the token that ends it; times: how
        often it may say the same on end.
        """
        self._begun, self._end, self._times = begun, end, times

    def apply(self, logits: Tensor, tokens: Tensor) -> None:
        for row, said in zip(logits, tokens[:, self._begun :].tolist()):
            if repeated(said, self._times):
                row.fill_(-math.inf)
                row[self._end] = 0


class EndsWhenStopped(LogitFilter):
    """Ends the decoding where it was stopped."""

    def apply(self, logits: Tensor, tokens: Tensor) -> None:
        end_if_stopped()
