/* Notes that float at the edge. Success goes away by itself; an error stays until closed. */
import { word } from "./words.js";

const SECONDS = 6;

function region() {
  return document.getElementById("toasts");
}

function leaveLater(note) {
  if (note.dataset.kind !== "error" && !note.querySelector("form, a")) {
    setTimeout(() => note.remove(), SECONDS * 1000);
  }
}

/** Shows a note; kind is "info", "success" or "error". The same text is not stacked twice. */
export function toast(text, kind = "info") {
  const home = region();
  if (!home || !text) return;
  for (const other of home.children) if (other.dataset.text === text) return;
  const template = document.getElementById("toast-template");
  const note = template.content.firstElementChild.cloneNode(true);
  note.dataset.kind = kind;
  note.dataset.text = text;
  note.querySelector(".toast-text").textContent = text;
  home.append(note);
  leaveLater(note);
}

/** Says something to screen readers only, politely. */
export function announce(text) {
  const line = document.getElementById("announcer");
  if (line) line.textContent = text;
}

export function startToasts() {
  for (const note of region()?.children ?? []) leaveLater(note);
  document.addEventListener("click", (event) => {
    event.target.closest?.("[data-close-toast]")?.closest(".toast-note")?.remove();
  });
  document.addEventListener("htmx:sendError", () => toast(word("Offline"), "error"));
  document.addEventListener("htmx:timeout", () => toast(word("Offline"), "error"));
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.requestConfig?.verb === "get" && event.detail.elt?.dataset?.live) return;
    let said = "";
    try {
      said = JSON.parse(event.detail.xhr.responseText).error.message;
    } catch {
      said = event.detail.xhr.getResponseHeader("X-Message") ?? "";
    }
    toast(said || word("Failed"), "error");
  });
  // A view may answer with header HX-Trigger: {"toast": {"text": …, "kind": …}}.
  document.addEventListener("toast", (event) => toast(event.detail.text, event.detail.kind));
}
