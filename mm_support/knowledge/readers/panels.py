"""Accordions and tabs -> <details>, as a reader sees them who opens all of them.

    <button aria-controls="a">How long?</button><div id="a" hidden>30 days.</div>
    <details><summary>How long?</summary><div id="a">30 days.</div></details>

A panel is told by what opens it or by the heading that it alone stands under; menus, dialogs and
what else is hidden stay so. Knows no file.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mm_support.knowledge.readers.elements import HEADINGS, is_of_links, is_within, line_of
from mm_support.language.sentences import ASKING

TITLES = ("h2", "h3", "h4", "h5", "h6", "dt", "summary")
PANELS = ("div", "section", "article")
FIELDS = ("input", "select", "textarea")
NO_PANELS = ("nav", "dialog", "script", "style", "template", "noscript")
NO_ROLES = frozenset(
    ["menu", "menubar", "navigation", "dialog", "alertdialog", "search", "listbox", "combobox"]
    + ["banner", "contentinfo", "tooltip", "alert", "status"]
)  # fmt: skip
FOLDING = ("collapse", "tab", "pill")  # what Bootstrap's data-toggle calls panels
INSIDE = ("li", "dd", "td", "th")  # panels that stay what they are: <details> stands in them
HIDES = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)[^;]*;?", re.IGNORECASE)
LINKED = 0.5  # share of a text that is links, from which it leads through a site


def unfold(tree: Any) -> list[Any]:
    """Shows the panels of a tree, each under what opens it; returns them."""
    by_id = {element.get("id"): element for element in tree.iter("*") if element.get("id")}
    _mark_openers(tree, by_id)
    openers: dict[Any, Any] = {}  # panel -> what opens it
    for opener, panel in _pairs(tree, by_id):
        openers.setdefault(panel, opener)
    for panel, opener in openers.items():
        _unfold(panel, opener)
    panels, repeated = list(openers), set()  # their parents
    for element in tree.xpath("//*[@hidden or @aria-hidden or @style]"):
        title = _title_above(element)
        if title is not None and (element.getparent() in repeated or _is_last(element)):
            repeated.add(element.getparent())
            _unfold(element, title)
            panels.append(element)
    for button in list(tree.iter("button")):
        above = next(button.iterancestors(*TITLES, "h1"), None)
        if above is not None and line_of(above) == line_of(button):
            button.drop_tag()
    return panels


def is_hidden(attributes: Mapping[str, str]) -> bool:
    """Whether an element is not shown, to anybody."""
    return "hidden" in attributes or bool(HIDES.search(attributes.get("style", "")))


def is_mostly_links(element: Any) -> bool:
    """Whether a text of several links leads through a site rather than says something."""
    links = [len(line_of(link)) for link in element.iter("a")]
    return len(links) > 1 and sum(links) > LINKED * len(line_of(element))


# -- what opens what -----------------------------------------------------------------------


def _mark_openers(tree: Any, by_id: Mapping[str, Any]) -> None:
    """Gives roles to what a page's script makes a tab or a button: links of a list to panels beside
    each other that have no headings, and what Confluence's macro opens."""
    for group in tree.iter("ul", "ol"):
        links = list(group.iter("a"))
        panels = [by_id.get(link.get("href", "").removeprefix("#")) for link in links]
        if len(links) > 1 and _are_tabs(group, links, panels):
            for link in links:
                link.set("role", "tab")
    for control in tree.find_class("expand-control"):
        control.set("role", "button")
        control.set("aria-expanded", "false")


def _are_tabs(group: Any, links: Sequence[Any], panels: Sequence[Any]) -> bool:
    """Whether a list says no more than its links, which lead to parts of one element, without
    headings, in order."""
    if None in panels or not is_of_links(group, links):
        return False
    bare = all(
        panel.tag in PANELS and next(panel.iter(*HEADINGS), None) is None for panel in panels
    )
    (holder, *others) = {panel.getparent() for panel in panels}
    places = [holder.index(panel) for panel in panels] if not others else []
    return bare and bool(places) and places == sorted(set(places))


def _pairs(tree: Any, by_id: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """What opens a panel, and the panel."""
    for element in tree.iter("*"):
        attributes = element.attrib
        found = _opened(element, by_id) if attributes or element.tag == "button" else None
        if found is not None and _is_panel(found, element):
            yield element, found
        elif attributes and attributes.get("role") in ("tabpanel", "region"):
            title = by_id.get(attributes.get("aria-labelledby", ""))
            if title is not None and _is_panel(element, title):
                yield title, element


def _opened(element: Any, by_id: dict[str, Any]) -> Any:
    """What a button, a tab or another such element opens, None where it opens nothing."""
    attributes = element.attrib
    if element.tag in FIELDS or _opens_other(attributes):
        return None
    opens = "aria-expanded" in attributes or _toggles(attributes) or attributes.get("role") == "tab"
    names = [attributes.get("aria-controls", "")]
    if opens:
        targets = ("data-bs-target", "data-target", "href")
        names += [attributes.get(name, "").removeprefix("#") for name in targets]
    found = next((by_id[name] for name in names if name in by_id), None)
    asks = element.tag == "button" and _asks(element)
    return found if found is not None or not (opens or asks) else _next(element)


def _toggles(attributes: Mapping[str, str]) -> str:
    return attributes.get("data-bs-toggle") or attributes.get("data-toggle") or ""


def _opens_other(attributes: Mapping[str, str]) -> bool:
    """Whether it opens a menu or a dialog."""
    other = _toggles(attributes) not in ("", *FOLDING)
    return other or attributes.get("aria-haspopup", "false") != "false"


def _asks(button: Any) -> bool:
    nested = next(button.iterdescendants("button"), None)  # of broken HTML, perhaps thousands
    return nested is None and _label(button).endswith(ASKING)


def _next(element: Any) -> Any:
    """What stands behind an element, or behind what holds it alone."""
    while element.getnext() is None and element.getparent() is not None:
        if line_of(element.getparent()) != line_of(element):
            return None
        element = element.getparent()
    return element.getnext() if not (element.tail or "").strip() else None


def _is_panel(element: Any, opener: Any) -> bool:
    """Whether it can be what a reader opens to read it."""
    if not isinstance(element.tag, str) or element.tag in NO_PANELS:
        return False
    if element.get("role") in NO_ROLES or element.get("aria-modal") == "true":
        return False
    if element is opener or is_within(opener, element) or is_within(element, opener):
        return False
    return bool(line_of(element) and _label(opener)) and not is_mostly_links(element)


def _title_above(element: Any) -> Any:
    """The heading, or what else asks, right above a hidden element; None without one."""
    above = element.getprevious()
    if not (is_hidden(element.attrib) or element.get("aria-hidden") == "true") or above is None:
        return None
    title = _title(above)
    bare = title is not None and not (above.tail or "").strip()
    return title if bare and _is_panel(element, title) else None


def _title(element: Any) -> Any:
    """The heading, or what asks a question, that an element is or holds alone."""
    if not isinstance(element.tag, str):
        return None
    text = line_of(element)
    own = (one for one in element.iter(*TITLES, "button") if line_of(one) == text)
    title = next(own, element if text.endswith(ASKING) else None)
    return None if title is None or _opens_other(title.attrib) else title


def _is_last(element: Any) -> bool:
    """Whether nothing else stands under the heading above it."""
    after = element.getnext()
    return not (element.tail or "").strip() and (after is None or _title(after) is not None)


# -- opening -------------------------------------------------------------------------------


def _unfold(panel: Any, opener: Any) -> None:
    """Shows a panel, under what opens it where that is no heading or text of its own."""
    _show(panel)
    if opener.getparent() is None:  # it opened another panel before
        return
    if opener.tag in TITLES or next(opener.iterancestors(*TITLES), None) is not None:
        if opener.tag == "button":
            opener.drop_tag()
    elif opener.tag == "button" or opener.get("role") in ("tab", "button"):
        _fold(panel, _label(opener))
        opener.drop_tree()


def _label(element: Any) -> str:
    """Its text without icons."""
    own = copy.deepcopy(element)
    for icon in own.xpath(".//svg|.//*[@aria-hidden='true' or @hidden]"):
        icon.drop_tree()
    return line_of(own)


def _show(element: Any) -> None:
    for name in ("hidden", "aria-hidden"):
        element.attrib.pop(name, None)
    if "style" in element.attrib:
        element.set("style", HIDES.sub("", element.get("style")))


def _fold(panel: Any, title: str) -> None:
    """Puts a panel, or what is in it, into <details> under a title."""
    details, summary = panel.makeelement("details"), panel.makeelement("summary")
    summary.text = title
    details.append(summary)
    if panel.tag in INSIDE:
        summary.tail, panel.text = panel.text, None
        details.extend(list(panel))
        panel.append(details)
        return
    details.tail, panel.tail = panel.tail, None
    panel.getparent().replace(panel, details)
    details.append(panel)
