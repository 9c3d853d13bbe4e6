"""Figures are real pictures that show what they were given."""

import numpy as np
import pytest
from PIL import Image

from assets.training import plots
from mm_support.evaluate import metrics
from mm_support.evaluate.metrics import Interval


def pixels(path):
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB")).astype(int)


def share_of(path, colour):
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return (np.abs(pixels(path) - wanted).max(axis=2) < 8).mean()


def test_confusion_matrix_is_drawn_and_its_diagonal_is_the_darkest(tmp_path):
    path = plots.draw_confusion_matrix(
        np.array([[9, 1], [2, 8]]), ["refund", "delivery"], tmp_path / "deep" / "confusion.png"
    )
    right = share_of(path, plots.PALETTE[0])
    wrong = share_of(
        plots.draw_confusion_matrix(np.array([[0, 9], [9, 0]]), ["a", "b"], tmp_path / "w.png"),
        plots.PALETTE[0],
    )
    assert right > 0 and wrong > 0
    assert [p.name for p in path.parent.iterdir()] == ["confusion.png"], (
        "nothing half-written stays"
    )


def test_the_most_confused_labels_are_chosen():
    table = np.diag([5, 5, 5, 5])
    table[1, 3] = 4
    assert plots.most_confused(table, 2) == [1, 3]
    assert plots.most_confused(table, 10) == [0, 1, 2, 3]


def test_many_labels_stay_readable(tmp_path):
    generator = np.random.default_rng(0)
    path = plots.draw_confusion_matrix(
        generator.integers(0, 5, (150, 150)), [f"label {i}" for i in range(150)], tmp_path / "c.png"
    )
    height, width, _ = pixels(path).shape
    assert height < 2500 and width < 2500


def test_higher_bars_take_more_ink(tmp_path):
    def bars(value, name):
        return plots.draw_ablation(
            {"sum": {"text": Interval(value, value, value)}}, tmp_path / name
        )

    low, high = (share_of(bars(v, f"{v}.png"), plots.PALETTE[0]) for v in (0.3, 0.6))
    assert high == pytest.approx(2 * low, rel=0.1)


def test_series_and_groups_that_differ_are_drawn(tmp_path):
    scores = {
        "weighted sum": {"text": Interval(0.4, 0.3, 0.5), "photo": Interval(0.2, 0.1, 0.3)},
        "attention": {"text + photo": Interval(0.8, 0.7, 0.9)},
    }
    path = plots.draw_ablation(scores, tmp_path / "a.png")
    assert share_of(path, plots.PALETTE[0]) > 0.01 and share_of(path, plots.PALETTE[1]) > 0.01


def test_reliability_diagram(tmp_path):
    confidence, correct = np.linspace(0, 1, 50), np.linspace(0, 1, 50) > 0.5
    bins = metrics.reliability(confidence, correct)
    path = plots.draw_reliability(
        bins, metrics.expected_calibration_error(confidence, correct), tmp_path / "r.png"
    )
    assert share_of(path, plots.PALETTE[0]) > 0.1


def test_learning_curve_does_not_depend_on_the_order_of_its_points(tmp_path):
    points = [
        (5, Interval(0.7, 0.6, 0.8)),
        (10, Interval(0.8, 0.7, 0.9)),
        (80, Interval(0.9, 0.9, 0.9)),
    ]
    one = plots.draw_learning_curve({"head": points}, tmp_path / "one.png")
    two = plots.draw_learning_curve({"head": points[::-1]}, tmp_path / "two.png")
    assert (pixels(one) == pixels(two)).all()
    assert share_of(one, plots.PALETTE[0]) > 0
