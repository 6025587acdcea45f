/* What the visitor sees: a button, a panel, bubbles. Only DOM calls; no markup from text that anybody wrote. */

const SVG = "http://www.w3.org/2000/svg";
const CHAT = ["M7.9 20A9 9 0 1 0 4 16.1L2 22Z"];
const CLOSE = ["M18 6 6 18", "m6 6 12 12"];
const SEND = ["M14.5 21.7a.5.5 0 0 0 .9 0l6.5-19a.5.5 0 0 0-.6-.6l-19 6.5a.5.5 0 0 0 0 .9l7.9 3.2a2 2 0 0 1 1.1 1.1z", "m21.9 2.1-10.9 11"];
const LINK = /\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/g;

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

function picture(paths) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  for (const each of paths) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", each);
    svg.append(path);
  }
  return svg;
}

/** The text with its addresses as links; everything else stays text. */
function linked(text) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    parts.push(text.slice(from, match.index));
    parts.push(make("a", { href: match[0], target: "_blank", rel: "noopener noreferrer nofollow", textContent: match[0] }));
    from = match.index + match[0].length;
  }
  parts.push(text.slice(from));
  return parts;
}

export function build(said, title) {
  const badge = make("span", { className: "badge", hidden: true });
  const launcher = make(
    "button",
    { className: "launcher", type: "button", "aria-label": said.open, "aria-expanded": "false" },
    picture(CHAT),
    badge,
  );
  const close = make("button", { className: "close", type: "button", "aria-label": said.close }, picture(CLOSE));
  const heading = make("h2", { id: "title", textContent: title || said.title });
  const state = make("p", { className: "state", hidden: true, role: "status" });
  const log = make("div", { className: "log", tabIndex: 0, role: "log", "aria-live": "polite", "aria-label": said.log });
  const name = make("input", { type: "text", maxLength: 120, autocomplete: "name", name: "name" });
  const nameLabel = make("label", {}, said.name, name);
  const text = make("textarea", { rows: 1, maxLength: 10_000, placeholder: said.placeholder, name: "text" });
  const textLabel = make("label", {}, make("span", { className: "spoken", textContent: said.message }), text);
  const send = make("button", { className: "send", type: "submit", "aria-label": said.send }, picture(SEND));
  const form = make("form", { noValidate: true }, nameLabel, make("div", { className: "line" }, textLabel, send));
  const panel = make(
    "section",
    { className: "panel", hidden: true, role: "dialog", "aria-labelledby": "title" },
    make("header", {}, heading, close),
    state,
    log,
    form,
  );
  const root = make("div", { className: "root" }, panel, launcher);
  return { root, launcher, badge, panel, close, state, log, form, name, nameLabel, text, send };
}

/** One message as a row. `local` is the delivery state of one of the visitor's own: sending, sent, failed. */
export function row(message, said, { local = "", retry = null, clock }) {
  const mine = message.direction === "in";
  const ai = message.author === "agent";
  const label = ai
    ? [make("b", { textContent: said.ai }), message.author_name ? ` · ${message.author_name}` : ""]
    : [message.author_name || said.team];
  const foot = make("span", { className: "foot" });
  if (local === "failed") {
    foot.classList.add("bad");
    foot.append(`${said.failed} · `, make("button", { type: "button", textContent: said.retry, onclick: retry }));
  } else {
    foot.append([clock(message.created_at), local ? said[local] : ""].filter(Boolean).join(" · "));
  }
  return make(
    "div",
    { className: `row ${mine ? "mine" : ai ? "ai" : ""}` },
    mine ? make("span", { className: "spoken", textContent: said.you }) : make("span", { className: "by" }, ...label),
    make("p", { className: "bubble" }, ...linked(message.text)),
    foot,
  );
}
