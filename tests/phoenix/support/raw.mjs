// A WebSocket without a client's manners: for frames that no client sends, and for looking at those that the server sends.

import { get } from "node:http";
import { randomBytes } from "node:crypto";

import WebSocket from "ws";

import { soon, until } from "./until.mjs";

/** What the user's tree tells, at whatever moment. */
const NEWS = new Set(["stream_state", "event", "alert", "metrics"]);

export class Raw {
  /** What has come, parsed; without news. */
  frames = [];
  /** The news among it. */
  news = [];
  #beats = 0;

  /** Connects as `user`, as development mode allows. */
  static async connect(t, daemon, user) {
    const raw = new Raw();
    const url = `${daemon.socketUrl}/websocket?user=${user}&vsn=2.0.0`;
    raw.ws = new WebSocket(url, { perMessageDeflate: false });
    raw.ws.on("message", (data) => {
      const frame = JSON.parse(data);
      (NEWS.has(frame[3]) ? raw.news : raw.frames).push(frame);
    });
    raw.ws.on("error", (error) => (raw.error = error));
    raw.closed = new Promise((resolve) => {
      raw.ws.once("close", (code, reason) => resolve({ code, reason: String(reason) }));
    });
    t.after(() => raw.ws.terminate());
    await until("the raw socket is open", () => raw.ws.readyState === WebSocket.OPEN);
    return raw;
  }

  /** Sends a message: an array as JSON, anything else as it is. */
  send(message, options) {
    this.ws.send(Array.isArray(message) ? JSON.stringify(message) : message, options);
  }

  /** Sends messages and gives everything that comes until the server has handled them. */
  async ask(...messages) {
    const from = this.frames.length;
    messages.forEach((message) => this.send(message));
    const beat = `beat-${++this.#beats}`;
    this.send([null, beat, "phoenix", "heartbeat", {}]);
    const end = await until("the answer to a heartbeat", () => {
      return this.frames.findIndex(([, ref]) => ref === beat) + 1;
    });
    return this.frames.slice(from, end - 1);
  }

  /** How the server closes. */
  close() {
    return soon("the server closes", this.closed);
  }
}

/** Asks for a socket in plain HTTP: `{status, body}` of the refusal. */
export function refusal(daemon, path, headers = {}) {
  const refused = new Promise((resolve, reject) => {
    const request = get(`http://${daemon.public}/socket/websocket${path}`, {
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": randomBytes(16).toString("base64"),
        ...headers,
      },
    });
    request.once("error", reject);
    request.once("upgrade", (_, socket) => {
      socket.destroy();
      reject(new Error(`${path} was not refused`));
    });
    request.once("response", async (response) => {
      let text = "";
      for await (const chunk of response.setEncoding("utf8")) text += chunk;
      resolve({ status: response.statusCode, body: JSON.parse(text) });
    });
  });
  return soon(`a refusal of ${path}`, refused);
}
