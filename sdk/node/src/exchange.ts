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
 * exchange sends a request and reads the answer, whatever its status. It throws
 * NoAnswer, also if there is no progress within the limit, or the signal's reason.
 *
 * It is written on node:http, since fetch follows redirects, prints a warning under
 * Node.js 18 and does not tell whether a request had been sent when it failed.
 */
export async function exchange(message: Message, limitMs: number, signal: AbortSignal | undefined): Promise<Answer> {
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
    const chunks: Uint8Array[] = [];
    for await (const chunk of res) {
      watch.expect("more of the answer", limitMs);
      chunks.push(chunk);
    }
    return { status: res.statusCode ?? 0, headers: res.headers, text: Buffer.concat(chunks).toString() };
  } catch (err) {
    signal?.throwIfAborted();
    throw new NoAnswer(words(watch.why ?? err), sent, watch.why ?? err);
  } finally {
    watch.end();
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
