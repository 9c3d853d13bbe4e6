"""What the command line shows while a service loads."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tqdm import tqdm

from mm_support.base_names import check_base, only_for
from mm_support.config import Settings
from mm_support.progress import log_lines

if TYPE_CHECKING:
    from mm_support.service import SupportService

BAR = "{desc} ({elapsed})"


def load_service(settings: Settings) -> SupportService:
    """A ready service, which hears, sees and speaks once it has to; while it loads, what it does is
    shown. Raises SupportError.
    """
    from mm_support.service import SupportService

    with ExitStack() as failed, tqdm(bar_format=BAR, disable=None, leave=False) as bar:
        show: Callable[..., None] = bar.set_description_str if sys.stderr.isatty() else log_lines()
        service = SupportService.start(settings, at_once=False)
        failed.callback(service.close)
        while not service.wait(0.2):
            show(service.status().message)
        failed.pop_all()
        return service


def service_with(settings: Settings, name: str) -> SupportService:
    """A ready service that has the base. Raises KnowledgeError for one that does not exist, where
    that shows in the data folder before the models are loaded.
    """
    check_base(settings, name)
    with ExitStack() as failed:
        service = load_service(only_for(settings, name))
        failed.callback(service.close)
        service.knowledge.check(name)
        failed.pop_all()
        return service
