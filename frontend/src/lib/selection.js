/* Choosing rows of a list: "x" on a row, Shift for a stretch, one box for the page. Without scripts the boxes are plain. */

let last = null;

function boxes(form) {
  return [...form.querySelectorAll("[data-select]")];
}

function tell(form) {
  const chosen = boxes(form).filter((box) => box.checked).length;
  const line = form.querySelector("[data-selected-count]");
  if (line) line.textContent = chosen ? String(chosen) : "";
  const all = form.querySelector("[data-select-all]");
  if (all) {
    all.checked = chosen > 0 && chosen === boxes(form).length;
    all.indeterminate = chosen > 0 && !all.checked;
  }
  const matching = form.querySelector("[data-select-matching]");
  form.classList.toggle("has-chosen", chosen > 0 || Boolean(matching?.checked));
}

function stretch(form, box) {
  const list = boxes(form);
  const [from, to] = [list.indexOf(last), list.indexOf(box)].sort((a, b) => a - b);
  if (from < 0) return;
  for (const each of list.slice(from, to + 1)) each.checked = box.checked;
}

function onClick(event) {
  const box = event.target.closest?.("[data-select]");
  if (!box) return;
  if (event.shiftKey) stretch(box.form, box);
  last = box;
  tell(box.form);
}

function onChange(event) {
  const form = event.target.form;
  if (!form?.matches?.("[data-selection]")) return;
  if (event.target.matches("[data-select-all]")) for (const box of boxes(form)) box.checked = event.target.checked;
  tell(form);
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const row = document.activeElement?.closest?.("[data-row]");
  const box = row?.querySelector("[data-select]");
  if (!box) return;
  const onText = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) && event.target !== box;
  if (event.key === "x" || event.key === "X") {
    if (onText) return;
    event.preventDefault();
    box.checked = !box.checked;
    if (event.shiftKey) stretch(box.form, box);
    last = box;
    tell(box.form);
  } else if (event.key === "Enter" && event.target === box) {
    event.preventDefault(); // a box would send the form
    row.querySelector("a.row-link")?.click();
  } else if (event.key === "Escape" && boxes(box.form).some((each) => each.checked)) {
    for (const each of boxes(box.form)) each.checked = false;
    tell(box.form);
  }
}

function tellAll() {
  for (const form of document.querySelectorAll("[data-selection]")) tell(form);
}

export function startSelection() {
  document.addEventListener("click", onClick);
  document.addEventListener("change", onChange);
  document.addEventListener("keydown", onKey);
  document.addEventListener("htmx:afterSwap", tellAll);
  window.addEventListener("pageshow", tellAll);
  tellAll();
}
