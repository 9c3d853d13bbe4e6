"""Training of clip-lite: its closed forms against plain references, and the command on a folder
that is none.
"""

from __future__ import annotations

import argparse

import numpy as np
import pytest
import torch

from assets.training.image import add_arguments, run
from assets.training.image_head import (
    Head,
    Photos,
    fit_correction,
    fit_label_calibration,
    fit_picture_calibration,
    fit_stretch,
    unit,
)
from assets.training.image_judge import compare, sessions
from mm_support.config import Settings
from mm_support.encode import clip_lite
from mm_support.errors import InputError
from mm_support.knowledge import scoring
from mm_support.knowledge.scoring import PictureCalibration

PRODUCTS, SHOTS = 6, 12


def photos(seed: int = 0, details: int = 20) -> Photos:
    """PRODUCTS clusters; the first axes tell products apart, the others only vary."""
    rng = np.random.default_rng(seed)
    product = np.repeat(np.arange(PRODUCTS), SHOTS)
    rows = (
        rng.normal(size=(len(product), details)) * np.r_[np.full(4, 0.3), np.full(details - 4, 3.0)]
    )
    rows[:, :4] += 3 * rng.normal(size=(PRODUCTS, 4))[product]
    split = np.where(np.arange(len(product)) % SHOTS == 0, "catalogue", "train")
    return Photos(
        rows,
        unit(rng.normal(size=(len(product), 384))),
        rng.integers(0, 9, len(product)),
        product,
        split,
    )


def test_stretched_details_tell_products_apart_better_than_plain_ones():
    seen = photos()
    centred = seen.details - seen.details.mean(axis=0)

    def share_of_own_neighbours(rows: np.ndarray) -> float:
        cosines = unit(rows) @ unit(rows).T - 2 * np.eye(len(rows))
        return float((seen.product[cosines.argmax(axis=1)] == seen.product).mean())

    stretched = centred @ fit_stretch(centred, seen.product)
    assert share_of_own_neighbours(stretched) > share_of_own_neighbours(centred) + 0.2
    assert np.abs(fit_stretch(centred, seen.product)).max() == pytest.approx(1)


def test_the_correction_lifts_a_photos_own_word_also_for_photos_it_has_not_seen():
    seen = photos()
    words, centred = (
        unit(np.random.default_rng(1).normal(size=(PRODUCTS, 384))),
        seen.details - seen.details.mean(axis=0),
    )
    learned = np.arange(len(seen)) % 3 > 0
    correction = fit_correction(
        centred[learned], seen.consensus[learned], seen.product[learned], words
    )
    named = ((seen.consensus + centred @ correction) @ words.T).argmax(axis=1)
    assert (
        (named == seen.product)[~learned].mean()
        > 0.7
        > ((seen.consensus @ words.T).argmax(axis=1) == seen.product).mean() + 0.3
    )


def test_numbers_and_network_agree_on_what_a_head_makes_of_a_photo():
    rng = np.random.default_rng(0)
    network = clip_lite.Head(look=16)
    for parameter in network.parameters():
        parameter.data = torch.tensor(rng.normal(size=parameter.shape) * 0.1, dtype=torch.float32)
    features, details = (
        rng.uniform(size=(5, clip_lite.FEATURES)),
        rng.normal(size=(5, clip_lite.DETAILS)),
    )
    with torch.no_grad():
        theirs = network(
            torch.tensor(features, dtype=torch.float32), torch.tensor(details, dtype=torch.float32)
        ).numpy()
        consensus = network.consensus(torch.tensor(features, dtype=torch.float32)).numpy()
    head = Head(
        *(getattr(network, name).detach().numpy() for name in ("mean", "stretch", "correction"))
    )
    seen = Photos(details, consensus, np.zeros(5), np.zeros(5), np.full(5, "train"))
    np.testing.assert_allclose(head.encode(seen), theirs, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(theirs, axis=1), 1, atol=1e-5)


def test_colours_are_shares_of_pixels_and_know_nothing_of_place():
    pixels = (
        torch.rand(2, 3, clip_lite.SIZE, clip_lite.SIZE, generator=torch.Generator().manual_seed(0))
        * 2
        - 1
    )
    squares = clip_lite.colours(pixels) ** 2
    assert squares.shape == (2, 512)
    torch.testing.assert_close(squares.reshape(2, 2, 256).sum(-1), torch.ones(2, 2))
    torch.testing.assert_close(clip_lite.colours(pixels.flip(3)), clip_lite.colours(pixels))
    one = torch.full((1, 3, clip_lite.SIZE, clip_lite.SIZE), 0.5)
    assert (clip_lite.colours(one) ** 2).max() == 1


def test_entries_are_compared_as_the_index_scores_them():
    seen = photos()
    rng = np.random.default_rng(2)
    head = Head(seen.details.mean(axis=0), rng.normal(size=(20, 8)), np.zeros((20, 384)))
    titles = unit(rng.normal(size=(PRODUCTS, 384)))
    weights = PictureCalibration(3.0, 2.0, 1.0, -1.0, 0.0, 0.0)
    queries, entries = seen[seen.split != "catalogue"][:4], seen[::2]
    logits = compare(head, queries, entries, titles).cosines @ [3.0, 2.0, 1.0] - 1
    vectors, pictures = head.encode(queries), head.encode(entries)
    for row, product in [(0, 0), (1, 3), (3, 5)]:
        worded = np.concatenate([titles[product], np.zeros(8)])
        own, query = pictures[entries.product == product], vectors[row]
        length = torch.tensor([np.linalg.norm(own.mean(axis=0))])
        lists = scoring.Pictures(torch.tensor([len(own)]), length)
        shown, said = torch.tensor(np.array([own @ query])), torch.tensor([[worded @ query]])
        logit = scoring.picture_logits(shown, said, lists, weights).item()
        assert logits[row, product] == pytest.approx(logit)


def test_sessions_keep_photos_that_are_alike_together_and_leave_the_catalogue_out():
    seen = photos()
    groups = sessions(seen)
    assert set(groups[seen.split == "catalogue"]) == {-1} and set(
        groups[seen.split != "catalogue"]
    ) == {0, 1, 2, 3}
    twins = Photos(
        np.repeat(seen.details, 2, axis=0),
        *(np.repeat(x, 2, axis=0) for x in (seen.consensus, seen.label, seen.product, seen.split)),
    )
    paired = sessions(twins).reshape(-1, 2)
    assert (paired[:, 0] == paired[:, 1]).all()


def test_calibrations_find_back_what_made_the_answers():
    rng = np.random.default_rng(3)
    cosines = rng.uniform(-0.2, 0.9, (4000, 3))
    same = rng.random(4000) < 1 / (1 + np.exp(-(6 * cosines[:, 0] + 3 * cosines[:, 1] - 3)))
    fitted = fit_picture_calibration(cosines, same)
    assert (
        fitted.nearest == pytest.approx(6, abs=1)
        and fitted.mean == pytest.approx(3, abs=1)
        and abs(fitted.words) < 0.6
    )
    cosines = rng.uniform(0, 0.3, (300, 20))
    cosines[np.arange(300), np.arange(300) % 20] += 0.3
    scale, none = fit_label_calibration(cosines, np.arange(300) % 20)
    assert scale > 10 and 0.2 < none < 0.5


def test_a_folder_of_another_layout_is_said_in_one_sentence(tmp_path):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with pytest.raises(InputError, match="GroceryStoreDataset"):
        run(parser.parse_args(["--photos", str(tmp_path)]), Settings(data_dir=tmp_path))
