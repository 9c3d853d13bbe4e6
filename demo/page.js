// A citation in a reply lights up its source; an older reply's sources come back into view.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href*='#source-']");
  const match = link && /#source-(\d+)-(\d+)$/.exec(link.href);
  if (!match) return;
  event.preventDefault();
  const source = document.getElementById(`source-${match[1]}-${match[2]}`);
  if (!source) return;
  document.querySelectorAll(".ms-turn").forEach((turn) => { turn.hidden = turn.id !== `turn-${match[1]}`; });
  document.querySelectorAll(".ms-lit").forEach((lit) => lit.classList.remove("ms-lit"));
  source.classList.add("ms-lit");
  source.focus({ preventScroll: true });
  source.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
}, true);

// Gradio names each message by its raw Markdown and leaves pictures without words: say who speaks and what is shown.
const nameMessages = () => {
  for (const message of document.querySelectorAll("#chat [data-testid=user], #chat [data-testid=bot]")) {
    const mine = message.dataset.testid === "user";
    const name = mine ? "You" : "Assistant";
    if (message.getAttribute("aria-label") !== name) {
      message.setAttribute("role", "group");
      message.setAttribute("aria-label", name);
    }
    for (const picture of message.querySelectorAll("img[alt='']")) picture.alt = mine ? "Your photo" : "Picture from the source";
  }
};
new MutationObserver(nameMessages).observe(document.documentElement, { childList: true, subtree: true, attributeFilter: ["aria-label"] });
