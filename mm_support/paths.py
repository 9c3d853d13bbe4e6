"""Where the files lie that come with the code: weights, packs, examples. Knows no setting."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent
_INSTALLED = PACKAGE / "_assets"  # where `pip install .` puts what lies in assets/
ASSETS = _INSTALLED if _INSTALLED.is_dir() else PACKAGE.parent / "assets"
WEIGHTS = ASSETS / "weights"
PACKS = ASSETS / "knowledge"
EXAMPLES = ASSETS / "examples"
