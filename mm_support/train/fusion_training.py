"""Training of a fusion strategy on turns of the support set.

Two heads learn together: the fused query must score the entry that answers above all others
(contrastive), and its intent must be right (cross-entropy). Modalities are left out at random, so
that any subset works. Knows no encoder and no file of weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from mm_support.errors import InputError
from mm_support.fuse.strategies import PHOTO, FusionStrategy, build_fusion
from mm_support.progress import shown
from mm_support.train.encoded_set import EncodedSet
from mm_support.train.turns import Turns, make_turns

EPOCHS, PATIENCE = 40, 10  # at most; without a better validation figure
BATCH = 256  # turns
# peaks, chosen on validation turns of two seeds
RATES = {"weighted-sum": 2e-3, "concatenation": 2e-3, "attention": 5e-4}
WARM_UP, WEIGHT_DECAY, LARGEST_GRADIENT = 100, 0.02, 1.0  # steps until the peak
TEMPERATURE = 0.03  # of scores in 0..1
INTENT_SHARE, SMOOTHING = 0.1, 0.05  # of the loss; of the intents' labels
PULL = 0.5  # towards the untrained weights, by the square of the distance
# the best epoch is chosen on few photos: each is asked about in many ways
TOPICS_A_PHOTO = {"train": 2, "validation": 6}
READ_DROPPED = 0.3  # how often a photo's text is left out
# whose intents' probabilities are fitted: what is typed alone, said alone, and all of a turn
JUDGED = ((True, False, False, False), (False, True, False, False), (True,) * 4)
FAMILIAR_SHARE = 0.05  # of the validation photos are less familiar than what counts half


@dataclass(frozen=True, eq=False)
class Data:
    """Turns of each base; intents: all names, and of each base the columns that it has. familiar:
    the bases whose photos are known after training; photo_led: see SupportSet."""

    train: dict[str, Turns]
    validation: dict[str, Turns]
    intents: tuple[str, ...]
    columns: dict[str, Tensor]
    familiar: tuple[str, ...]
    photo_led: frozenset[str]


def prepare(made: EncodedSet, seed: int, device: torch.device) -> Data:
    """Raises InputError where no question is there to learn from, or to choose the best epoch."""
    rows = made.rows
    own = {b: sorted({entry.intent for entry in rows.entries[b]} - {""}) for b in rows.trained}
    intents = tuple(sorted(set().union(*own.values())))

    def turns(split: str) -> dict[str, Turns]:
        asked = {wording.base for wording in rows.wordings if wording.split == split}
        each = TOPICS_A_PHOTO[split]
        return {
            base: make_turns(made, base, split, intents, seed, each).to(device)
            for base in rows.trained
            if base in asked
        }

    split = {name: turns(name) for name in TOPICS_A_PHOTO}
    if not all(split.values()):
        raise InputError(
            f"There are too few questions about {', '.join(rows.trained)}; "
            "give at least one entry two questions, or rated turns with --feedback."
        )
    columns = {
        base: torch.tensor([intents.index(name) for name in names], dtype=torch.long, device=device)
        for base, names in own.items()
    }
    return Data(
        **split,
        intents=intents,
        columns=columns,
        familiar=rows.familiar,
        photo_led=rows.photo_led,
    )


def train(
    name: str, data: Data, seed: int, device: torch.device
) -> tuple[FusionStrategy, dict[str, float]]:
    """The strategy at its best validation figure, and the figures there."""
    torch.manual_seed(seed)
    fusion = started(name, data).to(device)
    optimizer = torch.optim.AdamW(groups(fusion), lr=RATES[name], weight_decay=WEIGHT_DECAY)
    figures, best, values = validate(fusion, data), -1, kept(fusion)
    told = {"untrained": figures["mean"]}
    with shown() as show:
        for epoch in range(EPOCHS):
            loss = one_epoch(fusion, optimizer, data, seed, epoch)
            found = validate(fusion, data)
            show(f"{name}, loss {loss:.3f}, {found['mean']:.1%} right", epoch + 1, EPOCHS)
            if found["mean"] >= figures["mean"]:  # of equal ones the later: its intents are better
                figures, best, values = found, epoch, kept(fusion)
            if epoch - best >= PATIENCE:
                break
    fusion.load_state_dict(values)
    sharpen(fusion.eval(), data)
    return fusion, {**told, **figures, "epochs": best + 1}


def kept(fusion: FusionStrategy) -> dict[str, Tensor]:
    """The strategy's values as they are now."""
    return {key: value.clone() for key, value in fusion.state_dict().items()}


def started(name: str, data: Data) -> FusionStrategy:
    """Untrained, but knowing which kinds of photos there are: the mean of each product's, or of
    each corrected entry's.
    """
    means = torch.cat([kinds(data.train[base]) for base in data.familiar if base in data.train])
    some = next(iter(data.train.values()))
    fusion = build_fusion(name, some.words.shape[1], means.shape[1], data.intents, len(means))
    fusion.get_buffer("known").copy_(means)
    if len(means):
        photos = _familiar_photos(data.validation, data) or _familiar_photos(data.train, data)
        nearest = (torch.cat(photos) @ means.T).amax(1)
        fusion.get_buffer("familiar").fill_(float(nearest.quantile(FAMILIAR_SHARE)))
    return fusion


def _familiar_photos(turns: dict[str, Turns], data: Data) -> list[Tensor]:
    own = [turns[base].photos[1:] for base in data.familiar if base in turns]
    return [photos for photos in own if len(photos)]


def kinds(turns: Turns) -> Tensor:
    """(k, d_picture) unit: the mean of the photos that show the same."""
    if len(turns.photos) == 1:  # the row that stands for no photo
        return turns.photos[:0]
    shown, place = turns.shows[1:].unique(dim=0, return_inverse=True)
    return normalize(
        torch.stack([turns.photos[1:][place == kind].mean(0) for kind in range(len(shown))]), dim=-1
    )


def groups(fusion: FusionStrategy) -> list[dict]:
    """The weights of the modalities stay near where they start; everything else decays."""
    few = [fusion.bias, fusion.slope]
    rest = [value for value in fusion.parameters() if all(value is not one for one in few)]
    return [{"params": rest}, {"params": few, "weight_decay": 0.0}]


def one_epoch(fusion: FusionStrategy, optimizer, data: Data, seed: int, epoch: int) -> float:
    """Every turn once; returns the mean loss."""
    fusion.train()
    torch.manual_seed(1000 * seed + epoch)
    generator = torch.Generator().manual_seed(1000 * seed + epoch)
    start = build_fusion(fusion.name, fusion.d_text, fusion.d_picture)
    total = []
    steps = list(batches(data.train, generator))
    for base, rows in steps:
        turns = data.train[base]
        mask = dropped(turns.mask[rows], generator)
        tokens, matches, answers = turns.batch(rows, mask)
        fused = fusion(tokens)
        hidden = base not in data.photo_led
        scores = turns.shelf.score(fused, matches, own_hidden=hidden) / TEMPERATURE
        found = scores.masked_fill(~answers, -torch.inf).logsumexp(-1) - scores.logsumexp(-1)
        meant = intent_loss(fused.intents, turns.intent[rows], data.columns[base], mask)
        loss = INTENT_SHARE * meant - found.mean()
        for now, then in ((fusion.bias, start.bias), (fusion.slope, start.slope)):
            loss = loss + PULL * (now - then.to(now.device)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(fusion.parameters(), LARGEST_GRADIENT)
        warmth = min(1.0, (epoch * len(steps) + len(total) + 1) / WARM_UP)
        for group in optimizer.param_groups:
            group["lr"] = RATES[fusion.name] * warmth
        optimizer.step()
        total.append(loss.item())
    return sum(total) / len(total)


def batches(turns: dict[str, Turns], generator: torch.Generator) -> Iterator[tuple[str, Tensor]]:
    """(base, rows) in random order."""
    every = [
        (base, rows)
        for base, own in turns.items()
        for rows in torch.randperm(len(own), generator=generator).split(BATCH)
    ]
    for place in torch.randperm(len(every), generator=generator).tolist():
        yield every[place]


def dropped(mask: Tensor, generator: torch.Generator) -> Tensor:
    """(b, 4): a random subset of what each turn has, never nothing; a photo's text goes with the
    photo.
    """
    chance = torch.rand(mask.shape, generator=generator).to(mask.device)
    kept = mask & (chance < 0.6)
    kept[:, 3] = mask[:, 3] & kept[:, PHOTO] & (chance[:, 3] > READ_DROPPED)
    return torch.where(kept[:, :3].any(1, keepdim=True), kept, mask)


def intent_loss(logits: Tensor, intent: Tensor, columns: Tensor, mask: Tensor) -> Tensor:
    """Cross-entropy among the intents of the base, of the turns that have words and an intent."""
    asked = (mask[:, 0] | mask[:, 1]) & (intent >= 0)
    if not asked.any():
        return logits.sum() * 0
    goal = (intent[asked][:, None] == columns).long().argmax(1)
    return cross_entropy(logits[asked][:, columns], goal, label_smoothing=SMOOTHING)


@torch.inference_mode()
def validate(fusion: FusionStrategy, data: Data) -> dict[str, float]:
    """recall@1 of each base with everything that its turns have, but for the photo's text and what
    was typed or said twice, and their mean."""
    fusion.eval()
    found = {}
    for base, turns in data.validation.items():
        mask = turns.mask
        mask[:, 0] &= torch.arange(len(turns), device=mask.device) % 2 == 0
        mask[:, 0] |= ~mask[:, 1]
        mask[:, 1] &= ~mask[:, 0]
        own = ranks(fusion, turns, mask, own_hidden=base not in data.photo_led)
        found[base] = float(own.eq(0).float().mean())
    led = [value for base, value in found.items() if base in data.photo_led]
    others = [value for base, value in found.items() if base not in data.photo_led]
    groups = [sum(own) / len(own) for own in (led, others) if own]
    return {**found, "mean": sum(groups) / len(groups)}


@torch.inference_mode()
def sharpen(fusion: FusionStrategy, data: Data) -> None:
    """Scales the intents' logits until their probabilities fit the validation turns (Guo et al.
    2017).
    """
    judged = []
    for base, turns in data.validation.items():
        rows = torch.arange(len(turns), device=turns.said.device)
        for kept in JUDGED:
            mask = turns.mask & torch.tensor(kept, device=rows.device)
            asked = ((mask[:, 0] | mask[:, 1]) & (turns.intent >= 0)).nonzero()[:, 0]
            if not len(asked):
                continue
            tokens, _, _ = turns.batch(rows[asked], mask[asked])
            goal = (turns.intent[asked][:, None] == data.columns[base]).long().argmax(1)
            judged.append((fusion(tokens).intents[:, data.columns[base]], goal))
    if not judged:
        return
    factors = torch.logspace(-0.5, 1.5, 60)

    def loss(factor: Tensor) -> float:
        each = (cross_entropy(factor * logits, goal, reduction="sum") for logits, goal in judged)
        return sum(map(float, each))

    fusion.intent.mul_(min(factors, key=loss).to(fusion.intent.device))


def ranks(fusion: FusionStrategy, turns: Turns, mask: Tensor, own_hidden: bool = False) -> Tensor:
    """(t,) how many entries score above the best one that answers; 0: it is first."""
    found = []
    for rows in torch.arange(len(turns), device=mask.device).split(BATCH):
        tokens, matches, answers = turns.batch(rows, mask[rows])
        scores = turns.shelf.score(fusion(tokens), matches, own_hidden)
        best = scores.masked_fill(~answers, -1).amax(1, keepdim=True)
        found.append((scores > best).sum(1))
    return torch.cat(found)
