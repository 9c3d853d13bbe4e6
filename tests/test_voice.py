"""What the voice is given to say, and that it says it."""

import gc
import json
import re
import shutil
import signal
import sys
import threading
import time
import wave
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from mm_support.decode import phonemes, voice
from mm_support.decode.phonemes import Phonemes
from mm_support.decode.piper_model import PiperModel, spans
from mm_support.decode.voice import PiperVoice, breaths, load_voice
from mm_support.errors import GenerationError, WeightsError
from mm_support.language.spoken import spoken
from mm_support.language.spoken_amounts import _unit_names
from mm_support.language.spoken_table import summary
from mm_support.types import Audio
from mm_support.weights import package_weights

SAID = {
    # citations and markup
    "Press OK [1].": "Press OK.",
    "Press OK [1][2], then wait [3, 4].": "Press OK, then wait.",
    "**Bold**, *slanted*, `code` and [our page](https://shop.com/a).": (
        "Bold, slanted, code and our page."
    ),
    "# Returns\n- Keep the box\n- Print the label.": "Returns. Keep the box. Print the label.",
    "1. Open it\n2. Close it": "1, Open it. 2, Close it.",
    "Go to Settings > Network": "Go to Settings, Network",
    "It works! 😀": "It works!",
    "[1]": "",
    "": "",
    # tables are summed up
    "Our plans:\n| plan | price |\n|---|---|\n| A | $5 |\n| B | $9 |\nAsk us.": (
        "Our plans: There are 2: A and B. price: from 5 US dollars for A to 9 US dollars for B. "
        "The whole table is on the screen. Ask us."
    ),
    "Ready in < 5 min (>30 kg: ~ 10 days).": (
        "Ready in less than 5 minutes, more than 30 kilograms: about 10 days."
    ),
    "Network > 5 GHz, 3 ~ 5 cups, <b>7</b>, ~~3~~": "Network, 5 gigahertz, 3 to 5 cups, 7, 3",
    # what the synthesiser says well by itself
    "Error E24 on the WH-1000XM5": "Error E24 on the WH-1000XM5",
    "1,204 items": "1,204 items",
    "1st-3rd of May": "1st-3rd of May",
    "I/O, and/or": "I/O, and/or",
    "a .csv file, .NET; ½ cup": "a .csv file, .NET; ½ cup",
    "version v2.0.1 in Room 101": "version v2.0.1 in Room 101",
    "at 9:05 am.": "at 9:05 am.",
    "192.168.0.1": "192.168.0.1",
    "help@my-shop.com": "help@my dash shop.com",
    # numbers of something, digit by digit
    "order 482130": "order 4 8 2 1 3 0",
    "card ending 0042": "card ending 0 0 4 2",
    "Call +1 (800) 555-0199": "Call +1, 8 0 0, 5 5 5, 0 1 9 9",
    "case 4829-1187": "case 4 8 2 9, 1 1 8 7",
    "0800 555 0100": "0 8 0 0, 5 5 5, 0 1 0 0",
    "serial 4F7K-22XX": "serial 4 F 7 K, 2 2 X X",
    # quantities
    "3-5 days": "3 to 5 days",
    "2000-3000 euros": "2000 to 3000 euros",
    "20 %": "20 percent",
    "2.4 GHz, 3-5 kg and 10 m/s": "2.4 gigahertz, 3 to 5 kilograms and 10 meters per second",
    "at -5°C": "at -5 degrees Celsius",
    "$12.50, £1 or 1,200 €": "12.50 US dollars, 1 British pound or 1,200 euros",
    "Add 1/2 cup and 3/4 of it": "Add ½ cup and ¾ of it",
    "a box of 40x30x12 cm": "a box of 40 × 30 × 12 centimeters",
    'a 27" screen, type "5", 6\'1" tall': 'a 27 inches screen, type "5", 6 feet 1 inch tall',
    "100-120 V~, 50/60 Hz, <=4 A": "100 to 120 volts, 50 60 hertz, ≤4 amperes",
    "rows A–F, letters a-z, plan B–A": "rows A to F, letters a to z, plan B–A",
    # keys, and what is named after one
    "Press # or '*', dial *#43#, see #7*.": ("Press hash or star, dial star hash 4 3 hash, see 7."),
    "C# and F#": "C sharp and F sharp",
    "File -> Open": "File, Open",
    # dates and times
    "until 09/2031": "until September 2031",
    "Wed, Feb 4 or Fri 6 Mar": "Wednesday, February 4 or Friday 6 March",
    "on 2026-11-23": "on November 23, 2026",
    "31/03/2026 and 03/31/2026": "March 31, 2026 and March 31, 2026",
    "23.11.2026": "November 23, 2026",
    "9:00-17:30": "9 o'clock to 17:30",
    "Mon-Fri": "Monday to Friday",
    # addresses
    "See https://www.shop.com/help?id=1.": "See shop.com/help.",
}


@pytest.mark.parametrize("written", SAID)
def test_text_is_said_as_a_person_would(written):
    assert spoken(written) == SAID[written]


@pytest.mark.parametrize(
    "written, language, said",
    [
        ("Der Fehler **E24** kostet 12,50 € [1].", "de", "Der Fehler E24 kostet 12,50 Euro."),
        ("5 kg bis 31.03.2026", "de", "5 Kilogramm bis 31 März 2026"),
        ("03/04/2026", "en-gb", "3 April 2026"),
        # a time of day is no length, a word no unit, what nobody measures in no unit either
        ("3 pm, 5:30 pm", "en", "3 pm, 5:30 pm"),
        ("5 p. m., 5 a. m.", "es", "5 p. m., 5 a. m."),
        ("En 2025 a las 5, de 10 a 20", "es", "En 2025 a las 5, de 10 a 20"),
        ("Desde 2024 ha subido; 5 mi", "es", "Desde 2024 ha subido; 5 millas"),
        ("3 in 1, a cable of 5 in.", "en", "3 in 1, a cable of 5 inches."),
        ("Filiale 5 in Berlin", "de", "Filiale 5 in Berlin"),
        ("5 l'an, 2 l d'eau", "fr", "5 l'an, 2 litres d'eau"),
        ("5G, 4K, 1080p, 3 pc, 1 CD", "en", "5G, 4K, 1080p, 3 pc, 1 CD"),
        ("Wi-Fi 5 (802.11ac) or newer", "en", "Wi-Fi 5, 802.11ac, or newer"),
        ("1080p", "es", "1080p"),
        ("Model 5 van 7", "nl", "Model 5 van 7"),
        ("45°, 5/h", "fr", "45 degrés, 5/h"),
        ("2048 MB, 5.50 kg", "en", "2048 megabytes, 5.50 kilograms"),  # as it is written
        ("1/2 tasse", "fr", "½ tasse"),
        ("2026-03-31 9:00-17:30", "zh", "2026年3月31日 9点到17点30分"),
        ("Fehler **E24** [1]", "xx", "Fehler E24"),
        # the Chinese voice, as espeak-ng names its language; no blank stands around its numbers
        ("约20%的客户，截至2025-04-03前", "cmn", "约百分之20的客户，截至2025年4月3日前"),
        ("价格10 €或¥100/月", "cmn", "价格10欧元或每月100元"),
        ("下午5:05，9:00–18:00，3～5天", "cmn", "下午5点5分，9点到18点，3到5天"),
        ("重5 kg，速度120 km/h", "cmn", "重5千克，速度每小时120公里"),
        ("周一-周五，电话400-123-4567", "cmn", "星期一到星期五，电话4 0 0, 1 2 3, 4 5 6 7"),
        ("序列号4F7K-22XX", "cmn", "序列号4 F 7 K, 2 2 X X"),
        (
            "|a|b|\n|---|---|\n|x|1|\n|y|2|",
            "pt-br",
            "São 2: x e y. b: de 1 para x até 2 para y. A tabela completa está na tela.",
        ),
        # a time of day is told once
        ("8:00 pm, 9:00 a.m., 12:00", "en", "8 pm, 9 a.m., 12 o'clock"),
        ("9:00 Uhr, 18:00 h, 8:30 Uhr", "de", "9 Uhr, 18 Uhr, 8:30"),
        ("08:30", "en", "8:30"),
        ("晚上08:30", "zh", "晚上8点30分"),
        ("um 9:00 am Montag", "de", "um 9 Uhr am Montag"),
        ("8h30, 9h00-17h30, 2 h 30 min", "fr", "8:30, 9 heures à 17:30, 2 heures 30 minutes"),
        ("a las 8:00, de 9:00 a 17:30 h", "es", "a las 8, de las 9 a 17:30"),
        # ranges with a sign or a half day at their first end; what falls is none
        ("$10-$20, €5-10, USD 5-7", "en", "10 to 20 US dollars, 5 to 10 euros, 5 to 7 US dollars"),
        ("9am–5pm, 9 a.m. - 5 p.m.", "en", "9am to 5pm, 9 a.m. to 5 p.m."),
        ("50 %-60 %", "de", "50 Prozent bis 60 Prozent"),
        ("part 4711-22, in 2024-25", "en", "part 4711-22, in 2024 to 25"),
        # money
        (
            "5 €/Monat, 0,32 €/kWh, 5,- €",
            "de",
            "5 Euro pro Monat, 0,32 Euro pro Kilowattstunde, 5 Euro",
        ),
        ("US$5/month, 20 EUR", "en", "5 US dollars per month, 20 euros"),
        ("2 000 km", "fr", "2 000 kilomètres"),
        # units
        ("30 ct/kWh, 100 Mbit/s", "de", "30 ct pro Kilowattstunde, 100 Megabit pro Sekunde"),
        ("24 h, 10 s, a 5s, 90s", "en", "24 hours, 10 seconds, a 5s, 90s"),
        # days
        ("Mo-Fr, Mo.-Fr.", "de", "Montag bis Freitag, Montag bis Freitag"),
        ("03.04.25, 1.2.25, 10.04.22.1", "de", "3 April 2025, 1.2.25, 10.04.22.1"),
        ("04/03/25, 10-12-2025", "en", "April 3, 2025, October 12, 2025"),
        (
            "10 MB/day, 180°C/350°F, 5 A/C",
            "en",
            "10 megabytes per day, 180 degrees Celsius/350 degrees Fahrenheit, 5 A/C",
        ),
        ("§ 312g BGB, 24 Std./Tag", "de", "§ 312g BGB, 24 Stunden pro Tag"),
        (
            "$10M, $1.299 MXN, $5 USD, CA$5",
            "en",
            "10 million US dollars, $1.299 MXN, 5 US dollars, 5 Canadian dollars",
        ),
        (
            "€1.5 million, $2-3k, R$ 20 / US$4, ₹900",
            "en",
            "1.5 million euros, 2 to 3 thousand US dollars, 20 Brazilian reals / 4 US dollars,"
            " 900 Indian rupees",
        ),
        ("CHF 40.-, 30.– CHF", "en", "40 Swiss francs, 30 Swiss francs"),
        ("Pro: $8/seat/month", "en", "Pro: 8 US dollars per seat per month"),
        ("0800-123-4567 (24/7).", "en", "0 8 0 0, 1 2 3, 4 5 6 7, 24 7."),
        ("von 9.00 bis 17.30 Uhr, 2.30", "de", "von 9 Uhr bis 17:30, 2.30"),
        ("Lun.-ven. 9h-17h", "fr", "lundi à vendredi 9 heures à 17 heures"),
        ("5 uur, € 5/uur", "nl", "5 uur, 5 euro per uur"),  # without a long form in the data
        ("2026-11-28", "ko", "2026년 11월 28일"),
        ("03/04/2026", "zh", "2026年3月4日"),
        ("24.11.2026-2.12.2026", "nl", "24 november 2026 tot 2 december 2026"),
        ("9 A.M.-5 P.M.", "en", "9 A.M. to 5 P.M."),
        # a full stop that ends nothing is no pause
        (
            "15 min. later, max. $5. Then 2 h. Or",
            "en",
            "15 minutes later, max 5 US dollars. Then 2 hours. Or",
        ),
        ("Am 3. April, ca. 5 Tage", "de", "Am 3 April, ca 5 Tage"),
        ("Ask Dr. Ng or Mrs. Diaz. No. 7", "en", "Ask Dr Ng or Mrs Diaz. number 7"),
        ("Linie Nr. 4, ca. 5 Tage", "de", "Linie Nummer 4, ca 5 Tage"),
        ("Taste # drücken", "de", "Taste Raute drücken"),
        ("Parcel # 12, then the # key", "en", "Parcel 12, then the hash key"),
        ('27" 屏', "zh", "27英寸 屏"),
        ('27" ekran', "tr", "27 inç ekran"),
        ("It is May. 5 came, on Jan. 5", "en", "It is May. 5 came, on January 5"),
        # what a voice would say as a word, or leave out
        (
            "by 14 Dec, Feb. 3rd, 7 Sep. 2026",
            "en",
            "by 14 December, February 3rd, 7 September 2026",
        ),
        ("3 set, 3 set 2026", "it", "3 set, 3 settembre 2026"),
        ("Tue 10am-2pm. She sat 9 hours", "en", "Tuesday 10am to 2pm. She sat 9 hours"),
        ("3 hrs, $7.50/mo, 2 wks", "en", "3 hours, 7.50 US dollars per month, 2 weeks"),
        ("10000 mAh", "en", "1 0 0 0 0 m A h"),
        ("j_kim@mail.com", "en", "j underscore kim@mail.com"),
        (
            "£2.5m, part 00471-882, 471-882-C",
            "en",
            "2.5 million British pounds, part 0 0 4 7 1, 8 8 2, 471-882-C",
        ),
        ("card •••• 7731, **reset** 10 s", "en", "card 7 7 3 1, reset 10 seconds"),
        ("储存于2～6℃，CNY 80", "zh", "储存于2到6摄氏度，80元"),
        ("1. 打开盖子。\n2. 取出电池", "zh", "1, 打开盖子。 2, 取出电池."),
    ],
)
def test_each_language_has_its_own_words(written, language, said):
    assert spoken(written, language) == said


@pytest.mark.parametrize("line", ["*" * 10_000, "**** " * 2_000, "•" * 10_000])
def test_a_line_that_parts_two_texts_is_left_out_in_no_time(line):
    began = time.process_time()
    said = spoken(f"Before\n{line}\nafter", "en-us")
    assert said.replace(",", "").split() == ["Before", "after"]
    assert time.process_time() - began < 5


@pytest.mark.parametrize("signs", ["a", "a.", "a_b-", "1,234,", "[", "`", "\n"])
def test_a_long_run_of_any_signs_is_put_into_words_in_no_time(signs):
    began = time.process_time()
    spoken(f"Before {signs * (20_000 // len(signs))} after", "en-us")
    assert time.process_time() - began < 5


def test_a_long_text_is_said_as_its_sentences_are():
    sentence = "Write to anna_b@example.com, it costs $4.90 in 3-5 days (see example.com/a?b=1)."
    assert spoken(" ".join([sentence] * 50)) == " ".join([spoken(sentence)] * 50)


@pytest.mark.parametrize(
    "rows, language, said",
    [
        (
            ["套餐: 基础版; 空间: 1 GB; 价格: 9 元", "套餐: 高级版; 空间: 5 GB; 价格: 19 元"],
            "zh",
            "一共有 2 个：基础版和高级版。空间：基础版最低，1 GB；高级版最高，5 GB。"
            "完整的表格在屏幕上。",
        ),
        (  # named by their first cells; a price before other figures
            ["Basic: Storage: 10 GB; Price: $9", "Pro: Storage: 5 GB; Price: $1,200"],
            "en",
            "There are 2: Basic and Pro. Price: from $9 for Basic to $1,200 for Pro."
            " The whole table is on the screen.",
        ),
        (
            ["Tag: Mo; Zeit: ab 9", "Tag: Di; Zeit: geschlossen"],
            "de",
            "Es gibt 2: Mo und Di. Die ganze Tabelle steht auf dem Bildschirm.",
        ),
    ],
)
def test_a_table_is_summed_up(rows, language, said):
    assert summary(rows, language) == said


@pytest.mark.parametrize("header", ["| | Price |", "|| Price |"])
def test_the_column_that_rows_are_about_may_have_no_name(header):
    table = f"{header}\n|---|---|\n| Basic | $5 |\n| Plus | $9 |\n"
    assert spoken(table, "en-us").startswith("There are 2: Basic and Plus. Price: from")


@pytest.mark.parametrize("table", ["| |\n|---|\n| Basic |\n", "| |\n|---|\n| |\n"])
def test_a_table_that_says_little_fails_nothing(table):
    assert ("Basic" in spoken(table, "en-us")) == ("Basic" in table)


@pytest.mark.parametrize("language", "en de fr es it nl pl pt ru tr vi zh ja ko ar".split())
def test_every_unit_of_every_language_can_be_said(language):
    for symbol in _unit_names(language):
        assert "{" not in spoken(f"1 {symbol}, 5 {symbol}, 5 €/{symbol}", language)


def test_nothing_is_left_that_only_a_screen_can_show_and_no_digit_is_lost():
    rng = np.random.default_rng(0)
    pieces = "E24,[1],**,$5,a,http://x.com/,12:61,|,\n,- ,#,😀,[[x]],99999,<b>,(,3.,%,/,@,4829-1187"
    for _ in range(300):
        chosen = rng.choice(pieces.split(","), 8)
        said = spoken(" a ".join(chosen))
        assert not re.search(r"[\[\]<>|*#`_{}\n😀]", said), said
        assert said.count("9 9 9 9 9") == list(chosen).count("99999")


def test_breaths_are_short_and_lose_nothing():
    words = "one two, three " * 100 + "four."
    pieces = breaths(words, 80)
    assert all(len(piece) <= 80 for piece in pieces)
    assert " ".join(pieces).split() == words.split()
    assert breaths("a" * 700) == ["a" * 300, "a" * 300, "a" * 100]


class FakePiper:
    """Says a sample for each character, half of them first, and counts how often it is asked."""

    language, rate = "en-us", 100

    def __init__(self):
        self.asked, self.made = [], 0

    def pieces(self, words, speed):
        self.asked.append(words)
        if "boom" in words:
            raise RuntimeError("onnxruntime says no")
        for half in (words[::2], words[1::2]):
            self.made += 1
            yield np.full(len(half), 0.5, np.float32)


def test_sentences_are_remembered_up_to_a_bound(monkeypatch):
    monkeypatch.setattr(voice, "CACHED", 2)
    piper = FakePiper()
    speaker = PiperVoice(piper)
    first = next(speaker.sounds("Press OK [1]."))
    assert piper.made == 1  # the rest is made when it is asked for
    again = list(speaker.sounds("Press **OK** [2]."))
    assert again[0].samples is first.samples and len(again) == piper.made == 2
    assert piper.asked == ["Press OK."]
    for text in ("Two.", "Three.", "Press OK."):
        speaker.speak(text)
    assert piper.asked == ["Press OK.", "Two.", "Three.", "Press OK."]
    with pytest.raises(ValueError):
        first.samples[0] = 0


def test_sentences_are_apart_and_nothing_is_silence():
    sound = PiperVoice(FakePiper()).speak("Yes. No.")
    assert len(sound.samples) == 4 + 100 * voice.PAUSE + 3 and not sound.samples[4:29].any()
    assert len(PiperVoice(FakePiper()).speak("[1]").samples) == 0


@pytest.mark.parametrize("count", [0, 1, 29, 30, 31, 46, 500])
def test_pieces_grow_and_leave_nothing_out(count):
    pieces = list(spans(count, 30))
    assert [start for start, _ in pieces] == [0, *(stop for _, stop in pieces)][: len(pieces)]
    assert [stop for _, stop in pieces][-1:] == ([count] if count else [])
    lengths = [stop - start for start, stop in pieces]
    assert all(later > sooner for sooner, later in pairwise(lengths[:-1]))


def test_a_voice_that_fails_says_so():
    with pytest.raises(GenerationError, match="read it"):
        PiperVoice(FakePiper()).speak("boom")


@pytest.mark.parametrize(
    "text",
    [
        "See https://[your-shop].example.com.",
        "Look at www.[name].com",
        "It has 1" + ",000" * 110 + " parts.",
        "$1" + ",000" * 110 + " and $1,2,3 and 99/99/9999 and 1,2,3 kg",
    ],
)
def test_what_no_rule_can_read_is_spoken_as_it_stands(text):
    assert len(PiperVoice(FakePiper()).speak(text).samples) > 0


def test_a_missing_voice_names_the_setting(tmp_path, tmp_settings):
    with pytest.raises(WeightsError, match="voice_model"):
        load_voice(tmp_settings.with_changes(voice_model=str(tmp_path / "none.onnx")))


def test_wav_holds_the_samples(tmp_path):
    Audio(np.array([0.0, 0.5, -1.0, 2.0], np.float32), 8_000).save(tmp_path / "a.wav")
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert file.getparams()[:4] == (1, 2, 8_000, 4)
        assert np.frombuffer(file.readframes(4), "<i2").tolist() == [0, 16384, -32767, 32767]


@pytest.mark.slow
def test_piper_speaks_from_the_cache_and_from_a_file(settings, tmp_path):
    speaker = load_voice(settings)
    sound = speaker.speak("Error E24 means that the washing machine gets no water [1].")
    assert 2 < sound.seconds < 8 and 0.1 < np.abs(sound.samples).max() <= 1
    for path in package_weights(settings.voice_model, settings.cache_dir).glob("*.onnx*"):
        shutil.copy(path, tmp_path)
    own = load_voice(settings.with_changes(voice_model=str(next(tmp_path.glob("*.onnx")))))
    assert own.speak("Hello.").rate == sound.rate


DIES = """
import json, sys
for line in sys.stdin:
    words = json.loads(line)
    if words == "boom":
        sys.exit(1)
    print(json.dumps([[len(words)]]), flush=True)
"""


HANGS = "import sys, time\nfor line in sys.stdin:\n    time.sleep(60)\n"


def test_a_process_that_hangs_is_ended_and_told_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(phonemes, "STARTING", 0.3)
    (tmp_path / "hangs.py").write_text(HANGS)
    hung = Phonemes(tmp_path / "none.json", (sys.executable, str(tmp_path / "hangs.py")))
    with pytest.raises(GenerationError, match="read"):
        hung.of("Yes.")
    assert hung._process.poll() is not None


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGSTOP])
def test_a_sentence_whose_process_is_ended_or_stopped_is_read_by_the_next(
    tmp_path, monkeypatch, sent
):
    monkeypatch.setattr(phonemes, "LATE", 0.3)
    (tmp_path / "dies.py").write_text(DIES)
    reader = Phonemes(tmp_path / "none.json", (sys.executable, str(tmp_path / "dies.py")))
    assert reader.of("Yes.") == [[4]]
    first = reader._process
    first.send_signal(sent)
    assert reader.of("No.") == [[3]] and reader._process is not first
    assert first.poll() is not None and first.stdin.closed and first.stdout.closed


def test_phonemes_come_from_a_process_that_is_started_again(tmp_path):
    (tmp_path / "dies.py").write_text(DIES)
    reader = Phonemes(tmp_path / "none.json", (sys.executable, str(tmp_path / "dies.py")))
    assert reader.of("Schön, 好\nYes.") == [[len("Schön, 好\nYes.")]]
    first = reader._process
    with pytest.raises(GenerationError, match="read"):
        reader.of("boom")
    assert reader.of("Yes.") == [[4]] and reader._process is not first
    last = reader._process
    del reader
    gc.collect()
    assert first.poll() is not None and last.poll() is not None  # nothing is left behind


@pytest.mark.slow
def test_piper_is_loaded_in_a_process_of_its_own(settings):
    speaker = load_voice(settings)
    assert not any(name.split(".")[0] == "piper" for name in sys.modules)
    [[first, *_]] = speaker._piper._phonemes.of("Yes.")
    file = next(package_weights(settings.voice_model, settings.cache_dir).glob("*.onnx.json"))
    assert [first] == json.loads(file.read_text("utf-8"))["phoneme_id_map"]["^"]


@pytest.mark.slow
def test_a_sentence_made_piece_by_piece_is_the_same(settings):
    name = package_weights(settings.voice_model, settings.cache_dir)
    model = PiperModel(next(name.glob("*.onnx")))
    text = "Unopened goods can be returned within 30 days of delivery for a full refund."
    frames = model._first.run(None, model._inputs(list(range(1, 60)), 1.0))
    model._first = SimpleNamespace(run=lambda *_: frames)  # the lengths are drawn by lot
    names = [given.name for given in model._second.get_inputs()]
    whole = model._second.run(None, dict(zip(names, frames)))[0].reshape(-1)
    pieces = list(model.pieces(text, 1.0))
    assert len(pieces) > 1 and np.allclose(np.concatenate(pieces), whole, atol=1e-5)


@pytest.mark.slow
def test_two_threads_may_speak_at_once(settings):
    speaker, lengths = load_voice(settings), {}

    def say(text):
        lengths[text] = speaker.speak(text).seconds

    threads = [
        threading.Thread(target=say, args=(text,))
        for text in ("Yes, we can.", "The parcel has not arrived yet.")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(lengths) == 2 and all(0.3 < seconds < 5 for seconds in lengths.values())
