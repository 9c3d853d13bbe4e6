"""Where there is no terminal, progress is a line now and then, and the last one."""

from mm_support import progress


def test_a_log_gets_the_first_step_one_each_ten_seconds_and_the_last(monkeypatch, capsys):
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    clock[0] = 100.0
    with progress.shown(bytes_=True) as show:
        for done in range(0, 101, 5):
            show("weights", done, 100)
            clock[0] += 2
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"weights: {share}%" for share in (0, 25, 50, 75, 100)]


def test_items_are_counted(capsys):
    assert list(progress.each("abc", "asking")) == ["a", "b", "c"]
    assert capsys.readouterr().err.splitlines() == ["asking: 0 of 3", "asking: 3 of 3"]
