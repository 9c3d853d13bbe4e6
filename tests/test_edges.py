"""What stands between the network and the pages, tried on loopback as a visitor would."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import safehttpx
from conftest import on_postgresql
from gradio.state_holder import SessionState
from sqlalchemy import text
from starlette.applications import Starlette

import demo.rates
from demo import edges
from demo.edges import Rates, app_parts, limits_of, origins
from demo.origins import pattern
from demo.sizes import MEGABYTE, Limits, Meter, Refused
from demo.ui import build_demo, launch_options, speech_of
from mm_support.config import Settings
from mm_support.errors import BusyError, InputError
from tests.fake_service import FakeService

SMALL = Limits(
    file=MEGABYTE // 2,
    upload=MEGABYTE,
    files=3,
    uploads="200/minute",
    calls="60/minute",
    frame_ancestors=("https://shop.example",),
)
API = "/gradio_api"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """(address, service, a folder that is not to be served)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        service, kept = FakeService(), tmp_path_factory.mktemp("data")
        limits = Limits(**{**SMALL.__dict__, "blocked_paths": (kept,)})
        demo = build_demo(service, tmp_path_factory.mktemp("assets"))
        service.room = 0.0
        ready = lambda: service.status().ready  # noqa: E731
        room, metrics = (lambda: service.room), (lambda: b"turns 1\n")
        known = speech_of(demo)
        options = launch_options(
            limits=limits, ready=ready, room=room, metrics=metrics, known=known
        )
        _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, **options)
        service.demo = demo
        yield url.rstrip("/"), service, kept
        demo.close()


@pytest.fixture(scope="module")
def address(served):
    return served[0]


def upload(address, *, files=(), data=None, content=None, headers=None):
    sent = {"files": [("files", file) for file in files]} if files else {}
    return httpx.post(
        f"{address}{API}/upload", data=data, content=content, headers=headers, timeout=30, **sent
    )


def test_an_ordinary_upload_passes(address):
    answer = upload(address, files=[("a.jpg", b"x" * 1000), ("b.jpg", b"y" * 1000)])
    assert answer.status_code == 200 and len(answer.json()) == 2


def test_a_part_that_is_no_file_is_bounded_before_it_fills_the_memory(address):
    sent = 0

    def parts():
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="note"\r\n\r\n'
        for _ in range(3_000):
            sent += 10_000
            yield b"x" * 10_000

    answer = None
    try:
        answer = upload(
            address, content=parts(), headers={"Content-Type": "multipart/form-data; boundary=b"}
        )
    except httpx.HTTPError:
        pass  # the server closed while more was coming
    assert answer is None or answer.status_code == 413
    assert sent < 30_000_000


@pytest.mark.parametrize(
    "path, most",
    [("/upload", SMALL.upload), ("/queue/join", 2 * MEGABYTE), ("/call/chat", 2 * MEGABYTE)],
)
def test_a_body_that_says_it_is_too_big_is_refused_unread(address, path, most):
    host, port = address.removeprefix("http://").split(":")
    head = (
        f"POST {API}{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {most + 1}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        wire.sendall(head.encode())
        answer = wire.recv(4096).decode()
    assert answer.startswith("HTTP/1.1 413")


def test_a_length_that_is_no_number_is_refused():
    with pytest.raises(Refused):
        Meter(SMALL, "/gradio_api/queue/join", {"content-length": "²"})


def test_a_body_without_a_length_is_counted_as_it_comes(address):
    pieces = (b'{"data": ["' + b"x" * 100_000 for _ in range(60))
    try:
        answer = httpx.post(
            f"{address}{API}/call/chat",
            content=pieces,
            timeout=10,
            headers={"Content-Type": "application/json"},
        )
    except httpx.HTTPError:
        return  # the server closed while more was coming
    assert answer.status_code == 413


def test_many_small_files_are_too_many(address):
    answer = upload(address, files=[(f"{n}.jpg", b"x") for n in range(SMALL.files + 1)])
    assert answer.status_code == 413 and "at most 3" in answer.json()["detail"]


def test_one_big_file_is_refused(address):
    answer = upload(address, files=[("a.jpg", b"x" * (SMALL.file + 1))])
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/call/chat", "/run/chat", "/queue/join"])
def test_a_call_with_what_is_no_number_is_told_so(address, path):
    body, kind = '{"data": NaN}', {"Content-Type": "application/json"}
    answer = httpx.post(f"{address}{API}{path}", content=body, headers=kind)
    assert answer.status_code == 422 and answer.json()["detail"][0]["msg"]


@pytest.mark.parametrize("body", [b"", b"--b\r\nnonsense", b"--other\r\n"])
def test_a_damaged_form_breaks_nothing(address, body):
    answer = upload(
        address, content=body, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert answer.status_code in (200, 400, 422) and "Traceback" not in answer.text
    assert upload(address, files=[("a.jpg", b"x")]).status_code == 200


def test_every_answer_has_the_headers(address):
    for path in (
        "/",
        "/config",
        "/gradio_api/info",
        "/healthz",
        "/no-such-page",
        "/gradio_api/monitoring",
    ):
        headers = httpx.get(address + path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        policy = headers["content-security-policy"]
        may_frame = policy.partition("frame-ancestors ")[2]
        assert may_frame == ("'self' https://shop.example" if path == "/" else "'self'")
        assert "object-src 'none'" in policy
        assert "microphone=(self)" in headers["permissions-policy"]


@pytest.mark.parametrize("path", ["/desk", "/workshop", "/preview", "/sign-in"])
def test_pages_of_the_team_are_framed_by_no_other_site(address, path):
    policy = httpx.get(address + path).headers["content-security-policy"]
    assert policy.endswith("frame-ancestors 'self'")


def test_where_sites_may_frame_the_page_there_is_no_other(address):
    framed = httpx.get(f"{address}/?embed=1&knowledge=page")
    assert framed.status_code == 200
    assert framed.headers["content-security-policy"].endswith("https://shop.example")
    for query in ("page=desk", "x=1&pag%65=workshop", "page="):
        assert httpx.get(f"{address}/?{query}").status_code == 404


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", f"{API}/info", f"{API}/call/knowledge_bases", "/healthz"])
def test_answers_are_read_by_pages_of_the_sites_that_are_named(address, path, method):
    def reader(origin, host="support.example"):
        asked = {"Host": host, "Access-Control-Request-Method": "POST"}
        headers = {**asked, **({"Origin": origin} if origin else {})}
        answer = httpx.request(method, address + path, headers=headers)
        return answer.headers.get("access-control-allow-origin")

    assert reader("https://shop.example") == "https://shop.example"
    strangers = ["https://evil.example", "https://shop.example.evil.example", "null"]
    for origin in (None, *strangers, "http://shop.example", "https://a.shop.example"):
        assert reader(origin) is None
    assert reader("http://localhost:5173", host="localhost") is None


@pytest.mark.parametrize("path", [f"{API}/call/knowledge_bases", "/v1/chat/completions"])
@pytest.mark.parametrize(
    "headers, taken",
    [
        ({}, True),  # a program's
        ({"Origin": "http://desk.example", "Host": "desk.example"}, True),
        ({"Origin": "https://shop.example"}, True),
        ({"Origin": "https://desk.example", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "http://desk.example", "X-Forwarded-For": "10.0.0.7"}, True),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://[::1"}, False),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "https://a.desk.example", "Sec-Fetch-Site": "same-site"}, False),
    ],
)
def test_pages_of_other_sites_send_nothing(address, path, headers, taken):
    answer = httpx.post(address + path, headers=headers, content=b'{"data": []}')
    assert (answer.status_code != 403) == taken, answer.text


def test_sites_are_named_as_for_frames():
    own = [re.compile(pattern(origin)) for origin in origins("https://*.a.example http://B:81")]
    for origin, known in (
        ("https://shop.a.example", True),
        ("https://x.shop.a.example", True),
        ("https://a.example", False),
        ("https://shopXa.example", False),
        ("https://evil.example/.a.example", False),
        ("http://b:81", True),
        ("http://b", False),
    ):
        assert any(each.fullmatch(origin) for each in own) == known


@pytest.mark.parametrize("prefix", ["", "/support"])
def test_a_prefix_that_the_proxy_leaves_evades_no_bound(prefix):
    app = Starlette(**app_parts(SMALL))
    transport = httpx.ASGITransport(app, root_path="/support")

    async def send():
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            path = f"{prefix}{API}/queue/join"
            return await client.post(path, content=b"x" * (2 * MEGABYTE + 1))

    assert asyncio.run(send()).status_code == 413


@pytest.mark.parametrize(
    "path",
    ["/process_recording", "/vibe-code/", "/vibe-edit/", "/proxy=http://127.0.0.1:1/", "/reset"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_parts_of_the_framework_that_no_page_uses_are_not_there(address, path, method):
    assert httpx.request(method, address + API + path).status_code == 404
    assert httpx.request(method, address + "/monitoring/summary").status_code == 404


@pytest.mark.parametrize("path", ["/call/no_such", "/api/no_such", "/run/no_such"])
def test_an_endpoint_that_there_is_not_is_told_without_a_traceback(address, path, caplog):
    told = httpx.post(address + API + path, json={"data": []})
    assert told.status_code == 404 and "nothing here" in told.text
    assert "Traceback" not in caplog.text


def test_the_page_comes_packed_to_those_who_can_unpack_it(address):
    sizes = {}
    for accepted in ("identity", "gzip"):
        with httpx.stream("GET", f"{address}/", headers={"Accept-Encoding": accepted}) as answer:
            assert answer.headers.get("content-encoding", "identity") == accepted
            sizes[accepted] = len(b"".join(answer.iter_raw()))
    assert sizes["gzip"] < sizes["identity"] / 3
    assert "content-security-policy" in answer.headers
    streamed = httpx.get(f"{address}/healthz", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in streamed.headers


def test_speech_is_taken_from_pages_that_are_open_and_opens_no_session(served):
    address, service, _ = served
    sessions = service.demo.state_holder
    (number,) = [
        number
        for number, block in service.demo.blocks.items()
        if getattr(block, "elem_id", "") == "voice" and hasattr(block, "hear")
    ]
    call = {"session_hash": "open", "component_id": number, "fn_name": "hear", "data": {}}

    def status(**changes):
        url = f"{address}{API}/component_server"
        return httpx.post(url, json={**call, **changes}).status_code

    before = len(sessions.session_data)
    assert status() == 404
    assert httpx.post(f"{address}{API}/component_server", content=b"no JSON").status_code == 404
    assert len(sessions.session_data) == before
    _ = sessions["open"]
    assert status() == 200
    assert status(fn_name="render") == status(component_id=number + 1) == 404
    assert status(session_hash=["open"]) == status(component_id=str(number)) == 404


def test_a_session_is_small_and_holds_nothing_of_what_was_said(served):
    address, service, _ = served
    sessions = service.demo.state_holder
    words = "an unmistakable question"
    call = f"{address}{API}/call/chat"
    data = [words, None, None, "shopping", None, False, None, None, None]
    event = httpx.post(call, json={"data": data}).json()["event_id"]
    *_, last = httpx.get(f"{call}/{event}", timeout=60).text.strip().splitlines()
    token = json.loads(last.removeprefix("data: "))[0]["token"]
    kept = [repr(vars(session)) for session in sessions.session_data.values()]
    assert kept and not any(words in each or token in each for each in kept)
    tracemalloc.start()
    many = [SessionState(service.demo) for _ in range(20)]
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size / len(many) < 100_000  # bytes


def test_health_and_readiness(served):
    address, service, _ = served
    assert httpx.get(f"{address}/healthz").json() == {"status": "ok"}
    assert httpx.get(f"{address}/readyz").status_code == 200
    service.loaded.clear()
    try:
        assert httpx.get(f"{address}/readyz").status_code == 503
        assert httpx.get(f"{address}/healthz").status_code == 200
    finally:
        service.loaded.set()


def test_a_full_queue_is_503_with_a_time_for_replies_and_for_nothing_else(served):
    address, service, _ = served
    service.room = 12.0
    try:
        for path in ("/call/chat", "/api/chat", "/run/chat"):
            answer = httpx.post(f"{address}{API}{path}", json={"data": []})
            assert answer.status_code == 503 and answer.headers["retry-after"] == "12"
            assert "12 s" in answer.json()["detail"]
        told = httpx.post(f"{address}{API}/call/knowledge_bases", json={"data": []})
        assert told.status_code == 200 and httpx.get(f"{address}/healthz").status_code == 200
    finally:
        service.room = 0.0


def test_programs_read_refusals_in_the_format_of_their_own_errors(served):
    address, service, _ = served
    service.room = 12.0
    try:
        answer = httpx.post(f"{address}/v1/chat/completions", json={})
    finally:
        service.room = 0.0
    assert answer.status_code == 503 and answer.headers["retry-after"] == "12"
    assert answer.json()["error"] == {
        "message": str(BusyError("busy", 12)),
        "type": "server_error",
        "param": None,
        "code": None,
    }


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"])
def test_figures_are_for_this_machine_and_not_for_those_behind_its_proxy(address, header):
    assert httpx.get(f"{address}/metrics").text == "turns 1\n"
    passed_on = httpx.get(f"{address}/metrics", headers={header: "127.0.0.1"})
    assert passed_on.status_code == 404 and "turns" not in passed_on.text


@pytest.mark.parametrize("is_open, status", [(False, 404), (True, 200)])
def test_figures_are_for_other_machines_where_a_setting_says_so(is_open, status):
    parts = app_parts(Limits(open_metrics=is_open), metrics=lambda: b"turns 1\n")
    transport = httpx.ASGITransport(Starlette(**parts), client=("10.0.0.9", 1234))

    async def look():
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            return await client.get("/metrics")

    assert asyncio.run(look()).status_code == status
    settings = Settings.from_env({"MM_SUPPORT_OPEN_METRICS": str(is_open)})
    assert limits_of(settings, {}).open_metrics == is_open


def test_folders_of_the_service_are_not_served_even_where_a_file_of_theirs_is_known(served):
    address, _, kept = served
    (kept / "turns.sqlite").write_bytes(b"secret")
    for path in (kept / "turns.sqlite", Path("/etc/passwd"), Path(__file__)):
        for form in (f"{path}", f"//{path}", f"%2e%2e/{path}", f"{path}%00"):
            answer = httpx.get(f"{address}{API}/file={form}")
            assert answer.status_code in (400, 403, 404) and b"secret" not in answer.content


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x", "http://169.254.169.254/latest/", "file:///etc/passwd"]
)
def test_the_server_fetches_nothing_on_request(address, url):
    file = {"path": url, "url": url, "meta": {"_type": "gradio.FileData"}}
    started = httpx.post(f"{address}{API}/call/describe", json={"data": [file, None]})
    if started.status_code != 200:
        return
    events = httpx.get(
        f"{address}{API}/call/describe/{started.json()['event_id']}", timeout=20
    ).text
    assert "event: error" in events and "root:" not in events


@pytest.mark.parametrize("form", ["file=", "file/", "file= ", "file=%09", "file=H"])
def test_what_lies_elsewhere_is_fetched_for_nobody(address, monkeypatch, form):
    """Neither public addresses: whoever asks would have this server ask for them."""
    reached = []
    monkeypatch.setattr(safehttpx, "async_validate_url", reached.append)
    url = "http://93.184.215.14/a.png"
    shown = url[1:] if form.endswith("H") else url  # Http://
    assert httpx.get(f"{address}{API}/{form}{shown}").status_code in (403, 404)
    file = {"path": url, "meta": {"_type": "gradio.FileData"}}
    started = httpx.post(f"{address}{API}/call/describe", json={"data": [file, None]})
    told = httpx.get(f"{address}{API}/call/describe/{started.json()['event_id']}").text
    assert "nothing is fetched" in told and reached == []


def test_the_widget_is_served_as_a_script_and_small(address):
    answer = httpx.get(f"{address}/widget.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert len(answer.content) < 30_000


def test_who_asks_too_often_is_told_when_to_come_back(address):
    answers = [
        httpx.post(f"{address}{API}/call/knowledge_bases", json={"data": []}) for _ in range(80)
    ]
    refused = [answer for answer in answers if answer.status_code == 429]
    chinese = {"Accept-Language": "zh-CN,zh;q=0.9"}
    for more, told in (({}, "Too many"), ({"Sec-Fetch-Site": "same-origin"}, "请求过于频繁")):
        headers = {**chinese, **more}  # a program's call, and our page's
        again = httpx.post(f"{address}{API}/call/knowledge_bases", json={}, headers=headers)
        assert told in again.json()["error"]
    assert refused and answers[0].status_code == 200
    assert 1 <= int(refused[-1].headers["retry-after"]) <= 60
    assert re.search(r"try again in \d+ s", refused[-1].json()["detail"])
    assert httpx.get(f"{address}/healthz").status_code == 200


# -- settings -------------------------------------------------------------------------------


def test_sites_that_may_show_the_page():
    assert origins("") == ()
    assert origins("https://a.example, http://127.0.0.1:8080") == (
        "https://a.example",
        "http://127.0.0.1:8080",
    )
    for wrong in ("a.example", "https://a.example/path", "https://a; script-src *", "*"):
        with pytest.raises(InputError, match="is no origin"):
            origins(wrong)


def test_limits_come_from_settings():
    settings = Settings.from_env(
        {"MM_SUPPORT_FRAME_ORIGINS": "https://a.example", "MM_SUPPORT_RATE_LIMIT": "5/second"}
    )
    limits = limits_of(settings, {})
    assert limits.calls == "5/second" and limits.frame_ancestors == ("https://a.example",)
    assert settings.data_dir in limits.blocked_paths
    assert "https://huggingface.co" in limits_of(settings, {"SPACE_ID": "a/b"}).frame_ancestors


@pytest.mark.parametrize(
    "name, value, example",
    [
        ("RATE_LIMIT", "often", "240/minute"),
        ("RATE_LIMIT", "0/minute", "240/minute"),
        ("RATE_STORAGE", "nowhere://x", "redis://host"),
    ],
)
def test_rates_that_mean_nothing_end_the_start_in_a_sentence_with_an_example(name, value, example):
    with pytest.raises(InputError, match=f"MM_SUPPORT_{name} .*{example}"):
        limits_of(Settings.from_env({f"MM_SUPPORT_{name}": value}), {})


def test_a_clock_that_is_put_back_keeps_nobody_out(monkeypatch):
    rates, now = Rates(Limits(calls="2/minute")), time.time
    for hours in (0, -1, 5):
        monkeypatch.setattr(time, "time", lambda: now() + 3600 * hours)  # noqa: B023
        call(rates, "10.0.0.1")
        call(rates, "10.0.0.1")
        with pytest.raises(Exception, match="try again") as refused:
            call(rates, "10.0.0.1")
        assert int(refused.value.headers["Retry-After"]) <= 60


def test_addresses_are_counted_apart():
    rates = Rates(Limits(calls="1/minute"))
    for address in ("10.0.0.1", "10.0.0.2"):
        call(rates, address)
    with pytest.raises(Exception, match="try again"):
        call(rates, "10.0.0.1")
    call(rates, "10.0.0.3", "/v1/chat/completions")
    with pytest.raises(Exception, match="try again"):
        call(rates, "10.0.0.3", "/v1/chat/completions")
    call(rates, "10.0.0.1", f"{API}/queue/data", "GET")
    call(rates, "2001:db8:0:1::1")
    with pytest.raises(Exception, match="try again"):
        call(rates, "2001:db8:0:1:abcd::2")  # whoever has one address has its network
    call(rates, "2001:db8:0:2::1")
    call(rates, "::ffff:10.0.0.4")
    with pytest.raises(Exception, match="try again"):
        call(rates, "10.0.0.4")


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/back"])
def test_ways_to_the_companys_sign_in_are_counted_though_they_are_read(path):
    rates = Rates(Limits(sign_ins="2/minute"))
    for _ in range(2):
        call(rates, "10.0.0.1", path, "GET")
    with pytest.raises(Refused) as refusal:
        call(rates, "10.0.0.1", path, "GET")
    assert refusal.value.status_code == 429
    call(rates, "10.0.0.2", path, "GET")


@pytest.mark.parametrize(
    "path", ["/", "/desk", "/workshop/", "/config", f"{API}/info", f"{API}/openapi.json"]
)
def test_openings_of_pages_are_counted_beside_calls(path):
    """Each is made anew, which takes a tenth of a second."""
    rates = Rates(Limits(calls="2/minute"))
    for _ in range(2):
        call(rates, "10.0.0.1", path, "GET")
        call(rates, "10.0.0.1", f"{API}/queue/join")
    with pytest.raises(Refused) as refusal:
        call(rates, "10.0.0.1", path, "GET")
    assert refusal.value.status_code == 429
    for free in ("/healthz", "/readyz", "/theme.css", f"{API}/file=/a.png"):
        call(rates, "10.0.0.1", free, "GET")


def test_megabytes_of_files_are_counted_by_address():
    rates = Rates(Limits(uploads="100/minute", uploaded="5/hour", upload=2 * MEGABYTE))

    def send(*headers, address="10.0.0.1"):
        scope = {"method": "POST", "client": (address, 1), "headers": headers}
        asyncio.run(rates.check(f"{API}/upload", scope))

    send((b"content-length", b"%d" % (MEGABYTE + 1)))
    send()  # two, as it does not say
    send((b"content-length", b"7"))
    with pytest.raises(Refused) as refusal:
        send((b"content-length", b"7"))
    assert refusal.value.status_code == 429
    send(address="10.0.0.2")


def test_no_file_is_taken_where_the_disk_is_all_but_full(address, monkeypatch):
    monkeypatch.setattr(edges, "free_space", lambda _: SMALL.spare - 1)
    answer = upload(address, files=[("a.jpg", b"x")])
    assert answer.status_code == 507 and "no room" in answer.json()["detail"]
    chinese = {"Sec-Fetch-Site": "same-origin", "Accept-Language": "zh-CN"}
    own = upload(address, files=[("a.jpg", b"x")], headers=chinese)
    assert own.status_code == 507 and "没有空间" in own.json()["detail"]
    monkeypatch.undo()
    assert upload(address, files=[("a.jpg", b"x")]).status_code == 200


def call(rates, address, path=f"{API}/queue/join", method="POST"):
    asyncio.run(rates.check(path, {"method": method, "client": (address, 1)}))


@on_postgresql
def test_fronts_that_share_a_server_count_together(database_url):
    settings = Settings(database_url=database_url, rate_limit="6/minute")
    fronts = [Rates(limits_of(settings, {})) for _ in range(2)]
    with ThreadPoolExecutor(6) as pool:
        waits = list(pool.map(lambda n: refused(fronts[n % 2], "10.0.0.1"), range(10)))
    assert waits.count(0) == 6 and all(0 < wait <= 60 for wait in waits if wait)
    assert refused(fronts[0], "10.0.0.2") == 0
    assert all(front.away == 0 for front in fronts)


@on_postgresql
def test_addresses_that_call_no_more_are_forgotten(database_url, monkeypatch):
    monkeypatch.setattr(demo.rates, "HOUR", 0)
    storage = demo.rates.PostgresStorage(database_url)

    def known_after(window, seconds):
        assert storage.acquire_entry("before", 5, window)
        with storage._engine.connect() as connection:
            earlier = f"ARRAY[{demo.rates.NOW} - {seconds}]"
            connection.execute(text(f"UPDATE rates SET calls = {earlier} WHERE key = 'before'"))
        storage.acquire_entry("now", 5, window)
        with storage._engine.connect() as connection:
            return set(connection.execute(text("SELECT key FROM rates")).scalars())

    assert known_after(60, 30) == {"before", "now"}
    assert known_after(60, 90) == {"now"}
    assert known_after(7_200, 3_700) == {"before", "now"}


def refused(rates, address):
    """Seconds to wait; 0 where the call is taken."""
    return asyncio.run(rates.wait("calls", address))


def test_while_the_server_is_away_each_front_counts_by_itself():
    away = "postgresql://nobody@127.0.0.1:9/none"
    rates = Rates(Limits(calls="2/minute", storage=away))
    began = time.monotonic()
    assert [refused(rates, "10.0.0.1") > 0 for _ in range(4)] == [False, False, True, True]
    assert rates.away > began and rates.shared
