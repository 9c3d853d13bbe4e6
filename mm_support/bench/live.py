"""Talking hands-free in Chromium: seconds from the end of speech to the first sound of the spoken
reply.

The microphone is a file of questions, spoken by Piper, with silence between them; the page is that
of app.py. Both moments are noted in the browser: by the level of what its microphone hears, and
when sound starts to play. A reply is silenced as soon as it has begun, so that the next question
interrupts nothing.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from mm_support.bench import turns
from mm_support.bench.cost import median
from mm_support.bench.service import QUESTIONS
from mm_support.bench.startup import list_bases, running_app
from mm_support.config import Settings
from mm_support.decode.voice import load_voice
from mm_support.device import resolve_device
from mm_support.encode.end_of_turn import load_end_of_turn
from mm_support.encode.speech import load_speech_encoder
from mm_support.errors import SupportError
from mm_support.types import Audio

TURNS = 3
SILENCE = 7.0  # seconds behind a question: longer than the first sound takes
PATIENCE = 120_000  # ms, to load the models; then for all turns
FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --use-fake-device-for-media-stream"
    " --use-fake-ui-for-media-stream"
).split()
NOTES = """
window.turns = [];  // seconds: of silence before the turn ended, and before the first sound
let loud = 0, silent = 0, ended = 0, asked = false;
const listen = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = await listen(wanted), context = new AudioContext();
  const level = new AnalyserNode(context, { fftSize: 512 });
  context.createMediaStreamSource(stream).connect(level);
  const samples = new Float32Array(level.fftSize);
  setInterval(() => {
    level.getFloatTimeDomainData(samples);
    if (samples.some((s) => Math.abs(s) > 0.02)) loud = performance.now();
  }, 10);
  return stream;
};
new MutationObserver(() => {
  const state = document.querySelector('.ms-voice')?.dataset.state;
  if (state === 'hearing') { asked = true; ended = 0; }
  if (state === 'thinking' && !ended) { ended = performance.now(); silent = loud; }
}).observe(document, { subtree: true, childList: true, attributeFilter: ['data-state'] });
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (...when) {
  if (asked) window.turns.push([(ended - silent) / 1000, (performance.now() - silent) / 1000]);
  asked = false;
  setTimeout(() => document.querySelector('.ms-voice-stop').click(), 200);
  return start.apply(this, when);
};
"""


def measure(settings: Settings) -> dict[str, Any]:
    """When turns end, by file (turns.py); then how soon the reply is heard, in Chromium."""
    return {"ends_of_turns": _by_file(settings), "in_chromium": _in_chromium(settings)}


def _by_file(settings: Settings) -> dict[str, Any]:
    encoder = load_speech_encoder(settings, resolve_device(settings.device))
    return turns.measure(encoder, load_voice(settings), load_end_of_turn(settings))


def _in_chromium(settings: Settings) -> dict[str, Any]:
    """Medians in seconds over TURNS questions, after one that warms everything up."""
    chromium = (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    if chromium is None:
        return {"skipped": "there is no Chromium"}
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return {"skipped": "playwright is not installed"}
    with (
        tempfile.TemporaryDirectory() as folder,
        running_app(settings) as (_, address),
        sync_playwright() as playwright,
    ):
        flags = [*FLAGS, f"--use-file-for-fake-audio-capture={_questions(settings, Path(folder))}"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        try:
            page = browser.new_context(permissions=["microphone"]).new_page()
            page.set_default_timeout(PATIENCE)
            return _talk(page, address)
        finally:
            browser.close()


def _questions(settings: Settings, folder: Path) -> Path:
    """The microphone's file; Chromium plays it again and again."""
    voice = load_voice(settings)
    said = [voice.speak(question) for question in QUESTIONS]
    pause = np.zeros(round(SILENCE * said[0].rate), np.float32)
    samples = np.concatenate([part for sound in said for part in (sound.samples, pause)])
    file = folder / "questions.wav"
    Audio(samples, said[0].rate).save(file)
    return file


def _talk(page, address: str) -> dict[str, Any]:
    page.add_init_script(NOTES)
    list_bases(address)
    page.goto(address)
    page.get_by_label("Hands-free").check()
    _wait_for_turns(page)
    ended, heard = zip(*page.evaluate("window.turns")[1:])
    return {
        "turns": len(heard),
        "end_of_speech_to_end_of_turn_s": median(ended, 2),
        "end_of_speech_to_first_sound_s": median(heard, 2),
        "slowest_s": round(max(heard), 2),
    }


def _wait_for_turns(page) -> None:
    """Raises SupportError where the questions are not answered in time."""
    from playwright.sync_api import TimeoutError as Late

    try:
        page.wait_for_function(f"window.turns.length > {TURNS}")
    except Late as exc:
        answered, state = page.evaluate(
            "[window.turns.length, document.querySelector('.ms-voice').innerText]"
        )
        raise SupportError(
            f"Only {answered} of {TURNS + 1} spoken questions were answered within"
            f" {PATIENCE // 1000} s (the page says {state!r}); measure again while nothing else"
            " keeps the processor busy."
        ) from exc
