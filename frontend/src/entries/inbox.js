/* The inbox: scroll that stays where the reader is, drafts that survive, a countdown to the end of the reply window. */
import { afterSending, startCopilot } from "../lib/copilot.js";
import { announce } from "../lib/toasts.js";

const NEAR_BOTTOM_PX = 120;
const DRAFT = "chat-draft:";
const COLUMN_SCROLL = "chat-column-scroll";

const thread = () => document.getElementById("thread");
const composer = () => document.querySelector("form[data-composer]");
const box = () => composer()?.querySelector("textarea");

let followed = true; // the reader was at the end before the swap
let known = new Set(); // ids of the messages that were on the screen
let below = false; // something new stands below what the reader sees
let kept = null; // { element, fromEnd } while older messages are put on top

function atEnd(element) {
  return element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_BOTTOM_PX;
}

function toEnd() {
  const element = thread();
  if (element) element.scrollTop = element.scrollHeight;
}

function toHashOrEnd() {
  const wanted = window.location.hash.startsWith("#m-") && document.getElementById(window.location.hash.slice(1));
  if (wanted) wanted.scrollIntoView({ block: "center" });
  else toEnd();
}

function beforeSwap(event) {
  const element = thread();
  if (!element) return;
  const target = event.detail.target;
  if (target?.id === "chat") {
    followed = atEnd(element);
    known = shownIds();
  }
  else if (target?.id?.startsWith("older-")) kept = element.scrollHeight - element.scrollTop;
}

function afterSwap() {
  const element = thread();
  if (!element) return;
  if (kept !== null) {
    element.scrollTop = element.scrollHeight - kept;
    kept = null;
    followed = false;
  } else if (followed) {
    toEnd();
  }
  tellNews();
  showCountdown();
}

// --- what is new --------------------------------------------------------------------------------

function shownIds() {
  return new Set([...document.querySelectorAll("#thread article[id]")].map((article) => article.id));
}

/** Reads the customer's new words out politely, and points to them when the reader is further up. */
function tellNews() {
  const fresh = [...document.querySelectorAll("#thread article[id]")].filter((article) => !known.has(article.id));
  known = shownIds();
  below = !followed && (below || fresh.length > 0);
  pointBelow();
  const theirs = fresh.filter((article) => !article.matches(".out, .auto"));
  if (theirs.length) {
    const last = theirs[theirs.length - 1];
    const [by, said] = [".bubble-by", ".bubble"].map((part) => last.querySelector(part)?.textContent.trim() ?? "");
    announce(`${by}: ${said}`);
  }
}

function pointBelow() {
  const button = document.querySelector("[data-to-end]");
  if (button) button.hidden = !below;
}

/** A message is read when somebody can see it, not when a forgotten tab hears of it. */
function markRead() {
  const form = document.querySelector("form[data-mark-read]");
  if (!form || form.dataset.told || document.hidden) return;
  form.dataset.told = "true"; // a fresh part of the page comes without it
  window.htmx?.ajax("POST", form.getAttribute("action"), { swap: "none" });
}

function onScroll(event) {
  if (event.target !== thread()) return;
  followed = atEnd(event.target);
  if (!followed) return;
  below = false;
  pointBelow();
}

// --- drafts ---------------------------------------------------------------------------------------

function draftKey(form) {
  return DRAFT + form.dataset.composer;
}

function grow(area) {
  area.style.height = "auto"; // set from a script: the content policy is about markup
  area.style.height = `${Math.min(area.scrollHeight + 2, 192)}px`;
}

function keepDraft(event) {
  const form = event.target.form;
  if (!form?.dataset.composer || event.target.name !== "text") return;
  try {
    if (event.target.value.trim()) localStorage.setItem(draftKey(form), event.target.value);
    else localStorage.removeItem(draftKey(form));
  } catch {
    // Storage is full or forbidden: the text is still in the box.
  }
  grow(event.target);
}

function restoreDraft() {
  const area = box();
  if (!area || area.value) return;
  try {
    area.value = localStorage.getItem(draftKey(area.form)) ?? "";
  } catch {
    return;
  }
  if (area.value) grow(area);
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function sent(event) {
  const form = event.detail.elt?.closest?.("form[data-composer]"); // or one of its buttons: a file, a later time
  if (!form || event.detail.elt.matches("[data-copilot-ask]")) return;
  if (event.detail.xhr.status >= 400) return; // a refused one comes back with what was typed
  const area = form.querySelector("textarea") ?? box();
  try {
    localStorage.removeItem(draftKey(form));
  } catch {
    // As above.
  }
  if (area) {
    area.value = "";
    grow(area);
    if (!window.matchMedia("(pointer: coarse)").matches) area.focus();
  }
  for (const file of document.querySelectorAll("form[data-composer] input[type=file]")) file.value = "";
  document.getElementById("reply-to")?.replaceChildren();
  afterSending();
  // Only an accepted message gets a new key: pressing again after a cut sends the same message, not a second one.
  const key = composer()?.querySelector('input[name="key"]');
  if (key) key.value = newKey();
  followed = true;
  toEnd();
}

// A plain submit (no htmx answer yet) must not leave its text behind as a draft once the page comes back with it sent.
function plainSubmit(event) {
  const form = event.target;
  if (form?.dataset?.composer && !event.defaultPrevented && !window.htmx) localStorage.removeItem(draftKey(form));
}

// --- reply window ---------------------------------------------------------------------------------

function showCountdown() {
  for (const element of document.querySelectorAll("[data-countdown]")) {
    const minutes = Math.floor((Date.parse(element.dataset.countdown) - Date.now()) / 60_000);
    if (minutes < 0) {
      element.textContent = "";
      window.htmx?.trigger("#chat", "refresh");
      continue;
    }
    const hours = Math.floor(minutes / 60);
    const span = hours ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
    element.textContent = `(${span})`;
    element.classList.toggle("soon", minutes < 60);
  }
}

// --- the list beside ------------------------------------------------------------------------------

function keepColumn() {
  const column = document.getElementById("chat-column");
  if (!column) return;
  const stored = Number(sessionStorage.getItem(COLUMN_SCROLL));
  if (stored) column.scrollTop = stored;
  column.querySelector(".chat-row.current")?.scrollIntoView({ block: "nearest" });
  window.addEventListener("pagehide", () => sessionStorage.setItem(COLUMN_SCROLL, String(column.scrollTop)));
}

function start() {
  keepColumn();
  startCopilot();
  restoreDraft();
  toHashOrEnd();
  known = shownIds();
  showCountdown();
  document.addEventListener("visibilitychange", markRead);
  if (document.readyState === "complete") markRead();
  else window.addEventListener("load", markRead);
  document.addEventListener("scroll", onScroll, true);
  document.addEventListener("click", (event) => event.target.closest?.("[data-to-end]") && toEnd());
  setInterval(showCountdown, 30_000);
  document.addEventListener("input", keepDraft);
  document.addEventListener("submit", plainSubmit);
  document.addEventListener("htmx:beforeSwap", beforeSwap);
  document.addEventListener("htmx:afterSwap", afterSwap);
  document.addEventListener("htmx:afterSettle", markRead);
  document.addEventListener("htmx:afterRequest", sent);
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
