"""Whisper's audio encoder at the cost of the sound that is there, instead of always 30 seconds.

Whisper was trained on windows padded with silence to 30 seconds. Cut the padding off and it repeats
itself or loses words, for its attention misses the silence. So the padding stays, thinned out:
behind the sound and a second of margin, one position stands for EVERY, and counts EVERY times in
the softmax (log EVERY is added to its scores). What comes out is close to the whole window's
(tests/test_speech.py). Knows nothing of text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from whisper.model import AudioEncoder, MultiHeadAttention

MARGIN = 50  # positions of 20 ms that are kept one by one behind the sound
EVERY = 10  # positions of silence that one of them stands for
EDGE = 4  # positions that the convolutions' own padding reaches into


def encode_sound(encoder: AudioEncoder, mel: Tensor, thin: bool = True) -> Tensor:
    """(n_mels, m <= 3000) log-mel -> (1, positions, d_audio) in the encoder's number format;
    thin=False: every position of the 30 seconds.
    """
    import torch

    embedding = encoder.get_buffer("positional_embedding")
    whole = embedding.shape[0]
    kept = min(whole, (mel.shape[1] + 1) // 2 + MARGIN) if thin else whole
    where, counts = stand_ins(kept, whole, mel.device)
    x = _convolve(encoder, mel, kept + EDGE if len(where) else kept)
    x = torch.cat([x[:, :kept], x[:, kept : kept + 1].expand(-1, len(where), -1)], dim=1)
    positions = torch.cat([torch.arange(kept, device=mel.device), where])
    x = (x + embedding[positions]).to(x.dtype)
    bias = None
    if len(where):
        bias = torch.cat([torch.zeros(kept, device=mel.device), counts.log()]).to(x.dtype)
    for block in encoder.blocks:
        x = x + _attend(block.attn, block.attn_ln(x), bias)
        x = x + block.mlp(block.mlp_ln(x))
    return encoder.ln_post(x)


def stand_ins(first: int, last: int, device: torch.device | str = "cpu") -> tuple[Tensor, Tensor]:
    """Positions for first..last-1, the middle of each run of EVERY, and the length of each run."""
    import torch

    starts = torch.arange(first, last, EVERY, device=device)
    counts = (last - starts).clamp(max=EVERY)
    return starts + counts // 2, counts.float()


def _convolve(encoder: AudioEncoder, mel: Tensor, positions: int) -> Tensor:
    """Both convolutions over the log-mel, padded as whisper.transcribe does: (1, positions, d)."""
    import torch.nn.functional as F

    x = F.pad(mel, (0, 2 * positions - mel.shape[1]))[None].to(encoder.conv1.weight.dtype)
    return F.gelu(encoder.conv2(F.gelu(encoder.conv1(x)))).permute(0, 2, 1)


def _attend(attention: MultiHeadAttention, x: Tensor, bias: Tensor | None) -> Tensor:
    """Self-attention with `bias` (positions,) added to the scores of each key."""
    import torch.nn.functional as F

    def heads(y: Tensor) -> Tensor:
        return y.unflatten(-1, (attention.n_head, -1)).transpose(1, 2)

    query, key = heads(attention.query(x)), heads(attention.key(x))
    value = heads(attention.value(x))
    mask = None if bias is None else bias.expand(x.shape[1], -1)
    mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    return attention.out(mixed.transpose(1, 2).flatten(2))
