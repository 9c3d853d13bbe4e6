"""Sites are read again when their time has come, once, and an error changes nothing."""

import os
import threading
import time

import pytest

import mm_support.knowledge.schedule as schedule_module
from mm_support.errors import KnowledgeError
from mm_support.knowledge.schedule import Schedule
from mm_support.types import IngestReport

SITE = "https://help.example/"


class Site:
    """A base that is made of one site."""

    def __init__(self, error=None):
        self.read, self.error = [], error

    def sites(self):
        yield "shop", SITE

    def sync(self, name, source, progress=None):
        self.read.append((name, source))
        if self.error:
            raise self.error
        return IngestReport(1, [], 0.1)


def age(folder, hours):
    (note,) = folder.iterdir()
    before = time.time() - 3600 * hours
    os.utime(note, (before, before))


@pytest.mark.parametrize(
    "error", [None, KnowledgeError("The site does not answer."), RuntimeError("out of memory")]
)
def test_a_site_is_read_after_its_time_and_not_before(tmp_path, error):
    site, folder = Site(error), tmp_path / "sites"
    schedule = Schedule(site, 24, folder)
    schedule.follow()  # the base has just been made
    age(folder, 23)
    schedule.follow()
    assert site.read == []
    age(folder, 25)
    schedule.follow()
    Schedule(site, 24, folder).follow()  # another process, or after a restart
    assert site.read == [("shop", SITE)]


def test_it_goes_on_after_bases_that_could_not_be_looked_through(tmp_path, monkeypatch):
    monkeypatch.setattr(schedule_module, "PAUSE", 0.01)
    site, again = Site(), threading.Event()
    looks = iter(range(100))
    site.sites = lambda: [] if next(looks) and not again.set() else iter([1 / 0])
    schedule = Schedule(site, 1, tmp_path).start()
    assert again.wait(30)
    schedule.close()


def test_it_goes_on_after_a_note_that_could_not_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr(schedule_module, "PAUSE", 0.01)
    blocked, site, again = tmp_path / "sites", Site(), threading.Event()
    blocked.write_text("a file where the folder should be")
    looks = iter(range(100))
    site.sites = lambda: [("shop", SITE)] if not next(looks) else again.set() or []
    schedule = Schedule(site, 1, blocked).start()
    assert again.wait(30)
    schedule.close()


def test_it_ends_when_it_is_told_to(tmp_path):
    schedule = Schedule(Site(), 1, tmp_path).start()
    began = time.monotonic()
    schedule.close()
    assert time.monotonic() - began < 60  # not the hour
