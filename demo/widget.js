/* The assistant on any website:

     <script src="https://support.example/widget.js" data-knowledge="shop" async></script>

   A button in the corner opens the assistant's page in a frame. This script stores one thing, in the
   site's own storage: the visitor's token and conversation, as the page gives them, so that it is there
   again after a reload, also where browsers give frames no storage. Once another customer is signed in,
   or none any more, it is dropped. On the script's element:
     data-knowledge   the base that is asked; left out, customers choose
     data-language    en or zh; left out, the browser's
     data-label       the button's words; data-title: the frame's name for screen readers
     data-accent      the button's colour, #rrggbb
     data-side        "left" for the other corner
     data-customer    who is signed in on the site, as its server has signed it (docs/actions.md)
     data-forget      present: nothing is stored; each visit begins anew
     data-microphone  present: people may speak, where the browser and they allow it */
(() => {
  "use strict";
  const own = document.currentScript;
  if (!own || window.mmSupport) return;
  const { knowledge, language, label, title, customer, accent = "#0f766e", side = "right" } = own.dataset;
  const words = {
    en: { open: "Help", close: "Close help", frame: "Customer support" },
    zh: { open: "帮助", close: "关闭帮助", frame: "客户服务" },
  };
  const spoken = (language ?? navigator.language).slice(0, 2).toLowerCase();
  const say = words[spoken] ?? words.en;
  const home = new URL(own.src).origin;
  const address = new URL(new URL(".", own.src));
  address.searchParams.set("embed", "1");
  address.searchParams.set("kept", "site");  // the page itself keeps nothing
  if (knowledge) address.searchParams.set("knowledge", knowledge);
  if (language) address.searchParams.set("lang", language);

  const host = document.createElement("div");
  host.dataset.mmSupport = "";
  const root = host.attachShadow({ mode: "open" });  // the site's styles stay out, ours stay in
  const safeAccent = /^#[0-9a-f]{6}$/i.test(accent) ? accent : "#0f766e";
  const edge = side === "left" ? "left" : "right";
  const style = document.createElement("style");
  style.textContent = `
    :host { all: initial; }
    button {
      position: fixed; z-index: 2147483000; bottom: max(20px, env(safe-area-inset-bottom));
      ${edge}: 20px; min-width: 56px; min-height: 56px; padding: 0 22px; border: 0;
      border-radius: 28px; background: ${safeAccent}; color: #fff; cursor: pointer;
      font: 600 16px/1.2 system-ui, sans-serif; box-shadow: 0 6px 24px rgb(0 0 0 / 28%);
    }
    button:focus-visible { outline: 3px solid #fff; outline-offset: -6px; }
    button:hover { filter: brightness(0.92); }
    section {
      position: fixed; z-index: 2147483000; bottom: 92px; ${edge}: 20px; width: 400px;
      height: min(680px, calc(100vh - 120px)); border-radius: 18px; overflow: hidden;
      background: #fafafa; box-shadow: 0 16px 56px rgb(0 0 0 / 32%);
    }
    section[hidden] { display: none; }
    iframe { width: 100%; height: 100%; border: 0; display: block; color-scheme: normal; }
    @media (prefers-color-scheme: dark) { section { background: #0a0a0b; } }
    @media (max-width: 480px) {
      section { inset: 0; box-sizing: border-box; width: auto; height: auto; padding-bottom: 56px;
        border-radius: 0; }
      button[aria-expanded=true] { bottom: 6px; min-width: 44px; min-height: 44px; padding: 0;
        box-shadow: none; }
    }`;
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-expanded", "false");
  const panel = document.createElement("section");
  panel.hidden = true;
  panel.id = "panel";
  panel.setAttribute("role", "dialog");
  panel.setAttribute("aria-label", title ?? say.frame);
  button.setAttribute("aria-controls", panel.id);
  let frame = null;
  const KEPT = "mm-support-session";
  const forgets = "forget" in own.dataset;
  const who = encodeURIComponent(named(customer));
  function named(signed) {  // tells customers apart, and proves nothing
    try {
      return String(JSON.parse(atob(signed.split(".")[0].replace(/-/g, "+").replace(/_/g, "/"))).id);
    } catch { return ""; }
  }
  function kept() {
    try {
      const [session, whose] = (localStorage.getItem(KEPT) ?? "").split(" ");
      if (!forgets && (!whose || whose === who)) return session;
      localStorage.removeItem(KEPT);
    } catch { /* then each visit begins anew */ }
    return "";
  }
  function keep(session) {
    if (forgets) return;
    try {
      if (session) localStorage.setItem(KEPT, `${session} ${who}`);
      else localStorage.removeItem(KEPT);
    } catch { /* then each visit begins anew */ }
  }

  function load() {  // not before it is wanted: a visit costs the assistant nothing
    if (frame) return;
    frame = document.createElement("iframe");
    frame.title = title ?? say.frame;
    frame.allow = "microphone" in own.dataset ? "microphone; autoplay; clipboard-write" : "clipboard-write";
    frame.referrerPolicy = "origin";
    const before = kept();
    const passed = [before && `session=${before}`, customer && `customer=${encodeURIComponent(customer)}`];
    address.hash = passed.filter(Boolean).join("&");
    frame.src = address.href;
    panel.append(frame);
  }

  function show(wanted) {
    if (wanted) load();
    panel.hidden = !wanted;
    button.setAttribute("aria-expanded", String(wanted));
    button.textContent = wanted ? "✕" : (label ?? say.open);
    if (wanted) button.setAttribute("aria-label", say.close);
    else button.removeAttribute("aria-label");
    if (wanted) frame.focus();
    else button.focus();
  }

  button.addEventListener("click", () => show(panel.hidden));
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !panel.hidden) show(false);
  });
  addEventListener("message", (event) => {  // Escape within the frame
    const ours = frame && event.source === frame.contentWindow && event.origin === home;
    if (!ours) return;
    if (event.data?.mmSupport === "close") show(false);
    if (event.data?.mmSupport === "session") keep(String(event.data.session ?? ""));
  });
  button.textContent = label ?? say.open;
  root.append(style, panel, button);
  const place = () => document.body.append(host);
  if (document.body) place();
  else addEventListener("DOMContentLoaded", place);
  window.mmSupport = { open: () => show(true), close: () => show(false) };
})();
