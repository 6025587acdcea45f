/* The web chat of a company on any site: <script src="https://…/widget/<channel>.js" data-title="…" defer></script>.
 *
 * Everything lives in a shadow root with an adopted style sheet, so a strict content policy of the host is no trouble
 * and neither page can spoil the other.
 */
import css from "../widget/widget.css";
import { Line, Refused } from "../widget/line.js";
import { build, make, row } from "../widget/view.js";
import { words } from "../widget/words.js";

const OUTBOX_MOST = 50;

/** Where this script came from says whose chat it is. */
function origin(script) {
  const address = new URL(script.src, window.location.href);
  const channel = address.pathname.match(/\/widget\/([0-9a-f-]{36})\.js$/i)?.[1];
  return channel ? { base: address.origin, channel: channel.toLowerCase() } : null;
}

function store(key) {
  // A page may forbid storage; then the conversation lasts as long as the page.
  let memory = null;
  return {
    read() {
      try {
        return JSON.parse(localStorage.getItem(key)) ?? memory;
      } catch {
        return memory;
      }
    },
    write(value) {
      memory = value;
      try {
        localStorage.setItem(key, JSON.stringify(value));
      } catch {
        // Kept in memory.
      }
    },
  };
}

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(18));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function clock(moment) {
  const time = new Date(moment);
  const today = time.toDateString() === new Date().toDateString();
  const shape = { hour: "2-digit", minute: "2-digit", ...(today ? {} : { day: "numeric", month: "short" }) };
  return time.toLocaleString(document.documentElement.lang || "es", shape);
}

class Chat {
  constructor({ base, channel, title }) {
    this.said = words();
    this.kept = store(`webchat:${channel}`);
    const known = this.kept.read();
    this.visitor = known?.visitor ?? newId();
    this.outbox = known?.outbox ?? []; // messages of the visitor that the server has not shown us yet
    this.name = known?.name ?? "";
    this.seenSequence = known?.seen ?? 0;
    this.messages = new Map();
    this.started = Boolean(known);
    this.parts = build(this.said, title);
    this.line = new Line({
      base,
      channel,
      visitor: this.visitor,
      hear: (messages) => this.hear(messages),
      tell: (state) => this.tell(state),
    });
  }

  mount() {
    const host = make("div");
    host.id = "webchat";
    const shadow = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    shadow.adoptedStyleSheets = [sheet];
    shadow.append(this.parts.root);
    document.body.append(host);
    const { launcher, close, form, text, root, name } = this.parts;
    name.value = this.name;
    launcher.addEventListener("click", () => this.open());
    close.addEventListener("click", () => this.close());
    root.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    form.addEventListener("submit", (event) => this.submit(event));
    text.addEventListener("input", () => this.grow());
    text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.submit(event);
    });
    window.addEventListener("online", () => this.resend());
    window.addEventListener("offline", () => this.tell("down"));
    this.draw();
    if (this.started) {
      this.line.start(); // somebody who wrote before hears of answers with the panel closed
      this.resend();
    }
  }

  save() {
    this.kept.write({ visitor: this.visitor, outbox: this.outbox, name: this.name, seen: this.seenSequence });
  }

  open() {
    const { panel, launcher, root, text } = this.parts;
    panel.hidden = false;
    launcher.hidden = true;
    root.classList.add("open");
    launcher.setAttribute("aria-expanded", "true");
    this.line.start();
    this.markSeen();
    this.toEnd();
    text.focus();
  }

  close() {
    const { panel, launcher, root } = this.parts;
    if (panel.hidden) return;
    panel.hidden = true;
    launcher.hidden = false;
    root.classList.remove("open");
    launcher.setAttribute("aria-expanded", "false");
    launcher.focus();
  }

  submit(event) {
    event.preventDefault();
    const { text, name } = this.parts;
    const said = text.value.trim();
    if (!said || this.line.ended) return;
    this.name = name.value.trim();
    const message = { id: newId(), text: said, name: this.name, at: new Date().toISOString(), state: "sending" };
    this.outbox = [...this.outbox, message].slice(-OUTBOX_MOST);
    text.value = "";
    this.grow();
    this.started = true;
    this.save();
    this.draw();
    this.toEnd();
    this.line.start();
    this.deliver(message);
  }

  async deliver(message) {
    message.state = "sending";
    try {
      await this.line.send(message);
      message.state = "sent";
    } catch (error) {
      if (error instanceof Refused && error.status === 429) {
        this.say(this.said.slow);
        setTimeout(() => this.deliver(message), error.wait * 1000);
        return;
      }
      message.state = "failed";
      this.line.failed(error);
    }
    this.save();
    this.draw();
  }

  /** One after the other, so that they arrive in the order they were written. */
  async resend() {
    for (const message of this.outbox.filter((each) => each.state !== "sent")) await this.deliver(message);
  }

  hear(messages) {
    for (const message of messages) this.messages.set(message.id, message);
    const arrived = new Set(messages.map((message) => message.message_id).filter(Boolean));
    this.outbox = this.outbox.filter((message) => !arrived.has(message.id));
    const { log, panel } = this.parts;
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
    if (messages.length) this.save();
    this.draw();
    if (atEnd) this.toEnd();
    if (!panel.hidden && !document.hidden) this.markSeen();
  }

  ordered() {
    return [...this.messages.values()].sort((a, b) => a.sequence - b.sequence);
  }

  draw() {
    const { log, nameLabel, badge, launcher } = this.parts;
    const known = this.ordered();
    const rows = known.map((message) => [message.id, "", () => row(message, this.said, { clock })]);
    for (const message of this.outbox) {
      const shown = { direction: "in", author: "contact", text: message.text, created_at: message.at };
      const options = { clock, local: message.state, retry: () => this.retry(message) };
      rows.push([message.id, message.state, () => row(shown, this.said, options)]);
    }
    if (!rows.length) rows.push(["hello", "", () => make("p", { className: "hello", textContent: this.said.hello })]);
    this.patch(log, rows);
    nameLabel.hidden = rows[0][0] !== "hello";
    const unread = known.filter((message) => message.direction === "out" && message.sequence > this.seenSequence).length;
    badge.hidden = !unread;
    badge.textContent = String(unread);
    launcher.setAttribute("aria-label", unread ? `${this.said.open} (${unread} ${this.said.unread})` : this.said.open);
  }

  /** Adds, removes and reorders rows; a row that did not change is left alone, so that nothing is read out twice. */
  patch(log, rows) {
    const present = new Map([...log.children].map((element) => [element.dataset.key, element]));
    let after = null;
    for (const [id, state, drawn] of rows) {
      const key = `${id}:${state}`;
      const element = present.get(key) ?? Object.assign(drawn(), {});
      element.dataset.key = key;
      present.delete(key);
      const place = after ? after.nextSibling : log.firstChild;
      if (element !== place) log.insertBefore(element, place);
      after = element;
    }
    for (const element of present.values()) element.remove();
  }

  retry(message) {
    this.deliver(message);
    this.draw();
  }

  markSeen() {
    const last = this.ordered().filter((message) => message.direction === "out").pop();
    if (!last) return;
    if (last.sequence > this.seenSequence) {
      this.seenSequence = last.sequence;
      this.save();
      this.draw();
    }
    this.line.seen(last.id);
  }

  tell(state) {
    if (state === "up") this.say("");
    else if (state === "down") this.say(navigator.onLine ? this.said.gap : this.said.offline);
    else this.say(this.said[state]);
    this.parts.send.disabled = this.line.ended;
    this.parts.text.disabled = this.line.ended;
    if (state === "up" && this.outbox.some((message) => message.state === "failed")) this.resend();
  }

  say(text) {
    this.parts.state.textContent = text;
    this.parts.state.hidden = !text;
  }

  grow() {
    const { text } = this.parts;
    text.style.height = "auto";
    text.style.height = `${Math.min(text.scrollHeight + 2, 132)}px`;
  }

  toEnd() {
    this.parts.log.scrollTop = this.parts.log.scrollHeight;
  }
}

const script = document.currentScript;
const from = script ? origin(script) : null;
if (from && !document.getElementById("webchat")) {
  const start = () => new Chat({ ...from, title: script.dataset.title }).mount();
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
}
