"""What the command line shows while a service loads."""

from __future__ import annotations

from tqdm import tqdm

from mm_support.config import Settings
from mm_support.loading import check_base
from mm_support.service import SupportService


def load_service(settings: Settings) -> SupportService:
    """A ready service; while it loads, what it does is shown. Raises SupportError."""
    service = SupportService.start(settings)
    with tqdm(bar_format="{desc} ({elapsed})", disable=None, leave=False) as bar:
        while not service.wait(0.2):
            bar.set_description_str(service.status().message)
    return service


def service_with(settings: Settings, name: str) -> SupportService:
    """A ready service that has the base. Raises KnowledgeError for one that does not exist, where
    that shows in the data folder before the models are loaded.
    """
    check_base(settings, name)
    service = load_service(settings)
    service.knowledge.check(name)
    return service
