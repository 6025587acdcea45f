/* The board: drag, keys and the menu of a card send the same form; a refused card goes back with the reason. */
import Sortable from "sortablejs";
import { announce, toast } from "./toasts.js";

let dragging = false;
let moved = ""; // whose card takes the focus once the board is drawn again
let late = false; // something changed while a card was in the hand
let sortables = [];

const board = () => document.querySelector("[data-board]");
const card = (id) => document.getElementById(`card-${id}`);
const cardLink = (id) => card(id)?.querySelector("a[data-card-link]");
const leadOf = (address) => address.split("/").at(-3); // /embudo/leads/<id>/mover/

function refresh() {
  const part = document.getElementById("board");
  if (part) window.htmx?.trigger(part, "refresh");
}

// --- sending ------------------------------------------------------------------------------------

async function send(address, body) {
  const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
  const headers = { Accept: "application/json", "X-CSRFToken": token };
  try {
    const answer = await fetch(address, { method: "POST", headers, body });
    if (answer.redirected) {
      window.location.assign(answer.url); // signed out meanwhile
      return null;
    }
    const said = await answer.json();
    return { ...said, text: said.text ?? said.error?.message ?? document.body.dataset.wordsFailed };
  } catch {
    return { moved: false, text: document.body.dataset.wordsOffline };
  }
}

async function move(address, body, back) {
  const said = await send(address, body);
  if (!said) return;
  if (said.moved) {
    moved = leadOf(address);
    closeAsk();
    announce(said.text);
  } else {
    back?.();
    if (said.ask) openAsk(said.ask, leadOf(address));
    else {
      closeAsk();
      toast(said.text, said.code ? "error" : "info");
      if (said.href) window.location.assign(said.href);
    }
  }
  refresh();
}

function bodyOf(stage, seen) {
  const body = new FormData();
  body.set("stage", stage);
  body.set("seen", seen);
  return body;
}

// --- what is still asked ------------------------------------------------------------------------

function openAsk(html, lead) {
  const dialog = document.getElementById("board-ask");
  if (!dialog) return;
  const place = dialog.querySelector("[data-ask-body]");
  place.innerHTML = html; // our own page's part: escaped by the server
  if (!dialog.open) {
    dialog.addEventListener("close", () => cardLink(lead)?.focus(), { once: true });
    dialog.showModal();
  }
  (place.querySelector("[aria-invalid='true']") ?? place.querySelector("input:not([type=hidden]), textarea"))?.focus();
}

function closeAsk() {
  const dialog = document.getElementById("board-ask");
  if (dialog?.open) dialog.close();
}

function onSubmit(event) {
  const form = event.target;
  if (!form.matches?.("form[data-move]")) return;
  if (!form.closest("#board, #board-ask")) return; // on a page of its own it is a plain form
  event.preventDefault();
  event.stopPropagation();
  const details = form.closest("details");
  if (details) details.open = false;
  move(form.action, new FormData(form));
}

// --- drag ---------------------------------------------------------------------------------------

function dropped(event) {
  dragging = false;
  const { item, from, to, oldIndex } = event;
  const back = () => from.insertBefore(item, from.children[oldIndex] ?? null);
  if (from !== to) move(item.dataset.href, bodyOf(to.dataset.stage, from.dataset.stage), back);
  else if (late) refresh();
  late = false;
}

function listen() {
  for (const each of sortables) each.destroy();
  sortables = [];
  if (!board()) return;
  for (const list of board().querySelectorAll("[data-stage]")) {
    sortables.push(
      Sortable.create(list, {
        group: "stages",
        draggable: ".board-card",
        filter: "details, form, select, button",
        preventOnFilter: false,
        sort: false,
        animation: window.matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120,
        delay: 200, // on a touch screen a short touch scrolls
        delayOnTouchOnly: true,
        ghostClass: "held",
        onStart: () => (dragging = true),
        onEnd: dropped,
      }),
    );
  }
}

// --- keys ---------------------------------------------------------------------------------------

function links(list) {
  return [...list.querySelectorAll("a[data-card-link]")];
}

function neighbour(link, key) {
  const here = link.closest("[data-stage]");
  const at = links(here).indexOf(link);
  if (key === "ArrowDown") return links(here)[at + 1];
  if (key === "ArrowUp") return links(here)[at - 1];
  const lists = [...board().querySelectorAll("[data-stage]")].filter((list) => list === here || links(list).length);
  const list = lists[lists.indexOf(here) + (key === "ArrowRight" ? 1 : -1)];
  return list && (links(list)[at] ?? links(list).at(-1));
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    const menu = event.target.closest?.("details.card-menu[open]");
    if (menu) {
      menu.open = false;
      menu.closest("li").querySelector("a[data-card-link]")?.focus();
      return;
    }
    const close = document.querySelector("#board-panel.open [data-close-panel]");
    if (close && !document.querySelector("dialog[open]") && !event.target.closest?.("#chat")) close.click();
    return;
  }
  const link = document.activeElement?.closest?.("a[data-card-link]");
  if (!link || !board()) return;
  if (event.key.startsWith("Arrow")) {
    const next = neighbour(link, event.key);
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.closest("li").scrollIntoView({ block: "nearest", inline: "nearest" });
  } else if (event.key.toLowerCase() === "m") {
    const menu = link.closest("li").querySelector("details.card-menu");
    if (!menu) return;
    event.preventDefault();
    menu.open = true;
    menu.querySelector("select")?.focus();
  }
}

// --- the chat beside it -------------------------------------------------------------------------

let opener = "";

function onClick(event) {
  const link = event.target.closest?.("a[data-card-link]");
  if (link) opener = link.closest("li").dataset.card;
  const close = event.target.closest?.("[data-close-panel]");
  if (!close) return;
  event.preventDefault();
  const panel = document.getElementById("board-panel");
  panel.classList.remove("open");
  panel.replaceChildren();
  window.history.pushState({}, "", close.href);
  cardLink(opener)?.focus();
}

function refocus() {
  if (!moved) return;
  (cardLink(moved) ?? board()?.querySelector("a[data-card-link]"))?.focus(); // a closed one is not on the board
  moved = "";
}

function onSwap(event) {
  if (event.detail.target?.id === "board" || event.detail.elt?.id === "board") {
    listen();
    refocus();
  }
  if (event.detail.elt?.id === "board-panel") event.detail.elt.focus({ preventScroll: true });
}

function onBeforeSwap(event) {
  if (event.detail.target?.id !== "board" || !dragging) return;
  event.detail.shouldSwap = false; // not under the hand
  late = true;
}

export function startBoard() {
  if (!document.getElementById("board")) return;
  listen();
  document.addEventListener("submit", onSubmit, true);
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", onClick);
  document.addEventListener("htmx:beforeSwap", onBeforeSwap);
  document.addEventListener("htmx:afterSettle", onSwap);
  window.addEventListener("popstate", () => window.location.reload());
}
