"""Tells the build what is needed: the lines of requirements.txt, and of requirements-cluster.txt,
which the tests do without, so that each thing is listed once.

Lines under "# extra: tests" become an extra of that name, other comments are comments.
"""

from __future__ import annotations

from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface

MARK = "# extra:"


class RequirementsHook(MetadataHookInterface):
    """Fills `dependencies` and `optional-dependencies`."""

    def update(self, metadata: dict) -> None:
        groups = read_groups(Path(self.root, "requirements.txt"))
        cluster = read_groups(Path(self.root, "requirements-cluster.txt"))
        groups["cluster"] = cluster["cluster"]
        metadata["dependencies"] = groups.pop("")
        metadata["optional-dependencies"] = groups


def read_groups(path: Path) -> dict[str, list[str]]:
    """Extra -> its requirements; those that are always needed have no name."""
    name, groups = "", {"": []}
    for line in filter(None, map(str.strip, path.read_text(encoding="utf-8").splitlines())):
        if line.startswith(MARK):
            name = line.removeprefix(MARK).strip()
            groups[name] = []
        elif not line.startswith("#"):
            groups[name].append(line)
    return groups
