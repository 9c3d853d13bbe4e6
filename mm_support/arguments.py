"""The arguments of the commands, one function a command; its docstring is what --help shows.

Apart from the modules that do the work, so that --help and a wrong call are answered before
anything heavy is imported. Knows no model.
"""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import suppress
from datetime import date, datetime, time
from pathlib import Path

from mm_support.config import FUSIONS, PROFILES
from mm_support.errors import InputError

MEASURES = (  # of bench/measures.py
    "startup",
    "replies",
    "image",
    "text",
    "speech",
    "live",
    "hearing",
    "photo_text",
    "ingest",
)


def existing(text: str) -> Path:
    """The path, for arguments that are read. Raises InputError where nothing is there."""
    path = Path(text)
    if not path.exists():
        raise InputError(f"There is no file or folder {path}.")
    return path


def source(text: str) -> Path | str:
    """A path, or an address on the web as it is. Raises InputError where nothing is there."""
    return text if text.startswith(("http://", "https://")) else existing(text)


def day(text: str) -> date:
    """Raises InputError for what is no day."""
    try:
        return date.fromisoformat(text)
    except ValueError as exc:
        raise InputError(f"{text!r} is no day; write it like 2026-12-31.") from exc


def moment(text: str) -> datetime:
    """A time; a day stands for its end. Raises InputError for what is neither."""
    with suppress(ValueError):
        return datetime.combine(date.fromisoformat(text), time.max).astimezone()
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError as exc:
        raise InputError(f"{text!r} is no time; write it like 2026-12-31T18:30.") from exc


def common(parser: ArgumentParser) -> None:
    """Of every command."""
    add = parser.add_argument
    add("--profile", choices=PROFILES, help="which models (default: embedded)")
    add("--data", type=Path, help="folder of index, store and pictures")
    add("--cache", type=Path, help="folder of the weights")


def fetch_weights(parser: ArgumentParser) -> None:
    """Downloads and checks all weights ahead of time."""


def ingest(parser: ArgumentParser) -> None:
    """Makes a knowledge base from files or from a site."""
    parser.add_argument("name")
    parser.add_argument(
        "path", type=source, help="a file, a folder or zip of files, or the address of a site"
    )
    _json(parser)


def sync(parser: ArgumentParser) -> None:
    """Brings a knowledge base in step with a source; only what changed is encoded again."""
    add = parser.add_argument
    add("name")
    add("path", type=source, help="as of ingest; a base may have several sources")
    add("--new", action="store_true", help="make the base if there is none")
    _json(parser)


def check_actions(parser: ArgumentParser) -> None:
    """Says what is wrong with an actions.toml, or what it declares."""
    parser.add_argument("file", type=existing)


def edit(parser: ArgumentParser) -> None:
    """Changes what is given of an entry, or adds one under a new id; undo takes it back."""
    add = parser.add_argument
    add("name")
    add("entry", help="its id")
    add("--title")
    add("--answer")
    add("--question", nargs="+", help="how customers ask, in place of those before")
    add("--valid-from", type=day, metavar="DAY", help="the first on which it holds, as 2026-12-01")
    add("--valid-until", type=day, metavar="DAY", help="the last one")


def remove(parser: ArgumentParser) -> None:
    """Removes a base, or one of its entries; undo brings it back, a second time it is for good."""
    parser.add_argument("name")
    parser.add_argument("entry", nargs="?", help="the id of an entry")


def undo(parser: ArgumentParser) -> None:
    """Takes the last change of a knowledge base back; a second time brings it again."""
    parser.add_argument("name")


def history(parser: ArgumentParser) -> None:
    """Prints when and by whom a knowledge base was changed, or what it held at a time."""
    parser.add_argument("name")
    parser.add_argument(
        "--at", type=moment, metavar="TIME", help="print its entries then, as JSONL"
    )


def ask(parser: ArgumentParser) -> None:
    """Asks one question."""
    add = parser.add_argument
    add("text", nargs="?", default="")
    add("--image", type=existing)
    add("--audio", type=existing)
    add("--knowledge", metavar="NAME", help="default: your base, where you have one; else shopping")
    add("--session", dest="session_id", help="goes on with an earlier conversation")
    add("--speak", type=Path, metavar="FILE.wav", help="also writes the spoken reply")
    add("--json", action="store_true", help="print the whole reply as JSON")


def erase(parser: ArgumentParser) -> None:
    """Erases all that is kept of a conversation or of a visitor."""
    _whose(parser)


def export(parser: ArgumentParser) -> None:
    """Prints all that is kept of a conversation or of a visitor, as JSON."""
    _whose(parser)
    parser.add_argument("--out", type=Path, metavar="FILE", help="write it there instead")


def user(parser: ArgumentParser) -> None:
    """Accounts for the desk and the workshop; the password is asked for, or read from a pipe."""
    add = parser.add_argument
    add("what", choices=("add", "list", "remove", "passwd"))
    add("name", nargs="?", help="as customers read it")
    add(
        "--role",
        choices=("agent", "editor", "admin"),
        default="agent",
        help="agent: the desk (default); editor: the workshop; admin: all",
    )


def _whose(parser: ArgumentParser) -> None:
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--session", help="the session_id of a conversation")
    whose.add_argument("--visitor", help="the visitor's token, or the part of it before the dot")


def calibrate(parser: ArgumentParser) -> None:
    """Fits the confidence (when to answer, ask back or refuse) to questions about your own base."""
    parser.add_argument(
        "--cases",
        type=existing,
        required=True,
        help='folder of <knowledge base>.jsonl files, lines of {"text", "expect": an id or "none"}',
    )


def fusion(parser: ArgumentParser) -> None:
    """Trains the fusion strategies on pictures, questions and rated turns of your own bases."""
    add = parser.add_argument
    add("--knowledge", nargs="+", required=True, metavar="NAME", help="your bases")
    feedback(parser)
    add("--strategy", nargs="+", choices=FUSIONS, metavar="NAME", help="strategies (default: all)")
    add("--out", type=Path, help="folder to write (default: in the data folder, used from there)")
    add("--seed", type=int, default=0)


def feedback(parser: ArgumentParser) -> None:
    """What customers corrected."""
    parser.add_argument(
        "--feedback", type=existing, metavar="FILE", help="cases of export-feedback"
    )
    parser.add_argument(
        "--feedback-knowledge",
        metavar="NAME",
        help="the base that they are about (default: the file's name)",
    )


def intents(parser: ArgumentParser) -> None:
    """Trains a classifier of intents on a CSV of text,label (oos: out of scope)."""
    _labelled_files(parser, test_needed=False)
    parser.add_argument(
        "--knowledge",
        metavar="NAME",
        help="the base whose customers have these intents (default: all)",
    )
    parser.set_defaults(keep=True)


def evaluate_intents(parser: ArgumentParser) -> None:
    """Trains a classifier of intents on a CSV of text,label and measures it; keeps nothing."""
    _labelled_files(parser, test_needed=True)
    parser.set_defaults(keep=False)


def evaluate(parser: ArgumentParser) -> None:
    """Evaluates a base on your own cases, or one of: passages, replies, intents, fusion."""
    parser.add_argument("--knowledge", help="knowledge base to evaluate")
    parser.add_argument(
        "--cases",
        type=existing,
        help='JSONL of {"text", "image", "audio", "expect"}, or {"turns": [...]} of them',
    )
    _json(parser)


def evaluate_passages(parser: ArgumentParser) -> None:
    """Questions of a file in SQuAD's format, asked end to end of its passages as a base."""
    add = parser.add_argument
    add("--squad", type=Path, required=True, help="passages and questions")
    add(
        "--foreign",
        type=Path,
        help="a file whose questions are off topic (default: those of every fourth article, "
        "which is then left out of the base)",
    )
    add("--limit", type=int, help="questions of each kind (default: all)")
    add("--json", action="store_true", help="print JSON only")


def evaluate_replies(parser: ArgumentParser) -> None:
    """Whether replies can be trusted: what is shown, cited, refused, corrected and obeyed."""
    add = parser.add_argument
    add("--knowledge", nargs="+", help="bases to ask about (default: all that have cases)")
    cases_folder(parser)
    add("--every", type=int, default=1, metavar="N", help="ask every N-th case only")
    _json(parser)
    add("--failures", action="store_true", help="also list what went wrong")


def evaluate_fusion(parser: ArgumentParser) -> None:
    """What trained fusion gains for each subset of modalities (GroceryStoreDataset, packs)."""
    add = parser.add_argument
    add("--grocery", type=existing, required=True, help="folder in GroceryStoreDataset's layout")
    cases_folder(parser)
    add("--weights", type=existing, help="folder of the weights (default: ours)")
    add("--out", type=Path, help="folder of report and figures (default: ours)")
    add(
        "--curve",
        action="store_true",
        help="also trains on fewer photos, for the learning curve (minutes)",
    )
    add("--seed", type=int, default=0)
    _json(parser)


def export_feedback(parser: ArgumentParser) -> None:
    """Writes turns that customers rated as labelled cases."""
    parser.add_argument("file", type=Path, help="JSONL to write")
    parser.add_argument("--knowledge", required=True, help="knowledge base whose turns are wanted")


def bench(parser: ArgumentParser) -> None:
    """Measures speed on this machine."""
    _json(parser)
    parser.add_argument(
        "--only",
        nargs="+",
        choices=MEASURES,
        default=MEASURES,
        metavar="NAME",
        help=", ".join(MEASURES),
    )


def load(parser: ArgumentParser) -> None:
    """Puts visitors with conversations on a running app, or on a service in this process."""
    add = parser.add_argument
    add("--url", help="of a running app's page (default: a service of its own)")
    add("--visitors", type=positive, default=20, help="at once (default: 20)")
    add("--turns", type=positive, default=3, help="of a conversation (default: 3)")
    add("--minutes", type=float, default=0.0, help="go on so long (default: one conversation each)")
    add("--knowledge", default="shopping")
    add(
        "--questions", type=existing, metavar="FILE", help="one a line (default: those of the pack)"
    )
    add("--spoken", type=share, default=0.0, help="share of the turns, 0 to 1 (default: 0)")
    add("--photos", type=share, default=0.0, help="share of the turns with one (default: 0)")
    add("--pid", type=int, help="the app's process, to watch its memory")
    add("--faults", action="store_true", help="break things under a service of its own instead")
    _json(parser)


def serve_models(parser: ArgumentParser) -> None:
    """Serves the models on the Ray cluster that MM_SUPPORT_CLUSTER names, for any number of
    fronts."""
    add = parser.add_argument
    add("stages", nargs="*", metavar="STAGE=N-M", help="replicas of one stage, like hear=2-8")
    add("--replicas", default="1-4", help="of all others (default: 1-4)")
    add("--together", action="store_true", help="all stages in each process: it takes less memory")
    add("--gpus", type=float, default=0.0, help="share of a GPU for each replica")
    add("--stop", action="store_true", help="serve them no more")


def mcp(parser: ArgumentParser) -> None:
    """Serves tools (search, ask) to assistants that speak MCP, on stdin and stdout."""
    parser.add_argument("--port", type=int, help="over HTTP on this machine instead, at /mcp")


def positive(text: str) -> int:
    """A whole number from 1. Raises InputError."""
    if not text.isdecimal() or int(text) < 1:
        raise InputError(f"{text!r} is no whole number from 1.")
    return int(text)


def share(text: str) -> float:
    """A number from 0 to 1. Raises InputError."""
    with suppress(ValueError):
        if 0.0 <= (number := float(text)) <= 1.0:
            return number
    raise InputError(f"{text!r} is no number from 0 to 1.")


def cases_folder(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--cases",
        type=existing,
        default="tests/cases",
        help="folder of <knowledge base>.jsonl files",
    )


def _labelled_files(parser: ArgumentParser, test_needed: bool) -> None:
    add = parser.add_argument
    add("--train", type=existing, required=True, metavar="FILE", help="CSV")
    add(
        "--val",
        type=existing,
        metavar="FILE",
        help="CSV to set thresholds on (default: a part of --train)",
    )
    add("--test", type=existing, metavar="FILE", required=test_needed, help="CSV to measure on")
    add("--seed", type=int, default=0)
    _json(parser)


def _json(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON only")
