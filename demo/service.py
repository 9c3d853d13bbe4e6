"""The service's types, as the pages name them. Knows no model and nothing of Gradio.

tests/test_service_contract.py holds a fake of the tests to them.
"""

from mm_support.desk.accounts import Accounts
from mm_support.desk.visits import Visit
from mm_support.service import LiveTurn
from mm_support.service import SupportService as Service

__all__ = ["Accounts", "LiveTurn", "Service", "Visit"]
