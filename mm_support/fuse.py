"""Fusion: what was typed, said, read in the photo and seen becomes one query.

Which vectors meet here:
    text, speech, photo_text   (d_text,) unit vectors of the text encoder
    photo                      (d_picture,) unit vector of the image encoder
Entries carry vectors of both spaces, so the fused query has a part in each:
    query.text     (d_text,)     sum of w_m * vector_m over the modalities that speak in words
    query.picture  (d_picture,)  w_photo * vector_photo
and an entry's score is <query.text, entry text> + <query.picture, entry picture>: the cosines,
weighted. The weights of the present modalities add up to 1; any subset may be missing.

Three strategies, one interface. All start as the same weighted sum: the weights are a softmax over
log(prior) + log(confidence), and what concatenation and attention add to it comes from layers that
start at zero. Untrained they therefore agree, and knowledge nobody trained for works at once.

Knows nothing of how vectors are made or searched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from mm_support.errors import InputError
from mm_support.types import MODALITIES, FusedQuery

WORDS = ("text", "speech", "photo_text")  # modalities in the text encoder's space
PHOTO = MODALITIES.index("photo")
WORD_ROWS = [MODALITIES.index(name) for name in WORDS]
PRIORS = {"text": 1.0, "speech": 1.0, "photo": 0.8, "photo_text": 0.5}  # what a sure modality weighs untrained
MIN_CONFIDENCE = 0.05  # a modality that is present never vanishes, its logarithm stays finite


@dataclass(frozen=True, eq=False)
class Token:
    """One modality of a turn: its unit vector, how sure its encoder is (0..1), codes and word stems found in it."""

    modality: str
    vector: np.ndarray
    confidence: float = 1.0
    codes: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class TokenBatch:
    """Turns side by side. words: (b, 3, d_text); photo: (b, d_picture); mask, confidence: (b, 4), MODALITIES order."""

    words: Tensor
    photo: Tensor
    mask: Tensor
    confidence: Tensor


@dataclass(frozen=True, eq=False)
class FusedBatch:
    """text: (b, d_text); picture: (b, d_picture); weights: (b, 4), rows add up to 1 over what is present."""

    text: Tensor
    picture: Tensor
    weights: Tensor


class FusionStrategy(nn.Module):
    """Learned weighted sum, and the base of the other two, which add to its logits and vectors.

    Learned: per modality, a bias (how much it counts) and a slope (how much its confidence matters).
    """

    name = "weighted-sum"

    def __init__(self, d_text: int, d_picture: int) -> None:
        super().__init__()
        self.d_text, self.d_picture = d_text, d_picture
        self.bias = nn.Parameter(torch.tensor([PRIORS[name] for name in MODALITIES]).log())
        self.slope = nn.Parameter(torch.ones(len(MODALITIES)))

    def forward(self, batch: TokenBatch) -> FusedBatch:
        weight_logits, text_delta, picture_delta = self.adjust(batch)
        logits = self.bias + self.slope * batch.confidence.clamp_min(MIN_CONFIDENCE).log() + weight_logits
        weights = logits.masked_fill(~batch.mask, -torch.inf).softmax(-1)
        text = (weights[:, WORD_ROWS, None] * batch.words).sum(1)
        picture = weights[:, PHOTO, None] * batch.photo
        word_share = weights[:, WORD_ROWS].sum(1, keepdim=True)
        return FusedBatch(text + word_share * text_delta, picture + weights[:, PHOTO, None] * picture_delta, weights)

    def adjust(self, batch: TokenBatch) -> tuple[Tensor, Tensor, Tensor]:
        """What the strategy adds: to the weight logits (b, 4), to text (b, d_text), to picture (b, d_picture)."""
        zero = batch.photo.new_zeros(1)
        return zero, zero, zero

    @torch.inference_mode()
    def fuse(self, tokens: Sequence[Token]) -> FusedQuery:
        """One turn's tokens, one a modality at most -> the query. Raises InputError where there is none."""
        if not tokens:
            raise InputError("There is nothing to answer: type a question, say it, or add a photo.")
        fused = self(collate([tokens], self.d_text, self.d_picture))
        weights = {token.modality: float(fused.weights[0, MODALITIES.index(token.modality)]) for token in tokens}
        text, picture = fused.text[0].numpy(), fused.picture[0].numpy()
        parts = _split(tokens, weights, text)
        if "photo" in weights:
            parts["photo"] = picture
        return FusedQuery(
            text=text if any(name in weights for name in WORDS) else None,
            picture=picture if "photo" in weights else None,
            parts=parts,
            weights=weights,
            codes={token.modality: token.codes for token in tokens if token.codes},
            words={token.modality: token.words for token in tokens if token.words},
            strategy=self.name,
        )


class ConcatenationFusion(FusionStrategy):
    """All vectors, the mask and the confidences side by side through a small MLP."""

    name = "concatenation"

    def __init__(self, d_text: int, d_picture: int, hidden: int = 256, dropout: float = 0.2) -> None:
        super().__init__(d_text, d_picture)
        inputs = len(WORDS) * d_text + d_picture + 2 * len(MODALITIES)
        self.sizes = (len(MODALITIES), d_text, d_picture)
        self.mlp = nn.Sequential(nn.Linear(inputs, hidden), nn.GELU(), nn.Dropout(dropout))
        self.out = _zero(nn.Linear(hidden, sum(self.sizes)))

    def adjust(self, batch: TokenBatch) -> tuple[Tensor, Tensor, Tensor]:
        mask = batch.mask.float()
        features = [batch.words.flatten(1), batch.photo, mask, mask * batch.confidence]
        return self.out(self.mlp(torch.cat(features, -1))).split(self.sizes, -1)


class AttentionFusion(FusionStrategy):
    """Modality tokens attend to each other (Vaswani et al. 2017), the missing ones masked out."""

    name = "attention"

    def __init__(self, d_text: int, d_picture: int, width: int = 128, heads: int = 4, dropout: float = 0.2) -> None:
        super().__init__(d_text, d_picture)
        self.from_words, self.from_photo = nn.Linear(d_text, width), nn.Linear(d_picture, width)
        self.modality = nn.Parameter(torch.randn(len(MODALITIES), width) * 0.02)
        self.sureness = nn.Linear(1, width)
        self.block = nn.TransformerEncoderLayer(width, heads, 2 * width, dropout, "gelu", batch_first=True, norm_first=True)
        self.to_logit = _zero(nn.Linear(width, 1))
        self.to_text, self.to_picture = _zero(nn.Linear(width, d_text)), _zero(nn.Linear(width, d_picture))

    def adjust(self, batch: TokenBatch) -> tuple[Tensor, Tensor, Tensor]:
        tokens = batch.photo.new_zeros(*batch.mask.shape, self.modality.shape[1])
        tokens[:, WORD_ROWS] = self.from_words(batch.words)
        tokens[:, PHOTO] = self.from_photo(batch.photo)
        tokens = tokens + self.modality + self.sureness(batch.confidence.unsqueeze(-1))
        states = self.block(tokens, src_key_padding_mask=~batch.mask)
        present = batch.mask.unsqueeze(-1).float()
        pooled = (states * present).sum(1) / present.sum(1)
        return self.to_logit(states).squeeze(-1), self.to_text(pooled), self.to_picture(pooled)


STRATEGIES = {kind.name: kind for kind in (FusionStrategy, ConcatenationFusion, AttentionFusion)}


def build_fusion(name: str, d_text: int, d_picture: int) -> FusionStrategy:
    """A strategy in its untrained state, ready to fuse. Raises InputError for an unknown name."""
    if name not in STRATEGIES:
        raise InputError(f"There is no fusion strategy {name!r}; choose one of {', '.join(STRATEGIES)}.")
    return STRATEGIES[name](d_text, d_picture).eval()


def collate(turns: Sequence[Sequence[Token]], d_text: int, d_picture: int) -> TokenBatch:
    """Tokens of b turns -> tensors; what is missing is zero and masked out."""
    size, count = len(turns), len(MODALITIES)
    words, photo = torch.zeros(size, len(WORDS), d_text), torch.zeros(size, d_picture)
    mask, confidence = torch.zeros(size, count, dtype=torch.bool), torch.ones(size, count)
    for row, tokens in enumerate(turns):
        for token in tokens:
            column, vector = MODALITIES.index(token.modality), torch.from_numpy(np.asarray(token.vector, np.float32))
            mask[row, column], confidence[row, column] = True, token.confidence
            if token.modality == "photo":
                photo[row] = vector
            else:
                words[row, WORDS.index(token.modality)] = vector
    return TokenBatch(words, photo, mask, confidence)


def _split(tokens: Sequence[Token], weights: dict[str, float], text: np.ndarray) -> dict[str, np.ndarray]:
    """The text query as a sum of one vector a modality; what a strategy added is shared out by weight."""
    parts = {token.modality: weights[token.modality] * token.vector for token in tokens if token.modality in WORDS}
    share = sum(weights[name] for name in parts)
    added = text - sum(parts.values()) if parts else 0.0
    return {name: part + added * (weights[name] / share) for name, part in parts.items()}


def _zero(layer: nn.Linear) -> nn.Linear:
    nn.init.zeros_(layer.weight), nn.init.zeros_(layer.bias)
    return layer
