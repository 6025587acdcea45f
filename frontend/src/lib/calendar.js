/* The week and the day as a calendar, drawn over the lists of the page where there is room for it. */
import { Calendar } from "@fullcalendar/core";
import es from "@fullcalendar/core/locales/es.js";
import interaction from "@fullcalendar/interaction";
import timeGrid from "@fullcalendar/timegrid";
import { announce, toast } from "./toasts.js";
import { language } from "./words.js";

const CLOCK = { hour: "2-digit", minute: "2-digit", hour12: false };
const LOOKS = { semana: "timeGridWeek", dia: "timeGridDay" };

let lastMove = 0;
let undecided = 0; // drags that the server has not answered yet
let outdated = false;

/** When somebody last dragged something here. */
export const movedAt = () => lastMove;

/** Read everything anew, but not under a drag: taken back afterwards, it would stand there twice. */
export function refresh(calendar) {
  outdated = undecided > 0;
  if (!outdated) calendar.refetchEvents();
}

/** What the clock of the company shows now, as the calendar writes times. */
function wallNow(zone) {
  const shown = new Date().toLocaleString("sv-SE", { timeZone: zone });
  return shown.replace(" ", "T");
}

async function load(home, { startStr, endStr }) {
  const query = new URLSearchParams({ start: startStr, end: endStr, vendedor: home.dataset.seller });
  const answer = await fetch(`${home.dataset.feed}?${query}`, { headers: { Accept: "application/json" } });
  if (answer.redirected) window.location.reload(); // signed out meanwhile
  if (!answer.ok) throw new Error(document.body.dataset.wordsFailed);
  return answer.json();
}

async function send(address, body) {
  const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
  const headers = { Accept: "application/json", "X-CSRFToken": token };
  try {
    const answer = await fetch(address, { method: "POST", headers, body });
    if (answer.redirected) window.location.reload();
    const said = await answer.json();
    return { ...said, text: said.text ?? said.error?.message ?? document.body.dataset.wordsFailed };
  } catch {
    return { moved: false, text: document.body.dataset.wordsOffline };
  }
}

/** Dragged or made longer: the server decides, and what it refuses goes back with its words. */
async function moved(info) {
  lastMove = Date.now();
  undecided += 1;
  const body = new FormData();
  body.set("start", info.event.startStr);
  body.set("end", info.event.endStr);
  body.set("seen", info.oldEvent.extendedProps.seen);
  const said = await send(`${info.event.url}mover/`, body);
  undecided -= 1;
  if (said.moved) {
    info.event.setExtendedProp("seen", said.seen);
    announce(said.text);
  } else {
    info.revert();
    outdated = true; // an answer that was on its way may have come in between
    toast(said.text, "error");
  }
  if (outdated) refresh(info.view.calendar);
}

function bookAt(home, start) {
  const query = new URLSearchParams({ seller: home.dataset.seller, start });
  window.location.assign(`${home.dataset.new}?${query}`);
}

/** Draws the calendar into `home`; `open(address, element)` shows an appointment. */
export function drawCalendar(home, open) {
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const calendar = new Calendar(home, {
    plugins: [timeGrid, interaction],
    locales: [es],
    locale: language().startsWith("es") ? "es" : "en-GB", // days before months, as in the rest of the pages
    timeZone: home.dataset.zone,
    now: () => wallNow(home.dataset.zone),
    initialView: LOOKS[home.dataset.look],
    initialDate: home.dataset.day,
    firstDay: 1,
    headerToolbar: false,
    allDaySlot: false,
    nowIndicator: true,
    height: "auto",
    slotDuration: "00:15:00", // a row is what a drag snaps to: with taller rows it lands a quarter of an hour late
    slotLabelInterval: "01:00:00",
    slotLabelFormat: CLOCK,
    eventTimeFormat: CLOCK,
    dayHeaderFormat: { weekday: "short", day: "numeric", month: "short" },
    dayHeaderContent: ({ text }) => text.replace(",", ""),
    defaultRangeSeparator: "–",
    slotEventOverlap: false,
    eventShortHeight: 36,
    dragRevertDuration: still ? 0 : 150,
    scrollTime: "08:00:00",
    events: (range, done, failed) => load(home, range).then((rows) => done(fitting(calendar, rows)), failed),
    eventSourceFailure: (error) => toast(error.message || document.body.dataset.wordsOffline, "error"),
    eventDrop: moved,
    eventResize: moved,
    eventDidMount: ({ el, event, timeText }) => {
      if (event.display !== "inverse-background") el.title = `${timeText} ${event.title}`;
    },
    dateClick: home.dataset.new ? (info) => bookAt(home, info.dateStr) : undefined,
    eventClick: (info) => {
      if (!info.event.url || info.jsEvent.ctrlKey || info.jsEvent.metaKey) return;
      info.jsEvent.preventDefault();
      open(info.event.url, info.el);
    },
  });
  calendar.render();
  return calendar;
}

/** From the first hour that matters to the last: hours that nobody works and nothing touches are not drawn. */
function fitting(calendar, rows) {
  let low = 24;
  let high = 0;
  for (const { start, end } of rows) {
    const oneDay = start.slice(0, 10) === end.slice(0, 10);
    low = Math.min(low, oneDay ? Number(start.slice(11, 13)) : 0);
    high = Math.max(high, oneDay ? Math.ceil(Number(end.slice(11, 13)) + Number(end.slice(14, 16)) / 60) : 24);
  }
  if (low >= high) [low, high] = [8, 20];
  const hour = (number) => `${String(number).padStart(2, "0")}:00:00`;
  calendar.setOption("slotMinTime", hour(Math.max(0, low - 1)));
  calendar.setOption("slotMaxTime", hour(Math.min(24, high + 1)));
  return rows;
}
