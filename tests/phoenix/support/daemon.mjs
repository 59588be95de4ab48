// A real `stagedoord`: on free ports, in a directory of its own, with nothing of this process's environment.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { PATIENCE, soon } from "./until.mjs";

const repository = fileURLToPath(new URL("../../../", import.meta.url));
const target = resolve(repository, process.env.CARGO_TARGET_DIR ?? "target");
const program = process.env.STAGEDOORD ?? join(target, "debug", "stagedoord");

/** Daemons that run, for the case that this process ends before it has stopped them. */
const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

export class Daemon {
  #dir;
  #env;
  #child;
  #secret;
  #demo = false;
  /** Log records, as the daemon wrote them. */
  log = [];
  /** `host:port` of the public and of the admin listener. */
  public = "127.0.0.1:0";
  admin = "127.0.0.1:0";

  /** Starts one in development mode; `settings` are configuration keys and their values, as text. */
  static async start(settings = {}) {
    return new Daemon().#begin(settings);
  }

  async #begin(settings) {
    this.#dir = await mkdtemp(join(tmpdir(), "stagedoor-phoenix-"));
    this.#secret = randomBytes(32).toString("hex");
    const values = { mode: "development", "auth.secret": this.#secret, ...settings };
    this.#env = Object.fromEntries(
      Object.entries(values).map(([key, value]) => [
        `STAGEDOOR__${key.replaceAll(".", "__").toUpperCase()}`,
        value,
      ]),
    );
    await this.resume();
    return this;
  }

  /** Starts one with a made-up Cloudflare inside, whose encoders connect by themselves. */
  static async demo(settings = {}) {
    const daemon = new Daemon();
    daemon.#demo = true;
    return daemon.#begin(settings);
  }

  /** Starts it again after `stop`: on the same ports, in the same directory. */
  async resume() {
    const flags = ["--listen", this.public, "--admin-listen", this.admin, "--log-format", "json"];
    if (this.#demo) flags.push("--demo", "--demo-listen", "127.0.0.1:0");
    const child = spawn(program, flags, {
      cwd: this.#dir,
      env: this.#env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    running.add(child);
    this.#child = child;
    const ready = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => {
        running.delete(child);
        reject(new Error(`${program} ended with ${code}\n${JSON.stringify(this.log, null, 2)}`));
      });
      createInterface({ input: child.stderr }).on("line", (line) => {
        if (process.env.STAGEDOOR_TEST_LOG) console.error(line);
        const record = read(line);
        this.log.push(record);
        if (record.message === "ready") resolve(record);
      });
    });
    // After the start nobody waits for this promise; the end is `stop`'s to judge.
    ready.catch(() => {});
    ({ public: this.public, admin: this.admin } = await soon("the daemon is ready", ready));
  }

  /** SIGTERM, and the end: clean, with neither error nor warning in the log. */
  async stop() {
    const child = this.#child;
    if (running.has(child)) {
      const ended = once(child, "close");
      child.kill("SIGTERM");
      await soon("the daemon ends", ended);
    }
    assert.equal(child.exitCode, 0, "the daemon's exit code");
    const complaints = this.log.filter(({ level, message }) => {
      return level !== "INFO" && !(this.#demo && message.startsWith("DEMO: "));
    });
    assert.deepEqual(complaints, [], "what the daemon had to complain about");
  }

  /** Stops it for good. */
  async remove() {
    try {
      await this.stop();
    } finally {
      this.#child.kill("SIGKILL");
      await rm(this.#dir, { recursive: true, force: true });
    }
  }

  /** For `new Socket(…)`. */
  get socketUrl() {
    return `ws://${this.public}/socket`;
  }

  /** A token, signed here. `ttl` in seconds. */
  token(sub, { role, ttl = 60, secret = this.#secret } = {}) {
    const now = Math.floor(Date.now() / 1000);
    const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub, role, exp: now + ttl })}`;
    return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
  }

  /** A token, signed by `stagedoord token`. */
  async mint(...flags) {
    const options = { cwd: this.#dir, env: this.#env, timeout: PATIENCE };
    const { stdout } = await promisify(execFile)(program, ["token", ...flags], options);
    return stdout.trim();
  }

  /** A request to the public listener, by an admin. */
  fetch(path, options = {}) {
    const authorization = `Bearer ${this.token("root", { role: "admin" })}`;
    return fetch(`http://${this.public}${path}`, {
      signal: AbortSignal.timeout(PATIENCE),
      ...options,
      headers: { authorization, ...options.headers },
    });
  }

  /** The same with a body, by a service: `{status, body}` of the answer. */
  async send(method, path, body, headers) {
    const authorization = `Bearer ${this.token("backend", { role: "service" })}`;
    const options = { method, body: JSON.stringify(body), headers: { authorization, ...headers } };
    const response = await this.fetch(path, options);
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : null };
  }

  /** What the demo's encoder of a user does: `connect`, `disconnect`, `error`. */
  async encoder(user, act) {
    const { cloudflare } = this.log.find(({ message }) => message.startsWith("DEMO: "));
    const url = new URL(`/control/users/${user}/encoder/${act}`, cloudflare);
    const response = await fetch(url, { method: "POST", signal: AbortSignal.timeout(PATIENCE) });
    assert.ok(response.ok, `the encoder of ${user} could not ${act}: ${response.status}`);
  }

  /** Everybody's presence, by `GET /api/presence`: `{user: {metas: […]}}`. */
  async presence() {
    const { users } = await (await this.fetch("/api/presence")).json();
    return users;
  }

  /** The samples of `GET /metrics`: from name, or `name{label="value"}`, to number. */
  async metrics() {
    const signal = AbortSignal.timeout(PATIENCE);
    const response = await fetch(`http://${this.admin}/metrics`, { signal });
    const samples = (await response.text()).split("\n").filter((line) => !line.startsWith("#"));
    return Object.fromEntries(
      samples.map((line) => {
        const at = line.lastIndexOf(" ");
        return [line.slice(0, at), Number(line.slice(at + 1))];
      }),
    );
  }
}

/** What is no JSON (a panic before the log, say) is a record of its own kind. */
function read(line) {
  try {
    return JSON.parse(line);
  } catch {
    return { level: "RAW", message: line };
  }
}
