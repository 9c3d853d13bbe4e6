"""The products of Fennel & Finch Electronics as product shots, flat with soft shadows.

Each function draws one product in any colour, 720 x 600 px.
"""

from __future__ import annotations

from drawing import Canvas, Point, mix, seven_segment, studio
from PIL import Image

SIZE = (720, 600)  # px
FLOOR = 500  # y on which things stand


def shade(colour: str, amount: float) -> tuple[int, int, int]:
    """The colour lighter (amount > 0) or darker."""
    return mix(colour, "#ffffff" if amount > 0 else "#000000", abs(amount))


def shine(canvas: Canvas, box, radius: float, opacity: float = 0.35, blur: float = 8) -> None:
    canvas.soft(lambda c: c.rounded(box, radius, "white"), "#ffffff", blur, opacity)


def wren_300(colour: str) -> Image.Image:
    """Slim over-ear headphones with round cups, seen from the front and lying slightly open."""
    canvas = studio(*SIZE)
    dark, light = shade(colour, -0.35), shade(colour, 0.28)
    canvas.ground(150, 300, FLOOR)
    canvas.ground(420, 570, FLOOR)
    canvas.arc((190, 70, 530, 560), 186, 354, dark, 26)
    canvas.arc((190, 70, 530, 560), 188, 352, colour, 20)
    canvas.arc((196, 76, 524, 554), 225, 300, light, 5)
    canvas.arc((208, 90, 512, 560), 232, 308, "#2a2c31", 12)
    for side, x in ((-1, 192), (1, 528)):
        canvas.rounded((x - 11, 272, x + 11, 372), 10, "#8d939c")
        canvas.rounded((x - 17, 318, x + 17, 350), 9, dark)
        inner = x - side * 30
        canvas.gradient((inner - 44, 348, inner + 44, 492), "#3b3d43", "#1c1d21", 44)
        canvas.gradient((x - 56, 340, x + 56, 500), light, dark, 56)
        canvas.gradient((x - 48, 348, x + 48, 492), colour, shade(colour, -0.18), 48)
        canvas.circle((x, 420), 24, None, dark, 4)
        canvas.polygon([(x - 9, 430), (x + 13, 424), (x - 3, 406)], light)  # the wren of the logo
        shine(canvas, (x - 36, 366, x - 22, 440), 8, 0.4, 7)
    return canvas.picture()


def wren_500(colour: str, ink: str) -> Image.Image:
    """Large noise-cancelling headphones with oval cups, metal arms and microphone holes."""
    canvas = studio(*SIZE, "#e8e2da")
    dark, light = shade(colour, -0.3), shade(colour, 0.35)
    canvas.ground(120, 290, FLOOR)
    canvas.ground(430, 600, FLOOR)
    canvas.arc((150, 44, 570, 520), 196, 344, dark, 50)
    canvas.arc((152, 46, 568, 520), 198, 342, colour, 42)
    canvas.arc((166, 60, 554, 510), 225, 315, light, 8)
    canvas.arc((190, 86, 530, 520), 215, 325, "#4a4540", 16)
    for side, x in ((-1, 182), (1, 538)):
        canvas.gradient((x - 9, 206, x + 9, 350), "#e9ecf0", "#7f868f", 8)
        inner = x - side * 46
        canvas.gradient((inner - 46, 300, inner + 46, 506), "#57504a", "#2c2825", 46)
        canvas.gradient((x - 68, 286, x + 68, 512), light, dark, 66)
        canvas.gradient((x - 60, 294, x + 60, 504), colour, shade(colour, -0.14), 60)
        canvas.rounded((x - 34, 330, x + 34, 466), 34, None, shade(colour, -0.22), 3)
        canvas.text((x, 398), "NC", 26, ink, "bold", "mm")
        for hole in range(3):
            canvas.circle((x - 16 + 16 * hole, 484), 3.4, "#26231f")
        shine(canvas, (x - 46, 322, x - 30, 430), 9, 0.45, 9)
    return canvas.picture()


def linnet_buds(colour: str) -> Image.Image:
    """Two earbuds above their open charging case."""
    canvas = studio(*SIZE, "#dde9e6")
    dark, light = shade(colour, -0.16), shade(colour, 0.5)
    canvas.ground(210, 510, FLOOR)
    canvas.gradient((214, 216, 506, 380), dark, shade(colour, -0.3), 60)
    canvas.gradient((228, 230, 492, 380), "#4b4f57", "#2f3238", 50)
    canvas.gradient((204, 340, 516, 506), light, dark, 70)
    canvas.rounded((204, 340, 516, 372), 15, shade(colour, -0.08))
    canvas.circle((360, 430), 6, "#4bc46d")
    canvas.text((360, 466), "Linnet", 20, shade(colour, -0.45), "oblique", "mm")
    for side, x in ((-1, 280), (1, 440)):
        canvas.gradient((x - 17, 178, x + 17, 352), colour, dark, 17)
        canvas.gradient((x - 42, 108, x + 42, 206), light, dark, 44)
        canvas.ellipse((x - side * 46 - 26, 126, x - side * 46 + 26, 190), "#3a3d44")
        canvas.ellipse((x - side * 54 - 16, 136, x - side * 54 + 16, 180), "#565a63")
        canvas.rounded((x - 5, 216, x + 5, 262), 5, shade(colour, -0.3))
        shine(canvas, (x - 18, 120, x + 6, 140), 8, 0.7, 6)
    return canvas.picture()


def robin_mini(colour: str) -> Image.Image:
    """A round portable speaker with a woven grille and a carrying loop."""
    canvas = studio(*SIZE, "#e6e3ee")
    dark, light = shade(colour, -0.4), shade(colour, 0.3)
    canvas.ground(230, 490, FLOOR)
    canvas.arc((450, 140, 560, 300), 250, 110, "#2b2d33", 14)
    canvas.gradient((190, 150, 530, 506), colour, dark, 110)
    canvas.gradient((206, 166, 514, 490), shade(colour, 0.12), shade(colour, -0.28), 98)
    for row in range(15):
        for column in range(17):
            x, y = 240 + column * 15 + (row % 2) * 7.5, 240 + row * 15
            if (x - 360) ** 2 / 122**2 + (y - 345) ** 2 / 116**2 < 1:
                canvas.circle((x, y), 4.1, shade(colour, -0.5))
    canvas.rounded((292, 176, 428, 216), 20, dark)
    for x, sign in ((318, "–"), (360, "●"), (402, "+")):
        canvas.text((x, 196), sign, 26, light, "bold", "mm")
    canvas.rounded((318, 458, 402, 482), 8, dark)
    canvas.text((360, 470), "ROBIN", 16, light, "bold", "mm")
    shine(canvas, (228, 200, 250, 330), 10, 0.45, 12)
    return canvas.picture()


def tablet(draw_screen) -> Image.Image:
    """The Heron 10; draw_screen draws on the canvas between (150, 90) and (570, 490)."""
    canvas = studio(*SIZE, "#dfe5ec")
    canvas.shadow((124, 62, 596, 520), 30, 16, 0.45, 12)
    canvas.gradient((124, 62, 596, 520), "#4a4e55", "#202328", 30)
    canvas.rounded((130, 68, 590, 514), 26, "#0d0e11")
    canvas.circle((360, 78), 4, "#30343c")
    draw_screen(canvas)
    return canvas.picture()


def home_screen(canvas: Canvas) -> None:
    canvas.gradient((150, 90, 570, 490), "#274f8f", "#e79a72", 8)
    canvas.soft(lambda c: c.circle((450, 330), 54, "white"), "#ffe9b0", 14, 0.9)
    canvas.polygon(
        [(150, 490), (150, 400), (260, 330), (360, 420), (430, 370), (570, 470), (570, 490)],
        "#3c3a63",
    )
    canvas.text((360, 170), "10:08", 74, "white", "sans", "mm")
    canvas.text((360, 224), "Saturday, 6 June", 21, "white", "sans", "mm")
    for number, colour in enumerate(("#4bc46d", "#f0b429", "#e8505b", "#4d8df6", "#b07cf0")):
        canvas.rounded((204 + number * 66, 420, 252 + number * 66, 468), 13, colour)


def locked_screen(canvas: Canvas) -> None:
    canvas.gradient((150, 90, 570, 490), "#232a3a", "#3a4258", 8)
    canvas.arc((336, 136, 384, 192), 180, 360, "#f4f6fa", 8)
    canvas.rounded((324, 164, 396, 218), 10, "#f4f6fa")
    canvas.text((360, 262), "Tablet locked", 34, "white", "bold", "mm")
    canvas.text((360, 306), "Too many wrong attempts", 23, "#c9d1e2", "sans", "mm")
    canvas.text((360, 340), "Try again in 24 hours", 23, "#c9d1e2", "sans", "mm")
    for number in range(6):
        canvas.circle((285 + 30 * number, 396), 8, "#e8505b")
    canvas.rounded((250, 430, 470, 472), 20, None, "#8995b0", 2)
    canvas.text((360, 451), "Forgot PIN?", 20, "white", "sans", "mm")


def cracked_screen(canvas: Canvas) -> None:
    home_screen(canvas)
    hit: Point = (470, 170)
    ends = [
        (150, 110),
        (250, 90),
        (420, 90),
        (570, 96),
        (570, 260),
        (570, 420),
        (470, 490),
        (320, 490),
        (150, 430),
        (150, 260),
    ]
    for number, end in enumerate(ends):
        middle = (
            (hit[0] + end[0]) / 2 + (-14, 18)[number % 2],
            (hit[1] + end[1]) / 2 + (16, -12)[number % 2],
        )
        canvas.line([hit, middle, end], "#f3f6fb", 2.2)
        canvas.line([(x + 2, y + 2) for x, y in (hit, middle, end)], "#10131a", 1)
    for radius in (26, 52, 84):
        canvas.arc(
            (hit[0] - radius, hit[1] - radius, hit[0] + radius, hit[1] + radius),
            radius,
            radius + 210,
            "#f3f6fb",
            1.6,
        )
    canvas.circle(hit, 11, "#f8fafc")


def plover(strap: str) -> Image.Image:
    """The smartwatch upright with its round face lit."""
    canvas = studio(*SIZE, "#e3e8e0")
    dark = shade(strap, -0.25)
    canvas.shadow((284, 60, 436, 540), 30, 14, 0.35, 12)
    canvas.gradient((292, 46, 428, 220), dark, strap, 30)
    canvas.gradient((292, 380, 428, 554), strap, dark, 30)
    for hole in range(4):
        canvas.ellipse((352, 462 + hole * 22, 368, 472 + hole * 22), shade(strap, -0.5))
    canvas.rounded((470, 282, 494, 318), 8, "#8a9098")
    canvas.gradient((234, 174, 486, 426), "#c9ced4", "#6c727b", 126)
    canvas.circle((360, 300), 116, "#0c0d10")
    for hour in range(0, 300, 30):
        canvas.arc((256, 196, 464, 404), hour - 90, hour - 66, "#5fd08a", 9)
    canvas.text((360, 278), "10:08", 56, "white", "bold", "mm")
    canvas.text((360, 326), "7,412 steps", 20, "#aeb6c2", "sans", "mm")
    canvas.text((360, 358), "♥ 64", 22, "#ff6b6b", "bold", "mm")
    shine(canvas, (280, 210, 330, 222), 6, 0.25, 8)
    return canvas.picture()


def siskin(colour: str) -> Image.Image:
    """The espresso machine from the front, with a cup."""
    canvas = studio(*SIZE, "#e9e1d8")
    dark, light = shade(colour, -0.35), shade(colour, 0.35)
    canvas.ground(230, 490, 516)
    canvas.gradient((246, 84, 474, 250), light, colour, 22)
    canvas.gradient((246, 190, 474, 516), shade(colour, -0.05), dark, 18)
    canvas.gradient((270, 266, 450, 470), "#3a3c41", "#191a1d", 10)
    canvas.rounded((238, 478, 482, 520), 12, "#2a2c30")
    for x in range(262, 462, 14):
        canvas.line([(x, 482), (x, 490)], "#6d727a", 3)
    canvas.rounded((310, 250, 410, 288), 8, "#b9bec5")
    canvas.rounded((326, 284, 394, 308), 8, "#7c828b")
    canvas.gradient((392, 288, 520, 306), "#3a2a20", "#1f1610", 9)
    canvas.line([(284, 270), (268, 330), (262, 398)], "#d5d9de", 9)
    canvas.rounded((284, 112, 436, 172), 12, "#131418")
    seven_segment(canvas, (314, 122), "93", 40, "#7fe3ff", "#1c262c")
    canvas.text((384, 142), "°C", 24, "#7fe3ff", "sans", "lm")
    for x in (300, 360, 420):
        canvas.circle((x, 212), 17, "#e8ebef", "#8c929b", 2)
    canvas.line([(352, 308), (352, 404)], "#6b3f1d", 4)
    canvas.line([(368, 308), (368, 404)], "#6b3f1d", 4)
    canvas.gradient((322, 404, 398, 470), "#ffffff", "#cfd3d8", 16)
    canvas.arc((384, 414, 424, 452), 260, 100, "#e4e7eb", 8)
    canvas.text((360, 502), "SISKIN", 18, "#c9cdd3", "bold", "mm")
    shine(canvas, (258, 100, 270, 240), 6, 0.5, 6)
    return canvas.picture()


def charger() -> Image.Image:
    """The Nuthatch 65 with its three sockets."""
    canvas = studio(*SIZE, "#dde3ea")
    canvas.ground(240, 480, 470)
    canvas.gradient((430, 250, 560, 282), "#f4f5f7", "#aab0b8", 6)
    canvas.gradient((430, 350, 560, 382), "#f4f5f7", "#aab0b8", 6)
    canvas.gradient((236, 166, 470, 470), "#ffffff", "#d3d8de", 44)
    canvas.rounded((262, 196, 400, 440), 26, "#eceff2")
    for y, name, width in (
        (244, "USB-C 1   65 W", 62),
        (318, "USB-C 2   20 W", 62),
        (392, "USB-A   12 W", 76),
    ):
        canvas.rounded(
            (331 - width / 2, y - 14, 331 + width / 2, y + 14), 14 if width < 70 else 4, "#23262b"
        )
        canvas.text((331, y + 32), name, 15, "#5b636e", "bold", "mm")
    canvas.text((434, 442), "65", 34, "#2f6f5e", "bold", "mm")
    return canvas.picture()
