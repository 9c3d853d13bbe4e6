"""Trains fusion on your own photos, and says what that changes.

    PYTHONPATH=. python docs/examples/train_fusion.py bank photos --strategy attention

photos holds a folder for each entry, named after its id, with photos as customers take them. The
last one of each folder is kept from training and judges before and after. Beside each photo goes
the same vague question, so that only the photo says which entry is meant. Look at the intervals:
with 30 photos that judge, a difference below 15 points says little.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mm_support import Settings, SupportService
from mm_support.__main__ import main as mm_support
from mm_support.evaluate.cases import ask, read_cases
from mm_support.evaluate.metrics import share

QUESTION = "What does this mean, and what should I do?"


def main(base: str, photos: Path, strategy: str) -> None:
    folders = [folder for folder in sorted(photos.iterdir()) if folder.is_dir()]
    shown = {folder.name: sorted(file for file in folder.iterdir()) for folder in folders}
    kept = [(entry, files[-1]) for entry, files in shown.items() if len(files) > 1]
    learned = [(entry, file) for entry, files in shown.items() for file in files[:-1] or files]
    test, train = cases(photos / "test.jsonl", kept), cases(photos / f"{base}.jsonl", learned)
    print("before:", before := found_first(base, test, strategy))
    command = ["train", "fusion", "--knowledge", base, "--feedback", str(train)]
    if status := mm_support([*command, "--strategy", strategy]):
        raise SystemExit(status)
    print("after: ", after := found_first(base, test, strategy))
    if before and after and after["value"] <= before["value"]:
        folder = Settings.from_env().own_weights
        print(f"That is no better. Delete fusion-{strategy}.safetensors in {folder} to go back.")
    else:
        print(f"To use it: MM_SUPPORT_FUSION={strategy}")


def cases(path: Path, photos: list[tuple[str, Path]]) -> Path:
    """A file of cases, which evaluate takes too."""
    rows = [
        {"text": QUESTION, "image": str(file.resolve()), "expect": entry} for entry, file in photos
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def found_first(base: str, test: Path, strategy: str) -> dict[str, float] | None:
    """The share of kept photos whose entry comes first, with its 95 % interval."""
    service = SupportService.load(Settings.from_env(fusion=strategy))
    try:
        ids = {entry.id for entry in service.knowledge.entries(base)}
        asked, _ = read_cases(test, base, ids)
        return share([ask(service, case).rank == 1 for case in asked])
    finally:
        service.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base")
    parser.add_argument("photos", type=Path)
    parser.add_argument("--strategy", default="attention")
    options = parser.parse_args()
    main(options.base, options.photos, options.strategy)
