// What Gradio's components leave out: links from replies to their sources, names for screen
// readers, recording in two presses, and choosing a photo again. What is spoken is in voice.js.

const all = (selector) => [...document.querySelectorAll(selector)];

// A citation lights up its source; an older reply's sources come back into view.
document.addEventListener("click", (event) => {
  const match = /#source-(\d+)-(\d+)$/.exec(event.target.closest?.("#chat a")?.href);
  if (!match) return;
  event.preventDefault();
  const source = document.getElementById(`source-${match[1]}-${match[2]}`);
  if (!source) return;
  for (const turn of all(".ms-turn")) turn.hidden = turn.id !== `turn-${match[1]}`;
  for (const lit of all(".ms-lit")) lit.classList.remove("ms-lit");
  source.classList.add("ms-lit");
  source.focus({ preventScroll: true });
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  source.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
}, true);

// Gradio names a message by its raw Markdown, pictures and the text field by nothing, and makes
// each pill a group of its own.
function nameThings() {
  const onDesk = document.querySelector("#room");
  for (const message of all("#chat :is([data-testid=user], [data-testid=bot])")) {
    const mine = message.dataset.testid === "user";
    const person = message.querySelector("p:first-child > strong:only-child")?.textContent;
    const name = mine ? (onDesk ? "Customer" : "You") : person ?? "Assistant";
    if (message.getAttribute("aria-label") !== name) message.setAttribute("aria-label", name);
    if (!message.role) message.role = "group";
    for (const picture of message.querySelectorAll("img[alt='']")) {
      picture.alt = mine ? "Your photo" : "Picture from the source";
    }
    for (const button of message.querySelectorAll("button:not([aria-label])")) {
      button.ariaLabel = "Enlarge the picture";
    }
  }
  for (const pills of all("#picker .wrap:has(input):not([role])")) {
    pills.role = "radiogroup";
    pills.ariaLabel = "Knowledge";
  }
  for (const pill of all("#picker input:not([name=knowledge])")) pill.name = "knowledge";
  for (const send of all("#reply .submit-button:not([aria-label])")) send.ariaLabel = "Send";
  for (const field of all("#box textarea:not([aria-label])")) field.ariaLabel = "Your message";
}

// The microphone button starts recording, the stop button attaches what was recorded.
let recording = false;
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("#box .microphone-button")) return;
  recording = !document.querySelector("#box .recording-overlay");
}, true);
function record() {
  const start = recording && document.querySelector("#box .record-button");
  if (start) { recording = false; start.click(); }
  document.querySelector("#box button[aria-label='Attach audio']")?.click();
}

// The same photo can be chosen twice: a file field that still holds it would not notice.
document.addEventListener("click", (event) => {
  if (event.target.matches?.("#box input[type=file]")) event.target.value = "";
}, true);

new MutationObserver(() => { nameThings(); record(); }).observe(document.documentElement, {
  childList: true, subtree: true, characterData: true, attributeFilter: ["aria-label", "name"],
});
