"""What each text encoder was trained with: prefixes, pooling, length, languages.

An entry is found by the last part of a model's name, so "package:NAME", "organisation/NAME" on the
hub and a folder NAME of this machine are one model. Packaged weights may have been trained further
for this project: what changes them (text_network.py) lies with what else was fitted to them.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mm_support.paths import fitted_to, last_part
from mm_support.weights import PREFIX, sha256_of

Kind = Literal["query", "passage"]  # what is asked, and what is found
CHANGES = "encoder.safetensors"

XLM_ROBERTA = tuple(  # the hundred languages of Conneau et al. 2020, as ISO 639 codes
    "af am ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fr fy ga gd gl gu ha he "
    "hi hr hu hy id is it ja jv ka kk km kn ko ku ky la lo lt lv mg mk ml mn mr ms my ne nl no om "
    "or pa pl ps pt ro ru sa sd si sk sl so sq sr su sv sw ta te th tl tr ug uk ur uz vi xh "
    "yi zh".split()
)


@dataclass(frozen=True)
class TextModel:
    """query, passage: prefixes of a text of that kind. pooling: "mean", "cls" or what the folder
    declares. max_tokens: longer texts are cut. languages: ISO 639 codes; none: not known.
    """

    query: str = ""
    passage: str = ""
    pooling: str = ""
    max_tokens: int = 256
    languages: tuple[str, ...] = ()

    def prefix(self, kind: Kind) -> str:
        return self.query if kind == "query" else self.passage


E5 = TextModel("query: ", "passage: ", "mean", 512, XLM_ROBERTA)
TEXT_MODELS = {
    "all-MiniLM-L6-v2": TextModel(pooling="mean", max_tokens=256, languages=("en",)),
    "multilingual-e5-small": E5,
    "multilingual-e5-base": E5,
    "bge-small-en-v1.5": TextModel(
        query="Represent this sentence for searching relevant passages: ",
        pooling="cls",
        max_tokens=512,
        languages=("en",),
    ),
    "bge-m3": TextModel(pooling="cls", max_tokens=1_024, languages=XLM_ROBERTA),  # takes 8,192
}


def text_model(name: str) -> TextModel:
    """The entry of a model by its name or folder; one without prefixes where there is none."""
    return TEXT_MODELS.get(last_part(name), TextModel())


def changes_of(text_model: str) -> Path | None:
    """The file that changes packaged weights; None where there is none."""
    path = fitted_to(text_model) / CHANGES
    return path if text_model.startswith(PREFIX) and path.is_file() else None


@functools.cache
def version_of(text_model: str) -> str:
    """Names an encoder and what it was trained with here: what another version's vectors are
    compared with, or was fitted to them, does not fit.
    """
    changes = changes_of(text_model)
    return f"{text_model}+{sha256_of(changes)[:12]}" if changes else text_model
