"""The page in Chromium, with a service without models: what people see, hear, press and reach."""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import free_port

from demo import conversation as demo_conversation
from demo import desk as demo_desk
from demo import page_parts
from demo.desk import DeskPage, desk_link
from demo.examples import EXAMPLES
from demo.live import Ears
from demo.shop import server as shop_server
from demo.sizes import Limits
from demo.ui import build_demo, launch_options, speech_of
from mm_support.desk.visits import customer_in, signed_customer
from mm_support.errors import BusyError
from mm_support.paths import ASSETS
from mm_support.types import Audio, Transcript
from tests import fake_service
from tests.fake_service import HEARD, HOSTILE, FakeEar, FakeService, make_picture, write_wav

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect
PATIENCE = int(os.environ.get("TEST_PATIENCE", "60000"))  # ms, for a machine that is busy

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
# without the lists below its address bar, which every window would load as two pages of its own;
# of what Playwright switches off in the same way, what is said twice counts: the rest of this list
NOT_NEEDED = (
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,AimEnabled,"
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,LensOverlay,"
    "MediaRouter,PaintHolding,ThirdPartyStoragePartitioning,OptimizationHints,PreconnectToSearch"
)
FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --use-fake-device-for-media-stream "
    f"--use-fake-ui-for-media-stream --disable-features={NOT_NEEDED}"
).split()
PUT_AWAY = "The user aborted a request."  # a player while its recording still came; Gradio's
DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium; install it to test the page"
)


@pytest.fixture(scope="module", autouse=True)
def gradio_folder(tmp_path_factory):
    """Gradio's copies of files: a folder of these tests, because a closing app empties its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        yield


@pytest.fixture(scope="module", autouse=True)
def frequent_looks():
    """What others write is looked for each second: as rarely as pages do it would be waited for."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (demo_conversation, demo_desk, page_parts):
            patch.setattr(module, "POLL", 1)
        patch.setattr(page_parts, "RARELY", 1)
        yield


@pytest.fixture(scope="module")
def service():
    return FakeService(delay=0.01)


@pytest.fixture(scope="module")
def assets(tmp_path_factory):
    """Every example card's files, drawn and made here."""
    folder = tmp_path_factory.mktemp("assets")
    (folder / "examples").mkdir()
    for example in EXAMPLES:
        for name in filter(None, (example.photo, example.picture)):
            make_picture(folder / "examples" / name, "E24", (60, 90, 110))
        if example.recording:
            write_wav(folder / "examples" / example.recording, 1.0)
    return folder


MANY = Limits(calls="10000/minute", uploads="10000/minute", sounds="1000/second")
KEY = "a-key-that-nobody-guesses"


def launch(service, assets, may_add=True, desk_key="", limits=MANY, port=None, **more):
    demo = build_demo(service, assets, may_add, desk_key, **more)
    options = {**launch_options(known=speech_of(demo), limits=limits), "server_port": port}
    return demo, demo.launch(prevent_thread_lock=True, quiet=True, **options)[1]


@pytest.fixture(scope="module")
def two_origins(service, assets):
    """(address of the shop, address of the assistant): the assistant allows the shop's origin."""
    shop = shop_server("http://127.0.0.1:1")
    origin = f"http://localhost:{shop.server_port}"
    limits = replace(MANY, frame_ancestors=(origin,))
    demo, url = launch(service, assets, desk_key=KEY, limits=limits)
    shop.server_close()
    shop = shop_server(url, shop.server_port, "c-17", "site")
    threading.Thread(target=shop.serve_forever, daemon=True).start()
    yield origin, url
    shop.shutdown()
    shop.server_close()
    demo.close()


@pytest.fixture(scope="module")
def address(two_origins):
    return two_origins[1]


@pytest.fixture(scope="module")
def start_browser():
    """start_browser(wav) -> Chromium whose microphone hears the file again and again."""
    expect.set_options(timeout=PATIENCE)
    with sync_api.sync_playwright() as playwright:
        started = []

        def start(microphone):
            flags = [*FLAGS, f"--use-file-for-fake-audio-capture={microphone}"]
            started.append(playwright.chromium.launch(executable_path=CHROMIUM, args=flags))
            return started[-1]

        yield start
        for chromium in started:
            chromium.close()


@pytest.fixture(scope="module")
def browser(start_browser, tmp_path_factory):
    return start_browser(write_wav(tmp_path_factory.mktemp("microphone") / "tone.wav", 3.0))


class Contexts:
    """Contexts of Chromium that are lent again once they are empty: a page that was loaded in one
    before takes a quarter of the processor's time, since its scripts are there compiled.
    """

    def __init__(self):
        self._idle = defaultdict(list)

    def lend(self, browser, locale="en-US"):
        idle = self._idle[browser, locale]
        return idle.pop() if idle else browser.new_context(locale=locale)

    def take_back(self, browser, context, locale="en-US"):
        origins = {"/".join(page.url.split("/")[:3]) for page in context.pages}
        emptied = context.new_page()
        session = emptied.context.new_cdp_session(emptied)
        for page in context.pages[:-1]:
            page.close()
        for origin in origins:
            session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        context.clear_cookies()
        context.clear_permissions()
        emptied.close()
        self._idle[browser, locale].append(context)


@pytest.fixture(scope="module")
def contexts():
    return Contexts()


def opener(browser, address, contexts):
    """open_page(viewport, address, browser, locale) -> a page that is ready; script errors are
    noted in page.problems. All are closed in the end: what stays open goes on asking the server.
    """
    lent = []

    def opened(viewport=DESKTOP, address=address, browser=browser, locale="en-US"):
        context = contexts.lend(browser, locale)
        lent.append((browser, context, locale))
        context.grant_permissions(["microphone"])
        page = context.new_page()
        page.set_viewport_size(viewport)
        page.set_default_timeout(PATIENCE)
        page.add_init_script(LOUDNESS)
        page.problems, page.requested = [], []
        page.on(
            "pageerror", lambda error: str(error) == PUT_AWAY or page.problems.append(str(error))
        )
        page.on("request", lambda request: page.requested.append(request.url))
        page.goto(address)
        expect(page.locator("#box textarea")).to_be_visible()
        return page

    yield opened
    for each in lent:
        contexts.take_back(*each)


def stir(page, state):
    """Wakes ("active") or stops ("frozen") a page that tests share: one that nobody looks at draws
    its loader all the same.
    """
    session = page.context.new_cdp_session(page)
    session.send("Page.setWebLifecycleState", {"state": state})
    session.detach()


open_page = pytest.fixture(opener)
keep_open = pytest.fixture(opener, scope="module")  # for all the tests that share a page

LOUDNESS = """
const { start, stop } = AudioBufferSourceNode.prototype;
window.sounding = new Set();
AudioBufferSourceNode.prototype.start = function (...when) {
  window.played ??= new AnalyserNode(this.context, { fftSize: 256 });
  this.connect(window.played);
  window.sounding.add(this);
  this.addEventListener("ended", () => window.sounding.delete(this));
  return start.apply(this, when);
};
AudioBufferSourceNode.prototype.stop = function (...when) {
  window.sounding.delete(this);
  return stop.apply(this, when);
};
window.loudness = () => {
  const samples = new Float32Array(256);
  window.played?.getFloatTimeDomainData(samples);
  return Math.max(...samples.map(Math.abs));
};
"""  # of what the page plays right now, 0 to 1


@pytest.fixture(scope="module")
def desktop(keep_open):
    return keep_open()


def begin_anew(page):
    """A new conversation; where a person has the old one, that is asked for twice."""
    page.locator("#box textarea").fill("a draft that goes away")
    page.locator("#restart").click()
    again = page.get_by_role("button", name="Start a new conversation?")
    emptied = page.locator("#box textarea:placeholder-shown")
    expect(emptied.or_(again).first).to_be_visible()
    if again.is_visible():
        again.click()
    expect(page.locator("#box textarea")).to_have_value("")


@pytest.fixture
def page(desktop):
    """One page for most tests, because loading it takes longer than using it; each starts a new
    conversation.
    """
    stir(desktop, "active")
    begin_anew(desktop)
    expect(desktop.locator("#chat .bot-row")).to_have_count(0)
    desktop.get_by_label("Shopping", exact=True).check()
    desktop.get_by_label("Voice reply").uncheck()
    yield desktop
    stir(desktop, "frozen")
    assert desktop.problems == []


@pytest.fixture
def phone(page):
    page.set_viewport_size(PHONE)
    yield page
    page.set_viewport_size(DESKTOP)


CHANGES = """
async () => {
  let changes = 0;
  const seen = new MutationObserver((records) => { changes += records.length; });
  seen.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  await new Promise((end) => setTimeout(end, 1000));
  seen.disconnect();
  return changes;
}
"""


def test_a_page_that_nobody_uses_does_nothing(page):
    """What tidies it up after each change would otherwise begin again with each frame; what was
    begun before may end first.
    """
    assert any(page.evaluate(CHANGES) < 10 for _ in range(10))


@pytest.fixture(scope="module")
def whole_workshop(keep_open, address):
    return keep_open(address=f"{address}workshop")


@pytest.fixture
def workshop(whole_workshop):
    """The workshop, with a new conversation."""
    stir(whole_workshop, "active")
    whole_workshop.get_by_role("tab", name="Try it").click()
    begin_anew(whole_workshop)
    expect(whole_workshop.locator("#chat .bot-row")).to_have_count(0)
    yield whole_workshop
    stir(whole_workshop, "frozen")
    assert whole_workshop.problems == []


def ask(page, text, photo=None, knowledge=None, taken=True):
    if knowledge:
        page.get_by_role("radio", name=knowledge, exact=True).check()
    if photo:
        with page.expect_file_chooser() as chooser:
            page.locator("#box .upload-button").first.click()  # named in the page's language
        chooser.value.set_files(str(photo))
        expect(page.locator("#box .thumbnail-item")).to_be_visible()
        expect(page.locator("#box").get_by_role("listitem")).to_have_count(0)  # of no list
    asked = page.locator("#chat .user-row").count()
    page.locator("#box textarea").fill(text)
    page.locator("#box textarea").press("Enter")
    if taken:  # what is refused is taken back, perhaps before it was seen
        expect(page.locator("#chat .user-row")).to_have_count(asked + 1)


def finished(page):
    """The last reply, once the page takes a new question."""
    expect(page.locator("#panel .ms-turn:not([hidden]) .ms-outcome")).to_be_attached()
    expect(page.locator("#restart")).to_be_enabled()
    return page.locator("#chat .bot-row").last


# -- asking ---------------------------------------------------------------------------------


def test_a_typed_question_with_a_photo_ends_in_a_reply_with_a_source(page, service):
    ask(page, "What does E24 mean?", service.folder / "e24.png", "Smart home")
    reply = finished(page)
    expect(reply).to_contain_text("E24 means that the water does not drain.")
    expect(reply.get_by_role("img", name="Picture from the source")).to_be_visible()
    question = page.locator("#chat .user-row").last
    expect(question.get_by_role("img", name="Your photo")).to_be_visible()
    passage = page.locator("#passage-1-1")
    picture = reply.get_by_role("img", name="Picture from the source")
    assert picture.bounding_box()["y"] < passage.bounding_box()["y"]  # it belongs to the words
    expect(passage.locator("p").first).to_be_hidden()
    reply.get_by_role("link", name="1").first.click()
    expect(passage.locator("summary")).to_be_focused()
    expect(passage.locator("mark").first).to_be_visible()
    expect(passage).to_contain_text("Then start the pump-out programme.")


def test_how_a_reply_came_about_opens_by_a_quiet_link_and_closes_again(page, service):
    ask(page, "What does E24 mean?", service.folder / "e24.png", "Smart home")
    why = finished(page).get_by_role("button", name="Why this answer?")
    expect(page.locator("#panel")).to_be_hidden()
    why.click()
    expect(page.locator("#panel")).to_contain_text("washing machine 81%")
    expect(page.locator("#turn-1")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    expect(why).to_be_focused()
    why.click()
    language, box = page.get_by_label("Language"), page.get_by_label("Your message")
    edge = language.bounding_box()["x"] + language.bounding_box()["width"]
    assert edge < page.locator("#ms-side").bounding_box()["x"]  # it lies over nothing
    page.set_viewport_size(PHONE)
    expect(page.locator("#ms-header[inert] ~ * > #ms-talk[inert]")).to_have_count(1)
    box.evaluate("e => e.focus()")
    expect(box).not_to_be_focused()  # it lies under the panel
    page.set_viewport_size(DESKTOP)
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#panel")).to_be_hidden()
    expect(page.locator("[inert]")).to_have_count(0)


def test_in_the_workshop_it_stands_beside_the_conversation(workshop, service):
    ask(workshop, "What does E24 mean?", service.folder / "e24.png", "Smart home")
    reply = finished(workshop)
    expect(workshop.locator("#panel")).to_contain_text("washing machine 81%")
    expect(workshop.locator("#panel .ms-weights li")).to_have_count(3)
    expect(workshop.locator("#ms-status")).to_contain_text("CPU")
    source = workshop.locator("#source-1-1")
    expect(source).to_contain_text("Error E24 on the washing machine")
    expect(source.locator("img")).to_be_visible()
    reply.get_by_role("link", name="1").first.click()
    expect(source).to_have_class(re.compile("ms-lit"))


def test_customers_see_no_technology(page):
    text = page.locator("body").inner_text()
    for word in ("CPU", "bfloat16", "Evaluation", "Workshop", "API", "Gradio", "Settings"):
        assert word not in text
    assert page.get_by_role("tab").count() == 0


LONG = "How do I return an order? " * 60  # over the 1,000 characters that Gradio takes for a file
PASTE = """([text]) => {
  const field = document.querySelector('#box textarea'), data = new DataTransfer();
  field.focus();
  data.setData('text/plain', text);
  const given = { clipboardData: data, bubbles: true, cancelable: true };
  if (field.dispatchEvent(new ClipboardEvent('paste', given))) {
    document.execCommand('insertText', false, text);
  }
}"""


def test_a_long_text_that_is_pasted_stays_text(page, service):
    page.evaluate(PASTE, [LONG])
    expect(page.locator("#box textarea")).to_have_value(LONG)
    expect(page.locator("#box .thumbnail-item")).to_have_count(0)
    page.locator("#box textarea").press("Enter")
    expect(finished(page)).to_contain_text("pick-up point")
    assert service.turns[-1].text.strip() == LONG.strip()


@pytest.mark.parametrize(
    "text, files, told",
    [
        ("a" * 4_001, [], "shorten it to 4,000"),
        ("   ", [], "nothing to answer"),
        ("my terms", ["terms.pdf"], "neither a photo nor a recording"),
        ("five", ["e24.png", "router.png"] * 2 + ["e24.png"], "has 5 photos"),
    ],
)
def test_what_cannot_be_sent_stays_in_the_box_under_a_sentence(page, service, text, files, told):
    (service.folder / "terms.pdf").write_bytes(b"%PDF-1.4")
    paths = [str(service.folder / name) for name in files]
    if paths:
        page.locator("#box input[type=file]").first.set_input_files(paths)
        expect(page.locator("#box .thumbnail-item")).to_have_count(len(paths))
    page.locator("#box textarea").fill(text)
    page.locator("#box .submit-button").click()
    expect(page.get_by_role("alert").filter(has_text=told)).to_be_visible()
    assert page.locator("#chat .user-row").count() == 0
    expect(page.locator("#box textarea")).to_have_value(text)
    page.locator("#box textarea").press("End")
    page.keyboard.type("x")
    expect(page.get_by_role("alert")).to_have_count(0)
    page.keyboard.press("Backspace")
    page.locator("#box .submit-button").click()
    expect(page.get_by_role("alert").filter(has_text=told)).to_be_visible()


def test_what_a_question_back_names_can_be_tapped(page, service):
    ask(page, "which code washing machine E24", knowledge="Smart home")
    reply = finished(page)
    expect(reply).to_contain_text("Which one do you mean?")
    choice = page.get_by_role("button", name="Which code the washing machine shows")
    assert choice.bounding_box()["height"] < 50  # on one line, since there is room
    choice.click()
    expect(page.locator("#chat .user-row")).to_have_count(2)
    expect(finished(page)).to_be_visible()
    assert service.turns[-1].text == "Which code the washing machine shows"


def test_a_refusal_offers_a_person_and_no_thumbs(page):
    ask(page, "zebras")
    expect(finished(page)).to_contain_text("cannot answer")
    for name in ("Dislike", "Copy message"):
        assert page.locator("#chat").get_by_role("button", name=name).is_hidden()
    page.locator("#chat").get_by_role("button", name="Talk to a person").click()
    expect(page.locator("#chat .bot-row").last).to_contain_text("handing you over to a person")


def test_another_base_is_marked_by_a_line(page):
    ask(page, "return an order")
    finished(page)
    ask(page, "E24", knowledge="Smart home")
    finished(page)
    expect(page.locator(".ms-divider")).to_have_text("From here on about: Smart home")
    ask(page, "router")
    finished(page)
    expect(page.locator(".ms-divider")).to_have_count(1)


def test_a_bubble_is_no_wider_than_the_photo_below_a_few_words(page, service):
    ask(page, "What is this?", service.folder / "e24.png")
    finished(page)
    bubble = page.locator("#chat .user")
    photo = bubble.locator(".image-container img").bounding_box()
    assert bubble.bounding_box()["width"] < photo["width"] + 40


def test_pictures_are_small_and_grow_when_they_are_pressed(page, service):
    ask(page, "E24", service.folder / "e24.png", "Smart home")
    picture = finished(page).get_by_role("img", name="Picture from the source")
    small = picture.bounding_box()
    assert small["height"] <= 120
    page.get_by_role("button", name="Enlarge the picture").last.click()
    large = page.locator("dialog img")
    expect(large).to_be_visible()
    assert large.bounding_box()["height"] > 2 * small["height"]
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)


def test_a_new_question_goes_to_the_top_and_its_reply_is_read_from_the_beginning(phone):
    page = phone
    for _ in range(3):
        ask(page, "return an order")
        finished(page)
    ask(page, "hostile " + "words " * 300)
    finished(page)
    page.wait_for_timeout(300)
    chat = page.locator("#chat .bubble-wrap").bounding_box()
    question = page.locator("#chat .user-row").last.bounding_box()
    assert abs(question["y"] - chat["y"]) < 40


def test_what_a_question_back_offers_is_in_sight_below_its_beginning_on_a_small_screen(phone):
    phone.set_viewport_size({"width": 390, "height": 680})
    ask(phone, "return an order")
    finished(phone)
    ask(phone, "which code washing machine E24", knowledge="Smart home")
    expect(finished(phone)).to_contain_text("Which one do you mean?")
    box = phone.locator("#box").bounding_box()
    small = [phone.locator(f"#box .{name}-button") for name in ("upload", "microphone", "submit")]
    for size in (button.bounding_box() for button in small):
        assert min(size["width"], size["height"]) >= 44
    for choice in phone.locator("#chat .options button").all():
        expect(choice).to_be_in_viewport(ratio=1)
        assert choice.bounding_box()["y"] < box["y"]
    expect(phone.get_by_text("Which one do you mean?").last).to_be_in_viewport()


def test_what_is_rated_can_be_hit_with_a_finger(page):
    ask(page, "return an order")
    finished(page)
    for name in ("Like", "Dislike", "Copy message"):
        button = page.locator("#chat .message-buttons-left").get_by_role(
            "button", name=name, exact=True
        )
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 44, name


HARD_TO_HIT = """() => {
  const pressed = 'button, a:not([href*=passage]), textarea, select, summary, label:has(input)';
  const shown = (e) => e.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  const hits = (e, x, y) => e.contains(document.elementFromPoint(x, y));
  const reach = (e, x, y, dx, dy) => {
    let far = 0;
    while (far < 22 && hits(e, x + dx * (far + 1), y + dy * (far + 1))) far++;
    return far;
  };
  return [...document.querySelectorAll(pressed)].filter(shown).map((e) => {
    const { x, y, width, height } = e.getBoundingClientRect();
    const at = [e, x + width / 2, y + height / 2];
    const view = e.closest("#chat")?.getBoundingClientRect();
    const cut = view && (y < view.top || y + height > view.bottom);
    if (cut || !hits(...at)) return null;  // scrolled out of sight
    const across = reach(...at, -1, 0) + reach(...at, 1, 0);
    const down = reach(...at, 0, -1) + reach(...at, 0, 1);
    return [e.ariaLabel || e.innerText || e.id, across + 1, down + 1];
  }).filter((found) => found && Math.min(found[1], found[2]) < 44);
}"""  # by what lies under a finger, not by what is drawn


def everything_can_be_hit(page):
    for _ in range(20):  # what was pressed takes a moment to come to rest
        if not (hard := page.evaluate(HARD_TO_HIT)):
            break
        page.wait_for_timeout(250)
    assert hard == []


def test_on_a_phone_everything_can_be_hit_with_a_finger(phone, service):
    everything_can_be_hit(phone)
    photos = [str(service.folder / name) for name in ("router.png", "e24.png")]
    phone.locator("#box input[type=file]").first.set_input_files(photos)
    remove = phone.get_by_role("button", name="Remove file")
    expect(remove).to_have_count(2)
    for each in remove.all():
        expect(each).to_have_css("opacity", "1")  # nothing is pointed at on a phone
    everything_can_be_hit(phone)
    the_phone_is_wide_enough(phone)
    phone.locator("#speak label").click()
    ask(phone, "return an order")
    reply = finished(phone)
    expect(reply.get_by_role("button", name="Play")).to_be_visible()
    phone.locator("#chat .message-buttons-left").last.scroll_into_view_if_needed()
    everything_can_be_hit(phone)
    phone.get_by_role("button", name="Dislike").click()
    label = phone.locator("#comment-row label span").first
    expect(label).to_be_visible()
    everything_can_be_hit(phone)
    reply.get_by_role("button", name="Why this answer?").click()
    over = label.evaluate("""(label) => {
      const drawer = document.querySelector("#ms-side");
      return getComputedStyle(drawer).zIndex - getComputedStyle(label).zIndex;
    }""")
    assert over > 0  # nothing shines through
    phone.keyboard.press("Escape")
    the_phone_is_wide_enough(phone)


def test_the_address_names_the_base_and_that_it_is_embedded(open_page, address, service):
    corner = {"width": 400, "height": 640}
    page = open_page(corner, address=f"{address}?knowledge=smart-home&embed=1")
    assert page.evaluate("document.documentElement.scrollHeight") <= corner["height"]
    page.locator("#box textarea").fill("E24")
    page.locator("#box textarea").press("Enter")
    finished(page)
    assert service.turns[-1].knowledge == "smart-home"
    expect(page.locator("#picker")).to_be_hidden()
    unknown = open_page(address=f"{address}?knowledge=no-such-base")
    expect(unknown.locator("#picker input:checked")).to_have_value("shopping")


REFUSED = """() => {
  const refuse = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
  Object.defineProperty(navigator.mediaDevices, 'getUserMedia', { value: refuse, writable: true });
}"""


def test_a_microphone_that_the_browser_refuses_is_told_in_a_sentence(browser, address):
    context = browser.new_context(viewport=DESKTOP)
    context.add_init_script(f"({REFUSED})()")
    page = context.new_page()
    page.goto(address)
    page.get_by_label("Record audio").click()
    expect(page.get_by_role("alert")).to_contain_text("does not let this page use the microphone")
    page.get_by_label("Hands-free").click()
    expect(page.locator(".ms-voice")).to_contain_text("does not let this page use the microphone")
    expect(page.get_by_label("Hands-free")).not_to_be_checked()
    context.close()


def test_a_draft_is_there_again_after_a_reload_and_what_was_sent_is_not(open_page):
    page = open_page()
    box = page.locator("#box textarea")
    box.fill("half a question")
    page.reload()
    expect(box).to_have_value("half a question")
    box.press("End")
    page.keyboard.type(" about E24")
    box.press("Enter")
    finished(page)
    assert page.locator("#chat .user-row").last.inner_text() == "half a question about E24"
    page.reload()
    expect(page.locator("#chat .user-row")).to_have_count(1)
    page.evaluate("window.msOpened")
    expect(box).to_have_value("")


def test_a_reply_with_pictures_can_be_copied(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, "E24", knowledge="Smart home")
    finished(page)
    page.get_by_role("button", name="Copy the reply").last.click()
    expect(page.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("E24 means that the water does not drain.")
    assert "Why this answer" not in copied and "flap" in copied


def test_several_photos_are_asked_about_at_once(page, service):
    photos = [str(service.folder / name) for name in ("e24.png", "router.png")]
    page.locator("#box input[type=file]").first.set_input_files(photos)
    expect(page.locator("#box .thumbnail-item")).to_have_count(2)
    ask(page, "What does E24 mean?")
    finished(page)
    assert len(service.turns[-1].photos) == 2
    question = page.locator("#chat .user-row").last
    expect(question.get_by_role("img", name="Your photo")).to_have_count(2)


def test_the_same_photo_can_be_sent_again(page, service):
    for _ in range(2):
        ask(page, "E24", service.folder / "e24.png", "Smart home")
        finished(page)
        assert service.turns[-1].image.name == "e24.png"


def test_what_was_understood_of_earlier_turns_stays_on_the_page(page):
    """Only the latest of it is sent with a reply, and all of it when the page is loaded again."""
    for number, text in enumerate(("return an order", "refund"), start=1):
        ask(page, text)
        finished(page)
        expect(page.locator("#panel .ms-turn")).to_have_count(number)
    page.locator("#chat a[href$='#turn-1']").click()
    expect(page.locator("#turn-1")).to_contain_text("return an order")
    expect(page.locator("#turn-2")).to_be_hidden()
    page.keyboard.press("Escape")
    page.reload()
    expect(page.locator("#panel .ms-turn")).to_have_count(2)
    begin_anew(page)
    expect(page.locator("#panel .ms-turn")).to_have_count(0)


def test_an_older_reply_brings_its_sources_back(workshop):
    ask(workshop, "E24", knowledge="Smart home")
    finished(workshop)
    ask(workshop, "router")
    expect(workshop.locator("#turn-2 .ms-outcome")).to_be_visible()
    finished(workshop)
    expect(workshop.locator("#turn-1")).to_be_hidden()
    link = workshop.locator("#chat .bot-row").first.get_by_role("link", name="1").first
    source = workshop.locator("#source-1-1")
    for _ in range(5):  # what is still drawn below moves the link away from a click
        link.click()
        with suppress(AssertionError):
            expect(source).to_be_visible(timeout=5_000)
            break
    expect(source).to_be_visible()
    expect(workshop.locator("#turn-2")).to_be_hidden()


def test_a_recorded_question_is_heard_answered_and_can_be_corrected(page, service):
    page.get_by_label("Smart home", exact=True).check()
    record(page)
    page.get_by_label("Submit").click()
    finished(page)
    assert service.turns[-1].audio.stat().st_size > 10_000
    transcript = page.get_by_label("Heard", exact=True)
    expect(transcript).to_have_value(HEARD.text)
    expect(page.locator("#chat .user-row .minimal-audio-player")).to_be_visible()
    expect(page.locator("#passage-1-1")).to_be_visible()
    page.reload()
    expect(transcript).to_have_value(HEARD.text)
    expect(transcript).to_be_visible()
    transcript.fill("My router blinks")
    page.get_by_role("button", name="ask again").click()
    expect(page.locator("#chat .bot-row").last).to_contain_text("Unplug the router")
    assert service.turns[-1].text == "My router blinks" and service.turns[-1].audio is None
    expect(transcript).to_be_hidden()
    with page.expect_event("pageerror"):  # only what a player cancels is no error
        page.evaluate("() => void Promise.reject(new DOMException('', 'AbortError'))")
    page.problems.clear()


def record(page, seconds=1.0):
    """Leaves a recording in the box."""
    page.get_by_label("Record audio").click()
    page.get_by_label("Stop recording").wait_for()
    time.sleep(seconds)
    page.get_by_label("Stop recording").click()
    expect(page.get_by_label("Remove file")).to_be_attached()


def test_what_was_recorded_is_heard_before_it_is_sent_or_taken_away(page, service):
    asked = len(service.turns)
    record(page, 1.2)
    listen = page.get_by_role("button", name="Listen to the recording")
    expect(listen).to_have_text(re.compile("0:0[1-9]"))
    expect(listen).to_be_focused()
    listen.press("Enter")
    expect(page.get_by_role("button", name="Pause the recording")).to_be_visible()
    expect(listen).to_be_visible()  # played to its end
    page.get_by_label("Remove file").click()
    expect(page.locator("#box .thumbnail-item")).to_have_count(0)
    assert len(service.turns) == asked


def test_a_photo_beside_a_recording_is_no_recording(page, service):
    record(page)
    with page.expect_file_chooser() as chooser:
        page.locator("#box .upload-button").first.click()
    chooser.value.set_files(str(service.folder / "e24.png"))
    things = page.locator("#box .thumbnail-item")
    expect(things).to_have_count(2)
    expect(things.nth(0).locator(".ms-listen")).to_be_visible()
    expect(things.nth(1).locator(".ms-listen")).to_have_count(0)
    things.nth(0).locator(".delete-button").click()
    expect(things).to_have_count(1)
    expect(page.locator("#box .ms-listen")).to_have_count(0)


def voice_is(page, state):
    return expect(page.locator(".ms-voice")).to_have_attribute("data-state", state)


def test_a_spoken_reply_plays_while_it_is_written_and_again_later(page, service):
    page.get_by_label("Voice reply").check()
    service.delay = 0.3
    try:
        ask(page, "return an order")
        page.wait_for_function("window.loudness() > 0.05")
        assert page.locator("#box .stop-button").count()  # the rest is still written
    finally:
        service.delay = 0.01
    finished(page)
    voice_is(page, "off")
    page.wait_for_function("window.loudness() == 0")  # of what sounded just before
    player = page.locator("#chat .bot-row .minimal-audio-player")
    player.get_by_role("button", name="Play").click()
    player.get_by_role("button", name="Pause").wait_for()


STOP_AND_COUNT = """(press) => {
  if (press === 'Escape') document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }));
  else document.querySelector(press).click();
  return window.sounding.size;
}"""


@pytest.mark.parametrize("press", [".ms-voice-stop", "#box .stop-button", "Escape"])
def test_speaking_stops_at_once(page, service, monkeypatch, press):
    monkeypatch.setattr(fake_service, "SENTENCE", 5.0)
    page.get_by_label("Voice reply").check()
    service.delay = 0.3
    try:
        ask(page, "return an order")
        page.wait_for_function("window.loudness() > 0.05")
        expect(page.get_by_role("button", name="Stop speaking")).to_be_visible()
        assert page.evaluate("window.sounding.size") > 0
        assert page.evaluate(STOP_AND_COUNT, press) == 0  # within the press itself
    finally:
        service.delay = 0.01
    expect(page.get_by_role("button", name="New conversation")).to_be_enabled()
    page.wait_for_timeout(500)
    assert page.evaluate("window.loudness()") == 0  # later sentences of this reply stay silent
    voice_is(page, "off")


# -- hands-free -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def talker(keep_open, start_browser, tmp_path_factory):
    """A page whose microphone hears somebody who says something every six seconds."""
    second = np.arange(48_000) / 48_000
    syllables = 0.5 * np.sin(2 * np.pi * 300 * second) * (np.sin(2 * np.pi * 4 * second) > 0)
    said = np.concatenate(
        [np.zeros(48_000), syllables, syllables[:24_000], np.zeros(3 * 48_000 + 24_000)]
    )
    path = tmp_path_factory.mktemp("talker") / "said.wav"
    Audio(said.astype(np.float32), 48_000).save(path)
    return keep_open(browser=start_browser(path))


@pytest.fixture
def hands_free(talker, service):
    service.turns.clear()
    stir(talker, "active")
    begin_anew(talker)
    talker.get_by_label("Smart home", exact=True).check()
    expect(talker.locator("#chat .bot-row")).to_have_count(0)
    talker.get_by_label("Hands-free").check()
    voice_is(talker, "listening")
    yield talker
    talker.get_by_label("Hands-free").uncheck()
    voice_is(talker, "off")
    stir(talker, "frozen")
    assert talker.problems == []


def test_two_turns_without_a_click(hands_free, service):
    page = hands_free
    expect(page.locator(".ms-voice-words")).to_have_text("My washing")  # while it is spoken
    for number in (0, 1):  # a slow machine may be a turn further, as the recording goes on
        expect(page.locator("#chat .user-row").nth(number)).to_contain_text(HEARD.text)
        page.wait_for_function("window.loudness() > 0.05")
        expect(page.locator("#chat .bot-row").nth(number)).to_contain_text("left of the door")
    first, second = service.turns[:2]
    assert first.heard == second.heard == HEARD and first.speak and second.session_id
    assert service.expected[-1] == HEARD.language  # from the turn before
    page.get_by_label("Hands-free").uncheck()  # the recording goes round and round
    transcript = page.get_by_label("Heard", exact=True)
    expect(transcript).to_have_value(HEARD.text)
    transcript.fill("My router blinks")
    transcript.press("Enter")
    expect(page.locator("#chat .bot-row").last).to_contain_text("Unplug the router")


def test_the_customer_interrupts_the_spoken_reply(hands_free, service, monkeypatch):
    monkeypatch.setattr(fake_service, "SENTENCE", 40.0)
    page = hands_free
    page.wait_for_function("window.loudness() > 0.05")
    page.wait_for_function(
        "window.loudness() === 0", timeout=39_000
    )  # long before the reply is over
    expect(page.locator("#chat .user-row").nth(1)).to_be_visible()
    assert service.turns[1].heard == HEARD
    assert service.turns[1].unheard and not service.turns[0].unheard


WAITS = """() => {
  window.waits = [];
  for (const name of ['suspend', 'resume']) {
    const own = AudioContext.prototype[name];
    AudioContext.prototype[name] = function () { window.waits.push(name); return own.call(this); };
  }
}"""


def test_a_sound_without_words_makes_the_reply_wait_and_go_on(hands_free, service, monkeypatch):
    monkeypatch.setattr(fake_service, "SENTENCE", 40.0)
    hear = FakeEar.transcribe

    monkeypatch.setattr(
        FakeEar,
        "transcribe",
        lambda ear, waveform, language=None, previous=None, draft=False, *more: (
            Transcript("") if draft else hear(ear, waveform)
        ),
    )
    page = hands_free
    page.evaluate(WAITS)
    page.wait_for_function("window.waits.indexOf('suspend') >= 0")
    page.wait_for_function("window.waits.lastIndexOf('resume') > window.waits.indexOf('suspend')")
    page.wait_for_function("window.loudness() > 0.05")
    expect(page.locator("#chat .user-row")).to_have_count(1)
    assert len(service.turns) == 1


def test_switched_on_again_the_microphone_begins_anew(hands_free, monkeypatch):
    """What was half said before is no part of the next turn, which may come from a headset with
    another rate.
    """
    hear, names = Ears.hear, set()
    monkeypatch.setattr(
        Ears, "hear", lambda ears, piece: names.add(piece["tab"]) or hear(ears, piece)
    )
    page = hands_free
    expect(page.locator(".ms-voice-words")).to_have_text("My washing")
    page.get_by_label("Hands-free").uncheck()
    voice_is(page, "off")
    page.get_by_label("Hands-free").check()
    expect(page.locator("#chat .user-row")).to_contain_text(HEARD.text)
    assert len(names) == 2


def test_every_example_card_gets_a_reply(page, service):
    cards = page.locator("#chat .example")
    expect(cards).to_have_count(len(EXAMPLES))
    for number, example in enumerate(EXAMPLES):
        expect(cards.nth(number).locator("img")).to_be_visible()
        cards.nth(number).click()
        finished(page)
        turn = service.turns[-1]
        assert (turn.text, bool(turn.image), bool(turn.audio)) == (
            example.text,
            bool(example.photo),
            bool(example.recording),
        )
        expect(page.locator("#picker input:checked")).to_have_value(example.knowledge)
        page.get_by_role("button", name="New conversation").click()
        expect(page.locator("#chat .bot-row")).to_have_count(0)


def test_a_person_can_be_asked_for_at_any_time(page):
    page.get_by_role("button", name="Talk to a person").click()
    expect(finished(page)).to_contain_text("handing you over to a person")
    expect(page.locator("#panel .ms-outcome")).to_have_text("Handed over to a person")


def test_a_reply_can_be_stopped_and_the_next_question_works(page, service):
    service.delay = 1.0
    try:
        ask(page, "return an order")
        expect(page.locator("#chat .bot-row")).to_contain_text("You can")
        page.locator("#box .stop-button").click()
        assert service.closed.wait(5)
        expect(page.locator("#chat .bot-row")).to_contain_text("Stopped.")
    finally:
        service.delay = 0.01
    ask(page, "return an order")
    expect(finished(page)).to_contain_text("pick-up point")


def test_stopped_at_any_stage_a_reply_never_ends_in_an_error(page, service, monkeypatch):
    replied, stage = service.reply, {}

    def halting(turn):
        for number, event in enumerate(replied(turn)):
            if number == stage["number"]:
                stage["goes_on"].wait(PATIENCE / 1000)
            yield event
        stage["goes_on"].wait(PATIENCE / 1000)  # it is said, and still ends

    monkeypatch.setattr(service, "reply", halting)
    for number, before, after in [
        (0, "", "Stopped."),
        (3, "You can", "Stopped."),
        (99, "pick-up point", "pick-up point"),
    ]:
        stage.update(number=number, goes_on=threading.Event())
        ask(page, "return an order")
        expect(page.locator("#chat .bot-row").last).to_contain_text(before)
        page.locator("#box .stop-button").click()
        expect(page.locator("#chat .bot-row").last).to_contain_text(after)
        stage["goes_on"].set()
    expect(page.get_by_role("button", name="New conversation")).to_be_enabled()
    expect(page.locator("#chat").get_by_text("Error", exact=True)).to_have_count(0)
    expect(page.locator(".toast-body")).to_have_count(0)


def test_what_is_entered_while_a_reply_still_ends_is_sent_when_it_has(page, service, monkeypatch):
    ends, replied = threading.Event(), service.reply

    def lingers(turn):
        yield from replied(turn)
        ends.wait(PATIENCE / 1000)

    monkeypatch.setattr(service, "reply", lingers)
    page.locator("#chat .example").first.click()
    expect(page.locator("#panel .ms-turn:not([hidden]) .ms-outcome")).to_be_attached()
    expect(page.locator("#restart")).to_be_disabled()
    page.locator("#box textarea").fill("return an order")
    page.locator("#box textarea").press("Enter")
    page.locator("#box textarea").press("Enter")
    ends.set()
    expect(page.locator("#chat .user-row")).to_have_count(2)
    finished(page)
    expect(page.locator("#box textarea")).to_have_value("")
    expect(page.locator("#chat .user-row")).to_have_count(2)
    expect(page.locator("#chat .bot-row").first).to_contain_text("Why this answer?")


@pytest.fixture
def slow_visit(service, monkeypatch):
    """(set once a message has come, taken once it is set): the server takes its time."""
    sent, takes, visit = threading.Event(), threading.Event(), service.visit

    def slow_visit(*given):
        sent.set()
        takes.wait(PATIENCE / 1000)
        return visit(*given)

    monkeypatch.setattr(service, "visit", slow_visit)
    return sent, takes


@pytest.mark.parametrize("press", ["key", "button"])
def test_what_is_entered_while_the_server_takes_a_message_is_sent_next(page, slow_visit, press):
    sent, takes = slow_visit
    box = page.locator("#box textarea")
    ask(page, "return an order", taken=False)
    assert sent.wait(PATIENCE / 1000)
    box.press_sequentially(" What does E24 mean?")
    box.press("Enter") if press == "key" else page.locator("#box .submit-button").click()
    takes.set()
    expect(page.locator("#chat .user-row")).to_have_text(["return an order", "What does E24 mean?"])
    finished(page)
    expect(box).to_have_value("")


def test_what_is_typed_while_the_server_takes_or_refuses_a_message_stays(
    page, service, slow_visit, monkeypatch
):
    (sent, takes), refuses, asked = slow_visit, threading.Event(), []

    def refused(turn):
        asked.append(turn.text)
        refuses.wait(PATIENCE / 1000)
        raise BusyError("busy", 5.0)
        yield

    monkeypatch.setattr(service, "reply", refused)
    ask(page, "return an order", taken=False)
    assert sent.wait(PATIENCE / 1000)
    page.locator("#box textarea").press_sequentially(" by post")
    takes.set()
    expect(page.locator("#chat .user-row")).to_have_text("return an order")
    expect(page.locator("#box textarea")).to_have_value("by post")
    page.locator("#box textarea").press("Enter")  # which does not send what comes back
    refuses.set()
    expect(page.locator("#box textarea")).to_have_value("return an order by post")
    expect(page.locator("#chat .user-row")).to_have_count(0)
    page.wait_for_timeout(1000)
    assert asked == ["return an order"]


def test_what_cannot_be_used_stays_in_the_box_and_the_next_question_works(page, service):
    (service.folder / "broken.png").write_bytes(b"no picture")
    ask(page, "what is it", service.folder / "broken.png", taken=False)
    expect(page.locator("#ms-notice")).to_contain_text("not a photo that can be read")
    expect(page.locator("#box textarea")).to_have_value("what is it")
    page.locator("#box .delete-button").click()
    ask(page, "return an order")
    expect(finished(page)).to_contain_text("30 days")


def test_the_page_answers_while_models_load(open_page, assets):
    loading = FakeService(loaded=False)
    demo, url = launch(loading, assets)
    try:
        page = open_page(address=url)
        ask(page, "return an order")
        expect(page.locator("#chat .bot-row")).to_contain_text("The assistant is starting")
        lead = open_page(address=f"{url}workshop")
        expect(lead.locator("#ms-status")).to_contain_text("Models are still loading")
        loading.loaded.set()
        expect(finished(page)).to_contain_text("30 days")
        expect(lead.locator("#ms-status")).to_contain_text("Ready")
        expect(lead.locator("#ms-status")).to_contain_text("CPU")
        assert page.locator("#ms-status p").count() == 0
    finally:
        demo.close()


def test_feedback_lands_with_its_turn(page, service):
    rated = len(service.ratings)
    ask(page, "return an order")
    finished(page)
    turn = service.turn_ids[-1]
    page.locator("#chat").get_by_role("button", name="Dislike").click()
    page.get_by_label("What was wrong?").fill("I wanted a refund")
    page.get_by_label("What was wrong?").press("Enter")
    expect(page.get_by_label("What was wrong?")).to_be_hidden()
    page.locator("#chat").get_by_role("button", name="Like", exact=True).click()
    expect(page.locator("#chat").get_by_role("button", name="Liked")).to_be_visible()
    deadline = time.monotonic() + 5
    while len(service.ratings) < rated + 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert service.ratings[rated:] == [
        (turn, "down", ""),
        (turn, "down", "I wanted a refund"),
        (turn, "up", ""),
    ]


# -- a person takes over --------------------------------------------------------------------


@pytest.fixture
def open_desk(browser, address, contexts):
    """open_desk(name, viewport) -> the desk as an agent of that name has it open."""
    lent = []

    def opened(name="", viewport=DESKTOP, key=KEY):
        lent.append(contexts.lend(browser))
        desk = lent[-1].new_page()
        desk.set_viewport_size(viewport)
        desk.set_default_timeout(PATIENCE)
        desk.goto(desk_link(address, key))
        if key == KEY:
            desk.get_by_label("Your name").fill(name)
        return desk

    yield opened
    for context in lent:
        contexts.take_back(browser, context)


@pytest.fixture
def customer(page):
    """The page of a customer who asked something, and then for a person."""
    ask(page, "What does E24 mean?", knowledge="Smart home")
    finished(page)
    page.get_by_role("button", name="Talk to a person").click()
    expect(page.locator("#people")).to_contain_text("Waiting for a person")
    return page


def test_the_pill_covers_no_line_about_a_person(customer):
    pill = customer.locator(".ms-voice")
    pill.evaluate("pill => { pill.dataset.state = 'listening'; }")
    above, line = pill.bounding_box(), customer.locator(".ms-people").bounding_box()
    assert above["y"] + above["height"] <= line["y"]


def test_the_address_of_an_open_conversation_keeps_the_language(customer, open_desk):
    desk = open_desk("Ada")
    desk.goto(f"{desk.url.partition('#')[0]}?lang=zh")
    desk.locator(".ms-case.ms-waiting").last.click()
    expect(desk.locator("#chat")).to_contain_text("the water does not drain")
    desk.reload()
    expect(desk.locator("#chat")).to_contain_text("the water does not drain")
    expect(desk.locator("html")).to_have_attribute("lang", "zh")


def test_a_person_takes_over_answers_and_gives_back(customer, open_desk):
    desk, other = open_desk("Ada"), open_desk("Bo")
    case = desk.locator(".ms-case.ms-waiting").last
    expect(case).to_contain_text("What does E24 mean?")
    expect(desk.get_by_label("Your answer")).to_be_hidden()  # nothing is open
    for page in (desk, other):
        page.locator(".ms-case.ms-waiting").last.click()
        expect(page.locator("#chat .bot-row").first).to_contain_text("the water does not drain")
    assert KEY not in desk.url and "(" in desk.title()
    desk.get_by_role("button", name="Take").click()
    expect(customer.locator("#people")).to_contain_text("Ada has joined")
    expect(customer.locator("#person")).to_be_hidden()
    desk.get_by_label("Your answer").fill("Is the <b>filter</b> clean?")
    desk.get_by_label("Your answer").press("Enter")
    message = customer.get_by_role("group", name="Ada")
    expect(message).to_contain_text("Is the <b>filter</b> clean?")
    expect(other.locator("#about")).to_contain_text("With Ada")
    other.locator("#about").click()
    other.keyboard.press("c")
    other.get_by_role("button", name="Spam").click()
    expect(other.locator(".toast-body")).to_contain_text("is with Ada")
    ask(customer, "Yes, it is.")
    expect(desk.locator("#chat")).to_contain_text("Yes, it is.")
    customer.reload()
    expect(message).to_contain_text("Is the <b>filter</b> clean?")
    expect(customer.locator("#people")).to_contain_text("Ada has joined")
    expect(customer.locator("#picker input:checked")).to_have_value("smart-home")
    desk.reload()
    expect(desk.get_by_label("Your name")).to_have_value("Ada")
    expect(desk.locator("#chat")).to_contain_text("Yes, it is.")  # as it was open before
    desk.locator("#do-close summary").click()
    desk.get_by_role("button", name="Solved", exact=True).click()
    expect(customer.locator("#people")).to_contain_text("Ada has closed")
    desk.get_by_role("button", name="Open again").click()
    expect(customer.locator("#people")).to_contain_text("Ada has joined")
    desk.get_by_role("button", name="Give back").click()
    expect(customer.locator("#people")).to_contain_text("Ada has left")
    expect(customer.locator("#person")).to_be_visible()
    ask(customer, "What does E24 mean?")
    expect(finished(customer)).to_contain_text("the water does not drain")


def test_what_is_begun_at_the_desk_stays_with_its_conversation_until_it_is_sent(
    customer, open_desk, open_page, service, monkeypatch
):
    other = open_page()
    ask(other, "What does E24 mean?", knowledge="Smart home")
    finished(other)
    other.get_by_role("button", name="Talk to a person").click()
    desk = open_desk("Ada")
    waiting = desk.locator(".ms-case.ms-waiting")
    first, second = (waiting.nth(n).get_attribute("data-conversation") for n in (-2, -1))
    answer, note = desk.get_by_label("Your answer"), desk.get_by_label("Note")

    def opens(conversation):
        desk.locator(f"#cases [data-conversation='{conversation}']").click()
        expect(desk.locator(f"#about [data-conversation='{conversation}']")).to_be_visible()

    opens(first)
    answer.fill("Dear customer,")
    note.fill("a regular")
    opens(second)
    expect(answer).to_have_value("")
    expect(note).to_have_value("")
    look = DeskPage.look

    def slow_look(*given):
        shown = look(*given)
        time.sleep(1)
        return shown

    with monkeypatch.context() as patch:
        patch.setattr(DeskPage, "look", slow_look)
        desk.locator(f"#cases [data-conversation='{second}']").click()  # a second time
        answer.fill("Hello,")
        time.sleep(2.5)
    expect(answer).to_have_value("Hello,")
    desk.goto("about:blank")  # without a word to the server
    desk.goto(f"{other.url}desk#conversation={first}")
    expect(answer).to_have_value("Dear customer,")
    expect(note).to_have_value("a regular")
    desk.get_by_label("Your name").fill("Ada")
    say = service.desk.say

    def slowly(*given):
        time.sleep(1)
        say(*given)

    monkeypatch.setattr(service.desk, "say", slowly)
    answer.press("Enter")
    answer.press_sequentially(" and more")  # while that is sent
    expect(answer).to_have_value("and more")
    desk.reload()
    expect(answer).to_have_value("and more")
    expect(note).to_have_value("a regular")
    desk.locator("#sign-out").click()
    assert "more" not in desk.evaluate("JSON.stringify(sessionStorage)")
    service.desk.take(second, "Ada")
    for conversation in (first, second):
        service.desk.close(conversation, "Ada", "solved")


NOTES = """
window.notes = 0;
const { start } = OscillatorNode.prototype;
OscillatorNode.prototype.start = function (...when) {
  window.notes += 1;
  return start.apply(this, when);
};
"""  # how many the page has played


def test_a_conversation_that_begins_to_wait_sounds_where_that_is_wanted(page, open_desk):
    wanted, silent = open_desk("Ada"), open_desk("Bo")
    for desk in (wanted, silent):
        expect(desk.locator("#cases")).to_be_visible()
    wanted.locator("#desk-sound").check()
    wanted.reload()
    expect(wanted.locator("#desk-sound")).to_be_checked()  # kept
    for desk in (wanted, silent):
        desk.evaluate(f"() => {{ {NOTES} }}")
        desk.locator("#about").click()
    before = wanted.locator(".ms-case.ms-waiting").count()
    ask(page, "What does E24 mean?", knowledge="Smart home")
    finished(page)
    page.get_by_role("button", name="Talk to a person").click()
    for desk in (wanted, silent):
        expect(desk.locator(".ms-case.ms-waiting")).to_have_count(before + 1)
    assert (wanted.evaluate("notes"), silent.evaluate("notes")) == (2, 0)


def load_again(page):
    """Gradio may be doing so by itself, now that the server is back."""
    with suppress(sync_api.Error):
        page.reload()


def test_a_person_goes_on_after_the_app_was_started_again(open_page, browser, assets):
    """With an account, whose sign-in comes to the desk behind #, as from the company's own."""
    before = FakeService()
    before.accounts.add("Ada", "agent", "a long enough password", "test")
    token = before.accounts.sign_in("Ada", "a long enough password")
    port = free_port()  # which nobody takes between the two
    demo, url = launch(before, assets, port=port)
    customer, desk = open_page(address=url), browser.new_context().new_page()
    desk.set_default_timeout(PATIENCE)
    desk.goto(f"{url}desk#key={token}")
    ask(customer, "What does E24 mean?", knowledge="Smart home")
    finished(customer)
    customer.get_by_role("button", name="Talk to a person").click()
    desk.locator(".ms-case.ms-waiting").click()
    assert token not in desk.url
    desk.get_by_label("Your answer").fill("One moment.")
    desk.get_by_label("Your answer").press("Enter")
    message = customer.get_by_role("group", name="Ada")
    expect(message.last).to_contain_text("One moment.")
    demo.close()
    before.keeper.close()
    after = FakeService(folder=before.folder)
    demo, _ = launch(after, assets, port=port)
    load_again(customer)
    expect(message.last).to_contain_text("One moment.")
    expect(customer.locator("#people")).to_contain_text("Ada has joined")
    ask(customer, "Are you still there?")
    load_again(desk)
    desk.locator(".ms-case.ms-person").click()
    expect(desk.locator("#chat")).to_contain_text("Are you still there?")
    desk.get_by_label("Your answer").fill("Yes, here I am.")
    desk.get_by_label("Your answer").press("Enter")
    expect(message.last).to_contain_text("Yes, here I am.")
    desk.get_by_role("button", name="Give back").click()
    expect(customer.locator("#people")).to_contain_text("Ada has left")
    ask(customer, "What does E24 mean?")
    expect(finished(customer)).to_contain_text("the water does not drain")
    written = [said.text for said in after.desk.messages(after.turns[-1].session_id)]
    assert written == ["One moment.", "Yes, here I am."]
    desk.context.close()
    demo.close()


def sign_in(page, name, password):
    page.get_by_label("Name", exact=True).first.fill(name)
    page.get_by_label("Password").first.fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_an_agent_signs_in_answers_under_their_own_name_and_signs_out(customer, open_desk, service):
    service.accounts.add("Grace", "agent", "a long enough password", "test")
    desk = open_desk(key="wrong")
    expect(desk.locator("#door")).to_contain_text("Open it with the link")
    assert desk.locator(".ms-case").count() == 0
    assert not desk.get_by_text("Your name").is_visible()
    sign_in(desk, "Grace", "not the password")
    expect(desk.locator("#door-told")).to_contain_text("wrong")
    expect(desk.get_by_label("Password").first).to_have_value("")
    sign_in(desk, "Grace", "a long enough password")
    desk.locator(".ms-case.ms-waiting").last.click()
    for hidden in ("#agent", "#figures", "#accounts", "#door"):
        expect(desk.locator(hidden)).to_be_hidden()
    desk.get_by_role("button", name="Insert what was found").click()
    expect(desk.get_by_label("Your answer")).to_have_value(re.compile("does not drain"))
    desk.get_by_label("Your answer").press("Enter")
    expect(customer.locator("#people")).to_contain_text("Grace has joined")
    desk.reload()
    expect(desk.locator(".ms-case.ms-person").first).to_contain_text("With Grace")
    desk.get_by_role("button", name="Sign out").click()
    expect(desk.locator("#door")).to_be_visible()
    desk.reload()
    expect(desk.locator("#door")).to_be_visible()
    assert desk.locator(".ms-case").count() == 0


def test_customers_are_not_led_to_the_desk(page):
    assert page.locator("a[href*=desk]").count() == 0
    expect(page.locator("nav a")).to_be_hidden()


def test_figures_are_shown_at_the_desk_and_saved_as_a_table(page, open_desk):
    ask(page, "xylophones, and <b>more</b>", knowledge="Finance")
    finished(page)
    desk = open_desk("Ada")
    desk.get_by_role("button", name="Figures").first.click()
    desk.get_by_role("button", name="Show").click()
    expect(desk.locator("#insights")).to_contain_text("xylophones, and <b>more</b>")
    with desk.expect_download() as saved:
        desk.get_by_role("button", name="Questions as CSV").click()
    text = Path(saved.value.path()).read_text()
    assert text.startswith("knowledge,count,") and "xylophones, and <b>more</b>" in text
    asked = desk.get_by_role("row", name="xylophones, and <b>more</b>")
    with desk.expect_popup() as opened:
        asked.get_by_role("link", name="Write the answer").click()
    editor = opened.value
    expect(editor.locator("#entry-questions textarea")).to_have_value("xylophones, and <b>more</b>")
    expect(editor.locator("#entry-answer textarea")).to_be_focused()
    expect(editor.locator("#browse-base input")).to_have_value("Finance")
    assert "#" not in editor.url


def test_a_conversation_is_found_by_what_was_said_in_it(page, open_desk):
    ask(page, "return my <b>umbrella</b>, order A-1042")
    finished(page)
    desk = open_desk("Ada")
    field = desk.get_by_label("Search all conversations").first
    waiting = desk.locator("#cases .ms-nobody, #cases .ms-case").first
    desk.locator("#about").click()
    desk.keyboard.press("/")
    expect(field).to_be_focused()
    desk.keyboard.type("1042 UMBRELLA")
    desk.keyboard.press("Enter")
    found = desk.locator("#found .ms-case")
    expect(found).to_have_count(1)
    expect(found.locator("mark")).to_have_text(["umbrella", "1042"])
    expect(waiting).to_be_hidden()
    found.click()
    expect(found).to_have_attribute("aria-current", "true")
    expect(desk.locator("#chat .user-row")).to_contain_text("<b>umbrella</b>")
    expect(desk.locator("#about")).to_contain_text("With the assistant")
    in_both_schemes_text_has_enough_contrast(desk)
    assert desk.evaluate(NAMELESS) == []
    field.fill("zebra 1042")
    desk.get_by_role("button", name="Search all conversations").click()
    expect(desk.locator("#found")).to_contain_text("No conversation has all of that.")
    expect(found).to_have_count(0)
    desk.get_by_role("button", name="Clear").click()
    expect(field).to_have_value("")
    expect(desk.locator("#found")).to_have_text("")
    expect(waiting).to_be_visible()


def test_forget_me_asks_first_and_then_nothing_is_left(open_page, service):
    customer, others = open_page(), len(list(service.store.turns()))
    ask(customer, "return an order")
    finished(customer)
    customer.get_by_role("button", name="Talk to a person").click()
    expect(customer.locator("#people")).to_contain_text("Waiting for a person")
    customer.get_by_role("button", name="Forget me").click()
    customer.get_by_role("button", name="Erase everything?").click()
    expect(customer.locator("#chat .user-row")).to_have_count(0)
    assert len(list(service.store.turns())) == others
    customer.reload()
    expect(customer.locator("#box textarea")).to_be_visible()
    expect(customer.locator("#chat .user-row")).to_have_count(0)
    expect(customer.locator("#people")).to_have_text("")


def test_the_desk_is_legible_and_fits_a_phone(customer, open_desk):
    desk = open_desk("Ada", PHONE)
    desk.locator(".ms-case").last.click()
    expect(desk.locator("#chat .bot-row").first).to_be_visible()
    assert desk.locator("#ms-case").bounding_box()["y"] < 20  # opened under the list
    in_both_schemes_text_has_enough_contrast(desk)
    assert desk.evaluate(NAMELESS) == []
    assert desk.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


# -- safety ---------------------------------------------------------------------------------


def test_hostile_text_shows_as_text(page):
    asked = f"hostile {HOSTILE} {{{{value}}}} ${{1+1}}"
    ask(page, asked)
    finished(page)
    question, reply = page.locator("#chat .user-row").last, page.locator("#chat .bot-row").last
    expect(question).to_contain_text(asked)
    for part in (reply, page.locator("#panel")):
        expect(part).to_contain_text(HOSTILE[:60])
    assert page.locator("#chat strong, #chat img, #panel img").count() == 0
    assert all(
        link.get_attribute("href").startswith(("#passage-", "#turn-"))
        for link in page.locator("#chat a").all()
    )
    assert page.evaluate("window.hacked") is None and not any(
        "evil.example" in url for url in page.requested
    )


def test_nothing_is_fetched_from_outside(page, address):
    ask(page, "return an order")
    finished(page)
    assert len(page.requested) > 20  # from the first one on
    assert [url for url in page.requested if not url.startswith((address, "data:", "blob:"))] == []


def no_picture_can_be_shared(page):
    """Gradio offers to publish a message with a picture, under a name in the browser's language."""
    shown = page.locator("#chat .message-buttons").last.locator("button:visible")
    expect(shown).to_have_count(3)  # copy, and the two thumbs
    expect(shown.first).to_have_class(re.compile("ms-copy"))
    expect(page.locator("#chat .bot-row img")).to_have_count(1)


def test_no_picture_can_be_shared_elsewhere(page):
    ask(page, "E24", knowledge="Smart home")
    finished(page)
    no_picture_can_be_shared(page)


# -- looks and reach ------------------------------------------------------------------------


def the_phone_is_wide_enough(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.evaluate("document.documentElement.scrollHeight") <= PHONE["height"]


LENGTHY = "E24 " + "Donaudampfschifffahrt" * 9


def test_on_a_phone_nothing_scrolls_sideways_and_the_box_is_in_sight(phone, service):
    ask(phone, LENGTHY, service.folder / "e24.png", "Smart home")
    finished(phone)
    the_phone_is_wide_enough(phone)
    title = phone.locator("#chat .ms-passage summary").first
    title.evaluate(f"title => title.append('{LENGTHY}')")
    assert phone.locator("#chat .bubble-wrap").evaluate("e => e.scrollWidth <= e.clientWidth")
    phone.locator("#chat a[href*=turn-]").click()
    expect(phone.locator("#panel")).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    phone.keyboard.press("Escape")


def test_the_evaluation_shows_its_charts_and_opens_its_figures(open_page, service, tmp_path):
    """Tables of all figures are screens long."""
    shutil.copytree(ASSETS / "evaluation", tmp_path / "evaluation")
    demo, url = launch(service, tmp_path, open_workshop=True)
    page = open_page(address=f"{url}workshop")
    page.get_by_role("tab", name="Evaluation").click()
    figures, table = page.get_by_text("All figures"), page.locator(".ms-all table").first
    expect(figures).to_be_visible()
    expect(table).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollHeight") < 2_000
    figures.click()
    expect(table).to_be_visible()
    demo.close()


def test_the_workshop_fits_a_phone(workshop):
    workshop.set_viewport_size(PHONE)
    for tab in ("Try it", "Evaluation", "Knowledge"):
        workshop.get_by_role("tab", name=tab).click()
        assert workshop.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], tab
    entry = workshop.locator("#entries summary").first
    assert entry.bounding_box()["height"] >= 44
    workshop.set_viewport_size(DESKTOP)


# -- languages ------------------------------------------------------------------------------

HAN = re.compile("[\u4e00-\u9fff]")
OWN_WORDS = """() => {
  const seen = { checkOpacity: true, checkVisibilityCSS: true };
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
    if (!/[a-z]{3}/i.test(text) || !e.checkVisibility(seen)) continue;
    const left = "style, script, #picker, #ms-brand h1, option, .prose, .ms-chip, .ms-source";
    if (e.closest(left)) continue;
    found.push(text);
  }
  return found;
}"""  # Latin words that are neither names of bases, the company's nor what the service said
OWN_NAMES = """() => {
  const found = [];
  for (const name of ["aria-label", "title", "alt", "placeholder"]) {
    for (const e of document.querySelectorAll(`[${name}]`)) {
      const text = e.getAttribute(name);
      if (!/[a-z]{3}/i.test(text) || /[\u4e00-\u9fff]/.test(text)) continue;
      if (e.closest(".prose, .filename, [lang=en]") || text === e.value) continue;
      found.push(`${name}: ${text}`);
    }
  }
  return found;
}"""  # the same of what screen readers hear and the mouse shows


def everything_is_named_in_chinese(page):
    """Once the page has drawn what it was told."""
    page.evaluate("() => new Promise((drawn) => setTimeout(drawn, 300))")
    with suppress(sync_api.TimeoutError):
        page.wait_for_function(f"() => !({OWN_NAMES})().length", timeout=5000)
    assert page.evaluate(OWN_NAMES) == []


@pytest.mark.parametrize("how", ["browser", "switched"])
def test_the_whole_page_speaks_chinese(open_page, service, address, how):
    page = open_page(locale="zh-CN" if how == "browser" else "en-US", viewport=PHONE)
    if how == "switched":
        with page.expect_navigation():
            page.get_by_label("Language").select_option("zh")
        expect(page.locator("#chat .placeholder")).to_contain_text("请问")
    expect(page.locator("#box textarea")).to_have_attribute("placeholder", "请输入您的问题…")
    assert page.evaluate("document.documentElement.lang") == "zh"
    expect(page.get_by_role("button", name="转人工客服")).to_be_visible()
    expect(page.locator("#speak")).to_contain_text("语音回复")
    expect(page.locator("#ms-legal")).to_contain_text("计算机程序")
    expect(page.locator("#chat .example").first).to_contain_text("打字")
    assert page.evaluate(OWN_WORDS) == []
    everything_is_named_in_chinese(page)
    page.locator("#chat .example").first.click()
    finished(page)
    assert (service.turns[-1].text, service.turns[-1].knowledge) == ("怎么退货？", "shopping")
    expect(page.locator("#picker label").nth(1)).to_have_text("智能家居")
    page.locator("#picker label").nth(1).click()
    ask(page, LENGTHY, service.folder / "e24.png")
    reply = finished(page)
    expect(reply.get_by_role("button", name="为什么这样回答？")).to_be_visible()
    the_phone_is_wide_enough(page)
    no_picture_can_be_shared(page)
    assert page.evaluate(OWN_WORDS) == []
    everything_is_named_in_chinese(page)
    reply.get_by_role("button", name="为什么这样回答？").click()
    expect(page.locator("#panel")).to_contain_text("我找到的资料")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="转人工客服").click()
    expect(page.locator("#people")).to_contain_text("正在等待人工客服")
    assert service.turns[-1].text == "我要转人工客服。"
    page.reload()
    expect(page.locator("#people")).to_contain_text("正在等待人工客服")
    if how == "switched":
        expect(page.locator("#box textarea")).to_have_attribute("placeholder", "请输入您的问题…")


def test_screen_readers_hear_chinese_in_every_tab_of_the_workshop_and_at_the_desk(
    open_page, address, service
):
    page = open_page(locale="zh-CN", address=f"{address}workshop?key={KEY}")
    ask(page, "E24", service.folder / "e24.png", "智能家居")
    finished(page)
    page.get_by_role("button", name="转人工客服").click()
    for tab in page.get_by_role("tab").all():
        tab.click()
        everything_is_named_in_chinese(page)
    expect(page.locator("#brand-cards th[title]").first).to_have_attribute("title", re.compile("·"))
    page.goto(desk_link(address, KEY))
    page.locator(".ms-case.ms-waiting").last.click()
    expect(page.locator("#chat .bot-row").first).to_be_visible()
    everything_is_named_in_chinese(page)


def test_the_workshop_tells_problems_in_chinese(open_page, address):
    page = open_page(locale="zh-CN", address=f"{address}workshop?key={KEY}")
    page.get_by_role("tab", name="知识").click()
    page.get_by_role("button", name="添加到知识库").click()
    expect(page.locator(".toast-body")).to_contain_text("请先选择要添加的文件")
    expect(page.locator(".toast-body [title]")).to_have_count(0)


def test_the_workshop_names_what_brand_toml_holds_in_chinese(open_page, address):
    page = open_page(locale="zh-CN", address=f"{address}workshop?key={KEY}")
    page.get_by_role("tab", name="外观").click()
    cards = page.locator("#brand-cards")
    expect(cards.get_by_text("卡片上的文字 · 中文").first).to_be_visible()
    expect(cards.get_by_text("caption.")).to_have_count(0)
    expect(page.get_by_label("问候语").first).to_be_visible()


def test_a_browser_in_a_language_that_the_page_lacks_gets_english(open_page):
    page = open_page(locale="de-DE")
    expect(page.locator("#box textarea")).to_have_attribute("placeholder", "Ask anything…")
    expect(page.locator("#chat .placeholder")).to_contain_text("How can I help?")
    expect(page.locator("#ms-legal")).to_contain_text("A computer program answers")
    page.locator("#picker label").nth(1).click()  # Smart home
    ask(page, "E24")
    finished(page)
    no_picture_can_be_shared(page)
    expect(page.locator("#chat").get_by_label("Like", exact=True)).to_be_visible()


def test_text_from_right_to_left_reads_from_the_right(page):
    ask(page, "مرحبا، كيف أعيد طلبي؟ return an order")
    finished(page)
    question = page.locator("#chat .user-row p").last
    assert question.evaluate("e => getComputedStyle(e).direction") == "rtl"
    reply = page.locator("#chat .bot-row p").first
    assert reply.evaluate("e => getComputedStyle(e).direction") == "ltr"
    ask(page, "Rechtsschutzversicherungsgesellschaften" * 4 + " ومدينة " + "كهرومغناطيسية" * 12)
    finished(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= DESKTOP["width"]
    bubble = page.locator("#chat .user-row .message").last.bounding_box()
    talk = page.locator("#ms-talk").bounding_box()
    assert talk["x"] <= bubble["x"] and bubble["width"] <= talk["width"]


LOW_CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => below.map((b, i) => i < 3 ? top[i] * top[3] + b * (1 - top[3]) : 1);
  const background = (e) => {
    if (!e) return [255, 255, 255, 1];
    return over(rgba(getComputedStyle(e).backgroundColor), background(e.parentElement));
  };
  const opacity = (e) => e ? getComputedStyle(e).opacity * opacity(e.parentElement) : 1;
  const linear = (v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const seen = { checkOpacity: true, checkVisibilityCSS: true };
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
    if (!text || !e.checkVisibility(seen)) continue;
    if (e.closest('.sr-only, style, script, [disabled]')) continue;
    const style = getComputedStyle(e), below = background(e), colour = rgba(style.color);
    colour[3] *= opacity(e);
    const [a, b] = [light(over(colour, below)), light(below)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) found.push(`${text.slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return found;
}"""


IS_DARK = """getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3)
  .every((part) => part < 70)"""


def in_both_schemes_text_has_enough_contrast(page):
    """WCAG 2.1, 1.4.3: 4.5 to 1, and 3 to 1 for large text, once what fades has done so."""
    page.mouse.move(0, 0)
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(f"{str(scheme == 'dark').lower()} === ({IS_DARK})")
        for _ in range(20):  # on a busy machine fading takes its time
            page.wait_for_timeout(500)
            if not (low := page.evaluate(LOW_CONTRAST)):
                break
        assert low == [], scheme


def test_text_has_enough_contrast(page, service):
    in_both_schemes_text_has_enough_contrast(page)
    ask(page, "What does E24 mean?", service.folder / "e24.png", "Smart home")
    finished(page)
    in_both_schemes_text_has_enough_contrast(page)


def test_nothing_jumps_while_a_reply_streams(page, service):
    service.delay = 0.4
    try:
        ask(page, "return an order")
        expect(page.locator("#chat .bot-row")).to_contain_text("You can")
        places, widths = set(), set()
        while page.locator("#box .stop-button").count():
            boxes = [
                page.locator(part).bounding_box()
                for part in ("#picker", "#chat", "#box", "#ms-actions")
            ]
            places.add(tuple((box["x"], box["y"]) for box in boxes))
            widths.add(page.locator("#chat .bot-row").bounding_box()["width"])
    finally:
        service.delay = 0.01
    assert len(places) == len(widths) == 1


NAMELESS = """() => {
  const pressed = 'button, a, input, textarea, select, [role=button], [role=tab]';
  const seen = { checkOpacity: true, checkVisibilityCSS: true };
  const label = (e) => e.labels?.length && e.labels[0].innerText.trim();
  const name = (e) => e.ariaLabel || e.innerText?.trim() || e.title || e.alt || label(e);
  return [...document.querySelectorAll(pressed)]
    .filter((e) => e.checkVisibility(seen) && e.tabIndex >= 0 && !name(e))
    .map((e) => e.outerHTML.slice(0, 160));
}"""


def test_everything_that_can_be_pressed_has_a_name(page, service):
    assert page.evaluate(NAMELESS) == []
    ask(page, "What does E24 mean?", service.folder / "e24.png", "Smart home")
    finished(page)
    assert page.evaluate(NAMELESS) == []


def test_everything_in_the_workshop_that_can_be_pressed_has_a_name(workshop):
    for tab in ("Try it", "Evaluation", "Knowledge"):
        workshop.get_by_role("tab", name=tab).click()
        assert workshop.evaluate(NAMELESS) == [], tab


FOCUSED = """() => {
  const { ariaLabel, innerText, id } = document.activeElement;
  return ariaLabel || innerText || id;
}"""


def test_a_question_can_be_asked_and_followed_up_with_the_keyboard_alone(page):
    page.locator("#picker input").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#picker input:checked")).to_have_value("smart-home")
    reached = set()
    for _ in range(14):
        page.keyboard.press("Tab")
        reached.add(page.evaluate(FOCUSED))
    assert {
        "Your message",
        "Upload a file",
        "Record audio",
        "Submit",
        "Talk to a person",
        "New conversation",
    } <= reached
    page.locator("#box textarea").focus()
    page.keyboard.type("E24")
    page.keyboard.press("Enter")
    finished(page)
    page.locator("#chat .bot-row a").first.focus()
    page.keyboard.press("Enter")
    summary = page.locator("#passage-1-1 summary")
    expect(summary).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(summary).to_be_focused()  # it is reached without its mark, too
    page.keyboard.press("Enter")
    expect(page.locator("#passage-1-1")).not_to_have_attribute("open", "")
    assert page.get_by_role("log").get_attribute("aria-live") == "polite"


# -- knowledge ------------------------------------------------------------------------------


BIKES = """\
id,title,questions,answer,intent,pictures
bike,A flat tyre,How do I fix a puncture?,Patch the tube.,repair,
bad,No answer,x,,,
"""


def test_own_knowledge_is_added_browsed_and_answered_from(workshop, tmp_path):
    page = workshop
    (tmp_path / "bikes.csv").write_text(BIKES)
    page.get_by_role("tab", name="Knowledge").click()
    expect(page.get_by_role("row", name="Shopping 2 0")).to_be_visible()  # the tab is drawn
    page.get_by_label("Name of your knowledge").fill("Bikes!")
    page.get_by_role("button", name="Add to knowledge").click()
    told = page.locator(".toast-body")
    expect(told).to_contain_text("Choose the files")
    expect(told.locator(".toast-title")).to_have_css("font-size", "0px")  # "Error"
    expect(page.locator("#ingest-report .error")).to_be_hidden()  # the sentence says it
    told.get_by_label("Close").click()
    page.locator("#ingest-files input[type=file]").set_input_files(str(tmp_path / "bikes.csv"))
    expect(page.get_by_role("cell", name="bikes.csv")).to_be_visible()  # it has arrived
    add, report = (
        page.get_by_role("button", name="Add to knowledge"),
        page.locator("#ingest-report"),
    )
    add.evaluate("own => own.scrollIntoView({ block: 'end' })")  # at the window's edge
    add.click()
    expect(report).to_contain_text("Entries: 1")
    expect(report.locator("section")).to_be_in_viewport(ratio=1)
    expect(report).to_contain_text("it has no answer")
    expect(page.get_by_role("row", name="Bikes 1 0")).to_be_visible()
    page.get_by_role("button", name="Add to knowledge").click()
    expect(report).to_contain_text("would be replaced")
    page.get_by_label("Name of your knowledge").fill("bikes")  # another name is asked about anew
    expect(report).not_to_contain_text("would be replaced")
    page.get_by_role("button", name="Add to knowledge").click()
    page.get_by_role("button", name="Replace it? Press again").click()
    expect(report).to_contain_text("Entries: 1")
    expect(page.get_by_role("button", name="Add to knowledge")).to_be_visible()
    page.get_by_label("Knowledge base").click()
    page.get_by_role("option", name="Bikes").click()
    expect(page.locator("#entries")).to_contain_text("A flat tyre")
    page.get_by_label("Find an entry").fill("nothing like this")
    page.get_by_label("Find an entry").press("Enter")
    expect(page.locator("#entries")).to_contain_text("No entries")
    page.get_by_role("tab", name="Try it").click()
    ask(page, "How do I fix a puncture?", knowledge="Bikes")
    expect(finished(page)).to_contain_text("Patch the tube.")
    expect(page.locator("#source-1-1")).to_contain_text("A flat tyre")


# -- on another site ------------------------------------------------------------------------


@pytest.fixture
def shopper(browser, two_origins):
    """shopper(viewport) -> the shop's page as a visitor has it open."""
    contexts = []

    def opened(viewport=DESKTOP, address=two_origins[0]):
        contexts.append(browser.new_context(viewport=viewport, permissions=["microphone"]))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        page.requested = []
        page.on("request", lambda request: page.requested.append(request.url))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()


def test_a_shop_opens_the_assistant_in_its_corner_and_it_remembers_hears_and_fits_a_phone(
    shopper, two_origins, service
):
    page = shopper()
    button = page.get_by_role("button", name="Help")
    expect(button).to_have_attribute("aria-expanded", "false")
    colour = button.evaluate("e => getComputedStyle(e).backgroundColor")
    assert colour == "rgb(15, 118, 110)"  # the shop paints its own buttons crimson
    own = [url for url in page.requested if url.startswith(two_origins[1])]
    assert [url.removeprefix(two_origins[1]) for url in own] == ["widget.js"]
    button.focus()
    page.keyboard.press("Enter")
    frame = page.frame_locator("iframe[title='Customer support']")
    expect(page.get_by_role("dialog", name="Customer support")).to_be_visible()
    frame.locator("#box textarea").fill("return an order")
    frame.locator("#box textarea").press("Enter")
    expect(frame.locator("#chat .bot-row").last).to_contain_text("pick-up point")
    assert service.turns[-1].knowledge == "shopping"
    assert customer_in("site", service.turns[-1].customer) == "c-17"  # as the shop signed it
    expect(frame.locator("#picker")).to_be_hidden()
    expect(frame.locator("#restart")).to_be_enabled()
    page.keyboard.press("Escape")  # within the frame
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="Help")).to_be_focused()
    page.reload()
    page.get_by_role("button", name="Help").click()
    expect(frame.locator("#chat .bot-row").last).to_contain_text("pick-up point")
    frame.get_by_label("Record audio").click()  # where the site says that one may speak
    expect(frame.get_by_label("Stop recording")).to_be_visible()
    page.set_viewport_size(PHONE)
    box, shut = frame.locator("#box").bounding_box(), page.get_by_role("button", name="Close help")
    assert box["y"] + box["height"] < shut.bounding_box()["y"]
    sheet = page.get_by_role("dialog").bounding_box()
    assert (sheet["width"], sheet["height"]) == (PHONE["width"], PHONE["height"])
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_role("button", name="Close help").click()
    expect(page.get_by_role("dialog")).to_be_hidden()


def shop_with(page, address, **says):
    """The shop's page anew; its line for the assistant says something else."""
    line = "document.querySelector(\"script[src$='widget.js']\")"
    change = f"Object.assign({line}?.dataset ?? {{}}, {json.dumps(says)})"
    watch = "observe(document, { childList: true, subtree: true })"
    page.add_init_script(f"new MutationObserver(() => {change}).{watch}")
    page.goto(address)


def signed(customer):
    return {"customer": signed_customer("site", customer, 60)}


def ask_in_the_corner(page, question="return an order"):
    """The frame, once a question was asked and answered in it."""
    page.get_by_role("button", name="Help").click()
    return answered_in(page.frame_locator("iframe[title='Customer support']"), question)


def answered_in(frame, question="return an order"):
    frame.locator("#box textarea").fill(question)
    frame.locator("#box textarea").press("Enter")
    expect(frame.locator("#chat .user-row").last).to_contain_text(question)
    expect(frame.locator("#chat .bot-row").last).to_contain_text("pick-up point")
    expect(frame.locator("#restart")).to_be_enabled()
    return frame


VISITS = [  # what the site says of who visits it, and how many of their questions are shown
    ({"customer": ""}, 1),
    (signed("c-1"), 2),  # who signs in goes on
    (signed("c-2"), 1),
    ({"customer": ""}, 1),
    ({"forget": ""}, 1),
    ({"forget": ""}, 1),
]


def test_a_site_shows_a_conversation_only_to_whose_it_is(shopper, two_origins):
    """In one browser, one visit after the other."""
    context = shopper().context
    for number, (shop, asked) in enumerate(VISITS):
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        shop_with(page, two_origins[0], **shop)
        frame = ask_in_the_corner(page, f"return order {number}")
        expect(frame.locator("#chat .user-row")).to_have_count(asked)
        page.close()


def test_a_page_for_which_the_site_keeps_things_keeps_nothing_itself(browser, address):
    page = browser.new_page()
    page.goto(f"{address}/healthz")
    page.evaluate("localStorage.setItem('mm-support-session', 'of somebody before')")
    shown = "<iframe src='/?embed=1&kept=site&knowledge=shopping'></iframe>"
    page.evaluate("(shown) => { document.body.innerHTML = shown; }", shown)
    answered_in(page.frame_locator("iframe"))
    assert page.evaluate("localStorage.getItem('mm-support-session')") is None
    page.close()


def test_another_language_in_the_corner_is_the_same_conversation(shopper, two_origins, service):
    page = shopper()
    frame = ask_in_the_corner(page)
    frame.locator("#ms-language").select_option("zh")
    expect(frame.locator("html")).to_have_attribute("lang", "zh")
    expect(frame.locator("#chat .bot-row").last).to_contain_text("pick-up point")


def test_a_site_that_is_not_named_may_not_show_the_page(shopper, two_origins):
    other = shop_server(two_origins[1])
    threading.Thread(target=other.serve_forever, daemon=True).start()
    try:
        page = shopper(address=f"http://localhost:{other.server_port}")
        with page.expect_console_message(lambda said: "frame-ancestors" in said.text):
            page.get_by_role("button", name="Help").click()
        assert page.frame_locator("iframe").locator("#box").count() == 0
    finally:
        other.shutdown()
        other.server_close()
