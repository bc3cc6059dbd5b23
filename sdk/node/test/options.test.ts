import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { inspect } from "node:util";
import { type ClientOptions, HeartbeatClient } from "../src/index.js";
import { attemptMs, limitsOf } from "../src/options.js";
import { VERSION } from "../src/version.js";
import { FakeCluster, KEY } from "./fake.js";

test("options that cannot work are refused at once", () => {
  const wrong: [ClientOptions, typeof TypeError | typeof RangeError][] = [
    [{ baseURL: [] }, TypeError],
    [{ baseURL: "" }, TypeError],
    [{ baseURL: "monitor:8080" }, TypeError],
    [{ baseURL: ["http://a", "ftp://b"] }, TypeError],
    [{ baseURL: "http://a?b" }, TypeError],
    [{ baseURL: "http://a/#b" }, TypeError],
    [{ timeoutMs: 0 }, RangeError],
    [{ timeoutMs: NaN }, RangeError],
    [{ timeoutMs: Infinity }, RangeError],
    [{ timeoutMs: 2 ** 31 }, RangeError],
    [{ retries: -1 }, RangeError],
    [{ retries: 0.5 }, RangeError],
  ];
  for (const [options, type] of wrong) {
    assert.throws(() => new HeartbeatClient(KEY, options), type, inspect(options));
  }
  assert.throws(() => new HeartbeatClient("a-key-from-a-file\n"), /line break/);
});

test("a base URL that is refused is not shown, as it may hold a password", () => {
  for (const baseURL of ["ftp://a:hidden@b", "//a:hidden@b", "http://a:hidden@b?c"]) {
    assert.throws(() => new HeartbeatClient(KEY, { baseURL }), (err: Error) => !err.message.includes("hidden"));
  }
});

test("a node gets less time when there are others to ask", () => {
  const limits = limitsOf({});
  assert.equal(attemptMs(limits, 1), 15_000);
  assert.equal(attemptMs(limits, 3), 5_000);
  assert.equal(attemptMs(limits, 3, true), 15_000, "what may not be repeated");
  assert.equal(attemptMs(limitsOf({ timeoutMs: 700 }), 3, true), 700);
});

test("a client that is printed does not show its key", () => {
  const text = inspect(new HeartbeatClient(KEY), { depth: 9, showHidden: true });
  assert.ok(!text.includes(KEY), text);
});

test("the version is the package's, and the server is told it", async (t) => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  assert.equal(VERSION, version);
  const cluster = await FakeCluster.start(t, 1);
  await cluster.client().list();
  assert.equal(cluster.last.headers["user-agent"], `quorumbeat-node/${version}`);
});
