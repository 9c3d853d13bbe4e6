"""The heading under which sentences of an entry are read: "What is not covered: Filters, bags."

It is said before them where they do not say it themselves, since it may turn what they mean or tell
when they hold. The title of a text without headings is needed before what is no sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mm_support.decide.coded import codes_in
from mm_support.decode.blocks import LEADS_ON, blocks_of, joined_at
from mm_support.decode.sentence import Sentence
from mm_support.language.asks import opens_with_yes_or_no
from mm_support.language.contacts import contact_asked
from mm_support.language.detect import in_characters, language_of
from mm_support.language.sentences import ASKING, ENDS
from mm_support.language.terms import term_set
from mm_support.types import Entry


def headed(
    question: str, entry: Entry, sentences: Sequence[Sentence], shown: bool = False
) -> list[Sentence]:
    """The sentences of the entry, behind the heading that they need. A question most of which was
    asked, or is said by the first sentence, is not asked again, save where a yes or no that replies
    to it may be taken for a reply to the customer's. Headings within the text are told from it by a
    colon, and left out where none of their own text follows. shown: whether it is a photo that asks
    about the entry, so that its whole title tells what that was taken for.
    """
    sentences = [*_over_text(sentences, entry)]
    said = "\n".join(sentence.text for sentence in sentences)
    coded = shown or _leaves_out_code(question, entry, said) or bool(contact_asked(question))
    if not sentences:
        return []
    head = entry.title if shown else _heading(entry, sentences[0], coded)
    if not head:
        return [*sentences]
    asks, first = head.endswith(ASKING), sentences[0].text
    replying = asks and opens_with_yes_or_no(first)
    # of what answers a question, or a photo, only the first sentence tells which
    heard = "" if replying else first if asks or shown else said
    heard += f"\n{question}" if asks or coded else ""
    language = language_of(entry.answer)
    own = term_set(head, language)
    missing = own - term_set(heard, language)
    asked = asks and not replying and 2 * len(missing) < len(own)
    if head in said or own and (asked or not missing):
        return [*sentences]
    return [Sentence(before_text(head), sentences[0].citations, heading=True), *sentences]


def before_text(title: str) -> str:
    """A title as it stands before its text: with a colon where it ends with no mark."""
    if title.endswith((*ENDS, *LEADS_ON)):
        return title
    return f"{title}：" if in_characters(title) else f"{title}:"


def _over_text(sentences: Sequence[Sentence], entry: Entry) -> Iterator[Sentence]:
    """The sentences without headings over nothing, and without the title as a line of the text."""
    for own, after in zip(sentences, [*sentences[1:], None]):
        over_none = own.heading and (after is None or after.heading)
        if over_none or own.text == entry.title and len(sentences) > 1:
            continue
        yield replace(own, text=before_text(own.text)) if own.heading else own


def _heading(entry: Entry, first: Sentence, coded: bool) -> str:
    """The heading right above a passage, or the question that it answers; else what its title ends
    with, where that alone has a code that is asked about or tells whose number is stated, or what
    is shown first is a fragment and has no heading in the text.
    """
    if entry.section:
        return entry.section.rpartition(" > ")[2]
    if entry.title.endswith(ASKING):
        return entry.title
    whole = first.text.endswith((*ENDS, *LEADS_ON)) and not first.is_row
    joined = len(joined_at(entry, blocks_of(entry))) > 1
    return "" if whole and not coded or joined else entry.title.rpartition(": ")[2]


def _leaves_out_code(question: str, entry: Entry, said: str) -> bool:
    """Whether a code is asked about that the entry is titled by, and what is said does not name."""
    codes = codes_in(term_set(question)) & term_set(entry.title)
    return bool(codes) and codes.isdisjoint(term_set(said))
