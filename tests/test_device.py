"""How torch's threads wait for work."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "own, policy", [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE")]
)
def test_threads_sleep_between_work_unless_it_is_set_otherwise(own, policy):
    inherited = {name: text for name, text in os.environ.items() if name != "OMP_WAIT_POLICY"}
    told = subprocess.run(
        [sys.executable, "-c", "import mm_support, torch"],
        env=inherited | {"OMP_DISPLAY_ENV": "TRUE"} | own,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"OMP_WAIT_POLICY = '{policy}'" in told.stderr
