"""Speed on this machine, as medians, beside a straightforward pipeline measured in the same run.

Sections are independent; `--only` picks some. Knows nothing of accuracy: that is `evaluate`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import platform
from typing import Any

from mm_support.arguments import SECTIONS
from mm_support.config import Settings
from mm_support.device import resolve_device


def run(args: argparse.Namespace, settings: Settings) -> int:
    from tqdm import tqdm

    results: dict[str, Any] = {"machine": machine(settings)}
    sections = tqdm(args.only, disable=None)
    for name in sections:
        sections.set_description(f"measuring {name}")
        results[name] = importlib.import_module(SECTIONS[name]).measure(settings)
    if args.json:
        print(json.dumps(results, indent=1))
    else:
        print("\n".join(lines(results)))
    return 0


def machine(settings: Settings) -> dict[str, Any]:
    """What the figures were measured on."""
    import psutil
    import torch

    device = resolve_device(settings.device)
    process = psutil.Process()
    limited = hasattr(process, "cpu_affinity")  # not on every system
    return {
        "processor": _processor(),
        "cores": len(process.cpu_affinity()) if limited else psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "device": device.reason,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "load_before": round(psutil.getloadavg()[0], 2),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(
                line.split(":", 1)[1].strip() for line in file if line.startswith("model name")
            )
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def lines(results: dict[str, Any], indent: str = "") -> list[str]:
    """A nested dict as indented text."""
    text = []
    for name, value in results.items():
        if isinstance(value, dict):
            text += [f"{indent}{name}", *lines(value, indent + "  ")]
        else:
            text.append(f"{indent}{name:32} {value}")
    return text
