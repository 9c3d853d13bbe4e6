"""What Gradio keeps of each session: the values of its gr.State, and none of how the pages look.

It would keep the settings of every part of all pages, and the last value of each, for links to a
page as it stands, which are not offered: half a megabyte for each call of a program, and the time
to make it.
"""

from __future__ import annotations

from types import SimpleNamespace

from gradio.blocks import Blocks
from gradio.state_holder import SessionState

_made = SessionState.__init__


def keep_no_looks() -> None:
    """From now on, for all apps of this process."""
    SessionState.__init__ = _without_looks  # type: ignore[method-assign]
    SessionState._update_config = _not_kept  # type: ignore[method-assign]
    SessionState._update_value_in_config = _not_kept  # type: ignore[method-assign]


def _without_looks(session: SessionState, blocks: Blocks) -> None:
    no_parts = SimpleNamespace(default_config=blocks.default_config, blocks=())
    _made(session, no_parts)  # type: ignore[arg-type]


def _not_kept(*_: object) -> None:
    pass
