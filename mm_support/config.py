"""Settings and the three profiles. Profiles are data; a profile differs in names, not in code.

A model's name is one of
    package:NAME   weights that the package index carries, listed in weights.lock.json
    org/model      a repository on the Hugging Face hub (for images: open_clip "architecture/tag")
    a folder       weights on this machine, in the layout of the hub
    python:MODULE:FUNCTION   a text or image encoder of your own (encode/plugged.py)
reply_model may be "none", and verifier_model "fitted": the network that was fitted to the text
encoder and comes with the project.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from itertools import chain
from pathlib import Path

import platformdirs

from mm_support.errors import InputError

ENV_PREFIX = "MM_SUPPORT_"
SPEEDS = (0.5, 2.0)  # of a voice, as a share of its own
ON, OFF = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
FUSIONS = ("weighted-sum", "concatenation", "attention")

OWN = "python:"  # in front of what makes a model of somebody's own
NONE = "none"  # as reply_model: replies are the entries' own sentences
# settings that name a model of a stage (stages.py)
MODELS = ("speech_model", "image_model", "text_model", "reply_model", "voice_model")
SMALL = "package:SmolLM2-135M-Instruct"  # the model that was trained to point at sentences
# how the addresses begin that are opened while the service loads; the others are checked there
SERVERS = ("postgresql://", "postgres://", "postgresql+psycopg://")
ADDRESSES = {
    "llm_url": ("http://", "https://"),
    "database_url": (*SERVERS, "sqlite://"),
    "index_url": SERVERS,
}
ACTION_SECRETS = "ACTION_"  # how secrets begin that actions.toml names
ALIKE = 0.75  # of two names, from which one is taken for the other misspelt; 1: the same
NUMBERS = (  # from 0 to HIGHEST
    "retention_days",
    "silence_minutes",
    "waiting_limit",
    "waiting_minutes",
    "replies_at_once",
    "queue_length",
    "sync_hours",
)
HIGHEST = 100_000  # of a number: so many days are a date that can be reckoned with
NEEDS = {  # settings that say more of another one
    "llm_model": "llm_url",
    "llm_key": "llm_url",
    "webhook_secret": "webhook_url",
    "mail_to": "mail_server",
    "mail_from": "mail_server",
    "chatwoot_inbox": "chatwoot_url",
    "chatwoot_secret": "chatwoot_url",
    "oidc_client": "oidc_issuer",
    "oidc_secret": "oidc_issuer",
    "oidc_roles": "oidc_issuer",
    "action_hosts": "actions",
    "action_functions": "actions",
}
HOSTS = ("action_hosts", "picture_hosts")  # settings that list hosts
SHORTEST_SECRET = 16  # characters
DEVICE = re.compile(r"auto|cpu|mps|(cuda|xpu)(:\d+)?")

PROFILES: dict[str, dict[str, str]] = {
    "embedded": {
        "speech_model": "package:whisper-base",
        "image_model": "package:clip-lite",
        "text_model": "package:multilingual-e5-small",
        "reply_model": NONE,
        "voice_model": "package:piper-en-us-joe",
        "verifier_model": "fitted",
        "turn_model": "package:smart-turn",
    },
    "standard": {
        "speech_model": "turbo",
        "image_model": "ViT-B-32-256/datacomp_s34b_b86k",
        "text_model": "intfloat/multilingual-e5-base",
        "reply_model": "Qwen/Qwen2.5-1.5B-Instruct",
        "voice_model": "package:piper-en-us-joe",
        "verifier_model": "MoritzLaurer/mDeBERTa-v3-base-xnli-multilingual-nli-2mil7",
        "turn_model": "package:smart-turn",
    },
    "large": {
        "speech_model": "turbo",
        "image_model": "ViT-B-16-SigLIP2-256/webli",
        "text_model": "BAAI/bge-m3",
        "reply_model": "Qwen/Qwen2.5-VL-7B-Instruct",
        "voice_model": "package:piper-en-us-joe",
        "verifier_model": "MoritzLaurer/mDeBERTa-v3-base-xnli-multilingual-nli-2mil7",
        "turn_model": "package:smart-turn",
    },
}


@dataclass(frozen=True)
class Settings:
    """What a service is built from; docs/commands.md says what each setting does. Model names left
    empty come from the profile.

    Raises InputError for what cannot be meant: a profile, strategy or device that does not exist, a
    number out of its range, an address that is none.
    """

    profile: str = "embedded"
    # of index, store and pictures; of the weights
    data_dir: Path = field(
        default_factory=lambda: Path(platformdirs.user_data_dir("mm-support", appauthor=False))
    )
    cache_dir: Path = field(
        default_factory=lambda: Path(platformdirs.user_cache_dir("mm-support", appauthor=False))
    )

    # models
    device: str = "auto"  # or a torch device such as "cpu" or "cuda:0"
    speech_model: str = ""
    image_model: str = ""
    text_model: str = ""
    reply_model: str = ""
    voice_model: str = ""
    verifier_model: str = ""
    turn_model: str = ""
    voice_speed: float = 1.0  # 1.2 speaks a fifth faster
    fusion: str = "attention"
    answer_precision: float = 0.85  # share of the answers that are to be right; else it asks back
    # an OpenAI-compatible server that writes the replies instead of a local model
    llm_url: str = ""
    llm_model: str = ""
    llm_key: str = field(default="", repr=False)
    llm_sees: bool = False  # its model takes photos
    # one that passes an exam judges its own sentences where the verifier is not sure
    llm_judges: bool = True

    # where things run and lie
    database_url: str = field(default="", repr=False)  # SQLAlchemy's; empty: SQLite in data_dir
    index_url: str = field(default="", repr=False)  # PostgreSQL of several machines, or data_dir
    cluster: str = ""  # host:port of a Ray cluster with the models; empty: in this process
    replies_at_once: int = 0  # 0: as many as suit the machine
    queue_length: int = 32  # replies, and as many look-ups, that may wait
    open_metrics: bool = False  # /metrics may be read from other machines too
    json_logs: bool = False

    # what is kept, and who may read it
    keep_media: bool = False  # photos and recordings too, not only what was understood
    retention_days: int = 0  # of silence after which a conversation is erased; 0: never
    show_personal: bool = True  # agents read what masks stand for while they have a conversation
    # opens the desk, and the workshop unless that is open; empty: made at each start
    desk_key: str = field(default="", repr=False)
    open_workshop: bool = False  # everybody may read there
    open_knowledge: bool = False  # visitors may add knowledge of their own
    api_key: str = field(default="", repr=False)  # of /v1; empty: everybody may call
    rate_limit: str = ""  # calls of one address, e.g. "240/minute"
    # where they are counted, e.g. redis://host; empty: PostgreSQL if there is one, or here
    rate_storage: str = field(default="", repr=False)

    # the page
    brand: str = ""  # a brand.toml, what a company decides about its page
    edit_brand: bool = False  # editors may change that file in the workshop
    frame_origins: str = ""  # sites that may show the page in a frame, and call it

    # people at the desk, and who is told of what happens there
    hours: str = ""  # a file that says when people are there (desk/hours.py); empty: always
    waiting_limit: int = 0  # conversations that wait at once before it is said that it takes long
    waiting_minutes: int = 0  # after which those who wait are told so; 0: never, of both
    silence_minutes: int = 30  # of an agent, after which the assistant takes over; 0: never
    webhook_url: str = ""
    webhook_secret: str = field(default="", repr=False)
    mail_server: str = field(default="", repr=False)  # smtp://user:password@host:587
    mail_to: str = ""
    mail_from: str = ""
    # a Chatwoot whose agents answer, its API inbox, and what its webhook is known by
    chatwoot_url: str = ""
    chatwoot_inbox: str = ""
    chatwoot_secret: str = field(default="", repr=False)
    # a provider at which the team signs in, as what, our own address, and which claim makes which
    # role (desk/oidc.py)
    oidc_issuer: str = ""
    oidc_client: str = ""
    oidc_secret: str = field(default="", repr=False)
    oidc_address: str = ""
    oidc_roles: str = ""

    # reading knowledge
    packs: bool = True  # the bases that come with the project are made where they are not there
    private_sites: bool = False  # sites inside the own network may be read
    picture_hosts: str = ""  # "host, host" of pictures beside a page's own; "none": no picture
    sync_hours: float = 0.0  # after which sites are read again; 0: when somebody does

    # what bases declare in actions.toml (docs/actions.md)
    actions: bool = False  # may be done
    action_hosts: str = ""  # of the own network that may be called
    action_functions: str = ""  # "name=module:function, ..." that do it
    customer_secret: str = field(default="", repr=False)  # a site signs with it who is signed in

    def __post_init__(self) -> None:
        for fault in chain(self._unfit(), self._unknown()):
            raise InputError(fault)
        for name, value in PROFILES[self.profile].items():
            if not getattr(self, name):
                object.__setattr__(self, name, value)
        for name in ("data_dir", "cache_dir"):
            object.__setattr__(self, name, Path(getattr(self, name)).expanduser())

    def _unfit(self) -> Iterator[str]:
        """What is wrong with numbers and addresses, each in a sentence."""
        for name in NUMBERS:
            if not 0 <= getattr(self, name) <= HIGHEST:
                yield f"{ENV_PREFIX}{name.upper()} is a number from 0 to {HIGHEST}."
        for name, begins in ADDRESSES.items():
            address = getattr(self, name)
            if address and (not address.startswith(begins) or address in begins):
                yield f"{ENV_PREFIX}{name.upper()} must be an address like {begins[0]}host."
        for name, other in NEEDS.items():
            if getattr(self, name) and not getattr(self, other):
                missing = f"{ENV_PREFIX}{other.upper()}"
                yield f"{ENV_PREFIX}{name.upper()} does nothing without {missing}."
        for name in HOSTS:
            if "/" in getattr(self, name):
                yield (
                    f"{ENV_PREFIX}{name.upper()} lists hosts; write them like shop.example,"
                    " without https:// and without a path."
                )
        if 0 < len(self.customer_secret) < SHORTEST_SECRET:
            yield f"{ENV_PREFIX}CUSTOMER_SECRET needs at least {SHORTEST_SECRET} characters."

    def _unknown(self) -> Iterator[str]:
        """What is chosen and not there, or out of range."""
        if not DEVICE.fullmatch(self.device):
            yield f"There is no device {self.device!r}; choose auto, cpu, cuda, cuda:1, xpu or mps."
        if not 0.5 <= self.answer_precision < 1:
            yield f"{ENV_PREFIX}ANSWER_PRECISION is a share from 0.5 to 1, like 0.9."
        if self.profile not in PROFILES:
            yield f"There is no profile {self.profile!r}; choose one of {', '.join(PROFILES)}."
        if not SPEEDS[0] <= self.voice_speed <= SPEEDS[1]:
            yield (
                f"The voice cannot speak at {self.voice_speed} of its speed; choose {SPEEDS[0]} to"
                f" {SPEEDS[1]}."
            )
        if self.fusion not in FUSIONS:
            yield (
                f"There is no fusion strategy {self.fusion!r}; choose one of {', '.join(FUSIONS)}."
            )

    @classmethod
    def from_env(cls, environ: dict[str, str] | None = None, **overrides: object) -> Settings:
        """Settings from MM_SUPPORT_<NAME> variables (MM_SUPPORT_CACHE and MM_SUPPORT_DATA for the
        folders), with keyword arguments that are not None taking precedence. Raises InputError for
        a misspelt name too: what it should set would silently be off.
        """
        environ = dict(os.environ if environ is None else environ)
        values: dict[str, object] = {}
        known = {_variable(item.name): item for item in fields(cls)}
        _check_spelling([name for name, text in environ.items() if text], list(known))
        for name, item in known.items():
            text = environ.get(name)
            if text:
                values[item.name] = _value_of(item.name, str(item.type), text)
        values.update({name: value for name, value in overrides.items() if value is not None})
        return cls(**values)  # type: ignore[arg-type]

    @property
    def own_weights(self) -> Path:
        """The folder of what somebody trained on their own bases and cases."""
        return self.data_dir / "weights"

    def with_changes(self, **changes: object) -> Settings:
        return replace(self, **changes)  # type: ignore[arg-type]


def _variable(field_name: str) -> str:
    return ENV_PREFIX + field_name.removesuffix("_dir").upper()


def _check_spelling(given: list[str], known: list[str]) -> None:
    """Raises InputError for a variable that is none of ours but spelt like one. Others with our
    prefix may be anybody's, such as those that Kubernetes sets for a service called mm-support;
    what begins like an action's are secrets that a company names.
    """
    bare = {name.removeprefix(ENV_PREFIX): name for name in known}
    for name in sorted(set(given) - set(known)):
        own = name.removeprefix(ENV_PREFIX)
        if not name.startswith(ENV_PREFIX) or own.startswith(ACTION_SECRETS):
            continue
        alike = get_close_matches(own.removesuffix("_DIR"), bare, 1, ALIKE)
        if alike:
            raise InputError(f"There is no setting {name}; do you mean {bare[alike[0]]}?")


def _value_of(name: str, kind: str, text: str) -> object:
    """A variable's text as the field's kind of value. Raises InputError."""
    if kind == "bool":
        return _switch(name, text)
    try:
        return {"int": int, "float": float}.get(kind, str)(text)
    except ValueError as exc:
        number = "whole number" if kind == "int" else "number"
        raise InputError(f"{ENV_PREFIX}{name.upper()} must be a {number}.") from exc


def _switch(name: str, text: str) -> bool:
    word = text.strip().lower()
    if word not in ON + OFF:
        raise InputError(f"{ENV_PREFIX}{name.upper()} is a switch; write true or false.")
    return word in ON
