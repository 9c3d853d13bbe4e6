"""What Gradio's variables for the address may say, and a start that is told what they may not."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from demo.address import check_address
from mm_support.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
WRONG = [
    {"GRADIO_SERVER_PORT": "abc"},
    {"GRADIO_SERVER_PORT": ""},
    {"GRADIO_SERVER_PORT": "0"},
    {"GRADIO_SERVER_PORT": "65536"},
    {"GRADIO_NUM_PORTS": "-1"},
    {"GRADIO_SERVER_NAME": "192.0.2.1"},
    {"GRADIO_SERVER_NAME": "::1"},
]


@pytest.mark.parametrize("environ", WRONG, ids=str)
def test_what_cannot_be_an_address_is_told_with_the_variables_name(environ):
    (name,) = environ
    with pytest.raises(InputError, match=name):
        check_address(environ)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
def test_addresses_of_this_machine_pass_and_nothing_need_be_said(host):
    check_address({})
    with socket.socket() as wire:
        wire.bind((host, 0))
        free = wire.getsockname()[1]
    check_address({"GRADIO_SERVER_NAME": host, "GRADIO_SERVER_PORT": str(free)})


def test_a_named_port_that_is_taken_is_told_and_no_other_one_is_served_at():
    with socket.socket() as wire:
        wire.bind(("127.0.0.1", 0))
        wire.listen()
        port = str(wire.getsockname()[1])
        with pytest.raises(InputError, match=f"GRADIO_SERVER_PORT is {port}, .*in use"):
            check_address({"GRADIO_SERVER_PORT": port})
        check_address({"GRADIO_SERVER_PORT": port, "GRADIO_NUM_PORTS": "10"})  # a range was meant


def test_a_start_with_a_port_that_is_none_ends_in_one_sentence(tmp_path):
    environ = {**os.environ, "GRADIO_SERVER_PORT": "abc", "MM_SUPPORT_DATA": str(tmp_path)}
    command = [sys.executable, str(ROOT / "app.py")]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2 and done.stderr.startswith("error: GRADIO_SERVER_PORT")
    assert done.stderr.count("\n") == 1
