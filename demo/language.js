// The page's language: the one that its address names, that was chosen here, or the browser's, among
// window.msLanguages. From here on it is the browser's, in which Gradio names its components.
(() => {
  const KEPT = "mm-support-language";  // under which the browser keeps what was chosen
  const of = (locale) => (locale ?? "").split("-")[0].toLowerCase();
  const kept = () => {
    try { return localStorage.getItem(KEPT); } catch { return null; }  // a frame without storage
  };
  const asked = new URLSearchParams(location.search).get("lang") ?? kept() ?? navigator.language;
  const offered = window.msLanguages;
  const language = offered.includes(of(asked)) ? of(asked) : offered[0];
  const { region } = new Intl.Locale(language).maximize();
  const locale = navigator.languages.find((own) => of(own) === language) ?? `${language}-${region}`;
  Object.defineProperty(navigator, "language", { get: () => locale });
  Object.defineProperty(navigator, "languages", { get: () => [locale] });
  document.documentElement.lang = window.msLanguage = language;
  window.msChoose = (chosen) => {
    try { localStorage.setItem(KEPT, chosen); } catch { /* then for this page only */ }
  };
})();
