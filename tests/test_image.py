"""Image encoder: any open_clip model through one loader, checked against open_clip and against
ConSE by hand.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mm_support.config import PROFILES, Settings
from mm_support.device import Device
from mm_support.encode import clip_lite, clip_lite_encoder
from mm_support.encode.image import (
    DEFAULT_WORDS,
    MAX_LABELS,
    MAX_WORDS,
    WORTH_SAYING,
    Calibration,
    load_image_encoder,
)
from mm_support.errors import InputError, WeightsError
from mm_support.paths import EXAMPLES
from mm_support.torchvision_shim import prepare_torchvision
from mm_support.types import ImageView, Label

prepare_torchvision()
CPU = Device(torch.device("cpu"), torch.float32, "test")
TINY = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
}
TINY_PREPROCESSING = {
    "size": 32,
    "mean": [0.4, 0.5, 0.6],
    "std": [0.2, 0.3, 0.4],
    "interpolation": "bicubic",
    "resize_mode": "squash",
}
GREEN, RED = Image.new("RGB", (40, 60), (10, 200, 30)), Image.new("RGB", (50, 50), (220, 20, 20))


def save_tiny(folder: Path, **changes) -> torch.nn.Module:
    """A small random model in the layout that open_clip models have on the hub."""
    import open_clip
    from safetensors.torch import save_file

    config = {**TINY, **changes}
    torch.manual_seed(0)
    model = (open_clip.CustomTextCLIP if config.pop("custom_text", False) else open_clip.CLIP)(
        **config
    ).eval()
    folder.mkdir(exist_ok=True)
    (folder / "open_clip_config.json").write_text(
        json.dumps({"model_cfg": {**TINY, **changes}, "preprocess_cfg": TINY_PREPROCESSING}),
        encoding="utf-8",
    )
    save_file(
        {name: value.contiguous() for name, value in model.state_dict().items()},
        folder / "open_clip_model.safetensors",
    )
    return model


def encoder_of(folder: Path):
    return load_image_encoder(Settings(profile="standard", image_model=str(folder)), CPU)


def pixels_by_hand(photo: Image.Image) -> torch.Tensor:
    """(1, 3, 32, 32): squeezed, scaled to 0..1, normalised; written without torchvision."""
    values = np.asarray(photo.resize((32, 32), Image.Resampling.BICUBIC), np.float32) / 255
    values = (values - TINY_PREPROCESSING["mean"]) / TINY_PREPROCESSING["std"]
    return torch.tensor(values.transpose(2, 0, 1)[None], dtype=torch.float32)


def unit(rows: torch.Tensor) -> np.ndarray:
    return torch.nn.functional.normalize(rows, dim=-1).detach().numpy()


def test_a_saved_model_encodes_as_open_clip_does(tmp_path):
    import open_clip

    model, encoder = save_tiny(tmp_path / "model"), encoder_of(tmp_path / "model")
    wanted = unit(model.encode_image(torch.cat([pixels_by_hand(GREEN), pixels_by_hand(RED)])))
    np.testing.assert_allclose(encoder.encode([GREEN, RED]), wanted, atol=1e-4)
    wanted = unit(
        model.encode_text(open_clip.tokenize(["a photo of mug", "a photo of blue chair"]))
    )
    np.testing.assert_allclose(encoder.encode_words(["mug", "blue chair"]), wanted, atol=1e-4)
    assert encoder.dim == 24


def test_batches_add_up_to_single_photos(tmp_path):
    save_tiny(tmp_path / "model")
    encoder = encoder_of(tmp_path / "model")
    photos = [
        Image.fromarray(p)
        for p in np.random.default_rng(0).integers(0, 255, (37, 20, 30, 3), np.uint8)
    ]
    together = encoder.encode(photos)
    assert together.shape == (37, 24) and together.dtype == np.float32
    np.testing.assert_allclose(
        together, np.concatenate([encoder.encode([photo]) for photo in photos]), atol=1e-5
    )
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert encoder.encode([]).shape == encoder.encode_words([]).shape == (0, 24)


def test_sigmoid_models_bring_their_own_threshold(tmp_path):
    save_tiny(tmp_path / "model", custom_text=True, init_logit_bias=-10)
    encoder = encoder_of(tmp_path / "model")
    scale = 1 / 0.07  # open_clip's start
    assert encoder._calibration.scale == pytest.approx(
        scale
    ) and encoder._calibration.none == pytest.approx(10 / scale)


def labels_of(tmp_path, vector, words):
    save_tiny(tmp_path / "model")
    encoder = encoder_of(tmp_path / "model")
    return encoder, encoder.label(vector(encoder), words)


def test_the_word_itself_is_the_first_label(tmp_path):
    words = [" mug ", "chair", "mug", "", "river"]
    encoder, labels = labels_of(tmp_path, lambda encoder: encoder.encode_words(["chair"])[0], words)
    assert labels[0].name == "chair" and len({label.name for label in labels}) == len(labels)
    cosines = encoder.encode_words(["mug", "chair", "river"]) @ encoder.encode_words(["chair"])[0]
    odds = np.exp(encoder._calibration.scale * (cosines - encoder._calibration.none))
    assert labels[0].probability == pytest.approx(odds[1] / (odds.sum() + 1), rel=1e-4)


def test_words_of_a_callers_own_list_come_back_however_unlikely(tmp_path):
    encoder, labels = labels_of(
        tmp_path, lambda encoder: -encoder.encode_words(["chair"])[0], ["chair", "chairs"]
    )
    assert {label.name for label in labels} == {"chair", "chairs"} and sum(
        label.probability for label in labels
    ) < 0.1
    assert not ImageView(labels).sure and not ImageView().sure
    assert all(
        label.probability >= WORTH_SAYING
        for label in encoder.label(-encoder.encode_words(["chair"])[0])
    )


@pytest.mark.parametrize(("first", "second", "sure"), [(0.6, 0.3, True), (0.4, 0.1, False)])
def test_a_view_is_sure_where_its_first_label_outweighs_everything_else(first, second, sure):
    assert ImageView((Label("mug", first), Label("cup", second))).sure == sure


def test_lists_of_words_are_bounded(tmp_path):
    with pytest.raises(InputError, match="labels"):
        labels_of(
            tmp_path, lambda encoder: np.ones(encoder.dim), [str(i) for i in range(MAX_WORDS + 1)]
        )


def test_no_list_means_the_default_list(tmp_path):
    vector = lambda encoder: encoder.encode_words([DEFAULT_WORDS[7]])[0]  # noqa: E731
    encoder, labels = labels_of(tmp_path, vector, None)
    given = encoder.label(vector(encoder), DEFAULT_WORDS)
    assert (
        labels
        == encoder.label(vector(encoder), [])
        == tuple(label for label in given if label.probability >= WORTH_SAYING)
    )
    assert len(set(DEFAULT_WORDS)) == len(DEFAULT_WORDS) and len(labels) <= MAX_LABELS


@pytest.mark.parametrize(
    ("cosines", "wanted"),
    [([0.3], [0.5]), ([0.4, 0.3], [np.e / (np.e + 2), 1 / (np.e + 2)]), ([], [])],
)
def test_probabilities_leave_room_for_none_of_these(cosines, wanted):
    np.testing.assert_allclose(Calibration(10.0, 0.3).probabilities(np.array(cosines)), wanted)


def test_probabilities_stay_finite_at_any_scale():
    probabilities = Calibration(1e5, 0.0).probabilities(np.array([1.0, -1.0]))
    np.testing.assert_allclose(probabilities, [1, 0])


@pytest.mark.parametrize("profile", ["standard", "large"])
def test_without_the_hub_the_error_names_the_way_out(monkeypatch, tmp_path, profile):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match="embedded"):
        load_image_encoder(Settings(profile=profile), CPU)


@pytest.mark.parametrize(
    "name", ["ViT-B-32-256/no-such-tag", "no-such-model", "package:no-such-model"]
)
def test_unknown_names(name):
    with pytest.raises(WeightsError):
        load_image_encoder(Settings(image_model=name), CPU)


def test_without_what_was_learned_there_is_no_packaged_encoder(monkeypatch, tmp_path):
    monkeypatch.setattr(clip_lite, "TRAINED", tmp_path / "clip-lite.safetensors")
    with pytest.raises(WeightsError, match="missing or damaged"):
        load_image_encoder(Settings(cache_dir=tmp_path), CPU)


@pytest.mark.slow
def test_compiled_for_a_processor_it_sees_what_torch_does(settings, monkeypatch):
    fast = load_image_encoder(settings, CPU)
    monkeypatch.setattr(clip_lite_encoder, "compiled", lambda *_: None)
    plain = load_image_encoder(settings, CPU)
    photos = [Image.open(path) for path in sorted(EXAMPLES.glob("*.jpg"))[:3]]
    np.testing.assert_allclose(fast.encode(photos), plain.encode(photos), atol=1e-3)
    words = fast.encode_words(["mug", "a lamp that blinks"])
    assert np.linalg.norm(words, axis=1) == pytest.approx(1, abs=1e-5)
    assert not words[:, clip_lite.MEANING :].any() and words.shape == (2, fast.dim)
    assert fast.encode([]).shape == fast.encode_words([]).shape == (0, fast.dim)


def test_a_folder_without_a_model(tmp_path):
    with pytest.raises(WeightsError, match="open_clip_config.json"):
        encoder_of(tmp_path)


# name -> (vector length, pixels a side, resize mode, mean of the first channel)
HUB_MODELS = {
    PROFILES["standard"]["image_model"]: (512, 256, "shortest", 0.48145466),
    PROFILES["large"]["image_model"]: (768, 256, "squash", 0.5),
}


@pytest.mark.parametrize("name", HUB_MODELS)
def test_hub_models_are_built_and_fed_as_open_clip_says(monkeypatch, name):
    """The loader's own call, its weights left random and on the meta device: shapes without 1.5 GB
    of numbers.
    """
    import open_clip

    dim, side, mode, mean = HUB_MODELS[name]
    built = {}

    def keep(model, preprocess, tokenize, device, calibration):
        built.update(model=model, preprocess=preprocess, calibration=calibration)

    monkeypatch.setattr(
        "open_clip.factory.download_pretrained", lambda *_, **__: "weights.safetensors"
    )
    monkeypatch.setattr("open_clip.factory.load_checkpoint", lambda *_, **__: None)
    monkeypatch.setattr("open_clip.factory._set_model_device_and_precision", lambda *_, **__: None)
    monkeypatch.setattr("open_clip.get_tokenizer", lambda *_, **__: None)
    monkeypatch.setattr("mm_support.encode.image._calibration", lambda model: Calibration(1.0, 0.0))
    monkeypatch.setattr("mm_support.encode.image.OpenClipEncoder", keep)
    with torch.device("meta"):
        load_image_encoder(Settings(image_model=name), CPU)
    model = built["model"]
    pixels = built["preprocess"](GREEN)
    assert pixels.shape == (3, side, side)
    assert (
        model.visual.preprocess_cfg["resize_mode"] == mode
        and model.visual.preprocess_cfg["mean"][0] == mean
    )
    context = open_clip.get_model_config(name.split("/")[0])["text_cfg"]["context_length"]
    assert model.encode_image(pixels[None].to("meta")).shape == (1, dim)
    assert model.encode_text(torch.zeros(1, context, dtype=torch.long, device="meta")).shape == (
        1,
        dim,
    )
