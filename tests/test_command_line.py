"""--help and wrong calls are answered before anything heavy is imported, in every command."""

import subprocess
import sys

import pytest

from mm_support.__main__ import EVALUATE, TRAIN
from mm_support.config import FUSIONS
from mm_support.fuse.strategies import STRATEGIES

HEAVY = ("torch", "transformers", "sklearn", "scipy", "gradio", "av", "cv2")
CALL = f"""
import sys
from mm_support.__main__ import main
try:
    status = main(sys.argv[1:])
except SystemExit as exc:
    status = exc.code
loaded = [name for name in {HEAVY!r} if name in sys.modules]
print(loaded, file=sys.stderr)
sys.exit(9 if loaded else status)
"""
COMMANDS = [
    [],
    ["fetch-weights"],
    ["ingest"],
    ["edit"],
    ["ask"],
    ["train"],
    *(["train", name] for name in (*TRAIN, "gate")),
    ["evaluate"],
    *(["evaluate", name] for name in EVALUATE),
    ["export-feedback"],
    ["bench"],
    ["mcp"],
]
WRONG = [
    ["dance"],
    ["ask"],
    ["ask", "x", "--image", "gone.jpg"],
    ["ask", "x", "--tone", "kind"],
    ["--profile", "tiny", "ask", "x"],
    ["ingest", "bank", "gone.csv"],
    ["edit", "bank", "1", "--valid-until", "soon"],
    ["train"],
    ["train", "dance"],
    ["train", "calibrate", "--cases", "gone"],
    ["train", "fusion", "--knowledge", "x", "--strategy", "dance"],
    ["train", "intents", "--train", "gone.csv"],
    ["evaluate"],
    ["evaluate", "--knowledge", "x"],
    ["evaluate", "--knowledge", "x", "--cases", "gone.jsonl"],
    ["evaluate", "fusion"],
    ["bench", "--only", "dance"],
]


def call(*argv: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", CALL, *argv], capture_output=True, text=True)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_imports_nothing_heavy(command):
    done = call(*command, "--help")
    assert done.returncode == 0, done.stderr
    assert "usage: mm-support" in done.stdout


@pytest.mark.parametrize("argv", WRONG, ids=" ".join)
def test_a_wrong_call_imports_nothing_heavy_and_has_status_2(argv):
    done = call(*argv)
    assert done.returncode == 2, done.stderr
    assert "error: " in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "argv",
    [
        ["ask", "x", "--knowledge", "no-such-base"],
        ["remove", "no-such-base"],
        ["edit", "no-such-base", "1", "--title", "A"],
        ["evaluate", "--knowledge", "no-such-base", "--cases", __file__],
    ],
    ids=lambda argv: argv[0],
)
def test_an_unknown_base_is_told_before_anything_heavy_is_imported(argv, tmp_path):
    done = call("--data", str(tmp_path), *argv)
    assert done.returncode == 2, done.stderr
    assert "There is no knowledge base 'no-such-base'" in done.stderr


def test_the_strategies_that_can_be_named_are_those_there_are():
    assert set(FUSIONS) == set(STRATEGIES)
