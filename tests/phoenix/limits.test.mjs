// What is too much, too big, too silent or no message at all.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Tab, answer, connect, roundTrip } from "./support/client.mjs";
import { Daemon } from "./support/daemon.mjs";
import { Raw } from "./support/raw.mjs";
import { soon, until } from "./support/until.mjs";

describe("a socket is closed", () => {
  let daemon;
  before(async () => (daemon = await Daemon.start()));
  after(() => daemon.remove());

  const LIMIT = 64 * 1024;
  const text = { binary: false };
  const cases = {
    "for text that is no JSON": ["hello", text, 1007],
    "for no text at all": ["", text, 1007],
    "for JSON that breaks off": ['["1","1","dashboard:home"', text, 1007],
    "for text that is no UTF-8": [Buffer.from([0x22, 0xff, 0xfe, 0x22]), text, 1007],
    "for an object instead of an array": ['{"topic":"t"}', text, 1002],
    "for an array of four": ['["1","1","t","phx_join"]', text, 1002],
    "for references that are numbers": ['[1,1,"dashboard:home","phx_join",{}]', text, 1002],
    "for a payload that is no object": ['["1","1","dashboard:home","phx_join",[]]', text, 1002],
    "for a topic that is too long": [`["1","1","${"t".repeat(129)}","e",{}]`, text, 1002],
    "for binary data that names no channel": [Buffer.from([9, 9, 9]), { binary: true }, 1003],
    "for a message over the limit": [" ".repeat(LIMIT + 1), text, 1009],
  };
  for (const [name, [message, options, code]] of Object.entries(cases)) {
    test(`with ${code} ${name}`, async (t) => {
      const raw = await Raw.connect(t, daemon, "ada");
      await raw.ask(["1", "1", "dashboard:home", "phx_join", {}]);
      raw.send(message, options);
      const closed = await raw.close();
      assert.equal(closed.code, code);
      assert.ok(closed.reason.length > 5, "it says why");
      await until("its session is gone", async () => !(await daemon.presence()).ada);
    });
  }

  test("with 1009 when the parts of a message add up to too much", async (t) => {
    const raw = await Raw.connect(t, daemon, "bea");
    raw.send(" ".repeat(LIMIT - 10), { fin: false });
    raw.send(" ".repeat(11), { fin: true });
    assert.equal((await raw.close()).code, 1009);
  });

  test("with the client's own code when the client says goodbye", async (t) => {
    const raw = await Raw.connect(t, daemon, "cleo");
    raw.ws.close(4001, "enough");
    assert.equal((await raw.close()).code, 4001);
  });

  test("but not for a message just within the limit, in one part or in many", async (t) => {
    const raw = await Raw.connect(t, daemon, "dan");
    const beat = (ref) => {
      const [head, tail] = [`[null,"${ref}","phoenix","heartbeat",{"pad":"`, '"}]'];
      return head + "x".repeat(LIMIT - head.length - tail.length) + tail;
    };
    raw.send(beat("whole"));
    const parts = beat("parts").match(/[^]{1,9000}/g);
    parts.forEach((part, at) => raw.send(part, { fin: at === parts.length - 1 }));
    await until("both are answered", () => raw.frames.length === 2);
    assert.deepEqual(raw.frames.map(([, ref]) => ref), ["whole", "parts"]);
  });

  test("but not for a ping, which is answered", async (t) => {
    const raw = await Raw.connect(t, daemon, "eve");
    const pong = new Promise((resolve) => raw.ws.once("pong", resolve));
    raw.ws.ping("are you there?");
    assert.equal(String(await soon("the pong", pong)), "are you there?");
  });
});

test("a client without heartbeats is closed and comes back, one with heartbeats stays", async (t) => {
  const daemon = await Daemon.start({ "gateway.idle_timeout": "1500ms" });
  t.after(() => daemon.remove());
  const lively = await Tab.open(t, daemon, "ada", "home", { heartbeatIntervalMs: 250 });
  const idle = await Tab.open(t, daemon, "ada", "stream", { heartbeatIntervalMs: 1_000_000 });
  const connection = lively.socket.conn;
  await lively.shows({ ada: ["home", "stream"] });
  const closed = new Promise((resolve) => idle.socket.onClose(resolve));
  const { code, reason } = await soon("the idle one is closed", closed);
  assert.deepEqual([code, reason], [1001, "no message for too long"]);
  await until("its session went and came back", () => {
    return lively.leaves.length >= 1 && lively.joins.length >= 3;
  });
  assert.equal(lively.socket.conn, connection);
  const metrics = await daemon.metrics();
  assert.ok(metrics['stagedoor_socket_sessions_closed_total{reason="idle"}'] >= 1);
});

test("a connection has so many channels and no more, and leaving makes room", async (t) => {
  const daemon = await Daemon.start({ "gateway.channels_per_connection": "2" });
  t.after(() => daemon.remove());
  const socket = connect(t, daemon, { params: { user: "ada" }, rejoinAfterMs: () => 20 });
  const [home, stream] = [new Tab(socket, "home"), new Tab(socket, "stream")];
  await Promise.all([home.join(), stream.join()]);
  const widgets = new Tab(socket, "widgets");
  const refused = await answer(widgets.channel.join());
  assert.deepEqual([refused.status, refused.response.reason], ["error", "too many channels joined"]);
  await roundTrip(socket);

  stream.channel.leave();
  // The client tries again by itself.
  await until("there is room", () => widgets.channel.state === "joined");
  await home.shows({ ada: ["home", "widgets"] });
});

test("a user has so many sessions and no more, and one that goes makes room", async (t) => {
  const daemon = await Daemon.start({ "presence.max_sessions_per_user": "2" });
  t.after(() => daemon.remove());
  const home = await Tab.open(t, daemon, "ada", "home");
  const stream = await Tab.open(t, daemon, "ada", "stream");
  const options = { params: { user: "ada" }, rejoinAfterMs: () => 20 };
  const third = new Tab(connect(t, daemon, options), "widgets");
  const { status, response } = await answer(third.channel.join());
  assert.deepEqual([status, response.reason], ["error", "too many sessions"]);
  assert.deepEqual((await Tab.open(t, daemon, "bea", "home")).list(), { bea: ["home"] });

  stream.socket.disconnect();
  await until("there is room", () => third.channel.state === "joined");
  await home.shows({ ada: ["home", "widgets"] });
});
