/**
 * A maintenance window: while it is on, nobody is told that the heartbeats with one of its tags fail. One that
 * comes once has `from` and `to`, any other a `schedule`.
 */
export interface MaintenanceWindow {
  id: string;
  name: string;
  tags: string[];
  from: string | null;
  to: string | null;
  schedule: string | string[] | null;
  tz: string | null;
  for_secs: number | null;
  /** Now. */
  on: boolean;
  /** The one that is on, or else the next; `null`: none is known. */
  begins_at: string | null;
  ends_at: string | null;
  created_at: string;
  /** Of a new one alone: tags that no heartbeat has, windows that hold the same already. */
  warnings?: string[];
}

interface WindowOf {
  name: string;
  tags: string[];
}

/** A new maintenance window: once, `from` (left out: now) and `to` being RFC 3339; or by a schedule. */
export type WindowParams = WindowOf &
  (
    | { from?: string; to: string; schedule?: never; tz?: never; for_secs?: never }
    | { schedule: string | string[]; tz?: string; for_secs: number; from?: never; to?: never }
  );
