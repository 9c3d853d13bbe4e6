"""--help and wrong calls are answered before anything heavy is imported, in every command."""

import json
import subprocess
import sys
from typing import NamedTuple

import pytest

from mm_support.__main__ import EVALUATE, TRAIN
from mm_support.config import FUSIONS
from mm_support.fuse.strategies import STRATEGIES

HEAVY = ("torch", "transformers", "sklearn", "scipy", "gradio", "av", "cv2")
CALLS = f"""
import json, os, sys, tempfile, traceback
from mm_support.__main__ import main

def status_of(argv):
    try:
        return main(argv) or 0
    except SystemExit as exc:
        return exc.code or 0
    except BaseException:
        traceback.print_exc()
        return 1

for line in sys.stdin:
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        if not (child := os.fork()):
            os.dup2(out.fileno(), 1), os.dup2(err.fileno(), 2)
            status = status_of(json.loads(line))
            loaded = [name for name in {HEAVY!r} if name in sys.modules]
            print(loaded, file=sys.stderr)
            sys.stdout.flush(), sys.stderr.flush()
            os._exit(9 if loaded else status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        out.seek(0), err.seek(0)
        print(json.dumps([status, out.read(), err.read()]), flush=True)
"""  # each call in a copy of a process that has imported the command line alone
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


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture(scope="module")
def call():
    """call(*argv) -> how the command ended, and what it wrote."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", CALLS], **pipes) as process:

        def call(*argv):
            process.stdin.write(json.dumps(argv) + "\n")
            process.stdin.flush()
            return Done(*json.loads(process.stdout.readline()))

        yield call
        process.stdin.close()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_imports_nothing_heavy(call, command):
    done = call(*command, "--help")
    assert done.returncode == 0, done.stderr
    assert "usage: mm-support" in done.stdout


@pytest.mark.parametrize("argv", WRONG, ids=" ".join)
def test_a_wrong_call_imports_nothing_heavy_and_has_status_2(call, argv):
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
def test_an_unknown_base_is_told_before_anything_heavy_is_imported(call, argv, tmp_path):
    done = call("--data", str(tmp_path), *argv)
    assert done.returncode == 2, done.stderr
    assert "There is no knowledge base 'no-such-base'" in done.stderr


def test_the_strategies_that_can_be_named_are_those_there_are():
    assert set(FUSIONS) == set(STRATEGIES)
