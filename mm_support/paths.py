"""Where the files lie that come with the code: weights, packs, examples. Knows no setting."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent
_INSTALLED = PACKAGE / "_assets"  # where `pip install .` puts what lies in assets/
ASSETS = _INSTALLED if _INSTALLED.is_dir() else PACKAGE.parent / "assets"
WEIGHTS = ASSETS / "weights"
PACKS = ASSETS / "knowledge"
EXAMPLES = ASSETS / "examples"


def last_part(model: str) -> str:
    """What a model is known by, whether a folder, a package or a repository is named."""
    return model.rstrip("/").replace(":", "/").rpartition("/")[2]


def fitted_to(text_model: str) -> Path:
    """The folder of what was fitted to a text encoder, by the last part of the encoder's name."""
    return WEIGHTS / last_part(text_model)


def fitted_file(name: str, text_model: str) -> Path:
    """A file of that folder; where there is none, the one that was fitted to MiniLM."""
    own = fitted_to(text_model) / name
    return own if own.is_file() else fitted_to("all-MiniLM-L6-v2") / name
