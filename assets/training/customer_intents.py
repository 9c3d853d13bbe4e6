"""Fits the head that tells what a customer does (wants a person, is upset, greets ...).

    python -m assets.training.customer_intents --encoder package:multilingual-e5-small --public
    FOLDER

The examples in assets.training.customer_intents were written for this project; held_out.jsonl among
them was written apart and only judges. Ordinary questions are those of the packs, those of the
bases in assets/training/questions and, where FOLDER holds banking77/train.csv,
clinc150/train_val.json and SQuAD files in qa/, those of these sets.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assets.training.customer_questions import QUESTIONS
from mm_support.config import Settings
from mm_support.decide.intent_examples import Example, everyday, read_examples
from mm_support.decide.intent_fitting import fit
from mm_support.decide.intent_head import head_file, save_head
from mm_support.decide.intents import LABELS, EncodePieces, Head, IntentReader, Reads
from mm_support.evaluate.passages import read_squad
from mm_support.language.detect import language_of

PUBLIC = 4_000  # questions that are drawn from each public set
PUBLIC_SETS = "BANKING77 (CC BY 4.0), CLINC150 (CC BY 3.0), SQuAD 2.0, CMRC 2018 (CC BY-SA 4.0)"
UNSEEN = 5  # every fifth intent of a public set is kept from training and only judges
# intents of the public sets that are not ordinary questions: small talk, and requests to act
NOT_ORDINARY = frozenset(
    "terminate_account edit_personal_details greeting goodbye thank_you yes no maybe repeat cancel "
    "are_you_a_bot what_is_your_name who_do_you_work_for who_made_you what_are_your_hobbies "
    "where_are_you_from how_old_are_you do_you_have_pets meaning_of_life tell_joke user_name "
    "make_call text what_can_i_ask_you change_user_name freeze_account flip_coin roll_dice "
    "next_song cancel_reservation report_lost_card smart_home change_speed whisper_mode "
    "accept_reservations confirm_reservation".split()
)
# groups that report, or ask to be done or looked up, what only a person can, as examples of
# "account" do ("please refund me", "where is my order"): not ordinary
OWN_CASES = frozenset(
    f"{name} {intent}"
    for name, intents in {
        "banking77": (
            "Refund_not_showing_up balance_not_updated_after_bank_transfer "
            "balance_not_updated_after_cheque_or_cash_deposit cancel_transfer card_arrival "
            "card_payment_not_recognised cash_withdrawal_not_recognised compromised_card "
            "direct_debit_payment_not_recognised lost_or_stolen_card pending_card_payment "
            "pending_cash_withdrawal pending_top_up pending_transfer request_refund "
            "transaction_charged_twice transfer_not_received_by_recipient "
            "wrong_amount_of_cash_received"
        ),
        "clinc150": (
            "account_blocked application_status balance bill_balance book_flight book_hotel "
            "calendar_update car_rental credit_limit credit_limit_change damaged_card "
            "direct_deposit flight_status insurance_change lost_luggage new_card order "
            "order_checks order_status pay_bill pin_change pto_balance pto_request "
            "pto_request_status pto_used redeem_rewards reminder_update report_fraud "
            "restaurant_reservation rewards_balance rollover_401k schedule_maintenance "
            "schedule_meeting shopping_list_update spending_history todo_list_update "
            "transactions transfer travel_notification"
        ),
    }.items()
    for intent in intents.split()
)


@dataclass(frozen=True, eq=False)
class Judged:
    """Examples and what a head reads in them."""

    rows: Sequence[Example]
    reads: Sequence[Reads]

    def rate(self, label: str, of: str | None = None, language: str = "") -> dict[str, object]:
        """Share of the examples of a label, or of the ordinary ones (of="none"), that are read as
        it, with a 95 % interval (Wilson 1927).
        """
        from scipy.stats import binomtest

        wanted = () if of == "none" else (label,)
        said = [
            label in reads.says
            for row, reads in zip(self.rows, self.reads)
            if set(wanted) <= set(row.labels)
            and (wanted or not row.labels)
            and language in ("", row.language)
        ]
        if not said:
            return {"examples": 0}
        low, high = binomtest(sum(said), len(said)).proportion_ci(method="wilson")
        share = round(sum(said) / len(said), 4)
        return {"examples": len(said), "share": share, "interval": [round(low, 4), round(high, 4)]}


def public_questions(folder: Path) -> Iterator[Example]:
    """Ordinary questions of BANKING77 (CC BY 4.0) and CLINC150 (CC BY 3.0), grouped by intent."""
    with (folder / "banking77" / "train.csv").open(encoding="utf-8", newline="") as file:
        banking = [(row["text"], row["category"]) for row in csv.DictReader(file)]
    clinc = json.loads((folder / "clinc150" / "train_val.json").read_text(encoding="utf-8"))
    chosen = random.Random(0)
    for name, pairs in (("banking77", banking), ("clinc150", clinc["train"] + clinc["val"])):
        ordinary = [(text, intent) for text, intent in pairs if intent not in NOT_ORDINARY]
        for text, intent in chosen.sample(ordinary, min(PUBLIC, len(ordinary))):
            yield Example(text, group=f"{name} {intent}")


def readers_questions(folder: Path) -> Iterator[Example]:
    """Questions of readers (SQuAD 2.0, CMRC 2018; CC BY-SA 4.0), grouped by article."""
    for file in sorted((folder / "qa").glob("*.json")):
        articles = read_squad(file)
        asked = [(own.question, article.title) for article in articles for own in article.asked]
        for text, title in random.Random(0).sample(asked, min(PUBLIC, len(asked))):
            if text.strip():
                yield Example(text, language=language_of(text), group=f"{file.stem} {title}")


def colloquial() -> Iterator[Example]:
    """Questions as customers type them, about bases of other companies, grouped by these; but for
    those that stand among the examples, with what they do beside asking.
    """
    known = {row.text for row in read_examples()}
    for file in sorted(QUESTIONS.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            text = json.loads(line).get("question", "")
            if text and text not in known:
                yield Example(text, language=language_of(text), group=file.stem)


def split_groups(rows: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """Those that are learned from, and those of every fifth intent, which only judge."""
    groups = sorted({row.group for row in rows})
    unseen = set(groups[::UNSEEN])
    learned = [row for row in rows if row.group not in unseen | OWN_CASES]
    return learned, [row for row in rows if row.group in unseen - OWN_CASES]


def figures(head: Head, encode: EncodePieces, ordinary: Sequence[Example]) -> dict[str, object]:
    """Recall on the held-out examples, by language too, and false alarms on ordinary questions."""
    reader = IntentReader(head, encode)
    held = read_examples(held_out=True)
    judged = Judged(held, [reader.read(row.text) for row in held])
    everyday_ones = Judged(ordinary, [reader.read(row.text) for row in ordinary])
    labels = [label for label in LABELS if label != "none"]
    languages = sorted({row.language for row in held})
    found: dict[str, object] = {}
    for label in labels:
        by_language = {name: judged.rate(label, language=name).get("share") for name in languages}
        found[label] = {
            "threshold": head.thresholds[label],
            "recall": judged.rate(label),
            "recall_by_language": by_language,
            "false_alarms": everyday_ones.rate(label, "none"),
            "false_alarms_on_hard_ones": judged.rate(label, "none"),
        }
    return found | {"choice": choice_figure(held, judged.reads), "follow_up_auc": leaning(judged)}


def choice_figure(held: Sequence[Example], reads: Sequence[Reads]) -> dict[str, object]:
    """How often the candidate that was chosen is the one that is told."""
    right = [read.choice == row.choice for row, read in zip(held, reads) if row.choice]
    return {"examples": len(right), "share": round(float(np.mean(right)), 4)}


def leaning(judged: Judged) -> float:
    """Area under the curve of Reads.follow_up: follow-ups against questions that stand alone."""
    from sklearn.metrics import roc_auc_score

    kept = [
        (row.labels == ("follow_up",), read.follow_up)
        for row, read in zip(judged.rows, judged.reads)
        if row.labels in ((), ("follow_up",))
    ]
    truth, told = zip(*kept)
    return round(float(roc_auc_score(truth, told)), 4)


def main() -> None:
    parser = argparse.ArgumentParser(description="Fits the head that tells what a customer does.")
    parser.add_argument("--encoder", default="package:multilingual-e5-small")
    parser.add_argument("--public", type=Path, help="folder of banking77/ and clinc150/")
    parser.add_argument("--out", type=Path, help="file of the head; by default that which ships")
    options = parser.parse_args()

    from mm_support.device import resolve_device
    from mm_support.encode.text import load_text_encoder
    from mm_support.encode.text_models import version_of

    settings = Settings(text_model=options.encoder)
    encode = load_text_encoder(settings, resolve_device(settings.device)).encode_pieces
    public = list(public_questions(options.public)) if options.public else []
    readers = list(readers_questions(options.public)) if options.public else []
    learned, unseen = split_groups(public)
    read, unread = split_groups(readers)
    examples = read_examples()
    ordinary = [*everyday(), *colloquial(), *learned]
    head = fit(examples, ordinary, encode, version_of(options.encoder), read)
    card = {
        "what": "tells what a customer does beside asking (mm_support/decide/intents.py)",
        "made_for": version_of(options.encoder),
        "trained_by": f"python -m assets.training.customer_intents --encoder {options.encoder}"
        + (" --public FOLDER" if public else ""),
        "data": "assets/training/intents (written for this project), questions of the packs"
        + (f", {PUBLIC_SETS}" if public else ""),
        "licence": "as the project",
        "examples": len(examples),
        "held_out": figures(head, encode, [*unseen, *unread] or everyday()),
    }
    out = options.out or head_file(options.encoder)
    save_head(head, out, card)
    text = json.dumps(card, indent=1, ensure_ascii=False) + "\n"
    out.with_suffix(".json").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
