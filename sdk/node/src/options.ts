/** Where a node on this machine listens. */
export const DEFAULT_BASE_URL = "http://127.0.0.1:8080";

/** What a client may be told besides its key. */
export interface ClientOptions {
  /**
   * The address of a node or a load balancer, with or without `/v1` at its end;
   * or those of several nodes. A call that one of them does not take goes to the
   * next at once, and later calls begin with the one that answered last.
   * Default: {@link DEFAULT_BASE_URL}.
   */
  baseURL?: string | readonly string[];

  /**
   * For how long a node may make no progress with a call, in milliseconds. Default:
   * 5,000 with several base URLs; 15,000 with one, as a node may hold a ping for
   * 10 seconds while the nodes elect a leader, and always for `create`, which may not
   * simply be repeated at another node.
   */
  timeoutMs?: number;

  /**
   * How often every node is asked again, after about 0.5, 1, 2 and 4 seconds, when
   * none took the call. 0: each is asked once. No attempt begins later than a minute
   * after the first. Default: 4.
   */
  retries?: number;

  /** @internal The first wait, about. */
  backoffMs?: number;

  /** @internal No attempt begins later. */
  callMs?: number;
}

/** How long, and how often. */
export interface Limits {
  timeoutMs: number | undefined;
  retries: number;
  backoffMs: number;
  callMs: number;
}

/** limitsOf fills in the defaults. It throws a RangeError for what cannot be. */
export function limitsOf(options: ClientOptions): Limits {
  const { timeoutMs, retries = 4, backoffMs = 500, callMs = 60_000 } = options;
  check("retries", retries, 0, Number.MAX_SAFE_INTEGER);
  if (timeoutMs !== undefined) {
    check("timeoutMs", timeoutMs, 1, 2 ** 31 - 1); // the longest that a timer knows
  }
  return { timeoutMs, retries, backoffMs, callMs };
}

/** attemptMs is for how long a node may make no progress with a call. */
export function attemptMs(limits: Limits, nodes: number, once = false): number {
  return limits.timeoutMs ?? (once || nodes === 1 ? 15_000 : 5_000);
}

/** basesOf gives the addresses without their /v1. It throws a TypeError for what is no address. */
export function basesOf(baseURL: ClientOptions["baseURL"] = DEFAULT_BASE_URL): string[] {
  const bases = (typeof baseURL === "string" ? [baseURL] : [...baseURL]).map(base);
  if (bases.length === 0) {
    throw new TypeError("baseURL names no address");
  }
  return bases;
}

/** checkKey gives the key back. It throws a TypeError for one that no header can hold. */
export function checkKey(apiKey: string): string {
  if (!/^[\x20-\x7e]*$/.test(apiKey)) {
    throw new TypeError("the API key has a character that no key has: perhaps the line break of the file it was read from");
  }
  return apiKey;
}

function base(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new TypeError("a base URL cannot be understood: use http://HOST:PORT"); // not quoted: it may hold a password
  }
  if (!/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "") {
    throw new TypeError("a base URL is not valid: use http://HOST:PORT");
  }
  return url.href.replace(/\/+$/, "").replace(/\/v1$/, "");
}

function check(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} is ${value}, it must be a whole number from ${min} to ${max}`);
  }
}
