import { setTimeout as sleep } from "node:timers/promises";
import { Course } from "./course.js";
import { APIError, ConnectionError, isNotFound } from "./errors.js";
import { NoAnswer, open, type OpenAnswer } from "./exchange.js";
import { classify } from "./classify.js";
import { attemptMs, type Limits } from "./options.js";
import type { Request } from "./request.js";
import { VERSION } from "./version.js";
import { errorOf, jsonOf, NotQuorumbeat } from "./wire.js";

/** Caller makes calls to whichever node takes them. */
export class Caller {
  readonly #bases: string[];
  readonly #apiKey: string;
  readonly #limits: Limits;
  #best = 0; // the node to ask first

  constructor(bases: string[], apiKey: string, limits: Limits) {
    this.#bases = bases;
    this.#apiKey = apiKey;
    this.#limits = limits;
  }

  /**
   * call asks one node after the other, in rounds, until one takes the request. It
   * throws an APIError, a ConnectionError or the signal's reason.
   */
  async call<T>(request: Request<T>, signal: AbortSignal | undefined): Promise<T> {
    return this.#try(request, signal, async (node) => {
      const answer = await (await this.#open(node, request, signal)).whole(this.#attemptMs(request));
      try {
        return request.read(jsonOf(answer));
      } catch (err) {
        throw err instanceof NotQuorumbeat ? new NoAnswer(err.message, true, err) : err;
      }
    });
  }

  /** stream is call of a request whose answer has no end: whoever reads it watches it. */
  async stream(path: string, signal: AbortSignal | undefined): Promise<OpenAnswer> {
    const request: Request<OpenAnswer> = {
      method: "GET",
      path,
      read: () => {
        throw new NotQuorumbeat(); // it is never read whole
      },
    };
    return this.#try(request, signal, (node) => this.#open(node, request, signal));
  }

  async #try<U>(request: Request<U>, signal: AbortSignal | undefined, ask: (node: number) => Promise<U>): Promise<U> {
    const course = new Course(this.#best, this.#bases.length, this.#limits);
    for (;;) {
      signal?.throwIfAborted();
      const node = course.node;
      try {
        const value = await ask(node);
        this.#best = node;
        return value;
      } catch (err) {
        if (signal?.aborted || !(err instanceof APIError || err instanceof NoAnswer)) {
          throw err;
        }
        if (request.method === "DELETE" && course.unsure && isNotFound(err)) {
          return request.read(undefined); // an attempt before has done it
        }
        const failure = classify(err);
        const wait = course.failed(err, failure);
        if (!failure.final && !failure.ofCluster && this.#best === node) {
          this.#best = (node + 1) % this.#bases.length;
        }
        if (failure.final || (failure.unsure && request.once) || wait === undefined) {
          throw this.#told(failure.final ? err : undefined, course);
        }
        await sleep(wait, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
      }
    }
  }

  #attemptMs(request: { once?: boolean }): number {
    return attemptMs(this.#limits, this.#bases.length, request.once);
  }

  /** Opens an answer of success. */
  async #open<T>(node: number, request: Request<T>, signal: AbortSignal | undefined): Promise<OpenAnswer> {
    const headers: Record<string, string> = {
      Accept: "application/json",
      "User-Agent": `quorumbeat-node/${VERSION}`,
      ...request.headers,
    };
    if (this.#apiKey !== "" && !request.keyless) {
      headers.Authorization = `Bearer ${this.#apiKey}`;
    }
    const url = new URL(this.#bases[node] + request.path);
    const limitMs = this.#attemptMs(request);
    const answer = await open({ method: request.method, url, headers, body: request.body }, limitMs, signal);
    if (![200, 201, 204].includes(answer.status)) {
      throw errorOf(await answer.whole(limitMs));
    }
    return answer;
  }

  /** told is the error for the caller: a server's word, if there is one, or what was wrong with each node. */
  #told(final: APIError | NoAnswer | undefined, course: Course): Error {
    const newestFirst = [...course.failures.values()].reverse();
    const said = [final, ...newestFirst].find((err) => err instanceof APIError);
    const each = [...course.failures].map(([node, err]) => `${this.#name(node)}: ${err.message}`);
    const err = said ?? new ConnectionError(`no node took it: ${each.join("; ")}`, { cause: newestFirst[0] });
    err.unknownOutcome = course.unsure;
    return err;
  }

  // The rest of the URL may hold credentials.
  #name(node: number): string {
    return new URL(this.#bases[node] ?? "").origin;
  }
}
