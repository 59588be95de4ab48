// The daemon goes and comes back; the clients notice, wait and are back by themselves.

import assert from "node:assert/strict";
import { test } from "node:test";

import { EVERYBODY, Tab } from "./support/client.mjs";
import { Daemon } from "./support/daemon.mjs";
import { until } from "./support/until.mjs";

test("after a restart every page is back, once", async (t) => {
  const daemon = await Daemon.start({ "presence.cleanup_timeout": "300ms" });
  t.after(() => daemon.remove());
  const admin = { authToken: daemon.token("root", { role: "admin" }) };
  const all = await Tab.open(t, daemon, "root", EVERYBODY, admin);
  const tabs = [
    await Tab.open(t, daemon, "ada", "home"),
    await Tab.open(t, daemon, "ada", "stream"),
    await Tab.open(t, daemon, "bea", "home"),
  ];
  const two = new Tab(tabs[0].socket, "widgets");
  await two.join();
  tabs.push(two);
  const everybody = { ada: ["home", "stream", "widgets"], bea: ["home"] };
  await all.shows(everybody);
  const before = new Set(all.metas().map((meta) => meta.phx_ref));
  const sockets = new Set([all, ...tabs].map((tab) => tab.socket));
  // The first only: attempts to come back while there is no daemon end with codes of their own.
  const codes = new Map();
  for (const socket of sockets) {
    socket.onClose(({ code }) => codes.has(socket) || codes.set(socket, code));
  }

  await daemon.stop();
  await until("all are told", () => codes.size === sockets.size);
  assert.deepEqual([...new Set(codes.values())], [1012]);
  await until("all have noticed", () => tabs.every((tab) => tab.channel.state === "errored"));

  await daemon.resume();
  const isBack = (tab) => {
    const refs = tab.metas().map((meta) => meta.phx_ref);
    return tab.channel.state === "joined" && refs.length > 0 && !refs.some((ref) => before.has(ref));
  };
  await until("all are back", () => [all, ...tabs].every(isBack));
  await all.shows(everybody);
  for (const tab of tabs) {
    const user = tab === tabs[2] ? "bea" : "ada";
    await tab.shows({ [user]: everybody[user] });
  }
  await until("both trees are up", async () => (await daemon.metrics()).stagedoor_user_trees === 2);
  const metrics = await daemon.metrics();
  assert.equal(metrics.stagedoor_presence_sessions, 4);
  assert.equal(metrics.stagedoor_grace_timers_armed_total, 0, "nobody left in between");
});

test("a page that is left while the daemon is away does not come back", async (t) => {
  const daemon = await Daemon.start();
  t.after(() => daemon.remove());
  const home = await Tab.open(t, daemon, "ada", "home");
  const stream = new Tab(home.socket, "stream");
  await stream.join();
  await home.shows({ ada: ["home", "stream"] });

  await daemon.stop();
  await until("the client has noticed", () => stream.channel.state === "errored");
  stream.channel.leave();
  assert.equal(stream.channel.state, "closed");
  await daemon.resume();
  await until("the client is back", () => home.channel.state === "joined");
  await home.shows({ ada: ["home"] });
  assert.equal((await daemon.metrics()).stagedoor_presence_sessions, 1);
});
