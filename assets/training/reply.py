"""Trains an adapter that makes the small language model answer from the evidence, and only from it.

It learns from the examples of reply_examples.py; packs that are not named are kept out. The loss is
taken on the reply's tokens only. The adapter (LoRA, Hu et al. 2022) is a folder in the layout of
peft, in the data folder; it is used from there.

    python -m assets.training.reply [--packs NAME ...] [--examples N] [--start ADAPTER]
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
from collections import deque
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from assets.training.command import main
from assets.training.reply_examples import (
    LABELS,
    PACKS,
    Example,
    Labelled,
    load_labelled,
    make_examples,
    split,
)
from mm_support.arguments import existing
from mm_support.config import NONE, SMALL, Settings
from mm_support.decode.prompt import build_messages
from mm_support.engines.gguf_file import read_adapter
from mm_support.errors import InputError
from mm_support.knowledge.ingest import read_knowledge
from mm_support.paths import PACKS as PACKS_FOLDER
from mm_support.progress import shown

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor
    from transformers import PreTrainedModel

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
RANK, SCALE = 16, 2.0
RATE = 6e-4
TOKENS_A_STEP = 1280
SAVE_EVERY = 20  # steps

Pair = tuple[list[int], list[int]]  # token ids of a prompt, and of its reply with the end

CARD = {
    "what": "LoRA for the packaged reply model: replies with sentences of the numbered evidence",
    "trained_by": "python -m assets.training.reply",
    "data": (
        "questions of the packs in assets/knowledge, their answering sentences labelled by hand "
        "in assets/training/reply_labels.json; every fifth entry kept out"
    ),
    "licence": "as the project; SmolLM2-135M-Instruct is Apache 2.0",
}


def declare(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--out", type=Path, help="folder of the adapter (default: in the data folder)")
    add("--packs", nargs="+", default=PACKS, help="packs to train on")
    add("--examples", type=int, default=2000, help="each question several times, with others")
    add("--start", type=existing, help="an adapter to go on from")
    add("--seed", type=int, default=1)


def with_small_model(settings: Settings) -> Settings:
    """The same with the packaged reply model, where they name none."""
    return settings.with_changes(reply_model=SMALL) if settings.reply_model == NONE else settings


def run(args: argparse.Namespace, settings: Settings) -> int:
    import torch

    from mm_support.device import resolve_device
    from mm_support.engines.reply_weights import hub_folder, own_adapter, packaged_gguf
    from mm_support.engines.transformers import load_model

    settings = with_small_model(settings)
    packs, out = list(args.packs), args.out or own_adapter(settings)
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)
    rows = labelled_for_training(packs)
    folder = hub_folder(packaged_gguf(settings), settings)
    model, tokenizer = load_model(str(folder), resolve_device(settings.device))
    adapted = with_adapter(model, args.start)
    rng.shuffle(rows)
    pools = {pack: read_knowledge(PACKS_FOLDER / pack / "entries.jsonl")[0] for pack in packs}
    examples = make_examples(list(islice(cycle(rows), args.examples)), pools, rng)
    batches = make_batches([encode(example, tokenizer) for example in examples], rng)
    unfinished = out.with_name(f"{out.name}.unfinished")
    train(adapted, batches, save=lambda: adapted.save_pretrained(str(unfinished)))
    card = CARD | {"packs": packs, "examples": args.examples, "seed": args.seed, "rank": RANK}
    card["started_from"] = str(args.start) if args.start else None
    (unfinished / "card.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(out, ignore_errors=True)
    unfinished.replace(out)
    print(f"{out}: used from the next start on.")
    return 0


def labelled_for_training(packs: Sequence[str]) -> list[Labelled]:
    """Raises InputError for a pack without labelled questions."""
    rows, _ = split(load_labelled(packs))
    missing = set(packs) - {row.pack for row in rows}
    if missing:
        raise InputError(
            f"No question of {', '.join(sorted(missing))} has labelled sentences in {LABELS}."
        )
    return rows


def with_adapter(model: PreTrainedModel, start: Path | None = None) -> PeftModel:
    """The model, frozen, with an adapter in float32 that learns; it starts from zero, or from the
    one that `start` holds (see engines/gguf_file.py). Raises InputError where that does not fit.
    """
    import torch
    from peft import LoraConfig, get_peft_model, set_peft_model_state_dict

    config = LoraConfig(
        r=RANK,
        lora_alpha=int(RANK * SCALE),
        target_modules=list(PROJECTIONS),
        task_type="CAUSAL_LM",
    )
    adapted = get_peft_model(model, config)
    if start:
        values = {}
        for layer, (a, b) in read_adapter(start).items():
            values[f"base_model.model.{layer}.lora_A.weight"] = torch.from_numpy(a)
            values[f"base_model.model.{layer}.lora_B.weight"] = torch.from_numpy(b / SCALE)
        try:
            set_peft_model_state_dict(adapted, values)
        except RuntimeError as exc:
            raise InputError(f"The adapter {start} is for another model.") from exc
    return adapted


def encode(example: Example, tokenizer: Any) -> Pair:
    messages = build_messages(example.question, example.entries)
    prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)
    reply = tokenizer(example.reply, add_special_tokens=False)["input_ids"]
    return prompt["input_ids"], [*reply, tokenizer.eos_token_id]


def make_batches(pairs: Sequence[Pair], rng: random.Random) -> list[list[Pair]]:
    """Batches of similar length and at most TOKENS_A_STEP tokens, in random order."""
    batches: list[list[Pair]] = [[]]
    for pair in sorted(pairs, key=lambda pair: len(pair[0]) + len(pair[1])):
        if (len(batches[-1]) + 1) * (len(pair[0]) + len(pair[1])) > TOKENS_A_STEP:
            batches.append([])
        batches[-1].append(pair)
    rng.shuffle(batches)
    return batches


def train(adapted: PeftModel, batches: Sequence, save: Callable[[], None]) -> None:
    """One pass over the batches; the rate falls linearly to zero."""
    import torch

    model = adapted.get_base_model()
    parameters = [value for value in adapted.parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / 5) * (1 - step / len(batches))
    )
    losses: deque[float] = deque(maxlen=20)
    with shown() as show:
        for step, batch in enumerate(batches, start=1):
            loss = reply_loss(model, batch)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            losses.append(loss.item())
            show(f"training, loss {fmean(losses):.3f}", step, len(batches))
            if step % SAVE_EVERY == 0 or step == len(batches):
                save()


def reply_loss(model: Any, batch: Sequence[Pair]) -> Tensor:
    """Mean cross-entropy of the replies' tokens; the output layer sees only their positions."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    whole = [torch.tensor(prompt + reply) for prompt, reply in batch]
    goals = [torch.tensor([*[-100] * (len(prompt) - 1), *reply, -100]) for prompt, reply in batch]
    ids = pad_sequence(whole, batch_first=True)
    mask = pad_sequence([torch.ones_like(row) for row in whole], batch_first=True)
    wanted = pad_sequence(goals, batch_first=True, padding_value=-100).to(model.device)
    there = wanted != -100
    # the adapter stays in float32
    mixed = model.dtype != torch.float32
    with torch.autocast(model.device.type, model.dtype, enabled=mixed):
        seen = model.model(input_ids=ids.to(model.device), attention_mask=mask.to(model.device))
        logits = model.lm_head(seen.last_hidden_state[there])
    return torch.nn.functional.cross_entropy(logits.float(), wanted[there])


if __name__ == "__main__":
    main(__doc__, declare, run)
