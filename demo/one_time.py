"""Codes in the links that app.py prints: each lets one browser in, once. Knows no page.

They live as long as the process. Whoever reads a link later, in a history, a log or over a
shoulder, enters nothing by it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable

Tell = Callable[[str, str], None]  # called with a page and the code that opens it next


class OneTimeCodes:
    """Each page has one code that is good; when that is spent, another takes its place."""

    def __init__(self) -> None:
        self._pages: dict[str, str] = {}  # good code -> the page that its link leads to
        self._spent: set[str] = set()
        self._tell: Tell = lambda page, code: None

    def announce(self, pages: Iterable[str], tell: Tell) -> None:
        """Makes the first code of each page. tell: is given these, and each later one."""
        self._tell = tell
        for page in pages:
            self._make(page)

    def spend(self, code: str) -> bool:
        """Whether the code was good, which it is no longer."""
        page = self._pages.pop(code, None)
        if page is None:
            return False
        self._spent.add(code)
        self._make(page)
        return True

    def is_spent(self, code: str) -> bool:
        return code in self._spent

    def _make(self, page: str) -> None:
        code = secrets.token_urlsafe(24)
        self._pages[code] = page
        self._tell(page, code)
