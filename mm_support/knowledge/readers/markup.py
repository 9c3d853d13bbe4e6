"""Takes out of Markdown what the site's generator would have taken out before anybody reads it.

MDX imports, exports and components, Hugo shortcodes, Liquid tags, admonitions, comments, attribute
lists. Their contents stay, their titles become headings that fold. Code is left alone. Every line
that is kept remembers its number. Knows no Markdown beyond fences and code spans.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from mm_support.knowledge.readers.bold_marks import is_within, with_bold_marks
from mm_support.knowledge.readers.mdx_modules import IMPORT, end_of_module
from mm_support.knowledge.readers.myst import without_myst

_FENCE = re.compile(r"\s*(?:[-*+>]\s+|\d+[.)]\s+)?(`{3,}(?=[^`]*$)|~{3,})")
# all patterns take time in proportion to the text: what may run on is bounded or atomic. Groups are
# (?>...), since Python before 3.11.5 matches possessive ones wrongly (CPython's issue 106052)
_CODE = r"(?<!`)(`++)(?!`).{1,2000}?(?<!`)\1(?!`)"
_CODE_SPAN = re.compile(_CODE)
_COMMENT_OR_CODE = re.compile(rf"{_CODE}|<!--|\{{/\*")
_VALUE = (
    r"\"[^\"]{0,500}+\"|'[^']{0,500}+'"
    r"|\{(?>(?:[^{}]++|\{(?>(?:[^{}]++|\{[^{}]{0,200}+\}){0,20})\}){0,20})\}"
)
_COMPONENT = re.compile(
    rf"<(/?)([A-Z]\w*+(?>(?:\.\w++)*))((?>(?:[^<>\"'{{}}/]++|/(?!>)|{_VALUE}){{0,100}}))(/?)>"
)
_CLOSED = re.compile(r"</([A-Z]\w*)>|<([A-Z]\w*)(?:\s[^<>]*)?/>")
_ENDED = re.compile(r"\{(?:%-?|\{[<%])\s*(?:/\s*|end)([\w-]+)")  # {% endraw %}, {{< /tabs >}}
_COMPONENT_START = re.compile(r"</?[A-Z]\w*[a-z]\w*(?:\s|$)")
_TAG_START = re.compile(r"\{\{[<%]|\{%")
_SHORTCODE = re.compile(r"\{\{[<%]((?>(?:(?!\{\{|[%>]\}\}).)*))[%>]\}\}", re.DOTALL)
TEMPLATE = re.compile(r"\{%[^{}]*%\}|\{\{[<%][^{}]*[%>]\}\}")  # in code it may be what is told
_LIQUID = re.compile(r"\{%((?>(?:(?!\{%|%\}).)*))%\}", re.DOTALL)
_NAME = re.compile(r"[\s-]*(/|end)?\s*([^\s=/]*+)(?!=)")
_EXPRESSION = re.compile(r"(?<=[\w-])=\{\{?([^{}]*)\}?\}")
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'|`([^`]*)`")
_HTML_OF_JSX = re.compile(  # <td width={9}>
    rf"<[a-z][\w-]*(?:\s+[\w-]+=(?:{_VALUE})){{1,20}}\s*/?>"
)
_ATTRIBUTE = re.compile(r"([\w-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|\{[\"'`]([^\"'`]*)[\"'`]\})")
_TITLES = ("title", "headline", "label", "summary", "heading", "name", "caption", "header")
_COLONS = re.compile(  # :::note Title, :::note[Title], ::: {.callout-note title="Title"}
    r"\s*:{3,}\s*(?:[\w-]+|\{[^{}]*?(?:title=\"([^\"{}]*)\"[^{}]*)?\})?"
    r"(?:\[(.*)\]|\{title=\"(.*)\"\}|\s+(.*))?\s*$"
)
_BANGS = re.compile(r"\s*(?:(?:!!!|\?\?\?\+?)(?:\s+[\w-]+)*|===\+?!?)\s+\"(.*)\"\s*$")
_BANGS_ALONE = re.compile(r"\s*(?:!!!|\?\?\?\+?)\s+[\w-]+(?:\s+(?:inline|end))*(?:\s+(.*?))?\s*$")
_ALERT = re.compile(r"^(\s*>\s*)\[!\w+\][+-]?\s*(.*)$")
# heads of boxes that warn: :::warning, > [!CAUTION], {% hint style="danger" %}, <Warning>
_WARNS = re.compile(
    r"\W*(?:(?:notice|hint|alert|callout|admonition|note)\W+)?(?:(?:style|type|kind)\W+)?"
    r"(?:warning|caution|danger|attention|important)\b",
    re.IGNORECASE,
)
_TEXT = re.compile(r"(\s*(?:>\s*)?)(?!\d+[.)]\s)(?=[^\W_]|\*\*|[\"“(])")  # no list, no table
_ATTRIBUTE_LIST = re.compile(  # {#id .class key="value"}, {: .class}, {:toc} on a line of its own
    r"(?:^\s*\{:\s*[\w-]+\s*\}|\s*\{:?\s*(?:[#.][\w:.-]+|[\w-]+=(?:\"[^\"{}]*\"|'[^'{}]*'|[\w-]+))"
    r"(?:\s+(?:[#.]?[\w:.-]+|[\w-]+=(?:\"[^\"{}]*\"|'[^'{}]*'|[\w-]+)))*\s*\})\s*$"
)
_CONTENTS = re.compile(r"\s*\[\[?_?TOC_?\]?\]\s*$", re.IGNORECASE)
_SNIPPET = re.compile(
    r"\s*;?-{1,}8<-{1,}\s*(?:[\"'].*)?$"
)  # --8<-- "part.md": another file's lines
_ABBREVIATION = re.compile(r"\*\[[^\]\n]{1,40}\]:\s")  # *[SIM]: what is told where one points
_EMOJI = re.compile(r":(?:material|fontawesome|octicons|simple)-[\w-]+:(?:\{[^{}\n]*\})?\s?")
_KEYS = re.compile(r"\+\+([\w-]+(?:\+[\w-]+){0,5})\+\+")  # ++ctrl+c++
# ==what is highlighted==, but neither a==b nor a line of signs
_HIGHLIGHT = re.compile(r"(?<![=0-9A-Za-z])==(?![\s=])([^=\n]{1,300}+)(?<!\s)==(?![=0-9A-Za-z])")
# links between the notes of a wiki: [[Note]], [[Note#Part]], [[#Part]], [[Note|text]], in a table
# [[Note\|text]]; ![[Note]] puts one in, or a picture; but neither x[[i]] nor [["a", "b"]]
_WIKI_LINK = re.compile(
    r"(?<![0-9A-Za-z_)])(!?)\[\[(?![\s\[])([^\[\]|#\\\n\"]{0,200}+)((?:#[^\[\]|\\\n]{1,200}+)?)"
    r"(?:\\?\|([^\[\]\n]{1,200}+))?\]\](?![(\[:])"
)
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|webp|bmp|svg|avif)$", re.IGNORECASE)
WARNING = "⚠"  # before the text of a box that warns, of which no part is quoted without the rest
LONGEST_TAG = 60  # lines over which a tag may run
UNCLOSED = "a comment is not closed; what follows it was not read"


@dataclass
class Cleaned:
    """Markdown without markup of generators. numbers: the line of the file of each line."""

    lines: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    unclosed: int = 0  # line of a comment that does not end, or 0
    mdx: bool = False
    closed: frozenset[str] = frozenset()  # components that are closed somewhere
    ending: frozenset[str] = frozenset()  # shortcodes and Liquid tags that are
    folds: list[tuple[str, bool]] = field(default_factory=list)  # open tags, whether they fold
    silent: dict[str, tuple[int, str]] = field(default_factory=dict)  # tags without text, by name
    ended: set[str] = field(default_factory=set)  # names of tags that were closed
    number: int = 0  # of the line that is read
    indented: bool = False  # whether the lines after an admonition's head are its own
    warns: bool = False  # whether the next line is the first of one that warns

    def add(self, number: int, *lines: str) -> None:
        self.lines += lines
        self.numbers += [number] * len(lines)

    def left_out(self) -> list[tuple[int, str]]:
        """(line, tag) of those that a generator would have put something in place of."""
        return [at for name, at in self.silent.items() if name not in self.ended]


def clean(text: str, first: int = 1, mdx: bool = False) -> Cleaned:
    """The text as its generator would hand it to a Markdown parser; first: its first line's number.
    mdx: whether it is known to be; else an import or a component that is closed says so.
    """
    cleaned = Cleaned(mdx=mdx or any(map(IMPORT.match, text.split("\n"))))
    cleaned.closed = frozenset(one or two for one, two in _CLOSED.findall(text))
    cleaned.ending = frozenset(_ENDED.findall(text))
    cleaned.mdx = cleaned.mdx or bool(cleaned.closed)
    plain = without_myst(text.split("\n"))
    for place, directive in plain.left_out:
        cleaned.silent.setdefault(directive, (first + place, directive))
    for inside_code, number, line in _without_comments(plain.lines, first, cleaned):
        if cleaned.indented and line.strip():
            cleaned.indented = line[:1] in " \t"
            line = re.sub(r"^(?:\t| {1,4})", "", line)
        if inside_code:
            cleaned.add(number, line)
        else:
            _clean_line(line, number, cleaned)
    return cleaned


def _without_comments(
    lines: list[str], first: int, cleaned: Cleaned
) -> Iterator[tuple[bool, int, str]]:
    """(whether it is code, number, line) of each line; tags that run over lines are joined."""
    fence, place = "", 0
    while place < len(lines):
        line, number = lines[place], first + place
        place += 1
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
            yield True, number, line
        elif mark:
            fence = mark[1]
            yield True, number, line
        else:
            line, place = _closed(line, lines, place, number, cleaned)
            line, place = _whole_tag(line, lines, place, cleaned.mdx)
            if cleaned.mdx and (end := end_of_module(line, lines, place)):
                line, place = "", end
            yield False, number, line


def _closed(
    line: str, lines: list[str], place: int, number: int, cleaned: Cleaned
) -> tuple[str, int]:
    """The line without comments, and the place after the line on which the last one ends."""
    pieces, at = [], 0
    while found := _COMMENT_OR_CODE.search(line, at):
        if found[1]:
            pieces.append(line[at : found.end()])
            at = found.end()
            continue
        pieces.append(line[at : found.start()])
        end, at = ("-->" if found[0] == "<!--" else "*/}"), found.end()
        while (close := line.find(end, at)) < 0:
            if place == len(lines):
                cleaned.unclosed = number
                return "".join(pieces), place
            line, place, at = lines[place], place + 1, 0
        at = close + len(end)
    return "".join([*pieces, line[at:]]), place


def _outside_code(pattern: re.Pattern[str], line: str) -> re.Match[str] | None:
    """The first match that is in no code span."""
    spans = _code_in(line)
    return next((own for own in pattern.finditer(line) if not is_within(own.start(), spans)), None)


def _whole_tag(line: str, lines: list[str], place: int, mdx: bool) -> tuple[str, int]:
    """Joins the lines of a component or shortcode that ends on a later one."""
    start = _outside_code(_COMPONENT_START, line) if mdx else None
    start = start or _outside_code(_TAG_START, line)
    if start is None:
        return line, place
    end = {"{{": "}}", "{%": "%}"}.get(start[0][:2], ">")
    whole, after = line, place
    while end not in whole[start.start() :] or _is_open(whole[start.start() :], end):
        if after == len(lines) or after - place > LONGEST_TAG:
            return line, place
        whole, after = f"{whole}\n{lines[after]}", after + 1
    return whole, after


def _is_open(tag: str, end: str) -> bool:
    return end == ">" and not _COMPONENT.match(tag)


def _clean_line(line: str, number: int, cleaned: Cleaned) -> None:
    start, cleaned.number = line.lstrip()[:3], number
    if "{" in line or "<" in line:
        line = _without_tags(line, cleaned)
    if start == ":::" and (colons := _COLONS.match(line)):
        cleaned.warns = _warns(line)
        cleaned.add(number, "", *_paragraph(*colons.groups()))
    elif start in ("!!!", "???", "===") and (bangs := _BANGS.match(line)):
        cleaned.indented, cleaned.warns = True, _warns(line)
        cleaned.add(number, "", *_paragraph(bangs[1]))
    elif start in ("!!!", "???") and (alone := _BANGS_ALONE.match(line)):
        cleaned.indented, cleaned.warns = True, _warns(line)
        said = f"{WARNING} {alone[1]}" if alone[1] and cleaned.warns else alone[1]
        cleaned.add(number, "", *([said, ""] if said else []))
    elif start[:1] == ">" and (alert := _ALERT.match(line)):
        cleaned.warns = _warns(line)
        cleaned.add(number, alert[1] + alert[2])
    elif _CONTENTS.match(line) or _ABBREVIATION.match(line):
        cleaned.add(number, "")
    elif _SNIPPET.match(line):
        cleaned.silent.setdefault(line.strip(), (number, line.strip()))
        cleaned.add(number, "")
    else:
        line = _ATTRIBUTE_LIST.sub("", line) if "{" in line else line
        line = _without_signs(line) if any(sign in line for sign in _SIGNS) else line
        line = with_bold_marks(line, _code_in(line)) if line.count("**") > 1 else line
        if cleaned.warns and line.strip(" >"):
            line, cleaned.warns = _TEXT.sub(rf"\1{WARNING} ", line, count=1), False
        cleaned.add(number, *line.split("\n"))


def _without_signs(line: str) -> str:
    """The line outside code as it is seen: without icons and highlighters, with keys and links
    between notes as they are called ("ctrl+c").
    """
    for pattern, seen in _SIGNS_SEEN:
        line = _replaced_outside_code(pattern, seen, line)
    return line


def _replaced_outside_code(
    pattern: re.Pattern[str], seen: Callable[[re.Match[str]], str], line: str
) -> str:
    spans = _code_in(line)

    def outside(sign: re.Match[str]) -> str:
        return sign[0] if is_within(sign.start(), spans) else seen(sign)

    return pattern.sub(outside, line)


def _linked(link: re.Match[str]) -> str:
    """What a reader sees of a link to a note: its text, or its name; a picture that is put in."""
    embedded, note, part, text = link.groups()
    if embedded and _PICTURE.search(note):
        return f"![](<{note}>)"
    return text or " > ".join(filter(None, [note, *part.split("#")])) or link[0]


_SIGNS = (":", "++", "==", "[[")  # one stands in each line that has what _SIGNS_SEEN is for
_SIGNS_SEEN: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_EMOJI, lambda _: ""),
    (_KEYS, lambda keys: keys[1]),
    (_HIGHLIGHT, lambda marked: marked[1]),
    (_WIKI_LINK, _linked),
)


def _code_in(line: str) -> list[tuple[int, int]]:
    """From where to where code stands in a line."""
    return [match.span() for match in _CODE_SPAN.finditer(line)] if "`" in line else []


def _warns(head: str) -> bool:
    return bool(_WARNS.match(head))


def is_warning(name: str) -> bool:
    """Whether a name, such as a class of HTML, is one of boxes that warn."""
    return bool(_WARNS.fullmatch(name.rpartition("macro-")[2]))


def _paragraph(*titles: str | None) -> list[str]:
    title = next((text.strip() for text in titles if text and text.strip()), "")
    return [f"**{title}**", ""] if title else [""]


def _without_tags(line: str, cleaned: Cleaned) -> str:
    """Replaces tags of generators outside code spans by their titles."""
    pieces, last = [], 0
    for span in _CODE_SPAN.finditer(line) if "`" in line else ():
        pieces += [_replaced(line[last : span.start()], cleaned), span[0]]
        last = span.end()
    return "".join([*pieces, _replaced(line[last:], cleaned)])


def _replaced(text: str, cleaned: Cleaned) -> str:
    if "{{" in text:
        text = _SHORTCODE.sub(lambda tag: _named(cleaned, tag), text)
    if "{%" in text:
        text = _LIQUID.sub(lambda tag: _named(cleaned, tag), text)
    if not cleaned.mdx:
        return _HTML_OF_JSX.sub(lambda tag: _EXPRESSION.sub(_first_string, tag[0]), text)
    text = _COMPONENT.sub(lambda tag: _component(tag, cleaned), text)
    return _EXPRESSION.sub(_first_string, text).replace("{' '}", " ").replace('{" "}', " ")


def _first_string(expression: re.Match[str]) -> str:
    """An attribute's value: the first string in its expression, e.g. an address, or all of it."""
    found = _QUOTED.search(expression[1])
    value = next((text for text in found.groups() if text), "") if found else expression[1]
    return f'="{html.escape(value)}"'


def _component(tag: re.Match[str], cleaned: Cleaned) -> str:
    """What a reader sees of a component's tag; a placeholder such as <YourDomain> stays."""
    closing, name, attributes, alone = tag.groups()
    if name.split(".")[0] not in cleaned.closed and "=" not in attributes and not alone:
        return tag[0]
    shown = _seen(cleaned, name, attributes, bool(closing), bool(alone))
    return _noted(cleaned, name, tag[0], shown)


def _named(cleaned: Cleaned, tag: re.Match[str]) -> str:
    """What a reader sees of a shortcode or a Liquid tag, from what stands in its brackets."""
    inside = tag[1]
    name = _NAME.match(inside)
    assert name is not None  # it matches the empty text
    attributes = inside[name.end() :]
    alone = inside.rstrip(" -").endswith("/") or name[2] not in cleaned.ending
    shown = _seen(cleaned, name[2], attributes, bool(name[1]), alone)
    return shown if name[1] else _noted(cleaned, name[2], tag[0], shown)


def _noted(cleaned: Cleaned, name: str, tag: str, shown: str) -> str:
    """What is shown; a tag of which nothing is shown is kept in mind."""
    if not shown and not tag.startswith("</"):
        cleaned.silent.setdefault(name, (cleaned.number, tag))
    return shown


def _seen(cleaned: Cleaned, name: str, attributes: str, closing: bool, alone: bool = False) -> str:
    """A tag with a title opens a part that folds; a tag alone only shows its title."""
    if closing:
        cleaned.ended.add(name)
        return _close(cleaned, name)
    cleaned.warns = cleaned.warns or _warns(f"{name} {attributes}")
    values = {
        found[1].lower(): found[2] or found[3] or found[4] or ""
        for found in _ATTRIBUTE.finditer(attributes)
    }
    titles = (values[name] for name in _TITLES if values.get(name))
    title = html.escape(next(titles, ""))
    picture = f"\n\n![](<{values['src']}>)\n\n" if values.get("src") else ""
    if alone:
        return picture + (f"\n\n{title}\n\n" if title else "")
    cleaned.folds.append((name, bool(title)))
    if not title:
        return picture
    return f"\n\n<details><summary>{title}</summary>\n\n{picture}"


def _close(cleaned: Cleaned, name: str) -> str:
    """Closes the last tag of this name, and what was left open inside."""
    places = [place for place, (opened, _) in enumerate(cleaned.folds) if opened == name]
    if not places:
        return ""
    folds = any(folded for _, folded in cleaned.folds[places[-1] :])
    del cleaned.folds[places[-1] :]
    return "\n\n</details>\n\n" if folds else ""
