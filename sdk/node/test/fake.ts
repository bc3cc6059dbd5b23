import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { TestContext } from "node:test";
import { type ClientOptions, HeartbeatClient } from "../src/index.js";

export const KEY = "an-admin-key-for-tests";
export const TOKEN = "6f1c0f5e-0d0f-4c57-8f0a-0c1f4f3f9a10";
export const ID = "hb_1";

/** A request that a node got whole. */
export interface Seen {
  node: number;
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** What a node does to one request instead of answering it well. */
export type Fault =
  | "hangs up"
  | "records it and hangs up"
  | "records it and cuts its answer off"
  | "stalls"
  | "stalls in its answer"
  | "answers bit by bit" // over 0.8 seconds
  | { status: number; headers?: Record<string, string>; body?: string };

/** Nodes on loopback that answer as the API promises, and one state behind them. */
export class FakeCluster {
  readonly seen: Seen[] = [];
  /** The pings that count, by what makes them one. */
  readonly pings = new Set<string>();
  readonly urls: string[] = [];
  /** The streams that a node answers with, in turn; each breaks off at its end. */
  readonly streams: string[][] = [];
  readonly #faults: Fault[][] = [];

  static async start(t: TestContext, nodes: number): Promise<FakeCluster> {
    const cluster = new FakeCluster();
    for (let node = 0; node < nodes; node++) {
      const server = createServer((req, res) => void cluster.#serve(node, req, res));
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      cluster.urls.push(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      cluster.#faults.push([]);
      cluster.streams.push([]);
      t.after(async () => {
        server.closeAllConnections();
        server.close();
        await once(server, "close");
      });
    }
    return cluster;
  }

  /** A client that waits little. */
  client(options: ClientOptions = {}): HeartbeatClient {
    return new HeartbeatClient(KEY, { baseURL: this.urls, backoffMs: 1, ...options });
  }

  /** The next requests that a node gets meet these faults, in turn. */
  faults(node: number, ...faults: Fault[]): void {
    this.#faults[node]?.push(...faults);
  }

  /** The nodes that were asked, in turn. */
  get asked(): number[] {
    return this.seen.map((s) => s.node);
  }

  get last(): Seen {
    const last = this.seen.at(-1);
    if (last === undefined) {
      throw new Error("no request was seen");
    }
    return last;
  }

  async #serve(node: number, req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) {
      chunks.push(chunk as Buffer);
    }
    const seen = { node, method: req.method ?? "", path: req.url ?? "", headers: req.headers, body: Buffer.concat(chunks) };
    this.seen.push(seen);
    const fault = this.#faults[node]?.shift();
    if (fault === "stalls") {
      return;
    }
    if (fault === "hangs up") {
      res.destroy();
      return;
    }
    if (typeof fault === "object") {
      res.writeHead(fault.status, fault.headers).end(fault.body ?? `{"error":"words","code":"a_word"}`);
      return;
    }
    const stream = this.streams[node]?.shift();
    if (seen.path.startsWith("/v1/events") && stream !== undefined) {
      res.writeHead(200, { "Content-Type": "text/event-stream" });
      res.write(stream, () => setTimeout(() => res.destroy(), 50));
      return;
    }
    const [status, answer] = this.#answer(seen);
    if (fault === "records it and hangs up") {
      res.destroy();
      return;
    }
    const cut = fault === "records it and cuts its answer off" || fault === "stalls in its answer";
    res.writeHead(status, status === 204 ? {} : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(answer) + (cut ? 9 : 0) });
    if (fault === "answers bit by bit") {
      for (const byte of answer) {
        res.write(byte);
        await sleep(800 / answer.length);
      }
    }
    if (fault === "records it and cuts its answer off") {
      res.write(answer, () => res.destroy());
    } else if (fault === "stalls in its answer") {
      res.write(answer);
    } else {
      res.end(fault === "answers bit by bit" ? undefined : answer);
    }
  }

  #answer({ method, path, headers }: Seen): [number, string] {
    if (path.includes("/ping") && !path.includes("/pings")) {
      this.pings.add(String(headers["idempotency-key"] ?? this.seen.length));
      return [200, `{"status":"ok"}`];
    }
    if (headers.authorization !== `Bearer ${KEY}`) {
      return [401, `{"error":"the API key is not known","code":"unauthorized"}`];
    }
    if (method === "DELETE") {
      return [204, ""];
    }
    const [, kind = "", id] = path.match(/^\/v1\/(channels|incidents|alerts|status-pages|badges)(?:\/([^?]*))?(?:\?.*)?$/) ?? [];
    const object = OBJECTS[kind];
    if (object !== undefined) {
      const answer = id?.endsWith("/test") ? TESTED : method === "GET" && id === undefined ? { [kind.replace("-", "_")]: [object] } : object;
      return [method === "POST" && id === undefined ? 201 : 200, JSON.stringify(answer)];
    }
    if (path.endsWith("/explain")) {
      return [200, JSON.stringify(EXPLANATION)];
    }
    if (path.includes("/suggest")) {
      return [200, JSON.stringify(SUGGESTIONS)];
    }
    if (path === "/v1/schedule/preview") {
      return [200, JSON.stringify(PREVIEW)];
    }
    if (path.includes("/pings")) {
      return [200, JSON.stringify({ pings: [{ id: "hb_1-1", heartbeat_id: ID, pinged_at: "2026-05-02T00:00:00.000Z" }] })];
    }
    if (method === "GET" && !path.includes(ID)) {
      return [200, JSON.stringify({ heartbeats: [HEARTBEAT] })];
    }
    return [method === "POST" && path === "/v1/heartbeats" ? 201 : 200, JSON.stringify(HEARTBEAT)];
  }
}

export const PREVIEW = { times: ["2026-05-04T00:00:00.000Z"], description: "At 02:00, Monday to Friday", tz: "Europe/Berlin", tz_data: "2026a" };
export const SUGGESTIONS = { suggestions: [], current: { alerts: 3, days: 90, failed: [] }, tried: null, pings: 4, needs: 5, tz_data: "2026a" };
export const EXPLANATION = { heartbeat_id: ID, told: false, silent: { reason: "paused" }, targets: [], overruled: [] };
export const HEARTBEAT = { id: ID, name: "nightly-sync", token: TOKEN, interval_secs: 86400, grace_secs: 3600, status: "active" };

export const CHANNEL = { id: "ch_1", name: "ops", kind: "slack", url: "•••", default: true, tags: [], on: ["down"], after_secs: 0, version: 1 };
export const PAGE = { slug: "jobs", title: "Our jobs", tags: ["prod"], heartbeats: [], url: "http://mon1/status/jobs" };
export const BADGE = { id: "bg_1", heartbeat_id: ID, heartbeat_name: "nightly-sync", tag: null, label: "" };
export const TESTED = { accepted: true, answer: "200 OK" };
export const INCIDENT = { id: "in_1_1", heartbeat_id: "hb_1", state: "open", reason: "silence", story: [], alerts: [] };
export const ALERT = { id: "al_1", kind: "down", recipient: "ops@example.com", state: "pending" };
const OBJECTS: Record<string, object> = { channels: CHANNEL, incidents: INCIDENT, alerts: ALERT, "status-pages": PAGE, badges: BADGE };

/** A URL at which nobody listens. */
export async function deadURL(): Promise<string> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return `http://127.0.0.1:${port}`;
}
