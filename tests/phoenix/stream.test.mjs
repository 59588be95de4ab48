// The life of a stream on a dashboard: news that are pushed, commands that are answered.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { answer } from "./support/client.mjs";
import { Daemon } from "./support/daemon.mjs";
import { open } from "./support/page.mjs";
import { until } from "./support/until.mjs";

describe("with a demo's Cloudflare", () => {
  let daemon;
  before(async () => (daemon = await Daemon.demo()));
  after(() => daemon.remove());

  test("a stream is started, hears a donation, is stopped, and is told in numbers", async (t) => {
    const page = await open(t, daemon, "ada");
    await page.isNow("offline");
    const early = await page.refused("stream:start", { destinations: ["twitch"] });
    assert.equal(early.code, "encoder_not_connected");
    assert.ok(early.message.length > 10);

    const ready = await page.isNow("ready");
    assert.equal(ready.encoder.connected, true);
    const { ingest_url, stream_key } = await page.command("live_input:get", { reveal: true });
    assert.ok(ingest_url.startsWith("rtmp") && stream_key.length > 0);

    await page.command("metadata:update", { title: "Late night" });
    assert.equal((await page.command("stream:start", { destinations: ["twitch"] })).status, "starting");
    const live = await page.isNow("live");
    assert.deepEqual(live.destinations, [{ id: "twitch", status: "live" }]);
    assert.equal(live.metadata.title, "Late night");
    assert.equal((await page.refused("stream:start")).code, "already_on_air");

    const donation = { id: "tip-1", name: "Grace", message: "Hi", amount: "12.50", currency: "EUR" };
    const first = await daemon.send("POST", "/api/v1/users/ada/donations", donation);
    const again = await daemon.send("POST", "/api/v1/users/ada/donations", donation);
    assert.deepEqual([first.status, again.status], [201, 200]);
    const event = await page.hears("event", ({ kind }) => kind === "donation");
    assert.deepEqual(event.money, { micros: 12_500_000, currency: "EUR" });
    assert.equal(event.id, first.body.id);
    const { alert, started_at, ends_at } = await page.hears("alert", ({ change }) => change === "show");
    assert.deepEqual([alert.name, alert.event], ["Grace", event.id]);
    assert.equal(Date.parse(ends_at) - Date.parse(started_at), alert.display_ms);
    await page.hears("metrics", ({ donations }) => donations.total === 1);

    await page.command("stream:stop");
    await page.isNow("ready");
    assert.equal(page.news.event.filter(({ kind }) => kind === "donation").length, 1);
    const { livestreams } = await page.command("livestreams:list");
    assert.deepEqual(livestreams.map(({ id }) => id), [live.livestream]);
    const summary = await page.command("livestreams:get", { id: live.livestream });
    assert.deepEqual([summary.donations, summary.donated], [1, { EUR: 12_500_000 }]);
  });

  test("an encoder that is lost and comes back", async (t) => {
    const page = await open(t, daemon, "bob");
    await page.isNow("ready");
    await page.command("stream:start");
    await page.isNow("live");
    await daemon.encoder("bob", "disconnect");
    const interrupted = await page.isNow("interrupted");
    assert.ok(Date.parse(interrupted.auto_stop_at) > Date.now());
    await daemon.encoder("bob", "connect");
    await page.isNow("live");
    await page.command("stream:stop");
    await page.isNow("ready");
  });

  test("it says on every answer, and to every page, that it is none", async (t) => {
    assert.equal((await open(t, daemon, "carla")).demo, true);
    for (const path of ["/api/openapi.json", "/api/presence", "/nowhere"]) {
      const response = await daemon.fetch(path);
      assert.equal(response.headers.get("x-stagedoor-demo"), "true", path);
    }
  });
});

describe("a page", () => {
  let daemon;
  before(async () => (daemon = await Daemon.start()));
  after(() => daemon.remove());

  const donate = (user, id, amount = "5") => {
    const donation = { id, name: "Grace", amount, currency: "EUR" };
    return daemon.send("POST", `/api/v1/users/${user}/donations`, donation);
  };

  test("that comes later is told the present state, and the same alert with the same end", async (t) => {
    const first = await open(t, daemon, "cleo");
    await first.isNow("offline");
    await first.command("metadata:set", { title: "One" });
    await donate("cleo", "1");
    const shown = await first.hears("alert", ({ change }) => change === "show");
    const late = await open(t, daemon, "cleo");
    const state = await until("the state comes", () => late.news.stream_state[0]);
    assert.equal(state.metadata.title, "One");
    const again = await late.hears("alert", ({ change }) => change === "show");
    assert.deepEqual([again.alert, again.ends_at], [shown.alert, shown.ends_at]);
  });

  test("holds the queue of its alerts in its hand", async (t) => {
    const page = await open(t, daemon, "dan");
    await page.isNow("offline");
    await page.command("alerts:pause");
    await page.hears("alert", ({ paused }) => paused);
    await donate("dan", "1");
    await page.hears("alert", ({ change }) => change === "queued");
    const { waiting } = await page.command("alerts:list");
    assert.deepEqual(waiting.map(({ name }) => name), ["Grace"]);
    await page.command("alerts:resume");
    const { alert } = await page.hears("alert", ({ change }) => change === "show");
    await page.command("alerts:skip");
    await page.hears("alert", ({ change }) => change === "hide");
    assert.equal((await page.refused("alerts:skip")).code, "nothing_showing");
    await page.command("alerts:replay", { id: alert.id });
    await page.hears("alert", ({ change, alert }) => change === "show" && alert.priority === "replay");
  });

  test("hears nothing of others, and nothing more after it has left", async (t) => {
    const [eve, fay] = [await open(t, daemon, "eve"), await open(t, daemon, "fay")];
    await donate("eve", "1");
    await eve.hears("event", () => true);
    assert.deepEqual(fay.news.event, []);
    await answer(eve.channel.leave());
    const other = await open(t, daemon, "eve");
    await donate("eve", "2");
    await other.hears("event", () => true);
    assert.equal(eve.news.event.length, 1);
  });

  test("is told what is wrong with a command, and with which field", async (t) => {
    const page = await open(t, daemon, "gus");
    await page.isNow("offline");
    const { code, field } = await page.refused("metadata:update", { titel: "x" });
    assert.deepEqual([code, field], ["invalid", "titel"]);
    assert.equal((await page.refused("stream:stop")).code, "not_on_air");
    assert.equal((await page.refused("events:list", { limit: 500 })).field, "limit");
    assert.deepEqual(await page.refused("stream:dance"), { reason: "unknown event" });
    assert.equal(page.channel.state, "joined");
  });

  test("reads on where it has stopped", async (t) => {
    const page = await open(t, daemon, "hal");
    const { body } = await donate("hal", "1");
    for (const id of ["2", "3", "4"]) await donate("hal", id);
    const { events, next } = await page.command("events:list", { after: body.id, limit: 2 });
    assert.deepEqual(events.map((event) => event.dedupe_key), ["donation:2", "donation:3"]);
    const rest = await page.command("events:list", { after: next, kinds: ["donation"] });
    assert.deepEqual(rest.events.map((event) => event.dedupe_key), ["donation:4"]);
    assert.equal(rest.next, null);
  });
});
