"""Makes the spoken examples in this folder: python assets/examples/speak.py

16 kHz, mono, 16 bit, spoken by the voice of the settings.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from mm_support.config import Settings  # noqa: E402
from mm_support.decode.voice import load_voice  # noqa: E402
from mm_support.inputs.audio import load_waveform  # noqa: E402
from mm_support.types import SAMPLE_RATE, Audio  # noqa: E402

QUESTIONS = {
    "display-code": "What does this code on the display mean?",
    "router-question": "What does this red light on my router mean?",
    "lost-card": "How do I get a new card after I lost mine?",
    "clinic-hours": "When is the clinic open on Saturday?",
    "return-headphones": "I would like to return the headphones that I bought last week.",
}


def main() -> None:
    voice = load_voice(Settings.from_env())
    for name, question in QUESTIONS.items():
        sound = voice.speak(question)
        waveform = load_waveform((sound.rate, sound.samples))
        Audio(waveform, SAMPLE_RATE).save(HERE / f"{name}.wav")


if __name__ == "__main__":
    main()
