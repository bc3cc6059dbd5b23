import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionError, HeartbeatClient, isNotFound, isUnknownOutcome } from "../src/index.js";
import { deadURL, type Fault, FakeCluster, TOKEN } from "./fake.js";

const keys = (cluster: FakeCluster) => cluster.seen.map((s) => s.headers["idempotency-key"]);

test("a ping whose answer was lost is sent again and counts once", async (t) => {
  for (const fault of ["records it and hangs up", "records it and cuts its answer off"] as const) {
    await t.test(fault, async (t) => {
      const cluster = await FakeCluster.start(t, 3);
      cluster.faults(0, fault);
      cluster.faults(1, { status: 503, body: `{"error":"it may or may not have been recorded","code":"unknown_outcome"}` });
      assert.equal(await cluster.client().ping(TOKEN), "ok");
      assert.deepEqual(cluster.asked, [0, 1, 2]);
      assert.equal(new Set(keys(cluster)).size, 1, "one key through all attempts");
      assert.equal(cluster.pings.size, 1);
    });
  }
});

test("two pings are two", async (t) => {
  const cluster = await FakeCluster.start(t, 1);
  const c = cluster.client();
  await Promise.all([c.ping(TOKEN), c.ping(TOKEN), c.start(TOKEN), c.log(TOKEN)]);
  assert.equal(cluster.pings.size, 4);
  for (const key of keys(cluster)) {
    assert.match(String(key), /^[0-9a-f-]{36}$/);
  }
});

test("a program may repeat a call as the same ping", async (t) => {
  const cluster = await FakeCluster.start(t, 1);
  const c = cluster.client({ retries: 0 });
  cluster.faults(0, "records it and hangs up");
  const options = { idempotencyKey: "run-4711" };
  await assert.rejects(c.ping(TOKEN, options), ConnectionError);
  await c.ping(TOKEN, options);
  assert.deepEqual([...cluster.pings], ["run-4711"]);
  for (const key of ["", "x".repeat(65), "a b", "é", "a\n"]) {
    await assert.rejects(c.ping(TOKEN, { idempotencyKey: key }), TypeError);
  }
  assert.equal(cluster.seen.length, 2);
});

test("a heartbeat is not created again when it may exist already", async (t) => {
  const faults: Fault[] = ["hangs up", "records it and hangs up", "records it and cuts its answer off", "stalls", { status: 502 }];
  for (const code of ["unknown_outcome", "unread", ""]) {
    faults.push({ status: 503, body: JSON.stringify({ error: "words", code }) });
  }
  for (const fault of faults) {
    const cluster = await FakeCluster.start(t, 2);
    cluster.faults(0, fault);
    await assert.rejects(cluster.client({ timeoutMs: 500 }).create({ name: "x" }), isUnknownOutcome);
    assert.deepEqual(cluster.asked, [0], JSON.stringify(fault));
  }
});

test("a heartbeat is ensured by the next node, whatever the first may have done", async (t) => {
  for (const fault of ["hangs up", { status: 502 }] as const) {
    const cluster = await FakeCluster.start(t, 2);
    cluster.faults(0, fault);
    await cluster.client().ensure("x", { interval_secs: 60 });
    assert.deepEqual(cluster.asked, [0, 1], JSON.stringify(fault));
  }
  for (const slug of ["", "..", undefined]) {
    await assert.rejects(new HeartbeatClient("").ensure(slug as string), TypeError);
  }
});

test("a heartbeat is created by the next node when the first surely did nothing", async (t) => {
  for (const code of ["no_leader", "overloaded", "shutting_down"]) {
    const cluster = await FakeCluster.start(t, 2);
    cluster.faults(0, { status: 503, body: JSON.stringify({ error: "nothing was recorded", code }) });
    await cluster.client().create({ name: "x" });
    assert.deepEqual(cluster.asked, [0, 1], code);
  }
  const cluster = await FakeCluster.start(t, 1);
  await cluster.client({ baseURL: [await deadURL(), ...cluster.urls] }).create({ name: "x" });
});

test("an error tells whether an attempt may have been recorded", async (t) => {
  const cluster = await FakeCluster.start(t, 2);
  cluster.faults(0, "records it and hangs up");
  cluster.faults(1, { status: 404 });
  await assert.rejects(cluster.client().ping(TOKEN), (err) => isNotFound(err) && isUnknownOutcome(err));
  cluster.faults(0, { status: 404 });
  await assert.rejects(cluster.client().ping(TOKEN), (err) => isNotFound(err) && !isUnknownOutcome(err));
  await assert.rejects(cluster.client({ baseURL: await deadURL(), retries: 0 }).ping(TOKEN), (err) => {
    return err instanceof ConnectionError && !isUnknownOutcome(err);
  });
});

test("a heartbeat that is gone after its deletion was repeated was deleted", async (t) => {
  const cluster = await FakeCluster.start(t, 2);
  cluster.faults(0, "records it and hangs up");
  cluster.faults(1, { status: 404, body: `{"error":"not found","code":"not_found"}` });
  await cluster.client().delete("hb_1");
  assert.deepEqual(cluster.asked, [0, 1]);

  for (const first of [[], [{ status: 503, body: `{"error":"nothing was recorded","code":"no_leader"}` }]]) {
    cluster.faults(1, ...first, { status: 404 });
    await assert.rejects(cluster.client({ baseURL: cluster.urls[1] ?? "" }).delete("hb_1"), isNotFound);
  }
});
