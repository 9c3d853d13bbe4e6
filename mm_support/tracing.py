"""Spans of OpenTelemetry: how long each step of a turn takes, for whoever collects them.

    with span("fuse"): ...              a step of the turn that is worked on
    yield from traced(tracer, events)   a whole turn; what it does is inside its span

Nothing of OpenTelemetry is imported unless its own variable OTEL_EXPORTER_OTLP_ENDPOINT says where
spans go. Spans hold what a company and the product decide, never what a customer said.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from mm_support.errors import InputError

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

NAME = "mm-support"
WHERE = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

Piece = TypeVar("Piece")
Result = TypeVar("Result")
# of the turn that is worked on; None where nobody collects
_tracer: ContextVar[Tracer | None] = ContextVar("tracer", default=None)


def open_tracer(environ: Mapping[str, str]) -> tuple[Tracer | None, Callable[[], None]]:
    """What makes spans, where they are wanted, and what sends the last of them and ends it.

    The SDK reads its other variables (OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER, ...) itself. Raises
    InputError where it is not installed.
    """
    if not any(environ.get(name) for name in WHERE):
        return None, lambda: None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as exc:
        raise InputError(
            f"{WHERE[0]} is set, but OpenTelemetry is missing; run "
            "`pip install '.[telemetry]'`, or leave the variable empty."
        ) from exc
    resource = Resource({SERVICE_NAME: NAME}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider.get_tracer(NAME), provider.shutdown


def span(name: str, **attributes: Any) -> AbstractContextManager[Span | None]:
    """A step of the turn that is worked on; nothing where nobody collects."""
    tracer = _tracer.get()
    return _current(tracer, name, attributes) if tracer else nullcontext()


@contextmanager
def _current(tracer: Tracer, name: str, attributes: Mapping[str, Any]) -> Generator[Span]:
    # what an exception says may be a customer's words
    with tracer.start_as_current_span(
        name, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as made:
        try:
            yield made
        except BaseException as problem:
            _failed(made, problem)
            raise


def traced(
    tracer: Tracer | None, events: Generator[Piece, None, Result]
) -> Generator[Piece, None, Result]:
    """The events, and their result. All that they do is done in one context, whichever thread asks
    for the next event.
    """
    if tracer is None:
        return (yield from events)
    context = copy_context()
    context.run(_tracer.set, tracer)
    whole = _inside(events)
    try:
        while True:
            yield context.run(next, whole)
    except StopIteration as end:
        return end.value
    finally:
        context.run(whole.close)


def _inside(events: Generator[Piece, None, Result]) -> Generator[Piece, None, Result]:
    with span("turn"):
        return (yield from events)


def streamed(
    name: str, pieces: Generator[Piece, None, None], **attributes: Any
) -> Generator[Piece, None, None]:
    """The pieces, as a step that several threads may take turns to ask for."""
    tracer = _tracer.get()
    if tracer is None:
        yield from pieces
        return
    made = tracer.start_span(name, attributes=attributes)
    try:
        yield from pieces
    except BaseException as problem:
        _failed(made, problem)
        raise
    finally:
        made.end()


def describe(**attributes: Any) -> None:
    """Says something of the step that is going on."""
    if _tracer.get():
        from opentelemetry.trace import get_current_span

        get_current_span().set_attributes(attributes)


def carried(work: Callable[..., Result]) -> Callable[..., Result]:
    """The work, for another thread: its steps belong to the turn that goes on here."""
    return work if _tracer.get() is None else _bound(work)


def _bound(work: Callable[..., Result]) -> Callable[..., Result]:
    context = copy_context()
    return lambda *given: context.copy().run(work, *given)


def _failed(made: Span, problem: BaseException) -> None:
    """Notes the kind of error; a reader who left is none."""
    if isinstance(problem, GeneratorExit):
        made.set_attribute("left", True)
        return
    from opentelemetry.trace import StatusCode

    made.set_status(StatusCode.ERROR)
    made.set_attribute("error.type", type(problem).__name__)
