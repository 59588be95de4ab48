// A dashboard's page: what it is told, and what it asks for.

import assert from "node:assert/strict";

import { Tab, answer, connect } from "./client.mjs";
import { until } from "./until.mjs";

const NEWS = ["stream_state", "event", "alert", "metrics", "link"];

/** A page that keeps what it is told: `page.news.event`, and so on. */
export async function open(t, daemon, user) {
  const socket = connect(t, daemon, {
    authToken: daemon.token(user),
  });
  const tab = new Tab(socket, "stream");
  const news = Object.fromEntries(NEWS.map((name) => [name, []]));
  for (const name of NEWS) tab.channel.on(name, (payload) => news[name].push(payload));
  await tab.join();
  return Object.assign(tab, {
    news,
    /** Sends a command that is carried out, and gives its response. */
    async command(event, payload = {}) {
      const { status, response } = await answer(tab.channel.push(event, payload));
      assert.equal(status, "ok", `${event}: ${JSON.stringify(response)}`);
      return response;
    },
    /** Sends a command that is refused, and gives its refusal. */
    async refused(event, payload = {}) {
      const { status, response } = await answer(tab.channel.push(event, payload));
      assert.equal(status, "error", `${event}: ${JSON.stringify(response)}`);
      return response;
    },
    /** Waits until the stream stands so. */
    isNow(status) {
      return until(`the stream is ${status}`, () => {
        return news.stream_state.at(-1)?.status === status && news.stream_state.at(-1);
      });
    },
    /** Waits for news of this name. */
    hears(name, right) {
      return until(`news: ${name}`, () => news[name].find(right));
    },
    /** Waits until the connection to a platform stands so. */
    linkIs(platform, state) {
      return until(`${platform} is ${state}`, () => {
        const link = news.link.findLast((link) => link.platform === platform);
        return link?.state === state && link;
      });
    },
  });
}
