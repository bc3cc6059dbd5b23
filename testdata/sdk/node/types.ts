// Compiled, not run: what a strict TypeScript program may write.
import { type ClientOptions, type Heartbeat, HeartbeatClient, isNotFound, type PingOptions } from "@quorumbeat/heartbeat";

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

// @ts-expect-error: a name is needed
void client.create({ interval_secs: 1 });
// @ts-expect-error: no such field
void client.update("hb_1", { grace: 1 });
// @ts-expect-error: no such option
void new HeartbeatClient("", { backoffMs: 1 });
