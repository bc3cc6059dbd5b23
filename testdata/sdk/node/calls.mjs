// Every call of the package, as its users make them. Its argument is the base URLs.
import assert from "node:assert/strict";
import { APIError, ConnectionError, HeartbeatClient, isInvalid, isNotFound, isUnauthorized } from "@quorumbeat/heartbeat";

const baseURL = JSON.parse(process.argv[2]);
const client = new HeartbeatClient(process.env.QUORUMBEAT_API_KEY, { baseURL });

const made = await client.create({ name: "nightly-sync", interval_secs: 86400, grace_secs: 0, tags: ["node"], email: [] });
assert.match(made.id, /^hb_/);
assert.deepEqual([made.name, made.interval_secs, made.grace_secs, made.status, made.tags], ["nightly-sync", 86400, 0, "active", ["node"]]);
assert.equal(made.last_pinged_at, null);

// The other nodes know of it at once, and a ping needs no key.
for (const [i, url] of baseURL.entries()) {
  const other = new HeartbeatClient("", { baseURL: url + "/v1/" });
  assert.equal(await other.ping(made.token), "ok");
  assert.equal((await client.get(made.id)).pings_total, i + 1);
}
const uptime = await client.uptime(made.id);
assert.equal(uptime.days.length, 90);
assert.equal(uptime.days[89].down_secs, 0);
const pings = await client.pings(made.id, { limit: 2 });
assert.equal(pings.length, 2);
assert.equal(pings[0].heartbeat_id, made.id);
assert.equal((await client.pings(made.id)).length, 3);
await assert.rejects(client.pings(made.id, { limit: 101 }), (err) => err instanceof APIError && isInvalid(err) && /101/.test(err.message));

assert.deepEqual((await client.list({ tag: "node", status: "active", q: "nightly" })).map((h) => h.id), [made.id]);
assert.ok((await client.list()).some((h) => h.id === made.id));
assert.equal((await client.update(made.id, { name: "renamed", grace_secs: 60 })).name, "renamed");

assert.equal((await client.pause(made.id)).status, "paused");
assert.equal(await client.ping(made.token), "paused");
assert.equal((await client.resume(made.id)).status, "active");
assert.equal((await client.update(made.id, { status: "paused" })).next_expected_at, null);

assert.equal(await client.delete(made.id), undefined);
await assert.rejects(client.get(made.id), isNotFound);
await assert.rejects(client.ping(made.token), isNotFound);
await assert.rejects(client.delete(made.id), isNotFound);

// What changes is told, by whichever node.
let first;
for await (const { event, data, id } of client.events({ tag: "told" })) {
  if (event === "reset") {
    assert.equal(data.code, "begin");
    first = client.create({ name: "told", tags: ["told"] });
  } else if (event === "heartbeat") {
    assert.equal(data.id, (await first).id);
    await client.delete(data.id);
  } else if (event === "heartbeat_deleted") {
    assert.equal(data.id, (await first).id);
    assert.equal(typeof id, "string");
    break;
  }
}

// How people are told, and what anybody may see.
const channel = await client.createChannel({ name: "hooks of node", kind: "webhook", url: "https://example.com/x", tags: ["hooked"] });
assert.match(channel.secret, /^whsec_/); // this once
assert.equal((await client.updateChannel(channel.id, { on: ["down"], after_secs: 60 })).after_secs, 60);
assert.deepEqual([(await client.channel(channel.id)).on, (await client.channel(channel.id)).secret], [["down"], "•••"]);
assert.deepEqual((await client.channels()).map((c) => c.id), [channel.id]);
assert.equal(await client.deleteChannel(channel.id), undefined);
await assert.rejects(client.channel(channel.id), isNotFound);
await assert.rejects(client.testChannel(channel.id), isNotFound);

const shown = await client.create({ name: "shown", tags: ["shown"] });
const page = await client.createStatusPage({ title: "Jobs of node", tags: ["shown"], heartbeats: [{ id: shown.id, alias: "Backups" }] });
assert.match(await (await fetch(page.url)).text(), /Backups/);
assert.deepEqual((await client.statusPages()).map((p) => p.slug), ["jobs-of-node"]);
const badge = await client.createBadge({ heartbeat_id: shown.id });
assert.equal(badge.heartbeat_name, "shown");
assert.match(await (await fetch(badge.svg_url)).text(), /^<svg/);
assert.equal((await client.createBadge({ tag: "shown", label: "all" })).heartbeat_id, null);
assert.equal((await client.badges()).length, 2);
for (const { id } of await client.badges()) await client.deleteBadge(id);
await client.deleteStatusPage(page.slug);
assert.deepEqual([await client.statusPages(), await client.badges(), (await fetch(page.url)).status], [[], [], 404]);
await client.delete(shown.id);

// A schedule is expected when its preview says, and a bad one changes nothing.
const [next] = (await client.previewSchedule({ schedule: "0 2 * * 1-5", tz: "Europe/Berlin", count: 1 })).times;
const scheduled = await client.create({ name: "scheduled", schedule: "0 2 * * 1-5", tz: "Europe/Berlin" });
assert.deepEqual([scheduled.schedule, scheduled.tz, scheduled.interval_secs], ["0 2 * * 1-5", "Europe/Berlin", null]);
assert.equal((await client.get(scheduled.id)).next_expected_at, next);
await assert.rejects(client.update(scheduled.id, { schedule: "0 25 * * *" }), (err) => isInvalid(err) && /hour "25".*would work/.test(err.message));
await assert.rejects(client.update(scheduled.id, { tz: "Europe/Berln" }), (err) => isInvalid(err) && /Europe\/Berlin/.test(err.message));
assert.deepEqual(await client.get(scheduled.id), scheduled);
await client.delete(scheduled.id);

// What the server refuses, in its words.
await assert.rejects(client.create({ name: "" }), (err) => isInvalid(err) && err.code === "invalid_request" && /name/.test(err.message));
await assert.rejects(new HeartbeatClient("not-the-key-of-anybody", { baseURL }).list(), isUnauthorized);

// A port at which nobody listens costs nothing but the way to the next address.
assert.ok(Array.isArray(await new HeartbeatClient(process.env.QUORUMBEAT_API_KEY, { baseURL: ["http://127.0.0.1:1", ...baseURL] }).list()));
await assert.rejects(new HeartbeatClient("", { baseURL: "http://127.0.0.1:1", retries: 0 }).ping("x"), ConnectionError);
