"""Figures on files in SQuAD's format, with a service that a test can follow by hand."""

import json
from types import SimpleNamespace

import pytest

from mm_support.errors import InputError
from mm_support.evaluate import passages
from mm_support.evaluate.passages import Asked, Outcome
from mm_support.types import Citation, Entry, Hit, Reply

FILE = {
    "data": [
        {
            "title": "Some_town",
            "paragraphs": [
                {
                    "context": "The mill burned down in 1904.",
                    "qas": [
                        {"question": "When did the mill burn?", "answers": [{"text": "1904"}]},
                        {"question": "Who built the mill?", "answers": [], "is_impossible": True},
                    ],
                },
                {
                    "context": "The bridge is new.",
                    "qas": [{"question": "What is new?", "answers": [{"text": "the bridge"}]}],
                },
            ],
        },
        {"paragraphs": [{"context": "磨坊建于一八九零年。", "qas": []}]},
    ]
}


@pytest.fixture
def squad(tmp_path):
    path = tmp_path / "squad.json"
    path.write_text(json.dumps(FILE), encoding="utf-8")
    return path


class Librarian:
    """Finds the entry that shares most letters with the question and says all of it."""

    def __init__(self, articles):
        self.entries = [Entry(*own, "") for a in articles for own in _entries(a)]
        self.knowledge = self

    def search(self, turn, limit):
        scores = [len(set(turn.text) & set(entry.answer)) / 100 for entry in self.entries]
        order = sorted(range(len(scores)), key=lambda i: -scores[i])
        return [Hit(self.entries[i], scores[i], {}) for i in order][:limit]

    def answer(self, turn):
        best = self.search(turn, 1)[0].entry
        if "Who" in turn.text:
            return Reply("A person will help.", "handoff")
        return Reply(best.answer, "answer", (Citation(1, best.id, best.title, "", ""),))


def _entries(article):
    return [(name, article.title, text) for name, text in article.passages]


def test_articles_are_read_with_ids_titles_and_questions(squad):
    town, other = passages.read_squad(squad)
    assert town.title == "Some town" and other.title == "磨坊建于一八九零年。"
    assert [name for name, _ in town.passages + other.passages] == ["p0", "p1", "p2"]
    assert town.asked[0] == Asked("When did the mill burn?", "p0", ("1904",))
    assert town.asked[1].answers == ()


@pytest.mark.parametrize("content", ["", "[]", '{"data": 3}', '{"data": [{"title": "x"}]}'])
def test_another_format_is_an_error(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(InputError, match="SQuAD"):
        passages.read_squad(path)


def test_articles_left_out_are_not_in_the_base(squad):
    articles = passages.read_squad(squad) * 4
    articles = [passages.Article(f"{i}", a.passages, a.asked) for i, a in enumerate(articles)]
    base, out = passages.divide(articles, None)
    assert [a.title for a in out] == ["3", "7"] and len(base) == 6
    assert passages.divide(articles, squad) == (articles, passages.read_squad(squad))


def test_questions_are_asked_of_the_service(squad):
    base, out = passages.divide(passages.read_squad(squad), squad)
    asked = passages.questions(base, out, None)
    assert {kind: len(items) for kind, items in asked.items()} == {
        "answerable": 2,
        "unanswerable": 1,
        "off_topic": 3,
    }
    outcomes = passages.ask_all(Librarian(base), asked)
    by_passage = {outcome.passage: outcome for outcome in outcomes["answerable"]}
    assert by_passage["p0"].rank == 1 and by_passage["p0"].gold and by_passage["p0"].cited
    assert not outcomes["unanswerable"][0].answered
    limited = passages.questions(base, out, 1)
    assert all(len(items) == 1 for items in limited.values())
    assert limited == passages.questions(base, out, 1)


def outcome(passage, rank=1, score=0.5, answered=True, cited=True, gold=True):
    return Outcome(passage, rank, score, answered, cited, gold)


def test_figures_by_hand():
    answerable = [
        outcome("a", score=0.9),
        outcome("a", rank=3, cited=False, gold=False, score=0.7),
        outcome("b", rank=0, answered=False, cited=False, score=0.1),
        outcome("c", score=0.0),
    ]
    unanswerable = [outcome("a", score=0.8), outcome("b", score=0.05, answered=False)]
    report = passages.figures(
        {"answerable": answerable, "unanswerable": unanswerable, "off_topic": []}, 9
    )
    values = {name: own["value"] for name, own in report.items() if own and "value" in str(own)}
    assert values["right_passage_first"] == 0.5 and values["right_passage_in_five"] == 0.75
    assert values["answered"] == 0.75
    assert values["answered_from_right_passage"] == pytest.approx(2 / 3, abs=1e-4)
    assert values["gold_answer_in_reply"] == 0.5, "what is not answered holds no answer"
    assert values["unanswerable_not_answered"] == 0.5
    assert report["off_topic_not_answered"] is None
    # 0.9 beats both, 0.7 and 0.1 beat one each; c has no unanswerable question
    assert values["score_tells_unanswerable"] == pytest.approx(4 / 6, abs=1e-4)
    assert "66.7%" in passages.table(report)


@pytest.mark.parametrize(
    ("reply", "answer", "expected"),
    [
        ("It burned down in 1904 [1].", "1904", True),
        ("It has 19045 stones.", "1904", False),
        ("THE “Old Mill”, they say", "old mill", True),
        ("磨坊建于１８９０年。", "1890年", True),
        ("磨坊建于一八九零年。", "建于一八九零", True),
        ("磨坊很新", "旧", False),
        ("한국어를 씁니다.", "한국어", True),
        ("เมืองหลวงของประเทศไทย", "ประเทศไทย", True),
    ],
)
def test_an_answer_is_held_word_for_word(reply, answer, expected):
    assert passages.holds(reply, answer) == expected


def test_the_command_line_asks_over_a_base_of_its_own(squad, monkeypatch, capsys, tmp_settings):
    kept = {}

    def load(settings):
        kept["data"] = settings.data_dir
        librarian = Librarian(passages.read_squad(squad))
        librarian.ingest = lambda name, file: kept.update(rows=file.read_text().splitlines())
        librarian.close = lambda: kept.update(closed=True)
        return librarian

    monkeypatch.setattr("mm_support.terminal.load_service", load)
    args = SimpleNamespace(squad=squad, foreign=squad, limit=None, json=True)
    assert passages.run(args, tmp_settings) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["passages"] == 3 and report["questions"]["answerable"] == 2
    assert json.loads(kept["rows"][1])["answer"] == "The bridge is new."
    assert kept["closed"] and kept["data"] != tmp_settings.data_dir and not kept["data"].exists()
