// The desk's list: a press opens a conversation, the tab's title says how many wait, and keys do what
// is done all day. Runs once, with what Gradio gives to gr.HTML: element and trigger (starts an event).

element.addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-conversation]");
  if (!pressed) return;
  trigger("pick", { conversation: pressed.dataset.conversation });
  const shown = document.querySelector("#ms-case");
  const below = shown?.getBoundingClientRect().top >= element.getBoundingClientRect().bottom;
  if (below) shown.scrollIntoView();  // on a phone, where it stands under the list
});

const title = document.title;
function count() {
  const waiting = element.querySelectorAll(".ms-case.ms-waiting").length;
  document.title = waiting ? `(${waiting}) ${title}` : title;
}
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
