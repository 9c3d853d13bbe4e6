"""What `pip install .` takes: the files that the code looks for, and one list of requirements."""

import importlib.util
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def groups(tmp_path_factory):
    """The requirements as the build reads them; hatchling itself is only there when it builds."""
    interface = ModuleType("hatchling.metadata.plugin.interface")
    interface.MetadataHookInterface = object
    names = ["hatchling", "hatchling.metadata", "hatchling.metadata.plugin"]
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            patch.setitem(sys.modules, name, ModuleType(name))
        patch.setitem(sys.modules, interface.__name__, interface)
        spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    cluster = module.read_groups(ROOT / "requirements-cluster.txt")
    return {**module.read_groups(ROOT / "requirements.txt"), "cluster": cluster["cluster"]}


def test_every_requirement_has_a_bound_and_a_place(groups):
    assert {"", "page", "tests"} <= set(groups)
    for line in (line for group in groups.values() for line in group):
        assert Requirement(line).specifier, line
    every = {Requirement(line).name for group in groups.values() for line in group}
    files = (ROOT / "requirements.txt", ROOT / "requirements-cluster.txt")
    lines = [line for file in files for line in file.read_text().splitlines()]
    assert len(every) == sum(bool(line.strip()) and not line.startswith("#") for line in lines)


def test_the_service_needs_no_page_and_no_tests(groups):
    always = {Requirement(line).name for line in groups[""]}
    assert "torch" in always and not {"gradio", "pytest", "playwright"} & always


def test_what_is_packed_is_there_and_is_where_the_code_looks():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packed = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert all((ROOT / source).exists() for source in packed)
    assert all(
        target == source.replace("assets", "mm_support/_assets", 1)
        for source, target in packed.items()
    )
    assert {"assets/weights", "assets/knowledge", "assets/examples"} <= set(packed)
