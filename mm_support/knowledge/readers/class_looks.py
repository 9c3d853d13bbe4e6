"""Looks that a page gives to classes of its own -> the elements that say the same to a reader.

    <style>.c1{text-decoration:line-through}</style> ... <span class="c1">      <s>
    <style>.c2{font-weight:700}</style> ... <span class="c2">                   <b>

Programs that write pages (Google Docs) name looks so. Knows no file.
"""

from __future__ import annotations

import re
from typing import Any

_RULE = re.compile(r"\.([\w-]+)\s*\{([^{}]*)\}")
LOOKS = {
    "s": re.compile(r"text-decoration[\w-]*\s*:[^;]*line-through", re.IGNORECASE),
    "b": re.compile(r"font-weight\s*:\s*(?:bold|[789]00)", re.IGNORECASE),
}


def mark_looks(tree: Any) -> None:
    """Makes <s> and <b> of the <span> whose class is struck through or bold."""
    css = "\n".join(own.text or "" for own in tree.iter("style"))
    looks = {name: look for name, said in _RULE.findall(css) if (look := _look(said))}
    for own in tree.iter("span") if looks else ():
        found = {looks[name] for name in own.get("class", "").split() if name in looks}
        own.tag = "s" if "s" in found else "b" if found else own.tag


def _look(declarations: str) -> str:
    return next((tag for tag, look in LOOKS.items() if look.search(declarations)), "")
