"""Knowledge: pictures are kept with their base, whatever happens to an ingest, and few are in
memory at once.
"""

import threading
from pathlib import Path

import numpy as np
import pytest
from conftest import ColourEncoder, WordEncoder
from PIL import Image

from mm_support.device import resolve_device
from mm_support.encode.image import load_image_encoder
from mm_support.knowledge.base import Knowledge
from mm_support.knowledge.index.folder import FolderIndex
from mm_support.knowledge.points import PHOTOS, PICTURE_SIDE
from mm_support.knowledge.query import SearchQuery
from mm_support.types import FusedQuery

EXAMPLES = Path(__file__).parents[1] / "assets" / "examples"


@pytest.fixture
def make(tmp_path):
    """Builds a Knowledge from fakes in tmp_path. models: names those that make the vectors."""

    def build(image=None, text=None, models="fake", folder=tmp_path):
        text, image = text or WordEncoder(), image or ColourEncoder()
        index = FolderIndex(folder, models, text.dim, image.dim)
        return Knowledge(index, text, image, lambda turn: None)

    return build


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
    assert kept(tmp_path) == sorted(
        path for entry in knowledge.entries("kb") for path in entry.pictures
    )


class CountingEncoder(ColourEncoder):
    """Remembers how many photos it was given at once, and the largest side of any."""

    def __init__(self):
        self.most = self.largest = 0

    def encode(self, photos):
        self.most = max(self.most, len(photos))
        self.largest = max(self.largest, *(side for photo in photos for side in photo.size))
        return super().encode(photos)


def test_few_small_photos_are_in_memory_at_once_and_each_entry_has_its_own_vector(make, tmp_path):
    encoder = CountingEncoder()
    folder = source(tmp_path / "kb", *range(10, 10 + 2 * PHOTOS + 1))
    colours = {"red": (250, 0, 0), "blue": (0, 0, 250)}
    for name, colour in colours.items():
        (folder / f"{name}.md").write_text(f"# {name}\n\nIt is {name}.")
        Image.new("RGB", (3000, 2000), colour).save(folder / f"{name}.jpg")
    knowledge = make(encoder)
    knowledge.ingest("kb", folder)
    assert (encoder.most, encoder.largest) == (PHOTOS, PICTURE_SIDE)
    (folder / "red.jpg").write_bytes(b"no picture")
    (told,) = knowledge.ingest("damaged", folder).skipped
    assert told[0] == "red.md" and "red.jpg" in told[2]
    for name, colour in colours.items():
        (vector,) = encoder.encode([Image.new("RGB", (64, 64), colour)])
        query = SearchQuery(FusedQuery(None, vector, {"photo": vector}, {"photo": 1.0}))
        assert knowledge.find("kb", query, 1)[0].entry.title == name


@pytest.mark.slow
def test_a_kept_picture_looks_like_the_photo_it_was_made_of(settings):
    encoder = load_image_encoder(settings, resolve_device("cpu"))
    photo = Image.open(EXAMPLES / "washer-e24.jpg").resize((4000, 3000))
    small = photo.copy()
    small.thumbnail((PICTURE_SIDE, PICTURE_SIDE))
    one, other = encoder.encode([photo, small])
    assert one @ other / np.linalg.norm(one) / np.linalg.norm(other) > 0.99
