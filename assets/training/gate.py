"""Fits the evidence gate that ships for a text encoder to the cases in tests/cases.

python -m assets.training.gate
"""

from __future__ import annotations

import argparse

from assets.training.command import main
from mm_support import arguments
from mm_support.config import Settings
from mm_support.decide.confidence import GATE_FILE
from mm_support.paths import fitted_to
from mm_support.train.calibrate import calibrate, read_cases

CARD = {
    "what": "Logistic regression: does the best entry answer the question?",
    "data": (
        "questions about the bases in assets/knowledge and their pictures, made for this project"
    ),
    "command": "python -m assets.training.gate",
}


def run(args: argparse.Namespace, settings: Settings) -> int:
    calibrate(settings, read_cases(args.cases), fitted_to(settings.text_model) / GATE_FILE, CARD)
    return 0


if __name__ == "__main__":
    main(__doc__, arguments.cases_folder, run)
