"""Settings and the three profiles. Profiles are data; a profile differs in names, not in code.

A model's name is one of
    package:NAME   weights that the package index carries, listed in weights.lock.json
    org/model      a repository on the Hugging Face hub (for images: open_clip "architecture/tag")
    a folder       weights on this machine, in the layout of the hub
    python:MODULE:FUNCTION   a text or image encoder of your own (plugged.py)
reply_model may be "none", and verifier_model "fitted": the network that was fitted to the text
encoder and comes with the project.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import platformdirs

from mm_support.errors import InputError

ENV_PREFIX = "MM_SUPPORT_"
SPEEDS = (0.5, 2.0)  # of a voice, as a share of its own
FUSIONS = ("weighted-sum", "concatenation", "attention")

OWN = "python:"  # in front of what makes a model of somebody's own
NONE = "none"  # as reply_model: replies are the entries' own sentences
SMALL = "package:SmolLM2-135M-Instruct"  # the model that was trained to point at sentences

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
    """What a service is built from. Model names left empty come from the profile.

    data_dir holds the index, the store and the pictures; cache_dir the weights.
    device: "auto", or a torch device such as "cpu" or "cuda:0".
    llm_url: an OpenAI-compatible server that writes the replies instead of a local model; llm_sees:
    its model takes photos; llm_judges: a model that passes an exam judges its own sentences where
    the verifier is not sure.
    database_url: SQLAlchemy URL; empty: SQLite in data_dir. index_url: a PostgreSQL server that
    fronts on several machines share; empty, the index lies in data_dir. cluster: host:port of a Ray
    cluster that serves the models; empty, they run in this process. keep_media: store
    customers' photos and recordings too (off: only what was understood). open_knowledge: visitors
    of the page may add knowledge of their own.
    answer_precision: share of the answers that are to be right; below it, it is asked back.
    desk_key: opens the desk, the page for the people who take conversations over; made at each
    start where it is empty, and the workshop, unless open_workshop lets everybody read there.
    brand: a brand.toml, what a company decides about its page; edit_brand: editors may change that
    file in the workshop. frame_origins: sites that may show the page in a frame. api_key: what
    callers of /v1 must have; empty, everybody may call. rate_limit: calls of one address, e.g.
    "240/minute"; rate_storage: where they are counted, e.g. redis://host; empty, in the database
    where that is PostgreSQL, else in this process. webhook_url, webhook_secret: where it is told
    what happens at the desk, and what that is signed with; mail_server
    (smtp://user:password@host:587), mail_to, mail_from: who waits for a person is told by mail.
    chatwoot_url, chatwoot_inbox, chatwoot_secret: a Chatwoot whose agents answer, its API inbox,
    and what its webhook is known by. oidc_issuer, oidc_client, oidc_secret, oidc_address,
    oidc_roles: a provider at which the team signs in, as what, our own address, and which claim
    makes which role (desk/oidc.py).
    retention_days: after so many days of silence a conversation is erased; 0: never.
    silence_minutes: so long after the last word of an agent the assistant takes their conversation
    back; 0: never. hours: a file that says when
    people are there (desk/hours.py); empty: always. show_personal: agents read what masks stand
    for while a conversation is at the desk. voice_speed: 1.2 speaks a fifth faster. private_sites:
    sites inside the own network may be read for knowledge. picture_hosts: "host, host", of which
    pictures in knowledge are fetched beside a page's own; "none": none are. sync_hours: after so
    many hours sites
    are read again; 0: when somebody does. replies_at_once: that are worked on; 0:
    as many as suit the machine; queue_length: replies, and as many look-ups, that may wait.
    open_metrics: /metrics may be read from other machines too. json_logs: lines of the log are
    JSON. actions: what bases declare in actions.toml may be done (docs/actions.md); action_hosts:
    of the own network that may be called for that; action_functions: "name=module:function, ..."
    that do it; customer_secret: what a site signs with who is signed in there.

    Raises InputError for a profile or a fusion strategy that does not exist.
    """

    profile: str = "embedded"
    data_dir: Path = field(
        default_factory=lambda: Path(platformdirs.user_data_dir("mm-support", appauthor=False))
    )
    cache_dir: Path = field(
        default_factory=lambda: Path(platformdirs.user_cache_dir("mm-support", appauthor=False))
    )
    device: str = "auto"
    speech_model: str = ""
    image_model: str = ""
    text_model: str = ""
    reply_model: str = ""
    voice_model: str = ""
    verifier_model: str = ""
    turn_model: str = ""
    voice_speed: float = 1.0
    fusion: str = "weighted-sum"
    llm_url: str = ""
    llm_model: str = ""
    llm_key: str = field(default="", repr=False)
    llm_sees: bool = False
    llm_judges: bool = True
    database_url: str = field(default="", repr=False)
    index_url: str = field(default="", repr=False)
    cluster: str = ""
    keep_media: bool = False
    open_knowledge: bool = False
    desk_key: str = field(default="", repr=False)
    open_workshop: bool = False
    brand: str = ""
    edit_brand: bool = False
    frame_origins: str = ""
    api_key: str = field(default="", repr=False)
    rate_limit: str = ""
    rate_storage: str = field(default="", repr=False)
    webhook_url: str = ""
    webhook_secret: str = field(default="", repr=False)
    mail_server: str = field(default="", repr=False)
    mail_to: str = ""
    mail_from: str = ""
    chatwoot_url: str = ""
    chatwoot_inbox: str = ""
    chatwoot_secret: str = field(default="", repr=False)
    retention_days: int = 0
    silence_minutes: int = 30
    oidc_issuer: str = ""
    oidc_client: str = ""
    oidc_secret: str = field(default="", repr=False)
    oidc_address: str = ""
    oidc_roles: str = ""
    hours: str = ""
    show_personal: bool = True
    private_sites: bool = False
    picture_hosts: str = ""
    sync_hours: float = 0.0
    answer_precision: float = 0.85
    replies_at_once: int = 0
    queue_length: int = 32
    open_metrics: bool = False
    json_logs: bool = False
    actions: bool = False
    action_hosts: str = ""
    action_functions: str = ""
    customer_secret: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        numbers = (
            "retention_days",
            "silence_minutes",
            "replies_at_once",
            "queue_length",
            "sync_hours",
        )
        for name in numbers:
            if getattr(self, name) < 0:
                raise InputError(f"{ENV_PREFIX}{name.upper()} is 0 or more.")
        if not 0.5 <= self.answer_precision < 1:
            raise InputError(f"{ENV_PREFIX}ANSWER_PRECISION is a share from 0.5 to 1, like 0.9.")
        if self.profile not in PROFILES:
            raise InputError(
                f"There is no profile {self.profile!r}; choose one of {', '.join(PROFILES)}."
            )
        if not SPEEDS[0] <= self.voice_speed <= SPEEDS[1]:
            raise InputError(
                f"The voice cannot speak at {self.voice_speed} of its speed; choose {SPEEDS[0]} to"
                f" {SPEEDS[1]}."
            )
        if self.fusion not in FUSIONS:
            raise InputError(
                f"There is no fusion strategy {self.fusion!r}; choose one of {', '.join(FUSIONS)}."
            )
        for name, value in PROFILES[self.profile].items():
            if not getattr(self, name):
                object.__setattr__(self, name, value)
        for name in ("data_dir", "cache_dir"):
            object.__setattr__(self, name, Path(getattr(self, name)).expanduser())

    @classmethod
    def from_env(cls, environ: dict[str, str] | None = None, **overrides: object) -> Settings:
        """Settings from MM_SUPPORT_<NAME> variables (MM_SUPPORT_CACHE and MM_SUPPORT_DATA for the
        folders), with keyword arguments that are not None taking precedence."""
        environ = dict(os.environ if environ is None else environ)
        values: dict[str, object] = {}
        for item in fields(cls):
            text = environ.get(ENV_PREFIX + item.name.removesuffix("_dir").upper())
            if text:
                values[item.name] = _value_of(item.name, str(item.type), text)
        values.update({name: value for name, value in overrides.items() if value is not None})
        return cls(**values)  # type: ignore[arg-type]

    def with_small_model(self) -> Settings:
        """The same with the packaged reply model, where they name none."""
        return self.with_changes(reply_model=SMALL) if self.reply_model == NONE else self

    def with_changes(self, **changes: object) -> Settings:
        return replace(self, **changes)  # type: ignore[arg-type]


def _value_of(name: str, kind: str, text: str) -> object:
    """A variable's text as the field's kind of value. Raises InputError."""
    if kind == "bool":
        return text.lower() in ("1", "true", "yes", "on")
    try:
        return {"int": int, "float": float}.get(kind, str)(text)
    except ValueError as exc:
        number = "whole number" if kind == "int" else "number"
        raise InputError(f"{ENV_PREFIX}{name.upper()} must be a {number}.") from exc
