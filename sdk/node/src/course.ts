import { APIError } from "./errors.js";
import type { NoAnswer } from "./exchange.js";
import { classify, type FailureClass } from "./classify.js";
import type { Limits } from "./options.js";

/** The longest wait that is begun, in milliseconds. */
const LONGEST_WAIT_MS = 30_000;

/** Course is how one call goes: whom to ask, what failed so far, and when to go on. */
export class Course {
  /** The newest error of each node, in the order in which they came. */
  readonly failures = new Map<number, APIError | NoAnswer>();
  /** Whether an attempt may have had its effect. */
  unsure = false;
  readonly #limits: Limits;
  readonly #first: number;
  readonly #notBefore: number[]; // by node
  readonly #began = performance.now();
  #attempts = 0;

  constructor(first: number, nodes: number, limits: Limits) {
    this.#first = first;
    this.#notBefore = new Array<number>(nodes).fill(0);
    this.#limits = limits;
  }

  /** The node to ask. */
  get node(): number {
    return (this.#first + this.#attempts) % this.#notBefore.length;
  }

  /**
   * failed notes that the node did not take the call, and goes on to the next one. It
   * returns the wait before that in milliseconds, or undefined if all was tried.
   */
  failed(err: APIError | NoAnswer, failure: FailureClass = classify(err)): number | undefined {
    const nodes = this.#notBefore.length;
    const round = Math.floor(this.#attempts / nodes);
    this.failures.delete(this.node);
    this.failures.set(this.node, err);
    this.unsure ||= failure.unsure;
    this.#note(err, failure, round);
    this.#attempts++;
    if (this.#attempts >= nodes * (this.#limits.retries + 1)) {
      return undefined;
    }
    const now = performance.now();
    let wait = Math.max(0, (this.#notBefore[this.node] ?? 0) - now);
    if (this.#attempts % nodes === 0) {
      wait = Math.max(wait, this.#backoff(round));
    }
    const late = now + wait > this.#began + this.#limits.callMs;
    return wait > LONGEST_WAIT_MS || late ? undefined : wait;
  }

  #note(err: APIError | NoAnswer, failure: FailureClass, round: number): void {
    const asked = err instanceof APIError ? jitter(err.retryAfterMs) : 0;
    if (failure.ofCluster) {
      this.#notBefore.fill(performance.now() + Math.max(asked, this.#backoff(round)));
    } else {
      this.#notBefore[this.node] = performance.now() + asked;
    }
  }

  /** backoff is the wait after a round: about 0.5, 1, 2, 4, 8, 8 … seconds. */
  #backoff(round: number): number {
    const ms = this.#limits.backoffMs * 2 ** Math.min(round, 4);
    return ms / 2 + Math.random() * ms;
  }
}

/** jitter is a wait or up to a quarter more, as many clients may have been told the same. */
function jitter(ms: number): number {
  return ms * (1 + Math.random() / 4);
}
