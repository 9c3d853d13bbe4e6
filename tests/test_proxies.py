"""The proxies' settings in docs/several-machines.md, tried on loopback with two fronts: who has the
cookie stays, and when a front has gone the other one goes on with the conversation.
"""

import re
import shutil
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from conftest import free_port, on_postgresql
from gradio_client import Client
from test_service import built, folder  # noqa: F401  (fixture)

from demo.sizes import Limits
from demo.ui import build_demo, launch_options
from mm_support.config import Settings

pytestmark = on_postgresql
PAGE = Path(__file__).resolve().parents[1] / "docs" / "several-machines.md"
NGINX = "pid {folder}/pid; error_log {folder}/log; events {{}}\nhttp {{ access_log off; {own} }}"
COMMANDS = {
    "nginx": ["nginx", "-p", "{folder}", "-g", "daemon off;", "-c", "{folder}/settings"],
    "haproxy": ["haproxy", "-db", "-f", "{folder}/settings"],
}


@pytest.fixture
def fronts(tmp_path, database_url, folder, monkeypatch):  # noqa: F811
    """Two fronts with their addresses."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    settings = Settings(data_dir=tmp_path / "data", database_url=database_url)
    opened = []
    for _ in range(2):
        service = built(settings, folder)
        ready = lambda service=service: service.status().ready  # noqa: E731
        demo = build_demo(service, desk_key="a key of the tests")
        options = launch_options(limits=Limits(), ready=ready)
        _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, **options)
        opened.append((demo, url.rstrip("/"), service))
    yield opened
    for demo, _, service in opened:
        demo.close()
        service.close()


@pytest.fixture(params=["nginx", "haproxy"])
def proxy(request, fronts, tmp_path):
    """The address of the proxy in front of them."""
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    (own,) = re.findall(rf"```{request.param}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    ports = {"7861": fronts[0][1], "7862": fronts[1][1]}
    for port, url in ports.items():
        own = own.replace(f"127.0.0.1:{port}", url.removeprefix("http://"))
    own = own.replace("8080", str(port := free_port()))
    work = tmp_path / "proxy"
    work.mkdir()
    whole = NGINX.format(folder=work, own=own) if request.param == "nginx" else own
    (work / "settings").write_text(whole)
    command = [part.format(folder=work) for part in COMMANDS[request.param]]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    address = f"http://127.0.0.1:{port}"
    wait_for(lambda: httpx.get(f"{address}/readyz").status_code == 200)
    yield address
    process.terminate()
    process.wait(10)


def wait_for(true, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if true():
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise AssertionError("it did not come true")


def ask(client, text, reply=None):
    """The reply to a typed question, in the conversation of an earlier reply."""
    known = {"session_id": reply["session_id"], "token": reply["token"]} if reply else {}
    said, _ = client.predict(text, knowledge="kb", **known, api_name="/chat")
    return said


def answered_by(fronts):
    """How many turns each front has answered."""
    figures = [front.metrics.text().decode() for _, _, front in fronts]
    counts = [re.findall(r"^mm_support_turns_total{.*} (\S+)$", text, re.M) for text in figures]
    return [sum(map(float, own)) for own in counts]


def test_who_has_the_cookie_stays_and_goes_on_elsewhere_when_a_front_has_gone(fronts, proxy):
    clients = [Client(proxy, verbose=False) for _ in range(4)]
    assert all("front" in client.cookies for client in clients)
    for client in clients:
        before = answered_by(fronts)
        reply = ask(client, "and then?", ask(client, "washing machine e24"))
        assert reply["citations"][0]["id"] == "e24"
        gained = [now - then for now, then in zip(answered_by(fronts), before)]
        assert sorted(gained) == [0, 2]  # both at one
    place = gained.index(2)
    demo, _, gone = fronts[place]
    demo.close()
    again = Client(proxy, verbose=False, headers={"Cookie": f"front={client.cookies['front']}"})
    last = ask(again, "washing machine e24", reply)
    kept = fronts[1 - place][2].conversation(last["session_id"])
    assert [turn.text.split()[0] for turn in kept] == ["washing", "and", "washing"]


def test_a_program_whose_first_call_brings_it_a_cookie_gets_its_reply(fronts, proxy):
    for _ in range(8):  # of which half would go to another front with the cookie
        with httpx.Client(base_url=f"{proxy}/gradio_api", timeout=30) as program:
            for _ in range(2):
                sent = ["refund late", None, None, "kb", None, False, None, None, None]
                begun = program.post("/call/chat", json={"data": sent}).json()["event_id"]
                assert "event: complete" in program.get(f"/call/chat/{begun}").text
            assert "front" in program.cookies


def test_what_pages_need_passes_and_figures_do_not(fronts, proxy):
    sent = httpx.post(f"{proxy}/gradio_api/upload", files={"files": ("a.bin", b"x" * 20_000_000)})
    (kept,) = sent.json()
    for _, url, _ in fronts:  # the folder of uploads is shared
        assert len(httpx.get(f"{url}/gradio_api/file={kept}").content) == 20_000_000
    assert httpx.get(f"{proxy}/metrics").status_code == 404
    with httpx.stream("GET", f"{proxy}/gradio_api/heartbeat/abc") as beats:
        assert next(beats.iter_text())  # at once, not when the stream ends
