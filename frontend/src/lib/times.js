/* Keeps "hace 5 min" true: rewrites <time data-relative> every half minute while the page is seen. */
import { language } from "./words.js";

const EVERY_MS = 30_000;

/** "hace 5 min" for moments under an hour old, otherwise null: the server's words stay. */
export function relative(moment, now = Date.now()) {
  const minutes = Math.floor((now - moment) / 60_000);
  if (minutes < 0 || minutes >= 60) return null;
  const spanish = language().startsWith("es");
  if (minutes === 0) return spanish ? "ahora" : "now";
  return spanish ? `hace ${minutes} min` : `${minutes} min ago`;
}

function refresh() {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("time[data-relative]")) {
    const words = relative(Date.parse(element.dateTime)) ?? element.dataset.exact;
    if (words && element.textContent !== words) element.textContent = words;
  }
}

export function startTimes() {
  setInterval(refresh, EVERY_MS);
  document.addEventListener("visibilitychange", refresh);
}
