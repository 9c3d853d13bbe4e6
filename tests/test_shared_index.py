"""Bases on a server: what one machine publishes the others have soon, whole, with its pictures; and
what a front has a copy of it answers from while the server is away.
"""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ColourEncoder, WordEncoder
from test_index import TODAY, Bases, query, random_points
from test_service import folder  # noqa: F401  (fixture)

from mm_support.config import Settings
from mm_support.errors import KnowledgeError
from mm_support.knowledge.base import Knowledge
from mm_support.knowledge.index import shared
from mm_support.knowledge.index.search import search
from mm_support.knowledge.index.shared import SharedIndex
from mm_support.loading import open_index

HERE = Path(__file__).resolve().parent


@pytest.fixture
def url(postgres):
    url = postgres.database(migrated=False)
    yield url
    postgres.drop(url)


@pytest.fixture
def machines(url, tmp_path):
    """Two with a folder each."""
    return [Bases(tmp_path / name, url=url) for name in ("one", "other")]


@pytest.fixture
def knowledge(url, tmp_path):
    """The same with encoders."""
    text, image = WordEncoder(), ColourEncoder()
    indexes = [
        SharedIndex(url, tmp_path / name, "fake", text.dim, image.dim) for name in ("one", "other")
    ]
    return [Knowledge(index, text, image, lambda turn: None) for index in indexes]


def rows(postgres, url, table):
    return postgres.execute(f"SELECT * FROM {table}", postgres.name(url))


def test_another_machine_finds_the_same(machines):
    one, other = machines
    points = random_points(30)
    one.replace("kb", points, "v1")
    with pytest.raises(KnowledgeError, match="no knowledge base"):
        other.index.open("kb")
    other.index.follow()
    asked = query(points[7].text[0], photo=points[7].words)
    assert [(hit.entry.id, hit.score) for hit in other.search("kb", asked, 5)] == [
        (hit.entry.id, hit.score) for hit in one.search("kb", asked, 5)
    ]
    other.replace("kb", random_points(3), "v2")
    one.index.follow()
    assert one.label("kb") == "v2"
    one.index.undo("kb")
    other.index.follow()
    assert other.label("kb") == "v1" and len(other.entries("kb")) == 30
    other.index.remove("kb")
    one.index.follow()
    assert one.index.names() == [] and one.index.removed() == ["kb"]
    other.index.remove("kb")
    one.index.follow()
    assert one.index.removed() == [] and not (one.folder / "bases" / "kb").exists()


def test_pictures_sources_and_what_was_learned_come_with_it(knowledge, folder):  # noqa: F811
    one, other = knowledge
    one.ingest("kb", folder)
    one._index.open("kb").keep({"learned": [0.1, 2]})
    other._index.follow()
    entries = {entry.id: entry for entry in other.entries("kb")}
    (picture,) = entries["e24"].pictures
    assert picture.is_relative_to(other.pictures_dir) and picture.stat().st_size > 100
    assert other.fitted("kb") == {"learned": [0.1, 2]}
    kept = [path.name for path in other._sources._folder.rglob("*") if path.is_file()]
    assert sorted(kept) == ["blue.png", "faq.csv", "red.png"]


def test_of_edits_on_two_machines_at_once_none_is_lost(knowledge, folder):  # noqa: F811
    one, other = knowledge
    one.ingest("kb", folder)
    other._index.follow()
    entry = one.entries("kb")[0]

    def edit(number):
        own = replace(entry, id=f"new {number}", title=f"Title {number}")
        (one, other)[number % 2].edit("kb", own)

    with ThreadPoolExecutor(4) as people:
        list(people.map(edit, range(6)))
    for machine in knowledge:
        machine._index.follow()
        assert len(machine.entries("kb")) == 4 + 6


def test_the_server_holds_two_versions_of_a_base_and_each_picture_once(
    postgres,
    url,
    knowledge,
    folder,  # noqa: F811
):
    one, other = knowledge
    one.ingest("kb", folder)
    entry = next(entry for entry in one.entries("kb") if entry.id == "e24")
    for number in range(4):
        one.edit("kb", replace(entry, answer=f"Answer {number}."))
    assert len({version for _, version, _ in rows(postgres, url, "knowledge_holds")}) == 2
    paths = [path for path, *_ in rows(postgres, url, "knowledge_files")]
    assert (
        len(paths) == len(set(paths)) and sum(path.startswith("pictures/") for path in paths) == 2
    )
    other._index.follow()
    other.remove("kb")
    one._index.follow()
    assert one.list() == [] and one._index.removed() == ["kb"]
    other.undo("kb")
    one._index.follow()
    assert len(one.entries("kb")) == len(other.entries("kb"))
    other.remove("kb")
    other.remove("kb")
    one._index.follow()
    assert one._index.removed() == []
    assert rows(postgres, url, "knowledge_files") == rows(postgres, url, "knowledge_holds") == []


def test_files_that_are_larger_than_a_row_come_whole(machines, monkeypatch):
    monkeypatch.setattr(shared, "PIECE", 1000)
    one, other = machines
    one.replace("kb", random_points(40), "v1")
    other.index.follow()
    copies = [list(machine.folder.glob("bases/kb/*/*")) for machine in machines]
    files = [{path.name: path.read_bytes() for path in own} for own in copies]
    assert files[0] == files[1] and max(map(len, files[0].values())) > 3000


def test_while_the_server_is_away_copies_answer_and_the_old_version_stays(
    postgres, machines, monkeypatch
):
    one, other = machines
    one.replace("kb", random_points(5), "v1")
    other.index.follow()
    monkeypatch.setattr(one.index._server, "_url", "postgresql://nobody@127.0.0.1:9/none")
    with pytest.raises(KnowledgeError, match="MM_SUPPORT_INDEX_URL"):
        one.replace("kb", random_points(9), "v2")
    with pytest.raises(KnowledgeError):
        one.index.follow()
    assert one.label("kb") == "v1" and len(one.search("kb", query(random_points(1)[0].text[0]), 5))
    monkeypatch.undo()
    one.replace("kb", random_points(9), "v3")
    other.index.follow()
    assert other.label("kb") == "v3" and len(other.folders()) <= 2


def test_a_machine_that_ends_while_it_publishes_leaves_the_old_base_to_all(machines, url):
    one, other = machines
    one.replace("kb", random_points(5), "v1")
    body = (
        "import os, sys\n"
        f"sys.path[:0] = [{str(HERE)!r}, {str(HERE.parent)!r}]\n"
        "from pathlib import Path\n"
        "from test_index import Bases, random_points\n"
        "from mm_support.knowledge.index import shared\n"
        "shared._tidy = lambda *given: os._exit(9)\n"  # all files are sent, nothing is committed
        f"Bases(Path({str(one.folder)!r}), url={url!r}).replace('kb', random_points(9), 'v2')\n"
    )
    assert subprocess.run([sys.executable, "-c", body], timeout=60).returncode == 9
    for machine in machines:
        machine.index.follow()
        assert machine.label("kb") == "v1" and len(machine.entries("kb")) == 5
    other.replace("kb", random_points(2), "v3")
    one.index.follow()
    assert one.label("kb") == "v3" and not list(one.folder.glob("bases/kb/*.new"))


def test_no_version_is_answered_from_by_half_while_others_come_and_go(machines):
    one, other = machines
    one.replace("kb", random_points(3), "start-3")
    other.index.follow()
    asked, done, answered = query(random_points(3)[2].text[0]), threading.Event(), 0

    def publish():
        for number in range(12):
            one.replace("kb", random_points(3 + number % 4), f"v-{3 + number % 4}")
        done.set()

    def follow():
        while not done.is_set():
            other.index.follow()

    with ThreadPoolExecutor(2) as threads:
        ends = [threads.submit(publish), threads.submit(follow)]
        while not done.is_set():
            version = other.index.open("kb")
            hits = search(version, asked, 10, TODAY, True)
            assert hits[0].entry.id == "e2" and len(hits) == len(version)
            assert len(version) == int(version.about.label.split("-")[1])
            answered += 1
        [end.result() for end in ends]
    other.index.follow()
    assert answered > 10 and other.label("kb") == one.label("kb")


def test_a_path_that_leads_out_of_the_folder_is_refused(postgres, url, machines, tmp_path):
    one, other = machines
    one.replace("kb", random_points(3), "v1")
    change = "UPDATE knowledge_{} SET path = 'bases/../../out' WHERE path LIKE '%/facets'"
    for table in ("holds", "files"):
        postgres.execute(change.format(table), postgres.name(url))
    with pytest.raises(KnowledgeError, match="outside its folder"):
        other.index.follow()
    assert other.index.names() == [] and not (tmp_path / "out").exists()


def test_the_setting_opens_it_and_the_default_is_the_folder(url, tmp_path):
    settings = Settings(data_dir=tmp_path, index_url=url)
    assert isinstance(open_index(settings, 4, 4), SharedIndex) and "tests@" not in repr(settings)
    local = open_index(settings.with_changes(index_url=""), 4, 4)
    assert not isinstance(local, SharedIndex)


def test_a_server_that_is_away_is_told_without_its_password(tmp_path):
    with pytest.raises(KnowledgeError) as caught:
        SharedIndex("postgresql://me:secret@127.0.0.1:9/name", tmp_path, "m", 4, 4)
    assert "secret" not in str(caught.value)
