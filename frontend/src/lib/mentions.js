/* Names while somebody types an @ into a note: arrows choose, Enter or Tab takes, Esc closes. Without it the name is typed.
 *
 * <textarea data-mentions="/notas/personas/">; the address answers {"people": ["Ana Paz", …]}.
 */
const MOST = 6;
const TYPED = /(^|[\s(])@([^\s@][^@\n]{0,40}|)$/;

let names = null;
let list = null;
let field = null;
let chosen = 0;

function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

async function load(address) {
  names ??= fetch(address, { headers: { Accept: "application/json" } })
    .then((answer) => (answer.ok ? answer.json() : { people: [] }))
    .then((found) => found.people)
    .catch(() => []);
  return names;
}

function close() {
  list?.remove();
  list = null;
  field?.removeAttribute("aria-activedescendant");
}

function mark(position) {
  const items = list.children;
  chosen = (position + items.length) % items.length;
  for (const [index, item] of [...items].entries()) item.setAttribute("aria-selected", String(index === chosen));
  field.setAttribute("aria-activedescendant", items[chosen].id);
}

function take(name) {
  const before = field.value.slice(0, field.selectionStart).replace(TYPED, (_all, lead) => `${lead}@${name} `);
  const after = field.value.slice(field.selectionStart);
  field.value = before + after;
  field.setSelectionRange(before.length, before.length);
  close();
  field.focus();
}

function show(found) {
  close();
  if (!found.length) return;
  list = document.createElement("ul");
  list.id = "mentions";
  list.className = "mention-list";
  list.setAttribute("role", "listbox");
  for (const [index, name] of found.entries()) {
    const item = document.createElement("li");
    item.id = `mention-${index}`;
    item.textContent = name;
    item.setAttribute("role", "option");
    item.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the text keeps the focus
      take(name);
    });
    list.append(item);
  }
  field.after(list);
  field.setAttribute("aria-controls", list.id);
  mark(0);
}

async function suggest(event) {
  if (!event.target.matches?.("textarea[data-mentions]")) return;
  field = event.target;
  const typed = TYPED.exec(field.value.slice(0, field.selectionStart))?.[2];
  if (typed === undefined) {
    close();
    return;
  }
  const people = await load(field.dataset.mentions);
  const wanted = plain(typed);
  show(people.filter((name) => plain(name).startsWith(wanted) && plain(name) !== wanted.trim()).slice(0, MOST));
}

function keys(event) {
  if (!list || event.target !== field) return;
  if (event.key === "ArrowDown") mark(chosen + 1);
  else if (event.key === "ArrowUp") mark(chosen - 1);
  else if (event.key === "Enter" || event.key === "Tab") take(list.children[chosen].textContent);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

export function startMentions() {
  document.addEventListener("input", suggest);
  document.addEventListener("keydown", keys, true);
  document.addEventListener("focusout", (event) => event.target === field && close());
}
