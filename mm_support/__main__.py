"""Command line: python -m mm_support fetch-weights | ingest | edit | ask | train | evaluate |
erase | export | user | export-feedback | bench | load | serve-models | mcp.

Errors are one line with the remedy; exit status 2 for bad input, 1 for everything else that fails.
What a command works with is imported when it runs (arguments.py has the arguments).
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from mm_support import arguments
from mm_support.config import Settings
from mm_support.errors import InputError, KnowledgeError, SupportError

if TYPE_CHECKING:
    from mm_support.desk.audit import Audited
    from mm_support.knowledge.base import Knowledge
    from mm_support.knowledge.index.history import Change
    from mm_support.service import SupportService

IDS = 3  # of a change that are named

Declare = Callable[[argparse.ArgumentParser], None]

# Name -> its arguments and the module whose run(args, settings) does it; a list: other names
TRAIN: dict[str, tuple[Declare, str, list[str]]] = {
    "calibrate": (arguments.calibrate, "mm_support.train.calibrate", ["gate"]),
    "fusion": (arguments.fusion, "mm_support.train.fusion", []),
    "intents": (arguments.intents, "mm_support.train.intents", []),
}
EVALUATE: dict[str, tuple[Declare, str, list[str]]] = {
    "passages": (arguments.evaluate_passages, "mm_support.evaluate.passages", []),
    "replies": (arguments.evaluate_replies, "tests.reply_figures", []),
    "intents": (arguments.evaluate_intents, "mm_support.train.intents", []),
    "fusion": (arguments.evaluate_fusion, "assets.training.fusion_report", []),
}


def main(argv: list[str] | None = None) -> int:
    try:
        args = build_parser().parse_args(argv)
        settings = Settings.from_env(profile=args.profile, data_dir=args.data, cache_dir=args.cache)
        return args.run(args, settings) or 0
    except (InputError, KnowledgeError) as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 2
    except (SupportError, OSError) as exc:  # OSError: a file that cannot be written, a full disk
        print(f"error: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("mm-support", description="Multimodal customer support.")
    arguments.common(parser)
    commands = parser.add_subparsers(required=True, metavar="command")
    add(commands, "fetch-weights", arguments.fetch_weights, fetch_weights)
    add(commands, "ingest", arguments.ingest, partial(change, "ingest"))
    add(commands, "sync", arguments.sync, partial(change, "sync"))
    add(commands, "check-actions", arguments.check_actions, check_actions)
    add(commands, "edit", arguments.edit, edit)
    add(commands, "remove", arguments.remove, remove)
    add(commands, "undo", arguments.undo, undo)
    add(commands, "history", arguments.history, history)
    add(commands, "ask", arguments.ask, ask)
    kept = "mm_support.desk.commands"
    add(commands, "erase", arguments.erase, in_module(kept, "erase"))
    add(commands, "export", arguments.export, in_module(kept, "export"))
    add(commands, "user", arguments.user, in_module(kept, "user"))
    train = commands.add_parser("train", help=f"train one of: {', '.join(TRAIN)}")
    add_kinds(train, TRAIN, required=True)
    own = add(commands, "evaluate", arguments.evaluate, evaluate)
    add_kinds(own, EVALUATE, required=False)
    feedback = in_module("mm_support.train.export")
    add(commands, "export-feedback", arguments.export_feedback, feedback)
    add(commands, "bench", arguments.bench, in_module("mm_support.bench.run"))
    add(commands, "mcp", arguments.mcp, in_module("mm_support.tools"))
    served = in_module("mm_support.cluster.served")
    add(commands, "serve-models", arguments.serve_models, served)
    add(commands, "load", arguments.load, load)
    return parser


def add(
    commands, name: str, declare: Declare, run: Callable, aliases=()
) -> argparse.ArgumentParser:
    """A command; its help is the docstring of the function that declares its arguments."""
    described = declare.__doc__
    command = commands.add_parser(name, help=described, description=described, aliases=aliases)
    declare(command)
    command.set_defaults(run=run)
    return command


def add_kinds(command: argparse.ArgumentParser, kinds: dict, required: bool) -> None:
    """Subcommands. kinds: name -> what declares its arguments, its module, its other names."""
    commands = command.add_subparsers(required=required, metavar="|".join(kinds))
    for name, (declare, module, aliases) in kinds.items():
        add(commands, name, declare, in_module(module), aliases)


def in_module(module: str, function: str = "run") -> Callable:
    """A function of (args, settings) in a module that is imported when it is called.

    What makes and measures the project itself (assets.training, tests) does not come with `pip
    install .`; then it raises InputError.
    """

    def run(args: argparse.Namespace, settings: Settings) -> int:
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError as exc:
            missing = exc.name or ""
            if missing == "ray":
                raise InputError("Install Ray: pip install '.[cluster]'.") from exc
            if missing.partition(".")[0] not in ("assets", "tests"):
                raise
            raise InputError("This is a script of the repository; call it in a clone.") from exc
        return getattr(found, function)(args, settings)

    return run


def fetch_weights(args: argparse.Namespace, settings: Settings) -> int:
    from mm_support.config import MODELS, NONE, OWN
    from mm_support.loading import OPTIONAL, fetch_settings_weights
    from mm_support.progress import shown
    from mm_support.weights import PREFIX

    with shown(bytes_=True) as report:
        fetch_settings_weights(settings, report, (*MODELS, *OPTIONAL))
    names = (getattr(settings, model) for model in (*MODELS, *OPTIONAL))
    elsewhere = [name for name in names if not name.startswith((PREFIX, NONE, OWN))]
    said = f"The packaged weights are in {settings.cache_dir}."
    if elsewhere:
        said += f" Not among them, fetched from their hub when first used: {', '.join(elsewhere)}."
    print(said)
    return 0


def change(how: str, args: argparse.Namespace, settings: Settings) -> int:
    """Reads a source into a knowledge base and prints the report. how: ingest or sync."""
    from mm_support import terminal
    from mm_support.as_json import ingest_dict
    from mm_support.base_names import only_for
    from mm_support.knowledge.index import check_name
    from mm_support.knowledge.ingest import check_source
    from mm_support.progress import shown

    check_name(args.name)
    check_source(args.path)
    known = how == "sync" and not args.new
    service = (
        terminal.service_with(settings, args.name)
        if known
        else terminal.load_service(only_for(settings, args.name))
    )
    with closing(service), shown() as show:

        def progress(done: int, total: int, what: str) -> None:
            show(what, done, total)

        report = getattr(service.knowledge, how)(args.name, args.path, progress, actions=True)
        service.note("command line", how, args.name, f"{report.entries} entries")
    if args.json:
        print(json.dumps(ingest_dict(report), indent=1, ensure_ascii=False))
        return 0
    for line in report.remarks():
        print(line, file=sys.stderr)
    odd = f"{len(report.warnings)} to look at"
    print(f"{args.name}: {report.counts()}; {len(report.skipped)} left out, {odd}.")
    for note in report.mapping:
        print(note)
    return 0


def check_actions(args: argparse.Namespace, settings: Settings) -> int:
    """Says what is wrong with a file, or what it declares."""
    from mm_support.knowledge.declarations import read_file

    for entry in read_file(args.file):
        print(f"{entry.id.partition(':')[2]}: {entry.title}; {len(entry.questions)} ways to ask.")
    return 0


def edit(args: argparse.Namespace, settings: Settings) -> int:
    """Changes what is given of an entry; under a new id, with a title and an answer, adds one."""
    from mm_support.types import Entry

    given = {
        "title": args.title,
        "answer": args.answer,
        "questions": args.question and tuple(args.question),
    }
    given |= {"valid_from": args.valid_from, "valid_until": args.valid_until}
    changed = {name: value for name, value in given.items() if value is not None}
    if not changed:
        raise InputError(
            "Say what to change: --title, --answer, --question, --valid-from or --valid-until."
        )
    with changing(settings, args, "edit entry", args.entry) as knowledge:
        entries = {entry.id: entry for entry in knowledge.entries(args.name)}
        present = entries.get(args.entry, Entry(args.entry, "", ""))
        knowledge.edit(args.name, replace(present, **changed))
    print(f"{args.entry} of {args.name} is {'changed' if args.entry in entries else 'added'}.")
    return 0


def remove(args: argparse.Namespace, settings: Settings) -> int:
    with changing(settings, args, "remove", args.entry or "") as knowledge:
        knowledge.remove(args.name, args.entry)
    print(f"{args.entry or 'All'} of {args.name} is removed.")
    return 0


def undo(args: argparse.Namespace, settings: Settings) -> int:
    with changing(settings, args, "undo") as knowledge:
        knowledge.undo(args.name)
    print(f"{args.name} is as it was before its last change.")
    return 0


def history(args: argparse.Namespace, settings: Settings) -> int:
    """Prints the changes of a base, or what it held at a time."""
    from mm_support.as_json import entry_dict

    with opened(settings, args.name, removed=True) as service:
        if args.at:
            for entry in service.knowledge.entries_at(args.name, args.at):
                print(json.dumps(entry_dict(entry), ensure_ascii=False))
            return 0
        until, noted = None, service.audited(sys.maxsize, args.name)
        for change in service.knowledge.changes(args.name):
            own = [a for a in noted if a.created >= change.at and (not until or a.created < until)]
            print(change_line(change, own))
            until = change.at
    return 0


def change_line(change: Change, noted: Sequence[Audited]) -> str:
    """noted: what the audit log says until the next change, the latest first."""
    ids = [*change.said]
    unnoted = "nobody is noted" if ids else "made again for this version"
    who = f"{noted[-1].who}: {noted[-1].what}" if noted else unnoted
    named = ", ".join(ids[:IDS]) + (" ..." if len(ids) > IDS else "")
    return f"{change.at.astimezone():%Y-%m-%d %H:%M:%S}  {who}; {len(ids)} entries: {named}"


@contextmanager
def changing(
    settings: Settings, args: argparse.Namespace, what: str, detail: str = ""
) -> Iterator[Knowledge]:
    """The knowledge of a service of its own, to change a base that is or was; it is noted who did
    what. detail: the entry.
    """
    with opened(settings, args.name, removed=not detail) as service:
        yield service.knowledge
        service.note("command line", what, args.name, detail)


@contextmanager
def opened(settings: Settings, name: str, removed: bool) -> Iterator[SupportService]:
    """A service for one base. removed: whether it may be one that was removed."""
    from mm_support import terminal
    from mm_support.base_names import check_base, only_for

    check_base(settings, name, removed)
    with closing(terminal.load_service(only_for(settings, name))) as service:
        yield service


def ask(args: argparse.Namespace, settings: Settings) -> int:
    if not (args.text.strip() or args.image or args.audio):
        raise InputError("There is nothing to answer: type a question, or give --image or --audio.")
    from mm_support import terminal
    from mm_support.as_json import reply_dict
    from mm_support.base_names import meant_base
    from mm_support.inputs.audio import load_waveform
    from mm_support.inputs.photo import load_photo
    from mm_support.types import Finished, Said, UserTurn

    if args.image:
        load_photo(args.image)
    if args.audio:
        load_waveform(args.audio)
    name = args.knowledge or meant_base(settings)
    turn = UserTurn(args.text, args.image, args.audio, name, args.session_id, bool(args.speak))
    with closing(terminal.service_with(settings, name)) as service:
        if not args.knowledge:
            print(f"From the knowledge base {name}:", file=sys.stderr)
        for event in service.reply(turn):
            if isinstance(event, Said) and not args.json:
                print(event.text, end="", flush=True)
            if isinstance(event, Finished):
                reply = event.reply
    if args.speak and reply.audio:
        reply.audio.save(args.speak)
    if args.json:
        print(json.dumps(reply_dict(reply), indent=1, ensure_ascii=False))
    else:
        print()
        for citation in reply.citations:
            print(f"  [{citation.number}] {citation.title} ({citation.source})")
    return 0


def load(args: argparse.Namespace, settings: Settings) -> int:
    return in_module("tests.faults" if args.faults else "mm_support.bench.load")(args, settings)


def evaluate(args: argparse.Namespace, settings: Settings) -> int:
    if not args.knowledge or args.cases is None:
        raise InputError("Give --knowledge NAME and --cases FILE.")
    from mm_support.base_names import check_base

    check_base(settings, args.knowledge)
    return in_module("mm_support.evaluate.cases")(args, settings)


if __name__ == "__main__":
    sys.exit(main())
