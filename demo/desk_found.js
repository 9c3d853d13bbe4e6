// What a search at the desk found: a press opens a conversation and marks it as open. It goes when the
// search is emptied. Runs once, with what Gradio gives to gr.HTML: element and trigger (starts an event).

element.addEventListener("click", (event) => {
  if (event.target.closest("[data-clear]")) {
    const field = document.querySelector("#search :is(input, textarea)");
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  }
  const pressed = event.target.closest("[data-conversation]");
  if (!pressed) return;
  for (const each of element.querySelectorAll(".ms-case")) each.ariaCurrent = each === pressed ? "true" : null;
  trigger("pick", { conversation: pressed.dataset.conversation });
  const shown = document.querySelector("#ms-case");
  const below = shown?.getBoundingClientRect().top >= element.getBoundingClientRect().bottom;
  if (below) shown.scrollIntoView();  // on a phone, where it stands under the list
});

document.addEventListener("input", (event) => {
  if (event.target.closest?.("#search") && !event.target.value.trim()) trigger("clear");
});
