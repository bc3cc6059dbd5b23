import assert from "node:assert/strict";
import { createServer } from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import { ConnectionError, HeartbeatClient, isNotFound, isUnavailable } from "../src/index.js";
import { deadURL, FakeCluster, KEY, TOKEN } from "./fake.js";

test("a call goes on to the next node, and later calls begin there", async (t) => {
  const cluster = await FakeCluster.start(t, 2);
  const c = cluster.client({ baseURL: [await deadURL(), ...cluster.urls], retries: 0 });
  await c.ping(TOKEN);
  await c.ping(TOKEN);
  await c.list();
  assert.deepEqual(cluster.asked, [0, 0, 0]);
  cluster.faults(0, "hangs up");
  await c.ping(TOKEN);
  await c.ping(TOKEN);
  assert.deepEqual(cluster.asked, [0, 0, 0, 0, 1, 1], "the one that answered last is asked first");
});

test("a node that refuses a call for good is the one to ask first", async (t) => {
  const cluster = await FakeCluster.start(t, 2);
  cluster.faults(0, "hangs up");
  cluster.faults(1, { status: 404 });
  const c = cluster.client();
  await assert.rejects(c.ping(TOKEN), isNotFound);
  await c.ping(TOKEN);
  assert.deepEqual(cluster.asked, [0, 1, 1]);
});

test("a node without a leader is left for the next at once", async (t) => {
  const cluster = await FakeCluster.start(t, 3);
  const noLeader = { status: 503, headers: { "Retry-After": "30" }, body: `{"error":"no leader","code":"no_leader"}` };
  cluster.faults(0, noLeader);
  cluster.faults(1, noLeader);
  const began = performance.now();
  await cluster.client().ping(TOKEN);
  assert.ok(performance.now() - began < 10_000, "the wait that two nodes asked for is not the third one's");
  assert.deepEqual(cluster.asked, [0, 1, 2]);
});

test("a node that does not answer in time is left for the next", async (t) => {
  for (const [what, baseURL] of [
    ["it took the request", undefined],
    ["it does not even greet", await silentURL(t)],
  ] as const) {
    const cluster = await FakeCluster.start(t, 2);
    cluster.faults(0, "stalls");
    const c = cluster.client({ timeoutMs: 200, ...(baseURL && { baseURL: [baseURL, ...cluster.urls.slice(1)] }) });
    assert.equal(await c.ping(TOKEN), "ok", what);
    assert.equal(cluster.asked.at(-1), 1, what);
  }
});

test("a node may take its time as long as something comes", async (t) => {
  const cluster = await FakeCluster.start(t, 1);
  cluster.faults(0, "answers bit by bit");
  assert.equal(await cluster.client({ timeoutMs: 500, retries: 0 }).ping(TOKEN), "ok");
  cluster.faults(0, "stalls in its answer");
  await assert.rejects(cluster.client({ timeoutMs: 500, retries: 0 }).ping(TOKEN), /no more of the answer within 500 ms/);
});

test("a connection that is kept from an earlier call counts as made", async (t) => {
  const cluster = await FakeCluster.start(t, 1);
  const c = cluster.client({ retries: 0, timeoutMs: 500 });
  await c.ping(TOKEN);
  cluster.faults(0, "stalls");
  await assert.rejects(c.ping(TOKEN), /no answer within 500 ms/);
});

test("connections that are kept do not gather listeners", async (t) => {
  const cluster = await FakeCluster.start(t, 1);
  const warnings: Error[] = [];
  const note = (w: Error) => warnings.push(w);
  process.on("warning", note);
  t.after(() => process.off("warning", note));
  for (let i = 0; i < 30; i++) {
    await cluster.client().ping(TOKEN);
  }
  await new Promise(setImmediate);
  assert.deepEqual(warnings, []);
});

test("what answers, but is not quorumbeat, is left for the next", async (t) => {
  const cluster = await FakeCluster.start(t, 3);
  cluster.faults(0, { status: 200, body: "<html>down for maintenance" });
  cluster.faults(1, { status: 200, body: `{"status":"fine"}` });
  await cluster.client().ping(TOKEN);
  assert.deepEqual(cluster.asked, [0, 1, 2]);
  for (const body of ["", "null", "[]", `{"heartbeats":null}`]) {
    cluster.faults(2, { status: 200, body });
    await assert.rejects(cluster.client({ baseURL: cluster.urls[2] ?? "", retries: 0 }).list(), /not answer like quorumbeat/);
  }
});

test("with every node down, the error names each, and no secret", async () => {
  const urls = [await deadURL(), (await deadURL()).replace("//", "//user:pass@")];
  const c = new HeartbeatClient(KEY, { baseURL: urls, retries: 1, backoffMs: 1 });
  await assert.rejects(c.ping(TOKEN), (err: Error) => {
    assert.ok(err instanceof ConnectionError);
    for (const url of urls) {
      assert.ok(err.message.includes(`${url.replace("user:pass@", "")}: connect ECONNREFUSED`), err.message);
    }
    const all = [err.message, err.stack, String(err.cause)].join();
    assert.ok(!all.includes(TOKEN) && !all.includes("pass") && !all.includes(KEY), all);
    return true;
  });
});

test("a server's word counts more than another's silence", async (t) => {
  const cluster = await FakeCluster.start(t, 1);
  cluster.faults(0, { status: 503, body: `{"error":"no leader could be reached in time","code":"no_leader"}` });
  const c = cluster.client({ baseURL: [...cluster.urls, await deadURL()], retries: 0 });
  await assert.rejects(c.ping(TOKEN), (err) => isUnavailable(err) && err.code === "no_leader" && /no leader could/.test(err.message));
});

test("a client does not keep its process from ending", { timeout: 20_000 }, async (t) => {
  const cluster = await FakeCluster.start(t, 1);
  const { execFile } = await import("node:child_process");
  const { promisify } = await import("node:util");
  const index = new URL("../src/index.js", import.meta.url).href;
  const script = `
    import { HeartbeatClient } from ${JSON.stringify(index)};
    console.log(await new HeartbeatClient("", { baseURL: ${JSON.stringify(cluster.urls)} }).ping("${TOKEN}"));
    process.on("exit", () => console.log(process.uptime() < 4 ? "at once" : "late"));`;
  const run = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  assert.deepEqual([run.stdout, run.stderr], ["ok\nat once\n", ""], "and nothing is printed, which cron would mail");
});

/** A URL at which connections are taken and nothing is said. */
async function silentURL(t: { after(fn: () => unknown): void }): Promise<string> {
  const server = createServer((socket) => socket.on("error", () => {}));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const address = server.address();
  return typeof address === "object" ? `https://127.0.0.1:${address?.port}` : "";
}
