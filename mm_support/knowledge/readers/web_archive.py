"""MHT, a page that a browser saved with all that belongs to it -> the document of the page.

Runs in the sandbox.
"""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage

from mm_support.knowledge.readers.base import Document, File, Remarks
from mm_support.knowledge.readers.html_pages import read_html


def read_web_archive(file: File, remarks: Remarks) -> Iterator[Document]:
    """The page of a file; its address is the one that it was saved from."""
    mail = email.message_from_bytes(file.data, EmailMessage, policy=email.policy.default)
    pages = (part for part in mail.walk() if part.get_content_type() == "text/html")
    page = next(pages, None)
    data = page.get_payload(decode=True) if page is not None else None
    if page is None or not isinstance(data, bytes):
        remarks.skip(0, "it holds no page")
        return
    address = str(mail.get("Snapshot-Content-Location") or page.get("Content-Location") or "")
    charset = page.get_content_charset("utf-8")
    text = data.decode(charset, "replace").encode("utf-8")
    yield from read_html(replace(file, data=text, url=address), remarks)
