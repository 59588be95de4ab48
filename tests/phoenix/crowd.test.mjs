// Fifty tabs of one user, in and out in random order: in the end all who stay agree on who is here.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Tab, connect } from "./support/client.mjs";
import { Daemon } from "./support/daemon.mjs";
import { until } from "./support/until.mjs";

const TABS = 50;
const STEPS = 400;
const PAGES = ["home", "stream", "analytics", "widgets", "settings"];

/** Random numbers, the same for the same seed (mulberry32). */
function random(seed) {
  return (below) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

test("fifty tabs join and leave at random, and agree in the end", async (t) => {
  const seed = Number(process.env.STAGEDOOR_TEST_SEED ?? 20);
  t.diagnostic(`STAGEDOOR_TEST_SEED=${seed}`);
  const below = random(seed);
  const daemon = await Daemon.start();
  t.after(() => daemon.remove());
  const sockets = Array.from({ length: TABS }, () => {
    // Leaves that break off leave their timers behind, and the test waits for them at its end.
    return connect(t, daemon, { params: { user: "ada" }, timeout: 3000 });
  });
  const tabs = Array(TABS).fill(null);
  const steps = {
    /** Neither the client nor we wait for an answer before the next step. */
    join(at) {
      tabs[at] = new Tab(sockets[at], PAGES[below(PAGES.length)]);
      tabs[at].channel.join();
    },
    leave(at) {
      tabs[at]?.channel.leave();
      tabs[at] = null;
    },
    /** The network goes; the client comes back with whatever it had joined. */
    break(at) {
      sockets[at].conn?.terminate();
    },
  };
  for (let step = 0; step < STEPS; step++) {
    const at = below(TABS);
    const dice = below(10);
    if (tabs[at] && dice < 5) steps.leave(at);
    else if (!tabs[at]) steps.join(at);
    else if (dice < 7) steps.break(at);
    // Now and then the server gets to answer.
    if (dice === 9) await until("some socket is open", () => sockets[at].isConnected());
  }

  const left = () => tabs.filter(Boolean);
  assert.ok(left().length > 5, "enough of them stay");
  await until("all who stay have joined", () => {
    return left().every(({ channel }) => channel.state === "joined");
  });
  const pages = left().map((tab) => tab.page).sort();
  for (const tab of left()) await tab.shows({ ada: pages });

  const refs = (metas) => metas.map((meta) => meta.phx_ref).sort();
  const { ada } = await daemon.presence();
  const truth = refs(ada.metas);
  assert.equal(new Set(truth).size, left().length);
  for (const tab of left()) assert.deepEqual(refs(tab.metas()), truth, tab.page);
  assert.equal((await daemon.metrics()).stagedoor_presence_sessions, left().length);
});
