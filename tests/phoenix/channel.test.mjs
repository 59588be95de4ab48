// Joins, leaves, replies and their references.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Tab, answer, connect, roundTrip } from "./support/client.mjs";
import { Daemon } from "./support/daemon.mjs";
import { Raw } from "./support/raw.mjs";
import { soon, until } from "./support/until.mjs";

let daemon;
before(async () => (daemon = await Daemon.start()));
after(() => daemon.remove());

const user = (name) => ({ params: { user: name } });

describe("a join", () => {
  test("is answered with the id of the session", async (t) => {
    const socket = connect(t, daemon, user("ada"));
    const pages = ["home", "stream", "analytics", "widgets", "settings/alerts"];
    const tabs = pages.map((page) => new Tab(socket, page));
    await Promise.all(tabs.map((tab) => tab.join()));
    assert.equal(new Set(tabs.map((tab) => tab.session)).size, pages.length);
    const [{ session_id, page, joined_at, phx_ref }] = tabs.at(-1)
      .metas()
      .filter((meta) => meta.session_id === tabs[0].session);
    assert.deepEqual({ session_id, page }, { session_id: tabs[0].session, page: "home" });
    assert.ok(Math.abs(Date.parse(joined_at) - Date.now()) < 60_000, joined_at);
    assert.ok(phx_ref.length > 0);
  });

  const refused = {
    "room:lobby": "unmatched topic",
    "dashboard": "unmatched topic",
    "dashboard:": "bad page",
    "dashboard:No Such Page": "bad page",
    "users_presence": "unauthorized",
  };
  for (const [topic, reason] of Object.entries(refused)) {
    test(`of ${JSON.stringify(topic)} is refused: ${reason}`, async (t) => {
      const socket = connect(t, daemon, user("bea"));
      const { status, response } = await answer(socket.channel(topic).join());
      assert.deepEqual([status, response.reason], ["error", reason]);
      await roundTrip(socket);
    });
  }

  test("is answered before the state comes, both with its reference", async (t) => {
    const raw = await Raw.connect(t, daemon, "cleo");
    const frames = await raw.ask(["j1", "j1", "dashboard:home", "phx_join", { any: [1] }]);
    assert.equal(frames.length, 2, JSON.stringify(frames));
    const [reply, state] = frames;
    const session = reply[4].response.session_id;
    assert.deepEqual(reply, [
      "j1", "j1", "dashboard:home", "phx_reply",
      { status: "ok", response: { session_id: session } },
    ]);
    assert.deepEqual(state.slice(0, 4), ["j1", null, "dashboard:home", "presence_state"]);
    assert.deepEqual(state[4].cleo.metas.map((meta) => meta.session_id), [session]);
  });

  test("of a topic that is joined closes the channel that was there", async (t) => {
    const { socket, channel, ...tab } = await Tab.open(t, daemon, "dan", "home");
    const closed = new Promise((resolve) => channel.onClose(resolve));
    // Behind the client's back, who would leave first.
    const answered = new Promise((resolve) => {
      socket.onMessage(({ ref, payload }) => ref === "again" && resolve(payload));
    });
    const join = { topic: channel.topic, event: "phx_join", payload: {} };
    socket.push({ ...join, join_ref: "again", ref: "again" });
    await soon("the first channel is closed", closed);
    const { status, response } = await soon("the second join is answered", answered);
    assert.equal(status, "ok");
    assert.notEqual(response.session_id, tab.session);
    const { dan } = await daemon.presence();
    assert.deepEqual(dan.metas.map((meta) => meta.session_id), [response.session_id]);
  });

  test("of a topic that is joined says so in this order: close, reply, state", async (t) => {
    const raw = await Raw.connect(t, daemon, "eve");
    await raw.ask(["1", "1", "dashboard:home", "phx_join", {}]);
    const frames = await raw.ask(["2", "2", "dashboard:home", "phx_join", {}]);
    assert.deepEqual(frames[0], ["1", "1", "dashboard:home", "phx_close", {}]);
    assert.deepEqual(frames.slice(1).map(([join, ref, , event]) => [join, ref, event]), [
      ["2", "2", "phx_reply"],
      ["2", null, "presence_state"],
    ]);
  });

  test("by a second channel object of the same topic replaces the first", async (t) => {
    const first = await Tab.open(t, daemon, "fay", "home");
    const second = new Tab(first.socket, "home");
    await second.join();
    assert.deepEqual([first.channel.state, second.channel.state], ["closed", "joined"]);
    await second.shows({ fay: ["home"] });
    assert.notEqual(second.session, first.session);
  });
});

describe("a leave", () => {
  test("is answered and closes the channel, and the page can be joined anew", async (t) => {
    const watcher = await Tab.open(t, daemon, "gus", "stream");
    const first = await Tab.open(t, daemon, "gus", "home");
    const joinRef = first.channel.joinRef();
    const closed = new Promise((resolve) => first.channel.onClose(resolve));
    assert.deepEqual(await answer(first.channel.leave()), { status: "ok", response: {} });
    await soon("the channel is closed", closed);
    await watcher.shows({ gus: ["stream"] });

    const second = new Tab(first.socket, "home");
    await second.join();
    assert.notEqual(second.channel.joinRef(), joinRef);
    assert.notEqual(second.session, first.session);
    await watcher.shows({ gus: ["home", "stream"] });
  });

  test("is a reply and a close with the join's reference", async (t) => {
    const raw = await Raw.connect(t, daemon, "hal");
    await raw.ask(["1", "1", "dashboard:home", "phx_join", {}]);
    assert.deepEqual(await raw.ask(["1", "2", "dashboard:home", "phx_leave", {}]), [
      ["1", "2", "dashboard:home", "phx_reply", { status: "ok", response: {} }],
      ["1", "1", "dashboard:home", "phx_close", {}],
    ]);
  });

  test("of a topic that is not joined is no error", async (t) => {
    const raw = await Raw.connect(t, daemon, "ida");
    assert.deepEqual(await raw.ask(["1", "2", "dashboard:home", "phx_leave", {}]), [
      ["1", "2", "dashboard:home", "phx_reply", { status: "ok", response: {} }],
    ]);
  });

  test("with the reference of an earlier join is not heard", async (t) => {
    const raw = await Raw.connect(t, daemon, "jan");
    await raw.ask(["1", "1", "dashboard:home", "phx_join", {}]);
    await raw.ask(["2", "2", "dashboard:home", "phx_join", {}]);
    assert.deepEqual(await raw.ask(["1", "3", "dashboard:home", "phx_leave", {}]), []);
    assert.equal((await daemon.presence()).jan.metas.length, 1);
  });
});

describe("a push", () => {
  test("of an event that there is not is answered with an error", async (t) => {
    const { channel, socket } = await Tab.open(t, daemon, "kim", "home");
    const unknown = { status: "error", response: { reason: "unknown event" } };
    assert.deepEqual(await answer(channel.push("dance", { steps: 3 })), unknown);
    assert.equal(channel.state, "joined");
    await roundTrip(socket);
  });

  test("on a topic that is not joined is answered with an error", async (t) => {
    const raw = await Raw.connect(t, daemon, "lea");
    assert.deepEqual(await raw.ask([null, "7", "dashboard:home", "dance", {}]), [
      [null, "7", "dashboard:home", "phx_reply",
        { status: "error", response: { reason: "unmatched topic" } }],
    ]);
  });

  test("with the reference of an earlier join is ignored, without one it is heard", async (t) => {
    const raw = await Raw.connect(t, daemon, "max");
    await raw.ask(["1", "1", "dashboard:home", "phx_join", {}]);
    await raw.ask(["2", "2", "dashboard:home", "phx_join", {}]);
    const frames = await raw.ask(
      ["1", "3", "dashboard:home", "dance", {}],
      [null, "4", "dashboard:home", "dance", {}],
      ["2", "5", "dashboard:home", "dance", {}],
    );
    assert.deepEqual(frames.map(([join, ref]) => [join, ref]), [[null, "4"], ["2", "5"]]);
  });

  test("of binary data is refused on its channel, which goes on", async (t) => {
    const { channel, socket } = await Tab.open(t, daemon, "nat", "home");
    const connection = socket.conn;
    const refused = { status: "error", response: { reason: "binary messages are not supported" } };
    assert.deepEqual(await answer(channel.push("upload", new ArrayBuffer(5000))), refused);
    assert.deepEqual(await answer(channel.push("upload", new ArrayBuffer(0))), refused);
    assert.equal((await answer(channel.push("dance", {}))).response.reason, "unknown event");
    assert.equal(socket.conn, connection, "it is still the same connection");
    assert.equal(channel.state, "joined");
  });
});

test("heartbeats are answered, and keep the connection", async (t) => {
  const tab = await Tab.open(t, daemon, "oda", "home", { heartbeatIntervalMs: 200 });
  const connection = tab.socket.conn;
  const answers = [];
  tab.socket.onMessage((message) => message.topic === "phoenix" && answers.push(message));
  await until("three answers", () => answers.length >= 3);
  for (const { join_ref, event, payload } of answers) {
    assert.deepEqual([join_ref, event, payload], [null, "phx_reply", { status: "ok", response: {} }]);
  }
  assert.equal(tab.socket.conn, connection);
  assert.equal(tab.channel.state, "joined");
});

test("a client that disconnects is gone, with all its channels", async (t) => {
  const watcher = await Tab.open(t, daemon, "pat", "home");
  const socket = connect(t, daemon, user("pat"));
  const [stream, widgets] = [new Tab(socket, "stream"), new Tab(socket, "widgets")];
  await Promise.all([stream.join(), widgets.join()]);
  await watcher.shows({ pat: ["home", "stream", "widgets"] });
  const closed = new Promise((resolve) => socket.onClose(resolve));
  socket.disconnect(undefined, 1000, "bye");
  assert.equal((await soon("the close is answered", closed)).code, 1000);
  await watcher.shows({ pat: ["home"] });
});
