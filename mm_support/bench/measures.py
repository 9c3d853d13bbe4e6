"""What `bench` measures: a function a measure, settings -> figures.

Most run a model beside the straightforward way with the same weights; the ratio says more than the
seconds, which depend on the machine. Knows nothing of accuracy: that is `evaluate`.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mm_support.bench.cost import median, memory_mb, seconds
from mm_support.config import Settings
from mm_support.device import Device, resolve_device
from mm_support.paths import ASSETS, EXAMPLES, PACKS
from mm_support.torchvision_shim import prepare_torchvision
from mm_support.types import SAMPLE_RATE, Entry, Finished, UserTurn

Figures = dict[str, Any]

TURNS = 4  # of a kind
PHOTOS, SIDE = 64, 1_000  # pixels
SIGNS, LARGEST = 5, 1280  # photos whose text is read; pixels
TEXTS, TOGETHER = 128, 32  # TOGETHER: in a batch of transformers
CLIPS = 4
ASKED = 8  # questions that are spoken
ENTRIES = 100


def compare(
    ours: Callable[[Any], object], plain: Callable[[Any], object], inputs: Sequence[Any]
) -> Figures:
    """Medians in seconds; each input goes through both in turn, so that a busy machine slows both.
    The first one warms both up.
    """
    taken = [(seconds(partial(ours, one)), seconds(partial(plain, one))) for one in inputs]
    own, other = (median(column, 6) for column in zip(*taken[1:]))
    return {
        "ours_s": round(own, 3),
        "straightforward_s": round(other, 3),
        "times": round(other / own, 2),
    }


def startup(settings: Settings) -> Figures:
    """`python app.py` until it shows its page and until it answers, the packs being ingested."""
    from mm_support.bench.app import list_bases, running_app
    from mm_support.service import SupportService

    SupportService.load(settings).close()
    started = time.perf_counter()
    with running_app(settings) as (app, address):
        page = time.perf_counter() - started
        list_bases(address)
        ready = time.perf_counter() - started
        memory = memory_mb(app.pid)
    return {"page_s": round(page, 1), "ready_s": round(ready, 1), "memory_mb": round(memory)}


def replies(settings: Settings) -> Figures:
    """Medians of turns through the whole service: seconds waited, and of all cores together."""
    from mm_support.service import SupportService

    photo, recording = min(EXAMPLES.glob("*.jpg")), min(EXAMPLES.glob("*.wav"))
    spoken = UserTurn(audio=recording, knowledge="smart-home")
    both = UserTurn(audio=recording, image=photo, knowledge="smart-home")
    typed = [UserTurn(entry.questions[0]) for entry in pack("shopping")[:TURNS]]
    kinds = {"typed": typed, "spoken": [spoken] * TURNS, "spoken_and_photo": [both] * TURNS}
    with tempfile.TemporaryDirectory() as folder:
        own = settings.with_changes(data_dir=Path(folder))
        with closing(SupportService.load(own)) as service:
            service.answer(both)
            return {
                kind: of_turns([timed_turn(service, turn) for turn in turns])
                for kind, turns in kinds.items()
            }


def timed_turn(service: Any, turn: UserTurn) -> dict[str, float]:
    """Seconds of its stages, and of all cores."""
    begun = time.process_time()
    *_, last = service.reply(turn)
    assert isinstance(last, Finished)
    worked = time.process_time() - begun
    return {name: ms / 1000 for name, ms in last.reply.timings.items()} | {"processor": worked}


def of_turns(timings: Sequence[dict[str, float]]) -> Figures:
    """Medians of the stages that all turns went through."""
    common = set.intersection(*map(set, timings))
    return {f"{name}_s": median(t[name] for t in timings) for name in timings[0] if name in common}


def image(settings: Settings) -> Figures:
    """Photos: both looks beside one look of the same tower as timm builds it; and many at once."""
    from mm_support.encode.image import load_image_encoder

    device = resolve_device(settings.device)
    encoder, plain = load_image_encoder(settings, device), timm_tower(device)
    photos = drawn_photos()
    one = compare(lambda photo: encoder.encode([photo]), plain, photos[:9])
    together = seconds(lambda: encoder.encode(photos)) / PHOTOS
    batch = {"ours_s": round(together, 3), "times": round(one["ours_s"] / together, 2)}
    return {"photo_beside_timm": one, "each_of_64_beside_one_by_one": batch}


def drawn_photos() -> list[Image.Image]:
    """Of about a megapixel."""
    small = np.random.default_rng(0).integers(0, 256, (PHOTOS, 8, 8, 3), np.uint8)
    sizes = (SIDE, SIDE), Image.Resampling.BICUBIC
    return [Image.fromarray(pixels).resize(*sizes) for pixels in small]


def timm_tower(device: Device) -> Callable[[Image.Image], object]:
    """EfficientNet-Lite2 with timm's own preprocessing; speed does not depend on its weights."""
    prepare_torchvision()
    import timm
    import torch
    from timm.data.config import resolve_model_data_config
    from timm.data.transforms_factory import create_transform

    tower = timm.create_model("tf_efficientnet_lite2", num_classes=0).eval().to(device.device)
    config = resolve_model_data_config(tower) | {"input_size": (3, 288, 288)}
    prepare: Any = create_transform(**config)

    def encode(photo: Image.Image) -> object:
        with torch.inference_mode():
            return tower(prepare(photo)[None].to(device.device)).cpu()

    return encode


def text(settings: Settings) -> Figures:
    """Sentences of the packs, beside transformers in float32 in batches padded as they come."""
    from mm_support.encode.text import load_text_encoder

    encoder = load_text_encoder(settings, resolve_device(settings.device))
    texts = [asked for name in ("shopping", "finance") for e in pack(name) for asked in e.questions]
    texts += [entry.answer for entry in pack("shopping")]
    chosen = np.random.default_rng(0).permutation(texts)[:TEXTS].tolist()
    found = compare(encoder.encode, transformers_texts(settings), [chosen[:8], chosen, chosen])
    return found | {"texts_a_second": round(len(chosen) / found["ours_s"], 1)}


def transformers_texts(settings: Settings) -> Callable[[Sequence[str]], object]:
    import torch
    from tokenizers import Tokenizer

    from mm_support.encode.text_network import torch_network
    from mm_support.weights import PREFIX, package_weights

    name = settings.text_model
    folder = package_weights(name, settings.cache_dir) if name.startswith(PREFIX) else Path(name)
    network = torch_network(str(folder), Device(torch.device("cpu"), torch.float32, ""))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_padding()
    tokenizer.enable_truncation(512)

    def encode(texts: Sequence[str]) -> object:
        for start in range(0, len(texts), TOGETHER):
            rows = tokenizer.encode_batch(list(texts[start : start + TOGETHER]))
            kept = torch.tensor([row.attention_mask for row in rows])
            states = network.model(torch.tensor([row.ids for row in rows]), kept).last_hidden_state
            (states * kept[..., None]).sum(1).numpy()

    return torch.inference_mode()(encode)


def speech(settings: Settings) -> Figures:
    """Recordings, beside whisper.transcribe on the same weights; and how many words differ."""
    from mm_support.bench.sounds import SENTENCES, spoken_by_piper
    from mm_support.bench.speech import plain_text, word_errors
    from mm_support.decode.voice import load_voice
    from mm_support.encode.speech import load_speech_encoder

    encoder, voice = (
        load_speech_encoder(settings, resolve_device(settings.device)),
        load_voice(settings),
    )
    clips = [spoken_by_piper(voice, sentence) for sentence in SENTENCES[: 4 * CLIPS]]
    short, long = clips[: CLIPS + 1], np.concatenate(clips)[: 30 * SAMPLE_RATE]
    heard: dict[str, list[str]] = {"ours": [], "plain": []}

    def ours(clip: np.ndarray) -> None:
        heard["ours"].append(encoder.transcribe(clip).text)

    def plain(clip: np.ndarray) -> None:
        heard["plain"].append(plain_text(encoder, clip))

    return {
        "sentence": compare(ours, plain, short),
        "30_s": compare(ours, plain, [short[0], long]),
        "words_that_differ_percent": word_errors(heard["plain"], heard["ours"]),
    }


def live(settings: Settings) -> Figures:
    """When hands-free turns end (turns.py)."""
    from mm_support.bench.turns import ends, recordings
    from mm_support.decode.voice import load_voice
    from mm_support.encode.end_of_turn import load_end_of_turn
    from mm_support.encode.speech import load_speech_encoder

    encoder = load_speech_encoder(settings, resolve_device(settings.device))
    takes = list(recordings(encoder.voice, load_voice(settings)))
    return ends(takes, encoder, load_end_of_turn(settings))


def hearing(settings: Settings) -> Figures:
    """Interruptions, and how soon a reply is heard (talking.py)."""
    from mm_support.bench.talking import first_sounds, interruptions
    from mm_support.encode.live import is_whole
    from mm_support.service import SupportService

    asked = (next(filter(is_whole, entry.questions), None) for entry in pack("shopping"))
    questions = [*islice(filter(None, asked), ASKED + 1)]  # nobody speaks in keywords
    with tempfile.TemporaryDirectory() as folder:
        own = settings.with_changes(data_dir=Path(folder))
        with closing(SupportService.load(own)) as service:
            parts = service.parts
            return {
                "interruptions": interruptions(parts.encoders.speech, parts.voice),
                "first_sound": first_sounds(service, questions, "shopping"),
            }


def photo_text(settings: Settings) -> Figures:
    """Pictures of the packs, beside RapidOCR as it comes."""
    from rapidocr import RapidOCR

    from mm_support.encode.ocr import load_text_reader

    reader, plain = load_text_reader(settings), RapidOCR(params={"Global.log_level": "critical"})
    paths = sorted(ASSETS.rglob("*.jpg"))
    photos = [
        Image.open(path).convert("RGB") for path in paths[:: len(paths) // SIGNS][: SIGNS + 1]
    ]
    for photo in photos:
        photo.thumbnail((LARGEST, LARGEST))
    return compare(
        reader.read, lambda photo: plain(np.ascontiguousarray(np.asarray(photo)[..., ::-1])), photos
    )


def ingest(settings: Settings) -> Figures:
    """Entries of the packs' size, beside the pure time of the encoders on the same texts."""
    from mm_support.encode.image import load_image_encoder
    from mm_support.encode.text import load_text_encoder
    from mm_support.knowledge.base import Knowledge
    from mm_support.knowledge.points import entry_texts
    from mm_support.loading import open_index

    device = resolve_device(settings.device)
    words, photos = load_text_encoder(settings, device), load_image_encoder(settings, device)

    def encoded(file: Path) -> None:
        entries = knowledge.entries(file.stem)
        words.encode_pieces([one for entry in entries for one in entry_texts(entry)], "passage")
        photos.encode_words([entry.title for entry in entries])

    with tempfile.TemporaryDirectory() as folder:
        inside = settings.with_changes(data_dir=Path(folder, "data"))
        knowledge = Knowledge(open_index(inside, words.dim, photos.dim), words, photos, no_turns)
        files = [faq(Path(folder, f"base{n}.jsonl"), n) for n in (5, ENTRIES - 1, ENTRIES)]
        found = compare(lambda file: knowledge.ingest(file.stem, file), encoded, files)
    whole, pure = found["ours_s"], found["straightforward_s"]
    return {
        "ingest_s": whole,
        "encoders_alone_s": pure,
        "ingest_by_encoders": round(whole / pure, 2),
    }


def no_turns(turn: object):
    raise NotImplementedError("An ingest encodes no turn.")


def faq(path: Path, count: int) -> Path:
    """A file of entries like those of the packs, each with texts of its own."""
    entries = [entry for name in ("shopping", "finance", "education") for entry in pack(name)]
    rows = [
        {
            "id": str(number),
            "title": f"{entry.title}, model {number}",
            "questions": [f"{question} (model {number})" for question in entry.questions],
            "answer": entry.answer,
        }
        for number, entry in enumerate(entries[:count])
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def pack(name: str) -> list[Entry]:
    """The entries of a pack."""
    from mm_support.knowledge.ingest import read_knowledge

    return read_knowledge(PACKS / name / "entries.jsonl")[0]
