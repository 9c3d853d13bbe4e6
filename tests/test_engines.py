"""Engines: pieces arrive as they are decoded, a stop or a lost reader ends the decoding, failures
are said.
"""

import json
import queue
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from conftest import EchoModel, WordEncoder
from loopback import Handler, Loopback

from assets.training.reply import with_small_model
from mm_support.config import Settings
from mm_support.decode.prompt import build_messages, with_photo
from mm_support.decode.reply import ReplyWriter
from mm_support.device import resolve_device
from mm_support.engines.base import Capabilities, Channel, without_thoughts
from mm_support.engines.choose import load_language_model
from mm_support.engines.vision import in_parts
from mm_support.errors import GenerationError, WeightsError
from mm_support.types import Entry, Hit, Question

MESSAGES = [
    {"role": "system", "content": "Answer in one sentence."},
    {"role": "user", "content": "What is the capital of France?"},
]


# -- the channel between the thread that decodes and the one that reads


def test_a_channel_hands_on_what_was_written_in_order_and_ends():
    channel = Channel()
    for piece in ("a", "b"):
        channel.put(piece)
    channel.finish()
    assert list(channel.read(None)) == ["a", "b"]


def test_a_channel_raises_what_the_writer_failed_with_after_what_came_before():
    channel = Channel()
    channel.put("a")
    channel.finish(GenerationError("gone"))
    pieces = channel.read(None)
    assert next(pieces) == "a"
    with pytest.raises(GenerationError, match="gone"):
        next(pieces)


def test_whatever_the_writer_raises_is_a_plain_error_for_the_reader():
    def work(channel):
        channel.put("a")
        raise AttributeError("no delta")

    pieces = Channel().filled_by(work, name="writer").read(None)
    assert next(pieces) == "a"
    with pytest.raises(GenerationError, match="no delta.*ask again"):
        next(pieces)


def test_a_reader_never_hangs_on_a_silent_writer():
    with pytest.raises(GenerationError, match="stopped responding"):
        list(Channel().read(None, silence=0.05))


def test_a_stop_is_heard_while_the_writer_is_silent_and_the_writer_learns_of_it():
    channel, stop = Channel(), threading.Event()
    threading.Timer(0.1, stop.set).start()
    assert list(channel.read(stop)) == [] and channel.abandoned.is_set()


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        ("<think>\nIt is free, so [1].\n</think>\n\nIt is free [1].", "It is free [1]."),
        ("<think>\n\n</think>\n\nIt is free.", "It is free."),
        (" [THINK]Hm.[/THINK]It is free.", "It is free."),
        ("<thinking>It is free, but", ""),
        ("[1] It is <think> free.", "[1] It is <think> free."),
        ("<b>Free</b>", "<b>Free</b>"),
        ("<th", "<th"),
    ],
)
def test_what_a_model_thinks_before_it_answers_is_no_part_of_the_reply(reply, shown):
    for size in (1, 3, 100):
        pieces = (reply[at : at + size] for at in range(0, len(reply), size))
        assert "".join(without_thoughts(pieces)).strip() == shown


def test_thoughts_of_a_server_are_left_out(serve):
    thinking = serve(pieces=("<thi", "nk>Hm.</think>", "\nPa", "ris."))
    assert "".join(server_model(thinking).stream(MESSAGES, 20)).strip() == "Paris."


# -- servers


END = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'

ENDLESS = "endless"  # a list of models that is sent for ever
LISTED = {"object": "list", "data": [{"id": "first-model", "object": "model"}]}


class FakeServer(Loopback):
    """Speaks enough of the OpenAI protocol. pieces: contents, None for a chunk without any.
    failures: statuses sent before the first reply. listed: what it says of its models.
    """

    def __init__(self, pieces=("Pa", "ris", "."), failures=(), pause=0.0, listed=LISTED):
        self.pieces, self.failures, self.pause = pieces, list(failures), pause
        self.listed = listed
        self.requests, self.broken_pipe = [], threading.Event()
        super().__init__(Calls)
        self.url += "/v1"


class Calls(Handler):
    def do_GET(self):
        if self.server.listed is not ENDLESS:
            return self.tell(self.server.listed)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b" " * 1000)
                time.sleep(self.server.pause)
        except OSError:
            self.server.broken_pipe.set()

    def do_POST(self):
        self.server.requests.append(json.loads(self.body()))
        if self.server.failures:
            return self.tell({"error": {"message": "busy"}}, self.server.failures.pop(0))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            for piece in self.server.pieces:
                chunk = {
                    "id": "1",
                    "object": "chat.completion.chunk",
                    "created": 0,
                    "model": "m",
                    "choices": [{"index": 0, "delta": piece and {"content": piece}}],
                }
                self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
                self.wfile.flush()
                time.sleep(self.server.pause)
            self.wfile.write(END)
        except OSError:
            self.server.broken_pipe.set()


@pytest.fixture
def serve():
    servers = []

    def start(**options):
        servers.append(FakeServer(**options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def server_model(server, **settings):
    return load_language_model(Settings(llm_url=server.url, **settings), resolve_device("cpu"))


def test_a_server_streams_and_gets_what_it_needs(serve):
    server = serve()
    model = server_model(server)
    assert list(model.stream(MESSAGES, 20)) == ["Pa", "ris", "."]
    request = server.requests[0]
    assert request["model"] == model.name == "first-model" and request["messages"] == MESSAGES
    assert request["max_tokens"] == 20 and request["temperature"] == 0 and request["stream"]


def test_a_busy_server_is_asked_again(serve):
    assert (
        "".join(server_model(serve(failures=[503, 429]), llm_model="m").stream(MESSAGES, 20))
        == "Paris."
    )


@pytest.mark.parametrize(
    "status, remedy",
    [(401, "llm_key"), (404, "llm_model"), (429, "It is busy"), (500, "Its own log")],
)
def test_a_server_that_refuses_is_a_plain_error(serve, status, remedy):
    with pytest.raises(GenerationError, match=remedy):
        list(server_model(serve(failures=[status] * 9), llm_model="m").stream(MESSAGES, 20))


def test_a_server_that_says_nothing_is_left_alone_until_it_has_rested(serve, monkeypatch):
    hung = serve(pieces=(None,), pause=0.3)
    model = server_model(hung, llm_model="m")
    monkeypatch.setattr("mm_support.engines.server.SILENT", 0.1)
    for alive in (True, False):
        assert list(model.stream(MESSAGES, 20)) == [] and model.alive is alive
    monkeypatch.setattr("mm_support.engines.server.RESTS", 0.0)
    assert model.alive  # asked again
    hung.pieces = ("Paris",)
    assert list(model.stream(MESSAGES, 20)) == ["Paris"]
    monkeypatch.undo()
    assert model.alive


def test_a_customer_who_leaves_at_once_tells_nothing_of_the_server(serve):
    model = server_model(serve(pieces=(None,), pause=0.2), llm_model="m")
    for _ in range(3):
        model.stream(MESSAGES, 20).close()
        assert list(model.stream(MESSAGES, 20)) == []
    assert model.alive


def test_a_server_that_is_not_there_is_a_plain_error():
    with pytest.raises(GenerationError, match="llm_url"):
        load_language_model(Settings(llm_url="http://127.0.0.1:9/v1"), resolve_device("cpu"))


@pytest.mark.parametrize("listed", ["a page", ["first-model"], {"data": [{"name": "x"}]}, {}])
def test_whoever_else_answers_there_is_a_plain_error_but_no_hindrance_to_a_model_that_is_named(
    serve, listed
):
    server = serve(listed=listed)
    with pytest.raises(GenerationError, match="llm_url"):
        server_model(server)
    assert "".join(server_model(server, llm_model="m").stream(MESSAGES, 20)) == "Paris."


@pytest.mark.parametrize("bound, pause", [("LARGEST", 0.0), ("LONGEST", 0.05)])
def test_a_list_of_models_without_an_end_keeps_nobody(serve, monkeypatch, bound, pause):
    monkeypatch.setattr(f"mm_support.engines.server.{bound}", 2.0)
    endless = serve(listed=ENDLESS, pause=pause)
    with pytest.raises(GenerationError, match="llm_url"):
        server_model(endless)
    assert endless.broken_pipe.wait(10)
    assert "".join(server_model(endless, llm_model="m").stream(MESSAGES, 20)) == "Paris."


def test_chunks_without_content_and_content_in_parts_end_no_reply(serve):
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
    server = serve(pieces=([thought], None, [{"type": "text", "text": "Par"}], "is."))
    assert list(server_model(server).stream(MESSAGES, 20)) == ["Par", "is."]


@pytest.mark.parametrize("how", ["close", "stop"])
def test_a_reader_who_leaves_ends_the_servers_work(serve, how):
    server = serve(pieces=["word "] * 1000, pause=0.01)
    stop = threading.Event()
    pieces = server_model(server, llm_model="m").stream(MESSAGES, 20, stop)
    assert next(pieces) == "word "
    pieces.close() if how == "close" else stop.set()
    assert list(pieces) == []
    assert server.broken_pipe.wait(5)


def check_customers_together(model):
    """Four customers at once are told what each is told alone."""
    prompts = [[{"role": "user", "content": f"Count from {n} upwards."}] for n in range(4)]

    def told(prompt):
        return "".join(model.stream(prompt, 12))

    alone = list(map(told, prompts))
    with ThreadPoolExecutor(len(prompts)) as pool:
        assert list(pool.map(told, prompts)) == alone


# -- transformers, on a tiny random model saved in the hub's layout


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory):
    """A random two-layer Llama with a word-level tokenizer and a chat template."""
    from mm_support.torchvision_shim import prepare_transformers

    prepare_transformers()
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(0)
    vocabulary = {token: i for i, token in enumerate(["<eos>", *map(chr, range(32, 127))])}
    tokenizer = Tokenizer(models.BPE(vocabulary, [], unk_token="<eos>"))
    tokenizer.pre_tokenizer, tokenizer.decoder = (
        pre_tokenizers.Split("", "isolated"),
        decoders.Fuse(),
    )
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<eos>")
    fast.chat_template = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }} {% endfor %}"
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        eos_token_id=0,
        bos_token_id=0,
    )
    folder = tmp_path_factory.mktemp("tiny")
    LlamaForCausalLM(config).save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


@pytest.fixture
def tiny(tiny_folder):
    return load_language_model(Settings(reply_model=str(tiny_folder)), resolve_device("cpu"))


def test_greedy_decoding_is_that_of_transformers(tiny, tiny_folder):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    model = AutoModelForCausalLM.from_pretrained(tiny_folder)
    prompt = tokenizer.apply_chat_template(
        MESSAGES, return_tensors="pt", return_dict=True, add_generation_prompt=True
    )
    wanted = model.generate(**prompt, max_new_tokens=20, do_sample=False)[
        0, prompt["input_ids"].shape[1] :
    ]
    text = tokenizer.decode(wanted, skip_special_tokens=True)
    assert "".join(tiny.stream(MESSAGES, 20)) == text != ""
    assert "".join(tiny.stream(MESSAGES, 20)) == text, "the remembered prompt changes nothing"


def test_prompts_that_begin_alike_are_continued_from_the_cache(tiny):
    other = [MESSAGES[0], {"role": "user", "content": "What is the capital of Spain?"}]
    alone = "".join(tiny.stream(other, 10))
    list(tiny.stream(MESSAGES, 10))
    assert "".join(tiny.stream(other, 10)) == alone


def test_customers_of_transformers_get_together_what_they_get_alone(tiny, seeing):
    for model in (tiny, seeing):
        check_customers_together(model)


def test_decoding_ends_with_the_stop_and_with_the_limit(tiny):
    stop = threading.Event()
    pieces = tiny.stream(MESSAGES, 50, stop)
    next(pieces)
    stop.set()
    assert len(list(pieces)) <= 1
    assert len("".join(tiny.stream(MESSAGES, 5))) <= 5


def test_a_prompt_that_is_too_long_is_a_plain_error(tiny):
    with pytest.raises(GenerationError, match="shorter"):
        list(tiny.stream([{"role": "user", "content": "x" * 20_000}], 5))


def test_want_of_memory_is_a_plain_error_and_the_next_question_is_answered(tiny, monkeypatch):
    def full(*_, **__):
        raise RuntimeError("CUDA out of memory")

    with monkeypatch.context() as short:
        short.setattr(tiny._model, "forward", full)
        with pytest.raises(GenerationError, match="out of memory.*ask again"):
            list(tiny.stream(MESSAGES, 5))
    assert list(tiny.stream(MESSAGES, 5))


def test_a_template_without_rules_gets_them_in_front_and_none_at_all_is_a_plain_error(
    tiny, monkeypatch
):
    strict = "{% if messages[0].role == 'system' %}{{ raise_exception('No system') }}{% endif %}"
    plain = tiny._tokenizer.chat_template
    merged = [{"role": "user", "content": "\n\n".join(own["content"] for own in MESSAGES)}]
    expected = list(tiny.stream(merged, 5))
    monkeypatch.setattr(tiny._tokenizer, "chat_template", strict + plain)
    assert list(tiny.stream(MESSAGES, 5)) == expected
    monkeypatch.setattr(tiny._tokenizer, "chat_template", None)
    with pytest.raises(GenerationError, match="ask again"):
        list(tiny.stream(MESSAGES, 5))


def test_a_model_that_is_not_there_is_a_plain_error(tmp_path):
    with pytest.raises(WeightsError, match="embedded profile"):
        load_language_model(Settings(reply_model=str(tmp_path)), resolve_device("cpu"))


# -- a tiny random model that sees, of the architecture that the profile `large` names, saved in the
# hub's layout


@pytest.fixture(scope="module")
def seeing_folder(tmp_path_factory):
    from mm_support.torchvision_shim import prepare_transformers

    prepare_transformers()
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import (
        PreTrainedTokenizerFast,
        Qwen2_5_VLConfig,
        Qwen2_5_VLForConditionalGeneration,
        Qwen2_5_VLProcessor,
        Qwen2VLImageProcessor,
        Qwen2VLVideoProcessor,
    )

    torch.manual_seed(0)
    tokenizer = Tokenizer(
        models.BPE({c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}, [])
    )
    tokenizer.pre_tokenizer, tokenizer.decoder = (
        pre_tokenizers.ByteLevel(add_prefix_space=False),
        decoders.ByteLevel(),
    )
    marks = ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=marks,
    )
    template = (
        "{% for m in messages %}{{ m.role }}: {% for part in m.content %}{% if part.type == 'image'"
        " %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part.text }}{% endif %}{%"
        " endfor %}\n{% endfor %}"
    )
    small = Qwen2VLImageProcessor(min_pixels=28 * 28, max_pixels=16 * 28 * 28)
    start, end, image, video = fast.convert_tokens_to_ids(marks)
    config = Qwen2_5_VLConfig(
        text_config={
            "vocab_size": len(fast),
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "rope_parameters": {
                "rope_type": "default",
                "mrope_section": [1, 1, 2],
                "rope_theta": 10000.0,
            },
            "eos_token_id": fast.eos_token_id,
        },
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_heads": 2,
            "out_hidden_size": 32,
            "window_size": 56,
            "fullatt_block_indexes": [1],
        },
        image_token_id=image,
        video_token_id=video,
        vision_start_token_id=start,
        vision_end_token_id=end,
    )
    folder = tmp_path_factory.mktemp("seeing")
    Qwen2_5_VLProcessor(
        image_processor=small,
        tokenizer=fast,
        video_processor=Qwen2VLVideoProcessor(),
        chat_template=template,
    ).save_pretrained(folder)
    Qwen2_5_VLForConditionalGeneration(config).save_pretrained(folder)
    return folder


@pytest.fixture
def seeing(seeing_folder):
    return load_language_model(Settings(reply_model=str(seeing_folder)), resolve_device("cpu"))


def test_a_model_that_sees_gets_the_photo_itself(seeing, seeing_folder, red, blue):
    from transformers import AutoModelForImageTextToText, AutoProcessor

    assert seeing.can.sees
    processor = AutoProcessor.from_pretrained(seeing_folder)
    model = AutoModelForImageTextToText.from_pretrained(
        seeing_folder, dtype=resolve_device("cpu").dtype
    )
    said = {}
    for name, photo in (("red", red), ("blue", blue)):
        messages = with_photo(
            build_messages(Question(typed="What is it?"), [Entry("e", "Lamp", "A lamp.")]), photo
        )
        inputs = processor.apply_chat_template(
            [in_parts(m) for m in messages],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        ).to(model.device, model.dtype)
        assert inputs["pixel_values"].numel() > 0
        wanted = model.generate(**inputs, max_new_tokens=12, do_sample=False)[
            0, inputs["input_ids"].shape[1] :
        ]
        said[name] = "".join(seeing.stream(messages, 12))
        assert said[name] == processor.tokenizer.decode(wanted, skip_special_tokens=True) != ""


def test_the_writer_shows_the_photo_only_to_a_model_that_sees(red):
    asked = Question("what is this", photo=red)
    for sees in (True, False):
        model = EchoModel("The refund takes 5 days.")
        model.can = Capabilities(sees=sees)
        list(
            ReplyWriter(model, WordEncoder()).write(
                asked, [Hit(Entry("r", "Refund", "The refund takes 5 days."), 0.9)]
            )
        )
        content = model.prompts[0][-1]["content"]
        assert (content[0]["image"] is red) if sees else isinstance(content, str)


def test_a_model_that_sees_stops_within_a_token_and_says_what_fails(seeing):
    stop, tokens = threading.Event(), []
    seeing._model.register_forward_hook(lambda *_: tokens.append(stop.is_set()))
    pieces = seeing.stream(MESSAGES, 400, stop)
    next(pieces)
    stop.set()
    assert list(pieces) == []
    assert "".join(seeing.stream(MESSAGES, 1)), "the next one is not kept waiting"
    assert sum(tokens) <= 4, (
        "one that was under way, at most one until the reader looks, and the next customer's own"
    )
    with pytest.raises(GenerationError, match="ask again"):
        list(
            seeing.stream(
                [{"role": "user", "content": [{"type": "image", "image": "gone.jpg"}]}], 5
            )
        )
    seeing.close()
    with pytest.raises(GenerationError, match="closed"):
        list(seeing.stream(MESSAGES, 5))


# -- the real model on OpenVINO


@pytest.fixture(scope="module")
def smol(settings):
    model = load_language_model(with_small_model(settings), resolve_device("cpu"))
    yield model
    model.close()


@pytest.mark.slow
@pytest.mark.parametrize("hours", [31, 74])
def test_the_small_model_answers_from_the_evidence_and_streams(smol, hours):
    lamp = Entry(
        "lamp",
        "Lark camping lamp",
        f"The Lark costs 59 euros. A full charge lasts {hours} hours. It weighs 300 grams.",
    )
    pieces = list(
        smol.stream(
            build_messages(
                Question(typed="How many hours does one charge of the Lark last?"), [lamp]
            ),
            40,
        )
    )
    assert f"{hours} hours" in "".join(pieces) and "[1]" in "".join(pieces) and len(pieces) > 3


@pytest.mark.slow
def test_customers_together_get_what_they_get_alone(smol):
    check_customers_together(smol)


@pytest.mark.slow
def test_a_reader_who_leaves_frees_the_model_for_the_next_one(smol):
    stop = threading.Event()
    first = smol.stream([{"role": "user", "content": "Tell me a very long story."}], 1000, stop)
    next(first)
    first.close()
    started = time.monotonic()
    assert "".join(smol.stream(MESSAGES, 5))
    assert time.monotonic() - started < 20


class EndlessHandle:
    """A request of CountsSteps: one more token a step until it is cancelled."""

    def __init__(self):
        self.cancelled, self.fresh = False, False

    def get_status(self):
        from openvino_genai import GenerationStatus

        return GenerationStatus.CANCEL if self.cancelled else GenerationStatus.RUNNING

    def can_read(self):
        fresh, self.fresh = self.fresh, False
        return fresh

    def read(self):
        return {0: SimpleNamespace(generated_ids=[1])}

    def cancel(self):
        self.cancelled = True


class CountsSteps:
    """A pipeline, and its tokenizer, whose replies never end. steps: how often each request was
    decoded.
    """

    def __init__(self):
        self.handles, self.steps = {}, Counter()

    def apply_chat_template(self, messages, add_generation_prompt):
        return messages[0]["content"]

    def encode(self, prompt, add_special_tokens):
        return SimpleNamespace(input_ids=prompt)

    def decode(self, tokens):
        return "word " * len(tokens)

    def add_request(self, number, tokens, config):
        self.handles[number] = handle = EndlessHandle()
        return handle

    def has_non_finished_requests(self):
        return not all(handle.cancelled for handle in self.handles.values())

    def step(self):
        time.sleep(0.001)
        for number, handle in self.handles.items():
            if not handle.cancelled:
                handle.fresh = True
                self.steps[number] += 1


def asking(number):
    return json.dumps(
        {"number": number, "messages": [{"role": "user", "content": "Go on."}], "max_tokens": 9}
    )


def test_decoding_ends_within_a_token_of_the_readers_leaving_while_others_go_on():
    pytest.importorskip("openvino_genai")
    from mm_support.engines.openvino_worker import Decoding

    pipeline, sent, lines = CountsSteps(), queue.SimpleQueue(), queue.SimpleQueue()
    decoding = Decoding(pipeline, pipeline, sent.put)
    threads = [
        threading.Thread(target=work)
        for work in (lambda: decoding.read(iter(lines.get, None)), decoding.run)
    ]
    for thread in threads:
        thread.start()
    sign = json.dumps({"number": -1, "sign": True})
    lines.put(sign)
    assert sent.get(timeout=10)["number"] == -1, "it shows that it lives while it has nothing to do"
    lines.put(asking(1))
    lines.put(asking(2))
    lines.put(sign)
    while sent.get(timeout=10)["number"] != -1:  # and while it decodes
        continue
    heard = set()
    while heard < {1, 2}:
        heard.add(sent.get(timeout=10)["number"])
    lines.put(json.dumps({"number": 1}))
    while not pipeline.handles[1].cancelled:
        time.sleep(0.001)
    ended, others = pipeline.steps[1], pipeline.steps[2]
    time.sleep(0.2)
    assert pipeline.steps[1] == ended and pipeline.steps[2] > others + 10
    lines.put(None)
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive(), "it ends with its lines"


@pytest.mark.slow
def test_this_process_goes_on_while_the_model_reads_a_long_prompt(smol):
    pauses, over = [], threading.Event()

    def tick():
        last = time.monotonic()
        while not over.wait(0.005):
            pauses.append(time.monotonic() - last)
            last = time.monotonic()

    ticking, started = threading.Thread(target=tick), time.monotonic()
    ticking.start()
    next(smol.stream([{"role": "user", "content": "lighthouse station keeper " * 300}], 5))
    reading = time.monotonic() - started
    over.set()
    ticking.join()
    assert max(pauses) < reading / 4


@pytest.mark.slow
@pytest.mark.long
def test_a_model_that_dies_is_a_plain_error_and_is_started_again(settings):
    model = load_language_model(with_small_model(settings), resolve_device("cpu"))
    before = "".join(model.stream(MESSAGES, 5))
    pieces = model.stream([{"role": "user", "content": "Tell me a very long story."}], 1000)
    next(pieces)
    model._model.process.kill()
    with pytest.raises(GenerationError, match="has died"):
        list(pieces)
    deadline = time.monotonic() + 60
    while not (model.restarts and model.alive) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert "".join(model.stream(MESSAGES, 5)) == before
    model.close()


def test_a_file_that_is_no_model_is_a_plain_error(tmp_path):
    pytest.importorskip("openvino_genai")
    from mm_support.engines.openvino import OpenVinoModel

    (tmp_path / "model.gguf").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(WeightsError, match="model.gguf"):
        OpenVinoModel(tmp_path / "model.gguf", tmp_path)


@pytest.mark.slow
def test_a_closed_model_says_so(smol):
    process = smol._model.process
    smol.close()
    smol.close()
    assert process.poll() == 0
    with pytest.raises(GenerationError, match="start the service again"):
        list(smol.stream(MESSAGES, 5))
