"""Spans of OpenTelemetry: which steps they tell of, whose they are, and that they hold no words.
Lines of the log as JSON.
"""

import json
import logging
import subprocess
import sys
import threading

import pytest
from loopback import Handler, Loopback

from mm_support.config import Settings
from mm_support.errors import InputError, SupportError
from mm_support.logs import JsonLines
from mm_support.tracing import WHERE, carried, open_tracer, span, streamed, traced
from mm_support.types import UserTurn
from tests.slow_service import question, slow_service

sdk = pytest.importorskip("opentelemetry.sdk.trace")
export = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")


@pytest.fixture
def spans():
    """(tracer, what is finished)."""
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    kept, provider = export.InMemorySpanExporter(), sdk.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    return provider.get_tracer("test"), kept.get_finished_spans


def parents(finished):
    """(name, name of the span that it is in) of each."""
    names = {one.context.span_id: one.name for one in finished}
    return {(one.name, names[one.parent.span_id] if one.parent else "") for one in finished}


def test_a_turn_is_one_trace_whichever_threads_ask_for_its_events(spans):
    tracer, finished = spans

    def work():
        with span("decode"):
            pieces = streamed("language model", iter("ab"), model="m")
            yield from pieces
            thread = threading.Thread(target=carried(lambda: spoken("speak")))
            thread.start()
            thread.join()
        return "whole"

    def spoken(name):
        with span(name):
            pass

    def ask():
        try:
            got.append(next(events))
        except StopIteration as end:
            got.append(end.value)

    events, got = traced(tracer, work()), []
    for _ in range(3):
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    assert got == ["a", "b", "whole"]
    assert len({one.context.trace_id for one in finished()}) == 1
    inside = {("decode", "turn"), ("language model", "decode"), ("speak", "decode")}
    assert parents(finished()) == {("turn", ""), *inside}


def test_a_failure_tells_its_kind_and_no_words(spans):
    tracer, finished = spans

    def work():
        with span("look"):
            yield 1
            raise InputError("What the customer said.")

    events = traced(tracer, work())
    next(events)
    with pytest.raises(InputError):
        next(events)
    assert {one.attributes["error.type"] for one in finished()} == {"InputError"}
    assert not any(one.status.is_ok or one.events for one in finished())
    assert "customer" not in " ".join(one.to_json() for one in finished())


def test_a_customer_who_leaves_is_no_failure(spans):
    tracer, finished = spans

    def work():
        with span("decode"):
            yield from streamed("language model", iter("abc"))

    events = traced(tracer, work())
    next(events)
    events.close()
    assert {one.name for one in finished()} == {"turn", "decode", "language model"}
    assert all(one.attributes["left"] and not one.status.description for one in finished())


class Receiver(Handler):
    """Takes what an OTLP exporter sends."""

    def do_POST(self):
        self.server.got.append((self.path, self.body()))
        self.answer()


def test_spans_of_a_service_reach_a_receiver_without_what_was_said(tmp_path, monkeypatch):
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    receiver = Loopback(Receiver, got=[])
    monkeypatch.setenv(WHERE[0], receiver.url)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "front-a")
    service = slow_service(Settings(data_dir=tmp_path), 0.0)
    service.answer(UserTurn(question(1), knowledge="kb"))
    service.close()
    receiver.close()
    (path, body), *_ = receiver.got
    assert path == "/v1/traces" and b"front-a" in body
    for name in (b"turn", b"wait", b"prepare", b"fuse", b"encode", b"search", b"decide", b"decode"):
        assert name in body
    assert question(1).encode() not in b"".join(body for _, body in receiver.got)


def test_nothing_is_imported_where_nobody_collects():
    code = (
        "import sys, mm_support.service; from mm_support.tracing import open_tracer;"
        "assert open_tracer({})[0] is None;"
        "assert not any(name.startswith('opentelemetry.sdk') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_missing_sdk_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(SupportError, match="telemetry"):
        open_tracer({WHERE[0]: "http://127.0.0.1:9"})


def test_a_line_of_the_log_is_one_json_object():
    try:
        raise InputError("Two\nlines.")
    except InputError:
        told = sys.exc_info()
    record = logging.LogRecord("desk", logging.WARNING, "", 0, "%s é\nb", ("a",), told)
    line = JsonLines().format(record)
    assert "\n" not in line
    values = json.loads(line)
    assert values["message"] == "a é\nb" and values["level"] == "warning"
    assert values["logger"] == "desk" and "InputError: Two\nlines." in values["error"]
