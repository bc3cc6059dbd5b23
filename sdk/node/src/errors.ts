/** What all errors of a call have in common. */
abstract class CallError extends Error {
  /** Whether it may have been done all the same; see {@link isUnknownOutcome}. */
  unknownOutcome = false;
}

/** An answer of the server that is no success. */
export class APIError extends CallError {
  override readonly name: string = "APIError";

  /**
   * @param statusCode - The HTTP status.
   * @param message - The server's words, for people.
   * @param code - The server's word for programs, such as `"not_found"`; `""`: it is not quorumbeat that answers.
   * @param retryAfterMs - How long the server asked to wait, in milliseconds; 0: it did not say.
   */
  constructor(
    readonly statusCode: number,
    message: string,
    readonly code: string = "",
    readonly retryAfterMs: number = 0,
  ) {
    super(message);
  }
}

/**
 * No node took the call: none could be reached, or none answered in time, or
 * what answered was not quorumbeat. The message tells what was wrong with each.
 */
export class ConnectionError extends CallError {
  override readonly name: string = "ConnectionError";
}

/** Whether the server did not accept a value (400); the message names it. */
export function isInvalid(err: unknown): err is APIError {
  return hasStatus(err, 400);
}

/** Whether the server did not accept the API key (401). */
export function isUnauthorized(err: unknown): err is APIError {
  return hasStatus(err, 401);
}

/** Whether a quota of the server is reached (402): delete what is not needed. */
export function isQuotaExceeded(err: unknown): err is APIError {
  return hasStatus(err, 402);
}

/** Whether the API key's scope does not allow it (403). */
export function isForbidden(err: unknown): err is APIError {
  return hasStatus(err, 403);
}

/** Whether there is no such heartbeat or token (404). */
export function isNotFound(err: unknown): err is APIError {
  return hasStatus(err, 404);
}

/** Whether there were too many requests, also after the retries (429). */
export function isRateLimited(err: unknown): err is APIError {
  return hasStatus(err, 429);
}

/** Whether the cluster could not do it, also after the retries: it had no leader, no majority or too much to do (503). */
export function isUnavailable(err: unknown): err is APIError {
  return hasStatus(err, 503);
}

/**
 * Whether what failed may nevertheless have been done, by one of the attempts. A ping
 * may simply be sent again with the same `idempotencyKey`.
 */
export function isUnknownOutcome(err: unknown): err is APIError | ConnectionError {
  return err instanceof CallError && err.unknownOutcome;
}

function hasStatus(err: unknown, status: number): boolean {
  return err instanceof APIError && err.statusCode === status;
}
