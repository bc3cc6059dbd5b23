import assert from "node:assert/strict";
import { test } from "node:test";
import { Course } from "../src/course.js";
import { APIError, isRateLimited, isUnavailable } from "../src/index.js";
import { limitsOf } from "../src/options.js";
import { retryAfterMs } from "../src/wire.js";
import { type Fault, FakeCluster, TOKEN } from "./fake.js";

test("only 408, 429 and a server's own trouble are tried again", async (t) => {
  const cluster = await FakeCluster.start(t, 1);
  for (const status of [301, 400, 401, 402, 403, 404, 405, 409, 410, 413, 418, 431, 501, 505]) {
    cluster.seen.length = 0;
    cluster.faults(0, { status });
    await assert.rejects(cluster.client().ping(TOKEN), (err) => err instanceof APIError && err.statusCode === status);
    assert.equal(cluster.seen.length, 1, `${status} is asked once`);
  }
  for (const status of [408, 429, 500, 502, 503, 504]) {
    cluster.seen.length = 0;
    cluster.faults(0, { status });
    assert.equal(await cluster.client().ping(TOKEN), "ok");
    assert.equal(cluster.seen.length, 2, `${status} is asked again`);
  }
});

test("retries are bounded, and the last word is what is thrown", async (t) => {
  const cluster = await FakeCluster.start(t, 2);
  for (let i = 0; i < 10; i++) {
    cluster.faults(0, { status: 503 });
    cluster.faults(1, "hangs up");
  }
  await assert.rejects(cluster.client({ retries: 2 }).ping(TOKEN), isUnavailable);
  assert.deepEqual(cluster.asked, [0, 1, 0, 1, 0, 1]);
});

test("no attempt begins after a call's time", async (t) => {
  const cluster = await FakeCluster.start(t, 1);
  cluster.faults(0, ...new Array<Fault>(20).fill({ status: 503 }));
  await assert.rejects(cluster.client({ retries: 19, backoffMs: 100, callMs: 500 }).ping(TOKEN), isUnavailable);
  assert.ok(cluster.seen.length >= 2 && cluster.seen.length <= 5, `${cluster.seen.length} attempts`);
});

test("a node is not asked again before the time that it asked for", async (t) => {
  const asks = async (status: number) => {
    const cluster = await FakeCluster.start(t, 1);
    cluster.faults(0, { status, headers: { "Retry-After": "1" } });
    const began = performance.now();
    await cluster.client().ping(TOKEN);
    assert.ok(performance.now() - began >= 999, `${status}: after ${performance.now() - began} ms`);
    assert.deepEqual(cluster.asked, [0, 0]);
  };
  await Promise.all([429, 503].map(asks));
});

test("a wait that concerns the whole cluster is not got round by asking another node", async (t) => {
  const asks = async (fault: { status: number; body?: string }) => {
    const cluster = await FakeCluster.start(t, 2);
    cluster.faults(0, { ...fault, headers: { "Retry-After": "1" } });
    const began = performance.now();
    await cluster.client().ping(TOKEN);
    assert.ok(performance.now() - began >= 999);
    assert.deepEqual(cluster.asked, [0, 1]);
  };
  await Promise.all([{ status: 429 }, { status: 503, body: `{"error":"too much to do","code":"overloaded"}` }].map(asks));
});

test("a wait that is too long is not begun", async (t) => {
  const cluster = await FakeCluster.start(t, 1);
  cluster.faults(0, { status: 429, headers: { "Retry-After": "3600" }, body: `{"error":"slow down","code":"rate_limited"}` });
  await assert.rejects(cluster.client().ping(TOKEN), (err) => {
    return isRateLimited(err) && err.retryAfterMs === 3_600_000 && err.code === "rate_limited" && err.message === "slow down";
  });
  assert.equal(cluster.seen.length, 1);
});

test("waits grow, and chance spreads them", () => {
  const waits = (i: number) => {
    const course = new Course(0, 1, { ...limitsOf({}), callMs: Infinity, retries: 10 });
    const err = new APIError(503, "words");
    return Array.from({ length: 8 }, () => course.failed(err) ?? NaN)[i] ?? NaN;
  };
  for (const [i, about] of [500, 1000, 2000, 4000, 8000, 8000].entries()) {
    const many = Array.from({ length: 200 }, () => waits(i));
    assert.ok(Math.min(...many) >= about / 2 && Math.max(...many) <= about * 1.5, `${Math.min(...many)} to ${Math.max(...many)}`);
    assert.ok(Math.max(...many) - Math.min(...many) > about / 2, "they differ");
  }
});

test("Retry-After may be seconds or a date", () => {
  const now = Date.parse("2026-05-02T00:00:00Z");
  for (const [header, want] of [
    [undefined, 0],
    ["0", 0],
    ["2", 2000],
    ["Sat, 02 May 2026 00:00:10 GMT", 10_000],
    ["Fri, 01 May 2026 00:00:00 GMT", 0],
    ["soon", 0],
    ["", 0],
  ] as const) {
    assert.equal(retryAfterMs(header, now), want, header);
  }
});

test("a redirect is not followed, and the words name the base URL to use", async (t) => {
  const cluster = await FakeCluster.start(t, 2);
  cluster.faults(0, { status: 308, headers: { Location: `${cluster.urls[1]}/v1/heartbeats/${TOKEN}/ping` }, body: "" });
  await assert.rejects(cluster.client().ping(TOKEN), { message: `Permanent Redirect: use the base URL ${cluster.urls[1]}`, statusCode: 308 });
  assert.deepEqual(cluster.asked, [0]);
});
