// Compiled, not run: what a strict TypeScript program may write.
import { type Channel, type ClientOptions, type Heartbeat, HeartbeatClient, isNotFound, type PingOptions } from "@quorumbeat/heartbeat";

const options: ClientOptions = { baseURL: ["http://a", "http://b"] as const, timeoutMs: 1, retries: 0 };
const client = new HeartbeatClient("", options);

export async function use(signal: AbortSignal): Promise<string> {
  const made: Heartbeat = await client.create({ name: "x", interval_secs: 1, grace_secs: 0 }, { signal });
  const about: PingOptions = { rid: "id", at: new Date(), body: new Uint8Array(), idempotencyKey: "k", signal };
  const status: "ok" | "paused" = await client.exitStatus(made.token, 1, about);
  const due: string | null = (await client.list({ status: "failing" }))[0]?.next_expected_at ?? null;
  try {
    await client.update(made.id, { status: "active" });
  } catch (err) {
    return isNotFound(err) ? err.code : "";
  }
  return status + due;
}

export async function tell(): Promise<string> {
  const channel: Channel = await client.createChannel({ name: "ops", kind: "ntfy", topic: "x", on: ["down"] });
  const { accepted, answer } = await client.testChannel(channel.id);
  const badge = await client.createBadge({ tag: "prod" });
  return (accepted ? answer : channel.kind) + (badge.heartbeat_name ?? badge.tag);
}

export async function maintain(): Promise<boolean> {
  const once = await client.createWindow({ name: "move", tags: ["db"], to: "2026-12-01T08:00:00Z" });
  const weekly = await client.createWindow({ name: "backup", tags: ["db"], schedule: "0 2 * * 0", tz: "Europe/Berlin", for_secs: 7200 });
  await client.deleteWindow(weekly.id);
  return once.on;
}

// @ts-expect-error: a schedule needs a length
void client.createWindow({ name: "x", tags: ["db"], schedule: "@daily" });
// @ts-expect-error: no such kind
void client.createChannel({ name: "x", kind: "pigeon" });
// @ts-expect-error: of a heartbeat or of a tag
void client.createBadge({ tag: "x", heartbeat_id: "hb_1" });
// @ts-expect-error: a name is needed
void client.create({ interval_secs: 1 });
// @ts-expect-error: no such field
void client.update("hb_1", { grace: 1 });
// @ts-expect-error: no such option
void new HeartbeatClient("", { backoffMs: 1 });
