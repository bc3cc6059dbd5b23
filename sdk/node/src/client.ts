import { Caller } from "./calls.js";
import type { Channel, ChannelParams, ChannelTest, ChannelUpdate } from "./channels.js";
import type { TemplatePreview, Templates, TemplateSet } from "./templates.js";
import { follow } from "./events.js";
import { basesOf, checkKey, type ClientOptions, limitsOf } from "./options.js";
import { heartbeatPath, objectPath, query, slugPath } from "./paths.js";
import { exitSignal, type PingOptions, pingRequest, type PingStatus } from "./pings.js";
import type { Badge, BadgeParams, StatusPage, StatusPageParams } from "./published.js";
import type { Request } from "./request.js";
import type {
  AckParams,
  Alert,
  CallOptions,
  ClusterEvent,
  CreateParams,
  EnsureParams,
  EventsParams,
  Explanation,
  Heartbeat,
  HeartbeatPing,
  Incident,
  IncidentsParams,
  ListParams,
  PauseOptions,
  RotateOptions,
  PingsParams,
  PreviewParams,
  SchedulePreview,
  Suggestions,
  SuggestParams,
  UpdateParams,
  Uptime,
} from "./types.js";
import { isObject, NotQuorumbeat } from "./wire.js";
import type { MaintenanceWindow, WindowParams } from "./windows.js";

/**
 * Calls the nodes of a quorumbeat cluster. Make one and keep it; it holds nothing open.
 *
 * ```ts
 * const client = new HeartbeatClient(process.env.QUORUMBEAT_API_KEY ?? "", {
 *   baseURL: ["http://mon1:8080", "http://mon2:8080", "http://mon3:8080"],
 * });
 * const job = await client.ensure("nightly-sync", { interval_secs: 86400, grace_secs: 3600 });
 * await client.ping(job.token); // after each good run
 * ```
 *
 * A call that no node took is tried again, as {@link ClientOptions} says, for about a
 * minute at most. Then it throws one of these:
 * - APIError: what the server answered. Only 408, 429, 500, 502, 503 and 504 are
 *   tried again before.
 * - ConnectionError: no node answered.
 * - the reason of its signal, once that is aborted.
 * - a TypeError or RangeError: an argument that cannot be sent.
 *
 * All attempts of one ping carry the same Idempotency-Key, by which the server knows
 * them for one. `create` is only repeated when the server did not get the request, or
 * says that it did nothing.
 */
export class HeartbeatClient {
  readonly #caller: Caller;

  /**
   * @param apiKey - Of scope admin. Pings do not need it: `""` will do for them.
   * @throws TypeError or RangeError for options that cannot work.
   */
  constructor(apiKey: string, options: ClientOptions = {}) {
    this.#caller = new Caller(basesOf(options.baseURL), checkKey(apiKey ?? ""), limitsOf(options));
  }

  /**
   * Records a good run. It resolves once the ping is on the disks of a majority of nodes.
   * Catch its errors if the job must not fail because of the monitor, and give it a
   * signal if the job must not wait for it.
   */
  async ping(token: string, options: PingOptions = {}): Promise<PingStatus> {
    return this.#signal(token, "", options);
  }

  /** Tells that a run starts. If it does not finish within its grace, that is a miss. */
  async start(token: string, options: PingOptions = {}): Promise<PingStatus> {
    return this.#signal(token, "/start", options);
  }

  /** Tells that a run ended well; the same as {@link ping}. */
  async success(token: string, options: PingOptions = {}): Promise<PingStatus> {
    return this.#signal(token, "", options);
  }

  /** Tells that a run failed. That alerts at once. */
  async fail(token: string, options: PingOptions = {}): Promise<PingStatus> {
    return this.#signal(token, "/fail", options);
  }

  /** Leaves a note in the history. It changes nothing else. */
  async log(token: string, options: PingOptions = {}): Promise<PingStatus> {
    return this.#signal(token, "/log", options);
  }

  /**
   * Tells how a process ended: 0 is a success, 1 to 255 a failure.
   *
   * @throws RangeError for any other number.
   */
  async exitStatus(token: string, status: number, options: PingOptions = {}): Promise<PingStatus> {
    return this.#signal(token, exitSignal(status), options);
  }

  /**
   * Adds a heartbeat. It is not repeated if it may have been done: see
   * isUnknownOutcome.
   */
  async create(params: CreateParams, options: CallOptions = {}): Promise<Heartbeat> {
    return this.#call({ ...json("POST", "/v1/heartbeats", params), once: true, read: heartbeat }, options);
  }

  /**
   * Makes the heartbeat of a slug (1 to 100 of `a-z`, `0-9`, `_` and `-`) unless it is there
   * already; then it gives it these fields and leaves the others as they are. A program that calls it at
   * each start has one heartbeat, with one token, however often it starts and on however many machines.
   */
  async ensure(slug: string, params: EnsureParams = {}, options: CallOptions = {}): Promise<Heartbeat> {
    return this.#call({ ...json("PUT", slugPath(slug), params), read: heartbeat }, options);
  }

  /** Returns all heartbeats, or those that fit, newest first. */
  async list(params: ListParams = {}, options: CallOptions = {}): Promise<Heartbeat[]> {
    const path = "/v1/heartbeats" + query({ ...params });
    return this.#call({ method: "GET", path, read: listed<Heartbeat>("heartbeats") }, options);
  }

  /** Returns one heartbeat. */
  async get(id: string, options: CallOptions = {}): Promise<Heartbeat> {
    return this.#call({ method: "GET", path: heartbeatPath(id), read: heartbeat }, options);
  }

  /** Changes a heartbeat, all that is named or nothing, and returns it as it is then. */
  async update(id: string, params: UpdateParams, options: CallOptions = {}): Promise<Heartbeat> {
    return this.#call({ ...json("PATCH", heartbeatPath(id), params), read: heartbeat }, options);
  }

  /**
   * Stops the judging of a heartbeat; its pings are still recorded. It lasts until it is resumed, or
   * until its end: `pause(id, { for_secs: 7200 })`, or `pause(id, { until: "2026-05-02T08:00:00Z" })`.
   */
  async pause(id: string, options: PauseOptions = {}): Promise<Heartbeat> {
    const { for_secs, until, ...call } = options;
    const path = heartbeatPath(id, "/pause");
    if (for_secs === undefined && until === undefined) {
      return this.#call({ method: "POST", path, read: heartbeat }, call);
    }
    const end = { for_secs, until: until instanceof Date ? until.toISOString() : until };
    return this.#call({ ...json("POST", path, end), read: heartbeat }, call);
  }

  /** Goes on with a paused heartbeat from now; the next missed interval alerts. */
  async resume(id: string, options: CallOptions = {}): Promise<Heartbeat> {
    return this.#call({ method: "POST", path: heartbeatPath(id, "/resume"), read: heartbeat }, options);
  }

  /**
   * Gives a heartbeat a new ping token, which the answer has. The old one works on for `overlap_secs`, and those before
   * it for no longer. A call that is repeated after a lost answer gives it another one; at most 8 old tokens work at a time.
   */
  async rotateToken(id: string, options: RotateOptions = {}): Promise<Heartbeat> {
    const { overlap_secs, ...call } = options;
    return this.#call({ ...json("POST", heartbeatPath(id, "/rotate-token"), { overlap_secs }), read: heartbeat }, call);
  }

  /** Removes a heartbeat and its pings. */
  async delete(id: string, options: CallOptions = {}): Promise<void> {
    return this.#call({ method: "DELETE", path: heartbeatPath(id), read: () => undefined }, options);
  }

  /** Returns the newest pings of a heartbeat, newest first. */
  async pings(id: string, params: PingsParams = {}, options: CallOptions = {}): Promise<HeartbeatPing[]> {
    const path = heartbeatPath(id, "/pings") + query({ limit: params.limit });
    return this.#call({ method: "GET", path, read: listed<HeartbeatPing>("pings") }, options);
  }

  /**
   * Tells what changes in the cluster, as it changes, until the loop ends or the signal is
   * aborted. The first event is a `reset`: list then what is there. When a stream breaks, it
   * goes on at another node from where it was; a `reset` says that something may have been missed.
   *
   * ```ts
   * for await (const { event, data } of client.events({ tag: "prod" })) {
   *   if (event === "incident") console.log(data.heartbeat_name, data.state);
   * }
   * ```
   *
   * It throws what any call does. Who wants to go on later keeps the last `id`, and gives it as `after`.
   */
  events(params: EventsParams = {}, options: CallOptions = {}): AsyncGenerator<ClusterEvent, void, undefined> {
    return follow(this.#caller, params, options.signal);
  }

  /** Tells how long a heartbeat failed on each of the newest 90 days. */
  async uptime(id: string, options: CallOptions = {}): Promise<Uptime> {
    return this.#call({ method: "GET", path: heartbeatPath(id, "/uptime"), read: holding<Uptime>("days") }, options);
  }

  /** Tells who is told of a heartbeat now, or would be if it failed: by what, when, and why not. */
  async explain(id: string, options: CallOptions = {}): Promise<Explanation> {
    return this.#call({ method: "GET", path: heartbeatPath(id, "/explain"), read: holding<Explanation>("targets") }, options);
  }

  /** Tells which settings a heartbeat's stored pings suggest, and what those and others would have alerted on. */
  async suggest(id: string, params: SuggestParams = {}, options: CallOptions = {}): Promise<Suggestions> {
    const path = heartbeatPath(id, "/suggest") + query({ ...params });
    return this.#call({ method: "GET", path, read: holding<Suggestions>("suggestions") }, options);
  }

  /** Tells when a schedule fires next, and what it says in English. */
  async previewSchedule(params: PreviewParams, options: CallOptions = {}): Promise<SchedulePreview> {
    return this.#call({ ...json("POST", "/v1/schedule/preview", params), read: holding<SchedulePreview>("times") }, options);
  }

  /** Returns the newest incidents, newest first. */
  async incidents(params: IncidentsParams = {}, options: CallOptions = {}): Promise<Incident[]> {
    return this.#call({ method: "GET", path: "/v1/incidents" + query({ ...params }), read: listed<Incident>("incidents") }, options);
  }

  /** Returns one incident, with its story. */
  async incident(id: string, options: CallOptions = {}): Promise<Incident> {
    return this.#call({ method: "GET", path: objectPath("incidents", id), read: having<Incident>("reason") }, options);
  }

  /** Says that somebody sees to an incident: no alert but its recovery goes out any more. */
  async ackIncident(id: string, params: AckParams = {}, options: CallOptions = {}): Promise<Incident> {
    return this.#call({ ...json("POST", objectPath("incidents", id, "/ack"), params), read: having<Incident>("reason") }, options);
  }

  /** Takes an acknowledgement or a snooze back: people are told again at once. */
  async unackIncident(id: string, params: Pick<AckParams, "by"> = {}, options: CallOptions = {}): Promise<Incident> {
    return this.#call({ ...json("POST", objectPath("incidents", id, "/unack"), params), read: having<Incident>("reason") }, options);
  }

  /** Silences an incident for a time. If it still goes on then, people are told again. */
  async snoozeIncident(id: string, forSecs: number, params: AckParams = {}, options: CallOptions = {}): Promise<Incident> {
    const body = { ...params, for_secs: forSecs };
    return this.#call({ ...json("POST", objectPath("incidents", id, "/snooze"), body), once: true, read: having<Incident>("reason") }, options);
  }

  /** Has a failed or held alert sent again. */
  async retryAlert(id: string, options: CallOptions = {}): Promise<Alert> {
    return this.#call({ method: "POST", path: objectPath("alerts", id, "/retry"), once: true, read: having<Alert>("recipient") }, options);
  }

  /** Has a pending alert, or the digest that it is in, sent at once. */
  async deliverAlert(id: string, options: CallOptions = {}): Promise<Alert> {
    return this.#call({ method: "POST", path: objectPath("alerts", id, "/deliver"), once: true, read: having<Alert>("recipient") }, options);
  }

  /** Holds a pending alert back until it is sent by retryAlert or cancelled, or a newer one takes its place. */
  async holdAlert(id: string, options: CallOptions = {}): Promise<Alert> {
    return this.#call({ method: "POST", path: objectPath("alerts", id, "/hold"), once: true, read: having<Alert>("recipient") }, options);
  }

  /** Cancels a pending alert, or one that is held back: it is never sent. */
  async cancelAlert(id: string, options: CallOptions = {}): Promise<Alert> {
    return this.#call({ method: "POST", path: objectPath("alerts", id, "/cancel"), once: true, read: having<Alert>("recipient") }, options);
  }

  /** Returns all channels, newest first. */
  async channels(options: CallOptions = {}): Promise<Channel[]> {
    return this.#call({ method: "GET", path: "/v1/channels", read: listed<Channel>("channels") }, options);
  }

  /** Returns one channel. */
  async channel(id: string, options: CallOptions = {}): Promise<Channel> {
    return this.#call({ method: "GET", path: objectPath("channels", id), read: having<Channel>("kind") }, options);
  }

  /** Makes a channel. A webhook's secret that the server made is in this one answer only. */
  async createChannel(params: ChannelParams, options: CallOptions = {}): Promise<Channel> {
    return this.#call({ ...json("POST", "/v1/channels", params), once: true, read: having<Channel>("kind") }, options);
  }

  /** Changes a channel. An empty setting is taken away. */
  async updateChannel(id: string, params: ChannelUpdate, options: CallOptions = {}): Promise<Channel> {
    return this.#call({ ...json("PATCH", objectPath("channels", id), params), read: having<Channel>("kind") }, options);
  }

  /** Deletes a channel. What waits for it fails. */
  async deleteChannel(id: string, options: CallOptions = {}): Promise<void> {
    return this.#call({ method: "DELETE", path: objectPath("channels", id), read: () => undefined }, options);
  }

  /** Has a node send a test by a channel. It takes some seconds; a test that was not accepted is no error. */
  async testChannel(id: string, options: CallOptions = {}): Promise<ChannelTest> {
    const path = objectPath("channels", id, "/test");
    return this.#call({ method: "POST", path, once: true, read: having<ChannelTest>("answer") }, options);
  }

  /** Returns all maintenance windows, newest first. */
  async windows(options: CallOptions = {}): Promise<MaintenanceWindow[]> {
    return this.#call({ method: "GET", path: "/v1/windows", read: listed<MaintenanceWindow>("windows") }, options);
  }

  /** Makes a maintenance window. */
  async createWindow(params: WindowParams, options: CallOptions = {}): Promise<MaintenanceWindow> {
    return this.#call({ ...json("POST", "/v1/windows", params), once: true, read: having<MaintenanceWindow>("id") }, options);
  }

  /** Deletes a maintenance window. What it kept back is told at once. */
  async deleteWindow(id: string, options: CallOptions = {}): Promise<void> {
    return this.#call({ method: "DELETE", path: objectPath("windows", id), read: () => undefined }, options);
  }

  /** Returns the words of one's own for alerts. */
  async templates(options: CallOptions = {}): Promise<TemplateSet> {
    return this.#call({ method: "GET", path: "/v1/templates", read: having<TemplateSet>("subject") }, options);
  }

  /** Sets the words of one's own for alerts; what is left out is as it is built in. */
  async setTemplates(templates: Partial<Templates>, options: CallOptions = {}): Promise<TemplateSet> {
    return this.#call({ ...json("PUT", "/v1/templates", templates), read: having<TemplateSet>("subject") }, options);
  }

  /** Goes back to the words that are built in. */
  async deleteTemplates(options: CallOptions = {}): Promise<void> {
    return this.#call({ method: "DELETE", path: "/v1/templates", read: () => undefined }, options);
  }

  /** Shows what templates would say, and saves nothing. */
  async previewTemplates(templates: Partial<Templates>, options: CallOptions = {}): Promise<TemplatePreview[]> {
    return this.#call({ ...json("POST", "/v1/templates/preview", templates), read: listed<TemplatePreview>("previews") }, options);
  }

  /** Returns the status pages, by slug. */
  async statusPages(options: CallOptions = {}): Promise<StatusPage[]> {
    return this.#call({ method: "GET", path: "/v1/status-pages", read: listed<StatusPage>("status_pages") }, options);
  }

  /** Publishes a status page. */
  async createStatusPage(params: StatusPageParams, options: CallOptions = {}): Promise<StatusPage> {
    return this.#call({ ...json("POST", "/v1/status-pages", params), once: true, read: having<StatusPage>("slug") }, options);
  }

  /** Takes a status page back. */
  async deleteStatusPage(slug: string, options: CallOptions = {}): Promise<void> {
    return this.#call({ method: "DELETE", path: objectPath("status-pages", slug), read: () => undefined }, options);
  }

  /** Returns the badges, newest first. */
  async badges(options: CallOptions = {}): Promise<Badge[]> {
    return this.#call({ method: "GET", path: "/v1/badges", read: listed<Badge>("badges") }, options);
  }

  /** Publishes a badge. */
  async createBadge(params: BadgeParams, options: CallOptions = {}): Promise<Badge> {
    return this.#call({ ...json("POST", "/v1/badges", params), once: true, read: having<Badge>("id") }, options);
  }

  /** Takes a badge back. */
  async deleteBadge(id: string, options: CallOptions = {}): Promise<void> {
    return this.#call({ method: "DELETE", path: objectPath("badges", id), read: () => undefined }, options);
  }

  #signal(token: string, signal: string, options: PingOptions): Promise<PingStatus> {
    return this.#call(pingRequest(token, signal, options), options);
  }

  #call<T>(request: Request<T>, options: CallOptions): Promise<T> {
    return this.#caller.call(request, options.signal);
  }
}

function json(method: string, path: string, body: object) {
  return { method, path, headers: { "Content-Type": "application/json" }, body: Buffer.from(JSON.stringify(body)) };
}

/** having reads an object that has a text under a name. */
function having<T>(name: string): (answer: unknown) => T {
  return (answer) => {
    if (!isObject(answer) || typeof answer[name] !== "string") {
      throw new NotQuorumbeat();
    }
    return answer as unknown as T;
  };
}

const heartbeat = having<Heartbeat>("id");

/** holding reads an answer that has a list under a name. */
function holding<T>(name: string): (answer: unknown) => T {
  return (answer) => {
    if (!isObject(answer) || !Array.isArray(answer[name])) {
      throw new NotQuorumbeat();
    }
    return answer as unknown as T;
  };
}

/** listed reads the list that an answer holds under a name. */
function listed<T>(name: string): (answer: unknown) => T[] {
  return (answer) => {
    const list = isObject(answer) ? answer[name] : undefined;
    if (!Array.isArray(list)) {
      throw new NotQuorumbeat();
    }
    return list as T[];
  };
}
