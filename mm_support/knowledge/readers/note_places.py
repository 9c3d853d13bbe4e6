"""Footnotes at the end of a page -> behind the paragraph, list or table that bears their marks.

    <p>Free<a id="r1" href="#n1">1</a></p> ... <li id="n1">From 50 euros. <a href="#r1">↩</a></li>

A note is told by its two links, which lead to each other: so do Word's, Markdown's, DocBook's and
Asciidoctor's. Works on the tree of a page, before it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mm_support.knowledge.readers.elements import HEADINGS, line_of

WHOLE = ("ul", "ol", "menu", "dl", "table")  # what a note does not stand within
HOLDING = ("div", "section", "article", "main", "blockquote", "figure", "td", "body", "html")
BREAKING = (*WHOLE, *HOLDING, *HEADINGS, "p", "hr", "pre", "li", "dd", "aside")
ITEMS = ("li", "p", "dd", "aside", "div")  # what holds a note
SHORT = 3  # characters of a link that leads back
_MARK = re.compile(r"[\[(]?(\d{1,3}|[a-z]|[*†‡§]{1,3})(?::\d{1,3})?[\])]?")
_OWN_MARK = re.compile(r"^[\s\[\]().:]+")  # what is left of a note's, without its number


def place_notes(tree: Any) -> None:
    """Moves each note behind the first block that bears its mark."""
    links = tree.xpath("//a[starts-with(@href, '#') and string-length(@href) > 1]")
    marks = dict[Any, str]()  # note -> its mark
    last = dict[Any, Any]()  # what ends a block -> what was placed behind it
    for link, note, mark in list(_pairs(tree, links)) if len(links) > 1 else ():
        if note not in marks and (text := _text_of(note)):
            marks[note] = mark
            end = _end_of_block(link)
            last[end] = _placed(last.get(end, end), mark, text)
            note.drop_tree()
        _as_mark(link, marks.get(note, mark))


def _pairs(tree: Any, links: list[Any]) -> Iterator[tuple[Any, Any, str]]:
    """(link, note, mark) of the links that lead to a note which leads back."""
    named = {name: own for own in tree.xpath("//*[@id or @name]") for name in _names(own)}
    order = {own: at for at, own in enumerate(tree.iter())}
    for link in links:
        mark = _MARK.fullmatch(line_of(link))
        place = named.get(link.get("href")[1:])
        note = _item(place) if mark and place is not None else None
        if mark and note is not None and order[note] > order[link]:
            names = _names_around(link)
            if any(back.get("href", "")[1:] in names for back in note.iter("a")):
                yield link, note, mark[1]


def _names(own: Any) -> set[str]:
    return {name for name in (own.get("id"), own.get("name")) if name}


def _names_around(link: Any) -> set[str]:
    """The names of a link and of what surrounds it within its line."""
    around = [link]
    while around[-1].getparent() is not None and around[-1].tag not in BREAKING:
        around.append(around[-1].getparent())
    return set().union(*map(_names, around))


def _item(own: Any) -> Any:
    """What holds the note that a name stands in."""
    return own if own.tag in ITEMS else next(own.iterancestors(*ITEMS), None)


def _text_of(note: Any) -> str:
    """What a note says in a line, without its own mark and the links back."""
    for own in list(note.iter()):
        if own.tag == "a" and own.get("href", "").startswith("#") and len(line_of(own)) <= SHORT:
            own.clear(keep_tail=True)
        elif own.tag in BREAKING and own is not note:
            own.tail = f" {own.tail or ''}"
    return _OWN_MARK.sub("", line_of(note))


def _end_of_block(link: Any) -> Any:
    """The last element of the block that a mark stands in: a whole list or table, a paragraph, or
    what stands in a line with it.
    """
    if whole := list(link.iterancestors(*WHOLE)):
        return whole[-1]
    own = link
    while own.getparent() is not None and own.getparent().tag not in HOLDING:
        own = own.getparent()
    while own.tag not in BREAKING and (after := own.getnext()) is not None:
        if after.tag in BREAKING:
            break
        own = after
    return own


def _placed(end: Any, mark: str, text: str) -> Any:
    """A new paragraph behind what ends a block, with the note."""
    note = end.makeelement("p")
    raised = note.makeelement("sup")
    raised.text, raised.tail = mark, f" {text}"
    note.append(raised)
    end.addnext(note)  # behind its tail
    return note


def _as_mark(link: Any, mark: str) -> None:
    """A raised mark in place of a link, and of the brackets around it."""
    own = link
    while own.getparent().tag in ("sup", "span") and _MARK.fullmatch(line_of(own.getparent())):
        own = own.getparent()
    own.clear(keep_tail=True)
    own.tag, own.text = "sup", mark
