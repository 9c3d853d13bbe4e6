"""Code within a text: found, never cut, kept as it stands."""

import random

import pytest
from markdown_it import MarkdownIt

from demo.markup import with_lists
from mm_support.as_json import opening
from mm_support.decode.blocks import blocks_of
from mm_support.decode.sentence import Sentence
from mm_support.decode.speaking import Speech
from mm_support.knowledge.points import entry_texts
from mm_support.language.detect import language_of, told_language
from mm_support.language.fences import fenced, is_code, logical_lines, without_fences
from mm_support.language.sentences import split_lines, split_paragraphs, without_markers
from mm_support.pipeline.resume import rest_of
from mm_support.types import Entry, Hit, Past

GUIDE = """Stop it before. Make a copy of the file:

```yaml
copies:
    - name: a[0]  # 1. the first. And the last.

    - name: b
```

Then start it again."""
COPY = "```yaml\ncopies:\n    - name: a[0]  # 1. the first. And the last.\n\n    - name: b\n```"


def test_code_is_one_sentence_and_one_line():
    assert split_lines(GUIDE) == (
        ("Stop it before.", "Make a copy of the file:"),
        (COPY,),
        ("Then start it again.",),
    )
    assert [len(paragraph) for paragraph in split_paragraphs(GUIDE)] == [1, 1, 1]
    assert "".join(logical_lines(GUIDE)) == GUIDE


def test_code_in_a_step_keeps_what_its_lines_do_not_share():
    own = split_lines("1. Write:\n   ```\n   a:\n     b\n   ```\n2. Save it.")
    assert own == (("1. Write:",), ("```\na:\n  b\n```",), ("2. Save it.",))


def test_a_fence_that_nothing_closes_is_a_line():
    assert split_lines("```\nOne. Two.") == (("```",), ("One.", "Two."))
    assert not is_code("```") and not is_code("``` a")


def test_numbers_in_brackets_stay_in_code_alone():
    assert without_markers("See [1].\n```\na[0]\n```\nEnd [2]") == "See.\n```\na[0]\n```\nEnd"
    assert without_markers(GUIDE + "\r\n") == GUIDE + "\r\n"


def test_code_holds_fences_of_its_own():
    text = fenced("```\nx\n```")
    assert [*logical_lines(text)] == [text] and without_fences(text) == "```\nx\n```"


def test_code_goes_with_the_sentence_before_it():
    parts = [block.sentences for block in blocks_of(Entry("a", "Copies", GUIDE))]
    assert parts == [
        ("Stop it before.",),
        ("Make a copy of the file:", COPY),
        ("Then start it again.",),
    ]


def test_what_only_announces_code_goes_with_what_stands_before_it():
    text = "Files are copied. Add one path for each. For example:\n\n```\ncopy --path a\n```"
    last = blocks_of(Entry("a", "Copies", text))[-1]
    assert last.sentences[:2] == ("Add one path for each.", "For example:")


def test_code_between_steps_does_not_part_them():
    text = "Do this:\n1. Open a shell.\n2. Run:\n   ```\n   copy a\n   ```\n3. Close it."
    (block,) = blocks_of(Entry("a", "Copies", text))
    assert len(block.sentences) == 5 and block.has_code and block.has_steps


def test_code_has_lines_of_its_own_in_a_reply_and_its_source_stands_before_it():
    said = [Sentence("Run this:", (1,)), Sentence("```\nls\n```", (1,)), Sentence("Wait.", (1,))]
    shown = "".join(own.shown(before) for before, own in zip([None, *said], said))
    assert shown == "Run this: [1]\n```\nls\n```\nWait. [1]"
    assert Sentence("```\nls\n```", (2,)).shown(said[0]) == "\n```\nls\n```\n[2]"


def test_code_is_not_spoken():
    class Voice:
        def speaks(self, language):
            return True

    speech = Speech(Voice(), True)
    assert speech._own(Sentence("```\nls\n```")) == []
    assert speech._own(Sentence("Wait for it.")) == ["Wait for it."]
    speech.close()


def test_code_tells_no_language():
    code = "```\n" + "wget https://files.example/gate.tar.gz && run the script now\n" * 9 + "```"
    assert told_language(code) is None
    assert language_of(f"运行以下命令：\n\n{code}\n\n完成。") == "zh"


def test_what_was_not_heard_keeps_its_code():
    unheard = "Run: [1]\n```\nfirst = a[0] or b[2]\n```\nWait. [1]"
    before = Past("How?", unheard, "answer", ("a",), unheard=unheard)
    said = [*rest_of(before, [Hit(Entry("a", "Copies", GUIDE), 1.0)])]
    assert [own.text for own in said] == ["Run:", "```\nfirst = a[0] or b[2]\n```", "Wait."]
    assert {own.citations for own in said} == {(1,)}


def test_code_is_found_by_what_it_says_alone():
    texts = entry_texts(Entry("a", "Copies", GUIDE))
    assert any(text.startswith("Copies: copies:") for text in texts) and "```" not in "".join(texts)
    assert "```" not in opening(GUIDE) and "copies:" in opening(GUIDE)


def test_code_is_shown_as_code_and_in_a_list_as_part_of_its_item():
    shown = MarkdownIt().render(
        with_lists("Run *it*:\n```\na *b* <c>\n```\n1. Do:\n```\nx\n```\n2. Y")
    )
    assert "<pre><code>a *b* &lt;c&gt;\n</code></pre>" in shown and "<em>" not in shown
    assert shown.count("<ol>") == 1 and shown.index("x\n") < shown.index("Y")


@pytest.mark.parametrize("seed", range(4))
def test_nothing_gets_out_of_its_code(seed):
    parts = [
        "```",
        "````",
        "    ```",
        "\t",
        "\r",
        "\x0c",
        "\u2028",
        "<img src=x>",
        "1. ",
        "- ",
        "    ",
    ]
    parts += ["\n", "\n", "a", "```yaml", "~~~", " "]
    chance, parser = random.Random(seed), MarkdownIt("commonmark")
    for _ in range(3_000):
        text = "".join(chance.choice(parts) for _ in range(chance.randint(3, 16)))
        assert "<img" not in parser.render(with_lists(text)), repr(text)
