"""Everything that may go wrong, as one small tree.

SupportError            catch this one; its message is one plain sentence with the remedy
  InputError            what the customer sent cannot be used
  WeightsError          a model's weights are missing, damaged or not the expected ones
  KnowledgeError        a knowledge base is missing, locked or its files cannot be read
  GenerationError       the language model or the voice failed
  StoreError            the database cannot be opened, read or written
  BusyError             too much is asked at once; it says when to try again

What customers may read is made with `of`: the error then has a key, with which a page says it in
another language than English.

    raise InputError.of("photo_small", width=8, height=8)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

SENTENCES = {
    # of a whole kind of error, where the error itself has no key
    "failed": "That did not work. Please try again later.",
    "not_usable": "What you sent cannot be used. Please change it and try again.",
    "not_available": "The assistant is not available right now. Please try again later.",
    "not_written": "No reply could be given. Please ask again.",
    "not_stored": "Nothing can be stored or looked up right now. Please try again later.",
    # the message
    "nothing_to_answer": "There is nothing to answer: type a question, say it, or add a photo.",
    "too_many_photos": "The message has {count} photos; send at most {limit} at a time.",
    "too_long": "The message has {count:,} characters; shorten it to {limit:,}.",
    # the photo
    "photo_missing": "There is no photo {name!r}; please check the path.",
    "photo_closed": "The photo cannot be opened; please check the path and its permissions.",
    "photo_empty": "The photo's file is empty; please send it again.",
    "photo_unreadable": "This is not a photo that can be read; please send a JPEG, PNG, WEBP or"
    " HEIC file.",
    "photo_damaged": "The photo is damaged or incomplete; please send it again.",
    "photo_large": "The photo is larger than {limit} MB; please send a smaller one.",
    "photo_pixels": "The photo has more than {limit} megapixels; please send a smaller one.",
    "photo_small": "The photo is only {width} x {height} pixels; please send a larger one.",
    "photo_strip": "The photo is {width} x {height} pixels, which is too narrow; please crop it.",
    # the recording, as a file or in pieces
    "recording_missing": "The recording was not found; please record it again.",
    "recording_closed": "The recording cannot be opened; please send it again.",
    "recording_empty": "The recording is empty; please record it again.",
    "recording_unreadable": "The recording cannot be read; please send it as WAV, MP3, M4A, OGG,"
    " WEBM or FLAC.",
    "recording_large": "The recording is larger than {limit} MB; please send a shorter one.",
    "recording_long": "The recording is longer than {minutes} minutes; please send a shorter one.",
    "recording_mute": "The file holds no sound; please send a recording.",
    "recording_numbers": "The recording holds values that are not numbers; please record it again.",
    "recording_rate": "The recording claims {rate} samples a second, which no recorder makes;"
    " please record it again.",
    "recording_mixed": "The pieces of a recording must have one rate and the same channels.",
    "recording_gap": "A piece of the recording is empty.",
    "turn_over": "This turn is over; start a new one.",
    # whose it is, and what is named
    "no_such_base": "There is no knowledge base {name!r} (there are: {known}); ingest it first.",
    "no_such_turn": "There is no such turn; use the turn_id of a reply.",
    "not_yours": "This conversation is another visitor's; start a new one, or send the token that"
    " came with its reply.",
    "bad_token": "The token is not one of this service; reload the page, or leave it out to start"
    " anew.",
    "bad_session": "The session_id may hold 1 to 64 letters, digits, - and _; "
    "leave it out to start a new session.",
    "bad_rating": "The rating must be one of {known}.",
    "bad_score": "The rating is a whole number from 1 to {most}.",
    "not_closed": "This conversation is still going on; rate it once it is closed.",
    "comment_long": "The comment is longer than {limit} characters; shorten it.",
    # at the desk
    "no_such_conversation": "There is no such conversation; use one that waits or is yours.",
    "gone_on": "The customer has gone on in another conversation; this one stays closed.",
    "held_assistant": "The conversation is with the assistant; look at the list again.",
    "held_waiting": "The conversation is waiting for a person; look at the list again.",
    "held_person": "The conversation is with {agent}; look at the list again.",
    "held_closed": "The conversation is closed; look at the list again.",
    "nothing_said": "Nothing was said in this conversation yet.",
    "put_off_long": "A conversation can be put off for a week at most.",
    "search_long": "A search has at most {limit} characters; shorten it.",
    "name_length": "Type your name first, with at most {limit:,} characters.",
    "message_length": "The message must have 1 to {limit:,} characters.",
    "note_length": "The note must have 1 to {limit:,} characters.",
    "sign_in_wrong": "The name or the password is wrong.",
    "sign_in_locked": "There were too many wrong passwords for this name; try again in {minutes}"
    " min.",
    "no_role": "Your account has no role here; ask whoever runs this service for one.",
    "account_name_length": "A name has 1 to {limit} characters that can be read.",
    "account_name_reserved": "The name {name} stands for something else; choose another one.",
    "account_exists": "There is already an account named {name}.",
    "account_unknown": "There is no account named {name}.",
    "account_elsewhere": "{name} signs in with the company's account and has no password here.",
    "password_length": "A password has {least} to {most} characters.",
    # too much at once, and when to come back
    "too_much": "That is too much at once; send at most {limit} MB.",
    "too_many_files": "Too many files at once; send at most {limit}.",
    "no_room": "There is no room for files at the moment; try again later.",
    "too_often": "Too many requests; try again in {seconds} s.",
    "busy_busy": "Many people are asking right now; try again in about {seconds:.0f} s.",
    "busy_yours": "Several of your questions are still being answered; "
    "try again in about {seconds:.0f} s.",
    "busy_restart": "The service is being started again; try again in about {seconds:.0f} s.",
}


class SupportError(Exception):
    """Base of all errors that are shown to people: the message says what to do next.

    key, values: of one of SENTENCES and what is filled in; the kind's own where it has no other.
    """

    key = "failed"

    def __init__(self, *sentence: object) -> None:
        super().__init__(*sentence)
        self.values: dict[str, Any] = {}

    @classmethod
    def of(cls, key: str, **values: object) -> Self:
        error = cls(SENTENCES[key].format(**values))
        error.key, error.values = key, values
        return error


class InputError(SupportError):
    """The question, photo or recording is empty, too large, damaged or of another kind."""

    key = "not_usable"


class WeightsError(SupportError):
    """Weights cannot be fetched or opened, or are not what the lock file promises."""

    key = "not_available"


class KnowledgeError(SupportError):
    """A knowledge base does not exist, is in use elsewhere, or its files are unreadable."""


class GenerationError(SupportError):
    """A reply or its voice could not be produced."""

    key = "not_written"


class StoreError(SupportError):
    """The database cannot be opened, read or written."""

    key = "not_stored"


class BusyError(SupportError):
    """What was asked is not begun. kind: busy, yours or restart; seconds: when it is worth another
    try.
    """

    def __init__(self, kind: str, seconds: float) -> None:
        self.kind, self.seconds, self.key = kind, seconds, f"busy_{kind}"
        super().__init__(SENTENCES[self.key].format(seconds=seconds))
        self.values = {"seconds": seconds}


def no_such_base(name: str, known: Iterable[str]) -> KnowledgeError:
    """What is raised for an unknown base. known: the names that exist."""
    names = ", ".join(sorted(known)) or "none yet"
    return KnowledgeError.of("no_such_base", name=name, known=names)


def no_such_turn() -> InputError:
    """What is raised for a rating of a reply that was never given."""
    return InputError.of("no_such_turn")


def reason_of(problem: Exception) -> str:
    """What went wrong, without the number and the path of an error of the system."""
    return getattr(problem, "strerror", None) or str(problem)
