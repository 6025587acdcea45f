/* Dialogs and pop-up menus: open by button, close by Esc or outside, give the focus back. */

function openDialog(button) {
  const dialog = document.getElementById(button.dataset.openDialog);
  if (!(dialog instanceof HTMLDialogElement)) return;
  dialog.addEventListener("close", () => button.focus(), { once: true });
  dialog.showModal();
}

export function startDialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest?.("[data-open-dialog]");
    if (opener) {
      event.preventDefault();
      openDialog(opener);
      return;
    }
    if (event.target.closest?.("[data-close-dialog]")) {
      event.preventDefault();
      event.target.closest("dialog")?.close();
      return;
    }
    if (event.target instanceof HTMLDialogElement) event.target.close(); // a click on the backdrop
    for (const pop of document.querySelectorAll("details.pop[open]")) {
      if (!pop.contains(event.target)) pop.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const pop = document.activeElement?.closest?.("details.pop[open]") ?? document.querySelector("details.pop[open]");
    if (pop) {
      pop.open = false;
      pop.querySelector("summary")?.focus();
    }
  });
}
