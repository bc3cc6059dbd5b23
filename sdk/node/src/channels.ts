/** The settings of the kinds of channels; each kind has some of them. A secret reads `"•••"`. */
export interface ChannelSettings {
  /** Mail addresses, with commas between. */
  to?: string;
  url?: string;
  secret?: string;
  token?: string;
  /** Of Slack, for a bot. */
  channel?: string;
  chat_id?: string;
  thread_id?: string;
  api_url?: string;
  topic?: string;
  server?: string;
  priority?: string;
  routing_key?: string;
  severity?: string;
  username?: string;
  password?: string;
  path?: string;
  /** One a line. */
  args?: string;
}

export type ChannelKind =
  | "email"
  | "webhook"
  | "slack"
  | "teams"
  | "discord"
  | "telegram"
  | "ntfy"
  | "pagerduty"
  | "alertmanager"
  | "shoutrrr"
  | "command";

/** The kinds of alerts that a channel can be told to take. */
export type ChannelAlert = "down" | "recovered" | "unheard";

/** A way to tell people beside mail: a webhook, a chat, a pager. */
export interface Channel extends ChannelSettings {
  id: string;
  name: string;
  /** A later server may have others. */
  kind: ChannelKind | (string & {});
  /** Told of heartbeats for which no channel is chosen otherwise. */
  default: boolean;
  /** Told of heartbeats that have one of them. */
  tags: string[];
  on: ChannelAlert[];
  /** How long an incident must last before it is told. */
  after_secs: number;
  /** When it is told; `null`: at any time. */
  hours: ChannelHours[] | null;
  version: number;
  created_at: string;
  updated_at: string;
}

/** Times of some days in which a channel is told. What falls outside waits, and comes as a digest. */
export interface ChannelHours {
  /** Left out: every day. */
  days?: ("mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun")[];
  /** Like `08:00`. */
  from: string;
  /** Not after `from`: on the next day. */
  to: string;
  /** Left out: UTC. */
  tz?: string;
}

/** The fields of a channel that are to be set; what is left out stays as it is. */
export interface ChannelUpdate extends ChannelSettings {
  name?: string;
  default?: boolean;
  tags?: string[];
  on?: ChannelAlert[];
  after_secs?: number;
  /** `null`: at any time. */
  hours?: ChannelHours | ChannelHours[] | null;
}

/** A new channel. Its kind never changes. */
export interface ChannelParams extends ChannelUpdate {
  name: string;
  kind: ChannelKind;
}

/** What became of a test. */
export interface ChannelTest {
  accepted: boolean;
  /** Of the other end, or why there is none. */
  answer: string;
}
