import assert from "node:assert/strict";
import { test } from "node:test";
import { type HeartbeatClient, MAX_BODY_BYTES, type PingOptions } from "../src/index.js";
import { firstBytes } from "../src/pings.js";
import { FakeCluster, TOKEN } from "./fake.js";

const RID = "0b9cc2a5-5f0c-4a32-9d0a-5d2a6b1c8e11";
const AT = "2026-05-02T01:02:03.456Z";

test("each signal has its path, and carries what it was given", async (t) => {
  const cluster = await FakeCluster.start(t, 1);
  const signals: [name: string, send: (c: HeartbeatClient, o?: PingOptions) => Promise<string>, suffix: string][] = [
    ["ping", (c, o) => c.ping(TOKEN, o), ""],
    ["start", (c, o) => c.start(TOKEN, o), "/start"],
    ["success", (c, o) => c.success(TOKEN, o), ""],
    ["fail", (c, o) => c.fail(TOKEN, o), "/fail"],
    ["log", (c, o) => c.log(TOKEN, o), "/log"],
    ["exit status 0", (c, o) => c.exitStatus(TOKEN, 0, o), "/0"],
    ["exit status 255", (c, o) => c.exitStatus(TOKEN, 255, o), "/255"],
  ];
  for (const [name, send, suffix] of signals) {
    await t.test(name, async () => {
      const path = `/v1/heartbeats/${TOKEN}/ping${suffix}`;
      assert.equal(await send(cluster.client()), "ok");
      assert.equal(`${cluster.last.method} ${cluster.last.path}`, `POST ${path}`);
      assert.equal(cluster.last.headers["content-length"], "0");
      assert.equal(cluster.last.headers.authorization, undefined, "the API key is not sent with pings");

      await send(cluster.client(), { rid: RID, at: new Date(AT), body: "12 files\n" });
      assert.equal(cluster.last.path, `${path}?rid=${RID}&at=2026-05-02T01%3A02%3A03.456Z`);
      assert.equal(cluster.last.body.toString(), "12 files\n");
      assert.equal(cluster.last.headers["content-type"], "text/plain; charset=utf-8");
    });
  }
});

test("a ping carries the numbers that are finite", async (t) => {
  const cluster = await FakeCluster.start(t, 1);
  await cluster.client().ping(TOKEN, { metrics: { bytes: 0, "rows.new": -1.5, none: NaN, endless: Infinity, large: 1e300 } });
  assert.ok(cluster.last.path.endsWith("/ping?m.bytes=0&m.rows.new=-1.5&m.large=1e%2B300"), cluster.last.path);
});

test("a paused heartbeat says so", async (t) => {
  const cluster = await FakeCluster.start(t, 1);
  cluster.faults(0, { status: 200, body: `{"status":"paused"}` });
  assert.equal(await cluster.client().ping(TOKEN), "paused");
});

test("a time may be text, and a body bytes", async (t) => {
  const cluster = await FakeCluster.start(t, 1);
  await cluster.client().log(TOKEN, { at: AT, body: new Uint8Array([1, 0, 255]) });
  assert.ok(cluster.last.path.endsWith("?at=2026-05-02T01%3A02%3A03.456Z"));
  assert.deepEqual([...cluster.last.body], [1, 0, 255]);
});

test("what is no exit status is refused before anything is sent", async (t) => {
  const cluster = await FakeCluster.start(t, 1);
  for (const status of [-1, 256, 1.5, NaN, null as unknown as number, "1" as unknown as number]) {
    await assert.rejects(cluster.client().exitStatus(TOKEN, status), RangeError);
  }
  await assert.rejects(cluster.client().ping(TOKEN, { at: new Date(NaN) }), RangeError);
  assert.equal(cluster.seen.length, 0);
});

test("a body is cut to its first bytes, between characters", () => {
  const x = (n: number) => "x".repeat(n);
  for (const [name, body, want] of [
    ["short", "done", "done"],
    ["just long enough", x(MAX_BODY_BYTES), x(MAX_BODY_BYTES)],
    ["a byte too long", x(MAX_BODY_BYTES + 1), x(MAX_BODY_BYTES)],
    ["very long", x(MAX_BODY_BYTES * 100), x(MAX_BODY_BYTES)],
    ["a character of two bytes does not fit", x(MAX_BODY_BYTES - 1) + "é…", x(MAX_BODY_BYTES - 1)],
    ["a character of four bytes does not fit", x(MAX_BODY_BYTES - 3) + "😀", x(MAX_BODY_BYTES - 3)],
    ["a character of four bytes just fits", x(MAX_BODY_BYTES - 4) + "😀😀", x(MAX_BODY_BYTES - 4) + "😀"],
    ["long characters only", "😀".repeat(MAX_BODY_BYTES), "😀".repeat(MAX_BODY_BYTES / 4)],
  ] as const) {
    assert.equal(Buffer.from(firstBytes(body)).toString(), want, name);
    assert.equal(Buffer.from(firstBytes(Buffer.from(body))).toString(), want, `${name}, as bytes`);
  }
  const noText = new Uint8Array(MAX_BODY_BYTES + 5).fill(0x80);
  assert.equal(firstBytes(noText).length, MAX_BODY_BYTES);
});
