"""What the recipes share: they are called like the commands of mm_support, and fail like them.

python -m assets.training.NAME [arguments]     in the root of the repository
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from mm_support import arguments
from mm_support.config import Settings
from mm_support.errors import SupportError


def main(
    description: str | None,
    declare: Callable[[argparse.ArgumentParser], None],
    run: Callable[[argparse.Namespace, Settings], int],
) -> None:
    """Reads the arguments, runs, and exits: an error that people can mend is one line."""
    lines = (description or "").splitlines()
    parser = argparse.ArgumentParser(description=lines[0] if lines else None)
    arguments.common(parser)
    declare(parser)
    try:
        args = parser.parse_args()
        settings = Settings.from_env(profile=args.profile, data_dir=args.data, cache_dir=args.cache)
        sys.exit(run(args, settings))
    except (SupportError, OSError) as exc:
        sys.exit(f"error: {exc}")
