"""Quicker loading: what is loaded is the same, and garbage collection goes on afterwards."""

import gc

import pytest
import torch
from torch import nn

from mm_support.fast_init import without_collection, without_random_weights


def test_collection_rests_inside_and_goes_on_after_a_failure():
    assert gc.isenabled()
    with pytest.raises(KeyError):
        with without_collection():
            assert not gc.isenabled()
            raise KeyError
    assert (
        gc.isenabled() and gc.get_freeze_count() == 0
    )  # frozen objects are reported as leaks when Python ends


def test_collection_that_somebody_has_switched_off_stays_off():
    gc.disable()
    try:
        with without_collection():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_layers_draw_nothing_inside_and_hold_what_is_loaded():
    torch.manual_seed(0)
    source = nn.Sequential(nn.Conv1d(2, 3, 3), nn.Linear(4, 4), nn.Embedding(5, 2))
    state = torch.random.get_rng_state()
    with without_random_weights():
        layers = nn.Sequential(nn.Conv1d(2, 3, 3), nn.Linear(4, 4), nn.Embedding(5, 2))
    assert torch.equal(torch.random.get_rng_state(), state)
    layers.load_state_dict(source.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(layers.parameters(), source.parameters()))
    nn.Linear(4, 4)
    assert not torch.equal(torch.random.get_rng_state(), state)
