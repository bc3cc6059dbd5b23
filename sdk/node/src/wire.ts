import { STATUS_CODES } from "node:http";
import { APIError } from "./errors.js";
import type { Answer } from "./exchange.js";

/** What answered with success says nothing that quorumbeat would say. */
export class NotQuorumbeat extends Error {
  constructor() {
    super("it does not answer like quorumbeat");
  }
}

/** isObject tells whether a JSON value has fields. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** jsonOf is the answer's JSON, or undefined if it has none. */
export function jsonOf(answer: Answer): unknown {
  try {
    return JSON.parse(answer.text);
  } catch {
    return undefined;
  }
}

/** errorOf is what an answer that is no success says. */
export function errorOf(answer: Answer): APIError {
  const words = jsonOf(answer);
  const said = (field: string) => (isObject(words) && typeof words[field] === "string" ? words[field] : "");
  let message = said("error") || (STATUS_CODES[answer.status] ?? `HTTP status ${answer.status}`);
  if (answer.headers.location !== undefined) {
    message += redirect(answer.headers.location);
  }
  return new APIError(answer.status, message, said("code"), retryAfterMs(answer.headers["retry-after"], Date.now()));
}

// Redirects are not followed: that would turn a POST into a GET without its body.
function redirect(location: string): string {
  try {
    return `: use the base URL ${new URL(location).origin}`; // the rest may hold a token
  } catch {
    return ""; // a path of the same host
  }
}

/** retryAfterMs reads both forms of the header Retry-After: seconds, and a date. */
export function retryAfterMs(header: string | undefined, now: number): number {
  const ms = /^\d+$/.test(header ?? "") ? Number(header) * 1000 : Date.parse(header ?? "") - now;
  return Math.max(0, ms) || 0;
}
