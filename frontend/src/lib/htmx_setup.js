/* htmx under a strict content policy, with a swap that keeps focus, typed text and open parts. */
import htmx from "htmx.org/dist/htmx.esm.js";
import { Idiomorph } from "idiomorph/dist/idiomorph.esm.js";

htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0; // private pages stay out of localStorage
htmx.config.refreshOnHistoryMiss = true;
htmx.config.scrollBehavior = "auto";
// Forms answered with 422 bring their errors back as a fragment: show it.
htmx.config.responseHandling = [
  { code: "204", swap: false },
  { code: "[23]..", swap: true },
  { code: "422", swap: true },
  { code: "[45]..", swap: false, error: true },
];

const callbacks = {
  beforeAttributeUpdated(name, node) {
    // What the person opened stays open.
    if (name === "open" && (node.tagName === "DETAILS" || node.tagName === "DIALOG")) return false;
    return true;
  },
  beforeNodeMorphed(node) {
    // What was typed and not yet sent is not replaced under the person's fingers.
    return !(node instanceof HTMLElement && (node.dataset.keep === "true" || touched(node)));
  },
};

function touched(field) {
  if (field instanceof HTMLTextAreaElement) return field.value !== field.defaultValue;
  if (field instanceof HTMLSelectElement) {
    const first = Math.max(0, [...field.options].findIndex((option) => option.defaultSelected));
    return field.selectedIndex !== first;
  }
  if (!(field instanceof HTMLInputElement) || field.type === "hidden") return false;
  return field.value !== field.defaultValue || field.checked !== field.defaultChecked;
}

const STYLES = { morph: "outerHTML", "morph:outerHTML": "outerHTML", "morph:innerHTML": "innerHTML" };

htmx.defineExtension("morph", {
  isInlineSwap: (style) => STYLES[style] === "outerHTML",
  handleSwap(style, target, fragment) {
    const morphStyle = STYLES[style];
    if (!morphStyle) return false;
    return Idiomorph.morph(target, fragment.children, { morphStyle, ignoreActiveValue: true, callbacks });
  },
});

document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector('meta[name="csrf-token"]')?.content;
  if (token) event.detail.headers["X-CSRFToken"] = token;
});

// Signed out in another tab: the fragment answer names the login page instead of being pasted here.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 401 || event.detail.xhr.responseURL.includes("/login/?")) {
    event.detail.shouldSwap = false;
    window.location.reload();
  }
});

window.htmx = htmx;
export { htmx };
