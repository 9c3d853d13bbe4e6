"""Where a language is mostly spoken (Unicode's likely subtags)."""

from __future__ import annotations


def region_of(language: str) -> str:
    """ISO 3166 of the country, such as "FR" for "fr"; "" for a language that nobody knows."""
    from babel.core import get_global

    return get_global("likely_subtags").get(language, "").rpartition("_")[2]
