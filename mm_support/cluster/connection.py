# pyright: reportMissingImports=false
"""To a Ray cluster and back: who is connected, what is served there, and what its errors mean."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any

import ray
from ray import serve
from ray.exceptions import RayActorError, RayError, RayTaskError
from ray.serve.exceptions import (
    BackPressureError,
    DeploymentUnavailableError,
    RayServeException,
    ReplicaUnavailableError,
)
from ray.serve.handle import DeploymentHandle

from mm_support.config import MODELS, Settings
from mm_support.errors import BusyError, InputError, SupportError

APP = "mm-support-"  # begins the names of what we serve
ALL = "all"  # ends that of all stages in one process
TRIES = 4  # of a call whose replica ended; it changes nothing there, so it may be repeated
LONGEST = 60.0  # s for one call
AGAIN = 2.0  # s after which it is worth another try where all are busy
ENDED = (RayActorError, ReplicaUnavailableError, DeploymentUnavailableError)


@contextmanager
def connected(settings: Settings) -> Iterator[None]:
    """Inside, this process belongs to the cluster. Raises InputError where that cannot be."""
    if not settings.cluster:
        raise InputError("Say where the cluster is: MM_SUPPORT_CLUSTER=host:port.")
    try:
        ray.init(settings.cluster, log_to_driver=False, logging_level="warning")
    except (ConnectionError, RuntimeError, ValueError) as exc:
        raise InputError(
            f"The cluster {settings.cluster} cannot be joined; start Ray on this machine with "
            f"`ray start --address={settings.cluster} --num-cpus=0`."
        ) from exc
    try:
        yield
    finally:
        ray.shutdown()


def facts_of(settings: Settings) -> dict[str, str]:
    """The models of the settings: a front must be set to the same ones."""
    return {name: getattr(settings, name) for name in MODELS}


def handle_of(stage: str) -> DeploymentHandle:
    """Raises InputError where nothing of this name is served."""
    served = serve.status().applications
    app = next((APP + name for name in (stage, ALL) if APP + name in served), None)
    if app is None:
        raise InputError(
            f"The cluster does not serve {stage!r}; run `python -m mm_support serve-models`."
        )
    return serve.get_app_handle(app)


def check_stages(stages: Iterable[str], settings: Settings) -> None:
    """Raises InputError where a stage is missing or has another model than the settings."""
    for stage in stages:
        served = ask(handle_of(stage).facts.remote, stage)
        for name, own in facts_of(settings).items():
            if served[name] != own:
                raise InputError(
                    f"The cluster serves {name} {served[name]!r}, this process is set to {own!r}; "
                    "use the same settings for both."
                )


def ask(send: Callable[..., Any], *given: Any) -> Any:
    """The answer to a call. Where its replica ends meanwhile, another one is asked. Raises what the
    model raised; BusyError where too many calls wait.
    """
    with plain_errors():
        last = time.monotonic() + LONGEST
        for _ in range(TRIES - 1):
            try:
                return send(*given).result(timeout_s=max(0.0, last - time.monotonic()))
            except ENDED:
                continue
        return send(*given).result(timeout_s=max(0.0, last - time.monotonic()))


@contextmanager
def plain_errors() -> Iterator[None]:
    """Errors of Ray inside become ours."""
    try:
        yield
    except BackPressureError as exc:
        raise BusyError("busy", AGAIN) from exc
    except RayTaskError as exc:
        if isinstance(exc.cause, SupportError):
            raise exc.cause from exc
        raise unanswered(exc) from exc
    except (RayError, RayServeException, TimeoutError, CancelledError) as exc:
        raise unanswered(exc) from exc


def unanswered(exc: BaseException) -> SupportError:
    return SupportError(
        f"A model of the cluster did not answer ({type(exc).__name__}); try again, and see "
        "`serve status` on its machines."
    )
