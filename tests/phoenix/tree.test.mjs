// What the sessions do to the user's tree, as the metrics tell it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Tab } from "./support/client.mjs";
import { Daemon } from "./support/daemon.mjs";
import { until } from "./support/until.mjs";

async function start(t, cleanup_timeout) {
  const daemon = await Daemon.start({ "presence.cleanup_timeout": cleanup_timeout });
  t.after(() => daemon.remove());
  return daemon;
}

const trees = async (daemon) => (await daemon.metrics()).stagedoor_user_trees;
const timers = async (daemon) => {
  const metrics = await daemon.metrics();
  return {
    pending: metrics.stagedoor_grace_timers,
    cancelled: metrics.stagedoor_grace_timers_cancelled_total,
    elapsed: metrics.stagedoor_grace_timers_elapsed_total,
  };
};

test("several tabs are one tree, which goes a grace period after the last of them", async (t) => {
  const daemon = await start(t, "300ms");
  assert.equal(await trees(daemon), 0);
  const tabs = [];
  for (const page of ["home", "stream", "widgets"]) {
    tabs.push(await Tab.open(t, daemon, "ada", page));
  }
  await until("a tree is up", async () => (await trees(daemon)) > 0);
  assert.equal(await trees(daemon), 1);
  await Tab.open(t, daemon, "bea", "home");
  await until("bea has one too", async () => (await trees(daemon)) === 2);

  for (const tab of tabs.slice(1)) tab.socket.disconnect();
  await tabs[0].shows({ ada: ["home"] });
  assert.deepEqual(await timers(daemon), { pending: 0, cancelled: 0, elapsed: 0 });

  const left = performance.now();
  tabs[0].socket.disconnect();
  await until("ada's tree is gone", async () => (await trees(daemon)) === 1);
  assert.ok(performance.now() - left >= 299, "it had its grace period");
  assert.deepEqual(await timers(daemon), { pending: 0, cancelled: 0, elapsed: 1 });
  assert.deepEqual(Object.keys(await daemon.presence()), ["bea"]);
});

test("who is back in time finds the tree that was left", async (t) => {
  const daemon = await start(t, "1m");
  const tab = await Tab.open(t, daemon, "ada", "home");
  await until("the tree is up", async () => (await trees(daemon)) === 1);
  const { stagedoor_child_starts_total: starts } = await daemon.metrics();

  tab.socket.disconnect();
  await until("the timer runs", async () => (await timers(daemon)).pending === 1);
  assert.deepEqual(await daemon.presence(), {});
  assert.equal(await trees(daemon), 1);

  await Tab.open(t, daemon, "ada", "home");
  await until("the timer is cancelled", async () => (await timers(daemon)).pending === 0);
  assert.deepEqual(await timers(daemon), { pending: 0, cancelled: 1, elapsed: 0 });
  assert.equal(await trees(daemon), 1);
  const metrics = await daemon.metrics();
  assert.equal(metrics.stagedoor_child_starts_total, starts, "nothing was started anew");
});

test("a tab that reconnects after its connection broke keeps its tree", async (t) => {
  const daemon = await start(t, "1m");
  const tab = await Tab.open(t, daemon, "ada", "home");
  const { session_id: before } = tab.metas()[0];
  tab.socket.conn.terminate();
  await until("it is back", () => tab.channel.state === "joined" && tab.syncs.length > 1);
  await tab.shows({ ada: ["home"] });
  assert.notEqual(tab.metas()[0].session_id, before);
  await until("no timer runs", async () => {
    const { pending, elapsed } = await timers(daemon);
    assert.equal(elapsed, 0);
    return pending === 0;
  });
  assert.equal(await trees(daemon), 1);
});

test("without a grace period the tree goes with the last session, and comes with the next", async (t) => {
  const daemon = await start(t, "0s");
  for (let round = 0; round < 5; round++) {
    const tab = await Tab.open(t, daemon, "ada", "home");
    await until("the tree is up", async () => (await trees(daemon)) === 1);
    tab.channel.leave();
    await until("the tree is gone", async () => (await trees(daemon)) === 0);
    tab.socket.disconnect();
  }
});
