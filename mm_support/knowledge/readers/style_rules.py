"""The rules of a page's own <style> that hide elements -> the attribute `hidden` of these.

    <style>.old{display:none}</style> ... <p class="old">      hidden
    <style>.panel{display:none} .open .panel{display:block}</style>     not: a reader may open it

Knows names of tags, classes and ids, and what is joined of these (p.old, #a.b); what stands in
other selectors or holds on some screens alone hides nothing. Rules for print are none.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mm_support.knowledge.readers.elements import HEADINGS, outermost

MOST = 0.5  # of a page's text; what hides more waits for a script
HIDING = {"display": "none", "visibility": "hidden"}
ROOTS = ("html", "head", "body")
_NO_CODE = re.compile(r"/\*.*?\*/|\"[^\"\n]*\"|'[^'\n]*'", re.DOTALL)
_DECLARATION = re.compile(r"\s*(display|visibility)\s*:\s*([\w-]+)", re.IGNORECASE)
_COMPOUND = re.compile(r"(?:[a-z][\w-]*)?(?:[.#][\w-]+)*", re.IGNORECASE)
_PART = re.compile(r"[.#]?[\w-]+")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_STATES = re.compile(r"::?[\w-]+")
_ALWAYS = re.compile(r"@layer\b.*|@media\s+(?:only\s+)?(?:all|screen)\s*", re.IGNORECASE)
_NEVER = re.compile(r"@media\s+(?:only\s+)?print\b|@(?:-\w+-)?keyframes\b", re.IGNORECASE)

Parts = frozenset[str]  # of a selector: a tag, classes with a dot, ids with a hash


@dataclass(frozen=True)
class _Rule:
    """What one selector says of one property. subject: the parts of the element that it styles;
    plain: whether they alone tell it, on every screen."""

    subject: Parts
    plain: bool
    name: str
    value: str
    order: int

    @property
    def hides(self) -> bool:
        return HIDING[self.name] == self.value

    @property
    def weight(self) -> tuple[int, int, int, int]:
        """By which one rule outdoes another: ids, classes, tags, and the later one."""
        ids = sum(part[0] == "#" for part in self.subject)
        classes = sum(part[0] == "." for part in self.subject)
        return ids, classes, len(self.subject) - ids - classes, self.order


def hide_by_style(tree: Any) -> None:
    """Marks the elements of a tree as hidden that its <style> does not show."""
    styles = [own for own in tree.iter("style") if own.get("media", "").lower() != "print"]
    rules = list(_rules("\n".join(own.text or "" for own in styles)))
    kept = _not_opened(rules)
    if not any(rule.hides for rule in kept):
        return
    by_part: dict[str, list[_Rule]] = defaultdict(list)
    for rule in kept:
        by_part[min(rule.subject)].append(rule)
    found = [own for own in tree.iter("*") if own.tag not in ROOTS and _is_hidden(own, by_part)]
    hidden = _without_panels(found)
    outer, body = outermost(hidden), next(tree.iter("body"), tree)
    if sum(map(_size, outer)) <= MOST * _size(body):
        for own in outer:
            own.set("hidden", "")


def _size(element: Any) -> int:
    return len(element.text_content())


def _without_panels(found: Iterable[Any]) -> set[Any]:
    """Elements without those of one class that all stand behind one kind of element, which opens
    them: a heading, or what has a class of its own."""
    groups: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for own in found:
        groups[own.tag, own.get("class", "")].append(own)
    kept = [own for group in groups.values() if not _are_panels(group) for own in group]
    return set(kept)


def _are_panels(group: list[Any]) -> bool:
    befores = [own.getprevious() for own in group]
    if len(group) < 2 or any(one is None or not isinstance(one.tag, str) for one in befores):
        return False
    kinds = {(one.tag, one.get("class", "")) for one in befores}
    tag, name = next(iter(kinds))
    told = bool(name) or tag in HEADINGS or tag in ("dt", "button", "summary")
    return len(kinds) == 1 and told and (tag, name) != (group[0].tag, group[0].get("class", ""))


def _not_opened(rules: Iterable[_Rule]) -> list[_Rule]:
    """The plain rules, the last of those for the same, without those that hide what another one
    shows in some state or on some screen."""
    shown: dict[tuple[str, str], set[tuple[Parts, bool]]] = defaultdict(set)  # by name and part
    for rule in rules:
        for part in () if rule.hides else rule.subject:
            shown[rule.name, part].add((rule.subject, rule.plain))
    last = {(rule.subject, rule.name): rule for rule in rules if rule.plain}
    return [rule for rule in last.values() if not (rule.hides and _is_opened(rule, shown))]


def _is_opened(rule: _Rule, shown: Mapping[tuple[str, str], Iterable[tuple[Parts, bool]]]) -> bool:
    return any(
        rule.subject < subject or rule.subject == subject and not plain
        for subject, plain in shown.get((rule.name, min(rule.subject)), ())
    )


def _is_hidden(own: Any, by_part: Mapping[str, list[_Rule]]) -> bool:
    parts = {own.tag, *(f".{name}" for name in own.get("class", "").split())}
    parts |= {f"#{own.get('id')}"} if own.get("id") else set()
    found = [rule for part in parts for rule in by_part.get(part, ()) if rule.subject <= parts]
    last = {rule.name: rule for rule in sorted(found, key=lambda rule: rule.weight)}
    return any(rule.hides for rule in last.values())


# -- reading -------------------------------------------------------------------------------


def _rules(css: str) -> Iterator[_Rule]:
    """The rules that show or hide, in the order in which they are written."""
    above: list[str] = []  # what stands before the braces that are open
    before = ""
    for order, piece in enumerate(re.split(r"([{};])", _NO_CODE.sub(" ", css))):
        if piece == "{":
            above.append(before.strip())
        elif piece in ("}", ";"):
            declared = _DECLARATION.match(before)
            if declared and above:
                yield from _rules_of(above, declared[1].lower(), declared[2].lower(), order)
            above = above[:-1] if piece == "}" else above
        before = piece


def _rules_of(above: list[str], name: str, value: str, order: int) -> Iterator[_Rule]:
    *outer, selectors = above
    if any(map(_NEVER.match, above)):
        return
    always = all(map(_ALWAYS.fullmatch, outer))
    for selector in _BRACKETS.sub(":", selectors).split(","):
        compound = re.split(r"[\s>+~]+", selector.strip())[-1]
        subject = _parts(_STATES.sub("", compound.replace("::", ":").strip(":")))
        if subject:
            plain = always and bool(_COMPOUND.fullmatch(selector.strip()))
            yield _Rule(subject, plain, name, value, order)


def _parts(compound: str) -> Parts:
    found = _PART.findall(compound) if _COMPOUND.fullmatch(compound) else []
    return frozenset(part if part[0] in ".#" else part.lower() for part in found)
