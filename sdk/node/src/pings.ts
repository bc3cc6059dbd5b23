import { randomUUID } from "node:crypto";
import type { Request } from "./request.js";
import { heartbeatPath, query } from "./paths.js";
import type { CallOptions } from "./types.js";
import { isObject, NotQuorumbeat } from "./wire.js";

/** What is kept of a ping's body, in bytes. */
export const MAX_BODY_BYTES = 10_000;

/** `paused`: the ping was recorded, and the heartbeat stays paused. */
export type PingStatus = "ok" | "paused";

/** What a ping or signal may carry. */
export interface PingOptions extends CallOptions {
  /** A UUID that ties the start of a run to its end, for durations of runs that overlap. */
  rid?: string;
  /**
   * What the job has to say, shown with the ping and in mails. The first
   * {@link MAX_BODY_BYTES} bytes are sent, cut between characters: pass the end of a
   * long output, not all of it.
   */
  body?: string | Uint8Array;
  /**
   * Numbers that the run has to tell, at most 16, which the heartbeat's checks compare.
   * Names are of `a-z`, `0-9`, `_` and `.`, and begin with a letter or `_`. Those that are not finite are not sent.
   */
  metrics?: Record<string, number>;
  /** When it happened, if that was earlier, by 24 hours at most. A string is RFC 3339. */
  at?: Date | string;
  /**
   * Makes two calls one ping: 1 to 64 printable ASCII characters. Each call makes one
   * up and keeps it through its retries, so this is for a program that wants to
   * repeat a call that failed, perhaps after a restart.
   */
  idempotencyKey?: string;
}

/** pingRequest says what is sent for a signal: `""` is a success. */
export function pingRequest(token: string, signal: string, options: PingOptions): Request<PingStatus> {
  const at = options.at instanceof Date ? options.at.toISOString() : options.at;
  const key = options.idempotencyKey ?? randomUUID();
  if (!/^[\x21-\x7e]{1,64}$/.test(key)) {
    throw new TypeError("idempotencyKey must be 1 to 64 printable ASCII characters without spaces");
  }
  return {
    method: "POST",
    path: heartbeatPath(token, `/ping${signal}`) + query({ rid: options.rid, at, ...numbers(options.metrics) }),
    headers: { "Idempotency-Key": key, ...(options.body !== undefined && { "Content-Type": "text/plain; charset=utf-8" }) },
    body: options.body === undefined ? undefined : firstBytes(options.body),
    keyless: true, // the token is the credential
    read: pingStatus,
  };
}

function numbers(metrics: Record<string, number> = {}): Record<string, string> {
  const finite = Object.entries(metrics).filter(([, value]) => Number.isFinite(value));
  return Object.fromEntries(finite.map(([name, value]) => [`m.${name}`, String(value)]));
}

/** exitSignal is the signal of an exit status. It throws a RangeError for what is none. */
export function exitSignal(status: number): string {
  if (!Number.isInteger(status) || status < 0 || status > 255) {
    throw new RangeError(`the exit status is ${status}, it must be a whole number from 0 to 255`);
  }
  return `/${status}`;
}

function pingStatus(answer: unknown): PingStatus {
  if (isObject(answer) && (answer.status === "ok" || answer.status === "paused")) {
    return answer.status;
  }
  throw new NotQuorumbeat();
}

/** firstBytes cuts what is too long before a character that would not fit whole. */
export function firstBytes(body: string | Uint8Array): Uint8Array {
  // Each UTF-16 unit is at least one byte, so more of them are not needed.
  const bytes = typeof body === "string" ? Buffer.from(body.slice(0, MAX_BODY_BYTES + 1)) : body;
  if (bytes.length <= MAX_BODY_BYTES) {
    return bytes;
  }
  let end = MAX_BODY_BYTES;
  // At most three bytes of a character follow its first; more are no UTF-8.
  while (end > MAX_BODY_BYTES - 3 && continues(bytes[end])) {
    end--;
  }
  return bytes.subarray(0, continues(bytes[end]) ? MAX_BODY_BYTES : end);
}

function continues(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
