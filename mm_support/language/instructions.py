"""Sentences of a company's knowledge that read like an instruction to an assistant, for the report.

Such a sentence is kept, found, quoted and shown as any other; it only is no support for what a
model writes in its own words (decode/verify.py). The heuristic is crude and knows English, German
and Chinese only. What it misses does no harm, since a reply quotes the evidence and nothing carries
out what the evidence says.
"""

from __future__ import annotations

import re

_ADDRESSED = r"\b(?:assistant(?! to the\b)|chat ?bot|language model|llm|assistent|sprachmodell)\b"
_AI = re.compile(r"(?<!['’\w])A\.?I\b")  # "j'ai" and "ai" are words of French and Italian
_ADDRESSED_IN_CHINESE = "助手|(?:聊天|客服)机器人|语言模型"
_PROMPT = (
    r"\b(?:system prompt|previous instructions?|instructions above|vorherigen anweisungen)\b"
    r"|以上(?:指令|指示)|系统提示"
)
_MARKUP = r"<\|[^|<>]{0,40}\|>|\[/?INST\]|</?(?:evidence|system)>"
_READS_SO = re.compile(f"{_ADDRESSED}|{_ADDRESSED_IN_CHINESE}|{_PROMPT}|{_MARKUP}", re.IGNORECASE)


def reads_like_an_instruction(sentence: str) -> bool:
    """True for "Note to the AI assistant: ..."; also for some harmless sentences."""
    return bool(_READS_SO.search(sentence) or _AI.search(sentence))
