/* Help with writing: a finished text lands in the composer, what stood there can be put back, nothing is sent. */
import { announce } from "./toasts.js";

const panel = () => document.getElementById("copilot");
const box = () => document.querySelector("form[data-composer] textarea");
const part = (name) => panel()?.querySelector(`[data-copilot-${name}]`);

let before = null; // what the composer held when the text was put there

function put(text) {
  const area = box();
  if (!area) return;
  area.value = text;
  area.dispatchEvent(new Event("input", { bubbles: true })); // kept as a draft, grown to its size
}

function take() {
  const area = box();
  const text = part("text");
  if (!area || !text) return;
  before = area.value;
  put(text.value);
  part("offer").hidden = true;
  part("put").hidden = false;
}

/** What was typed while it was being written is not replaced, and a chat that moved on is read first: then the text is only offered. */
function landed() {
  const found = panel();
  if (!found || found.dataset.shown || found.hasAttribute("hx-get")) return;
  found.dataset.shown = "true";
  const text = part("text");
  if (text && box()) {
    if (box().value.trim() === part("asked").value.trim() && !found.hasAttribute("data-copilot-moved")) take();
    else part("offer").hidden = false;
  }
  const said = found.querySelector("[data-copilot-put]:not([hidden])") ?? found.querySelector(".text-needs, .copilot-text");
  if (said) announce(said.firstElementChild?.matches("button") ? said.firstChild.textContent.trim() : said.textContent.trim());
}

function onClick(event) {
  const wanted = (name) => event.target.closest?.(`[data-copilot-${name}]`);
  if (wanted("take")) {
    take();
    box()?.focus();
  } else if (wanted("undo")) {
    put(before ?? "");
    part("put").hidden = true;
    part("offer").hidden = false;
    box()?.focus();
  } else if (wanted("close")) {
    clear();
    box()?.focus();
  } else if (wanted("ask")) {
    const menu = event.target.closest("details"); // it would lie over what comes
    if (menu) menu.open = false;
  }
}

/** Empties the panel; an answer that is still on its way finds no place any more. */
export function clear() {
  const empty = document.createElement("div");
  empty.id = "copilot";
  empty.dataset.keep = "true";
  panel()?.replaceWith(empty);
}

/** After a message was sent: what was offered or is being written for it is over, a summary stays. */
export function afterSending() {
  if (part("text") || panel()?.hasAttribute("data-copilot-waits")) clear();
}

function onKey(event) {
  if (!event.altKey || event.ctrlKey || event.metaKey || !event.code.startsWith("Key")) return;
  const letter = event.code.slice(3).toLowerCase(); // with Alt some keyboards write another sign
  const button = document.querySelector(`[data-alt-key="${CSS.escape(letter)}"]`);
  if (!button || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  button.click();
}

export function startCopilot() {
  document.addEventListener("htmx:afterSwap", landed);
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
}
