# pyright: reportMissingImports=false
"""The side of the cluster: each stage of STAGES is a Ray Serve deployment of its own.

    python -m mm_support serve-models            starts them, or brings them up to date
    python -m mm_support serve-models --stop

Knows no front.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import threading
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

from ray import serve

from mm_support.cluster.connection import (
    ALL,
    APP,
    check_stages,
    connected,
    facts_of,
    unanswered,
)
from mm_support.config import Settings
from mm_support.device import resolve_device
from mm_support.errors import InputError, SupportError
from mm_support.loading import fetch_settings_weights
from mm_support.stages import STAGES, wanted_stages

log = logging.getLogger(__name__)

QUEUED = 64  # calls of one front that may wait for a stage; more are refused as busy
TOGETHER = 0.004  # s that a call waits for others that are encoded with it
MOST_TOGETHER = 16  # calls
GROW, SHRINK = 5.0, 300.0  # s of more, or less, to do before replicas are added or ended
Load = Callable[[str, Settings], Any]
Call = tuple[str, str, list, tuple]  # a stage, its method, what it takes several of, and the rest


def load_stage(name: str, settings: Settings) -> Any:
    """The model of a stage; what it needs is fetched. Raises SupportError."""
    stage = STAGES[name]
    if stage.setting:
        fetch_settings_weights(settings, lambda *_: None, [stage.setting])
    return stage.load(settings, resolve_device(settings.device))


class Replica:
    """One process with the models of one stage, or of several."""

    def __init__(self, stages: Sequence[str], settings: Settings, load: Load) -> None:
        self._models = {stage: load(stage, settings) for stage in stages}
        self._facts = facts_of(settings)

    async def facts(self, stage: str) -> dict[str, Any]:
        """What a front must know of the model, and which models the settings name."""
        model = self._models[stage]
        own = {name: getattr(model, name, None) for name in ("dim", "name", "can")}
        return {**own, **self._facts}

    async def one(self, stage: str, method: str, *given: Any) -> Any:
        return await asyncio.to_thread(getattr(self._models[stage], method), *given)

    @serve.batch(max_batch_size=MOST_TOGETHER, batch_wait_timeout_s=TOGETHER)
    async def together(self, calls: list[Call]) -> list[Any]:
        """The answer to each call, or the error that it ended in."""
        return await asyncio.to_thread(self._together, calls)

    def _together(self, calls: Sequence[Call]) -> list[Any]:
        groups: dict[tuple, list[int]] = defaultdict(list)
        for place, (stage, method, _, rest) in enumerate(calls):
            groups[stage, method, rest].append(place)
        answers: list[Any] = [None] * len(calls)
        for places in groups.values():
            for place, answer in zip(places, self._answers([calls[place] for place in places])):
                answers[place] = answer
        return answers

    def _answers(self, calls: Sequence[Call]) -> list[Any]:
        """Of calls of one method, in one go; where that fails, each by itself."""
        stage, name, _, rest = calls[0]
        method = getattr(self._models[stage], name)
        try:
            whole = method([item for *_, items, _ in calls for item in items], *rest)
        except Exception as problem:  # of one call: the others are answered all the same
            if len(calls) > 1:
                return [self._answers([call])[0] for call in calls]
            if isinstance(problem, SupportError):
                return [problem]
            log.exception("a call failed")
            return [unanswered(problem)]
        ends = accumulate((len(items) for *_, items, _ in calls), initial=0)
        return [_part(whole, start, end) for start, end in pairwise(ends)]

    async def stream(self, messages: list, max_tokens: int) -> AsyncGenerator[str, None]:
        """Pieces of the language model's reply; it stops where the caller does."""
        loop, stop = asyncio.get_running_loop(), threading.Event()
        pieces: asyncio.Queue[str | Exception | None] = asyncio.Queue()

        def tell(piece: str | Exception | None) -> None:
            loop.call_soon_threadsafe(pieces.put_nowait, piece)

        def write() -> None:
            try:
                for piece in self._models["write"].stream(messages, max_tokens, stop):
                    tell(piece)
            except Exception as problem:  # whatever it is, the caller waits for it
                tell(problem)
            else:
                tell(None)

        threading.Thread(target=write, name="write", daemon=True).start()
        try:
            while isinstance(piece := await pieces.get(), str):
                yield piece
            if piece is not None:
                raise piece
        finally:
            stop.set()


def _part(whole: Any, start: int, end: int) -> Any:
    """Rows of an array, or of each array of several."""
    if isinstance(whole, tuple):
        return tuple(each[start:end] for each in whole)
    return whole[start:end]


def deploy(
    settings: Settings,
    replicas: Mapping[str, tuple[int, int]],
    gpus: float = 0.0,
    load: Load = load_stage,
) -> None:
    """Starts the stages on the cluster that this process is connected to, and waits until they
    answer. replicas: stage, or ALL of them in one process -> the fewest and the most; gpus: share
    of a GPU that each process gets.
    """
    serve.start(proxy_location="Disabled")  # fronts call by Ray, nobody over HTTP
    serve.run_many([_target(app, span, settings, gpus, load) for app, span in replicas.items()])


def _target(
    app: str, span: tuple[int, int], settings: Settings, gpus: float, load: Load
) -> serve.RunTarget:
    stages = wanted_stages(settings) if app == ALL else [app]
    at_once = sum(STAGES[stage].at_once for stage in stages)
    deployment = serve.deployment(
        Replica,
        name=app,
        max_ongoing_requests=2 * at_once,  # one batch runs, the next is gathered
        max_queued_requests=QUEUED,
        ray_actor_options={"num_cpus": 1, "num_gpus": gpus},
        graceful_shutdown_timeout_s=10,
        autoscaling_config={
            "min_replicas": span[0],
            "max_replicas": span[1],
            "target_ongoing_requests": at_once,
            "upscale_delay_s": GROW,
            "downscale_delay_s": SHRINK,
        },
    )
    return serve.RunTarget(deployment.bind(stages, settings, load), APP + app, route_prefix=None)


def replicas_of(args: argparse.Namespace, settings: Settings) -> dict[str, tuple[int, int]]:
    """Stage, or ALL -> the fewest and the most. Raises InputError."""
    if args.together:
        return {ALL: _span(args.replicas)}
    stages = wanted_stages(settings)
    found = dict.fromkeys(stages, _span(args.replicas))
    for text in args.stages:
        name, _, span = text.partition("=")
        if name not in stages:
            raise InputError(f"There is no stage {name!r}; choose from {', '.join(stages)}.")
        found[name] = _span(span)
    return found


def _span(text: str) -> tuple[int, int]:
    """ "2-8" or "2" as numbers. Raises InputError."""
    fewest, _, most = text.partition("-")
    if not (fewest.isdecimal() and (most or fewest).isdecimal()):
        raise InputError(f"{text!r} is no number of replicas; write it like 2 or 1-8.")
    span = int(fewest), int(most or fewest)
    if not 1 <= span[0] <= span[1]:
        raise InputError(f"{text!r} is no number of replicas; the fewest is 1.")
    return span


def run(args: argparse.Namespace, settings: Settings) -> int:
    with connected(settings):
        if args.stop:
            for app in (*STAGES, ALL):
                serve.delete(APP + app)
            print("The models are served no more.")
            return 0
        replicas = replicas_of(args, settings)
        deploy(settings, replicas, args.gpus)
        check_stages(wanted_stages(settings), settings)
        told = ", ".join(f"{name} {fewest}-{most}" for name, (fewest, most) in replicas.items())
        print(f"Served at {settings.cluster}: {told}.")
    return 0
