// Every signal of the package, as its users send them. Its argument is the base URLs.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { HeartbeatClient, isInvalid } from "@quorumbeat/heartbeat";

const client = new HeartbeatClient(process.env.QUORUMBEAT_API_KEY, { baseURL: JSON.parse(process.argv[2]) });
const { id, token } = await client.create({ name: "signals", interval_secs: 86400, grace_secs: 3600, email: ["signals@example.com"] });
const status = async () => (await client.get(id)).status;

// A run that goes well, with all that a signal may carry.
const rid = randomUUID();
assert.equal(await client.start(token, { rid }), "ok");
assert.equal(await client.log(token, { rid, body: "half-way" }), "ok");
assert.equal(await client.success(token, { rid, body: "12 files\n" }), "ok");
assert.equal(await status(), "active");

// Failures are told at once, and the next success ends them.
assert.equal(await client.fail(token, { body: new TextEncoder().encode("no space left") }), "ok");
assert.equal(await status(), "failing");
await client.log(token, { body: "a note changes nothing" });
assert.equal(await status(), "failing");
await client.exitStatus(token, 0);
assert.equal(await status(), "active");
await client.exitStatus(token, 255, { body: "é".repeat(100_000) });
assert.equal(await status(), "failing");
await client.ping(token);
assert.equal(await status(), "active");

// A ping that comes late counts, and moves nothing back.
const before = await client.get(id);
await client.ping(token, { at: new Date(Date.now() - 3_600_000) });
const after = await client.get(id);
assert.equal(after.last_pinged_at, before.last_pinged_at);
assert.equal(after.pings_total, before.pings_total + 1);

// A call that is repeated under its key is the same ping, through whichever node.
const idempotencyKey = randomUUID();
for (const baseURL of JSON.parse(process.argv[2])) {
  assert.equal(await new HeartbeatClient("", { baseURL }).ping(token, { idempotencyKey }), "ok");
}
assert.equal((await client.get(id)).pings_total, after.pings_total + 1);

// Numbers, checks and schedules, as the API has them.
const dump = await client.create({ name: "dump", schedule: "0 2 * * 1-5", tz: "Europe/Berlin", checks: ["bytes > 0"], failure_threshold: 2, max_run_secs: 60, min_run_secs: 1, email: ["signals@example.com"] });
assert.deepEqual([dump.schedule, dump.tz, dump.failure_threshold, dump.max_run_secs, dump.min_run_secs], ["0 2 * * 1-5", "Europe/Berlin", 2, 60, 1]);
await client.ping(dump.token, { metrics: { bytes: 0, rows: 2.5 } });
const [told] = await client.pings(dump.id);
assert.deepEqual([told.kind, told.metrics, told.check_broken], ["fail", { bytes: 0, rows: 2.5 }, "completed but wrote 0 bytes; expected bytes > 0"]);
assert.equal((await client.get(dump.id)).status, "active"); // one failure of two
await client.ping(dump.token, { metrics: { bytes: 0 } });
assert.equal((await client.get(dump.id)).status, "failing");
await assert.rejects(client.update(dump.id, { checks: ["bytes >> 0"] }), (err) => isInvalid(err) && /checks\[0\]/.test(err.message));
assert.equal((await client.ensure("dump", { tz: "UTC" })).tz, "UTC");
assert.equal((await client.previewSchedule({ schedule: "0 2 * * *", tz: "UTC", count: 2 })).times.length, 2);
assert.equal((await client.suggest(dump.id)).needs, 5);
await client.delete(dump.id);

// What the server refuses changes nothing.
const kept = await client.pings(id);
await assert.rejects(client.start(token, { rid: "no-uuid" }), isInvalid);
await assert.rejects(client.ping(token, { at: new Date(Date.now() - 25 * 3_600_000) }), isInvalid);
await assert.rejects(client.exitStatus(token, 256), RangeError);
assert.deepEqual(await client.pings(id), kept);
await client.delete(id);
