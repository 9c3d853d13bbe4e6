"""Who may do what, as a table: every event and every endpoint of all pages, called over HTTP as
each role. An event that is not in the table fails the test.
"""

from __future__ import annotations

import json
import uuid

import httpx
import pytest

from demo.door import ADMIN, KEY_NAME, Door
from demo.edges import UNUSED
from demo.knowledge_tab import KnowledgeDesk
from demo.sizes import Limits
from demo.ui import build_demo, launch_options
from demo.words import word
from mm_support.desk.accounts import VISITOR, Person
from mm_support.desk.audit import audited
from mm_support.errors import InputError
from mm_support.types import UserTurn
from tests.fake_service import FakeService

KEY = "a-key-that-nobody-guesses"
GOOD = "a long enough password"
AGENTS, EDITORS, ADMINS = {"agent", "admin"}, {"editor", "admin"}, {"admin"}
EVERYBODY = {"visitor", "agent", "editor", "admin"}
# a customer's own conversation, by their own token, and what shows who may enter
OPEN = {
    *(f"Chat.{name}" for name in ("send", "send_spoken", "send_example", "send_choice")),
    "Chat.send_given",
    *(f"Chat.{name}" for name in ("ask_for_person", "send_edited", "follow", "rejoin", "stop")),
    "Chat.offer",
    *(f"Opening.{name}" for name in ("open", "resume", "restart", "forget_me")),
    *(f"Rating.{name}" for name in ("rate_reply", "rate_closed", "no_comment", "comment")),
    *(f"Endpoints.{name}" for name in ("chat", "transcribe", "describe", "search", "feedback")),
    *(
        f"Endpoints.{name}"
        for name in ("rate", "messages", "my_data", "erase", "knowledge_bases", "status")
    ),
    *(f"connect_sign_in.{name}" for name in ("arrive", "sign_in", "sign_out")),
    *("customer_page.look", "follow_status.look", "preview_page.look"),
}
TABLE = {"headers": ["caption.en"], "data": [], "metadata": None}
# event -> who may, and what it is called with after the key
GUARDED = {
    "DeskPage.look": (AGENTS, ["", None, "Mallory", True]),
    "DeskPage.pick": (AGENTS, [None, "", None]),
    "DeskPage.take": (AGENTS, ["{session}", "Mallory", None]),
    "DeskPage.say": (AGENTS, ["{session}", "Mallory", None, "hello"]),
    "DeskPage.give_back": (AGENTS, ["{session}", "Mallory", None]),
    "DeskPage.close": (AGENTS, ["{session}", "Mallory", None]),
    "DeskPage.open_again": (AGENTS, ["{session}", "Mallory", None]),
    "DeskPage.note": (AGENTS, ["{session}", "Mallory", None, "hello"]),
    "DeskPage.snooze": (AGENTS, ["{session}", "Mallory", None, 15]),
    "DeskPage.search": (AGENTS, ["", "hello"]),
    "DeskPage.suggest": (AGENTS, ["{session}", ""]),
    "InsightsPage.show": (ADMINS, [7]),
    "InsightsPage.figures_csv": (ADMINS, [7]),
    "InsightsPage.gaps_csv": (ADMINS, [7]),
    "InsightsPage.scores_csv": (ADMINS, [7]),
    "InsightsPage.entries_csv": (ADMINS, [7]),
    "AccountsPage.show": (ADMINS, []),
    "AccountsPage.add": (ADMINS, ["{new}", "agent", GOOD]),
    "AccountsPage.set_password": (ADMINS, ["Spare", GOOD]),
    "AccountsPage.remove": (ADMINS, ["{new}"]),
    "KnowledgeDesk.table": (EDITORS, []),
    "KnowledgeDesk.browse": (EDITORS, [None, "", "{key}"]),
    "KnowledgeDesk.sureness": (EDITORS, [None, "{key}"]),
    "KnowledgeDesk.pickers": (EDITORS, ["mine", "{key}", "", "en"]),
    "KnowledgeDesk.add": (EDITORS, ["", "mine", None, "{key}", "en"]),
    "Editor.open": (EDITORS, [None]),
    "Editor.new": (EDITORS, [None, ""]),
    "Editor.preview": (EDITORS, ["Title", "Answer", "Question"]),
    "Editor.save": (EDITORS, ["", None, "Title", "Answer", "Question"]),
    "Editor.remove": (EDITORS, ["", None, False]),
    "Editor.undo": (EDITORS, [None]),
    "BrandForm.show": (EDITORS, ["Tern", "#1d4ed8", [], TABLE, *[""] * 6]),
    "BrandForm.save": (EDITORS, ["Tern", "#1d4ed8", [], TABLE, *[""] * 6]),
}
PICKED = {
    "DeskPage.pick": {"conversation": ""},
    "DeskPage.close": {"outcome": "solved"},
    "Editor.open": {"entry": "nothing"},
}
# what the app serves besides: pages, their files, calls of the events above, and uploads
PATHS = {
    *("/", "/desk", "/workshop", "/preview", "/login", "/logout", "/widget.js"),
    *("/config", "/theme.css", "/favicon.ico", "/robots.txt", "/manifest.json"),
    *("/pwa_icon", "/pwa_icon/{size}", "/healthz", "/readyz", "/metrics", "/openapi.json"),
    *(f"/{folder}/{{path:path}}" for folder in ("static", "svelte", "assets", "gradio_api/file")),
}
FRAMEWORK = {
    *("api/{api_name}", "run/{api_name}", "call/{api_name}", "call/{api_name}/{event_id}"),
    *("call/v2/{api_name}", "call/v2/{api_name}/{event_id}", "cancel", "component_server"),
    *("queue/data", "queue/join", "queue/status", "heartbeat/{session_hash}", "startup-events"),
    *("info", "openapi.json", "app_id", "login_check", "token", "user", "theme.css"),
    *("upload", "upload_progress", "file={path_or_url:path}"),
    *("stream/{event_id}", "stream/{event_id}/close"),
    "custom_component/{id}/{environment}/{type}/{file_name}",
    *(
        f"stream/{{session_hash}}/{{run}}/{{component_id}}/{name}"
        for name in ("playlist-file", "playlist.m3u8", "{segment_id}.{ext}")
    ),
}
REFUSALS = (word("door_closed"), word("door_not_yours"))


def name_of(function) -> str:
    return function.fn.__qualname__.replace(".<locals>", "")


@pytest.fixture(scope="module")
def service():
    made = FakeService()
    for role in ("agent", "editor", "admin"):
        made.accounts.add(role.title(), role, GOOD, "test")
    made.accounts.add("Spare", "agent", GOOD, "test")
    return made


@pytest.fixture(scope="module")
def tokens(service):
    own = {role: service.accounts.sign_in(role, GOOD) for role in ("agent", "editor", "admin")}
    return {"visitor": service.visit().token, **own, "key": KEY}


@pytest.fixture(scope="module")
def demo(service, tmp_path_factory):
    return build_demo(service, tmp_path_factory.mktemp("assets"), desk_key=KEY)


@pytest.fixture(scope="module")
def call(demo):
    """call(number, data, more) -> what the server says to an event, as a browser sends it."""
    options = launch_options(limits=Limits(calls="10000/minute"))
    address = demo.launch(prevent_thread_lock=True, quiet=True, **options)[1]
    with httpx.Client(base_url=address, timeout=20) as client:

        def called(number, data, event_data=None):
            session = uuid.uuid4().hex
            sent = {"fn_index": number, "data": data, "session_hash": session}
            joined = client.post("gradio_api/queue/join", json={**sent, "event_data": event_data})
            assert joined.status_code == 200, joined.text
            with client.stream("GET", f"gradio_api/queue/data?session_hash={session}") as lines:
                for line in lines.iter_lines():
                    told = json.loads(line[5:]) if line.startswith("data:") else {}
                    if told.get("msg") == "process_completed":
                        return told
            raise AssertionError("the server said nothing")

        yield called
    demo.close()


def waiting(service):
    """A conversation that waits for a person."""
    visit = service.visit()
    *_, last = visit.reply(UserTurn("a person please", knowledge="shopping"))
    return last.reply.session_id


def test_every_event_of_every_page_is_in_the_table(demo):
    names = {name_of(function) for function in demo.fns.values() if function.fn}
    assert names == OPEN | GUARDED.keys()
    public = {name_of(each) for each in demo.fns.values() if each.api_visibility == "public"}
    assert public == {name for name in OPEN if name.startswith("Endpoints.")}


def paths_of(routes):
    for route in routes:
        inner = getattr(route, "original_router", None)
        yield from paths_of(inner.routes) if inner else [route.path.rstrip("/") or "/"]


def test_every_path_that_the_app_serves_is_known_or_shut(demo, call):
    """So that a newer framework opens none that nobody has looked at."""
    served = {path for path in paths_of(demo.app.routes) if not UNUSED.match(path)}
    assert served == PATHS | {f"/gradio_api/{path}" for path in FRAMEWORK}


@pytest.mark.parametrize("name", GUARDED)
def test_the_server_lets_each_role_do_what_is_theirs_and_nothing_else(
    name, demo, call, service, tokens
):
    may, given = GUARDED[name]
    number = next(n for n, each in demo.fns.items() if each.fn and name_of(each) == name)
    for role, token in tokens.items():
        session, key_last = waiting(service), "{key}" in given
        values = {"{session}": session, "{key}": token, "{new}": f"New {role} {name}"}
        if name == "AccountsPage.remove" and role in ("admin", "key"):
            service.accounts.add(values["{new}"], "agent", GOOD, "test")
        data = [values.get(each, each) if isinstance(each, str) else each for each in given]
        before = len(audited(service.store, 10_000))
        told = call(number, data if key_last else [token, *data], PICKED.get(name))
        error = str(told["output"].get("error") or "")
        refused = any(json.dumps(each)[1:-1] in error or each in error for each in REFUSALS)
        allowed = role == "key" or role in may
        assert refused is not allowed, (role, told)
        if refused:
            assert len(audited(service.store, 10_000)) == before
            assert service.desk.owner(session) == "waiting" and not service.messages(session)


def test_a_sign_in_opens_no_conversation_of_a_visitor_and_a_visitor_no_page(service, tokens):
    session = waiting(service)
    for role in ("agent", "editor", "admin"):
        with pytest.raises(InputError, match="not one of this service"):
            service.visit(tokens[role]).conversation(session)
    assert Door(KEY, service.accounts).who(tokens["visitor"]) == VISITOR


def test_an_agents_name_is_the_accounts_and_cannot_be_chosen(service, tokens):
    door = Door(KEY, service.accounts)
    assert door.agent(tokens["agent"], "Somebody Else") == "Agent"
    assert door.agent(KEY, "Dana") == "Dana"
    with pytest.raises(InputError, match="account"):
        door.agent(KEY, " aGENT ")
    with pytest.raises(InputError, match="something else"):
        door.agent(KEY, " Assistant")  # what that does is not in the audit log
    with pytest.raises(InputError):
        door.agent(tokens["editor"], "Editor")


def test_without_a_key_nobody_is_let_in_by_an_empty_one():
    for door in (Door(), Door("", FakeService().accounts)):
        for given in ("", None, " ", "x"):
            assert door.who(given) == VISITOR and not door.may(given, "desk")
    assert Door(KEY).who(KEY) == ADMIN


def test_an_unknown_role_or_area_may_nothing():
    assert not Person("x", "owner").may("desk") and not Person("x", "").may("figures")
    assert not Person("x", "admin").may("unheard-of")


def test_what_the_settings_open_is_open_to_everybody_and_no_more(service):
    opened = Door("", service.accounts, frozenset({"workshop", "add"}))
    may = {area for area in ("workshop", "add", "edit", "desk", "figures") if opened.may("", area)}
    assert may == {"workshop", "add"}
    assert "Returning" in KnowledgeDesk(service, opened).browse("shopping", "")


def test_the_desk_is_there_without_a_key_where_there_are_accounts(service, tmp_path):
    paths = [path for path, *_ in build_demo(service, tmp_path).pages]
    assert paths == ["", "desk", "workshop", "preview"]
    assert [path for path, *_ in build_demo(FakeService(), tmp_path).pages] == [""]


def test_who_added_knowledge_is_in_the_audit_log(service, tokens, tmp_path):
    (tmp_path / "bell.md").write_text("# A bell\n\nRing it.")
    desk = KnowledgeDesk(service, Door(KEY, service.accounts, frozenset({"add"})))
    for token in (tokens["editor"], KEY):
        desk.ingest("mine", [str(tmp_path / "bell.md")], token)
    desk.ingest("visitors", [str(tmp_path / "bell.md")], "")  # who replace no base of the company's
    assert [row.who for row in audited(service.store, 3)] == ["page", KEY_NAME, "Editor"]
