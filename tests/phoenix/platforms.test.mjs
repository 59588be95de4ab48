// The platforms on a dashboard: connections, chat, moderation, and how an account is connected in a browser.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Daemon } from "./support/daemon.mjs";
import { open } from "./support/page.mjs";
import { PATIENCE, until } from "./support/until.mjs";

/** What a browser does that follows every redirect and every link that leads on: the last answer, and its text. */
async function browse(daemon, path) {
  const cookies = new Map();
  let url = new URL(path, `http://${daemon.public}`);
  for (let hop = 0; hop < 10; hop += 1) {
    const cookie = cookies.get(url.host);
    const response = await fetch(url, {
      redirect: "manual",
      headers: cookie ? { cookie } : {},
      signal: AbortSignal.timeout(PATIENCE),
    });
    const [set] = response.headers.getSetCookie();
    if (set) cookies.set(url.host, set.split(";")[0]);
    const location = response.headers.get("location");
    const text = await response.text();
    const onward = /<a [^>]*href="([^"]+)"/.exec(text)?.[1].replaceAll("&amp;", "&");
    if (!location && !onward) return { response, text };
    url = new URL(location ?? onward, url);
  }
  throw new Error(`${path} leads around in circles`);
}

describe("with a demo's platforms", () => {
  let daemon;
  before(async () => (daemon = await Daemon.demo()));
  after(() => daemon.remove());

  test("a message goes to all of them, and comes back from each once", async (t) => {
    const page = await open(t, daemon, "ada");
    for (const platform of ["twitch", "kick"]) await page.linkIs(platform, "connected");
    const text = "Hello from the dashboard";
    const { platforms } = await page.command("chat:send", { text });
    // Those that have a chat only with a broadcast say so.
    for (const platform of ["youtube", "facebook"]) {
      assert.equal(platforms[platform].error.code, "no_broadcast", platform);
    }
    const own = (platform) => page.news.event.filter((event) => {
      return event.platform === platform && event.message?.text === text;
    });
    for (const platform of ["twitch", "kick"]) {
      assert.ok(platforms[platform].ok.message_id, JSON.stringify(platforms));
      await until(`${platform} has it`, () => own(platform).length > 0);
    }
    // Whatever comes after it has come through the same door.
    await page.hears("event", (event) => event.kind === "chat.message" && event.actor?.name !== "ada");
    for (const platform of ["twitch", "kick"]) {
      assert.equal(new Set(own(platform).map(({ id }) => id)).size, 1, platform);
    }
  });

  test("somebody who writes is kept from it for a while, on their platform", async (t) => {
    const page = await open(t, daemon, "ada");
    const { actor } = await page.hears("event", ({ kind, platform, actor }) => {
      return kind === "chat.message" && platform === "kick" && !actor.roles?.owner;
    });
    const viewer = { platform: "kick", viewer_id: actor.id };
    const done = await page.command("moderation:timeout", { ...viewer, duration_s: 61 });
    assert.equal(done.duration_s, 120, "Kick counts minutes");
    await page.command("moderation:unban", viewer);
    const unsupported = await page.refused("moderation:timeout", {
      platform: "facebook",
      viewer_id: "1",
      duration_s: 60,
    });
    assert.equal(unsupported.code, "unsupported");
  });

  test("each account tells how it is connected, and what its platform can do", async (t) => {
    const page = await open(t, daemon, "ada");
    await page.linkIs("twitch", "connected");
    const { accounts } = await page.command("accounts:list");
    const twitch = accounts.find(({ platform }) => platform === "twitch");
    assert.deepEqual([twitch.link.state, twitch.needs_reauth], ["connected", false]);
    assert.equal(twitch.capabilities.timeout, "seconds");
    const { platforms } = await page.command("platforms:list");
    assert.deepEqual(
      platforms.map(({ connect_url }) => connect_url).sort(),
      ["facebook", "kick", "twitch", "youtube"].map((it) => `http://${daemon.public}/connect/${it}`),
    );
    await page.command("link:reconnect", { platform: "twitch" });
  });

  test("an account is connected in a browser, by its user only", async (t) => {
    const page = await open(t, daemon, "ada");
    const own = await browse(daemon, `/connect/kick?token=${daemon.token("ada")}`);
    assert.equal(own.response.status, 200, own.text);
    assert.ok(own.text.includes("Kick is connected"), own.text);
    assert.ok(own.response.headers.get("content-security-policy").includes("default-src 'none'"));
    await page.linkIs("kick", "connected");
    const others = await browse(daemon, `/connect/kick?token=${daemon.token("carla")}`);
    assert.equal(others.response.status, 409);
    assert.ok(others.text.includes("(account_taken)"), others.text);
    assert.equal((await browse(daemon, "/connect/kick")).response.status, 401);
  });
});

test("without any platform a page says so", async (t) => {
  const daemon = await Daemon.start();
  t.after(() => daemon.remove());
  const page = await open(t, daemon, "ada");
  await page.isNow("offline");
  assert.deepEqual(await page.command("platforms:list"), { platforms: [] });
  assert.equal((await page.refused("chat:send", { text: "Hello" })).code, "nothing_connected");
  const { response, text } = await browse(daemon, `/connect/twitch?token=${daemon.token("ada")}`);
  assert.equal(response.status, 404);
  assert.ok(text.includes("(platform_not_configured)"), text);
});
