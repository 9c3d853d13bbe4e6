"""The conversation as the page opens, begins anew and is forgotten.

The browser keeps only the visitor's token and the session, from which the conversation is read
again after a reload.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.events import Dependency

from demo.brand import Brand
from demo.conversation_state import Conversation
from demo.convert import uploads_of
from demo.examples import card
from demo.knowledge_tab import KnowledgeDesk
from demo.markup import notice
from demo.page_parts import EMPTY_BOX
from demo.panels import panel, title_of
from demo.service import Service
from demo.words import DEFAULT, spoken, word
from mm_support.errors import InputError, SupportError
from mm_support.files import remove_kinds
from mm_support.types import Holder

if TYPE_CHECKING:
    from demo.chat import Chat

log = logging.getLogger(__name__)
LONGEST = 2_000  # characters of what a page's address says: the server keeps it for a tab


def named(service: Service, conversation: Conversation) -> Conversation:
    """With what the browser keeps of it: the visitor's token, and a session. Raises InputError for
    a token that is none.
    """
    visit = service.visit(conversation.token)
    session = conversation.session_id or visit.new_session()
    return replace(conversation, token=visit.token, session_id=session)


def offered(service: Service, brand: Brand) -> list[str]:
    """The names of the bases that customers may ask, once they are known."""
    if brand.knowledge:
        return [brand.knowledge]
    return [base.name for base in service.knowledge.list()] if service.status().ready else []


class Opening:
    """The handlers of a chat for what begins and ends a conversation. opened: the event of the page
    that opens, which tells what its address names.
    """

    opened: Dependency

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self.service, self.desk, self.brand = chat.service, chat.desk, chat.brand

    def open(self, where: dict, picked: str | None, conversation: Conversation) -> dict:
        """The page as it opens, in its language; `resume` follows.

        where: {language, knowledge, customer} as the browser gives them, see page.js.
        """
        where = where if isinstance(where, dict) else {}
        language = spoken(str(where.get("language") or DEFAULT), self.brand.languages)
        given = {name: str(where.get(name) or "")[:LONGEST] for name in ("customer", "knowledge")}
        here = replace(conversation, language=language, **given)
        shown = {self.desk.conversation: here, self.desk.panel: panel(here, self.desk.workshop)}
        return shown | self.cards(language) | self.pick(picked, here)

    def cards(self, language: str) -> dict:
        """The example cards in the page's language; nothing where the page has them already."""
        shown = self.chat.cards()
        if language == DEFAULT and len(shown) == len(self.chat.examples):
            return {}
        cards: Any = [card(example, self.chat.folder, language) for example in shown]
        return {self.desk.chat: gr.Chatbot(examples=cards)}

    def pick(self, picked: str | None, conversation: Conversation) -> dict:
        """The base that the address names; where there is none of that name, a sentence says which
        one answers. picked: the one on the page.
        """
        name, language = conversation.knowledge, conversation.language
        names = offered(self.service, self.brand) if name else []
        if name in names:
            return {self.desk.picker: self.picker(name, names, language)}
        if not names:
            return {}
        answers = picked if picked in names else names[0]
        told = word("other_base", language, name=name[:80], base=title_of(answers, language))
        return {self.desk.notice: notice(told, quiet=True)}

    def picker(self, picked: str, names: list[str], language: str) -> gr.Radio:
        """With the bases that there are, of which Gradio lets none pass that it does not show."""
        choices = [(title_of(picked, language), picked)]
        if len(names) > 1:  # in the order of the page
            choices = KnowledgeDesk(self.service).choices(language)
        return gr.Radio(
            choices,
            value=picked,
            visible=len(names) > 1,
            label=word("knowledge", language),
        )

    def resume(self, kept: dict | None, conversation: Conversation) -> dict:
        """The conversation that this browser had before the page was loaded again, with a reply
        that is still worked on; a new one where it had none.
        """
        if conversation.exchanges:
            return {self.desk.people: gr.skip()}
        try:
            before = self.chat.before(kept if isinstance(kept, dict) else {}, conversation)
        except InputError:  # not this visitor's
            before = named(self.service, conversation)
        except SupportError as problem:
            log.warning("a conversation could not be read again: %s", problem)
            return {self.desk.people: gr.skip()}
        if before.latest is None:
            return {self.desk.conversation: before, self.desk.session: self.desk.kept(before)}
        base, heard = before.latest.question.knowledge, before.latest.transcript
        shown = self.desk.show(before) | self.desk.show_controls(before)
        shown |= self.desk.show_understanding(before, whole=True)
        if heard:
            shown |= self.desk.show_transcript(heard, before.language)
        names = offered(self.service, self.brand)
        if base in names:
            shown[self.desk.picker] = self.picker(base, names, before.language)
        elif not names:  # picked as if the address named it, once it is known
            shown[self.desk.conversation] = replace(before, knowledge=before.knowledge or base)
        return shown | self.pick(base, conversation)

    def restart(
        self, conversation: Conversation, kept: dict | None = None, label: str = ""
    ) -> dict:
        """A conversation without what was said so far; asks once more before, where a person has
        the old one, since what they write is not shown in the new one.
        """
        conversation = self.chat.whole(conversation, kept)
        language = conversation.language
        holder = self.chat.with_people(conversation).holder
        if holder.owner in ("waiting", "person") and label != word("really_begin", language):
            told = notice(word("person_has_it", language), quiet=True)
            button = gr.Button(word("really_begin", language))
            return {self.desk.restart: button, self.desk.notice: told}
        ended = replace(conversation, exchanges=(), rated="", holder=Holder(), session_id="")
        begun = named(self.service, ended)
        return {
            **self.desk.show(begun),
            **self.desk.show_controls(begun, value=EMPTY_BOX),
            self.desk.restart: gr.Button(word("new_conversation", language), interactive=True),
        }

    def forget_me(self, label: str, conversation: Conversation, kept: dict | None = None) -> dict:
        """Erases all that is kept of this visitor, their files too; asks once more before."""
        conversation = self.chat.whole(conversation, kept)
        language = conversation.language
        if label != word("really_forget", language):
            return {self.desk.forget: gr.Button(word("really_forget", language))}
        latest = conversation.latest
        if latest and latest.run and not latest.over:  # its last step would show it again
            latest.run.give_way()
        try:
            self.service.visit(conversation.token).erase()
        except SupportError as problem:
            return self.desk.show_notice(problem, language)
        remove_files(conversation)
        empty = Conversation(language=language)
        return {
            **self.desk.show(empty),
            **self.desk.show_controls(empty, value=EMPTY_BOX),
            self.desk.forget: gr.Button(word("forget_me", language)),
            self.desk.notice: notice(word("forgotten", language), quiet=True),
        }


def remove_files(conversation: Conversation) -> None:
    """Removes what the page's folder of uploads holds of a conversation: photos, recordings and
    spoken replies.
    """
    for exchange in conversation.exchanges:
        for own in uploads_of(exchange):
            remove_kinds(own)
