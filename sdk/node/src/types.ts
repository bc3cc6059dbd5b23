import type { ChannelAlert } from "./channels.js";

/** What every call may be told. */
export interface CallOptions {
  /** Ends the call, with its retries and waits. The call then throws the signal's reason. */
  signal?: AbortSignal;
}

/** `failing`: so many expected pings in a row did not come that people were told. */
export type HeartbeatStatus = "active" | "paused" | "failing";

/** A monitored job. All times are RFC 3339 in UTC, with three decimals. */
export interface Heartbeat {
  /** `hb_…`: what the other calls want. */
  id: string;
  name: string;
  slug: string;
  /** A UUID: the credential for pings. Empty for a key of scope `read`, as is `ping_url`. */
  token: string;
  /** A URL that takes a plain ping. */
  ping_url: string;
  /** Seconds from one expected ping to the next; null with a schedule. */
  interval_secs: number | null;
  /** When pings are expected instead: a cron expression or systemd calendar time, or several; null: it has an interval. */
  schedule: string | string[] | null;
  /** The schedule's time zone; null without one. */
  tz: string | null;
  /** Seconds that a ping may be late. */
  grace_secs: number;
  /** Misses in a row that make it fail. */
  miss_threshold: number;
  /** `first_ping`: nothing is expected before the first ping. */
  arm: "created" | "first_ping";
  tags: string[];
  /** Who gets the mails; empty: the server's default recipients. */
  email: string[];
  /** `["POST"]`: pings by another method are noted, but are no good runs. */
  methods: string[];
  /** What the job does; `""`: nothing was written. */
  description: string;
  /** Where to read what to do when it fails; `""`: nowhere. */
  runbook_url: string;
  /** A person or a team; `""`: nobody. */
  owner: string;
  /** Reported failures in a row that alert. */
  failure_threshold: number;
  /** Seconds that a run may take before it has failed; null: the grace. */
  max_run_secs: number | null;
  /** Seconds that a run takes at least; null: any. */
  min_run_secs: number | null;
  /** Slugs or IDs of heartbeats, and tags (tag:db): while one of them fails, its alerts wait. */
  depends_on: string[];
  /** Channels that it names; empty: those with a tag of its own, else the default ones. */
  notify: string[];
  /** Seconds between reminders of an incident; 0: none; null: the cluster's default. */
  remind_every_secs: number | null;
  /** The one that goes on; null: it is not failing. */
  incident: OpenIncident | null;
  /** What a good run must keep to, like `bytes > 0`. */
  checks: string[];
  /** The newest numbers that a ping told. */
  metrics: Record<string, number>;
  status: HeartbeatStatus;
  consecutive_misses: number;
  /** How many misses in a row alert next; null while paused or failing. */
  alert_at_misses: number | null;
  /** Why: `resumed` and `unheard` say that the next one alerts, whatever the threshold. */
  alert_rule: "threshold" | "resumed" | "unheard";
  /** When it was resumed, if no ping came since. */
  resumed_at: string | null;
  /** When the pause ends by itself; null if it does not, and while it is not paused. */
  paused_until: string | null;
  pings_total: number;
  last_pinged_at: string | null;
  /** Without the grace; null while paused or not armed. */
  next_expected_at: string | null;
  /** Past due when this was answered, and not yet past the grace. */
  late: boolean;
  last_alert_at: string | null;
  created_at: string;
  updated_at: string;
  /** Counts the changes. */
  version: number;
  /** What it lacks, like somebody to be told of its failures. Absent if nothing. */
  warnings?: string[];
}

/** A ping of the history. */
export interface HeartbeatPing {
  id: string;
  heartbeat_id: string;
  pinged_at: string;
  /** The numbers that it told. */
  metrics?: Record<string, number>;
  /** How it broke a check, though the job took it for a good run. */
  check_broken?: string;
}

/** How long a heartbeat failed on each of the newest 90 days. */
export interface Uptime {
  /** Which part of the time in which it was watched it was not failing, 0 to 1; null: it was not watched. */
  uptime: number | null;
  /** Oldest first; the last one is today. */
  days: UptimeDay[];
}

/** One of these days, of UTC. */
export interface UptimeDay {
  /** `YYYY-MM-DD` */
  date: string;
  down_secs: number;
  paused_secs: number;
  /** Before it was made, not over yet, or the monitor itself took no pings. */
  unknown_secs: number;
  uptime: number | null;
}

/** A new heartbeat. What is left out is the server's default. */
export interface CreateParams {
  /** 1 to 200 characters. */
  name: string;
  /** 1 to 31,622,400 seconds (366 days). Default: 3,600. */
  interval_secs?: number;
  /** 0 to 31,622,400 seconds. Default: 300. */
  grace_secs?: number;
  /** 1 to 100. Default: 2. */
  miss_threshold?: number;
  /** 1 to 100 of `a-z`, `0-9`, `_` and `-`. Default: made from the name. */
  slug?: string;
  /** Default: `created`. */
  arm?: "created" | "first_ping";
  tags?: string[];
  /** Default: the server's recipients. */
  email?: string[];
  /** `["POST"]` for links that chats look at; `[]` for all methods. */
  methods?: "POST"[];
  /** Up to 2,000 characters, of any number of lines. */
  description?: string;
  /** An http or https URL. */
  runbook_url?: string;
  /** Up to 200 characters. */
  owner?: string;
  /** `"0 2 * * 1-5"`, in place of interval_secs; up to ten expressions. */
  schedule?: string | string[];
  /** An IANA name like `Europe/Berlin`. Default: UTC. */
  tz?: string;
  /** 1 to 100. Default: 1, the first alerts. */
  failure_threshold?: number;
  /** Default, and 0: the grace. */
  max_run_secs?: number;
  /** Default, and 0: any. */
  min_run_secs?: number;
  /** Slugs or IDs of heartbeats, and tags (tag:db), up to 20: while one of them fails, its alerts wait. */
  depends_on?: string[];
  /** Names or IDs of channels that are told. */
  notify?: string[];
  /** Seconds between reminders of an incident, 10 to 2,592,000; 0: none; null and default: the cluster's. */
  remind_every_secs?: number | null;
  /** Up to 20, like `bytes > 0`, `bytes >= 0.5 * last` or `body contains "done"`. */
  checks?: string[];
}

/** What a heartbeat is to have. What is left out stays as it is, and is the default of a new one, whose name is its slug. */
export type EnsureParams = Partial<Omit<CreateParams, "slug">>;

/** What is to change. What is left out stays as it is. */
export interface UpdateParams extends Partial<CreateParams> {
  /** Pauses or resumes, together with the other changes. */
  status?: "active" | "paused";
}

/** How a pause ends by itself, by one of these; without them it does not. */
export interface PauseOptions extends CallOptions {
  /** After so long: 1 to 31,622,400, which are 366 days. */
  for_secs?: number;
  /** At a time to come, within 366 days (RFC 3339). */
  until?: string | Date;
}

/** For how long the old token of a heartbeat works beside the new one. */
export interface RotateOptions extends CallOptions {
  /** 0 to 31,622,400, which are 366 days; a day if it is left out. 0 ends all old tokens at once. */
  overlap_secs?: number;
}

/** Which heartbeats; together, all must fit. */
export interface ListParams {
  tag?: string;
  status?: HeartbeatStatus;
  /** A part of the name. */
  q?: string;
}

/** Which pings. */
export interface PingsParams {
  /** 1 to 100, the newest ones. Default: 50. */
  limit?: number;
}

/** Which events. */
export interface EventsParams {
  /** Only heartbeats with this tag, and their incidents. */
  tag?: string;
  /** The `id` of the last event that was seen: go on from there. */
  after?: string | undefined;
}

/** A change. It has an `id` to go on from, unless others of the same moment follow. */
export type ClusterEvent = { id: string | undefined } & (
  | { event: "reset"; data: { code: "begin" | "expired" | "unknown_id"; message: string } }
  | { event: "heartbeat"; data: Heartbeat }
  | { event: "heartbeat_deleted" | "node_removed"; data: { id: string } }
  | { event: "incident"; data: EventIncident }
  | { event: "node"; data: ClusterNode }
);

/** The incident that a heartbeat has open. */
export interface OpenIncident {
  id: string;
  since: string;
  reason: "silence" | "failure" | "hung_run";
  /** Who sees to it; null: nobody. */
  acknowledged_by: string | null;
  acknowledged_at: string | null;
  /** It is silent until about then. */
  snoozed_until: string | null;
}

/** An incident of a heartbeat, or a time in which it could not be heard. */
export interface Incident extends Omit<OpenIncident, "reason"> {
  reason: "silence" | "failure" | "hung_run" | "unheard" | "node_lost" | "outage" | "disk_low" | "certificate_expires";
  /** It is of the monitor itself: heartbeat_id is that of no heartbeat. */
  system: boolean;
  heartbeat_id: string;
  heartbeat_name: string;
  state: "open" | "ended";
  ended_at: string | null;
  ended_by: "recovered" | "paused" | "deleted" | null;
  misses: number;
  failures: number;
  /** How often it was told again. */
  reminders: number;
  next_reminder_at: string | null;
  /** What happened, oldest first; of an incident that is shown alone. */
  story?: IncidentEvent[];
  /** How many events are no longer kept. */
  story_left_out?: number;
  /** Those that are kept, oldest first. */
  alerts: Alert[];
}

/** One thing that happened in an incident. */
export interface IncidentEvent {
  at: string;
  event: string;
  by?: string;
  note?: string;
  reason?: string;
  exit_code?: number;
  broke?: string;
  alert?: string;
  to?: string;
  state?: string;
  until?: string;
  fields?: string;
}

/** Which incidents. */
export interface IncidentsParams {
  /** Only those that go on. */
  state?: "open";
  heartbeat_id?: string;
  /** 1 to 1,000. Default: 100. */
  limit?: number;
}

/** Who sees to an incident. Default: the name of the key. */
export interface AckParams {
  by?: string;
  /** Up to 500 characters. */
  note?: string;
}

/** One alert of the ledger, to one recipient. Digests have no heartbeat and no incident of their own. */
export interface Alert {
  id: string;
  incident_id: string | null;
  heartbeat_id: string | null;
  heartbeat_name: string | null;
  /** It is of the monitor itself: heartbeat_id is that of no heartbeat. */
  system: boolean;
  kind: string;
  /** The kind of the channel: email, webhook, … */
  channel: string;
  recipient: string;
  channel_id: string | null;
  state: string;
  attempts: number;
  in_doubt: boolean;
  message_id: string;
  digest_id: string | null;
  error: string;
  created_at: string | null;
  sent_at: string | null;
  /** Of a pending one that waits. */
  next_attempt_at: string | null;
  waits_for: { for: "window" | "hours" | "dependency"; id: string; name: string } | null;
}

/** An incident that began or ended. */
export interface EventIncident {
  id: string;
  heartbeat_id: string;
  /** null: it was deleted. */
  heartbeat_name: string | null;
  /** It is of the monitor itself: heartbeat_id is that of no heartbeat. */
  system: boolean;
  state: "open" | "ended";
  /** Why it began; null once it ended. */
  reason: "silence" | "failure" | "hung_run" | "node_lost" | "outage" | "disk_low" | "certificate_expires" | null;
  since: string | null;
  ended_at: string | null;
}

/** A node as another one sees it. */
export interface ClusterNode {
  id: string;
  name: string;
  http: string;
  cluster: string;
  voter: boolean;
  alive: boolean;
  listener: boolean;
  leader: boolean;
  disk: "ok" | "low" | "full" | "";
  version: string;
}

/** A schedule to look at. */
export interface PreviewParams {
  /** A cron expression or a systemd calendar time, or up to ten of them. */
  schedule: string | string[];
  /** IANA name. Default: UTC. */
  tz?: string;
  /** 1 to 100. Default: 5. */
  count?: number;
  /** RFC 3339: times after this one. Default: now. */
  from?: string;
}

/** When a schedule fires. */
export interface SchedulePreview {
  times: string[];
  description: string;
  tz: string;
  /** Which rules of time zones the node used. */
  tz_data: string;
}

/** Settings to try on a heartbeat's stored pings. What is left out stays as it is. */
export interface SuggestParams {
  interval_secs?: number;
  /** Instead of an interval. */
  schedule?: string | string[];
  /** Of the schedule, and one in which suggestions are looked for. */
  tz?: string;
  grace_secs?: number;
  miss_threshold?: number;
  failure_threshold?: number;
  max_run_secs?: number;
  min_run_secs?: number;
}

/** What settings would have alerted on. */
export interface Trial {
  alerts: number;
  /** That the stored pings cover. */
  days: number;
  /** The newest 20 of them; `until` is null if no good run ended it. */
  failed: { at: string; reason: "missed" | "failed" | "overdue" | "too quick"; until: string | null }[];
}

/** One set of settings: a schedule with its zone, or an interval. */
export interface Suggestion extends Trial {
  /** null: `interval_secs` */
  schedule: string[] | null;
  tz: string | null;
  description: string;
  interval_secs: number | null;
  grace_secs: number;
  max_run_secs: number | null;
  min_run_secs: number | null;
  /** 0 to 1: how much of the history it explains. */
  fit: number;
  sure: "sure" | "likely" | "a guess";
  /** Good ones that it stands on. */
  runs: number;
}

/** What a heartbeat's stored pings suggest. */
export interface Suggestions {
  /** Best first; none if there are too few good runs. */
  suggestions: Suggestion[];
  current: Trial;
  /** Of `SuggestParams`; null if it was empty. */
  tried: Trial | null;
  /** That were looked at, at most 2,000. */
  pings: number;
  /** Good runs that a suggestion needs. */
  needs: number;
  tz_data: string;
}

/** Who is told of a heartbeat now, or would be if it failed. */
export interface Explanation {
  heartbeat_id: string;
  heartbeat_name: string;
  status: HeartbeatStatus;
  /** Somebody is told. */
  told: boolean;
  /** Why nobody is; null: somebody may be. */
  silent: { reason: string; words: string; until: string | null; by: string | null } | null;
  /** When it alerts if no ping comes, about; null: it waits for none. */
  alerts_at: string | null;
  incident: OpenIncident | null;
  next_reminder_at: string | null;
  targets: ExplainedTarget[];
  /** Defaults that are not used, for others are chosen. */
  overruled: ExplainedTarget[];
}

/** One who is told of a heartbeat, or could be. */
export interface ExplainedTarget {
  /** `email`, or the kind of a channel. */
  channel: string;
  /** An address, or the name of a channel. */
  recipient: string;
  channel_id: string | null;
  channel_name: string | null;
  by: "email" | "notify" | "tag" | "default" | "mail_to";
  because: string;
  tag: string | null;
  on: ChannelAlert[];
  after_secs: number;
  told: boolean;
  /** null: at once, or it is not told. */
  at: string | null;
  /** Why it is not told; later versions may have other words. */
  reason: string | null;
  words: string | null;
  waits_for: { reason: string; words: string; until: string | null }[];
  alert: { id: string; kind: string; state: string; error: string } | null;
  /** What goes wrong in sending to it; empty: nothing that is known. */
  trouble: string;
}
