"""Nothing is reported to the makers of libraries: no ids are left in the home folder, no reporter
is loaded.
"""

import os
import subprocess
import sys

import pytest

USE = """
import mm_support, sys
from mm_support.encode.vad import load_voice_activity
load_voice_activity()
import openvino_genai, openvino
telemetry = openvino.tools.ovc.telemetry_utils.tm
assert sys.modules["openvino_telemetry"] is None and "stub" in telemetry.__name__
"""


@pytest.mark.slow
def test_no_library_leaves_an_id_at_home(tmp_path):
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in ("CI", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME")
    }
    done = subprocess.run(
        [sys.executable, "-c", USE],
        env={**clean, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not [
        path for path in tmp_path.rglob("*") if "intel" in path.parts or "Microsoft" in path.parts
    ]
