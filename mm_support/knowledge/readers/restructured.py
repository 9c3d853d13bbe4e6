"""reStructuredText, as Sphinx takes it (the manuals of many products) -> one document a file.

docutils makes a page of it, which is read as one. What only Sphinx knows is read as the site shows
it: a box keeps its text, a role what it shows; what the site puts other texts in place of is left
out and reported. Runs in the sandbox: what it teaches docutils stays there.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mm_support.knowledge.readers.base import MAX_FILE_BYTES, Document, File, Remarks
from mm_support.knowledge.readers.encoding import decode
from mm_support.knowledge.readers.html_pages import read_html
from mm_support.knowledge.readers.myst import CODE, ELSEWHERE, NAVIGATION, VERSIONS

if TYPE_CHECKING:
    from docutils.nodes import Element, Node

SAFE = {  # nothing of the machine gets into a page, and no markup past what is read of it
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "_disable_config": True,
    "input_encoding": "unicode",
    "output_encoding": "unicode",
    "embed_stylesheet": False,
    "stylesheet_path": "",
    "syntax_highlight": "none",
    "halt_level": 5,
    "line_length_limit": MAX_FILE_BYTES,  # a longer line would cost the whole file
}
_DIRECTIVE = re.compile(r"\s*\.\. (?:\|[^|]+\| )?([\w:.+-]+)::")
_ROLE = re.compile(r"(?<![\w`]):([A-Za-z][\w:.+-]{0,60}):`")
_LEADS = re.compile(r"(.*\S)\s*<([^<>]*)>$", re.S)  # of a role: what it shows, and where it leads
_TARGET = re.compile(r"\.\. _([^:`]+):$")
_RULE = re.compile(r"(\W)\1+")  # under a heading, or over and under it
PLACES = ("doc", "ref", "numref", "any")  # roles that name a file or a target
SHORTENED = "~"  # :meth:`~Shop.close` shows close


def read_restructured(file: File, remarks: Remarks) -> Iterator[Document]:
    """The document of a file. Raises ValueError for what docutils cannot read."""
    from docutils import nodes
    from docutils.core import publish_doctree, publish_from_doctree

    text = decode(file.data, remarks)
    headed = _headed(text)
    _teach(text, headed, remarks)
    settings = {**SAFE, "warning_stream": io.StringIO()}
    tree = publish_doctree(text, settings_overrides=settings)
    for own in [*tree.findall(_is_none_of_the_page)]:
        own.parent.replace(own, _kept(own))
    tree["title"] = next((own.astext() for own in tree.findall(nodes.title)), file.stem)
    page = publish_from_doctree(tree, writer="html5", settings_overrides=settings)
    yield from read_html(replace(file, data=page.encode()), remarks)


def _headed(text: str) -> dict[str, str]:
    """The label of each target -> the heading that it stands above."""
    found, labels = dict[str, str](), list[str]()
    lines = [line.rstrip() for line in text.split("\n")]
    for line, below in pairwise(lines):
        if line.startswith(".. _"):
            labels += _TARGET.findall(line)
        elif line and not _RULE.fullmatch(line):
            heads = _RULE.fullmatch(below) and not line[0].isspace()
            found |= {label.casefold(): line for label in labels if heads}
            labels = []
    return found


def _is_none_of_the_page(node: Node) -> bool:
    """What is said of the file (":orphan:"), comments, what docutils remarks, and boxes that only
    say so ("Note"), of which the text stays.
    """
    from docutils import nodes

    beside = nodes.docinfo | nodes.comment | nodes.meta | nodes.system_message
    remarks = isinstance(node, nodes.section) and "system-messages" in node["classes"]
    return remarks or isinstance(node, beside | nodes.note | nodes.tip | nodes.hint)


def _kept(own: Element) -> list[Node]:
    """What stays of that: a box's text, and of a remark the source that docutils cannot read."""
    from docutils import nodes

    if isinstance(own, nodes.note | nodes.tip | nodes.hint):
        return own.children
    sources = own.findall(nodes.literal_block) if own.tagname == "system_message" else ()
    return [nodes.paragraph(source.astext(), source.astext()) for source in sources]


def _teach(text: str, headed: dict[str, str], remarks: Remarks) -> None:
    """Makes the directives and roles of a text known that docutils has not of its own."""
    from docutils.parsers.rst import directives, roles
    from docutils.parsers.rst.languages import en

    for line, own in enumerate(text.split("\n"), 1):
        found = _DIRECTIVE.match(own)
        name = found[1].lower() if found else ""
        if name in ELSEWHERE - NAVIGATION:
            remarks.skip(line, f"what the site shows in place of '.. {name}::' is not known")
        if name in ELSEWHERE | CODE or name and name not in en.directives:
            directives.register_directive(name, _directive(name))
    for name in {found[1].lower() for found in _ROLE.finditer(text)} - en.roles.keys():
        roles.register_local_role(name, _role(headed))


def _directive(name: str) -> type:
    """Of a name that docutils does not know, with any options."""
    from docutils import nodes
    from docutils.parsers.rst import Directive, directives
    from docutils.parsers.rst.directives.body import CodeBlock

    class Options(dict):
        """Every option is taken."""

        def __bool__(self) -> bool:
            return True

        def __missing__(self, option: str) -> Any:
            return directives.unchanged

    class Box(Directive):
        has_content, optional_arguments, final_argument_whitespace = True, 1, True
        option_spec = Options()

        def run(self) -> list[Node]:
            if name in ELSEWHERE:
                return []
            box = nodes.container(classes=[name])
            said = " ".join(self.arguments)
            head = f"Version {said}" if name in VERSIONS else said
            if head:
                children, _ = self.state.inline_text(head, self.lineno)
                box += nodes.paragraph(head, "", *children)
            self.state.nested_parse(self.content, self.content_offset, box)
            return [box]

    class Code(CodeBlock):
        option_spec = Options()

        def run(self) -> list[Node]:
            caption = self.options.pop("caption", "")
            return [*([nodes.paragraph(caption, caption)] if caption else []), *super().run()]

    return Code if name in CODE else Box


def _named(place: str, headed: dict[str, str]) -> str:
    """What a place is called: by the heading there, or else in the words of its name."""
    words = re.sub(r"[_-]+", " ", place.rpartition("/")[2])
    return headed.get(place.casefold(), f"{words[:1].upper()}{words[1:]}")


def _called(name: str) -> str:
    """What is shown of a name in code, and of a way through menus."""
    name = name.replace("-->", ">")
    return name.rpartition(".")[2] if name.startswith(SHORTENED) else name.lstrip("!")


def _role(headed: dict[str, str]) -> Any:
    """Of a name that docutils does not know. headed: target -> the heading that it stands above."""
    from docutils import nodes, utils

    def shown(name: str, raw: str, text: str, *_: Any) -> tuple[list[Element], list[Any]]:
        said = utils.unescape(text)
        if leads := _LEADS.match(said):
            said = leads[1]
        else:
            said = _named(said, headed) if name in PLACES else _called(said)
        return [nodes.inline(raw, said)], []

    return shown
