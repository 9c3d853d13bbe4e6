"""Everything that may go wrong, as one small tree.

SupportError            catch this one; its message is one plain sentence with the remedy
  InputError            what the customer sent cannot be used
  WeightsError          a model's weights are missing, damaged or not the expected ones
  KnowledgeError        a knowledge base is missing, locked or its files cannot be read
  GenerationError       the language model or the voice failed
  StoreError            the database cannot be opened, read or written
  BusyError             too much is asked at once; it says when to try again
"""

from __future__ import annotations

from collections.abc import Iterable


class SupportError(Exception):
    """Base of all errors that are shown to people: the message says what to do next."""


class InputError(SupportError):
    """The question, photo or recording is empty, too large, damaged or of another kind."""


class WeightsError(SupportError):
    """Weights cannot be fetched or opened, or are not what the lock file promises."""


class KnowledgeError(SupportError):
    """A knowledge base does not exist, is in use elsewhere, or its files are unreadable."""


class GenerationError(SupportError):
    """A reply or its voice could not be produced."""


class StoreError(SupportError):
    """The database cannot be opened, read or written."""


BUSY = {
    "busy": "Many people are asking right now; try again in about {seconds:.0f} s.",
    "yours": "Several of your questions are still being answered; "
    "try again in about {seconds:.0f} s.",
    "restart": "The service is being started again; try again in about {seconds:.0f} s.",
}


class BusyError(SupportError):
    """What was asked is not begun. kind: a key of BUSY; seconds: when it is worth another try."""

    def __init__(self, kind: str, seconds: float) -> None:
        super().__init__(BUSY[kind].format(seconds=seconds))
        self.kind, self.seconds = kind, seconds


def no_such_base(name: str, known: Iterable[str]) -> KnowledgeError:
    """What is raised for an unknown base. known: the names that exist."""
    names = ", ".join(sorted(known)) or "none yet"
    return KnowledgeError(
        f"There is no knowledge base {name!r} (there are: {names}); ingest it first."
    )


def no_such_turn() -> InputError:
    """What is raised for a rating of a reply that was never given."""
    return InputError("There is no such turn; use the turn_id of a reply.")
