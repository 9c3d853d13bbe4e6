"""A front of faults.py whose parts are the tests' fakes."""

import sys

from mm_support.config import Settings
from tests.faults import serve
from tests.slow_service import slow_service

service = slow_service(Settings.from_env(), 0.02)
serve(service, sys.stdin, sys.stdout)
service.close()
