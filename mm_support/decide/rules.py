"""The rules that tell what kind of reply a turn gets; the first in RULES that applies decides.

Each takes the situation and returns a decision, or None where it does not apply.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mm_support.decide.coded import close
from mm_support.decide.contact import telling
from mm_support.decide.decision import FAILED, PERIL, Decision, Reason
from mm_support.decide.intents import Reads
from mm_support.decide.named import asks_amount_of, which
from mm_support.decide.situation import Situation
from mm_support.language.asks import asks_in_words
from mm_support.language.codes import COMPOUND
from mm_support.language.contacts import contact_asked, contacts_in
from mm_support.language.emergency import emergency_sentences
from mm_support.language.sentences import ASKING
from mm_support.language.terms import all_terms, term_set
from mm_support.language.values import CLAUSE_END
from mm_support.types import Entry, Hit, Past

CANDIDATES = 3  # entries that a question back may name
# confidence from which a refusal names what comes closest: of 1,425 questions with 0.1 to 0.15 that
# was right for 25
NEAREST = 0.15
# confidence from which what was found is told beside a hand-over: right two times of three
BESIDE = 0.67
LIKELY = 0.5  # probability from which a message more likely leans on what is not there than not
# label of intents.py -> why a person takes over, the most pressing first
PRESSING: dict[str, Reason] = {
    "self_harm": "self_harm",
    "danger": "safety",
    "person": "asked",
    "upset": "upset",
}
# probability from which a courtesy, anger and the wish for a person count though an entry answers
CERTAIN = 0.5
BEYOND_DOUBT = 0.9  # and from which it does though the knowledge uses all of its words
# the same of a single word: of 118 nouns in fifteen languages 5 are read so with 0.9, none with
# this; of 94 words that are a courtesy or call for a person 79 and 65
ALONE = 0.97
# label -> reason of a short friendly reply
COURTESIES: dict[str, Reason] = {
    "goodbye": "goodbye",
    "thanks": "thanks",
    "greeting": "greeting",
    "acknowledge": "acknowledged",
    "yes": "acknowledged",
}
# reasons of a question back that say nothing about the help given
UNDER_WAY: tuple[Reason, ...] = ("action_asks", "action_confirms", "action_left")
SAME = 0.5  # share of terms (Dice) above which two messages are about the same
NO_MATTER = (*COURTESIES.values(), "unnamed")  # of turns that tell nothing to lean on
NO_FAILURE = (*COURTESIES.values(), *UNDER_WAY, "silence", "misheard")


def _pressing(here: Situation) -> Decision | None:
    """Danger goes to a person whatever was found, with what the company says of emergencies; so do
    the wish for one and anger, unless they are read in doubt and the knowledge surely answers, or a
    title tells what is meant ("Wren"). Where they are not beyond doubt, what answers is told too.
    """
    label = next(filter(here.says, PRESSING), None)
    if label is None:
        return None
    reason = PRESSING[label]
    perilous = reason in PERIL
    doubtful = here.reads.probability[label] < CERTAIN and here.sure
    if not perilous and (doubtful or _only_names(here, label)):
        return None
    meant = here.reads.probability[label] >= BEYOND_DOUBT
    told = _instructions(here) if perilous else () if meant else _beside(here)
    return here.decide("handoff", reason, told)


def _contact(here: Situation) -> Decision | None:
    """Who asks for nothing but a telephone number or an e-mail address is told what states it, by
    its title where one is titled so, or asked which is meant where several state others. Where none
    does, all else decides: whoever sells phones is asked for those.
    """
    kind = contact_asked(here.question.asked)
    told = telling(kind, here.hits) if kind else ()
    if not told:
        return None
    if len({contacts_in(kind, hit.entry.answer) for hit in told}) == 1:
        return here.decide("answer", "evidence", told[:1])
    return here.decide("clarify", "ambiguous", told[:CANDIDATES])


def _beside(here: Situation) -> tuple[Hit, ...]:
    """What is told beside a hand-over."""
    return here.hits[:1] if here.sure and here.confidence >= BESIDE else ()


def _instructions(here: Situation) -> tuple[Hit, ...]:
    """What was found that tells what to do in an emergency, or else what surely answers: "If the
    battery swells, put it outside". To somebody who may harm themselves only the former is read.
    """
    found = close(here.hits) if here.confidence >= here.gate.clarify else ()
    told = [hit for hit in found if _for_emergencies(hit.entry, here.read)]
    answers = here.sure and not here.says("self_harm")
    return tuple(told or (here.hits if answers else ()))[:1]


def _for_emergencies(entry: Entry, read: Callable[[str], Reads]) -> bool:
    """Whether only people may handle what an entry is about, it tells whom to call, or it is headed
    by a danger.
    """
    told = entry.human_only or bool(emergency_sentences(entry.answer))
    return told or any("danger" in read(head).says for head in (entry.title, *entry.questions))


def _only_names(here: Situation, label: str) -> bool:
    """Whether a message holds nothing but words of titles that were found, or of what surely
    answers ("complaints phone number"), and what was read in it beside them is not beyond doubt.
    """
    asked = term_set(here.question.asked)
    titled = all_terms(hit.entry.title for hit in here.hits)
    known = asked <= titled or here.sure and asked <= term_set(here.hits[0].entry.text)
    return bool(asked) and known and not beyond_doubt(here, here.reads.probability[label])


def beyond_doubt(here: Situation, probability: float) -> bool:
    """Whether what was read in a message counts though the knowledge uses all of its words."""
    asked = here.question.asked
    single = len(asked.split()) == len(term_set(asked)) == 1  # "that worked" is two words
    return probability >= (ALONE if single else BEYOND_DOUBT)


def _courtesy(here: Situation) -> Decision | None:
    """A message that only greets, thanks, takes leave or agrees gets a short friendly reply."""
    said = [label for label in COURTESIES if here.says(label)]
    read = [here.reads.probability[label] for label in said]
    certain = max(read, default=0.0) >= CERTAIN
    if "photo" in here.query.fused.weights or (here.sure and not certain):
        return None  # "Brew 2" may look like a farewell to whoever does not sell it
    words, likely = here.question.asked, max(read, default=0.0)
    if is_a_number(words) or (is_a_code(words) and likely < BEYOND_DOUBT):
        return None  # a bare number or code is what somebody asked for; "gr8" is surely none
    asked = term_set(words)
    if (
        asked
        and asked <= all_terms(hit.entry.text for hit in here.hits)
        and not beyond_doubt(here, likely)
    ):
        return None  # "Family" may be a card of that name
    if asked and here.sure and asked <= term_set(here.hits[0].entry.title):
        return None  # who says "leek" wants that, however much it sounds like "okay"
    reason: Reason | None = COURTESIES[said[0]] if said else None
    if reason == "acknowledged" and here.before is None and not certain:
        return None  # "it's broken" begins a conversation; there is nothing yet to agree with
    if reason == "acknowledged" and here.before and here.before.asked_about:
        return None  # "Is it about A or B?" - "Yes": it is still to be told which
    if here.says("no") and here.before and here.before.reason in COURTESIES.values():
        reason = "goodbye"  # "Is there anything else?" - "No"
    return here.decide("clarify", reason) if reason else None


def is_a_number(words: str) -> bool:
    return any(map(str.isdigit, words)) and not any(map(str.isalpha, words))


def is_a_code(words: str) -> bool:
    """Whether every letter stands beside a digit: "E08", "x9", "KE-2 E04"."""
    rest = COMPOUND.sub(lambda found: "" if any(map(str.isdigit, found[0])) else found[0], words)
    return rest != words and not any(map(str.isalpha, rest))


def _reserved(here: Situation) -> Decision | None:
    return here.decide("handoff", "human_only", _beside(here)) if here.reserved else None


def _rejected(here: Situation) -> Decision | None:
    """What was answered or offered is not what the customer meant, and nothing says what is."""
    rejected = here.says("no") or here.reads.choice == "neither"
    if not rejected or here.before is None or _names_new(here, here.before):
        return None
    return here.decide("clarify", "rejected")


def _names_new(here: Situation, before: Past) -> bool:
    """Whether a message that rejects says beside that what may be meant ("no, the kennel"): what
    was not answered just before, and all of it where the same entry is meant again.
    """
    clauses = filter(term_set, CLAUSE_END.split(here.question.asked))
    named = (clause for clause in clauses if "no" not in here.read(clause).says)
    answered = before.reply if before.action == "answer" else ""
    new = term_set(" ".join(named)) - term_set(answered)
    if not new or not here.may_be(here.hits):
        return False
    best = here.hits[0].entry
    held = new & term_set(best.text)
    return held == new if best.id in before.answered_from else bool(held)


def _unresolved(here: Situation) -> Decision | None:
    """What was answered did not help: another entry, or a person, but not the same again."""
    if not here.says("unresolved") or here.before is None or here.before.action != "answer":
        return None
    rest = here.without_cited()
    return _reserved(rest) or _evidence(rest) or rest.decide("handoff", "stuck")


def _evidence(here: Situation) -> Decision | None:
    return here.decide("answer", "evidence", close(here.hits)) if here.sure else None


def _which(here: Situation) -> Decision | None:
    """A name that several things share is no one of them, unless the turn before tells which."""
    words = here.question.asked
    if not here.sure or "context" in here.query.texts or asks_amount_of(words, here.hits[0].entry):
        return None
    meant = which(words, here.hits)[:CANDIDATES]
    return here.decide("clarify", "ambiguous", meant) if meant else None


def _account(here: Situation) -> Decision | None:
    """Something has to be done that the assistant cannot do, and the knowledge does not surely tell
    how, or told it just before. What an action surely does, it can.
    """
    told = here.before.answered_from if here.before else ()
    if not here.says("account") or (here.sure and here.hits[0].entry.id not in told):
        return None
    return here.decide("handoff", "account", _beside(here))


def _abuse(here: Situation) -> Decision | None:
    """Insults get a calm offer once; whoever goes on is handed over."""
    if not here.says("abuse") or _only_names(here, "abuse"):
        return None
    again = here.before is not None and here.before.reason == "abuse"
    return here.decide("handoff", "upset") if again else here.decide("clarify", "abuse")


def _stuck(here: Situation) -> Decision | None:
    """Two turns in a row that gave nothing in one matter are enough; a question back that quotes
    gave something.
    """
    before = here.before
    quoted = before is not None and before.action == "clarify" and before.citations
    if before is None or quoted or before.reason in NO_FAILURE or here.completes:
        return None
    again = before.reason == "rejected" or here.reads.follow_up >= LIKELY
    named = tuple(hit.entry.title for hit in candidates(here.hits)) == before.asked_about
    if before.action in FAILED and (again or named or alike(before.words, here.question.asked)):
        return here.decide("handoff", "stuck")
    return None


def alike(one: str, other: str) -> bool:
    """Whether two messages have most of their terms in common, or say nothing that can be told."""
    mine, theirs = term_set(one), term_set(other)
    return 2 * len(mine & theirs) > SAME * (len(mine) + len(theirs)) or not (mine and theirs)


def _unnamed(here: Situation) -> Decision | None:
    """The message leans on something that is not there: no turn before that named anything, no
    photo, no code; beyond doubt, where an entry may be meant.
    """
    there = here.query.fused.weights.keys() | here.query.texts.keys()
    matter = any(turn.reason not in NO_MATTER for turn in here.past)
    named = matter or here.completes or here.query.identifiers or "photo" in there
    leans = here.reads.follow_up >= (BEYOND_DOUBT if here.may_be(here.hits) else LIKELY)
    return here.decide("clarify", "unnamed") if leans and not named else None


def _surely_unnamed(here: Situation) -> Decision | None:
    """The same beyond doubt ("It doesn't work"), where the answer is not; a person, where it was
    said before. Of a company's only product "Does it have an API?" needs no more to be answered.
    """
    surely = here.reads.follow_up >= BEYOND_DOUBT > here.confidence
    asked = here.question.asked
    asks = asked.rstrip().endswith(ASKING) or asks_in_words(asked)
    told = asks and here.query.of_one and here.sure
    unnamed = _unnamed(here) if surely and not told else None
    return unnamed and (_stuck(here) or unnamed)


def _open(here: Situation) -> Decision:
    """What is left: it is asked which entry is meant, or said that nothing was found, with what
    comes closest.
    """
    if here.may_be(close(here.hits)):
        return here.decide("clarify", "ambiguous", candidates(here.hits))
    near = candidates(here.hits) if here.confidence >= NEAREST else ()
    return here.decide("refuse", "unknown", near)


RULES: tuple[Callable[[Situation], Decision | None], ...] = (
    _contact,
    _pressing,
    _courtesy,
    _account,
    _reserved,
    _rejected,
    _unresolved,
    _which,
    _surely_unnamed,
    _evidence,
    _abuse,
    _stuck,
    _unnamed,
    _open,
)


def candidates(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The two or three entries that a question back names; of those with one title, the best."""
    named = close(hits[:CANDIDATES]) if len(close(hits)) > 1 else hits[:2]
    return tuple({hit.entry.title: hit for hit in reversed(named)}.values())[::-1]
