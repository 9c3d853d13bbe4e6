"""Footnotes stand behind what bears their marks, whatever program wrote the page."""

import pytest

from mm_support.knowledge.readers.base import Remarks
from mm_support.knowledge.readers.blocks import html_blocks
from mm_support.knowledge.readers.markdown import markdown_blocks

PAGES = {
    "Word, read by mammoth": '<p>Shipping is free<sup><a href="#footnote-2" id="footnote-ref-2">[1]'
    '</a></sup> for all.</p><h1>Pay</h1><p>By card.</p><ol><li id="footnote-2"><p> From 50 euros. '
    '<a href="#footnote-ref-2">↑</a></p></li></ol>',
    "Word, saved as a page": '<p>Shipping is free<a href="#_ftn1" name="_ftnref1"><sup>[1]'
    '</sup></a> for all.</p><h2>Pay</h2><p>By card.</p><hr><div id="ftn1"><p><a href="#_ftnref1" '
    'name="_ftn1"><sup>[1]</sup></a> From 50 euros.</p></div>',
    "DocBook": '<p>Shipping is free<a href="#ftn.a" id="a"><sup>[1]</sup></a> for all.</p>'
    '<h2>Pay</h2><p>By card.</p><div class="footnotes"><div id="ftn.a"><p><a href="#a"><sup>[1] '
    "</sup></a>From 50 euros.</p></div></div>",
    "Asciidoctor": '<div><p>Shipping is free<sup>[<a id="_ref_1" href="#_def_1">1</a>]</sup> for '
    'all.</p></div><h2>Pay</h2><p>By card.</p><div id="_def_1"><a href="#_ref_1">1</a>. From 50 '
    "euros.</div>",
    "docutils": '<p>Shipping is free<a href="#footnote-1" id="ref-1">1</a> for all.</p><h2>Pay</h2>'
    '<p>By card.</p><aside id="footnote-1"><span>[<a href="#ref-1">1</a>]</span><p>From 50 euros.'
    "</p></aside>",
    "lines without paragraphs": '<div>Shipping is free<a href="#n" id="r"><sup>1</sup></a> for <b>'
    'all</b>.<br></div><h2>Pay</h2>By card.<ol><li id="n">From 50 euros.'
    '<a href="#r">↩</a></li></ol>',
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_note_stands_behind_the_paragraph_that_bears_its_mark(page):
    blocks, _ = html_blocks(page, Remarks("a.html"))
    texts = [block.text for block in blocks]
    assert texts == ["Shipping is free¹ for all.", "¹ From 50 euros.", "Pay", "By card."]


def test_a_note_of_an_item_stands_behind_the_list_and_others_follow_in_order():
    page = (
        '<ul><li>Post<sup><a href="#n1" id="r1">1</a></sup></li><li>Car<sup><a href="#n2" id="r2">2'
        '</a></sup></li></ul><h2>Pay</h2><p>By card.</p><ol><li id="n1">To 2 kg. <a href="#r1">'
        '↩</a></li><li id="n2">To 9 kg. <a href="#r2">↩</a></li></ol>'
    )
    blocks, _ = html_blocks(page, Remarks("a.html"))
    texts = [block.text for block in blocks]
    assert texts[:3] == ["- Post¹\n- Car²", "¹ To 2 kg.", "² To 9 kg."]


def test_links_that_lead_to_headings_and_back_are_no_notes():
    page = (
        '<p><a href="#a" id="toc-a">1</a></p><h2 id="a">Fees</h2><p>5. <a href="#toc-a">Up</a></p>'
    )
    blocks, _ = html_blocks(page, Remarks("a.html"))
    assert [block.text for block in blocks] == ["1", "Fees", "5. Up"]


def test_notes_of_markdown_stand_behind_their_paragraphs_with_their_marks():
    body = "Free[^a] for\n**all**.\n\nNow[^b].\n\n## Pay\n\n- Card[^a]\n\n"
    text = f"{body}[^a]: To 2 kg.\n[^b]: Or\n    later.\n"
    blocks, _ = markdown_blocks(text, Remarks("a.md"), 1)
    texts = [block.text for block in blocks]
    assert texts == ["Free¹ for\nall.", "¹ To 2 kg.", "Now².", "² Or later.", "Pay", "- Card¹"]
