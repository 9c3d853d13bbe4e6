"""What the pages show is there: links, commands, settings, paths, and what snippets import.

Snippets that need models are run by tests/test_end_to_end.py.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import json
import re
import shlex
import tomllib
from dataclasses import fields
from pathlib import Path
from threading import Event

import pytest
import yaml

from demo.brand import load_brand
from mm_support import arguments
from mm_support.__main__ import build_parser
from mm_support.config import Settings
from mm_support.knowledge.readers.base import File, Remarks

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob(".github/**/*.md")])
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
LINE = re.compile(r"\[`(\w+)`\]\(([^)\s]+)#L(\d+)\)")  # a link to where something is defined
COMMAND = re.compile(r"(?:python -m mm_support|mm-support)(?: +([^`#|&;]*))?$")
PROGRAM = re.compile(r"python -m ([\w.]+)")
SECRET = re.compile(
    r"ACTION_\w+_KEY"
)  # what a header of an action holds; its name is the operator's
SETTING = re.compile(r"MM_SUPPORT_([A-Z_]*[A-Z])\b")
TOP = {path.name for path in ROOT.iterdir()}
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, *kinds: str) -> list[str]:
    return [body for kind, body in BLOCK.findall(text_of(page)) if kind in kinds]


def prose(page: Path) -> str:
    return BLOCK.sub("", text_of(page))


def inline(page: Path) -> list[str]:
    """What stands between backticks, on one line."""
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose(page))]


def shell_lines(page: Path) -> list[str]:
    """Commands of blocks, without comments and prompts; a line may go on in the next one."""
    text = "\n".join(blocks(page, "bash", "sh", "")).replace("\\\n", " ")
    return [re.sub(r"\s+#.*", "", line).strip() for line in text.split("\n")]


def commands(page: Path) -> list[str]:
    """The arguments of every call of the command line."""
    found = []
    for line in [*shell_lines(page), *inline(page)]:
        for part in re.split(r"&&|\|\|?|;", line):
            if (match := COMMAND.search(part.strip())) and "[" not in part and "..." not in part:
                found.append(match[1] or "--help")
    return found


def anchors(page: Path) -> set[str]:
    """Headings as the web pages of a repository name them."""
    heads = re.findall(r"^#+ (.+)$", BLOCK.sub("", text_of(page)), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_there_is_something_to_look_at():
    assert len(PAGES) > 10 and sum(len(commands(page)) for page in PAGES) > 20
    assert sum(len(blocks(page, "python")) for page in PAGES) > 4


@EVERY_PAGE
def test_links_lead_somewhere(page):
    for target in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists() and there.is_relative_to(ROOT), target
        known = anchors(there) if there.suffix == ".md" else ()
        assert not anchor or anchor in known or LINE.search(f"[`x`]({target})"), target


def test_links_to_lines_lead_to_what_they_name():
    found = [(page, *link) for page in PAGES for link in LINE.findall(prose(page))]
    assert len(found) > 10
    for page, name, path, number in found:
        lines = text_of((page.parent / path).resolve()).split("\n")
        starts = re.compile(rf"\s*(def|class) {name}\b")
        there = [n for n, line in enumerate(lines, 1) if starts.match(line)]
        assert int(number) in there, f"{page.name}: {name} is now in line {there} of {path}"


@EVERY_PAGE
def test_commands_are_taken_by_the_command_line(page, monkeypatch):
    monkeypatch.setattr(arguments, "existing", Path)  # files of whoever reads
    for command in commands(page):
        try:
            build_parser().parse_args(shlex.split(command))
        except SystemExit as end:
            assert end.code == 0, command


@EVERY_PAGE
def test_programs_that_are_started_exist(page):
    code = "\n".join([*shell_lines(page), *inline(page)])
    for module in PROGRAM.findall(code):
        if "NAME" not in module:
            assert importlib.util.find_spec(module), module
    for script in re.findall(r"python ([\w/]+\.py)\b", code):
        assert (ROOT / script).is_file(), script
    for listed in re.findall(r"pip install (?:-r (\S+))", code):
        assert (ROOT / listed).is_file(), listed


@EVERY_PAGE
def test_paths_of_the_repository_exist(page):
    for code in inline(page):
        path = code.rstrip("/")
        if re.fullmatch(r"[\w./-]+", code) and "/" in code and path.split("/")[0] in TOP:
            assert (ROOT / path).exists(), code


@EVERY_PAGE
def test_settings_that_are_named_exist(page):
    known = {field.name.removesuffix("_dir").upper() for field in fields(Settings)}
    named = set(SETTING.findall(text_of(page)))
    assert {name for name in named if not SECRET.fullmatch(name)} <= known


@EVERY_PAGE
def test_python_is_python_and_what_it_imports_exists(page):
    for code in blocks(page, "python"):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Import):
                [importlib.import_module(alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                module = importlib.import_module(node.module)
                missing = [alias.name for alias in node.names if not hasattr(module, alias.name)]
                assert not missing, (node.module, missing)


@EVERY_PAGE
def test_data_in_blocks_can_be_read(page):
    for reads, kind in ((json.loads, "json"), (yaml.safe_load, "yaml"), (tomllib.loads, "toml")):
        for body in blocks(page, kind):
            reads(body)


@pytest.mark.parametrize("page", ["tutorial.md", "tutorial.zh.md"])
def test_the_tutorials_brand_is_one(page, tmp_path):
    (brand,) = blocks(ROOT / "docs" / page, "toml")
    (tmp_path / "brand.toml").write_text(brand, encoding="utf-8")
    assert load_brand(tmp_path / "brand.toml").knowledge == "tern"


def test_both_readmes_show_the_same_code():
    readmes = [ROOT / "README.md", ROOT / "README.zh.md"]
    assert blocks(readmes[0], "python") == blocks(readmes[1], "python")


def test_the_reader_and_the_engine_that_contributors_are_shown_work():
    reader, engine = blocks(ROOT / "CONTRIBUTING.md", "python")
    exec(reader, shown := {})
    times = "00:00:01,000 --> 00:00:04,000"
    captions = f"1\n{times}\nOpen the tap.\n\n2\n{times}\nStart.\n"
    file, remarks = File("films/the-tap.srt", captions.encode()), Remarks("films/the-tap.srt")
    (document,) = shown["read_subtitles"](file, remarks)
    assert document.title == "the tap" and document.text == "Open the tap.\nStart."
    exec(engine, shown := {"__name__": "shown"})
    model, stop = shown["ParrotModel"](), Event()
    asked = [{"role": "user", "content": "say it again"}]
    assert "".join(model.stream(asked, 10)).split() == ["say", "it", "again"]
    said = model.stream(asked, 10, stop)
    assert next(said) and not stop.set() and not list(said)


# -- the reference --------------------------------------------------------------------------


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return action.choices
    return {}


def test_the_reference_has_every_command_and_no_other_option():
    rows = re.findall(r"^\| (`[a-z].*?`) \|", text_of(ROOT / "docs" / "commands.md"), re.M)
    known, named = subcommands(build_parser()), set()
    for code in re.findall(r"`([^`]+)`", " ".join(rows)):
        name, *rest = code.replace("\\|", "|").split()
        if name not in known:
            assert name.startswith("--"), code
            continue
        named.add(name)
        kinds = subcommands(known[name])
        parser = kinds[rest[0]] if rest and rest[0] in kinds else known[name]
        options = set(re.findall(r"--[\w-]+", code))
        assert options <= set(parser._option_string_actions), code
    assert named == set(known)


def test_the_reference_has_every_setting():
    text = text_of(ROOT / "docs" / "commands.md")
    table = [row for row in text.split("\n") if row.startswith("| `MM_SUPPORT_")]
    named = {
        name.removeprefix("MM_SUPPORT_").strip("_")
        for row in table
        for name in re.findall(r"`([A-Z_]+)`", row.split(" | ")[0])
    }
    known = {field.name.removesuffix("_dir").upper() for field in fields(Settings)}
    assert known - named <= {"INDEX_URL"} and named <= known


# -- what a stranger picks the project up with ----------------------------------------------


@pytest.mark.parametrize("path", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda p: p.name)
def test_forms_of_issues_have_what_the_site_asks_for(path):
    form = yaml.safe_load(text_of(path))
    if path.name == "config.yml":
        assert "blank_issues_enabled" in form
        return
    assert {"name", "description", "body"} <= set(form)
    ids = [field["id"] for field in form["body"]]
    assert len(ids) == len(set(ids)) and all(f["attributes"]["label"] for f in form["body"])


def test_hooks_run_what_is_installed():
    (repo,) = yaml.safe_load(text_of(ROOT / ".pre-commit-config.yaml"))["repos"]
    tools = {hook["entry"].split()[0] for hook in repo["hooks"]}
    wanted = text_of(ROOT / "requirements-dev.txt")
    packages = {"lint-imports": "import-linter", "python": "ruff"}
    assert all(packages.get(tool, tool) in wanted for tool in tools)


def test_the_version_has_its_changes():
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    assert f"## {project['version']}" in text_of(ROOT / "CHANGELOG.md")


def test_the_readme_fits_on_two_screens():
    """Of prose: the tree of the code stands below it."""
    text = text_of(ROOT / "README.md").split("---", 2)[-1]
    assert len(BLOCK.sub("", text).split("## The code")[0].split()) < 900
