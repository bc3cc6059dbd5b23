/** The settings of the kinds of channels; each kind has some of them. A secret reads `"•••"`. */
export interface ChannelSettings {
  url?: string;
  secret?: string;
  token?: string;
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
  | "webhook"
  | "slack"
  | "teams"
  | "discord"
  | "telegram"
  | "ntfy"
  | "pagerduty"
  | "alertmanager"
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
  hours: null;
  version: number;
  created_at: string;
  updated_at: string;
}

/** The fields of a channel that are to be set; what is left out stays as it is. */
export interface ChannelUpdate extends ChannelSettings {
  name?: string;
  default?: boolean;
  tags?: string[];
  on?: ChannelAlert[];
  after_secs?: number;
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
