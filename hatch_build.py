"""Tells the build what is needed: the lines of requirements.txt, so that there is one list only.

Lines under a comment of one word there ("# tests") become an extra of that name.
"""

from __future__ import annotations

from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface


class RequirementsHook(MetadataHookInterface):
    """Fills `dependencies` and `optional-dependencies`."""

    def update(self, metadata: dict) -> None:
        groups = read_groups(Path(self.root, "requirements.txt"))
        metadata["dependencies"] = groups.pop("")
        metadata["optional-dependencies"] = groups


def read_groups(path: Path) -> dict[str, list[str]]:
    """Name of the comment above -> requirements; those above the first comment have no name."""
    name, groups = "", {"": []}
    for line in filter(None, map(str.strip, path.read_text(encoding="utf-8").splitlines())):
        if line.startswith("#"):
            name = line.strip("# ")
            groups[name] = []
        else:
            groups[name].append(line)
    return groups
