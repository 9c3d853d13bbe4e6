"""Knowledge: pictures are kept with their base, whatever happens to an ingest, and few are in memory at once."""

import threading

import pytest
from conftest import ColourEncoder, WordEncoder
from PIL import Image

from mm_support.knowledge.base import Knowledge
from mm_support.knowledge.index import VectorIndex, connect


@pytest.fixture
def make(tmp_path):
    """Builds a Knowledge from fakes, whose pictures are kept in tmp_path / "pictures"."""
    indexes = []

    def build(image):
        indexes.append(VectorIndex(connect(tmp_path / "index"), "fake", WordEncoder.dim, image.dim))
        return Knowledge(indexes[-1], WordEncoder(), image, tmp_path / "pictures", lambda turn: None)

    yield build
    for index in indexes:
        index.close()


def source(folder, *grey_levels):
    """A folder of Markdown files, an entry each, with a picture of its grey beside it."""
    folder.mkdir()
    for level in grey_levels:
        (folder / f"grey{level}.md").write_text(f"# Grey {level}\n\nIt is grey.")
        Image.new("RGB", (64, 64), (level,) * 3).save(folder / f"grey{level}.png")
    return folder


def kept(tmp_path):
    return sorted((tmp_path / "pictures" / "kb").glob("*"))


def test_a_failed_ingest_leaves_no_picture_and_the_old_ones(make, tmp_path):
    knowledge = make(ColourEncoder())

    def fail(done, total, _):
        if done == total:
            raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        knowledge.ingest("kb", source(tmp_path / "first", 10), fail)
    assert kept(tmp_path) == [] and knowledge.list() == []
    knowledge.ingest("kb", source(tmp_path / "second", 20))
    with pytest.raises(RuntimeError):
        knowledge.ingest("kb", source(tmp_path / "third", 30, 40), fail)
    (entry,) = knowledge.entries("kb")
    assert kept(tmp_path) == list(entry.pictures)


def test_two_ingests_at_once_leave_one_base_with_its_pictures(make, tmp_path):
    knowledge = make(ColourEncoder())
    second = threading.Thread(target=knowledge.ingest, args=("kb", source(tmp_path / "second", 30)))

    def begin_the_second(done, total, _):
        if done == total:
            second.start()
            second.join(0.5)

    knowledge.ingest("kb", source(tmp_path / "first", 10, 20), begin_the_second)
    second.join()
    assert kept(tmp_path) == sorted(path for entry in knowledge.entries("kb") for path in entry.pictures)
