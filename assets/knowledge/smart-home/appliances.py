"""The devices of Alderway Home as product shots and close-ups, flat with soft shadows.

Each function draws one device in one state; sizes in px.
"""

from __future__ import annotations

from drawing import Canvas, Point, dot_matrix, mix, seven_segment, studio
from PIL import Image

SIZE = (720, 560)  # px
INK = "#20242c"
BRAND = "#3d6b4f"


def knob(canvas: Canvas, at: Point, radius: float, angle_tip: Point) -> None:
    """A round selector whose line points from the centre towards angle_tip (unit vector)."""
    x, y = at
    canvas.shadow((x - radius, y - radius, x + radius, y + radius), radius, 10, 0.4, 6)
    canvas.gradient((x - radius, y - radius, x + radius, y + radius), "#fdfdfd", "#b6bcc4", radius)
    inner = radius * 0.78
    canvas.gradient((x - inner, y - inner, x + inner, y + inner), "#dfe3e8", "#f7f8f9", inner)
    start, end = 0.4 * inner, 0.92 * inner
    tip = angle_tip
    canvas.line(
        [(x + tip[0] * start, y + tip[1] * start), (x + tip[0] * end, y + tip[1] * end)], BRAND, 6
    )


PROGRAMMES = {
    "Cotton": (0.82, -0.57),
    "Mixed": (1.0, 0.0),
    "Wool": (0.82, 0.57),
}  # where the knob points


def washer_panel(code: str, programme: str = "Cotton") -> Image.Image:
    """The control panel of the W8 washing machine with a code on its display."""
    canvas = Canvas(940, 610, "#eef0f2")
    canvas.gradient((0, 0, 940, 440), "#fbfbfc", "#dfe3e7")
    canvas.gradient((0, 440, 940, 610), "#d3d8de", "#eceff2")
    canvas.line([(0, 440), (940, 440)], "#b4bac2", 3)
    canvas.text((100, 100), "ALDERWAY", 27, BRAND, "bold", "lm")
    canvas.text((836, 100), "W8  1400", 24, "#68707c", "sans", "rm")
    knob(canvas, (206, 270), 88, PROGRAMMES[programme])
    for name, (across, down) in PROGRAMMES.items():
        chosen = name == programme
        at = (206 + 124 * across, 270 + 124 * down)
        canvas.text(at, name, 21, BRAND if chosen else INK, "bold" if chosen else "sans", "lm")
    canvas.gradient((466, 160, 836, 340), "#23262b", "#0d0e11", 18)
    seven_segment(canvas, (528, 188), code, 122, "#ff5a48", "#261614")
    for number, name in enumerate(("Temp", "Spin", "Start")):
        x = 531 + number * 120
        canvas.rounded((x - 42, 366, x + 42, 392), 13, "#c3c9d0")
        canvas.text((x, 414), name, 20, INK, "sans", "mm")
    canvas.rounded((100, 476, 270, 534), 10, "#f6f7f8", "#b9c0c8", 2)
    canvas.text((185, 505), "PUSH", 20, "#8a929c", "bold", "mm")
    return canvas.picture()


def dishwasher_panel(code: str) -> Image.Image:
    """The upper edge of the D6 dishwasher's door: black glass, touch keys and a green display."""
    canvas = Canvas(960, 560, "#b8bec5")
    canvas.gradient((0, 0, 960, 170), "#4c4038", "#6a584b")
    canvas.gradient((0, 130, 960, 390), "#2b2e33", "#15171a")
    canvas.gradient((0, 390, 960, 560), "#d3d7dc", "#a4abb3")
    canvas.text((100, 176), "alderway D6", 25, "#cfd4da", "bold", "lm")
    canvas.rounded((362, 206, 602, 346), 12, "#0a1310")
    seven_segment(canvas, (394, 228), code, 96, "#5dffb0", "#10231b")
    for first, names in ((132, ("Eco", "Auto", "Quick")), (658, ("Delay", "Dry", "Start"))):
        for number, name in enumerate(names):
            x = first + 84 * number
            canvas.circle((x, 262), 22, None, "#8c939c", 3)
            canvas.text((x, 312), name, 20, "#cfd4da", "sans", "mm")
    canvas.gradient((320, 440, 640, 482), "#8b929a", "#eff1f3", 20)
    return canvas.picture()


def salt_lights() -> Image.Image:
    """The D6's indicator lamps with the salt symbol lit."""
    canvas = Canvas(820, 480, "#1b1d21")
    canvas.gradient((0, 0, 820, 480), "#33363c", "#141619")
    canvas.text((44, 60), "alderway D6", 26, "#cfd4da", "bold", "lm")
    for x, symbol, name, lit in (
        (210, "S", "salt", True),
        (410, "✱", "rinse aid", False),
        (610, "I", "power", False),
    ):
        colour = "#ff9d3c" if lit else "#50555d"
        if lit:
            canvas.soft(lambda c: c.circle((210, 230), 86, "white"), colour, 26, 0.45)
        canvas.circle((x, 230), 66, "#1a1c20", colour, 5)
        canvas.text((x, 230), symbol, 74, colour, "bold", "mm")
        canvas.text((x, 350), name, 28, "#d6dade", "sans", "mm")
    return canvas.picture()


def thermostat(text: str, small: str = "", unit: bool = False) -> Image.Image:
    """The radiator thermostat on its valve; text on its LCD in segments, small in dots below."""
    canvas = studio(*SIZE, "#e3e5e8")
    for rib in range(7):
        canvas.gradient((20 + rib * 34, 300, 46 + rib * 34, 560), "#ffffff", "#d5d9de", 12)
    canvas.gradient((230, 262, 320, 318), "#d5d9de", "#8c929a", 8)
    canvas.shadow((300, 80, 620, 500), 150, 18, 0.35, 10)
    canvas.gradient((300, 80, 620, 500), "#ffffff", "#d6dade", 120)
    canvas.gradient((322, 104, 598, 476), "#f1f3f5", "#fcfcfd", 104)
    canvas.gradient((352, 196, 568, 378), "#b9c8ad", "#cad7c0", 22)
    if unit:
        seven_segment(canvas, (362, 232), text, 78, "#1c2a1c", "#b4c2a8")
        canvas.text((542, 222), "°C", 22, "#1c2a1c", "bold", "mm")
    else:
        seven_segment(canvas, (396, 220), text, 96, "#1c2a1c", "#b4c2a8")
    dot_matrix(canvas, (460 - len(small) * 8.4, 334), small, 2.8, "#1c2a1c")
    canvas.text((460, 434), "alderway", 22, BRAND, "bold", "mm")
    canvas.text((460, 150), "–        +", 30, "#8a929c", "bold", "mm")
    return canvas.picture()


def hub(ring: str, glow: float, arc: tuple[int, int] = (0, 360)) -> Image.Image:
    """The Hub from above and in front; ring: colour of its light, on the part of the ring between
    two degrees.
    """
    canvas = studio(*SIZE, "#dfe5e4")
    canvas.ground(170, 550, 456)
    canvas.gradient((160, 150, 560, 470), "#ffffff", "#cfd5d9", 96)
    canvas.gradient((176, 160, 544, 400), "#f2f4f5", "#ffffff", 92)
    canvas.ellipse((222, 176, 498, 380), "#4a5058")
    canvas.soft(lambda c: c.arc((232, 184, 488, 372), *arc, "white", 26), ring, 14, glow)
    canvas.arc((232, 184, 488, 372), *arc, ring, 13)
    canvas.ellipse((318, 249, 402, 307), "#2f343a", "#6a717a", 2)
    canvas.text((360, 432), "alderway", 26, BRAND, "bold", "mm")
    return canvas.picture()


def bulb(light: str) -> Image.Image:
    """A lit bulb with its screw base."""
    canvas = studio(*SIZE, "#3a4150")
    canvas.gradient((0, 0, 720, 560), "#2b303c", "#4a5262")
    canvas.soft(lambda c: c.circle((360, 220), 200, "white"), light, 70, 0.65)
    canvas.polygon([(292, 300), (428, 300), (404, 400), (316, 400)], "#e9ebee")
    canvas.circle((360, 214), 124, mix(light, "#ffffff", 0.35))
    canvas.soft(lambda c: c.circle((360, 200), 84, "white"), "#ffffff", 26, 0.85)
    canvas.gradient((312, 330, 408, 424), "#f5f6f7", "#b9bfc6", 14)
    canvas.text((360, 374), "alderway", 17, BRAND, "bold", "mm")
    for turn in range(4):
        canvas.gradient((326, 424 + turn * 20, 394, 442 + turn * 20), "#e3e6e9", "#7d848d", 8)
    canvas.rounded((344, 504, 376, 518), 6, "#4c525b")
    return canvas.picture()


def lock(display: str, lamp: str) -> Image.Image:
    """The lock inside the door with its little display and lamp."""
    canvas = Canvas(*SIZE, "#8a6a4c")
    canvas.gradient((0, 0, 720, 560), "#a07c59", "#7c5d41", sideways=True)
    for x in (60, 640):
        canvas.line([(x, 0), (x, 560)], "#6b4f36", 4)
    canvas.shadow((230, 30, 490, 530), 60, 18, 0.5, 12)
    canvas.gradient((230, 30, 490, 530), "#4a4f57", "#1f2226", 60)
    canvas.gradient((270, 70, 450, 150), "#06080a", "#10151a", 14)
    pitch = 4.4 if len(display) < 6 else 3.6
    dot_matrix(
        canvas,
        (360 - len(display) * pitch * 3, 110 - pitch * 5.5),
        display,
        pitch,
        "#8fe8ff",
        "#0e171c",
    )
    knob(canvas, (360, 310), 96, (0, -1))
    canvas.soft(lambda c: c.circle((360, 470), 22, "white"), lamp, 12, 0.8)
    canvas.circle((360, 470), 9, lamp)
    canvas.text((360, 504), "alderway", 17, "#a9b0b9", "bold", "mm")
    return canvas.picture()


def camera(outdoor: bool) -> Image.Image:
    """The C1 on its foot, or the C2 on a wall bracket."""
    canvas = studio(*SIZE, "#dbe4ea" if outdoor else "#ece6df")
    if outdoor:
        canvas.gradient((80, 190, 190, 400), "#c7cdd3", "#8f969f", 14)
        canvas.gradient((170, 270, 330, 306), "#b3bac2", "#7d858e", 14)
        canvas.shadow((270, 160, 620, 410), 70, 16, 0.35, 12)
        canvas.gradient((270, 160, 620, 410), "#ffffff", "#c9cfd5", 70)
        for x in (536, 586):
            canvas.rounded((x - 14, 196, x + 14, 372), 14, "#fff1c9", "#d3c69c", 2)
        centre = (420.0, 285.0)
    else:
        canvas.ground(280, 440, 500)
        canvas.gradient((276, 450, 444, 506), "#f7f7f8", "#bfc5cc", 26)
        canvas.gradient((340, 380, 380, 470), "#e5e8eb", "#a8aeb6", 10)
        canvas.shadow((236, 110, 484, 400), 110, 14, 0.3, 10)
        canvas.gradient((236, 110, 484, 400), "#ffffff", "#cfd4da", 110)
        centre = (360.0, 240.0)
    for radius, colour in ((88, "#17191d"), (62, "#24282f"), (40, "#0a0c10"), (22, "#24406b")):
        canvas.circle(centre, radius, colour)
    canvas.circle((centre[0] - 16, centre[1] - 18), 9, "#c9dcf5")
    canvas.circle((centre[0], centre[1] + 74), 5, "#4bc46d")
    canvas.text((centre[0], centre[1] + 104), "C2" if outdoor else "C1", 22, BRAND, "bold", "mm")
    return canvas.picture()


def smoke_alarm() -> Image.Image:
    canvas = studio(*SIZE, "#eceae6")
    canvas.gradient((0, 0, 720, 560), "#f4f2ee", "#dcd9d3")
    canvas.shadow((190, 110, 530, 450), 170, 20, 0.35, 14)
    canvas.gradient((190, 110, 530, 450), "#ffffff", "#dadde0", 170)
    for radius in (140, 126, 112):
        canvas.circle((360, 280), radius, None, "#b7bdc4", 5)
    canvas.gradient((286, 206, 434, 354), "#fbfbfc", "#e3e6e9", 74)
    canvas.text((360, 266), "TEST", 26, "#8a929c", "bold", "mm")
    canvas.text((360, 300), "S1", 22, BRAND, "bold", "mm")
    canvas.circle((360, 388), 7, "#e8362c")
    return canvas.picture()


def leak_sensor() -> Image.Image:
    canvas = studio(*SIZE, "#dfe7ee")
    canvas.soft(lambda c: c.ellipse((110, 380, 640, 540), "white"), "#7fb6e3", 6, 0.7)
    canvas.soft(lambda c: c.ellipse((180, 400, 420, 450), "white"), "#ffffff", 12, 0.6)
    canvas.shadow((240, 260, 480, 460), 70, 12, 0.35, 8)
    canvas.gradient((240, 260, 480, 460), "#ffffff", "#cbd2d8", 70)
    canvas.polygon([(360, 290), (392, 346), (328, 346)], "#3f8fd6")
    canvas.circle((360, 352), 35, "#3f8fd6")
    canvas.text((360, 420), "alderway", 18, BRAND, "bold", "mm")
    return canvas.picture()


def smart_plug() -> Image.Image:
    canvas = studio(*SIZE, "#ebe7e2")
    canvas.gradient((0, 0, 720, 560), "#efece7", "#e0dcd5")
    canvas.shadow((250, 110, 470, 450), 60, 18, 0.35, 12)
    canvas.gradient((250, 110, 470, 450), "#ffffff", "#d4d9de", 60)
    canvas.gradient((274, 134, 446, 306), "#dfe3e7", "#f5f6f8", 86)
    for x in (330, 390):
        canvas.circle((x, 220), 13, "#2a2d33")
    canvas.gradient((334, 340, 386, 392), "#f9fafb", "#cdd3d9", 26)
    canvas.soft(lambda c: c.circle((360, 366), 8, "white"), "#4bc46d", 5, 0.9)
    canvas.circle((360, 366), 6, "#4bc46d")
    canvas.text((360, 424), "max 2300 W", 19, "#68707c", "sans", "mm")
    return canvas.picture()
