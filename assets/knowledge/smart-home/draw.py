"""Draws the pictures of the smart-home pack: devices, displays with codes, type labels, app
screens.

Alderway Home and its devices are invented.
Run it from anywhere: python assets/knowledge/smart-home/draw.py
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import appliances  # noqa: E402
from documents import app_list, app_message, type_label  # noqa: E402
from drawing import draw_all, photographed  # noqa: E402

BRAND = appliances.BRAND
WARM, COOL = "#ffd48a", "#b06bff"


def washer(code: str, programme: str = "Cotton") -> Image.Image:
    seed = sum(map(ord, code))
    return photographed(
        appliances.washer_panel(code, programme),
        seed,
        3,
        glare=0.3,
        noise=3,
        surface=None,
        size=(720, 470),
    )


def dishwasher(code: str) -> Image.Image:
    seed = sum(map(ord, code))
    return photographed(
        appliances.dishwasher_panel(code),
        seed,
        3,
        glare=0.25,
        noise=3,
        surface=None,
        size=(720, 420),
    )


def appliance_label() -> Image.Image:
    rows = [
        ("TYPE", "W8-1400"),
        ("S/N", "AW2514003817"),
        ("SUPPLY", "220-240 V 50 Hz 2100 W"),
        ("WATER", "0.05-0.8 MPa"),
    ]
    label = type_label("Alderway", "Washing machine", rows, "402514003817")
    return photographed(label, 17, 4, glare=0.35, noise=4, surface="steel", size=(760, 560))


def hub_label() -> Image.Image:
    rows = [("MODEL", "Hub H2"), ("S/N", "AW2438007120"), ("INPUT", "5 V 2 A")]
    label = type_label("Alderway", "Hub", rows, "402438007120", colour="#e7eae9", size=(700, 460))
    return photographed(label, 23, 5, glare=0.2, noise=4, surface="slate", size=(760, 560))


def schedule() -> Image.Image:
    rows = [("06:00", "22 °C"), ("08:30", "18 °C"), ("17:00", "21 °C"), ("22:30", "17 °C")]
    return app_list("Living room", BRAND, "Schedule", rows, "Copy to other days")


def guest_codes() -> Image.Image:
    rows = [("Cleaner", "Tue 9–12"), ("Courier", "once"), ("Grandma", "always")]
    return app_list("Front door", BRAND, "Guests", rows, "New code")


def plus() -> Image.Image:
    rows = [
        ("Plan", "monthly"),
        ("Price", "$4.99"),
        ("Video history", "30 days"),
        ("Next payment", "1 July"),
    ]
    return app_list("Alderway Plus", BRAND, "Manage", rows, "Cancel")


def login_failed() -> Image.Image:
    text = "Too many phones are signed in, or the clock of this phone is wrong."
    return app_message("Alderway", "#b3392f", "!", "Sign-in failed", text, "Try again", "AW-403")


PICTURES = {
    "hub-front.jpg": lambda: appliances.hub("#ffffff", 0.9),
    "hub-amber.jpg": lambda: appliances.hub("#ff9d1e", 0.9),
    "hub-red.jpg": lambda: appliances.hub("#e8261c", 0.9),
    "hub-blue.jpg": lambda: appliances.hub("#2f7bff", 0.9, (150, 300)),
    "thermostat-21.jpg": lambda: appliances.thermostat("21.0", "AUTO", unit=True),
    "thermostat-lo.jpg": lambda: appliances.thermostat("Lo", "BATTERY"),
    "thermostat-e1.jpg": lambda: appliances.thermostat("E1", "VALVE"),
    "thermostat-e3.jpg": lambda: appliances.thermostat("E3", "SENSOR"),
    "bulb-white.jpg": lambda: appliances.bulb(WARM),
    "bulb-colour.jpg": lambda: appliances.bulb(COOL),
    "lock-front.jpg": lambda: appliances.lock("LOCKED", "#4bc46d"),
    "lock-jam.jpg": lambda: appliances.lock("JAM", "#ff9d1e"),
    "lock-battery.jpg": lambda: appliances.lock("BATT 9%", "#e8261c"),
    "camera-indoor.jpg": lambda: appliances.camera(outdoor=False),
    "camera-outdoor.jpg": lambda: appliances.camera(outdoor=True),
    "smoke-alarm.jpg": appliances.smoke_alarm,
    "leak-sensor.jpg": appliances.leak_sensor,
    "smart-plug.jpg": appliances.smart_plug,
    "washer-e18.jpg": lambda: washer("E18"),
    "washer-e20.jpg": lambda: washer("E20", "Mixed"),
    "washer-e24.jpg": lambda: washer("E24"),
    "washer-e41.jpg": lambda: washer("E41", "Wool"),
    "washer-ub.jpg": lambda: washer("Ub"),
    "dishwasher-f11.jpg": lambda: dishwasher("F11"),
    "dishwasher-f25.jpg": lambda: dishwasher("F25"),
    "dishwasher-salt.jpg": appliances.salt_lights,
    "label-w8.jpg": appliance_label,
    "label-hub.jpg": hub_label,
    "app-schedule.jpg": schedule,
    "app-guest-code.jpg": guest_codes,
    "app-plus.jpg": plus,
    "app-login-aw403.jpg": login_failed,
}

if __name__ == "__main__":
    draw_all(PICTURES, HERE / "pictures")
