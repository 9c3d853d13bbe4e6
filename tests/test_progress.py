"""Where there is no terminal, progress is a line now and then, where it takes long."""

from mm_support import progress


def test_a_log_gets_a_line_each_ten_seconds_and_the_last(monkeypatch, capsys):
    clock = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    with progress.shown(bytes_=True) as show:
        for done in range(0, 101, 4):
            show("weights", done, 100)
            clock[0] += 2
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"weights: {share}%" for share in (20, 40, 60, 80, 100)]


def test_short_work_is_silent(capsys):
    assert list(progress.each("abc", "asking")) == ["a", "b", "c"]
    assert not capsys.readouterr().err
