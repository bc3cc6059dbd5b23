import assert from "node:assert/strict";
import { test } from "node:test";
import { HeartbeatClient, isUnauthorized } from "../src/index.js";
import { ALERT, BADGE, CHANNEL, EXPLANATION, FakeCluster, HEARTBEAT, ID, INCIDENT, KEY, PAGE, PREVIEW, SUGGESTIONS, TESTED } from "./fake.js";

test("each call asks for what the API promises, and gives its answer", async (t) => {
  const cluster = await FakeCluster.start(t, 1);
  const c = cluster.client();
  const ping = { id: "hb_1-1", heartbeat_id: ID, pinged_at: "2026-05-02T00:00:00.000Z" };
  const calls: [name: string, call: () => Promise<unknown>, request: string, body: string, answer: unknown][] = [
    [
      "create",
      () => c.create({ name: "nightly-sync", interval_secs: 86400, grace_secs: 0 }),
      "POST /v1/heartbeats",
      `{"name":"nightly-sync","interval_secs":86400,"grace_secs":0}`,
      HEARTBEAT,
    ],
    [
      "ensure",
      () => c.ensure("nightly-sync", { interval_secs: 86400, grace_secs: 0, tags: [] }),
      "PUT /v1/heartbeats/by-slug/nightly-sync",
      `{"interval_secs":86400,"grace_secs":0,"tags":[]}`,
      HEARTBEAT,
    ],
    ["ensure of an odd slug", () => c.ensure("a/../b?x"), "PUT /v1/heartbeats/by-slug/a%2F..%2Fb%3Fx", "{}", HEARTBEAT],
    ["list", () => c.list(), "GET /v1/heartbeats", "", [HEARTBEAT]],
    [
      "list of some",
      () => c.list({ tag: "a b", status: "failing", q: "ü&" }),
      "GET /v1/heartbeats?tag=a+b&status=failing&q=%C3%BC%26",
      "",
      [HEARTBEAT],
    ],
    ["get", () => c.get(ID), "GET /v1/heartbeats/hb_1", "", HEARTBEAT],
    ["get of an odd ID", () => c.get("a/../hb_1?x"), "GET /v1/heartbeats/a%2F..%2Fhb_1%3Fx", "", HEARTBEAT],
    [
      "update",
      () => c.update(ID, { grace_secs: 0, status: "paused" }),
      "PATCH /v1/heartbeats/hb_1",
      `{"grace_secs":0,"status":"paused"}`,
      HEARTBEAT,
    ],
    ["rotate", () => c.rotateToken(ID), "POST /v1/heartbeats/hb_1/rotate-token", "{}", HEARTBEAT],
    ["rotate a leaked token", () => c.rotateToken(ID, { overlap_secs: 0 }), "POST /v1/heartbeats/hb_1/rotate-token", `{"overlap_secs":0}`, HEARTBEAT],
    ["pause", () => c.pause(ID), "POST /v1/heartbeats/hb_1/pause", "", HEARTBEAT],
    ["pause for a time", () => c.pause(ID, { for_secs: 7200 }), "POST /v1/heartbeats/hb_1/pause", `{"for_secs":7200}`, HEARTBEAT],
    [
      "pause until a time",
      () => c.pause(ID, { until: new Date(Date.UTC(2026, 4, 2, 8)) }),
      "POST /v1/heartbeats/hb_1/pause",
      `{"until":"2026-05-02T08:00:00.000Z"}`,
      HEARTBEAT,
    ],
    ["resume", () => c.resume(ID), "POST /v1/heartbeats/hb_1/resume", "", HEARTBEAT],
    ["pings", () => c.pings(ID), "GET /v1/heartbeats/hb_1/pings", "", [ping]],
    ["some pings", () => c.pings(ID, { limit: 7 }), "GET /v1/heartbeats/hb_1/pings?limit=7", "", [ping]],
    [
      "previewSchedule",
      () => c.previewSchedule({ schedule: ["0 2 * * 1-5"], tz: "Europe/Berlin", count: 1 }),
      "POST /v1/schedule/preview",
      `{"schedule":["0 2 * * 1-5"],"tz":"Europe/Berlin","count":1}`,
      PREVIEW,
    ],
    ["explain", () => c.explain(ID), "GET /v1/heartbeats/hb_1/explain", "", EXPLANATION],
    [
      "suggest",
      () => c.suggest(ID, { schedule: ["0 2 * * *", "@weekly"], grace_secs: 0 }),
      "GET /v1/heartbeats/hb_1/suggest?schedule=0+2+*+*+*&schedule=%40weekly&grace_secs=0",
      "",
      SUGGESTIONS,
    ],
    ["incidents", () => c.incidents({ state: "open" }), "GET /v1/incidents?state=open", "", [INCIDENT]],
    ["incident", () => c.incident("in_1_1"), "GET /v1/incidents/in_1_1", "", INCIDENT],
    ["ackIncident", () => c.ackIncident("in_1_1", { by: "Ann" }), "POST /v1/incidents/in_1_1/ack", `{"by":"Ann"}`, INCIDENT],
    ["unackIncident", () => c.unackIncident("in_1_1"), "POST /v1/incidents/in_1_1/unack", `{}`, INCIDENT],
    ["retryAlert", () => c.retryAlert("al_1"), "POST /v1/alerts/al_1/retry", "", ALERT],
    ["deliverAlert", () => c.deliverAlert("al_1"), "POST /v1/alerts/al_1/deliver", "", ALERT],
    ["holdAlert", () => c.holdAlert("al_1"), "POST /v1/alerts/al_1/hold", "", ALERT],
    ["cancelAlert", () => c.cancelAlert("al_1"), "POST /v1/alerts/al_1/cancel", "", ALERT],
    ["snoozeIncident", () => c.snoozeIncident("in_1_1", 60), "POST /v1/incidents/in_1_1/snooze", `{"for_secs":60}`, INCIDENT],
    ["channels", () => c.channels(), "GET /v1/channels", "", [CHANNEL]],
    ["channel", () => c.channel("ch_1"), "GET /v1/channels/ch_1", "", CHANNEL],
    [
      "createChannel",
      () => c.createChannel({ name: "ops", kind: "slack", url: "https://x.example/y", default: true, after_secs: 0 }),
      "POST /v1/channels",
      `{"name":"ops","kind":"slack","url":"https://x.example/y","default":true,"after_secs":0}`,
      CHANNEL,
    ],
    ["updateChannel", () => c.updateChannel("ch_1", { on: ["down"], secret: "" }), "PATCH /v1/channels/ch_1", `{"on":["down"],"secret":""}`, CHANNEL],
    ["testChannel", () => c.testChannel("ch_1"), "POST /v1/channels/ch_1/test", "", TESTED],
    ["deleteChannel", () => c.deleteChannel("a/b"), "DELETE /v1/channels/a%2Fb", "", undefined],
    ["statusPages", () => c.statusPages(), "GET /v1/status-pages", "", [PAGE]],
    [
      "createStatusPage",
      () => c.createStatusPage({ title: "Our jobs", tags: ["prod"], heartbeats: [{ id: ID, alias: "Backups" }] }),
      "POST /v1/status-pages",
      `{"title":"Our jobs","tags":["prod"],"heartbeats":[{"id":"hb_1","alias":"Backups"}]}`,
      PAGE,
    ],
    ["deleteStatusPage", () => c.deleteStatusPage("jobs"), "DELETE /v1/status-pages/jobs", "", undefined],
    ["badges", () => c.badges(), "GET /v1/badges", "", [BADGE]],
    ["createBadge", () => c.createBadge({ heartbeat_id: ID }), "POST /v1/badges", `{"heartbeat_id":"hb_1"}`, BADGE],
    ["deleteBadge", () => c.deleteBadge("bg_1"), "DELETE /v1/badges/bg_1", "", undefined],
    ["delete", () => c.delete(ID), "DELETE /v1/heartbeats/hb_1", "", undefined],
  ];
  for (const [name, call, request, body, answer] of calls) {
    await t.test(name, async () => {
      assert.deepEqual(await call(), answer);
      const { method, path, headers, body: sent } = cluster.last;
      assert.equal(`${method} ${path}`, request);
      assert.equal(sent.toString(), body);
      assert.equal(headers.authorization, `Bearer ${KEY}`);
      assert.equal(headers.accept, "application/json");
      assert.equal(headers["content-type"], body === "" ? undefined : "application/json");
      assert.equal(headers["idempotency-key"], undefined);
    });
  }
});

test("a base URL may end in /v1 and slashes, and have a path of its own", async (t) => {
  const cluster = await FakeCluster.start(t, 1);
  for (const [suffix, path] of [
    ["", "/v1/heartbeats"],
    ["/", "/v1/heartbeats"],
    ["/v1", "/v1/heartbeats"],
    ["/v1/", "/v1/heartbeats"],
    ["/monitor/v1", "/monitor/v1/heartbeats"],
  ] as const) {
    await cluster.client({ baseURL: cluster.urls[0] + suffix }).list();
    assert.equal(cluster.last.path, path);
  }
});

test("without a key, none is sent", async (t) => {
  const cluster = await FakeCluster.start(t, 1);
  await assert.rejects(new HeartbeatClient("", { baseURL: cluster.urls }).list(), isUnauthorized);
  assert.equal(cluster.last.headers.authorization, undefined);
});

test("what cannot be an ID or a token is refused before anything is sent", async (t) => {
  const cluster = await FakeCluster.start(t, 1);
  const c = cluster.client();
  for (const id of ["", ".", "..", undefined as unknown as string]) {
    await assert.rejects(c.get(id), TypeError);
    await assert.rejects(c.delete(id), TypeError);
    await assert.rejects(c.ping(id), TypeError);
  }
  assert.equal(cluster.seen.length, 0);
});
