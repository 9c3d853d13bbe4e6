"""The support set: what it holds, that its splits are apart, and that work which was done is not
done again.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import FakeReader, FakeSpeech
from PIL import Image

from assets.training.grocery import BASE, TOPICS, grocery_entries
from assets.training.products import Product
from assets.training.support_set import TRAINED_PACKS, collect, leaks
from mm_support.errors import InputError
from mm_support.train import encoded_set as encoded
from mm_support.train.distort import NOISES, recording, snapshot
from mm_support.train.journal import Journal
from mm_support.train.support_set import (
    SPLITS,
    Picture,
    Wording,
    cleaned,
    normalised,
    own_set,
    photo_fingerprint,
)
from mm_support.types import SAMPLE_RATE, Audio, Entry

ENTRY_LINE = {
    "id": "{}-1",
    "title": "Card",
    "answer": "Order a card.",
    "questions": ["How do I get a card?", "new card"],
    "intent": "card",
}


def picture_file(path, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    small = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), np.uint8)
    Image.fromarray(small).resize((60, 60), Image.Resampling.BICUBIC).save(path)
    return path


@pytest.fixture
def folders(tmp_path):
    """Two products with six photos each, two packs with an entry and a case each."""
    grocery = tmp_path / "grocery"
    rows = [
        "Class Name (str),Class ID (int),Coarse Class Name (str),Coarse Class ID (int),Iconic Image"
        " Path (str),Product Description Path (str)"
    ]
    for number, name in enumerate(("Green-Apple", "Red-Apple")):
        picture_file(grocery / f"{name}.jpg", number)
        (grocery / f"{name}.txt").write_text(f"{name} tastes sweet. Store it in the fridge.")
        rows.append(f"{name},{number},Apple,0,/{name}.jpg,/{name}.txt")
        for split in ("train", "val"):
            files = [f"{split}/{name}_{i}.jpg" for i in range(3)]
            for place, file in enumerate(files):
                picture_file(grocery / file, 100 * number + 10 * place + (split == "val") + 7)
            with (grocery / f"{split}.txt").open("a") as out:
                out.writelines(f"{file}, {number}, 0\n" for file in files)
    (grocery / "classes.csv").write_text("\n".join(rows))
    for pack in (TRAINED_PACKS[0], "other"):
        picture_file(tmp_path / "knowledge" / pack / "card.jpg", 50)
        row = {**ENTRY_LINE, "id": f"{pack}-1", "pictures": ["card.jpg"]}
        (tmp_path / "knowledge" / pack / "entries.jsonl").write_text(json.dumps(row))
        (tmp_path / "cases").mkdir(exist_ok=True)
        case = {"text": "I want a card", "expect": f"{pack}-1", "kind": "answerable"}
        (tmp_path / "cases" / f"{pack}.jsonl").write_text(
            json.dumps(case) + "\n" + json.dumps({**case, "kind": "out_of_scope"})
        )
    return grocery, tmp_path / "knowledge", tmp_path / "cases"


def fingerprint_of(picture):
    return photo_fingerprint(Image.open(picture.path))


def test_products_times_topics_and_no_question_names_a_product(folders):
    found = collect(*folders)
    assert len(found.entries[BASE]) == 2 * len(TOPICS) and len(TOPICS) >= 6
    assert len({entry.id for entry in found.entries[BASE]}) == 2 * len(TOPICS)
    for wording in found.wordings:
        if wording.base == BASE:
            assert not {"apple", "green", "red", "fruit", "milk", "juice"} & set(
                normalised(wording.text).split()
            )


def test_sentences_of_the_description_go_where_they_belong():
    product = Product(
        "Red Apple", "Apple", "It tastes sweet. Store it in the fridge.", Path("a.jpg")
    )
    answers = {entry.intent: entry.answer for entry in grocery_entries([product])}
    assert (
        "Store it in the fridge." in answers["storage"] and "tastes sweet" not in answers["storage"]
    )
    assert "It tastes sweet." in answers["taste"]


def test_a_pack_that_is_not_trained_on_only_tests(folders):
    found = collect(*folders)
    splits = {
        base: {item.split for item in (*found.wordings, *found.pictures) if item.base == base}
        for base in found.entries
    }
    assert splits["other"] == {"test"}
    assert splits[BASE] == {"train", "validation", "test"} and "train" in splits[TRAINED_PACKS[0]]


def test_cleaning_leaves_no_leak_and_the_check_finds_each_kind(folders):
    found = collect(*folders)
    clean = cleaned(found, fingerprint_of)
    assert leaks(clean, fingerprint_of) == []
    tested = next(w for w in clean.wordings if w.split == "test")
    photo = next(p for p in clean.pictures if p.split == "test" and p.base == BASE)
    text = replace(
        clean,
        wordings=(*clean.wordings, Wording(tested.base, "x", f" {tested.text.upper()}?!", "train")),
    )
    file = replace(clean, pictures=(*clean.pictures, replace(photo, split="train")))
    assert "is in train and test" in leaks(text, fingerprint_of)[0]
    assert any(str(photo.path) in leak for leak in leaks(file, fingerprint_of))
    assert (
        leaks(cleaned(text, fingerprint_of), fingerprint_of)
        == []
        == leaks(cleaned(file, fingerprint_of), fingerprint_of)
    )


def test_a_copy_of_a_test_photo_under_another_name_is_dropped_from_training(folders, tmp_path):
    clean = cleaned(collect(*folders), fingerprint_of)
    photo = next(p for p in clean.pictures if p.split == "test" and p.base == BASE)
    Image.open(photo.path).resize((45, 45)).save(tmp_path / "copy.png")
    copied = replace(
        clean, pictures=(replace(photo, path=tmp_path / "copy.png", split="train"), *clean.pictures)
    )
    assert leaks(copied, fingerprint_of) == ["a photo in train is also in test"]
    assert cleaned(copied, fingerprint_of) == clean


def test_missing_cases_are_one_sentence(folders):
    grocery, knowledge, cases = folders
    (cases / "other.jsonl").unlink()
    with pytest.raises(InputError, match="other.jsonl cannot be read"):
        collect(grocery, knowledge, cases)


def test_a_journal_goes_on_where_it_was_cut_off(tmp_path):
    path, asked = tmp_path / "j" / "work.jsonl", []

    def work(keys):
        asked.extend(keys)
        return [len(key) for key in keys]

    Journal(path).fill(["a", "bb"], work, "counting", batch=2)
    with path.open("a") as file:
        file.write('["ccc", ')
    again = Journal(path)
    again.fill(["a", "bb", "ccc"], work, "counting")
    assert asked == ["a", "bb", "ccc"]
    assert [Journal(path)[key] for key in ("a", "bb", "ccc")] == [1, 2, 3]


def test_the_same_seed_takes_the_same_photo_and_recording():
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 255, (80, 100, 3), np.uint8))
    one, same, other = (
        np.asarray(snapshot(photo, np.random.default_rng(seed))) for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same) and (
        one.shape != other.shape or not np.array_equal(one, other)
    )
    speech = np.sin(np.arange(SAMPLE_RATE) / 20).astype(np.float32)
    assert np.array_equal(*(recording(speech, np.random.default_rng(3)) for _ in range(2)))


def test_recordings_are_bounded_and_some_are_noisy():
    speech = 0.5 * np.sin(np.arange(SAMPLE_RATE) / 20)
    takes = [recording(speech, np.random.default_rng(seed)) for seed in range(12)]
    assert all(
        take.dtype == np.float32 and np.abs(take).max() <= 1 and len(take) > SAMPLE_RATE / 1.2
        for take in takes
    )
    assert None in NOISES and len({len(take) for take in takes}) > 6


class Tone:
    def speak(self, text):
        return Audio(np.sin(np.arange(SAMPLE_RATE) / 5).astype(np.float32) * 0.3, SAMPLE_RATE)


def test_text_in_photos_and_spoken_questions_are_kept_with_how_sure_they_are(
    tmp_path, tmp_settings, monkeypatch
):
    Image.new("RGB", (40, 40)).save(tmp_path / "photo.png")
    pictures = [
        Picture("shop", ("a",), tmp_path / "photo.png", variant, "train", read=variant != 2)
        for variant in range(3)
    ]
    monkeypatch.setattr(
        "mm_support.encode.ocr.load_text_reader", lambda settings: FakeReader("E24", "WASH")
    )
    encoded.read(pictures, photos := Journal(tmp_path / "read.jsonl"), tmp_settings)
    found = [photos[picture.key] for picture in pictures[:2]]
    assert found == [["E24 WASH", pytest.approx(0.9)]] * 2 and pictures[2].key not in photos
    monkeypatch.setattr("mm_support.decode.voice.load_voice", lambda settings: Tone())
    monkeypatch.setattr(
        "mm_support.encode.speech.load_speech_encoder", lambda settings, device: FakeSpeech()
    )
    asked = Wording("shop", "a", "where is it", "train", takes=1)
    encoded.hear([asked], takes := Journal(tmp_path / "heard.jsonl"), tmp_settings)
    (key,) = encoded.take_keys(asked)
    assert takes[key][0] and 0 < takes[key][1] <= 1


def test_a_base_of_ones_own_teaches_and_validates_with_what_it_holds():
    entries = (
        Entry("a", "Apple", "Sweet.", ("first", "second"), pictures=(Path("a.jpg"),)),
        Entry("b", "Banana", "Yellow.", ("only one",)),
        Entry("c", "Cherry", "Red."),
    )
    found = own_set({"own": entries})
    texts = {split: {w.text for w in found.wordings if w.split == split} for split in SPLITS}
    assert texts == {
        "train": {"second", "Banana"},
        "validation": {"first", "only one"},
        "test": set(),
    }
    assert {(p.targets, p.split) for p in found.pictures} == {
        (("a",), "train"),
        (("a",), "validation"),
    }
    assert len({p.key for p in found.pictures}) == len(found.pictures)
    assert all(w.takes for w in found.wordings) and all(p.read for p in found.pictures)
    assert found.trained == found.familiar == ("own",) and not found.photo_led
