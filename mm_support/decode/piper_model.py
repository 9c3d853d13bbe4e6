"""A Piper model in two halves, so that a sentence is heard while the rest of it is still made.

The first half reads the whole sentence and says how long each sound lasts; the second, flow and
decoder of VITS (Kim et al. 2021), makes samples of that, and sees only a little of what is around
them: made piece by piece, they are the same.
Knows nothing of replies.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mm_support.decode.phonemes import Phonemes

if TYPE_CHECKING:
    import onnx
    import onnxruntime

FIRST, GROWTH = 0.6, 2  # seconds of the first piece, and each is so many times the one before
AROUND = 32  # frames on both sides that a piece's sound depends on
READ = ("input", "input_lengths", "scales")  # inputs that the first half alone reads


@dataclass(frozen=True)
class PiperConfig:
    """What a voice's .onnx.json says of it. language: as espeak-ng names it; rate in Hz; hop:
    samples a frame; noise, length, variation: its scales; speaker: of several, else None.
    """

    language: str
    rate: int
    hop: int
    noise: float
    length: float
    variation: float
    speaker: int | None


def read_config(path: Path) -> PiperConfig:
    told: dict[str, Any] = json.loads(path.read_text("utf-8"))
    scales = told.get("inference", {})
    return PiperConfig(
        language=told["espeak"]["voice"],
        rate=told["audio"]["sample_rate"],
        hop=told.get("hop_length", 256),
        noise=scales.get("noise_scale", 0.667),
        length=scales.get("length_scale", 1.0),
        variation=scales.get("noise_w", 0.8),
        speaker=told.get("default_speaker_id", 0) if told.get("num_speakers", 1) > 1 else None,
    )


class PiperModel:
    """Any number of threads may use one object. language: as espeak-ng names it; rate in Hz."""

    def __init__(self, path: Path) -> None:
        """path: an .onnx file with its .onnx.json beside it."""
        config = Path(f"{path}.json")
        self._config, self._phonemes = read_config(config), Phonemes(config)
        self._first, self._second = halves(path)
        self.language, self.rate = self._config.language, self._config.rate

    def pieces(self, words: str, speed: float) -> Iterator[np.ndarray]:
        """Sentences -> their sound, piece by piece: (n,) float32, as loud as the model makes it.
        speed: 1.2 speaks a fifth faster than the model was trained to.
        """
        for phonemes in self._phonemes.of(words):
            yield from self._sound(self._inputs(phonemes, speed))

    def _inputs(self, ids: list[int], speed: float) -> dict[str, np.ndarray]:
        config = self._config
        scales = [config.noise, config.length / speed, config.variation]
        values: dict[str, Any] = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array(scales, np.float32),
        }
        if config.speaker is not None:
            values["sid"] = np.array([config.speaker], np.int64)
        return values

    def _sound(self, inputs: dict[str, np.ndarray]) -> Iterator[np.ndarray]:
        made = [np.asarray(rows) for rows in self._first.run(None, inputs)]
        if self._second is None:
            yield made[0].reshape(-1)
            return
        names = [given.name for given in self._second.get_inputs()]
        frames, more = dict(zip(names, made)), {name: inputs[name] for name in names[len(made) :]}
        hop = self._config.hop
        for start, stop in spans(made[0].shape[2], round(FIRST * self.rate / hop)):
            begin = max(0, start - AROUND)
            seen = {name: rows[:, :, begin : stop + AROUND] for name, rows in frames.items()}
            samples = np.asarray(self._second.run(None, seen | more)[0]).reshape(-1)
            yield samples[(start - begin) * hop :][: (stop - start) * hop]


def spans(count: int, first: int) -> Iterator[tuple[int, int]]:
    """0..count in pieces that grow: what is heard first is made soon, the rest in few steps."""
    start, length = 0, first
    while start < count:
        stop = count if count < start + 1.5 * length else start + length
        yield start, stop
        start, length = stop, length * GROWTH


def halves(
    path: Path,
) -> tuple[onnxruntime.InferenceSession, onnxruntime.InferenceSession | None]:
    """The model up to its flow, and the rest; the whole and None where its parts are not known."""
    import onnx
    from onnx.utils import Extractor

    model = onnx.load(path)
    cut = boundary(model.graph)
    if not cut:
        return opened(model), None
    inputs, outputs = (
        [given.name for given in side] for side in (model.graph.input, model.graph.output)
    )
    parts, others = Extractor(model), [name for name in inputs if name not in READ]
    first = parts.extract_model(inputs, cut)
    return opened(first), opened(parts.extract_model([*cut, *others], outputs[:1]))


def boundary(graph: onnx.GraphProto) -> list[str]:
    """The values of each frame between the halves: what the flow begins with, and the mask, which
    is multiplied with what it ends with; none where the graph is another.
    """
    makers = {name: node for node in graph.node for name in node.output}
    flow = next((node for node in graph.node if node.name.startswith("/flow/")), None)
    decoder = next((node for node in graph.node if "dec/conv_pre" in node.name), None)
    masked = makers.get(decoder.input[0]) if flow and decoder else None
    return [flow.input[0], masked.input[1]] if flow and masked else []


def opened(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """With threads that sleep while they wait: spinning, they take the processor from everybody
    else.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    content = model.SerializeToString()
    return onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])
