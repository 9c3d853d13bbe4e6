"""Memory that is given back: by networks that have nothing to do, and by the C library."""

import ctypes
import sys

import psutil
import pytest
from test_service import folder, make  # noqa: F401  (fixtures)

from mm_support import memory
from mm_support.service import SupportService


class Network:
    def __init__(self, busy=False):
        self.busy, self.released = busy, 0

    def release_memory(self):
        if self.busy:
            raise RuntimeError("it computes")
        self.released += 1


def test_networks_release_what_they_keep_and_one_that_computes_is_left_alone():
    busy, idle, gone = Network(busy=True), Network(), Network()
    for network in (busy, idle, gone):
        memory.lend(network)
    del gone, network
    memory.give_back()
    memory.give_back()
    assert idle.released == 2 and len(memory._networks & {busy, idle}) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="it is glibc that keeps what is freed")
def test_what_the_c_library_keeps_goes_back():
    libc, resident = ctypes.CDLL("libc.so.6"), psutil.Process().memory_info
    libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    blocks = [libc.malloc(60_000) for _ in range(4_000)]
    for block in blocks:
        ctypes.memset(block, 1, 60_000)
    for block in blocks[:-1]:  # the last one holds the top
        libc.free(block)
    kept = resident().rss
    memory.give_back()
    assert kept - resident().rss > 100e6
    libc.free(blocks[-1])


def test_it_is_done_beside_the_replies(make):  # noqa: F811
    service: SupportService = make()
    assert memory.give_back in [task.do for task in service.tasks()]
