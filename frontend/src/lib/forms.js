/* Small kindnesses for forms: filters that apply themselves, no double sending, text that is not lost. */
import { word } from "./words.js";

const DRAFT_PREFIX = "draft:";

function submitFilters(event) {
  const form = event.target.closest?.("form[data-autosubmit]");
  if (form && !event.target.matches('input[type="search"], input[type="text"]')) form.requestSubmit();
}

function withoutEmpty(event) {
  // A GET form leaves only what was chosen in the address.
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.method !== "get") return;
  for (const field of form.elements) if (field.name && field.value === "") field.disabled = true;
  setTimeout(() => {
    for (const field of form.elements) field.disabled = false;
  });
}

function refuseDouble(event) {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.method !== "post" || event.defaultPrevented) return;
  if (form.hasAttribute("hx-post") || form.hasAttribute("data-hx-post")) return;
  if (form.dataset.sent === "true") {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "true";
}

function noteChange(event) {
  const form = event.target.form;
  if (form?.hasAttribute("data-unsaved")) form.dataset.changed = "true";
}

function forgetChange(event) {
  if (!event.defaultPrevented) delete event.target.dataset?.changed;
}

function warnUnsaved(event) {
  // A long form that was changed and not saved: the browser asks before the page is left, for "Publish" too.
  if (!document.querySelector("form[data-unsaved][data-changed]")) return;
  event.preventDefault();
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent; // who stays may send again
}

function keepDraft(event) {
  const key = event.target.dataset?.draft;
  if (!key) return;
  if (event.target.value) sessionStorage.setItem(DRAFT_PREFIX + key, event.target.value);
  else sessionStorage.removeItem(DRAFT_PREFIX + key);
}

/** Puts a kept draft back into fields with data-draft="<key>" under the given node. */
export function restoreDrafts(root = document) {
  for (const field of root.querySelectorAll?.("[data-draft]") ?? []) {
    const kept = sessionStorage.getItem(DRAFT_PREFIX + field.dataset.draft);
    if (kept && !field.value) field.value = kept;
  }
}

/** Forgets a draft: call it once its text was accepted by the server. */
export function forgetDraft(key) {
  sessionStorage.removeItem(DRAFT_PREFIX + key);
}

function copyText(event) {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  navigator.clipboard?.writeText(button.dataset.copy).then(() => {
    document.dispatchEvent(new CustomEvent("toast", { detail: { text: word("Copied"), kind: "success" } }));
  });
}

let lastWritten = null; // the field that takes variables and was used last

function rememberField(event) {
  if (event.target.matches?.("[data-variables]")) lastWritten = event.target;
}

function insertText(event) {
  // A variable goes where the cursor was, in place of what was selected.
  const button = event.target.closest?.("[data-insert]");
  if (!button) return;
  const known = lastWritten?.isConnected && lastWritten.form === button.form;
  const field = known ? lastWritten : document.getElementById(button.dataset.into);
  if (!field || field.disabled) return;
  field.focus();
  field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function submitOnEnter(event) {
  // In a composer Enter sends and Shift+Enter breaks the line, as people expect from a chat.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  if (!event.target.matches?.("textarea[data-enter-sends]")) return;
  if (window.matchMedia("(pointer: coarse)").matches) return;
  event.preventDefault();
  event.target.form?.requestSubmit();
}

export function startForms() {
  document.addEventListener("change", submitFilters);
  document.addEventListener("submit", withoutEmpty);
  document.addEventListener("submit", refuseDouble);
  document.addEventListener("submit", forgetChange);
  document.addEventListener("input", noteChange);
  document.addEventListener("input", keepDraft);
  document.addEventListener("click", copyText);
  document.addEventListener("click", insertText);
  document.addEventListener("focusin", rememberField);
  document.addEventListener("keydown", submitOnEnter);
  document.addEventListener("htmx:load", (event) => restoreDrafts(event.detail.elt));
  window.addEventListener("beforeunload", warnUnsaved);
  // Back button: a page from the cache must accept sending again.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
  restoreDrafts();
}
