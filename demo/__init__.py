"""The browser page and its endpoints. Knows Gradio and the service's types, but no model."""

import gc
import inspect

from mm_support.fast_init import without_collection


def _import_gradio() -> None:
    """At each import Gradio parses the source of all its components, to write stubs for editors,
    except of those without a file: that is four tenths of its time. What it has made by then stays,
    so the collector need not search it again.
    """
    getfile, inspect.getfile = inspect.getfile, _no_file
    try:
        with without_collection():
            import gradio  # noqa: F401
    finally:
        inspect.getfile = getfile
    gc.freeze()


def _no_file(of: object) -> str:
    raise FileNotFoundError(of)


_import_gradio()
