"""Events are worked on while the page is busy; nothing is lost, and what goes wrong is raised where
it happened.
"""

import threading

import pytest

from demo.coalesce import Run, Stopped
from mm_support.types import Said, Working


def started(events):
    run = Run()
    run.start(events)
    return run


def test_what_happened_meanwhile_comes_together_and_in_order():
    def events():
        for number in range(5):
            yield Said(str(number))
        done.set()

    done = threading.Event()
    coming = started(events()).batches()
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
        for batch in started(events()).batches():
            seen += batch
    assert [event.text for event in seen] == ["before"]


def test_who_waits_and_says_so_again_and_again_is_shown_once():
    waits = [Working("wait", "about 3 s")] * 5 + [Working("wait", "about 2 s")]
    events = (event for event in [*waits, Said("a"), Said("a")])
    shown = [event for batch in started(events).batches() for event in batch]
    assert shown == [waits[0], waits[-1], Said("a"), Said("a")]


def test_who_comes_later_reads_it_from_the_beginning():
    run = started(iter_events("abc"))
    for _ in range(2):
        read = [event.text for batch in run.batches() for event in batch]
        assert read == ["a", "b", "c"]


def test_who_reads_no_more_ends_nothing():
    go, done = threading.Event(), threading.Event()

    def events():
        yield Said("a")
        go.wait(5)
        yield Said("b")
        done.set()

    coming = started(events()).batches()
    next(coming)
    coming.close()
    go.set()
    assert done.wait(5)


# -- stopping -------------------------------------------------------------------------------


def test_a_run_that_is_stopped_ends_at_once_also_while_nothing_happens():
    waits = threading.Event()

    def events():
        yield Said("a")
        waits.wait(60)
        yield Said("b")

    run = started(events())
    reply = run.batches()
    next(reply)
    threading.Timer(0.05, run.stop).start()
    with pytest.raises(Stopped):
        next(reply)
    assert not run._over
    waits.set()


def test_a_run_that_is_stopped_twice_or_after_its_end_harms_nothing():
    run = started(iter_events("ab"))
    assert [event for batch in run.batches() for event in batch]
    run.stop()
    run.stop()
    again = Run()
    again.stop()
    again.stop()
    again.start(iter_events("ab"))
    with pytest.raises(Stopped):
        list(again.batches())


def test_who_takes_a_runs_place_waits_until_it_has_ended():
    run = Run()
    threading.Timer(0.1, run.ended.set).start()
    run.give_way(60)
    assert run.replaced and run.ended.is_set()


def iter_events(letters):
    yield from map(Said, letters)
