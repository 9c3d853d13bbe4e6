// The desk's list: a press opens a conversation, and the tab's title says how many wait. Runs once,
// with what Gradio gives to gr.HTML: element, trigger (starts an event) and watch (notes new
// values).

element.addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-conversation]");
  if (pressed) trigger("pick", { conversation: pressed.dataset.conversation });
});

const title = document.title;
watch("value", () => {
  const waiting = element.querySelectorAll(".ms-case.ms-waiting").length;
  document.title = waiting ? `(${waiting}) ${title}` : title;
});
