"""Which engine runs the language model, and where.

none                                              replies are quotes
a server by llm_url              server.py        any OpenAI-compatible one
a package's GGUF on the CPU      openvino.py      batched, with a cache of prompt beginnings
a hub or folder name, or GPU     transformers.py
the same, of a model that sees   vision.py        gets the photo itself
"""

from __future__ import annotations

from mm_support.config import NONE, Settings
from mm_support.device import Device
from mm_support.engines.base import LanguageModel


def load_language_model(settings: Settings, device: Device) -> LanguageModel | None:
    """The reply model of the settings on the engine that suits it; None where they ask for none.
    Raises WeightsError, GenerationError.
    """
    if settings.llm_url:
        from mm_support.engines.server import ServerModel

        return ServerModel(
            settings.llm_url, settings.llm_model, settings.llm_key, settings.llm_sees
        )
    if settings.reply_model == NONE:
        return None
    if settings.reply_model.startswith("package:") and device.device.type == "cpu":
        from mm_support.engines.openvino import load_openvino_model

        return load_openvino_model(settings)
    from mm_support.engines.transformers import load_transformers_model

    return load_transformers_model(settings, device)
