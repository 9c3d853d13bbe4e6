"""HTML pages -> one document a page: its text without navigation, banners and fields of forms.

A page says itself where its text is (<main>, <article>); where it does not, trafilatura finds it.
What a page folds away is read, what it hides otherwise is reported. Runs in the sandbox.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urljoin

from mm_support.knowledge.readers.base import Block, Document, File, Remarks, quoted
from mm_support.knowledge.readers.blocks import is_breadcrumb, remark_hidden, tree_blocks
from mm_support.knowledge.readers.bold_heads import mark_bold_headings
from mm_support.knowledge.readers.bold_lines import mark_bold_lines, without_contents
from mm_support.knowledge.readers.class_looks import mark_looks
from mm_support.knowledge.readers.columns import by_field, is_unpublished
from mm_support.knowledge.readers.contents import mark_parts
from mm_support.knowledge.readers.elements import (
    HEADINGS,
    blank_permalinks,
    holder_of,
    is_within,
    letters_of,
    line_of,
    outermost,
)
from mm_support.knowledge.readers.encoding import as_browsers_read, decode, is_unicode
from mm_support.knowledge.readers.extraction import SHORT, extracted
from mm_support.knowledge.readers.fields import as_day, as_tags, as_text
from mm_support.knowledge.readers.labels import label_in_sentence
from mm_support.knowledge.readers.layout import open_layouts
from mm_support.knowledge.readers.markdown import split_questions, titled
from mm_support.knowledge.readers.note_places import place_notes
from mm_support.knowledge.readers.panels import is_hidden, is_mostly_links, unfold
from mm_support.knowledge.readers.properties import is_property, remark_properties
from mm_support.knowledge.readers.reach import has_contact, reaching
from mm_support.knowledge.readers.style_rules import hide_by_style
from mm_support.knowledge.readers.warned import mark_warnings, warns
from mm_support.language.field_names import field_of, is_aside
from mm_support.language.folding import folded

LEAST_SHARE = 0.3  # of a page's text that <main> or <article> must hold to be taken
FRAME = (
    "//script|//style|//noscript|//template|//nav|//footer|//dialog|//iframe|//svg|//form//label"
    "|//header[not(ancestor::article or ancestor::main)]"
    "|//*[@role='navigation' or @role='banner' or @role='contentinfo' or @role='dialog'"
    " or @role='alertdialog' or @role='search' or @role='menu' or @aria-modal='true']"
)
EDGES = (
    "//footer|//header[not(ancestor::article or ancestor::main)]"
    "|//*[@role='banner' or @role='contentinfo']"
)
BESIDE = "//aside|//*[@role='complementary']"
HIDDEN = "//*[@hidden or @aria-hidden='true' or @style]"
MAIN = "//main|//article|//*[@role='main']|//*[@itemprop='articleBody']|//*[@id='main-content']"
IN_MAIN = f"boolean({MAIN.replace('//', 'ancestor::')})"
IN_IT = MAIN.replace("//", ".//")
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_TEMPLATE = re.compile(r"\{%[^{}]*%\}|\{\{[^{}]*\}\}")
_NAME_PARTS = re.compile(r"\s+[|–—·»-]\s+")


def read_html(file: File, remarks: Remarks) -> Iterator[Document]:
    """The document of a page."""
    from lxml import html as parser

    text = _text(file.data, remarks)
    if not text.strip():
        return
    tree = parser.document_fromstring(text, parser=parser.HTMLParser(huge_tree=False))
    meta = _meta(tree)
    links = tuple(dict.fromkeys(_links(tree, file.url)))
    fields = by_field(_properties(tree, remarks))
    if is_unpublished(fields, 0, remarks):
        return
    blank_permalinks(tree)
    _mark_title(tree)
    _drop_comments(tree, remarks)
    place_notes(tree)
    mark_looks(tree)
    hide_by_style(tree)
    frame = [block for edge in outermost(tree.xpath(EDGES)) for block in reaching(edge)]
    panels = _drop_frame(tree, remarks)
    own = _own(tree, panels, remarks)
    letters = "".join(map(letters_of, own))
    frame += [block for part in _beside(tree, letters) for block in reaching(part, has_contact)]
    blocks = [block for part in own for block in tree_blocks(part, remarks)[0]]
    if any(_is_template(block) for block in blocks):
        remarks.skip(0, "it is a template that a site makes pages of, and no page")
        return
    blocks = without_contents(blocks, remarks)
    heading = next(map(_heading, tree.iter("h1")), "")
    name = meta.get("og:title") or " ".join((tree.findtext(".//title") or "").split())
    title, blocks = titled(heading or _without_site(name), blocks, file.stem)
    questions, blocks = split_questions(blocks)
    yield Document(
        title,
        blocks,
        file.name,
        questions=tuple(questions),
        tags=tuple(as_tags(fields.get("tags"))),
        language=as_text(tree.get("lang"))[:35],
        url=meta.get("canonical") or file.url,
        links=links,
        updated=as_day(
            meta.get("article:modified_time") or fields.get("updated"), "date", 0, remarks
        ),
        site=meta.get("og:site_name") or _site(name),
        frame=tuple(frame),
    )


def _text(data: bytes, remarks: Remarks) -> str:
    """The page's text in the encoding that it declares, if that one fits; what is UTF-8 is nothing
    else, as a server may know better than the page.
    """
    declared = _CHARSET.search(data[:4096])
    text = None
    if declared and not is_unicode(data):
        with suppress(LookupError, UnicodeDecodeError):
            text = data.decode(as_browsers_read(declared[1].decode("ascii"))).replace("\x00", "")
    if text is None:
        text = decode(data, remarks)
    return re.sub(r"^\s*<\?xml[^>]*\?>", "", text)  # lxml refuses it in a text


def _meta(tree: Any) -> dict[str, str]:
    found = {
        str(tag.get("property") or tag.get("name")): as_text(tag.get("content"))
        for tag in tree.iter("meta")
        if tag.get("content")
    }
    for tag in tree.iter("link"):
        if tag.get("rel") == "canonical" and str(tag.get("href", "")).startswith("http"):
            found["canonical"] = tag.get("href")
    return found


def _links(tree: Any, base: str) -> Iterator[str]:
    for tag in tree.iter("a"):
        address = (tag.get("href") or "").strip()
        if address and not address.startswith(("#", "javascript:", "mailto:", "tel:")):
            with suppress(ValueError):  # it is no address
                yield urljoin(base, address)


def _heading(own: Any) -> str:
    """The text of a heading, without the name of the space that Confluence writes before it."""
    for broken in own.iter("br"):
        broken.tail = f" {broken.tail or ''}"
    text = line_of(own)
    return text.partition(" : ")[2] or text if own.get("id") == "title-heading" else text


def _mark_title(tree: Any) -> None:
    """The first paragraph in the style "title" is an <h1>, as Google Docs and Word write it, but
    where a page of another program has a single one."""
    styled = tree.xpath("//p[contains(concat(' ', translate(@class, 'TM', 'tm'), ' '), 'title ')]")
    first = next((own for own in tree.iter("p", "li", "td") if own.text_content().strip()), None)
    alone = len([*tree.iter("h1")]) == 1 and not tree.xpath(
        "//body[contains(@class, 'doc-content')]"
    )
    if styled and styled[0] is first and not alone:
        styled[0].tag = "h1"


def _drop_comments(tree: Any, remarks: Remarks) -> None:
    """Takes out what people remarked on a text in Google Docs, which stands below it."""
    notes = tree.xpath("//a[starts-with(@id, 'cmnt') and starts-with(@href, '#cmnt_ref')]")
    for mark in tree.xpath("//a[starts-with(@id, 'cmnt_ref')]"):
        _drop(mark)
    for note in notes:
        lines = next(note.iterancestors("div", "p"), note)
        box = next(note.iterancestors("div"), lines)
        _drop(box if line_of(box).startswith(line_of(note)) else lines)
    if notes:
        remarks.skip(0, f"{len(notes)} comments were left out")


def _properties(tree: Any, remarks: Remarks) -> dict[str, str]:
    """What an export of Notion says of its page, or one of Confluence of its space, taken out of
    the tree."""
    found: dict[str, str] = {}
    for table in [own for own in tree.iter("table") if _is_of_record(own)]:
        remarks.skip(0, f"{quoted(line_of(table))} says something of the page and is not shown")
        _drop(table)
    for row in tree.xpath("//table[@class='properties']//tr[th and td]"):
        name = line_of(row.find("th"))
        if is_property(name):
            found[name] = ", ".join(filter(None, map(str.strip, row.find("td").itertext())))
            _drop(row)
    remark_properties(found, 0, remarks)
    return {name: value.lstrip("@") for name, value in found.items()}


def _is_of_record(table: Any) -> bool:
    """Whether a table tells by whom a page was made, and nothing but its name and the like."""
    rows = [(row.findall("th"), row.findall("td")) for row in table.iter("tr")]
    if not rows or any(len(names) != 1 or len(cells) != 1 for names, cells in rows):
        return False
    names = [line_of(head) for (head,), _ in rows]
    made = any(is_aside(name) and not field_of(name) for name in names)
    return made and all(field_of(name) or is_aside(name) for name in names)


def _is_template(block: Block) -> bool:
    """Whether a block says no more than what a program puts something in place of."""
    tagged = block.kind != "code" and ("{{" in block.text or "{%" in block.text)
    return tagged and not _TEMPLATE.sub("", block.text).strip()


def _without_site(name: str) -> str:
    """ "Returns | Shop" -> "Returns"."""
    parts = _NAME_PARTS.split(name)
    return parts[0] if len(parts) > 1 and len(parts[0]) > 3 else name


def _site(name: str) -> str:
    """ "Returns | Shop" -> "Shop"."""
    parts = _NAME_PARTS.split(name)
    return parts[-1] if len(parts) > 1 else ""


# -- what is the page's own -----------------------------------------------------------------


def _drop_frame(tree: Any, remarks: Remarks) -> list[Any]:
    """Takes out what surrounds a page's text, and what it hides; returns its panels."""
    breadcrumbs = [element for element in tree.iter("*") if is_breadcrumb(element.attrib)]
    for element in breadcrumbs[:1]:
        remarks.skip_navigation(0, element.itertext())
    for element in [*breadcrumbs, *tree.xpath(FRAME)]:
        _drop(element)
    panels = [*tree.iter("details"), *unfold(tree)]
    for element in tree.xpath(HIDDEN):
        hidden = is_hidden(element.attrib) or element.get("aria-hidden") == "true"
        if hidden and element.getroottree().getroot() is tree:  # nothing round it is gone
            remark_hidden(remarks, 0, element)
            _drop(element)
    for button in list(tree.iter("button")):  # trafilatura knows none that a sentence names
        button.drop_tag() if label_in_sentence(button) else _drop(button)
    open_layouts(tree)
    mark_parts(tree, remarks)
    mark_bold_headings(tree)
    mark_bold_lines(tree)
    mark_warnings(tree)
    _drop_beside(tree, remarks)
    _drop_forms(tree)
    return [panel for panel in panels if panel.getroottree().getroot() is tree]


def _drop(element: Any) -> None:
    if element.getparent() is not None:
        element.drop_tree()


def _drop_beside(tree: Any, remarks: Remarks) -> None:
    """Side columns; a box within the page's text, or one that warns, is part of it."""
    for element in tree.xpath(BESIDE):
        if is_mostly_links(element):
            remarks.skip_navigation(0, element.itertext())
            _drop(element)
        elif warns(element) or element.xpath(IN_MAIN):
            element.tag = "div"  # elsewhere it would count as a side column again
        else:
            remark_beside(remarks, element)
            _drop(element)


def remark_beside(remarks: Remarks, element: Any) -> None:
    """Reports a side column that says something."""
    if text := " ".join(element.itertext()).strip():
        remarks.skip(0, f"{quoted(text)} stands beside its text and was left out")


def _drop_forms(tree: Any) -> None:
    """Forms; one in the page's text, or round it, is read without its fields."""
    for form in tree.xpath("//form"):
        most = 2 * len(form.text_content()) > len(tree.text_content())
        if most or form.xpath(IN_IT) or form.xpath(IN_MAIN):
            form.tag = "div"
        else:
            _drop(form)


def _own(tree: Any, panels: list[Any], remarks: Remarks) -> list[Any]:
    """The elements with the page's own text, in its order."""
    least = LEAST_SHARE * len(tree.text_content())
    groups = [[element] for element in tree.xpath(MAIN)] + _articles(tree, least)
    largest = max(groups, key=_size, default=[])
    if largest and _size(largest) >= least:
        _remark_others(tree, largest, remarks)
        return largest
    if not tree.xpath("//div[@class or @id]"):  # a plain page has nothing beside its text
        return [tree]
    holder = holder_of([*panels, *tree.iter("h1")]) if panels else None
    found = extracted(tree, remarks)
    return [found if holder is None or _has_headings(found, holder) else holder]


def _has_headings(extracted: Any, holder: Any) -> bool:
    """Whether no heading is lost: of panels, trafilatura often finds the answers alone."""
    found = folded(extracted.text_content())
    return all(folded(one.text_content()) in found for one in holder.iter(*HEADINGS, "summary"))


def _size(group: list[Any]) -> int:
    return sum(len(element.text_content()) for element in group)


def _articles(tree: Any, least: float) -> list[list[Any]]:
    """Several articles that are one page: those beside each other, with what stands between them
    and the headings above; and all that are long.
    """
    articles = [own for own in tree.iter("article") if not own.xpath("ancestor::article")]
    long = [article for article in articles if _size([article]) >= least]
    parents = dict.fromkeys(article.getparent() for article in articles)
    return [_from_first_to_last(list(parent.iterchildren("*"))) for parent in parents] + [long]


def _beside(element: Any, letters: str) -> Iterator[Any]:
    """The largest parts of a page none of which is its text. letters: of this text."""
    for child in element.iterchildren("*"):
        if child.tag in ("head", "article") or letters_of(child) in letters:
            continue
        lines = map(letters_of, child.iterdescendants("*"))
        if any(len(line) >= SHORT and line in letters for line in lines):
            yield from _beside(child, letters)
        else:
            yield child


def _remark_others(tree: Any, taken: list[Any], remarks: Remarks) -> None:
    """Reports the articles beside the page's text: teasers of other pages, for the most part."""
    others = [
        quoted(article.text_content())
        for article in tree.iter("article")
        if not any(one in taken for one in (article, *article.iterancestors()))
        and not any(is_within(one, article) for one in taken)
    ]
    if others:
        more = f" and {len(others) - 1} more" if others[1:] else ""
        remarks.skip(0, f"the article {others[0]}{more} stands beside its text and was left out")


def _from_first_to_last(children: list[Any]) -> list[Any]:
    places = [at for at, child in enumerate(children) if child.tag == "article"]
    first, last = places[0], places[-1]
    while first and children[first - 1].tag in HEADINGS:
        first -= 1
    return children[first : last + 1]
