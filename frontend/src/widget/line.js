/* The visitor's line to the company: messages out by POST, messages in by websocket, or by asking where that fails. */

const BACKOFF_MS = [1000, 2000, 5000, 10_000, 20_000, 30_000];
const ASK_EVERY_MS = 5000;
const SOCKET_FAILURES = 2;

export class Refused extends Error {
  constructor(status) {
    super(String(status));
    this.status = status;
  }
}

export class Line {
  /** `hear(messages)` gets messages of the server; `tell(state)` is "up", "down", "refused" or "gone". */
  constructor({ base, channel, visitor, hear, tell }) {
    const query = `visitor_id=${encodeURIComponent(visitor)}`;
    this.messages = `${base}/webchat/${channel}/messages`;
    this.reading = `${this.messages}?${query}`;
    this.address = `${base.replace(/^http/, "ws")}/ws/webchat/${channel}/?${query}`;
    this.visitor = visitor;
    this.hear = hear;
    this.tell = tell;
    this.socket = null;
    this.failures = 0;
    this.timer = 0;
    this.asking = 0;
    this.last = "";
    this.ended = false;
  }

  start() {
    if (this.socket || this.ended) return;
    clearTimeout(this.timer);
    let opened = false;
    const socket = (this.socket = new WebSocket(this.address));
    socket.addEventListener("open", () => {
      opened = true;
      this.failures = 0;
      this.stopAsking();
      this.tell("up");
    });
    socket.addEventListener("message", (event) => this.receive(event.data));
    socket.addEventListener("close", () => {
      this.socket = null;
      this.failures = opened ? 0 : this.failures + 1;
      if (this.failures >= SOCKET_FAILURES) this.ask();
      else if (!navigator.onLine) this.tell("down");
      const wait = BACKOFF_MS[Math.min(this.failures, BACKOFF_MS.length - 1)];
      this.timer = setTimeout(() => this.start(), wait * (0.7 + Math.random() * 0.6));
    });
  }

  receive(data) {
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return;
    }
    if (frame.type === "history") this.arrived(frame.messages ?? []);
    else if (frame.type === "message" && frame.message) this.arrived([frame.message]);
  }

  arrived(messages) {
    if (messages.length) this.last = messages[messages.length - 1].id;
    this.hear(messages);
  }

  /** Where websockets are blocked: asks every few seconds. */
  async ask() {
    if (this.asking || this.ended) return;
    this.asking = setTimeout(() => {
      this.asking = 0;
      if (!this.socket || this.socket.readyState !== WebSocket.OPEN) this.ask();
    }, ASK_EVERY_MS);
    try {
      const answer = await fetch(`${this.reading}&after=${encodeURIComponent(this.last)}`, { credentials: "omit" });
      if (!answer.ok) throw new Refused(answer.status);
      this.arrived((await answer.json()).results ?? []);
      this.tell("up");
    } catch (error) {
      this.failed(error);
    }
  }

  stopAsking() {
    clearTimeout(this.asking);
    this.asking = 0;
  }

  failed(error) {
    const status = error instanceof Refused ? error.status : 0;
    if (status === 403 || status === 404) {
      this.ended = true;
      clearTimeout(this.timer);
      this.stopAsking();
      this.tell(status === 403 ? "refused" : "gone");
    } else if (status !== 429) {
      this.tell("down");
    }
  }

  /** Hands a message over; repeating one with the same id is the same message. Throws Refused or a network error. */
  async send({ id, text, name }) {
    const body = JSON.stringify({ visitor_id: this.visitor, text, name, message_id: id });
    const options = { method: "POST", headers: { "Content-Type": "application/json" }, body, credentials: "omit" };
    const answer = await fetch(this.messages, options);
    if (answer.ok) return;
    const refusal = new Refused(answer.status);
    refusal.wait = Number(answer.headers.get("Retry-After")) || 3;
    throw refusal;
  }

  seen(id) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ type: "read", id }));
  }
}
