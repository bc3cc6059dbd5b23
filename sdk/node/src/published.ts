/** A page that shows to anybody how some heartbeats are. */
export interface StatusPage {
  slug: string;
  title: string;
  /** All heartbeats with one of them are on it. */
  tags: string[];
  heartbeats: PageHeartbeat[];
  url: string;
  created_at: string | null;
}

/** A heartbeat that a status page names. */
export interface PageHeartbeat {
  id: string;
  /** What the page calls it; `""`: its name. */
  alias: string;
}

/** A new status page: it needs tags or heartbeats. */
export interface StatusPageParams {
  title: string;
  /** Left out: made of the title. */
  slug?: string;
  tags?: string[];
  heartbeats?: { id: string; alias?: string }[];
}

/**
 * A small picture of how a heartbeat is, or those of a tag. Nobody can guess its ID: whoever
 * has it sees the badge.
 */
export interface Badge {
  id: string;
  /** null: of a tag. */
  heartbeat_id: string | null;
  /** null: of a tag, or the heartbeat was deleted. */
  heartbeat_name: string | null;
  tag: string | null;
  label: string;
  svg_url: string;
  /** For shields.io. */
  json_url: string;
  created_at: string | null;
}

/** A new badge, of a heartbeat or of a tag. Its label is the heartbeat's name, or the tag, unless it is given. */
export type BadgeParams = { label?: string } & ({ heartbeat_id: string; tag?: never } | { tag: string; heartbeat_id?: never });
