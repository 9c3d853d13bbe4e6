"""Gradio without the type stubs that it writes of its components whenever it is imported, for
editors: that takes as long as all else of its import.
"""

import inspect
from typing import Any


def import_gradio() -> None:
    """Imports it first; it writes no stub of what has no file, for which OSError stands."""
    getfile = inspect.getfile

    def getfile_of_others(thing: Any) -> str:
        if isinstance(thing, type) and thing.__module__.startswith("gradio."):
            raise OSError("no type stub is wanted")
        return getfile(thing)

    inspect.getfile = getfile_of_others
    try:
        import gradio  # noqa: F401
    finally:
        inspect.getfile = getfile
