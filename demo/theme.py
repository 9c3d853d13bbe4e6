"""How the page looks: one accent colour, the system's own fonts, nothing fetched from outside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio.themes as themes

from demo.brand import Brand
from demo.colours import shades
from demo.words import script as words_script

HERE = Path(__file__).resolve().parent
LATIN_FONTS = ["system-ui", "-apple-system", "Segoe UI", "Roboto"]
CHINESE_FONTS = ["PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC"]
FONTS = [*LATIN_FONTS, *CHINESE_FONTS, "sans-serif"]

# of every gr.Chatbot: what is shown is sanitised, without formulas, and nothing is downloaded
CONVERSATION: dict[str, Any] = {
    "show_label": False,
    "elem_id": "chat",
    "height": None,
    "layout": "bubble",
    "allow_tags": False,
    "sanitize_html": True,
    "latex_delimiters": [],
    "buttons": ["copy"],
    "allow_file_downloads": False,
}


def theme(brand: Brand = Brand()) -> themes.Base:  # noqa: B008
    return themes.Base(
        primary_hue=themes.Color(name="brand", **shades(brand.accent)),
        neutral_hue="zinc",
        font=FONTS,
        font_mono=["ui-monospace", "Consolas", "monospace"],
        radius_size=themes.sizes.radius_lg,
        spacing_size=themes.sizes.spacing_md,
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        background_fill_primary="white",
        background_fill_primary_dark="*neutral_900",
        background_fill_secondary="*neutral_100",
        background_fill_secondary_dark="*neutral_800",
        border_color_primary="*neutral_200",
        border_color_primary_dark="*neutral_700",
        block_border_width="0px",
        block_shadow="none",
        block_radius="16px",
        input_radius="10px",
        button_large_radius="12px",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        color_accent="*primary_700",
        color_accent_soft="*primary_100",
        color_accent_soft_dark="*primary_950",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_800",
        checkbox_background_color_selected="*primary_700",
        checkbox_border_color_selected="*primary_700",
        checkbox_background_color_selected_dark="*primary_600",
        checkbox_border_color_selected_dark="*primary_600",
    )


def script(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def head() -> str:
    """The scripts of the page, with the words for them."""
    scripts = f"<script>{words_script()}{script('page.js')}</script>"
    return f"<style>{script('embed.css')}</style>{scripts}"


def css() -> str:
    return (HERE / "page.css").read_text(encoding="utf-8")
