// Who comes in, by which door, and how the others are turned away.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import WebSocket from "ws";

import { Tab, connect } from "./support/client.mjs";
import { Daemon } from "./support/daemon.mjs";
import { refusal } from "./support/raw.mjs";
import { until } from "./support/until.mjs";

describe("a client logs in", () => {
  let daemon;
  before(async () => (daemon = await Daemon.start()));
  after(() => daemon.remove());

  /** Opens a page with these options, and tells who the server takes it for. */
  async function whoIs(t, options) {
    const tab = new Tab(connect(t, daemon, options), "home");
    await tab.join();
    return { users: Object.keys(tab.list()), protocol: tab.socket.conn.protocol };
  }

  test("by its authToken, which travels as a sub-protocol", async (t) => {
    const login = await whoIs(t, { authToken: daemon.token("ada") });
    assert.deepEqual(login, { users: ["ada"], protocol: "phoenix" });
  });

  test("by a token among its parameters", async (t) => {
    const login = await whoIs(t, { params: { token: daemon.token("bea"), theme: "dark & blue" } });
    assert.deepEqual(login, { users: ["bea"], protocol: "" });
  });

  test("by a token from `stagedoord token`", async (t) => {
    const token = await daemon.mint("--user", "auth0|cleo", "--ttl", "1m");
    assert.deepEqual((await whoIs(t, { authToken: token })).users, ["auth0|cleo"]);
  });

  test("by an Authorization header, where it is no browser that connects", async (t) => {
    const authorization = `Bearer ${daemon.token("bob")}`;
    class Transport extends WebSocket {
      constructor(url, protocols) {
        super(url, protocols, { headers: { authorization } });
      }
    }
    assert.deepEqual((await whoIs(t, { transport: Transport })).users, ["bob"]);
  });

  test("by a name alone, in development", async (t) => {
    assert.deepEqual((await whoIs(t, { params: { user: "dan" } })).users, ["dan"]);
  });

  test("as nobody but the token says, whatever else is said", async (t) => {
    const options = { authToken: daemon.token("eve"), params: { user: "ada" } };
    assert.deepEqual((await whoIs(t, options)).users, ["eve"]);
  });

  test("and keeps trying while its token is refused, until it has a good one", async (t) => {
    let token = daemon.token("fay", { secret: "not the secret of this daemon, but as long" });
    const errors = [];
    const socket = connect(t, daemon, { authToken: () => token });
    socket.onError((event) => errors.push(event.message));
    const tab = new Tab(socket, "home");
    const joined = tab.join();

    await until("three attempts are refused", () => errors.length >= 3);
    assert.deepEqual([...new Set(errors)], ["Unexpected server response: 401"]);
    assert.deepEqual(await daemon.presence().then((users) => users.fay), undefined);
    token = daemon.token("fay");
    await joined;
    assert.deepEqual(tab.list(), { fay: ["home"] });
  });

  test("but not with version 1 of the protocol", async (t) => {
    const errors = [];
    const options = { vsn: "1.0.0", params: { user: "ada" }, reconnectAfterMs: () => 10 };
    const socket = connect(t, daemon, options);
    socket.onError((event) => errors.push(event.message));
    await until("it is refused, twice", () => errors.length >= 2);
    assert.equal(errors[0], "Unexpected server response: 403");
  });
});

describe("a refusal is an HTTP answer", () => {
  let daemon;
  before(async () => (daemon = await Daemon.start()));
  after(() => daemon.remove());

  const carried = (token) => ({
    "sec-websocket-protocol": `phoenix, base64url.bearer.phx.${Buffer.from(token).toString("base64url")}`,
  });
  const cases = {
    "without a token": () => ["", {}, 401, "token_missing"],
    "with a token that is none": () => ["&token=nonsense", {}, 401, "token_invalid"],
    "with a token of another secret": () => {
      const token = daemon.token("ada", { secret: "another secret, of more than 32 bytes" });
      return [`&token=${token}`, {}, 401, "token_invalid"];
    },
    "with a token that has expired": () => {
      return ["", carried(daemon.token("ada", { ttl: -60 })), 401, "token_expired"];
    },
    "with a role that there is not": () => {
      return ["", carried(daemon.token("ada", { role: "king" })), 401, "token_invalid"];
    },
    "with a bad token besides a name that would do": () => {
      return ["&user=ada&token=nonsense", {}, 401, "token_invalid"];
    },
    "with a sub-protocol that is no base64url": () => {
      const protocols = { "sec-websocket-protocol": "phoenix, base64url.bearer.phx.+/=" };
      return ["&user=ada", protocols, 401, "token_invalid"];
    },
    "with a name that is no id": () => ["&user=a%2Fb", {}, 401, "token_invalid"],
    "from a page of another origin": () => {
      return ["&user=ada", { origin: "https://evil.example" }, 403, "origin_refused"];
    },
  };
  for (const [name, request] of Object.entries(cases)) {
    test(name, async () => {
      const [query, headers, status, code] = request();
      const { status: told, body } = await refusal(daemon, `?vsn=2.0.0${query}`, headers);
      assert.deepEqual([told, body.error.code], [status, code]);
      assert.ok(body.error.message.length > 10, "it says why");
    });
  }

  test("which names the configuration key that would let an origin in", async () => {
    const headers = { origin: "https://dashboard.example" };
    const { body } = await refusal(daemon, "?vsn=2.0.0&user=ada", headers);
    assert.match(body.error.help, /`gateway\.allowed_origins`/);
  });

  for (const vsn of ["", "?vsn=1.0.0", "?vsn=3.0.0", "?vsn=20.0.0", "?vsn="]) {
    test(`with ${vsn || "no vsn"}`, async () => {
      const query = `${vsn || "?"}&user=ada`;
      const { status, body } = await refusal(daemon, query);
      assert.deepEqual([status, body.error.code], [403, "handshake_refused"]);
      assert.match(body.error.message, /vsn must be 2\.0\.0/);
    });
  }
});

test("outside development mode a name is no login, and a token is", async (t) => {
  const daemon = await Daemon.start({ mode: "production" });
  t.after(() => daemon.remove());
  const { status, body } = await refusal(daemon, "?vsn=2.0.0&user=ada");
  assert.deepEqual([status, body.error.code], [401, "token_missing"]);
  const tab = await Tab.open(t, daemon, "ada", "home");
  assert.deepEqual(tab.list(), { ada: ["home"] });
});
