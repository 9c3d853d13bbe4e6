"""Which sentences of longer passages are shown, in several languages, by the encoder that ships."""

from __future__ import annotations

import pytest

from mm_support.config import Settings
from mm_support.decode.select import load_selector, selector_file
from mm_support.types import Entry

LIBRARY = Entry(
    "library",
    "Town library",
    "The library stands between the market and the old mill. A card is issued on the spot if you "
    "show proof of your address. Books are lent for four weeks and films for one. You can renew "
    "them twice unless somebody has put a name down for them. Whoever is late pays twenty pence a "
    "day for each thing. The reading room upstairs is silent, and its desks have sockets. In the "
    "cellar there is a printer that takes coins. Groups of up to six may book the green room a "
    "week ahead. Prams stay in the hall. Once a month an author reads from a new book, which "
    "costs nothing. In August the building is shut for cleaning, and the bus comes to the market "
    "instead.",
)
POOL = Entry(
    "pool",
    "室内泳池",
    "泳池位于体育馆负一层，水深一米二到一米八。入场前须在前台领取手环，凭手环开柜。"
    "身高不足一米四的儿童必须由成人陪同下水。泳帽可以租借，每顶五元，押金二十元。"
    "周一上午换水，不对外开放。深水区只对持有深水证的人开放，考核安排在每周六下午。"
    "更衣室的吹风机免费使用，吊水机不能放泳镜。贵重物品请寄存在前台，丢失自负。"
    "饭后一小时内不宜下水。退卡须本人携带身份证办理，扣除已使用的次数。",
)
TRAM = Entry(
    "tram",
    "Mit der Straßenbahn fahren",
    "Die Wagen fahren werktags alle zehn Minuten, nachts einmal in der Stunde. Fahrscheine gibt "
    "es am Automaten im Wagen, der nur Münzen nimmt. Wer ohne Fahrschein angetroffen wird, zahlt "
    "sechzig Euro. Fahrräder dürfen ab neun Uhr mit, wenn Platz ist. Für Kinderwagen ist die "
    "zweite Tür vorgesehen. Hunde tragen einen Maulkorb und fahren umsonst. Fundsachen liegen "
    "eine Woche im Betriebshof und gehen danach ins Rathaus. Die Haltestelle am Spital hat keine "
    "Rampe. Bei Schnee wird die Strecke zum Schloss nicht bedient.",
)
WORKSHOP = Entry(
    "taller",
    "Taller de cerámica",
    "El taller abre de martes a sábado en la calle del Horno. Cada curso tiene ocho clases de dos "
    "horas. El barro y los esmaltes están incluidos, el delantal no. Las piezas se cuecen los "
    "viernes y se recogen el lunes siguiente. Quien falta a una clase puede recuperarla en otro "
    "grupo del mismo mes. Los menores de doce años trabajan acompañados. Las piezas que nadie "
    "recoge en dos meses se reciclan. Se paga la mitad al reservar y el resto el primer día. En "
    "el patio hay sitio para seis bicicletas.",
)
ONSEN = Entry(
    "onsen",
    "温泉のご利用",
    "大浴場は朝五時から深夜零時までご利用いただけます。露天風呂は雨の日も開いています。"
    "タオルはお部屋からお持ちください。刺青のある方は貸切風呂をお使いください。"
    "貸切風呂は一回四十五分、二千円で、フロントで予約できます。お酒を飲んだ後の入浴はご遠慮ください。"
    "ドライヤーと化粧水は脱衣所にございます。小さなお子さまはおむつが取れてからお願いします。"
    "サウナは女性側だけにあります。日帰りのお客さまは午後三時までです。",
)
ASKED = [
    (LIBRARY, "how long can I keep a DVD", "films for one"),
    (LIBRARY, "what happens if I bring it back too late", "twenty pence"),
    (LIBRARY, "where can I print something", "In the cellar"),
    (LIBRARY, "is there a room for our study group", "the green room"),
    (LIBRARY, "what do I need to join", "proof of your address"),
    (LIBRARY, "can I charge my laptop", "sockets"),
    (POOL, "小孩可以自己游吗", "由成人陪同"),
    (POOL, "没带泳帽怎么办", "每顶五元"),
    (POOL, "深水证什么时候考", "每周六下午"),
    (POOL, "星期一早上能游泳吗", "周一上午换水"),
    (POOL, "不想游了，卡怎么退", "本人携带身份证"),
    (TRAM, "Kann ich mein Rad mitnehmen?", "ab neun Uhr"),
    (TRAM, "Ich habe meine Mütze liegen lassen", "im Betriebshof"),
    (TRAM, "Was kostet Schwarzfahren?", "sechzig Euro"),
    (TRAM, "Muss ich für meinen Dackel zahlen?", "fahren umsonst"),
    (WORKSHOP, "¿cuándo puedo llevarme lo que hice?", "el lunes siguiente"),
    (WORKSHOP, "estoy enferma y no puedo ir a clase", "recuperarla"),
    (WORKSHOP, "¿hay que pagar todo de una vez?", "la mitad al reservar"),
    (ONSEN, "タトゥーがあっても入れますか", "貸切風呂をお使い"),
    (ONSEN, "家族だけで入りたいです", "四十五分"),
    (ONSEN, "赤ちゃんと一緒に入れますか", "おむつが取れて"),
    (ONSEN, "泊まらずに入浴だけできますか", "午後三時まで"),
]


@pytest.mark.slow
def test_what_answers_is_shown_and_little_else():
    from mm_support.device import resolve_device
    from mm_support.encode.text import load_text_encoder

    encode = load_text_encoder(Settings(), resolve_device("cpu")).encode
    selector = load_selector(selector_file(Settings().text_model))
    missing, beside, shares = [], [], []
    for entry, question, answer in ASKED:
        weighed = selector.weigh(question, entry, encode)
        shown = "".join(weighed.chosen(weighed.floor))
        missing += [] if answer in shown else [question]
        beside += [] if answer in "".join(weighed.chosen(weighed.likeliest)) else [question]
        shares.append(len(shown) / len(entry.answer))
    assert len(missing) <= 2, missing
    assert len(beside) <= 10, beside
    assert sum(shares) / len(shares) < 0.4
