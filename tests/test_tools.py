"""The tools, called with the protocol's own client: here, and as a program starts them."""

from __future__ import annotations

import asyncio
import importlib
import sys
from pathlib import Path

import httpx
import pytest

from demo.assistants import tool_routes
from demo.ui import build_demo, launch_options
from mm_support.errors import SupportError
from mm_support.tools import build_server
from tests.fake_service import FakeService

mcp = pytest.importorskip("mcp", reason="the extra mm-support[mcp] is not installed")
ROOT = Path(__file__).parents[1]


def called(server, *calls):
    """(is_error, structured content or text) of each call."""

    async def talk():
        results = []
        async with mcp.Client(server) as client:
            for name, arguments in calls:
                result = await client.call_tool(name, arguments)
                values = result.structured_content or {}
                text = "".join(getattr(part, "text", "") for part in result.content)
                results.append((bool(result.is_error), values.get("result", values) or text))
        return results

    return asyncio.run(talk())


@pytest.fixture(scope="module")
def service():
    return FakeService()


@pytest.fixture(scope="module")
def server(service):
    return build_server(service)


def test_each_tool_says_what_it_takes(server):
    async def listed():
        async with mcp.Client(server) as client:
            return (await client.list_tools()).tools

    tools = {tool.name: tool for tool in asyncio.run(listed())}
    assert set(tools) == {"knowledge_bases", "search", "ask"}
    assert all(tool.description for tool in tools.values())
    assert set(tools["ask"].input_schema["required"]) == {"question", "knowledge"}


def test_search_returns_whole_passages_with_their_sources(server, service):
    question = {"question": "The washing machine shows E24", "knowledge": "smart-home"}
    ((failed, found),) = called(server, ("search", {**question, "limit": 1}))
    entry = service.knowledge.entries("smart-home")[0]
    assert not failed and len(found) == 1 and 0 < found[0]["score"] <= 1
    assert (found[0]["text"], found[0]["source"]) == (entry.answer, entry.source)


def test_ask_cites_and_goes_on_with_its_conversation(server, service):
    question = {"question": "The washing machine shows E24", "knowledge": "smart-home"}
    ((failed, reply),) = called(server, ("ask", question))
    assert not failed and reply["action"] == "answer" and "[1]" in reply["reply"]
    assert reply["citations"][0]["id"] == "e24" and reply["citations"][0]["source"]
    more = {**question, "conversation": reply["conversation"]}
    ((_, again),) = called(server, ("ask", more))
    assert again["conversation"] == reply["conversation"]
    assert service.turns[-1].session_id == reply["conversation"].partition("/")[2]
    ((_, other),) = called(server, ("ask", question))
    assert other["conversation"] != reply["conversation"]


def test_what_goes_wrong_is_a_sentence_and_the_next_call_works(server):
    wrong = [
        ("ask", {"question": "x", "knowledge": "nowhere"}),
        ("ask", {"question": " ", "knowledge": "shopping"}),
        ("ask", {"question": "x", "knowledge": "shopping", "conversation": "made/up"}),
        ("search", {"question": "x", "knowledge": "shopping", "limit": 0}),
    ]
    *failed, last = called(server, *wrong, ("knowledge_bases", {}))
    assert all(is_error and text.endswith(".") for is_error, text in failed)
    assert "smart-home" in failed[0][1] and not last[0] and "shopping" in last[1]


def test_what_a_tool_writes_is_kept_as_a_turn(server, service):
    before = len(service.turns)
    called(server, ("ask", {"question": "I want a person", "knowledge": "shopping"}))
    assert len(service.turns) == before + 1 and service.desk.open()


def test_without_the_extra_the_remedy_is_named(service, monkeypatch):
    monkeypatch.setitem(sys.modules, "mcp.server", None)
    with pytest.raises(SupportError, match="pip install"):
        build_server(service)


def test_a_program_that_starts_it_can_talk_to_it(tmp_path):
    """The handshake and the list of tools need no models; they would load meanwhile."""
    code = (
        "import argparse; from mm_support import service, tools; "
        "from tests.fake_service import FakeService; FakeService.close = lambda self: None; "
        "service.SupportService.start = classmethod(lambda cls, settings: FakeService()); "
        "tools.run(argparse.Namespace(port=None), None)"
    )
    started = mcp.StdioServerParameters(command=sys.executable, args=["-c", code], cwd=ROOT)
    ((failed, reply),) = called(
        started, ("ask", {"question": "How do I return an order?", "knowledge": "shopping"})
    )
    assert not failed and reply["citations"][0]["id"] == "returns"


# -- beside the pages -----------------------------------------------------------------------


@pytest.fixture(scope="module", params=["", "a key of the shop"])
def beside(request, service):
    """(the address of /mcp, its key)."""
    routes, lifespan = tool_routes(service, request.param)
    demo = build_demo(service)
    options = launch_options(more=routes, lifespan=lifespan)
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, **options)
    yield f"{url.rstrip('/')}/mcp", request.param
    demo.close()


def test_a_running_app_has_the_tools(beside):
    address, key = beside
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    http = importlib.import_module("mcp.client.streamable_http")
    client = http.create_mcp_http_client(headers=headers)
    question = {"question": "How do I return an order?", "knowledge": "shopping"}
    transport = http.streamable_http_client(address, http_client=client)
    (failed, reply), _ = called(transport, ("ask", question), ("knowledge_bases", {}))
    assert not failed and reply["citations"][0]["id"] == "returns"


def test_a_running_app_asks_for_its_key_and_survives_nonsense(beside):
    address, key = beside
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        answer = httpx.post(address, headers=headers, content=b"{nonsense")
        assert answer.status_code == (401 if key else 400) or not key and answer.is_client_error
    assert httpx.get(address.removesuffix("/mcp") + "/healthz").status_code == 200


def test_without_the_extra_the_app_has_no_tools(service, monkeypatch):
    monkeypatch.setitem(sys.modules, "mcp.server", None)
    assert tool_routes(service) == ([], None)
