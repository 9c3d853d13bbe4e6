"""transformers for the check of types alone: its package names thousands of modules, and reading
them takes half a minute. What is imported from its modules by their own names is checked as it is.
"""

from typing import Any

def __getattr__(name: str) -> Any: ...
