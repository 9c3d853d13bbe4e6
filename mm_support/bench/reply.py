"""Speed of the language model and of the reply writer: one customer, sixteen together, and plain
transformers.

All get the same prompts, made from a pack's entries; a piece of streamed text counts as a token.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from mm_support.bench.cost import median
from mm_support.config import Settings
from mm_support.decode.prompt import build_messages
from mm_support.device import Device, resolve_device
from mm_support.engines.base import LanguageModel, Message
from mm_support.engines.choose import load_language_model
from mm_support.engines.reply_weights import hub_folder, trained_gguf
from mm_support.paths import PACKS
from mm_support.types import Hit, Question
from mm_support.weights import PREFIX

ENTRIES = PACKS / "shopping" / "entries.jsonl"
TOKENS = 40  # of each reply, at most
TOGETHER = 16
RUNS = 3


def measure(settings: Settings) -> dict[str, Any]:
    """Tokens a second, seconds to the first and the last sentence; medians of RUNS where it is one
    customer.
    """
    import torch

    from mm_support.engines.transformers import TransformersModel, load_model

    settings = settings.with_small_model()
    device = resolve_device(settings.device)
    asked = read_questions()
    prompts = [build_messages(question, [hit.entry for hit in hits]) for question, hits in asked]
    started = time.perf_counter()
    model = load_language_model(settings, device)
    assert model is not None  # these settings name one
    results: dict[str, Any] = {
        "model": model.name,
        "load_s": round(time.perf_counter() - started, 2),
    }
    results["engine"] = decoding(model, prompts)
    model.close()
    source = settings.reply_model
    if source.startswith(PREFIX):
        source = str(hub_folder(trained_gguf(settings), settings))
    plain = TransformersModel(
        *load_model(source, Device(torch.device("cpu"), torch.float32, "")), "transformers, float32"
    )
    results["transformers"] = decoding(plain, prompts, together=False)
    slow = results["transformers"]["tokens_s"]
    results["faster_alone"] = round(results["engine"]["tokens_s"] / slow, 2)
    results["faster_together"] = round(results["engine"]["tokens_s_together"] / slow, 2)
    results["writer"] = writing(settings, device, asked)
    return results


def read_questions() -> list[tuple[Question, list[Hit]]]:
    """A question to each of the first TOGETHER entries, with its entry and the next one as hits."""
    from mm_support.knowledge.ingest import read_knowledge

    entries, _ = read_knowledge(ENTRIES)
    return [
        (Question(typed=entry.questions[0]), [Hit(entry, 0.9), Hit(other, 0.5)])
        for entry, other in zip(entries[:TOGETHER], entries[1:])
    ]


def decoding(
    model: LanguageModel, prompts: list[list[Message]], together: bool = True
) -> dict[str, float]:
    """tokens_s counts from the first token on, first_token_s from the question to it."""
    list(model.stream(prompts[-1], 2))  # warm
    firsts, rates = [], []
    for prompt in prompts[:RUNS]:
        started = time.perf_counter()
        times = [time.perf_counter() - started for _ in model.stream(prompt, TOKENS)]
        firsts.append(times[0])
        rates.append((len(times) - 1) / max(times[-1] - times[0], 1e-9))
    results = {
        "first_token_s": median(firsts),
        "tokens_s": median(rates, 1),
    }
    if together:
        started = time.perf_counter()
        with ThreadPoolExecutor(len(prompts)) as pool:
            pieces = sum(pool.map(lambda prompt: len(list(model.stream(prompt, TOKENS))), prompts))
        results["tokens_s_together"] = round(pieces / (time.perf_counter() - started), 1)
    return results


def writing(
    settings: Settings, device: Device, asked: list[tuple[Question, list[Hit]]]
) -> dict[str, float]:
    """Seconds from a question and its hits to the first checked sentence and to the last."""
    from mm_support.decode.reply import ReplyWriter
    from mm_support.encode.text import load_text_encoder

    model = load_language_model(settings, device)
    assert model is not None
    writer = ReplyWriter(model, load_text_encoder(settings, device), settings.text_model)
    firsts, wholes = [], []
    for question, hits in asked[:RUNS]:
        started = time.perf_counter()
        times = [time.perf_counter() - started for _ in writer.write(question, hits)]
        firsts.append(times[0])
        wholes.append(times[-1])
    model.close()
    return {
        "first_sentence_s": median(firsts),
        "whole_reply_s": median(wholes),
    }
