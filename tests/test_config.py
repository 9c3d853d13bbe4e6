"""Settings: profiles, environment, overrides; and the device that is chosen for them."""

import subprocess
import sys

import pytest

from mm_support.config import PROFILES, Settings
from mm_support.device import resolve_device
from mm_support.errors import InputError


def test_names_come_from_the_profile_unless_given():
    settings = Settings(profile="standard", text_model="mine")
    assert (
        settings.text_model == "mine"
        and settings.image_model == PROFILES["standard"]["image_model"]
    )


def test_environment_then_overrides(tmp_path):
    environ = {
        "MM_SUPPORT_PROFILE": "large",
        "MM_SUPPORT_CACHE": str(tmp_path),
        "MM_SUPPORT_KEEP_MEDIA": "yes",
        "OTHER": "x",
    }
    settings = Settings.from_env(environ)
    assert (settings.profile, settings.cache_dir, settings.keep_media) == ("large", tmp_path, True)
    assert Settings.from_env(environ, profile="embedded", cache_dir=None).profile == "embedded"


@pytest.mark.parametrize(
    "wrong, meant",
    [("API_KYE", "API_KEY"), ("RETENTION_DAY", "RETENTION_DAYS"), ("DATA_DIR", "DATA")],
)
def test_a_misspelt_setting_is_told_with_the_one_that_is_meant(wrong, meant):
    told = f"There is no setting MM_SUPPORT_{wrong}; do you mean MM_SUPPORT_{meant}\\?"
    with pytest.raises(InputError, match=told):
        Settings.from_env({f"MM_SUPPORT_{wrong}": "30"})
    Settings.from_env({f"MM_SUPPORT_{wrong}": ""})


def test_variables_of_others_with_our_prefix_are_none_of_ours():
    others = ("SERVICE_HOST", "PORT_7860_TCP_ADDR", "ACTION_HOST", "ACTION_SHOP_KEY")
    assert Settings.from_env({f"MM_SUPPORT_{name}": "x" for name in others}) == Settings()


@pytest.mark.parametrize("name", ["RETENTION_DAYS", "SILENCE_MINUTES", "WAITING_MINUTES"])
def test_times_that_no_date_is_far_enough_for_are_one_sentence(name):
    with pytest.raises(InputError, match=f"MM_SUPPORT_{name} is a number from 0 to"):
        Settings.from_env({f"MM_SUPPORT_{name}": "99999999999"})


@pytest.mark.parametrize("hours", ["-1", "nan", "inf", "often"])
def test_hours_that_are_none_are_one_sentence(hours):
    with pytest.raises(InputError, match="MM_SUPPORT_SYNC_HOURS .*number"):
        Settings.from_env({"MM_SUPPORT_SYNC_HOURS": hours})


@pytest.mark.parametrize("text, on", [("ON", True), ("1 ", True), ("False", False), ("0", False)])
def test_switches_are_on_or_off_and_a_slip_is_neither(text, on):
    assert Settings.from_env({"MM_SUPPORT_KEEP_MEDIA": text}).keep_media is on
    with pytest.raises(InputError, match="MM_SUPPORT_KEEP_MEDIA is a switch; write true or false"):
        Settings.from_env({"MM_SUPPORT_KEEP_MEDIA": "ture"})


@pytest.mark.parametrize(
    "name, text",
    [
        ("llm_url", "localhost:8000"),
        ("llm_url", "http://"),
        ("database_url", "mysql://me:hush@host/name"),
        ("database_url", "host/name"),
        ("index_url", "redis://host"),
    ],
)
def test_an_address_that_is_none_is_told_with_one_that_is(name, text):
    with pytest.raises(InputError, match=f"MM_SUPPORT_{name.upper()} must be an address like .*//"):
        Settings.from_env({f"MM_SUPPORT_{name.upper()}": text})
    Settings(
        llm_url="http://localhost:8000/v1", database_url="sqlite:///turns", index_url="postgres://h"
    )


def test_a_device_that_does_not_exist_is_told_before_anything_loads():
    with pytest.raises(InputError, match="'gpu'; choose auto, cpu, cuda"):
        Settings.from_env({"MM_SUPPORT_DEVICE": "gpu"})
    assert Settings(device="cuda:1").device == "cuda:1"


def test_secrets_are_not_printed():
    settings = Settings(llm_url="http://h", llm_key="hush", database_url="postgresql://u:hush@h/d")
    assert "hush" not in repr(settings)


def test_unknown_profile_names_the_others():
    with pytest.raises(InputError, match="embedded"):
        Settings(profile="tiny")


def test_device_is_there_and_has_a_reason():
    device = resolve_device()
    assert device.reason and device.device.type in ("cpu", "cuda")


def test_a_device_that_is_not_there_is_an_input_error():
    with pytest.raises(InputError, match="auto"):
        resolve_device("cuda:99")
    with pytest.raises(InputError):
        resolve_device("toaster")


@pytest.mark.parametrize(
    "module, heavy",
    [
        ("mm_support", ("torch", "transformers", "whisper", "openvino", "gradio")),
        ("mm_support.service", ("torch", "transformers", "whisper", "openvino", "gradio")),
        ("demo.running", ("torch", "transformers", "whisper", "openvino")),  # the page waits for it
    ],
)
def test_importing_the_package_builds_nothing_heavy(module, heavy):
    code = f"import sys, {module}; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_the_voice_speaks_at_a_speed_that_can_be_understood():
    assert Settings.from_env({"MM_SUPPORT_VOICE_SPEED": "1.2"}).voice_speed == 1.2
    for speed in ("fast", "9", "0"):
        with pytest.raises(InputError):
            Settings.from_env({"MM_SUPPORT_VOICE_SPEED": speed})


@pytest.mark.parametrize(
    "name, missing",
    [
        ("MAIL_TO", "MAIL_SERVER"),
        ("LLM_MODEL", "LLM_URL"),
        ("OIDC_ROLES", "OIDC_ISSUER"),
        ("ACTION_HOSTS", "ACTIONS"),
    ],
)
def test_a_setting_that_does_nothing_by_itself_is_told(name, missing):
    with pytest.raises(InputError, match=f"{name} does nothing without MM_SUPPORT_{missing}"):
        Settings.from_env({f"MM_SUPPORT_{name}": "x"})


@pytest.mark.parametrize("name", ["PICTURE_HOSTS", "ACTION_HOSTS"])
def test_hosts_are_no_addresses(name):
    with pytest.raises(InputError, match=f"{name} lists hosts"):
        Settings.from_env({"MM_SUPPORT_ACTIONS": "1", f"MM_SUPPORT_{name}": "a.example,http://b:8"})


def test_a_secret_that_could_be_guessed_signs_no_customer():
    with pytest.raises(InputError, match="16 characters"):
        Settings.from_env({"MM_SUPPORT_CUSTOMER_SECRET": "site"})
