import assert from "node:assert/strict";
import { test } from "node:test";
import { deadURL, type Fault, FakeCluster, TOKEN } from "./fake.js";

test("a signal ends a call wherever it is, with its reason", async (t) => {
  const later: Fault = { status: 503, headers: { "Retry-After": "10" } };
  for (const [name, fault] of [
    ["while a node stalls", "stalls"],
    ["while it waits", later],
  ] as const) {
    await t.test(name, async (t) => {
      const cluster = await FakeCluster.start(t, 1);
      cluster.faults(0, fault);
      const why = new Error("the job is over");
      const controller = new AbortController();
      const call = cluster.client().ping(TOKEN, { signal: controller.signal });
      while (cluster.seen.length === 0) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      controller.abort(why);
      await assert.rejects(call, (err) => err === why);
      assert.equal(cluster.seen.length, 1);
    });
  }
});

test("a signal that was given before keeps the call from being made", async (t) => {
  const cluster = await FakeCluster.start(t, 1);
  const c = cluster.client();
  const signal = AbortSignal.abort();
  for (const call of [
    () => c.ping(TOKEN, { signal }),
    () => c.create({ name: "x" }, { signal }),
    () => c.list({}, { signal }),
    () => c.get("hb_1", { signal }),
    () => c.update("hb_1", {}, { signal }),
    () => c.pause("hb_1", { signal }),
    () => c.rotateToken("hb_1", { signal }),
    () => c.resume("hb_1", { signal }),
    () => c.delete("hb_1", { signal }),
    () => c.pings("hb_1", {}, { signal }),
  ]) {
    await assert.rejects(call(), { name: "AbortError" });
  }
  assert.equal(cluster.seen.length, 0);
});

test("a signal may bound a call's time", async () => {
  const c = (await import("../src/index.js")).HeartbeatClient;
  const client = new c("", { baseURL: await deadURL(), retries: 1000 });
  await assert.rejects(client.ping(TOKEN, { signal: AbortSignal.timeout(100) }), { name: "TimeoutError" });
});

test("calls leave nothing behind at their signal", async (t) => {
  const cluster = await FakeCluster.start(t, 1);
  const { signal } = new AbortController();
  let listeners = 0;
  const counted = new Proxy(signal, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== "function") {
        return value;
      }
      return (...args: unknown[]) => {
        listeners += name === "addEventListener" ? 1 : name === "removeEventListener" ? -1 : 0;
        return value.apply(target, args);
      };
    },
  });
  for (let i = 0; i < 20; i++) {
    await cluster.client().ping(TOKEN, { signal: counted });
  }
  assert.equal(listeners, 0);
});
