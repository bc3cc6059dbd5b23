/**
 * heartbeatPath is the path of a heartbeat, by ID or token. It throws a TypeError for
 * what cannot be one, such as a variable of the environment that is not set.
 */
export function heartbeatPath(id: string, suffix = ""): string {
  // A path with an empty, "." or ".." part would be that of something else.
  if (typeof id !== "string" || /^\.{0,2}$/.test(id)) {
    throw new TypeError(`a heartbeat's ID or token is needed, not ${JSON.stringify(id)}`);
  }
  return `/v1/heartbeats/${encodeURIComponent(id)}${suffix}`;
}

/** slugPath is the path of the heartbeat with a slug; it throws as heartbeatPath does. */
export function slugPath(slug: string): string {
  if (typeof slug !== "string" || /^\.{0,2}$/.test(slug)) {
    throw new TypeError(`a heartbeat's slug is needed, not ${JSON.stringify(slug)}`);
  }
  return `/v1/heartbeats/by-slug/${encodeURIComponent(slug)}`;
}

/** objectPath is the path of a channel, maintenance window, status page or badge; it throws as heartbeatPath does. */
export function objectPath(kind: "channels" | "incidents" | "alerts" | "status-pages" | "badges" | "windows", id: string, suffix = ""): string {
  if (typeof id !== "string" || /^\.{0,2}$/.test(id)) {
    throw new TypeError(`the ID or slug of one of the ${kind} is needed, not ${JSON.stringify(id)}`);
  }
  return `/v1/${kind}/${encodeURIComponent(id)}${suffix}`;
}

/** query is what follows the path: "" when nothing is set. */
export function query(params: Record<string, string | number | string[] | undefined>): string {
  const set = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined) {
        set.append(name, String(one));
      }
    }
  }
  const text = set.toString();
  return text === "" ? "" : `?${text}`;
}
