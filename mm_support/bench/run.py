"""Speed on this machine, beside the straightforward way measured in the same run (measures.py)."""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mm_support.config import Settings
from mm_support.device import resolve_device
from mm_support.progress import shown


def run(args: argparse.Namespace, settings: Settings) -> int:
    from mm_support.bench import measures

    results: dict[str, Any] = {"machine": machine(settings)}
    with shown() as show:
        for count, name in enumerate(args.only):
            show(f"measuring {name}", count, len(args.only))
            started, worked = time.perf_counter(), processor_seconds()
            figures = getattr(measures, name)(settings)
            results[name] = figures | {
                "took_s": round(time.perf_counter() - started),
                "processor_s": round(processor_seconds() - worked),
            }
    print(json.dumps(results, indent=1) if args.json else "\n".join(lines(results)))
    return 0


def processor_seconds() -> float:
    """Of this process and of those that it started and that have ended."""
    return sum(os.times()[:4])


def machine(settings: Settings) -> dict[str, Any]:
    """What the figures were measured on."""
    import psutil
    import torch

    process = psutil.Process()
    limited = hasattr(process, "cpu_affinity")  # not on every system
    return {
        "processor": processor(),
        "cores": len(process.cpu_affinity()) if limited else psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "device": resolve_device(settings.device).reason,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "load_before": round(psutil.getloadavg()[0], 2),
    }


def processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    rows = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else []
    names = [row.partition(":")[2].strip() for row in rows if row.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def lines(results: dict[str, Any], indent: str = "") -> Iterator[str]:
    """A nested dict as indented text."""
    for name, value in results.items():
        if isinstance(value, dict):
            yield f"{indent}{name}"
            yield from lines(value, indent + "  ")
        else:
            yield f"{indent}{name:32} {value}"
