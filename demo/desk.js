// The desk's list: a press opens a conversation, the tab's title says how many wait, and keys do what
// is done all day. Runs once, with what Gradio gives to gr.HTML: element and trigger (starts an event).

// What was begun in the boxes stays in this tab, by conversation, until the server has it. The boxes
// change with the conversation that is shown, not with the press that opens it: what is typed into them
// once it is shown stays.
const BEGUN = "mm-support-begun";
const BOXES = ["reply", "note"];
let begun = {};
try { begun = JSON.parse(sessionStorage.getItem(BEGUN)) ?? {}; } catch { /* nothing was kept */ }
const box = (id) => document.querySelector(`#${id} :is(input, textarea)`);
const opened = () => document.querySelector("#about [data-conversation]")?.dataset.conversation;
let written;  // the conversation that the boxes' texts are of
function keep() {
  const texts = BOXES.map((id) => [id, box(id)?.value ?? ""]);
  if (written) begun[written] = Object.fromEntries(texts);
  try { sessionStorage.setItem(BEGUN, JSON.stringify(begun)); } catch { /* then for this page only */ }
}
function showBegun() {
  if (opened() === written || !BOXES.every(box)) return;
  keep();
  written = opened();
  const texts = begun[written] ?? {};  // of which each input that is filled keeps what stands there
  for (const id of BOXES) fill(id, texts[id] ?? "");
}
new MutationObserver(showBegun).observe(element.closest(".ms-desk"), { childList: true, subtree: true });
const pick = (conversation) => trigger("pick", { conversation });
document.addEventListener("input", (event) => {
  if (event.target.closest?.("#reply, #note")) keep();
});
addEventListener("pagehide", keep);
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("#sign-out")) return;
  for (const id of BOXES) fill(id, "");
  begun = {};
  keep();
});

// Of a box that is sent what was typed meanwhile stays, also where another conversation is open by then.
const sent = {};
window.msSends = (id) => { sent[id] = { conversation: written, text: box(id).value }; };
window.msSent = (id) => {
  const { conversation, text } = sent[id];
  const rest = (value) => value.startsWith(text) ? value.slice(text.length).trimStart() : value;
  if (conversation === written) fill(id, rest(box(id).value));
  else if (begun[conversation]) begun[conversation][id] = rest(begun[conversation][id]);
  keep();
};
function fill(id, text) {
  if (!box(id)) return;
  box(id).value = text;
  box(id).dispatchEvent(new Event("input", { bubbles: true }));
}

element.addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-conversation]");
  if (!pressed) return;
  pick(pressed.dataset.conversation);
  const shown = document.querySelector("#ms-case");
  const below = shown?.getBoundingClientRect().top >= element.getBoundingClientRect().bottom;
  if (below) shown.scrollIntoView();  // on a phone, where it stands under the list
});

// The address names the conversation that is open, which a reload opens again, also once the server
// was started anew.
const OPEN = "conversation";
const named = new URLSearchParams(location.hash.slice(1)).get(OPEN);
if (named) pick(named);
addEventListener("click", (event) => {
  const picked = event.target.closest?.("#cases [data-conversation], #found [data-conversation]");
  const { pathname, search } = location;
  if (picked) history.replaceState(null, "", `${pathname}${search}#${OPEN}=${picked.dataset.conversation}`);
});

const title = document.title;
let known = new Set();
function count() {
  const cases = [...element.querySelectorAll(".ms-case.ms-waiting")];
  const waiting = new Set(cases.map((each) => each.dataset.conversation));
  document.title = waiting.size ? `(${waiting.size}) ${title}` : title;
  if ([...waiting].some((each) => !known.has(each)) && wanted()) chime();
  known = waiting;
}

// Two notes for each look at the list that finds another conversation waiting, where that is wanted.
// Browsers let a page sound once somebody has pressed something on it.
const SOUND = "mm-support-desk-sound";  // under which the browser keeps that, see desk.py
const sound = () => document.querySelector("#desk-sound");
const wanted = () => sound()?.checked;
let speaker = null;
function chime() {
  speaker ??= new AudioContext();
  speaker.resume();
  [660, 880].forEach((frequency, place) => {
    const note = new OscillatorNode(speaker, { frequency });
    const level = new GainNode(speaker, { gain: 0.15 });
    const begins = speaker.currentTime + place * 0.15;
    note.connect(level).connect(speaker.destination);
    level.gain.setTargetAtTime(0, begins + 0.1, 0.05);
    note.start(begins);
    note.stop(begins + 0.4);
  });
}
document.addEventListener("change", (event) => {
  if (event.target !== sound()) return;
  try { localStorage.setItem(SOUND, wanted() ? "1" : "0"); } catch { /* for this page only */ }
  if (wanted()) chime();
});
count();
new MutationObserver(count).observe(element, { childList: true, subtree: true });

function move(step) {
  const found = document.querySelectorAll("#found .ms-case");  // in place of the list
  const cases = [...(found.length ? found : element.querySelectorAll(".ms-case"))];
  const at = cases.findIndex((each) => each.ariaCurrent === "true");
  const next = cases[at < 0 ? 0 : Math.min(Math.max(at + step, 0), cases.length - 1)];
  if (next && next !== cases[at]) next.click();
}
const press = (id) => document.querySelector(`#${id}:not(:disabled)`)?.click();
const write = (id) => document.querySelector(`#${id} :is(input, textarea)`)?.focus();
const outcomes = () => document.querySelector("#do-close details");
function choose() {
  if (!outcomes()) return;
  outcomes().open = true;
  outcomes().querySelector("button").focus();
}
const KEYS = {
  j: () => move(1), k: () => move(-1), t: () => press("do-take"), s: () => press("suggest"),
  r: () => write("reply"), n: () => write("note"), c: choose, o: () => press("do-open-again"),
  "/": () => write("search"),
};
document.addEventListener("click", (event) => {
  if (outcomes() && !event.target.closest?.("#do-close")) outcomes().open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.activeElement?.blur();
  if (event.key === "Escape" && outcomes()) outcomes().open = false;
  const writes = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (writes || event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});
