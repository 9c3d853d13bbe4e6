"""Knowledge: pictures are kept with their base, whatever happens to an ingest, and few are in
memory at once.
"""

import json
import shutil
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest
from conftest import ColourEncoder, WordEncoder
from PIL import Image

from mm_support.device import resolve_device
from mm_support.encode.image import load_image_encoder
from mm_support.errors import KnowledgeError
from mm_support.knowledge import base
from mm_support.knowledge.base import Knowledge
from mm_support.knowledge.bases import OLDER, STALE
from mm_support.knowledge.contradictions import contradictions, differing
from mm_support.knowledge.index.folder import FolderIndex
from mm_support.knowledge.points import PHOTOS, PICTURE_SIDE, entry_texts
from mm_support.knowledge.query import SearchQuery
from mm_support.knowledge.renewal import Renewal
from mm_support.language.terms import term_set
from mm_support.loading import ingest_packs
from mm_support.types import Entry, FusedQuery, IngestReport, grouped

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


def titles(knowledge, name="kb"):
    return [entry.title for entry in knowledge.entries(name)]


def kept(tmp_path):
    return sorted((tmp_path / "pictures" / "kb").glob("*"))


def test_a_disk_that_takes_no_picture_is_told_in_a_sentence(make, tmp_path):
    knowledge = make()
    (tmp_path / "pictures").write_text("a file where the folder should be")
    with pytest.raises(KnowledgeError, match="could not be written") as caught:
        knowledge.ingest("kb", source(tmp_path / "first", 10))
    assert str(tmp_path) not in str(caught.value)


def test_a_damaged_base_is_listed_with_what_is_wrong_and_keeps_nothing_from_going_on(
    make, tmp_path
):
    for name, grey in (("kb", 10), ("other", 20)):
        make().ingest(name, source(tmp_path / name, grey))
    (file,) = (tmp_path / "bases" / "kb").rglob("about.json")
    file.write_text("{")
    knowledge = make(models="newer")
    damaged, whole = knowledge.list()
    assert "damaged" in damaged.note and (damaged.entries, whole.entries) == (0, 1)
    assert knowledge.stale() == ["other"] and not list(knowledge.sites())
    assert knowledge.version("kb") == "" and knowledge.version("none") is None


def test_a_renewal_that_fails_leaves_no_word_of_how_far_it_was(make, tmp_path):
    make().ingest("kb", source(tmp_path / "first", 10))
    knowledge = make(models="newer")

    def fail(*_):
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        knowledge.renew("kb", fail)
    assert knowledge.list()[0].note == STALE


def test_a_base_that_was_read_otherwise_answers_as_before_and_keeps_what_says_the_same(
    make, tmp_path
):
    """Its vectors stay."""
    make().ingest("kb", source(tmp_path / "first", 10))
    (file,) = (tmp_path / "bases" / "kb").rglob("about.json")
    about = json.loads(file.read_text())
    del about["reading"]  # as in versions that wrote none
    file.write_text(json.dumps(about))
    text, notes = WordEncoder(), []
    knowledge = make(text=text)
    version = knowledge._index.open("kb")
    assert knowledge.stale() == ["kb"] and knowledge._index.fits(version)
    encoded = text.encode_pieces = Mock(side_effect=text.encode_pieces)
    knowledge.renew("kb", lambda *_: notes.append(knowledge.list()[0].note))
    assert notes[-1] == f"{OLDER} 1 of 1 entries are done." and not encoded.called
    assert knowledge.stale() == [] and knowledge.list()[0].note == ""
    assert titles(knowledge) == ["Grey 10"] and kept(tmp_path)


@pytest.mark.parametrize("error", [KnowledgeError("There is no 'gone'."), RuntimeError("memory")])
def test_a_base_that_fails_keeps_no_other_from_being_made_again_and_learned_about(error):
    made, learned = [], []

    def done(name, to):
        if name == "gone":
            raise error
        to.append(name)
        return IngestReport(1, [], 0.1)

    bases = SimpleNamespace(
        stale=lambda packs=True: ["gone", "kb"],
        unfitted=lambda: ["gone", "kb"],
        renew=lambda name, _: done(name, made),
        fit=lambda name: done(name, learned),
    )
    Renewal(bases).thread.join()
    assert made == learned == ["kb"]


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
    assert titles(knowledge) == ["Grey 30"] and len(kept(tmp_path)) == 3  # undo needs the others
    for _ in range(2):
        pictures = [path for entry in knowledge.entries("kb") for path in entry.pictures]
        assert pictures and all(path.is_file() for path in pictures)
        knowledge.undo("kb")
    knowledge.ingest("kb", tmp_path / "second")
    assert len(kept(tmp_path)) == 1


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
    for name in colours:
        (folder / f"{name}.jpg").write_bytes(b"no picture")
    (told,) = grouped(knowledge.ingest("damaged", folder).skipped)
    assert told["count"] == 2 and "'blue.jpg', 'red.jpg'" in told["reason"]
    assert {place.split(":")[0] for place in told["places"]} == {"blue.md", "red.md"}
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


# -- kept in step ------------------------------------------------------------------------------


class CountingText(WordEncoder):
    """Remembers which texts it encoded for knowledge."""

    def __init__(self):
        self.encoded = []

    def encode_pieces(self, texts, kind="query"):
        self.encoded += texts if kind == "passage" else []
        return super().encode_pieces(texts, kind)


def table(path, **answers):
    """A CSV file, an entry a keyword."""
    rows = [f"{name},How is {name}?,{answer}" for name, answer in answers.items()]
    path.write_text("\n".join(["id,title,answer", *rows]))
    return path


def answers(knowledge, name="kb"):
    return {entry.id: entry.answer for entry in knowledge.entries(name)}


def asked(words, dim=WordEncoder.dim):
    (vector,) = WordEncoder().encode([words])
    fused = FusedQuery(vector, None, {"text": vector}, {"text": 1.0})
    return SearchQuery(fused, {"text": term_set(words)})


def test_sync_changes_only_what_changed(make, tmp_path):
    text, photos = CountingText(), CountingEncoder()
    knowledge = make(photos, text)
    folder = source(tmp_path / "docs", 10, 20, 30)
    knowledge.sync("kb", folder)
    before, photos.most = knowledge.entries("kb"), 0
    text.encoded.clear()
    (folder / "grey20.md").write_text("# Grey 20\n\nIt is darker.")
    (folder / "grey30.md").unlink()
    report = knowledge.sync("kb", folder)
    assert (report.entries, text.encoded) == (2, ["Grey 20", "Grey 20: It is darker."])
    assert photos.most == 1
    assert titles(knowledge) == ["Grey 10", "Grey 20"]
    assert knowledge.entries("kb")[0] == before[0]
    assert knowledge.find("kb", asked("darker"), 1)[0].entry.answer == "It is darker."


def test_sync_without_changes_writes_nothing(make, tmp_path):
    knowledge, path = make(), table(tmp_path / "faq.csv", a="Good.", b="Bad.")
    knowledge.sync("kb", path)
    key = knowledge._index.open("kb").key
    assert knowledge.sync("kb", path).entries == 2
    assert knowledge._index.open("kb").key == key
    table(path, c="New.", a="Good.", b="Bad.")  # only their lines and order change
    knowledge.sync("kb", path)
    assert [(e.id, e.source) for e in knowledge.entries("kb")] == [
        ("c", "faq.csv:2"),
        ("a", "faq.csv:3"),
        ("b", "faq.csv:4"),
    ]


def test_a_base_of_several_sources_takes_each_in_step_by_itself(make, tmp_path):
    knowledge = make()
    one = table(tmp_path / "one.csv", a="Good.", b="Bad.")
    two = table(tmp_path / "two.csv", c="Nice.", a="Other.")
    knowledge.sync("kb", one)
    (told,) = knowledge.sync("kb", two).skipped
    assert "another source" in told[2] and told[:2] == ("two.csv", 3)
    assert answers(knowledge) == {"a": "Good.", "b": "Bad.", "c": "Nice."}
    knowledge.sync("kb", table(one, a="Better."))
    assert answers(knowledge) == {"a": "Better.", "c": "Nice."}
    knowledge.ingest("kb", two)
    assert answers(knowledge) == {"c": "Nice.", "a": "Other."}


def test_a_source_that_did_not_change_is_read_again_only_where_the_base_did(
    make, tmp_path, monkeypatch
):
    knowledge, folder = make(), source(tmp_path / "files", 10, 20)
    (folder / "twice.md").write_text("# Twice\n\nIt is grey.")
    reads = []
    real = base.read_source
    monkeypatch.setattr(base, "read_source", lambda *own: reads.append(1) or real(*own))
    first = knowledge.ingest("kb", folder)
    again = knowledge.sync("kb", folder)
    assert len(reads) == 1 and replace(again, seconds=first.seconds) == first
    assert any("says the same" in reason for *_, reason in again.warnings)
    knowledge.edit("kb", replace(knowledge.entries("kb")[0], answer="It is black."))
    for _ in range(2):
        knowledge.sync("kb", folder)
    assert len(reads) == 2
    Image.new("RGB", (64, 64), (30,) * 3).save(folder / "grey20.png")
    knowledge.sync("kb", folder)
    assert len(reads) == 3
    knowledge.undo("kb")
    knowledge.sync("kb", folder)
    assert len(reads) == 4 and make(models="others").sync("kb", folder) and len(reads) == 5


def test_contradictions_within_a_source_and_with_others_are_reported(make, tmp_path):
    knowledge, files = make(), [tmp_path / "a.csv", tmp_path / "b.csv"]
    files[0].write_text("title,answer\nFee,It is 5 euros.\nfee?,It is 7 euros.\nOther,It is.\n")
    files[1].write_text("id,title,answer\nx,FEE,It is 9 euros.\ny,Else,It is so.\n")
    told = [
        [(file, line) for file, line, reason in report.warnings if "other amounts" in reason]
        for report in (knowledge.ingest("kb", files[0]), knowledge.sync("kb", files[1]))
    ]
    assert told == [[("a.csv", 3)], [("b.csv", 2), ("b.csv", 2)]]


def test_edits_and_removals_by_hand_outlast_a_sync_and_are_reported(make, tmp_path):
    knowledge, path = make(), table(tmp_path / "faq.csv", a="Good.", b="Bad.", c="So so.")
    knowledge.ingest("kb", path)
    first = knowledge.entries("kb")[0]
    knowledge.edit("kb", replace(first, answer="Excellent."))
    knowledge.edit("kb", Entry("new", "How is new?", "Fresh."))
    knowledge.remove("kb", "b")
    expected = {"a": "Excellent.", "c": "So so.", "new": "Fresh."}
    assert answers(knowledge) == expected
    assert knowledge.find("kb", asked("excellent"), 1)[0].entry.id == "a"
    (told,) = knowledge.sync("kb", path).skipped
    assert told[:2] == ("faq.csv", 3) and "removed by hand" in told[2]
    assert answers(knowledge) == expected
    knowledge.edit("kb", Entry("b", "How is b?", "Back."))
    assert knowledge.sync("kb", path).skipped == [] and answers(knowledge)["b"] == "Back."


def test_an_edit_keeps_the_pictures_that_an_entry_has(make, tmp_path):
    knowledge = make()
    knowledge.ingest("kb", source(tmp_path / "docs", 10, 20))
    first = knowledge.entries("kb")[0]
    knowledge.edit("kb", replace(first, answer="It is grey, very grey."))
    assert knowledge.entries("kb")[0].pictures == first.pictures and first.pictures[0].is_file()
    (vector,) = ColourEncoder().encode([Image.new("RGB", (8, 8), (10,) * 3)])
    look = SearchQuery(FusedQuery(None, vector, {"photo": vector}, {"photo": 1.0}))
    assert {hit.entry.id for hit in knowledge.find("kb", look, 2)} >= {first.id}


def test_the_last_change_is_undone_and_done_again(make, tmp_path):
    knowledge = make()
    knowledge.ingest("kb", table(tmp_path / "faq.csv", a="Good.", b="Bad."))
    knowledge.remove("kb", "a")
    knowledge.undo("kb")
    assert answers(knowledge) == {"a": "Good.", "b": "Bad."}
    knowledge.undo("kb")
    assert answers(knowledge) == {"b": "Bad."}
    knowledge.undo("kb")
    assert knowledge.sync("kb", tmp_path / "faq.csv").skipped == []  # its removal is undone too


def test_what_cannot_be_changed_is_told(make, tmp_path):
    knowledge = make()
    knowledge.ingest("kb", table(tmp_path / "faq.csv", a="Good."))
    with pytest.raises(KnowledgeError, match="no entry 'z'"):
        knowledge.remove("kb", "z")
    with pytest.raises(KnowledgeError, match="title"):
        knowledge.edit("kb", Entry("a", "", "Good."))
    for change in (
        knowledge.undo,
        knowledge.remove,
        lambda n: knowledge.edit(n, Entry("a", "a", "a")),
    ):
        with pytest.raises(KnowledgeError):
            change("nothing")


def test_a_removed_base_comes_back_until_it_is_removed_again(make, tmp_path):
    knowledge = make()
    knowledge.ingest("kb", table(tmp_path / "faq.csv", a="Good."))
    knowledge.remove("kb")
    assert knowledge.list() == [] and make().list() == []
    knowledge.undo("kb")
    assert answers(knowledge) == {"a": "Good."}
    knowledge.remove("kb")
    knowledge.remove("kb")
    assert list((tmp_path / "sources").glob("*/*")) == []
    with pytest.raises(KnowledgeError, match="no knowledge base"):
        knowledge.undo("kb")


def test_two_edits_at_once_are_both_kept(make, tmp_path):
    path = table(tmp_path / "faq.csv", **{f"e{n}": "Old." for n in range(6)})
    make().ingest("kb", path)
    fronts = [make() for _ in range(6)]
    edits = [
        threading.Thread(target=front.edit, args=("kb", Entry(f"e{n}", "Title", "New.")))
        for n, front in enumerate(fronts)
    ]
    for edit in edits:
        edit.start()
    for edit in edits:
        edit.join()
    assert set(answers(make()).values()) == {"New."}


def test_progress_tells_the_time_that_is_left(make, tmp_path, monkeypatch):
    monkeypatch.setattr("mm_support.knowledge.publishing.CHUNK", 2)
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr("mm_support.knowledge.base.time.perf_counter", lambda: next(clock))
    told = []
    path = table(tmp_path / "faq.csv", **{f"e{n}": "Old." for n in range(6)})
    make().ingest("kb", path, lambda *step: told.append(step))
    told = [step for step in told if step[1] == 6]  # the first is said while the file is read
    assert [(done, total) for done, total, _ in told] == [(0, 6), (2, 6), (4, 6), (6, 6)]
    assert "about 20 s left" in told[1][2] and told[-1][2] == "done"


# -- an upgrade loses no base ------------------------------------------------------------------


def test_a_base_of_other_models_answers_by_its_words_and_is_made_again_from_its_sources(
    make, tmp_path
):
    path = table(tmp_path / "faq.csv", a="The zebra sleeps.", b="Bad.", c="So so.")
    before = make()
    before.ingest("kb", path)
    before.edit("kb", replace(before.entries("kb")[1], answer="Better."))
    before.remove("kb", "c")
    path.unlink()  # what was ingested is kept as it came
    (by_vectors,) = before.find("kb", asked("zebra"), 1)
    after = make(models="others")
    (listed,) = after.list()
    assert after.stale() == ["kb"] and "words" in listed.note
    (by_words,) = after.find("kb", asked("zebra"), 1)
    assert by_words.entry.id == "a" and by_words.score != pytest.approx(by_vectors.score)
    told = []
    report = after.renew("kb", lambda *step: told.append(step))
    assert report.entries == 2 and told[-1][:2] == (2, 2)
    assert after.stale() == [] and after.list()[0].note == ""
    assert answers(after) == {"a": "The zebra sleeps.", "b": "Better."}
    (found,) = after.find("kb", asked("zebra"), 1)
    assert found.entry.id == "a" and found.score == pytest.approx(by_vectors.score)
    assert answers(make(models="others")) == answers(after)


@pytest.mark.parametrize("kept_beside", [True, False])  # False: as releases before kept a file
def test_a_single_file_keeps_its_pictures_when_it_is_made_again(make, tmp_path, kept_beside):
    folder = tmp_path / "shop"
    (folder / "photos").mkdir(parents=True)
    Image.new("RGB", (64, 64), (10, 10, 10)).save(folder / "photos" / "lamp.png")
    (folder / "private.png").write_bytes((folder / "photos" / "lamp.png").read_bytes())
    row = {"id": "lamp", "title": "Lamp", "answer": "It is dark.", "pictures": ["photos/lamp.png"]}
    (folder / "faq.jsonl").write_text(json.dumps(row))
    make().ingest("kb", folder / "faq.jsonl")
    shutil.rmtree(folder)
    (copy,) = (tmp_path / "sources").rglob("*.png")
    assert copy.name == "lamp.png"
    if not kept_beside:
        copy.unlink()
    after = make(models="others")
    report = after.renew("kb")
    ((picture,),) = [entry.pictures for entry in after.entries("kb")]
    assert picture.is_file() and bool(report.skipped) != kept_beside
    assert after.renew("kb").entries == 1 and after.stale() == []


def test_an_upgrade_is_no_change_that_is_undone(make, tmp_path):
    before = make()
    before.ingest("kb", table(tmp_path / "faq.csv", a="Good.", b="Bad."))
    before.remove("kb", "b")
    after = make(models="others")
    after.renew("kb")
    for held in ({"a": "Good.", "b": "Bad."}, {"a": "Good."}):
        after.undo("kb")
        assert answers(after) == held and after.stale() == []


def test_a_base_whose_source_cannot_be_read_any_more_is_made_again_of_itself(make, tmp_path):
    before = make()
    before.ingest("kb", source(tmp_path / "docs", 10, 20))
    for copy in (tmp_path / "sources").rglob("*.md"):
        copy.unlink()
    entries = before.entries("kb")
    after = make(models="others")
    after.renew("kb")
    assert after.entries("kb") == entries and after.stale() == []
    assert all(path.is_file() for entry in entries for path in entry.pictures)


def test_copies_of_sources_go_when_no_version_needs_them(make, tmp_path):
    knowledge, path = make(), tmp_path / "faq.csv"
    for answer in ("One.", "Two.", "Three."):
        knowledge.ingest("kb", table(path, a=answer))
    copies = sorted(file.read_text() for file in (tmp_path / "sources" / "kb").rglob("*.csv"))
    assert len(copies) == 2 and "Three." in copies[0] and "Two." in copies[1]


def test_a_link_out_of_the_folder_is_not_copied(make, tmp_path):
    folder = source(tmp_path / "docs", 10)
    (tmp_path / "secret.md").write_text("# Secret\n\nIt is secret.")
    (folder / "link.md").symlink_to(tmp_path / "secret.md")
    make().ingest("kb", folder)
    assert not [f for f in (tmp_path / "sources").rglob("*") if f.name in ("link.md", "secret.md")]


def test_renewal_runs_beside_and_stops_when_it_is_told_to(make, tmp_path):
    for name in ("one", "two"):
        make().ingest(name, table(tmp_path / "faq.csv", a="Good."))
    begun, go = threading.Event(), threading.Event()

    class Slow(WordEncoder):
        def encode_pieces(self, texts, kind="query"):
            begun.set()
            assert go.wait(10)
            return super().encode_pieces(texts, kind)

    knowledge = make(models="others", text=Slow())
    renewal = Renewal(knowledge)
    assert begun.wait(10) and answers(knowledge, "one") == {"a": "Good."}
    closing = threading.Thread(target=renewal.close)
    closing.start()
    go.set()
    closing.join(10)
    assert "two" in knowledge.stale() and not closing.is_alive()
    again = make(models="others")
    Renewal(again).thread.join()
    assert again.stale() == [] and not list((tmp_path / "bases").glob("*/*.new"))


def test_packs_are_ingested_when_they_or_the_models_change_but_never_over_a_base_of_ones_own(
    make, tmp_path
):
    packs = tmp_path / "packs"
    for name in ("one", "two"):
        (packs / name).mkdir(parents=True)
        row = {"id": "a", "title": name, "answer": "Good."}
        (packs / name / "entries.jsonl").write_text(json.dumps(row))
    said = []
    make().ingest("two", table(tmp_path / "own.csv", b="Mine."))
    for models, expected in (("fake", ["one"]), ("fake", []), ("others", ["one"])):
        ingest_packs(make(models=models), packs, said.append)
        assert {name for name in ("one", "two") if f"base {name}" in " ".join(said)} == {*expected}
        said.clear()
    assert answers(make(), "two") == {"b": "Mine."}
    assert [(base.name, base.own) for base in make().list()] == [("one", False), ("two", True)]
    assert not (tmp_path / "sources" / "one").exists()


def test_after_an_upgrade_no_start_waits_for_packs_and_bases_of_ones_own_come_first(
    make, tmp_path, caplog
):
    """Of two fronts that start at once each makes what the other has not."""
    pack = tmp_path / "packs" / "pack"
    pack.mkdir(parents=True)
    (pack / "entries.jsonl").write_text('{"id": "a", "title": "A", "answer": "Good."}')
    ingest_packs(make(), pack.parent, lambda _: None, new=True)
    make().ingest("tern", table(tmp_path / "own.csv", b="Mine."))
    said, newer = [], [make(models="others") for _ in range(2)]
    for knowledge in newer:
        ingest_packs(knowledge, pack.parent, said.append, new=True)
    assert not said and newer[0].stale() == ["pack", "tern"]
    assert answers(newer[0], "pack") == {"a": "Good."} and newer[0].stale(packs=False) == ["tern"]

    def packs(knowledge, stop):
        assert knowledge.stale(packs=False) == []
        ingest_packs(knowledge, pack.parent, lambda told: (said.append(told), stop()))

    renewals = [Renewal(knowledge, partial(packs, knowledge)) for knowledge in newer]
    for renewal in renewals:
        renewal.thread.join()
    assert newer[0].stale() == [] and len([told for told in said if "1 of 1" in told]) == 1
    assert "could not" not in caplog.text


def test_the_sites_of_bases_are_told_and_their_files_are_not(make, tmp_path, monkeypatch):
    knowledge = make()
    knowledge.ingest("own", source(tmp_path / "own", 1))
    read = knowledge._read("own", tmp_path / "own", None, False)
    monkeypatch.setattr(knowledge, "_read", lambda *_: read)
    knowledge.sync("shop", "https://help.example/")
    assert list(knowledge.sites()) == [("shop", "https://help.example/")]


# -- contradictions ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "title, other, told",
    [
        ("Day pass refund", "Refunds for day passes", True),
        ("Refunds", "Refunds for day passes", True),
        ("Leith: refunds", "Perth: refunds", False),  # two places, each with its own rules
    ],
)
def test_a_sentence_with_other_figures_is_told_under_another_title_too(title, other, told):
    said = "A day pass that was bought online can be refunded within {} days."
    one = Entry("a", title, said.format(7), document="a")
    two = Entry("b", other, said.format(14), document="b")
    assert bool(list(contradictions([one, two]))) is bool(list(differing(one, two))) is told
    model = replace(two, answer=said.format(7).replace("day pass", "Pass 2"))
    assert not list(contradictions([replace(one, answer=model.answer.replace("2", "3")), model]))


HOURS = "Monday to Friday we are open from 9 to 17. Saturday {}. Sunday closed."


def test_two_sizes_of_a_product_do_not_contradict_each_other():
    row = "Product: Renal cat food; No.: RC-{0}; Size: {0} kg; Price: £{1}"
    one = Entry("a", "Renal cat food", row.format(2, 29), source="shop.csv:2", document="a")
    two = Entry("b", "Renal cat food", row.format(4, 52), source="shop.csv:3", document="b")
    dear = replace(two, answer=row.format(2, 39))
    assert not list(contradictions([one, two]))
    assert list(contradictions([one, dear]))
    assert list(contradictions([one, replace(two, source="old.csv:3")]))


@pytest.mark.parametrize("otherwise", ["closed", "10-14", "we are closed", "from noon"])
def test_two_sources_that_contradict_each_other_are_told_and_marked(make, tmp_path, otherwise):
    knowledge = make()
    page, leaflet = tmp_path / "page.jsonl", tmp_path / "leaflet.jsonl"
    for path, (first, fee) in (
        (page, (HOURS.format("9-17"), "A parcel costs 5 euros.")),
        (leaflet, (HOURS.format(otherwise), "Pay a parcel by card or in cash.")),
    ):
        rows = [("Opening hours", first), ("Fee", fee)]
        lines = (json.dumps({"id": f"{path.stem}-{t}", "title": t, "answer": a}) for t, a in rows)
        path.write_text("\n".join(lines), "utf-8")
    knowledge.ingest("kb", page)
    assert knowledge.contradictions("kb", "page-Opening hours") == ()
    report = knowledge.sync("kb", leaflet)
    assert any(otherwise in reason for *_, reason in report.warnings)
    (other,) = knowledge.contradictions("kb", "page-Opening hours")
    assert other.id == "leaflet-Opening hours"
    (back,) = make().contradictions("kb", other.id)
    assert back.id == "page-Opening hours" and knowledge.contradictions("kb", "page-Fee") == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"answer": "It takes 3 days."}, {"answer": "It takes 3 days, or 5 to islands."}),
        ({"answer": "It takes 3 days."}, {"answer": "We send parcels by DHL."}),
        ({"valid_until": "2020-01-01"}, {"answer": "It takes 5 days.", "valid_from": "2020-01-02"}),
        ({"title": "To Chile"}, {"title": "To Peru", "answer": "It takes 5 days."}),
    ],
)
def test_what_can_both_be_true_is_no_contradiction(make, tmp_path, one, other):
    usual = {"title": "Delivery", "answer": "It takes 3 days."}
    rows = [{**usual, "id": "a", **one}, {**usual, "id": "b", **other}]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    knowledge = make()
    knowledge.ingest("kb", path)
    assert knowledge.contradictions("kb", "a") == knowledge.contradictions("kb", "b") == ()


def test_vectors_of_entries_are_those_of_their_texts_and_none_of_a_base_that_is_gone(
    make, tmp_path
):
    knowledge = make()
    knowledge.ingest("kb", source(tmp_path / "first", 10, 20))
    entries = knowledge.entries("kb")
    found = knowledge.vectors("kb", entries)
    assert [*found] == [text for entry in entries for text in entry_texts(entry)]
    encoded = WordEncoder().encode([*found], "passage")
    assert np.allclose(np.stack([*found.values()]), encoded, atol=1e-3)
    knowledge.remove("kb")
    assert knowledge.vectors("kb", entries) == {}
