"""What stands at the top of every page: whose it is, and the choice of a language."""

from __future__ import annotations

from typing import Any

import gradio as gr

from demo.brand import Brand
from demo.markup import esc
from demo.sign_in import leave_button
from demo.words import languages, said, word


def title_line(brand: Brand, page: str = "") -> str:
    """The logo and the name, behind a link for those who use the keyboard."""
    logo = f'<img src="{esc(brand.logo)}" alt="">' if brand.logo else '<i aria-hidden="true"></i>'
    title = staff_title(esc(brand.name), page) if page else esc(brand.name)
    words = word("skip_to_message")
    skip = f'<a class="ms-skip" href="#box" data-word="skip_to_message">{words}</a>'
    return f"{skip}<h1>{logo}<span>{title}</span></h1>"


def staff_title(name: str, page: str) -> str:
    """Whose a page for those who sign in is, and what it is; a phone shows only that."""
    return f'<span class="ms-whose">{name} · </span>{said(page)}'


def header(brand: Brand, page: str = "") -> Any:
    """page: key of the name of one for those who sign in; the button with which they sign out is
    returned, on other pages the name.
    """
    offered = brand.languages or tuple(languages())
    options = "".join(
        f'<option value="{name}">{word("language_name", name)}</option>' for name in offered
    )
    chooser = f'<select id="ms-language" aria-label="{word("language")}">{options}</select>'
    if len(offered) < 2:
        chooser = ""
    with gr.Row(elem_id="ms-header", equal_height=True):
        title = gr.HTML(title_line(brand, page), elem_id="ms-brand", padding=False)
        gr.HTML(chooser, elem_id="ms-choose", padding=False)
        return leave_button() if page else title
