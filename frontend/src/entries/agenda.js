/* The agenda: a calendar where there is room for one, and the panel of an appointment. */
import { drawCalendar, movedAt, refresh } from "../lib/calendar.js";
import { announce } from "../lib/toasts.js";

const OWN_MS = 3000; // a change heard of so soon after a drag is that drag
const WIDE = "(min-width: 48rem)";
const panel = () => document.getElementById("agenda-panel");

let opener = null; // what the focus goes back to
let calendar = null;

function open(address, element) {
  opener = element;
  window.htmx?.ajax("GET", address, { target: "#agenda-panel", swap: "innerHTML" });
}

function close() {
  panel().classList.remove("open");
  panel().replaceChildren();
  calendar?.updateSize();
  if (opener?.isConnected) opener.focus();
}

function onClick(event) {
  const link = event.target.closest?.("a[data-appointment]");
  if (link) opener = link;
  if (!event.target.closest?.("[data-close-panel]")) return;
  event.preventDefault();
  close();
}

function onKey(event) {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  if (panel().classList.contains("open")) close();
}

function onSwap(event) {
  if (event.detail.target?.id !== "agenda-panel" || panel().classList.contains("open")) return;
  panel().classList.add("open");
  panel().focus({ preventScroll: true });
  calendar?.updateSize();
}

function draw() {
  const home = document.getElementById("agenda-calendar");
  if (!home || calendar || !window.matchMedia(WIDE).matches) return;
  home.hidden = false;
  document.documentElement.classList.add("has-calendar");
  calendar = drawCalendar(home, open);
}

function changed() {
  if (calendar) refresh(calendar);
  if (Date.now() - movedAt() > OWN_MS) announce(panel().dataset.wordsChanged);
}

function start() {
  if (!panel()) return;
  draw();
  window.matchMedia(WIDE).addEventListener("change", draw);
  for (const type of ["NEW_APPOINTMENT", "APPOINTMENT_UPDATED"]) {
    document.addEventListener(`live:${type}`, changed);
  }
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  document.addEventListener("htmx:afterSettle", onSwap);
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
