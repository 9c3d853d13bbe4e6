"""Events are worked on while the page is busy; nothing is lost, and what goes wrong is raised where
it happened.
"""

import threading

import pytest

from demo.coalesce import batches
from mm_support.types import Said


def test_what_happened_meanwhile_comes_together_and_in_order():
    def events():
        for number in range(5):
            yield Said(str(number))
        done.set()

    done = threading.Event()
    coming = batches(events())
    first = next(coming)
    assert done.wait(5)  # without anybody taking more
    rest = list(coming)
    assert (
        "".join(event.text for batch in [first, *rest] for event in batch) == "01234"
        and len(rest) <= 1
    )


def test_a_problem_comes_behind_what_happened_before_it():
    def events():
        yield Said("before")
        raise ValueError("broken")

    seen = []
    with pytest.raises(ValueError, match="broken"):
        for batch in batches(events()):
            seen += batch
    assert [event.text for event in seen] == ["before"]


def test_closing_ends_the_work():
    closed, go = threading.Event(), threading.Event()

    def events():
        try:
            while True:
                yield Said("more")
                go.wait(5)
        finally:
            closed.set()

    coming = batches(events())
    next(coming)
    coming.close()
    go.set()
    assert closed.wait(5)
