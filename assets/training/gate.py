"""Fits the evidence gate that ships for a text encoder.

python -m assets.training.gate --squad FILE FILE --help-centres FOLDER --products FOLDER

On the cases in tests/cases, in English and Chinese, asked of the packs; on questions of files in
SQuAD's format, asked of their passages; on customers' questions about help centres and catalogues
(customer_questions.py); and on photos that people took of products (gate_photos.py). Every base
counts by what it can answer. An encoder of English is fitted with --english, to nothing in Chinese.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from assets.training.command import main
from assets.training.customer_questions import CustomerQuestion, CustomerSet, customer_sets
from assets.training.gate_photos import ASKED as ASKED_OF_PRODUCTS
from assets.training.gate_photos import of_products
from mm_support import arguments, terminal
from mm_support.config import Settings
from mm_support.decide.calibration import out_of_scope
from mm_support.decide.confidence import GATE_FILE, features
from mm_support.decode.reply import MAX_EVIDENCE
from mm_support.evaluate.passages import ANSWERABLE, questions, read_squad, write_entries
from mm_support.language.detect import in_characters
from mm_support.loading import ingest_packs
from mm_support.paths import PACKS, fitted_to
from mm_support.pipeline.record import past_after
from mm_support.pipeline.step import drained
from mm_support.pipeline.turn import judge
from mm_support.train.calibrate import (
    FOREIGN_EVERY,
    Example,
    collect,
    collect_photos,
    examples_of,
    read_cases,
    write_gate,
)
from mm_support.types import Past, UserTurn, of_one_document

CHINESE = "zh"  # the folder of the packs and cases in Chinese
ASKED = 400  # questions of a file
KEPT = ("id", "title", "questions", "answer")  # of an entry of a pack
WHAT = "Logistic regression: does the best entry answer the question?"
COMMAND = "python -m assets.training.gate --squad FILE FILE --help-centres FOLDER --products FOLDER"
PHOTOS_OF_PRODUCTS = "photos of GroceryStoreDataset (MIT) with questions made for this project"
MADE_HERE = (
    "questions about the bases in assets/knowledge, and their pictures without words, with words"
    " that name nothing and with these questions, made for this project; customers' questions about"
    " two catalogues, seven other made-up companies and the help centres of RustDesk, Plausible and"
    " Chatwoot (assets/training)"
)


def declare(parser: argparse.ArgumentParser) -> None:
    arguments.cases_folder(parser)
    parser.add_argument("--squad", type=arguments.existing, nargs="*", default=[])
    parser.add_argument("--help-centres", type=arguments.existing)
    parser.add_argument("--products", type=arguments.existing, help="folder of photos of products")
    parser.add_argument(
        "--english", action="store_true", help="nothing in Chinese, for an encoder of English"
    )


def run(args: argparse.Namespace, settings: Settings) -> int:
    with TemporaryDirectory() as folder:
        service = terminal.load_service(settings.with_changes(data_dir=Path(folder)))
        try:
            chinese = {} if args.english else read_cases(args.cases / CHINESE)
            english = read_cases(args.cases)
            examples = list(every_example(service, english, chinese, args.squad, Path(folder)))
            sets = customer_sets(args.help_centres)
            examples += of_customers(service, [own for own in sets if suits(own, args.english)])
            if args.products:
                languages = ("en",) if args.english else tuple(ASKED_OF_PRODUCTS)
                examples += of_products(service, args.products, Path(folder), languages)
        finally:
            service.close()
    shown = [PHOTOS_OF_PRODUCTS] if args.products else []
    data = ", ".join([MADE_HERE, *shown, *(file.name for file in args.squad)])
    out = fitted_to(settings.text_model) / GATE_FILE
    command = COMMAND + " --english" * args.english
    write_gate(examples, settings, out, {"what": WHAT, "command": command, "data": data})
    return 0


def suits(own: CustomerSet, english: bool) -> bool:
    """Whether a set is asked about. english: only those in English are."""
    return not (english and in_characters(own.questions[0].text))


def every_example(
    service,
    english: dict[str, list[dict]],
    chinese: dict[str, list[dict]],
    files: list[Path],
    folder: Path,
) -> Iterator[Example]:
    """Of the packs, a language at a time, so that no question is out of scope in a base that
    answers it in another language; of packs half in one and half in another; and of passages.
    english, chinese: the cases of each base.
    """
    if chinese:
        ingest_packs(service.knowledge, PACKS / CHINESE, print)
    for asked in (english, chinese):
        yield from collect(service, asked)
    for name, rows in chinese.items():
        twin = name.removesuffix(f"-{CHINESE}")
        yield from across(service, twin, rows)
        yield from across(service, name, english[twin])
        half = mixed(service, twin, name, folder)
        yield from across(service, half, [*english[twin], *rows])
    for base in (*english, *chinese):
        for text in out_of_scope():
            yield from examples_of(service, base, [{"text": text, "expect": "none"}])
    for number, file in enumerate(files):
        yield from of_passages(service, f"passages-{number}", file, english, folder)
    for asked in (english, chinese):
        yield from collect_photos(service, asked)


def across(service, base: str, rows: list[dict]) -> Iterator[Example]:
    """Questions in one language, asked of a base about the same in another; where entries have the
    same ids.
    """
    known = {entry.id for entry in service.knowledge.entries(base)} | {"none"}
    for case in rows:
        if case["turns"][0]["expect"] in known:
            yield from examples_of(service, base, case["turns"][:1])


def mixed(service, one: str, other: str, folder: Path) -> str:
    """The name of a base that holds every second entry of a base in the language of another."""
    twins = {entry.id: entry for entry in service.knowledge.entries(other)}
    entries = service.knowledge.entries(one)
    half = [twins.get(own.id, own) if place % 2 else own for place, own in enumerate(entries)]
    kept = [{name: getattr(own, name) for name in KEPT} for own in half]
    file = folder / f"{one}-mixed.jsonl"
    file.write_text("\n".join(map(json.dumps, kept)), encoding="utf-8")
    service.knowledge.ingest(file.stem, file)
    return file.stem


def of_passages(
    service, name: str, file: Path, foreign: dict[str, list[dict]], folder: Path
) -> Iterator[Example]:
    """Questions of a file, asked of its passages; those of the packs are out of scope there."""
    articles = read_squad(file)
    entries = folder / f"{name}.jsonl"
    write_entries(entries, articles)
    service.knowledge.ingest(name, entries)
    for asked in questions(articles, [], ASKED)[ANSWERABLE]:
        if asked.question.strip():
            turn = {"text": asked.question, "expect": asked.passage}
            yield from examples_of(service, name, [turn])
    for rows in foreign.values():
        for case in rows[::4]:
            turn = {"text": case["turns"][0]["text"], "expect": "none"}
            yield from examples_of(service, name, [turn])


def of_customers(service, sets: list[CustomerSet]) -> Iterator[Example]:
    """Customers' questions, asked of the base that they are about and, every fourth, of others."""
    for own in sets:
        service.knowledge.ingest(own.name, own.knowledge)
        foreign = [
            CustomerQuestion(asked.text, "off_topic")
            for other in sets
            if other is not own
            for asked in other.questions[::FOREIGN_EVERY]
        ]
        alone = [(asked,) for asked in (*own.questions, *foreign)]
        for turns in (*alone, *own.dialogues):
            yield from of_dialogue(service, own.name, turns)


def of_dialogue(service, base: str, turns: Sequence[CustomerQuestion]) -> Iterator[Example]:
    """An example a turn; each is asked as if those before it had been answered rightly."""
    past: tuple[Past, ...] = ()
    for asked in turns:
        judged = drained(judge(service.parts, UserTurn(text=asked.text, knowledge=base), past))
        if judged.query is None or not judged.hits:
            return
        # of the document that is found first, a reply quotes what answers
        found = [hit.entry for hit in judged.hits]
        quoted = [one for one in found[:MAX_EVIDENCE] if of_one_document(one, found[0])]
        yield Example(
            base,
            features(asked.text, judged.query, judged.hits),
            known=asked.kind == "answerable",
            right=any(map(asked.answered_by, (found[0], *quoted))),
            near=asked.kind == "unanswerable",
        )
        past += (past_after(judged, [next(filter(asked.answered_by, found), found[0])]),)


if __name__ == "__main__":
    main(__doc__, declare, run)
