/* The script of every signed-in page. Pages work without it; this makes them quick and live. */
import "../lib/htmx_setup.js";
import { startDialogs } from "../lib/dialogs.js";
import { startForms } from "../lib/forms.js";
import { startKeys } from "../lib/keys.js";
import { startLive } from "../lib/live.js";
import { startMentions } from "../lib/mentions.js";
import { startPanel } from "../lib/panel.js";
import { startTabs } from "../lib/tabs.js";
import { startTimes } from "../lib/times.js";
import { startToasts } from "../lib/toasts.js";

document.documentElement.classList.add("scripted");

function start() {
  startToasts();
  startForms();
  startDialogs();
  startPanel();
  startKeys();
  startTabs();
  startTimes();
  startMentions();
  startLive();
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
