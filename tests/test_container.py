"""What the container files promise, held against the code: paths, ports, names of settings."""

from __future__ import annotations

import re
import sys
from dataclasses import fields
from fnmatch import fnmatch
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from demo.edges import app_parts
from demo.sizes import Limits
from demo.zero_gpu import device_here
from mm_support.config import Settings

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
COMPOSE_TEXT = (ROOT / "compose.yaml").read_text()
SERVICES = yaml.safe_load(COMPOSE_TEXT)["services"]
PORT, HOME = "7860", "/home/user"


def instructions(name: str) -> list[str]:
    return re.findall(rf"^{name}\s+(.+)$", DOCKERFILE, re.M)


def environment() -> dict[str, str]:
    return dict(re.findall(r"([A-Z_]+)=(\S+)", " ".join(instructions("ENV"))))


def settings_named(text: str) -> set[str]:
    return {name.lower() for name in re.findall(r"MM_SUPPORT_([A-Z_]+[A-Z])", text)}


def test_every_setting_that_is_named_exists():
    known = {field.name.removesuffix("_dir") for field in fields(Settings)}
    for text in (DOCKERFILE, COMPOSE_TEXT):
        assert settings_named(text) and settings_named(text) <= known


def test_the_image_runs_as_user_1000_on_the_port_of_spaces():
    assert instructions("FROM") == ["python:3.11-slim"]
    assert "--uid 1000 user" in instructions("RUN")[0] and instructions("USER") == ["user"]
    assert instructions("EXPOSE") == [PORT] and environment()["GRADIO_SERVER_PORT"] == PORT
    assert instructions("CMD")[-1] == '["python", "app.py"]'
    assert environment()["HOME"] == HOME


def test_all_that_is_written_lies_on_the_volume():
    written = [environment()["MM_SUPPORT_DATA"], environment()["XDG_CACHE_HOME"]]
    (volume,) = instructions("VOLUME")
    assert all(path.startswith(volume) for path in written)
    assert SERVICES["page"]["volumes"] == [f"data:{volume}"] and SERVICES["page"]["read_only"]
    in_memory = dict(mount.split(":", 1) for mount in SERVICES["page"]["tmpfs"])
    assert "size=" in in_memory["/tmp"]  # uploads lie there: they must not fill the memory


def test_what_is_copied_is_there_and_not_ignored():
    rules = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert rules[0] == "*"
    for line in instructions("COPY"):
        source = line.split()[0]
        assert (ROOT / source).exists() and f"!{source}" in rules, source
    assert not any(fnmatch(f"!{secret}", rule) for secret in (".env", ".git") for rule in rules[1:])


def test_the_health_checks_ask_routes_that_are_there():
    routes = {route.path for route in app_parts(Limits())["routes"]}
    (asked,) = re.findall(rf"127\.0\.0\.1:{PORT}(/\w+)", DOCKERFILE)
    assert asked in routes
    assert SERVICES["page"]["ports"] == [f"{PORT}:{PORT}"]
    assert all("healthcheck" in SERVICES[name] for name in ("postgres", "llm"))


def test_the_others_run_only_where_their_profile_is_asked_for():
    assert {name for name, each in SERVICES.items() if "profiles" not in each} == {"page"}
    for name in ("postgres", "llm"):
        assert SERVICES[name]["profiles"] == [name]
        assert f"--profile {name} up" in COMPOSE_TEXT
    assert "@postgres/support" in COMPOSE_TEXT and "http://llm:8080/v1" in COMPOSE_TEXT


def test_the_image_has_the_driver_of_the_database_and_no_tests():
    (cut,) = re.findall(r"sed '/\^(.+?)/,\$d'", DOCKERFILE)
    text = (ROOT / "requirements.txt").read_text()
    kept = text[: re.search(f"^{cut}", text, re.M).start()]
    assert "psycopg" in kept and "gradio" in kept and "pytest" not in kept
    assert text.count("# extra:") == kept.count("# extra:") + 1  # the tests' is the last one


def test_the_front_matter_of_the_readme_is_what_spaces_read():
    head = yaml.safe_load((ROOT / "README.md").read_text(encoding="utf-8").split("---")[1])
    assert (head["sdk"], head["app_file"], head["python_version"]) == ("gradio", "app.py", "3.11")
    assert (ROOT / head["app_file"]).is_file()
    (pinned,) = re.findall(r"^gradio>=([\d.]+),", (ROOT / "requirements.txt").read_text(), re.M)
    assert str(head["sdk_version"]).startswith(pinned)


@pytest.mark.parametrize("zero, device", [("true", "cpu"), ("", None)])
def test_on_zero_gpu_a_function_is_marked_and_the_cpu_is_used(monkeypatch, zero, device):
    marked = []
    fake = SimpleNamespace(GPU=lambda duration: marked.append)
    monkeypatch.setitem(sys.modules, "spaces", fake)
    assert device_here({"SPACES_ZERO_GPU": zero}) == device and bool(marked) == bool(device)


def test_without_the_package_of_spaces_nothing_changes(monkeypatch):
    monkeypatch.setitem(sys.modules, "spaces", None)
    assert device_here({"SPACES_ZERO_GPU": "true"}) is None
