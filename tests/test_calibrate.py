"""`train calibrate` on one base of one's own: it says what is lacking, writes into the data folder
only, and what it wrote is what decides.
"""

import json

import numpy as np
import pytest
from test_service import folder, make  # noqa: F401  (fixtures)

from mm_support import terminal
from mm_support.__main__ import main
from mm_support.config import Settings
from mm_support.decide import calibration
from mm_support.decide.confidence import FEATURES, gate_file, load_gate, own_gate_file
from mm_support.errors import InputError
from mm_support.loading import gate_for
from mm_support.train.calibrate import PRECISION, Example, fit, left_out

ANSWERED = [
    {"text": "refund late", "expect": "refund"},
    {"text": "when does the refund arrive", "expect": "refund"},
    {"text": "washing machine e24", "expect": "e24"},
    {"text": "what means e24", "expect": "e24"},
    {"turns": [{"text": "refund", "expect": "refund"}, {"text": "how long", "expect": "refund"}]},
]
FOREIGN = [{"text": text, "expect": "none"} for text in ("zebra", "the moon", "sing a song")]


@pytest.fixture
def calibrate(make, tmp_path, monkeypatch, capsys):  # noqa: F811
    """Runs the command on cases about the base "kb"; returns status, stderr and the settings."""
    monkeypatch.setattr(terminal, "load_service", lambda settings: make())

    def call(rows, command="calibrate"):
        cases = tmp_path / "cases"
        cases.mkdir(exist_ok=True)
        (cases / "kb.jsonl").write_text("\n".join(map(json.dumps, rows)))
        data = tmp_path / "own"
        status = main(["--data", str(data), "train", command, "--cases", str(cases)])
        return status, capsys.readouterr().err, Settings(data_dir=data)

    return call


@pytest.mark.parametrize("command", ["calibrate", "gate"])
def test_one_base_is_enough_and_its_gate_decides(calibrate, command):
    shipped = gate_file(Settings())
    before = shipped.read_bytes()
    status, _, settings = calibrate([*ANSWERED, *FOREIGN], command)
    assert status == 0 and shipped.read_bytes() == before
    assert gate_for(settings) == load_gate(own_gate_file(settings)) != load_gate(shipped)


@pytest.mark.parametrize(
    "rows, lacking",
    [
        (ANSWERED, "out of scope"),
        (FOREIGN, "found its entry first"),
        ([{"text": "x"}], "is no case"),
        ([], "holds no cases"),
    ],
)
def test_what_is_lacking_is_one_sentence_and_nothing_is_written(calibrate, rows, lacking):
    status, said, settings = calibrate(rows)
    last = said.splitlines()[-1]
    assert status == 2 and last.startswith("error: ") and lacking in last
    assert "Traceback" not in said and not own_gate_file(settings).exists()


def test_a_gate_of_an_earlier_version_does_not_stop_the_service(tmp_path, caplog):
    settings = Settings(data_dir=tmp_path)
    own_gate_file(settings).parent.mkdir()
    own_gate_file(settings).write_text('{"weights": [1], "bias": 0}')
    assert gate_for(settings) == load_gate(gate_file(settings))
    assert "train calibrate" in caplog.text


def test_figures_are_left_out_where_a_group_holds_all_of_a_kind():
    rng = np.random.default_rng(0)

    def example(base, known):
        return Example(base, float(known) + rng.normal(0, 0.1, len(FEATURES)), known, known)

    apart = [example("a", True)] * 3 + [example("b", False)] * 3
    assert left_out(apart) == {}
    mixed = [example(base, known) for base in "ab" for known in (True, False) for _ in range(20)]
    figures = left_out(mixed)["in_words"]
    assert figures["right_entry_first"] == figures["answerable_answered"] == 1.0
    wrong = calibration.FOREIGN * (
        1 - figures["out_of_scope_not_answered"]
    )  # for each that is right
    assert 1 / (1 + wrong) >= PRECISION
    with pytest.raises(InputError, match="out of scope"):
        fit([example("a", True)])
