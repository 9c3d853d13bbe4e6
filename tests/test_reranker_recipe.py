"""The recipe of the reranker: what it reads of a passage, and how its score comes about."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from assets.training import reranker, reranker_pairs
from assets.training.reranker import Reader, also_asked, fitted
from assets.training.reranker_pairs import Asked, Passage, places

DIM = 8


def passage(*sentences: str) -> Passage:
    """Each sentence has a vector of its own and as many tokens as letters."""
    sizes = np.array([len(sentence) for sentence in sentences])
    return Passage("Title", sentences, np.eye(len(sentences), DIM, dtype=np.float32), sizes)


def test_a_passage_is_emptied_of_the_sentences_that_answer() -> None:
    whole = passage("It costs 9.", "It is red.", "It weighs 9 kg.")
    rest = whole.without(("9",))
    assert rest is not None and rest.sentences == ("It is red.",)
    assert rest.vectors.tolist() == whole.vectors[1:2].tolist()
    assert whole.without(("blue",)) is None  # nothing of it is known to answer
    assert whole.without(("It",)) is None  # nothing would be left


def test_the_window_grows_around_the_nearest_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reranker_pairs, "PASSAGE", 12)
    long = passage("aaaa", "bbbb", "cccc", "dddd", "eeee")
    question = np.zeros(DIM, np.float32)
    question[:5] = 0.1, 0.2, 0.9, 0.4, 0.3
    assert long.window(question) == "Title\ncccc dddd eeee"


def test_an_answer_is_marked_wherever_it_stands() -> None:
    assert list(places("9 or 9", ("9", "or"))) == [(0, 1), (5, 6), (2, 4)]


class Mean(nn.Module):
    """A layer: the mean of what may be looked at, added to each state."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(DIM, DIM)

    def forward(self, states: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        share = attention_mask[:, 0, 0].float().softmax(-1)[..., None]
        return states + self.inner((share * states).sum(1, keepdim=True))


@pytest.fixture
def reader() -> Reader:
    torch.manual_seed(0)
    return Reader(
        SimpleNamespace(
            config=SimpleNamespace(hidden_size=DIM),
            embeddings=nn.Embedding(50, DIM),
            encoder=SimpleNamespace(layer=nn.ModuleList(Mean() for _ in range(8))),
            set_attn_implementation=lambda _: None,
        )
    )


IDS = torch.tensor([[0, 10, 11, 2, 2, 20, 11, 2]])
PASSAGE = torch.tensor([[0, 0, 0, 0, 0, 1, 1, 0]]).bool()


def test_padding_changes_no_score(reader: Reader) -> None:
    kept = torch.ones_like(PASSAGE)
    padded = [nn.functional.pad(own, (0, 3)) for own in (IDS, kept, PASSAGE)]
    alone, _ = reader(IDS, kept, PASSAGE)
    beside, _ = reader(*padded)
    assert torch.allclose(alone, beside, atol=0.02)  # half precision


def test_only_what_is_learnt_has_gradients_and_is_kept(reader: Reader) -> None:
    reader(IDS, torch.ones_like(PASSAGE), PASSAGE)[0].sum().backward()
    moved = {name for name, own in reader.named_parameters() if own.grad is not None}
    assert moved == set(reader.learnt())
    assert not any(name.startswith(("embeddings", "lower")) for name in moved)


def test_words_of_the_question_are_known_in_the_passage() -> None:
    shared = also_asked(IDS, torch.ones_like(PASSAGE), PASSAGE)
    assert shared.tolist() == [[False] * 6 + [True, False]]  # 11, and no separator


def test_the_score_that_tells_the_right_entry_has_the_weight() -> None:
    asked = Asked("?", "base", (("a", 0.0), ("b", 0.0)), right=("a",))
    told, untold = np.array([[0.5, 1.0], [0.5, 0.0]]), np.array([[0.5, 0.0], [0.5, 0.3]])
    weights = fitted([(asked, told), (asked, told), (asked, untold)])
    assert weights[1] > 0 and (told @ weights).argmax() == 0


def test_the_rate_rises_and_falls_to_nothing() -> None:
    assert reranker.pace(0.0) < reranker.pace(0.05) < reranker.pace(0.08) > reranker.pace(0.5)
    assert reranker.pace(1.0) == 0
