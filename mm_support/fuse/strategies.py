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
log(prior) + log(confidence). Concatenation and attention add to the weights' logits and to the
vectors; what they add comes from layers that start at zero and counts only as far as the photo is
of a kind that training has seen. So untrained they agree, and knowledge nobody trained for works as
if untrained.

Knows nothing of how vectors are made or searched, nor of where trained weights lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from mm_support.errors import InputError
from mm_support.types import MODALITIES, FusedQuery, Token

WORDS = ("text", "speech", "photo_text")  # modalities in the text encoder's space
PHOTO = MODALITIES.index("photo")
WORD_ROWS = [MODALITIES.index(name) for name in WORDS]
# what a sure modality weighs untrained
PRIORS = {"text": 1.0, "speech": 1.0, "photo": 0.8, "photo_text": 0.5}
MIN_CONFIDENCE = 0.05  # a modality that is present never vanishes, its logarithm stays finite
SHARPNESS = 40.0  # how sharply what is learned fades where photos get unfamiliar, by their cosine
RANK, HIDDEN, WIDTH, HEADS = 128, 128, 128, 4  # of the map, the MLP and the attention
DROPOUT = 0.3  # of all
INTENT_SCALE = 10.0  # unit vectors are small numbers for a linear layer


@dataclass(frozen=True, eq=False)
class TokenBatch:
    """Turns side by side. words: (b, 3, d_text); photo: (b, d_picture); mask, confidence: (b, 4),
    MODALITIES order.
    """

    words: Tensor
    photo: Tensor
    mask: Tensor
    confidence: Tensor


@dataclass(frozen=True, eq=False)
class FusedBatch:
    """text: (b, d_text); picture: (b, d_picture); weights: (b, 4), rows add up to 1 over what is
    present; intents: (b, c) logits, c may be 0."""

    text: Tensor
    picture: Tensor
    weights: Tensor
    intents: Tensor


class FusionStrategy(nn.Module):
    """Learned weighted sum, and the base of the other two, which add to its logits and vectors.

    Learned: per modality, a bias (how much it counts) and a slope (how much its confidence
    matters); what a photo adds to its own vector and to that of the words, a linear map of low
    rank; a linear layer from the fused query to the intents. known: (k, d_picture) the kinds of
    photos that training saw; familiar: the cosine to the nearest of them at which a photo counts
    half.
    """

    name = "weighted-sum"

    def __init__(
        self, d_text: int, d_picture: int, intents: Sequence[str] = (), kinds: int = 0
    ) -> None:
        super().__init__()
        self.d_text, self.d_picture, self.intents = d_text, d_picture, tuple(intents)
        self.bias = nn.Parameter(torch.tensor([PRIORS[name] for name in MODALITIES]).log())
        self.slope = nn.Parameter(torch.ones(len(MODALITIES)))
        self.intent = nn.Parameter(torch.zeros(len(self.intents), d_text + d_picture))
        self.narrow = nn.Sequential(nn.Dropout(DROPOUT), nn.Linear(d_picture, RANK, bias=False))
        self.widen = _zero(nn.Linear(RANK, d_text + d_picture, bias=False))
        self.register_buffer("known", torch.zeros(kinds, d_picture))
        self.register_buffer("familiar", torch.tensor(1.0))

    def forward(self, batch: TokenBatch) -> FusedBatch:
        told, shown = self.widen(self.narrow(batch.photo)).split((self.d_text, self.d_picture), -1)
        logit_delta, text_delta, picture_delta = self.adjust(batch)
        trust = self.familiarity(batch)
        text_delta, picture_delta = trust * (text_delta + told), trust * (picture_delta + shown)
        sureness = batch.confidence.clamp_min(MIN_CONFIDENCE).log()
        logits = self.bias + self.slope * sureness + trust * logit_delta
        weights = logits.masked_fill(~batch.mask, -torch.inf).softmax(-1)
        worded = weights[:, WORD_ROWS].sum(1, keepdim=True)
        text = (weights[:, WORD_ROWS, None] * batch.words).sum(1) + worded * text_delta
        picture = weights[:, PHOTO, None] * normalize(batch.photo + picture_delta, dim=-1)
        intents = INTENT_SCALE * torch.cat([text, picture], -1) @ self.intent.T
        return FusedBatch(text, picture, weights, intents)

    def familiarity(self, batch: TokenBatch) -> Tensor:
        """(b, 1): near 1 where the photo is like those of training, near 0 for others, 0 without
        photo or training.
        """
        known, familiar = self.get_buffer("known"), self.get_buffer("familiar")
        if not len(known):
            return batch.photo.new_zeros(len(batch.photo), 1)
        nearest = (batch.photo @ known.T).amax(-1, keepdim=True)
        return torch.sigmoid(SHARPNESS * (nearest - familiar)) * batch.mask[:, PHOTO, None]

    def adjust(self, batch: TokenBatch) -> tuple[Tensor, Tensor, Tensor]:
        """What the strategy adds: to the weight logits (b, 4), to text (b, d_text), to picture (b,
        d_picture).
        """
        zero = batch.photo.new_zeros(1)
        return zero, zero, zero

    @torch.inference_mode()
    def fuse(self, tokens: Sequence[Token]) -> FusedQuery:
        """One turn's tokens, one a modality at most -> the query. Raises InputError where there is
        none.
        """
        if not tokens:
            raise InputError.of("nothing_to_answer")
        fused = self(collate([tokens], self.d_text, self.d_picture))
        shares: dict[str, float] = dict(zip(MODALITIES, fused.weights[0].tolist()))
        weights = {token.modality: shares[token.modality] for token in tokens}
        text, picture = fused.text[0].numpy(), fused.picture[0].numpy()
        parts = _split(tokens, weights, text)
        if "photo" in weights:
            parts["photo"] = picture
        return FusedQuery(
            text=text if any(name in weights for name in WORDS) else None,
            picture=picture if "photo" in weights else None,
            parts=parts,
            weights=weights,
            strategy=self.name,
        )


class ConcatenationFusion(FusionStrategy):
    """All vectors, the mask and the confidences side by side through a small MLP."""

    name = "concatenation"

    def __init__(
        self, d_text: int, d_picture: int, intents: Sequence[str] = (), kinds: int = 0
    ) -> None:
        super().__init__(d_text, d_picture, intents, kinds)
        inputs = len(WORDS) * d_text + d_picture + 2 * len(MODALITIES)
        self.sizes = (len(MODALITIES), d_text, d_picture)
        self.mlp = nn.Sequential(nn.Linear(inputs, HIDDEN), nn.GELU(), nn.Dropout(DROPOUT))
        self.out = _zero(nn.Linear(HIDDEN, sum(self.sizes)))

    def adjust(self, batch: TokenBatch) -> tuple[Tensor, Tensor, Tensor]:
        mask = batch.mask.float()
        features = [batch.words.flatten(1), batch.photo, mask, mask * batch.confidence]
        return self.out(self.mlp(torch.cat(features, -1))).split(self.sizes, -1)


class AttentionFusion(FusionStrategy):
    """Modality tokens attend to each other (Vaswani et al. 2017), the missing ones masked out."""

    name = "attention"

    def __init__(
        self, d_text: int, d_picture: int, intents: Sequence[str] = (), kinds: int = 0
    ) -> None:
        super().__init__(d_text, d_picture, intents, kinds)
        self.from_words, self.from_photo = nn.Linear(d_text, WIDTH), nn.Linear(d_picture, WIDTH)
        self.modality = nn.Parameter(torch.randn(len(MODALITIES), WIDTH) * 0.02)
        self.sureness = nn.Linear(1, WIDTH)
        self.block = nn.TransformerEncoderLayer(
            WIDTH, HEADS, 2 * WIDTH, DROPOUT, "gelu", batch_first=True, norm_first=True
        )
        self.to_logit = _zero(nn.Linear(WIDTH, 1))
        self.to_text = _zero(nn.Linear(WIDTH, d_text))
        self.to_picture = _zero(nn.Linear(WIDTH, d_picture))

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


def build_fusion(
    name: str, d_text: int, d_picture: int, intents: Sequence[str] = (), kinds: int = 0
) -> FusionStrategy:
    """A strategy in its untrained state, ready to fuse; with room for intents and kinds of photos
    to be learned. name: one of STRATEGIES.
    """
    return STRATEGIES[name](d_text, d_picture, intents, kinds).eval()


def collate(turns: Sequence[Sequence[Token]], d_text: int, d_picture: int) -> TokenBatch:
    """Tokens of b turns -> tensors; what is missing is zero and masked out."""
    size, count = len(turns), len(MODALITIES)
    words = np.zeros((size, len(WORDS), d_text), np.float32)
    photo = np.zeros((size, d_picture), np.float32)
    mask, confidence = np.zeros((size, count), bool), np.ones((size, count), np.float32)
    for row, tokens in enumerate(turns):
        for token in tokens:
            column = MODALITIES.index(token.modality)
            mask[row, column], confidence[row, column] = True, token.confidence
            if token.modality == "photo":
                photo[row] = token.vector
            else:
                words[row, WORDS.index(token.modality)] = token.vector
    return TokenBatch(*map(torch.from_numpy, (words, photo, mask, confidence)))


def _split(
    tokens: Sequence[Token], weights: dict[str, float], text: np.ndarray
) -> dict[str, np.ndarray]:
    """The text query as a sum of one vector a modality; what a strategy added is shared out by
    weight.
    """
    parts = {
        token.modality: weights[token.modality] * token.vector
        for token in tokens
        if token.modality in WORDS
    }
    share = sum(weights[name] for name in parts)
    added = text - sum(parts.values()) if parts else 0.0
    return {name: part + added * (weights[name] / share) for name, part in parts.items()}


def _zero(layer: nn.Linear) -> nn.Linear:
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer
