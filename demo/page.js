// What Gradio's components leave out: the page's language, passages and pictures that open in place,
// names for screen readers, the place where a reply begins, recordings made in two presses and heard before
// they are sent. What is spoken is in voice.js; the words are in demo/words, as window.msTables.

const all = (selector) => [...document.querySelectorAll(selector)];
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// -- language ---------------------------------------------------------------------------------

const asked = new URLSearchParams(location.search);
const language = window.msLanguage;  // see language.js
window.msWord = (key) => window.msTables[language][key];
window.msWhere = () => ({
  language, knowledge: asked.get("knowledge") ?? "", customer: passed.get("customer") ?? "",
});
// A frame on another site may have no storage, so the widget keeps the conversation's name for it: only
// that site knows who is signed in, and whether anything is to be kept. Gradio writes it here all the same.
const framed = asked.get("embed") === "1" && window.parent !== window;
const SESSION = "mm-support-session";  // see conversation.py
const keepsNothing = framed && asked.get("kept") === "site";
function leave() {
  if (!keepsNothing) return;
  try { localStorage.removeItem(SESSION); } catch { /* then nothing is there */ }
}
leave();
let given = null;
const passed = new URLSearchParams(framed ? location.hash.slice(1) : "");  // by the widget
if (passed.size) {
  try { given = JSON.parse(passed.get("session")); } catch { given = null; }
  history.replaceState(null, "", location.pathname + location.search);
}
window.msSession = () => given;
window.msOpened = new Promise((done) => { window.msOpen = done; });
window.msPicked = (picked) => document.querySelector("#picker input:checked")?.value ?? picked;
window.msKeep = (kept) => {
  leave();
  given = kept;
  if (!framed || !document.referrer) return;
  const session = kept?.token ? encodeURIComponent(JSON.stringify(kept)) : "";
  window.parent.postMessage({ mmSupport: "session", session }, new URL(document.referrer).origin);
};
if (asked.get("embed") === "1") document.documentElement.classList.add("ms-embed");
if (asked.has("knowledge")) document.documentElement.classList.add("ms-fixed");

document.addEventListener("change", (event) => {
  if (event.target.id !== "ms-language") return;
  msChoose(event.target.value);
  asked.set("lang", event.target.value);
  if (given) passed.set("session", JSON.stringify(given));
  const there = new URL(location);
  there.search = asked;
  if (framed) there.hash = passed;
  location.assign(there);
});

function speakOwn() {
  if (document.documentElement.lang !== language) document.documentElement.lang = language;
  for (const part of all(`span[title^='{"word"']`)) {
    const { word, values } = JSON.parse(part.title);
    part.removeAttribute("title");
    Object.assign(part.dataset, { word, values: JSON.stringify(values) });
  }
  for (const part of all("[data-word]")) {
    const values = JSON.parse(part.dataset.values ?? "{}");
    const words = window.msWord(part.dataset.word).replace(/\{(\w+)[^}]*\}/g, (_, name) => values[name]);
    if (part.textContent !== words) part.textContent = words;
  }
  for (const pill of all("#picker label:has(input)")) {  // bases that come with the project
    const name = msTables[language][`base_${pill.querySelector("input").value.replaceAll("-", "_")}`];
    const words = pill.querySelector("span")?.firstChild;
    if (name && words && words.data !== name) words.data = name;
  }
  for (const head of all("#brand-cards :is(th, [role=columnheader]) span")) {  // as in brand.toml
    const [column, of] = head.textContent.trim().split(".");
    const name = msTables[language][`column_${column}`];
    if (!name || head.children.length) continue;
    head.textContent = of ? `${name} · ${msTables[of]?.language_name ?? of}` : name;
    head.closest("[title]")?.setAttribute("title", head.textContent);
  }
  for (const part of all("[data-title]")) part.title = msWord(part.dataset.title);
  for (const line of all("#ms-legal p")) line.hidden = line.lang !== language;
  const chooser = document.querySelector("#ms-language:not([data-set])");
  if (chooser) { chooser.value = language; chooser.dataset.set = ""; chooser.ariaLabel = msWord("language"); }
}

// -- whether somebody types, asked with every look at who has the conversation ------------------

let typed = 0;
document.addEventListener("input", (event) => {
  if (event.target.closest?.("#box, #reply") && event.target.value) typed = Date.now();
}, true);
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey) typed = 0;  // sent
}, true);
document.addEventListener("click", (event) => {
  if (event.target.closest?.(".submit-button")) typed = 0;
}, true);
window.msTyping = () => Date.now() - typed < 4000;

// -- a sentence above the box -----------------------------------------------------------------

function tell(sentence, quiet) {
  document.querySelector("#ms-told")?.remove();
  if (!sentence) return;
  const said = Object.assign(document.createElement("p"), {
    id: "ms-told", className: quiet ? "ms-notice ms-quiet" : "ms-notice",
    role: quiet ? "status" : "alert", textContent: sentence,
  });
  document.querySelector("#ms-notice")?.before(said);
}
window.msTell = tell;
document.addEventListener("input", (event) => {
  tell("");
  if (!event.isTrusted) return;  // what is given back comes with its sentence
  for (const told of all("#ms-notice [data-told] > p")) told.remove();
}, true);

const devices = navigator.mediaDevices;
const open = devices?.getUserMedia?.bind(devices);
if (open) devices.getUserMedia = (wanted) => open(wanted).catch((error) => {
  const recorded = !document.querySelector("#hands-free input:checked");  // else voice.js says it
  const refused = error.name === "NotAllowedError";
  if (recorded) tell(msWord(refused ? "microphone_refused" : "microphone_missing"));
  throw error;
});

// -- passages, and how a reply came about -----------------------------------------------------

const KEPT_TURNS = 20;  // as in panels.py
let opener = null;  // what the drawer was opened by

function openPassage(place) {
  const passage = document.getElementById(`passage-${place}`);
  for (const lit of all(".ms-lit")) lit.classList.remove("ms-lit");
  const source = document.getElementById(`source-${place}`);
  if (source) { showTurn(place.split("-")[0]); source.classList.add("ms-lit"); }
  if (!passage) return;
  passage.open = true;
  passage.classList.add("ms-lit");
  passage.querySelector("summary").focus({ preventScroll: true });
  passage.scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
}

// Sections by the number of their turn: the server sends the last one, or the whole.
const sections = new Map();
window.msSections = ({ whole, turns }) => {
  if (whole) sections.clear();
  for (const [number, section] of turns) sections.set(number, section);
  const last = turns.at(-1)[0];
  for (const number of [...sections.keys()]) {
    if (number > last || (last && number <= Math.max(0, last - KEPT_TURNS))) sections.delete(number);
  }
  const hide = (section) => section.replace("<div", "<div hidden");
  return [...sections].map(([number, section]) => number === last ? section : hide(section)).join("");
};

// The turn that one chose stays when the server sends the panel again, until there is a new turn.
let chosen = null, latest = null;
function showTurn(number) {
  const turn = document.getElementById(`turn-${number}`);
  if (turn) for (const each of all(".ms-turn")) each.hidden = each !== turn;
  if (turn) [chosen, latest] = [number, all(".ms-turn").at(-1).id];
  return turn;
}
function keepTurn() {
  const last = all(".ms-turn").at(-1);
  if (last && last.id !== latest) chosen = null;
  if (chosen && document.getElementById(`turn-${chosen}`)?.hidden) showTurn(chosen);
}

function openDrawer(number, link) {
  const turn = showTurn(number), side = document.querySelector("#ms-side");
  if (!turn || !side) return;
  opener = link;
  side.classList.add("ms-open");
  coverRest(side);
  if (!side.querySelector(".ms-close")) {
    const close = Object.assign(document.createElement("button"), {
      type: "button", className: "ms-close", textContent: msWord("close"), onclick: closeDrawer,
    });
    side.prepend(close);
  }
  turn.focus({ preventScroll: true });
  turn.scrollIntoView({ block: "nearest" });
}

// Where the drawer lies over the page, nothing under it can be reached.
const beside = matchMedia("(min-width: 1200px)");  // as in page.css
function coverRest(side) {
  const covers = side.classList.contains("ms-open") && !beside.matches;
  for (const part of all(".ms-customer > #ms-talk, #ms-header:has(~ .ms-customer)")) part.inert = covers;
}
beside.addEventListener("change", () => {
  const side = document.querySelector(".ms-customer > #ms-side");
  if (side) coverRest(side);
});

function closeDrawer() {
  const side = document.querySelector("#ms-side.ms-open");
  if (!side) return false;
  side.classList.remove("ms-open");
  coverRest(side);
  opener?.focus();
  return true;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("#chat a");
  const [, kind, place] = /#(passage|turn)-([\d-]+)$/.exec(link?.href) ?? [];
  if (!kind) return;
  event.preventDefault();
  if (kind === "passage") openPassage(place);
  else openDrawer(place, link);
}, true);

// What is opened by hand comes into sight as well, as far as its beginning stays there.
document.addEventListener("toggle", (event) => {
  const passage = event.target;
  if (!passage.open || !passage.matches?.("#chat .ms-passage")) return;
  following = null;
  passage.scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
}, true);

// What is copied is what one reads, without the passages under it. Gradio has no button for this where
// a reply has pictures.
function offerCopy() {
  if (!navigator.clipboard) return;
  for (const buttons of all("#chat .bot-row + .message-buttons .icon-button-wrapper")) {
    if (buttons.querySelector(".ms-copy, [aria-label='Copy message'], [data-part='Copy message']")) continue;
    buttons.prepend(Object.assign(document.createElement("button"), {
      type: "button", className: "ms-copy", ariaLabel: msWord("copy_message"), title: msWord("copy_message"),
    }));
  }
}
document.addEventListener("click", (event) => {
  const copy = event.target.closest?.("#chat .message-buttons button:nth-last-of-type(3), #chat .ms-copy");
  const row = copy?.closest(".message-buttons").previousElementSibling;
  if (!row?.matches(".bot-row") || !navigator.clipboard) return;
  event.stopPropagation();
  const reply = row.cloneNode(true);
  for (const other of reply.querySelectorAll(".ms-passages, a, img, audio")) other.remove();
  navigator.clipboard.writeText(reply.textContent.replace(/[ \t]+(?=\n|$)/gm, "").trim());
  tell(msWord("message_copied"), true);
  setTimeout(() => tell(""), 2000);
}, true);

// -- pictures ---------------------------------------------------------------------------------

function enlarge(picture) {
  const dialog = Object.assign(document.createElement("dialog"), { className: "ms-large" });
  const large = Object.assign(document.createElement("img"), { src: picture.src, alt: picture.alt });
  const close = Object.assign(document.createElement("button"), {
    type: "button", className: "ms-close", textContent: msWord("close"),
  });
  dialog.append(close, large);
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.querySelector(".gradio-container").append(dialog);
  dialog.showModal();
}
document.addEventListener("click", (event) => {
  const picture = event.target.closest?.(":is(#chat, .ms-charts) .image-container button:has(img)")?.querySelector("img");
  if (!picture) return;
  event.preventDefault();
  event.stopPropagation();
  enlarge(picture);
}, true);

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  if (!closeDrawer() && framed) {
    window.parent.postMessage({ mmSupport: "close" }, "*");
  }
});

// -- where one reads --------------------------------------------------------------------------

// A new question goes to the top and stays there while its reply grows below; what the reply offers
// to press is brought into sight, if the reply's beginning stays in it.
let questions = 0, following = null;
function follow() {
  const chat = document.querySelector("#ms-talk #chat .bubble-wrap");
  const rows = all("#ms-talk #chat .user-row");
  if (rows.length > questions) following = rows.at(-1);
  questions = rows.length;
  if (!chat || !following?.isConnected) return;
  const view = chat.getBoundingClientRect();
  const top = following.getBoundingClientRect().top - view.top - 8;
  const offered = chat.querySelector(".options")?.getBoundingClientRect();
  // the buttons of the question, which are not shown, stand between it and its reply
  const reply = all("#ms-talk #chat .user-row ~ .bot-row").at(-1)?.getBoundingClientRect();
  const below = offered && reply ? offered.bottom + 8 - view.bottom : 0;
  const room = reply ? reply.top - view.top - 8 : 0;
  const down = Math.max(top, below <= room ? below : 0);
  if (down > 1) chat.scrollTop += down;
}
for (const moved of ["wheel", "touchmove", "keydown"]) {
  document.addEventListener(moved, (event) => {
    if (event.target.closest?.("#chat")) following = null;
  }, { passive: true, capture: true });
}

// -- names ------------------------------------------------------------------------------------

// Gradio names parts of its components in English, whatever it speaks. What they were called stays
// readable, as data-part.
const partNames = window.msPartNames[language] ?? {};
function nameParts() {
  for (const name of ["aria-label", "title"]) {
    for (const part of all(`[${name}]`)) {
      const plain = part.getAttribute(name), own = partNames[plain];
      if (!own) continue;
      part.dataset.part = plain;
      part.setAttribute(name, own);
    }
  }
}

// Gradio names a message by its raw Markdown, pictures and the text field by nothing, and makes
// each pill a group of its own.
function nameThings() {
  const onDesk = document.querySelector("#reply");
  for (const message of all("#chat :is([data-testid=user], [data-testid=bot])")) {
    const mine = message.dataset.testid === "user";
    const person = message.querySelector("p:first-child > strong:only-child")?.textContent;
    const name = mine ? msWord(onDesk ? "customer" : "you") : person ?? msWord("assistant");
    if (message.getAttribute("aria-label") !== name) message.setAttribute("aria-label", name);
    if (!message.role) message.role = "group";
    if (message.dir !== "auto") message.dir = "auto";
    for (const text of message.querySelectorAll(":is(p, li, ol, ul, summary):not([dir])")) text.dir = "auto";
    for (const picture of message.querySelectorAll("img[alt='']")) {
      picture.alt = msWord(mine ? "your_photo" : "source_picture");
    }
    for (const button of message.querySelectorAll("button:not([aria-label])")) {
      if (!button.textContent.trim()) button.ariaLabel = msWord("enlarge");
    }
  }
  for (const button of all(".ms-charts .image-container button:not([aria-label])")) {
    button.ariaLabel = msWord("enlarge");
  }
  for (const drop of all("#ingest-files button[aria-dropeffect]:not([data-named])")) {
    drop.dataset.named = "";
    drop.ariaLabel = drop.innerText.replace(/\s+/g, " ").trim() || drop.ariaLabel;
  }
  for (const choice of all("label input[title]")) choice.title = choice.closest("label").innerText.trim();
  for (const picture of all("#chat .example img:not([alt=''])")) picture.alt = "";  // its words say it
  for (const more of all("#ingest-files button[aria-label='common.upload']")) {  // Gradio has no word
    more.ariaLabel = more.title = msWord("more_files");
  }
  for (const link of all("#chat a[href*='#turn-']:not([role])")) link.role = "button";
  for (const list of all("#chat .examples:not([role=group])")) list.role = "group";
  for (const item of all("#box [role=listitem]")) item.role = "group";  // of no list
  for (const pills of all("#picker .wrap:has(input):not([role])")) {
    pills.role = "radiogroup";
    pills.ariaLabel = msWord("knowledge");
  }
  for (const pill of all("#picker input:not([name=knowledge])")) pill.name = "knowledge";
  for (const send of all(":is(#reply, #note, #search) .submit-button:not([aria-label])")) {
    const does = { note: "save", search: "desk_search" };
    send.ariaLabel = msWord(does[send.closest("#note, #search")?.id] ?? "send");
  }
  for (const field of all("#box textarea:not([aria-label])")) field.ariaLabel = msWord("your_message");
  for (const field of all("#box input[type=file]:not([accept])")) field.accept = "image/*,audio/*,.heic,.heif";
}

// -- the box ----------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  if (!event.target.closest?.(".ms-skip")) return;
  event.preventDefault();
  document.querySelector("#box textarea")?.focus();
});

// What is entered while a message or a reply is on its way is sent once that has ended, unless one types
// on, or the message comes back with a sentence that says why.
const TAKING = 10_000, BEGINNING = 500;  // ms, longer than which neither is waited for
let free = 0, entered = false;  // when the server will have taken what was sent
function wait(span) {
  free = performance.now() + span;
  setTimeout(sendEntered, span + 50);
}
window.msSending = ({ text, files }) => {
  if (text.trim() || files?.length) wait(TAKING);
};
function replying() {
  const replies = document.querySelector("#box .stop-button") !== null;
  if (replies) free = 0;
  return replies || performance.now() < free;
}
function enter(event) {
  if (!replying()) return;
  event.preventDefault();
  event.stopPropagation();
  entered = Boolean(document.querySelector("#box textarea").value.trim());
}
document.addEventListener("keydown", (event) => {
  const enters = event.key === "Enter" && !event.shiftKey && !event.isComposing;
  if (enters && event.target.matches?.("#box textarea")) enter(event);
}, true);
document.addEventListener("click", (event) => {
  if (event.isTrusted && event.target.closest?.("#box .submit-button")) enter(event);
}, true);
function sendEntered() {
  if (document.querySelector("#ms-notice [data-told] > p")) {
    entered = false;
    free = 0;
  }
  if (replying() || !entered) return;
  entered = false;
  document.querySelector("#box .submit-button")?.click();
}
window.msFree = async () => {
  while (replying()) await new Promise((look) => setTimeout(look, 50));
};

// The server empties the box when it has taken what was sent, and fills it when it gives that back;
// what was typed meanwhile stays behind it.
let before = "", draft = "";  // what the box was sent with or the server set; what it holds
window.msSent = (text = draft) => { before = text; };
function keepTyped() {
  const field = document.querySelector("#box textarea");
  if (!field || field.value === draft) return;
  if (performance.now() < free) wait(BEGINNING);
  const typed = draft.startsWith(before) ? draft.slice(before.length).trimStart() : draft;
  before = field.value;
  draft = typed ? `${before.trimEnd()} ${typed}`.trimStart() : before;
  if (!typed) return;
  field.value = draft;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
document.addEventListener("beforeinput", keepTyped, true);
// A value that is set tells nobody, so the field's own setter does.
function watchBox() {
  const field = document.querySelector("#box textarea");
  if (!field || Object.hasOwn(field, "value")) return;
  const { get, set } = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value");
  Object.defineProperty(field, "value", {
    configurable: true, get,
    set(text) { set.call(this, text); queueMicrotask(keepTyped); },
  });
}
document.addEventListener("input", (event) => {
  if (!event.target.matches?.("#box textarea")) return;
  draft = event.target.value;
  if (event.isTrusted) entered = false;
}, true);
document.addEventListener("click", (event) => {
  if (event.target.closest?.("#restart, #forget")) msSent();  // nothing of it is to stay
}, true);

// A page that is loaded again, as after the server was away, has the draft again, in the same tab.
const DRAFT = `mm-support-draft ${location.pathname}`;
addEventListener("pagehide", () => {
  try {
    if (draft.trim() && !keepsNothing) sessionStorage.setItem(DRAFT, draft);
  } catch { /* then it is lost */ }
});
msOpened.then(() => {
  try {
    const kept = sessionStorage.getItem(DRAFT), field = document.querySelector("#box textarea");
    sessionStorage.removeItem(DRAFT);
    if (!kept || !field || field.value) return;
    field.value = kept;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  } catch { /* nothing was kept */ }
});

// The microphone button starts recording, the stop button attaches what was recorded.
let recording = false;
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("#box .microphone-button")) return;
  recording = !document.querySelector("#box .recording-overlay");
  for (const sound of all("#box .ms-listen audio")) sound.pause();
  if (!open) tell(msWord("microphone_insecure"));
}, true);
function record() {
  const start = recording && document.querySelector("#box .record-button");
  if (start) { recording = false; start.click(); }
  document.querySelector("#box button:is([aria-label='Attach audio'], [data-part='Attach audio'])")?.click();
}

// What was recorded is heard before it is sent: Gradio shows a note for it, which says nothing.
let attached = [];  // the files in the box
window.msAttached = (box) => {
  attached = box?.files ?? [];
  tidySoon();
};
function offerListening() {
  all("#box .thumbnail-item").forEach((thing, place) => {
    const { mime_type: kind, url } = attached[place] ?? {};
    const sound = kind?.startsWith("audio/") ? url : undefined;
    const there = thing.querySelector(".ms-listen");
    if (there?.dataset.url === sound) return;
    there?.remove();
    if (!sound) return;
    const button = listenButton(sound);
    thing.prepend(button);
    if (document.activeElement === document.body) button.focus({ preventScroll: true });  // it was on "Stop"
  });
}
function listenButton(url) {
  const sound = new Audio(url), length = document.createElement("span");
  const button = Object.assign(document.createElement("button"), { type: "button", className: "ms-listen" });
  button.dataset.url = url;
  button.append(sound, length);
  const show = () => {
    const seconds = sound.paused ? sound.duration : sound.currentTime;
    const whole = Number.isFinite(seconds) ? Math.round(seconds) : 0;
    length.textContent = `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
    button.classList.toggle("ms-playing", !sound.paused);
    button.ariaLabel = button.title = msWord(sound.paused ? "listen" : "listen_pause");
  };
  for (const change of ["loadedmetadata", "play", "pause", "ended", "timeupdate"]) {
    sound.addEventListener(change, show);
  }
  button.addEventListener("click", () => { if (sound.paused) sound.play(); else sound.pause(); });
  show();
  return button;
}

// The same photo can be chosen twice: a file field that still holds it would not notice.
document.addEventListener("click", (event) => {
  if (event.target.matches?.("#box input[type=file]")) event.target.value = "";
}, true);

// A player that is put away cancels what it loads, which Gradio leaves unhandled: a recording is
// attached before its player has drawn it. Its script is the one that has named the error.
window.addEventListener("unhandledrejection", (event) => {
  const { name, stack } = event.reason ?? {};
  if (name === "AbortError" && /AudioPlayer/.test(stack)) event.preventDefault();
});

// Once a frame: a reply that streams changes the page many times between two of them. What it changes
// itself is no reason to begin again.
let due = 0;
function tidy() {
  due = 0;
  speakOwn();
  offerListening();
  nameParts();
  nameThings();
  offerCopy();
  keepTurn();
  follow();
  watcher.takeRecords();
}
const tidySoon = () => { due ||= requestAnimationFrame(tidy); };
const watcher = new MutationObserver(() => {
  record();
  watchBox();
  keepTyped();
  sendEntered();
  tidySoon();
});
document.addEventListener("load", tidySoon, true);  // of a picture, which moves what is below it
window.addEventListener("resize", tidySoon);
watcher.observe(document.documentElement, {
  childList: true, subtree: true, characterData: true, attributeFilter: ["aria-label", "hidden", "name"],
});
