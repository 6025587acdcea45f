/* The live line: one websocket; the server says what changed, the page asks again for its parts.
 *
 * A part is <… data-live="LEAD_UPDATED NEW_LEAD" data-live-id="" hx-get="…" hx-trigger="live">:
 * it is asked again when an event of one of its types arrives and, if data-live-id is not empty,
 * when one of the ids in it is among the event's values. Scripts may listen to `live:<TYPE>` on document.
 */
import { htmx } from "./htmx_setup.js";
import { announce } from "./toasts.js";
import { relative } from "./times.js";
import { word } from "./words.js";

const LAST_ID = "live:after";
const HOLD_MS = 1500;
const GATHER_MS = 250; // a burst of events makes one request
const GATHER_MAX_MS = 1500;
const LATE_AFTER_MS = 5000; // short cuts are not worth a banner
const LEAVING_MS = 10_000; // a page that is left is gone by then, or stays after all
const KEPT_MS = 55 * 60_000; // the server keeps events for an hour
const BACKOFF_MS = [500, 1000, 2000, 5000, 10_000, 20_000, 30_000];
const CLOSED_UNAUTHENTICATED = 4401;

let socket = null;
let attempts = 0;
let downSince = 0;
let lastHeard = Date.now();
let retryTimer = 0;
let lateTimer = 0;
let leftAt = 0;
const waiting = new Map();

function fire(element) {
  const entry = waiting.get(element);
  clearTimeout(entry?.timer);
  // A form that somebody opened inside stays where it is until they are done with it.
  if (entry && element.isConnected && element.querySelector("details[data-live-hold][open]")) {
    entry.timer = setTimeout(() => fire(element), HOLD_MS);
    return;
  }
  waiting.delete(element);
  if (element.isConnected) htmx.trigger(element, "live");
}

/** Asks for a part again, soon; repeated calls are gathered. */
function refetch(element) {
  const now = Date.now();
  const entry = waiting.get(element) ?? { since: now, timer: 0 };
  clearTimeout(entry.timer);
  const pause = Math.max(0, Math.min(GATHER_MS, entry.since + GATHER_MAX_MS - now));
  entry.timer = setTimeout(() => fire(element), pause);
  waiting.set(element, entry);
}

function concerns(element, event) {
  if (!element.dataset.live.split(/\s+/).includes(event.type)) return false;
  const wanted = element.dataset.liveId?.trim();
  if (!wanted) return true;
  const values = Object.values(event.data ?? {}).map(String);
  return wanted.split(/\s+/).some((id) => values.includes(id));
}

function receive(event) {
  // The next page may have been drawn already: what this one hears meanwhile is news to that one.
  if (event.id && Date.now() - leftAt > LEAVING_MS) sessionStorage.setItem(LAST_ID, String(event.id));
  if (!event.type) return;
  if (event.type === "RESYNC") {
    refetchAll(); // what was missed is no longer kept
    return;
  }
  document.dispatchEvent(new CustomEvent(`live:${event.type}`, { detail: event }));
  let said = "";
  for (const element of document.querySelectorAll("[data-live]")) {
    if (!concerns(element, event)) continue;
    refetch(element);
    said ||= element.dataset.liveSay ?? "";
  }
  if (said) announce(said);
}

function refetchAll() {
  for (const element of document.querySelectorAll("[data-live]")) refetch(element);
}

function showLate() {
  const bar = document.getElementById("late-bar");
  if (!bar || !downSince) return;
  const age = relative(lastHeard) ?? new Date(lastHeard).toLocaleTimeString();
  bar.querySelector("[data-late-text]").textContent = `${word("Late")} ${age}`;
  bar.hidden = false;
}

function wentDown() {
  if (!downSince) downSince = Date.now();
  clearTimeout(lateTimer);
  lateTimer = setInterval(() => Date.now() - downSince >= LATE_AFTER_MS && showLate(), 1000);
}

function cameUp() {
  const away = downSince ? Date.now() - downSince : 0;
  attempts = 0;
  downSince = 0;
  clearInterval(lateTimer);
  const bar = document.getElementById("late-bar");
  if (bar) bar.hidden = true;
  if (away > KEPT_MS) refetchAll();
}

function connect() {
  clearTimeout(retryTimer);
  const scheme = window.location.protocol === "https:" ? "wss:" : "ws:";
  const after = sessionStorage.getItem(LAST_ID) ?? "";
  socket = new WebSocket(`${scheme}//${window.location.host}/ws/events/?after=${encodeURIComponent(after)}`);
  socket.addEventListener("open", cameUp);
  socket.addEventListener("message", (message) => {
    lastHeard = Date.now();
    try {
      receive(JSON.parse(message.data));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  });
  socket.addEventListener("close", (close) => {
    socket = null;
    if (close.code === CLOSED_UNAUTHENTICATED) sessionStorage.removeItem(LAST_ID);
    wentDown();
    // Jitter, so that all browsers do not come back in the same instant after a restart.
    const pause = BACKOFF_MS[Math.min(attempts++, BACKOFF_MS.length - 1)] * (0.7 + Math.random() * 0.6);
    retryTimer = setTimeout(connect, pause);
  });
}

function retryNow() {
  attempts = 0;
  if (!socket) connect();
  refetchAll();
}

export function startLive() {
  if (document.body.dataset.liveLine !== "on") return;
  window.addEventListener("beforeunload", () => {
    leftAt = Date.now();
  });
  const scope = document.body.dataset.liveScope ?? "";
  if (sessionStorage.getItem("live:scope") !== scope) {
    // Another company or another person: ids of the old line mean nothing here.
    sessionStorage.setItem("live:scope", scope);
    sessionStorage.removeItem(LAST_ID);
  }
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-live-retry]")) retryNow();
  });
  window.addEventListener("online", () => !socket && connect());
  document.addEventListener("visibilitychange", () => !document.hidden && !socket && connect());
  connect();
}
