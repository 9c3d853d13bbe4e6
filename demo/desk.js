// The desk's list: a press opens a conversation, and the tab's title says how many wait. Runs once,
// with what Gradio gives to gr.HTML: element and trigger (starts an event).

element.addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-conversation]");
  if (pressed) trigger("pick", { conversation: pressed.dataset.conversation });
});

const title = document.title;
function count() {
  const waiting = element.querySelectorAll(".ms-case.ms-waiting").length;
  document.title = waiting ? `(${waiting}) ${title}` : title;
}
count();
new MutationObserver(count).observe(element, { childList: true, subtree: true });
