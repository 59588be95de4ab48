// The unmodified client, with promises around its callbacks.

import assert from "node:assert/strict";

import { Presence, Socket } from "phoenix";
import WebSocket from "ws";

import { soon, until } from "./until.mjs";

/** A `Socket` that connects, and that the end of the test disconnects. */
export function connect(t, daemon, options) {
  const socket = new Socket(daemon.socketUrl, { transport: WebSocket, ...options });
  socket.connect();
  t.after(() => socket.disconnect());
  return socket;
}

/** What a push is answered: `{status, response}`. */
export function answer(push) {
  const answered = new Promise((resolve) => {
    for (const status of ["ok", "error", "timeout"]) {
      push.receive(status, (response) => resolve({ status, response }));
    }
  });
  return soon(`an answer to ${push.event}`, answered);
}

/** Waits until the server has handled everything that was sent before, and the client what was answered. */
export function roundTrip(socket) {
  const done = new Promise((resolve) => {
    if (!socket.ping(resolve)) throw new Error("the socket is not connected");
  });
  return soon("the answer to a ping", done);
}

/** A page on a socket of its own, or on the socket given: joined, with its presence. */
export class Tab {
  /** What `Presence` called back: `[key, pages before, pages that came or went]`. */
  joins = [];
  leaves = [];
  /** Each list that `onSync` saw. */
  syncs = [];

  constructor(socket, page) {
    this.socket = socket;
    this.page = page;
    this.channel = socket.channel(page === EVERYBODY ? EVERYBODY : `dashboard:${page}`);
    this.presence = new Presence(this.channel);
    this.presence.onJoin((key, before, joined) => {
      this.joins.push([key, before ? pagesOf(before) : [], pagesOf(joined)]);
    });
    this.presence.onLeave((key, left, gone) => {
      this.leaves.push([key, pagesOf(left), pagesOf(gone)]);
    });
    this.presence.onSync(() => this.syncs.push(this.list()));
  }

  /** Opens a page of a user, on a socket of its own, and waits until it is joined and knows who is here. */
  static async open(t, daemon, user, page, options) {
    const token = daemon.token(user);
    const tab = new Tab(connect(t, daemon, { authToken: token, ...options }), page);
    await tab.join();
    return tab;
  }

  async join() {
    const { status, response } = await answer(this.channel.join());
    if (status !== "ok") throw new Error(`join ${status}: ${JSON.stringify(response)}`);
    this.session = response.session_id;
    this.demo = response.demo;
    await until("the state after the join", () => this.syncs.length > 0);
  }

  /** `{user: pages, sorted}`: what a dashboard would show. */
  list() {
    return Object.fromEntries(this.presence.list((key, entry) => [key, pagesOf(entry)]));
  }

  /** All metas, of all users. */
  metas() {
    return this.presence.list((_, entry) => entry.metas).flat();
  }

  /** Waits until the list is this one. */
  async shows(list) {
    await until(`${this.page} shows who is here`, () => {
      assert.deepEqual(this.list(), list);
      return true;
    });
  }
}

/** The topic of everybody's presence, and the name of the page that shows it. */
export const EVERYBODY = "users_presence";

export function pagesOf({ metas }) {
  return metas.map(({ page }) => page).sort();
}
