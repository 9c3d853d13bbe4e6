"""Figures of a cluster on this machine, with stubs of known cost: how much more replicas do, how
long a stop takes, what a replica or a node that is killed costs. `python -m tests.cluster_figures`.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mm_support.config import Settings
from tests import cluster_stub

SECONDS = 8.0  # of each measurement
WAITING = 3  # callers for each replica


class Served(NamedTuple):
    """The settings of a front that is joined to a cluster, and what kills its second node."""

    settings: Settings
    kill_node: Callable[[], None]


@contextmanager
def two_nodes(
    folder: Path, stages: Sequence[str] = ("hear", "embed", "write"), most: int = 2
) -> Iterator[Served]:
    """A cluster of two nodes which serves stubs."""
    os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray import serve
    from ray.cluster_utils import Cluster

    from mm_support.cluster.connection import connected
    from mm_support.cluster.served import deploy

    cluster = Cluster(True, head_node_args={"num_cpus": 3, "include_dashboard": False})
    second = cluster.add_node(num_cpus=max(3, most))
    settings = Settings(data_dir=folder, cluster=cluster.address)
    try:
        with connected(settings):
            replicas = {stage: (most if stage == "hear" else 1,) * 2 for stage in stages}
            deploy(settings, replicas, load=cluster_stub.load)
            yield Served(settings, partial(cluster.remove_node, second, allow_graceful=False))
            serve.shutdown()
    finally:
        cluster.shutdown()


def throughput(replicas: int) -> float:
    """Calls a second, of 1 / COST that each replica can do."""
    from mm_support.cluster.handles import ServedSpeech

    speech, silence = ServedSpeech("hear"), np.zeros(16_000, np.float32)
    until, counts = time.monotonic() + SECONDS, []

    def caller(_: int) -> None:
        count = 0
        while time.monotonic() < until:
            speech.transcribe(silence)
            count += 1
        counts.append(count)

    with ThreadPoolExecutor(WAITING * replicas) as pool:
        list(pool.map(caller, range(WAITING * replicas)))
    return sum(counts) / (time.monotonic() - until + SECONDS)


def stop_latency() -> float:
    """Seconds from a stop until the model of the replica has ended."""
    from mm_support.cluster.handles import ServedModel

    model, stop = ServedModel("write"), threading.Event()
    before = model.facts["dim"] and _stopped(model)
    pieces = model.stream([], 1_000, stop)
    next(pieces)
    time.sleep(1.37 * cluster_stub.TOKEN)
    stop.set()
    asked = time.time()
    list(pieces)
    while _stopped(model) == before:
        time.sleep(0.01)
    return _stopped(model) - asked


def _stopped(model) -> float:
    from mm_support.cluster.connection import ask

    return ask(model.handle.one.remote, "write", "speaks", "stopped")


def kill_replica() -> None:
    """Kills the process that heard last."""
    from mm_support.cluster.handles import ServedSpeech

    os.kill(ServedSpeech("hear").transcribe(np.zeros(160, np.float32)), 9)


def under(fault: Callable[[], None], calls: int = 60) -> list[float]:
    """Seconds of the calls that were answered while `fault` was done."""
    from mm_support.cluster.handles import ServedSpeech

    speech, silence, took = ServedSpeech("hear"), np.zeros(160, np.float32), []

    def hear(number: int) -> None:
        if number == calls // 4:
            fault()
        began = time.monotonic()
        speech.transcribe(silence)
        took.append(time.monotonic() - began)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(hear, range(calls)))
    return took


def main() -> None:
    one = 1 / cluster_stub.COST
    for replicas in (1, 2, 4, 8):
        folder = Path(tempfile.mkdtemp())
        with two_nodes(folder, ("hear", "write"), replicas) as served:
            rate = throughput(replicas)
            print(
                f"{replicas} replicas: {rate:.1f} calls/s, efficiency {rate / replicas / one:.2f}"
            )
            if replicas == 2:
                print("stop s", sorted(round(stop_latency(), 3) for _ in range(9)))
                for fault in (kill_replica, served.kill_node):
                    took = under(fault)
                    print(f"{len(took)} of 60 answered, the longest after {max(took):.2f} s")


if __name__ == "__main__":
    main()
