// Who is here, as `Presence` tells it.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { EVERYBODY, Tab, roundTrip } from "./support/client.mjs";
import { Daemon } from "./support/daemon.mjs";
import { until } from "./support/until.mjs";

let daemon;
before(async () => (daemon = await Daemon.start()));
after(() => daemon.remove());

const open = (t, user, page) => Tab.open(t, daemon, user, page);

/** Holds and ends a session as a web backend does. */
const lease = (method, user, session, page) =>
  daemon.fetch(`/api/presence/${user}/sessions/${session}`, {
    method,
    body: page && JSON.stringify({ page, ttl: "30s" }),
  });

describe("of one user", () => {
  test("each tab sees itself first, then the others come and go", async (t) => {
    const home = await open(t, "ada", "home");
    assert.deepEqual(home.syncs, [{ ada: ["home"] }]);
    assert.deepEqual(home.joins, [["ada", [], ["home"]]]);

    const stream = await open(t, "ada", "stream");
    assert.deepEqual(stream.syncs, [{ ada: ["home", "stream"] }], "all in the first state");
    await home.shows({ ada: ["home", "stream"] });
    assert.deepEqual(home.joins.at(-1), ["ada", ["home"], ["stream"]]);

    stream.channel.leave();
    await home.shows({ ada: ["home"] });
    assert.deepEqual(home.leaves, [["ada", ["home"], ["stream"]]]);
    assert.deepEqual(home.syncs.length, 3, "one for each change and no more");
    assert.deepEqual(stream.leaves, [], "who leaves does not hear of it");
  });

  test("several tabs of one page are several metas", async (t) => {
    const tabs = [];
    for (let tab = 0; tab < 3; tab++) tabs.push(await open(t, "bea", "home"));
    for (const tab of tabs) await tab.shows({ bea: ["home", "home", "home"] });
    const refs = tabs.map((tab) => tab.metas().map((meta) => meta.phx_ref));
    assert.equal(new Set(refs[0]).size, 3, "each with its own reference");
    assert.deepEqual(refs[1], refs[0], "the same for everybody, in the same order");
    assert.deepEqual(refs[2], refs[0]);
    const sessions = tabs[0].metas().map((meta) => meta.session_id);
    assert.deepEqual(sessions, tabs.map((tab) => tab.session), "in the order of their joins");
  });

  test("a reference is never used again", async (t) => {
    const watcher = await open(t, "cleo", "home");
    const seen = new Set();
    watcher.channel.on("presence_diff", ({ joins }) => {
      for (const { phx_ref } of joins.cleo?.metas ?? []) seen.add(phx_ref);
    });
    const { socket } = await open(t, "cleo", "stream");
    await until("the first join is told", () => seen.size === 1);
    for (let round = 2; round <= 20; round++) {
      // The same topic on the same socket: leave and join.
      await new Tab(socket, "stream").join();
      await until(`join ${round} is told`, () => seen.size === round);
    }
    await watcher.shows({ cleo: ["home", "stream"] });
  });

  test("what an earlier join was told is no news to the next", async (t) => {
    const sessions = async () => (await daemon.presence()).hugo?.metas.length ?? 0;
    const first = await open(t, "hugo", "home");
    const other = await open(t, "hugo", "stream");
    await first.shows({ hugo: ["home", "stream"] });
    other.channel.leave();
    await first.shows({ hugo: ["home"] });

    // All that follows waits on the wire, and comes when the second join is under way.
    first.socket.conn.pause();
    const ghost = new Tab(other.socket, "widgets");
    await ghost.join();
    first.channel.leave();
    await until("the first join is over", async () => (await sessions()) === 1);
    ghost.channel.leave();
    await until("the other has left too", async () => (await sessions()) === 0);
    const second = new Tab(first.socket, "home");
    const joined = second.join();
    await until("the second join is done", async () => (await sessions()) === 1);
    first.socket.conn.resume();
    await joined;
    await roundTrip(first.socket);
    assert.deepEqual(second.list(), { hugo: ["home"] });
  });

  test("a tab that dies without a word is gone, and back when it has reconnected", async (t) => {
    const watcher = await open(t, "dan", "home");
    const tab = await open(t, "dan", "stream");
    await watcher.shows({ dan: ["home", "stream"] });
    const [before] = watcher.metas().filter((meta) => meta.page === "stream");
    tab.socket.conn.terminate();
    await until("it left and joined", () => {
      return watcher.leaves.length === 1 && watcher.joins.length === 3;
    });
    await watcher.shows({ dan: ["home", "stream"] });
    await tab.shows({ dan: ["home", "stream"] });
    const [now] = watcher.metas().filter((meta) => meta.page === "stream");
    assert.notEqual(now.phx_ref, before.phx_ref);
    assert.notEqual(now.session_id, before.session_id);
  });

  test("a backend's session stands beside the tabs, and its page changes in one diff", async (t) => {
    const tab = await open(t, "eve", "home");
    const diffs = [];
    tab.channel.on("presence_diff", (diff) => diffs.push(diff));

    assert.equal((await lease("PUT", "eve", "php-1", "analytics")).status, 201);
    await tab.shows({ eve: ["analytics", "home"] });
    assert.equal((await lease("PUT", "eve", "php-1", "analytics")).status, 200);
    assert.equal((await lease("PUT", "eve", "php-1", "widgets")).status, 200);
    await tab.shows({ eve: ["home", "widgets"] });
    assert.equal((await lease("DELETE", "eve", "php-1")).status, 204);
    await tab.shows({ eve: ["home"] });

    const [came, changed, went] = diffs;
    assert.equal(diffs.length, 3, "to renew is no change");
    const [old] = came.joins.eve.metas;
    assert.equal(old.session_id, "php-1");
    assert.deepEqual(changed.leaves.eve.metas.map((meta) => meta.phx_ref), [old.phx_ref]);
    const [renewed] = changed.joins.eve.metas;
    assert.equal(renewed.phx_ref_prev, old.phx_ref);
    assert.deepEqual(went.leaves.eve.metas.map((meta) => meta.phx_ref), [renewed.phx_ref]);
    assert.deepEqual(went.joins, {});
  });

  test("even one with the name of a property that all objects have", async (t) => {
    for (const name of ["__proto__", "constructor"]) {
      const [home, stream] = [await open(t, name, "home"), await open(t, name, "stream")];
      for (const tab of [home, stream]) {
        await until(`${name} has two tabs`, () => tab.metas().length === 2);
        assert.deepEqual(tab.presence.list((key) => key), [name]);
      }
      stream.socket.disconnect();
      await until(`${name} has one tab`, () => home.metas().length === 1);
    }
  });
});

test("nobody sees another user's sessions", async (t) => {
  const fay = await open(t, "fay", "home");
  const told = [];
  fay.channel.onMessage = (event, payload) => {
    if (event.startsWith("presence")) told.push(payload);
    return payload;
  };
  const gus = await open(t, "gus", "home");
  assert.deepEqual(gus.list(), { gus: ["home"] });
  const other = await open(t, "gus", "stream");
  other.channel.leave();
  await gus.shows({ gus: ["home"] });
  // Whatever the server had to say of it would have come before this.
  await roundTrip(fay.socket);
  assert.deepEqual(told, []);
  await open(t, "fay", "stream");
  await until("her own are told", () => told.length === 1);
});

describe("the topic of everybody's presence", () => {
  const admin = () => ({ authToken: daemon.token("root", { role: "admin" }) });

  test("tells an admin who is here, who comes and who goes", async (t) => {
    const hal = await open(t, "hal", "home");
    const all = await Tab.open(t, daemon, "root", EVERYBODY, admin());
    assert.deepEqual(all.list().hal, ["home"], "who was there before");
    assert.equal(all.list().root, undefined, "to look is not to be present");
    assert.deepEqual(Object.keys(all.list()).sort(), Object.keys(await daemon.presence()).sort());

    const ida = await open(t, "ida", "stream");
    await open(t, "hal", "widgets");
    await until("both came", () => {
      const { hal, ida } = all.list();
      return hal?.length === 2 && ida?.length === 1;
    });
    assert.deepEqual(all.joins.at(-1), ["hal", ["home"], ["widgets"]]);
    hal.socket.disconnect();
    ida.socket.disconnect();
    await until("both went", () => all.list().ida === undefined && all.list().hal.length === 1);
    assert.deepEqual(all.list().hal, ["widgets"]);
  });

  for (const role of ["user", "service", undefined]) {
    test(`is refused to the role ${role ?? "that is not said"}`, async (t) => {
      const options = { authToken: daemon.token("root", { role }) };
      await assert.rejects(Tab.open(t, daemon, "root", EVERYBODY, options), /unauthorized/);
    });
  }

  test("goes on beside an admin's own page, on the same socket", async (t) => {
    const home = await Tab.open(t, daemon, "jan", "home", {
      authToken: daemon.token("jan", { role: "admin" }),
    });
    const all = new Tab(home.socket, EVERYBODY);
    await all.join();
    assert.deepEqual([home.list(), all.list().jan], [{ jan: ["home"] }, ["home"]]);
    await open(t, "jan", "stream");
    await home.shows({ jan: ["home", "stream"] });
    await until("both are told", () => all.list().jan.length === 2);
  });
});
