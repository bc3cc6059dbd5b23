import { once } from "node:events";
import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request as overTCP } from "node:http";
import { request as overTLS } from "node:https";

/** One request, ready to be sent. */
export interface Message {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body: Uint8Array | undefined;
}

/** An answer, read to its end. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** No whole answer came. */
export class NoAnswer extends Error {
  /** @param sent - Whether the request may have arrived. */
  constructor(
    message: string,
    readonly sent: boolean,
    cause: unknown,
  ) {
    super(message, { cause });
  }
}

/** How long a connection may take to be made, in milliseconds. */
const CONNECT_MS = 3_000;

/**
 * open sends a request and returns its answer, whatever the status, as soon as its head is
 * there. It throws NoAnswer, also if there is no progress within the limit, or the signal's
 * reason.
 *
 * It is written on node:http, since fetch follows redirects, prints a warning under
 * Node.js 18 and does not tell whether a request had been sent when it failed.
 */
export async function open(message: Message, limitMs: number, signal: AbortSignal | undefined): Promise<OpenAnswer> {
  const { method, url, headers, body } = message;
  const secure = url.protocol === "https:";
  const req = (secure ? overTLS : overTCP)(url, { method, headers });
  const watch = new Watch(req, signal);
  let sent = false;
  req.on("socket", (socket) => {
    if (!socket.connecting) { // kept from an earlier request
      sent = true;
      watch.expect("answer", limitMs);
      return;
    }
    socket.once("connect", () => watch.expect("answer", limitMs));
    socket.once(secure ? "secureConnect" : "connect", () => (sent = true));
  });
  try {
    watch.expect("connection", Math.min(limitMs, CONNECT_MS));
    req.end(body);
    const [res] = (await once(req, "response")) as [IncomingMessage];
    return new OpenAnswer(res, watch, signal);
  } catch (err) {
    watch.end();
    signal?.throwIfAborted();
    throw new NoAnswer(words(watch.why ?? err), sent, watch.why ?? err);
  }
}

/** An answer whose body is yet to be read: by one of its methods, once. */
export class OpenAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly #res: IncomingMessage;
  readonly #watch: Watch;
  readonly #signal: AbortSignal | undefined;

  constructor(res: IncomingMessage, watch: Watch, signal: AbortSignal | undefined) {
    this.status = res.statusCode ?? 0;
    this.headers = res.headers;
    this.#res = res;
    this.#watch = watch;
    this.#signal = signal;
  }

  /** The whole answer; nothing may pause for longer than the limit. */
  async whole(limitMs: number): Promise<Answer> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.chunks(limitMs)) {
      chunks.push(chunk);
    }
    return { status: this.status, headers: this.headers, text: Buffer.concat(chunks).toString() };
  }

  /** The answer as it comes. Whoever stops reading ends it. */
  async *chunks(limitMs: number): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      this.#watch.expect("more of the answer", limitMs);
      for await (const chunk of this.#res) {
        this.#watch.rest(); // what the reader does meanwhile is its own affair
        yield chunk;
        this.#watch.expect("more of the answer", limitMs);
      }
    } catch (err) {
      this.#signal?.throwIfAborted();
      throw new NoAnswer(words(this.#watch.why ?? err), true, this.#watch.why ?? err);
    } finally {
      this.#watch.end();
      if (!this.#res.complete) {
        this.#res.destroy();
      }
    }
  }
}

/** Watch ends a request that makes no progress, or whose signal says so. */
class Watch {
  why: Error | undefined; // set when it made no progress
  readonly #req: ClientRequest;
  readonly #signal: AbortSignal | undefined;
  readonly #aborted = () => this.#req.destroy();
  #timer: NodeJS.Timeout | undefined;

  constructor(req: ClientRequest, signal: AbortSignal | undefined) {
    this.#req = req;
    this.#signal = signal;
    req.on("error", () => {}); // one that comes after the answer's head is seen in its body
    signal?.addEventListener("abort", this.#aborted);
  }

  /** expect sets a limit to the wait for what comes next. */
  expect(what: string, limitMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.why = new Error(`no ${what} within ${limitMs} ms`);
      this.#req.destroy();
    }, limitMs);
  }

  rest(): void {
    clearTimeout(this.#timer);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#aborted);
  }
}

// An error of several addresses tried at once has a code, but no words.
function words(err: unknown): string {
  if (!(err instanceof Error)) {
    return String(err);
  }
  return err.message || ("code" in err ? String(err.code) : err.name);
}
