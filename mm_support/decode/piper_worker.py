"""The process in which piper-tts reads words as phonemes: python piper_worker.py VOICE.onnx.json

Words come as lines of JSON on the standard input; the numbers of their phonemes, a list for each
sentence, go out as lines on the standard output. It ends with its input. piper-tts and espeak-ng,
which are under the GPL, are loaded here and nowhere else; nothing of this project is.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path


def main(config: Path) -> None:
    from piper import PiperConfig, PiperVoice

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that started it ends it
    settings = PiperConfig.from_dict(json.loads(config.read_text(encoding="utf-8")))
    # its network runs elsewhere
    voice = PiperVoice(session=None, config=settings)  # pyright: ignore[reportArgumentType]
    for line in sys.stdin:
        sentences = [voice.phonemes_to_ids(one) for one in voice.phonemize(json.loads(line)) if one]
        print(json.dumps(sentences), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
