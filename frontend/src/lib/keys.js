/* Keyboard: "/" search, "?" help, "g" then a letter to go, arrows in lists, Enter opens. */

const WAIT_FOR_LETTER_MS = 1200;
let goUntil = 0;

function typing(target) {
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

function moveInList(event) {
  const row = document.activeElement?.closest?.("[data-list] [data-row]");
  const list = row?.closest("[data-list]") ?? document.querySelector("[data-list]");
  if (!list) return;
  const rows = [...list.querySelectorAll("[data-row]")];
  const at = rows.indexOf(row);
  const next = rows[event.key === "ArrowDown" ? at + 1 : Math.max(at - 1, 0)];
  if (!next) return;
  const link = next.matches("a") ? next : next.querySelector("a.row-link, a");
  if (!link) return;
  event.preventDefault();
  link.focus();
}

function goTo(letter) {
  const link = document.querySelector(`[data-go="${CSS.escape(letter)}"]`);
  if (link) window.location.assign(link.href);
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  if (goUntil > event.timeStamp) {
    goUntil = 0;
    goTo(event.key.toLowerCase());
    return;
  }
  if (event.key === "g") {
    goUntil = event.timeStamp + WAIT_FOR_LETTER_MS;
  } else if (event.key === "/") {
    const search = document.querySelector("[data-search]");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select?.();
    }
  } else if (event.key === "?") {
    event.preventDefault();
    document.getElementById("help-dialog")?.showModal();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    moveInList(event);
  }
}

export function startKeys() {
  document.addEventListener("keydown", onKey);
}
