import assert from "node:assert/strict";
import { test } from "node:test";
import { isUnauthorized } from "../src/index.js";
import { FakeCluster } from "./fake.js";

test("events go on at another node, from the last that was dealt with", async (t) => {
  const cluster = await FakeCluster.start(t, 2);
  cluster.streams[0]?.push(
    'id: x.1.5\nevent: reset\ndata: {"code":"begin","message":"m"}\n\n: nothing new\nid: x.1.9\n\n' +
      'event: heartbeat\ndata: {"id":"hb_1","name":"größer"}\n\nid: x.1.12\nevent: incident\ndata: {"id":"in_1","state":"open"}\n\nid: cut off',
  );
  cluster.streams[1]?.push('id: x.1.20\nevent: heartbeat_deleted\ndata: {"id":"hb_1"}\n\n');
  const client = cluster.client();
  const told: string[] = [];
  for await (const e of client.events({ tag: "prod" })) {
    told.push(e.event);
    if (e.event === "heartbeat") {
      assert.equal(e.data.name, "größer");
      assert.equal(e.id, undefined);
      cluster.faults(0, "hangs up");
    }
    if (e.event === "heartbeat_deleted") {
      assert.equal(e.data.id, "hb_1");
      break;
    }
  }
  assert.deepEqual(told, ["reset", "heartbeat", "incident", "heartbeat_deleted"]);
  assert.deepEqual(
    cluster.seen.map((s) => `${s.node} ${s.path}`),
    ["0 /v1/events?tag=prod", "0 /v1/events?tag=prod&last_event_id=x.1.12", "1 /v1/events?tag=prod&last_event_id=x.1.12"],
  );
});

test("events end with the key", async (t) => {
  const cluster = await FakeCluster.start(t, 1);
  cluster.streams[0]?.push('event: end\ndata: {"error":"the API key was revoked","code":"unauthorized"}\n\n');
  await assert.rejects(
    async () => {
      for await (const e of cluster.client().events()) {
        assert.fail(`told ${e.event}`);
      }
    },
    (err: Error) => isUnauthorized(err) && /revoked/.test(err.message),
  );
});

test("events end when their signal says so", async (t) => {
  const cluster = await FakeCluster.start(t, 1);
  cluster.streams[0]?.push('id: x.1.1\nevent: reset\ndata: {"code":"begin","message":"m"}\n\n');
  const stop = new AbortController();
  const why = new Error("enough");
  await assert.rejects(
    async () => {
      for await (const e of cluster.client().events({ after: "x.1.0" }, { signal: stop.signal })) {
        assert.equal(e.event, "reset");
        stop.abort(why);
      }
    },
    (err: unknown) => err === why,
  );
});
