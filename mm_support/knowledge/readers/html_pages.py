"""HTML pages -> one document a page: its text without navigation, banners and forms.

A page says itself where its text is (<main>, <article>); where it does not, trafilatura finds it.
Runs in the sandbox.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urljoin

from mm_support.knowledge.readers.base import Document, File, Remarks
from mm_support.knowledge.readers.blocks import is_breadcrumb, parsed, tree_blocks
from mm_support.knowledge.readers.encoding import decode
from mm_support.knowledge.readers.fields import as_day, as_text
from mm_support.knowledge.readers.markdown import split_questions, titled

LEAST_SHARE = 0.3  # of a page's text that <main> or <article> must hold to be taken
ASIDE = (
    "//script|//style|//noscript|//template|//nav|//footer|//aside|//form|//dialog|//iframe|//svg"
    "|//header[not(ancestor::article or ancestor::main)]"
    "|//*[@role='navigation' or @role='banner' or @role='contentinfo' or @role='dialog'"
    " or @role='alertdialog' or @role='search' or @role='complementary' or @role='menu']"
    "|//*[@hidden or @aria-hidden='true' or @aria-modal='true']"
)
MAIN = "//main|//article|//*[@role='main']|//*[@itemprop='articleBody']"
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
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
    blocks, _ = tree_blocks(_main(tree, remarks), remarks)
    heading = next((" ".join(h.text_content().split()) for h in tree.iter("h1")), "")
    name = meta.get("og:title") or " ".join((tree.findtext(".//title") or "").split())
    title, blocks = titled(heading or _without_site(name), blocks, file.stem)
    questions, blocks = split_questions(blocks)
    yield Document(
        title,
        blocks,
        file.name,
        questions=tuple(questions),
        language=as_text(tree.get("lang"))[:35],
        url=meta.get("canonical") or file.url,
        links=links,
        updated=as_day(meta.get("article:modified_time"), "date", 0, remarks),
    )


def _text(data: bytes, remarks: Remarks) -> str:
    """The page's text in the encoding that it declares, if that one fits."""
    declared = _CHARSET.search(data[:4096])
    text = None
    if declared and not data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        with suppress(LookupError, UnicodeDecodeError):
            text = data.decode(declared[1].decode("ascii")).replace("\x00", "")
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


def _without_site(name: str) -> str:
    """ "Returns | Shop" -> "Returns"."""
    parts = _NAME_PARTS.split(name)
    return parts[0] if len(parts) > 1 and len(parts[0]) > 3 else name


def _main(tree: Any, remarks: Remarks) -> Any:
    """The element with the page's own text."""
    breadcrumbs = [element for element in tree.iter("*") if is_breadcrumb(element.attrib)]
    for element in breadcrumbs[:1]:
        remarks.skip_navigation(0, element.text_content())
    for element in [*breadcrumbs, *tree.xpath(ASIDE)]:
        if element.getparent() is not None:
            element.drop_tree()
    whole = len(tree.text_content())
    found = [e for e in tree.xpath(MAIN) if len(e.text_content()) >= LEAST_SHARE * whole]
    if found:
        return max(found, key=lambda element: len(element.text_content()))
    if not tree.xpath("//div[@class or @id]"):  # a plain page has nothing beside its text
        return tree
    import trafilatura
    from lxml import html

    extracted = trafilatura.extract(
        html.tostring(tree, encoding="unicode"),
        output_format="html",
        include_links=True,
        include_images=True,
        include_comments=False,
        favor_recall=True,
    )
    return parsed(extracted, remarks) if extracted else tree
