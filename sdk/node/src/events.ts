import { setTimeout as sleep } from "node:timers/promises";
import type { Caller } from "./calls.js";
import { APIError } from "./errors.js";
import { NoAnswer, type OpenAnswer } from "./exchange.js";
import { query } from "./paths.js";
import type { ClusterEvent, EventsParams } from "./types.js";
import { isObject } from "./wire.js";

/** A stream says something every 15 seconds. */
const PAUSE_MS = 45_000;

/** follow tells what changes, and goes on at another node when a stream breaks. */
export async function* follow(
  caller: Caller,
  params: EventsParams,
  signal: AbortSignal | undefined,
): AsyncGenerator<ClusterEvent, void, undefined> {
  let after = params.after;
  for (let fruitless = 0; ; fruitless++) {
    const answer = await caller.stream("/v1/events" + query({ tag: params.tag, last_event_id: after }), signal);
    try {
      for await (const block of blocks(answer)) {
        if (block.event === "end") {
          refuse(block.data);
          break;
        }
        if (block.event !== undefined) {
          yield { id: block.id, event: block.event, data: block.data } as ClusterEvent;
        }
        after = block.id ?? after; // it was dealt with
        fruitless = 0;
      }
    } catch (err) {
      if (!(err instanceof NoAnswer)) {
        throw err;
      }
    }
    const wait = 500 * 2 ** Math.min(fruitless, 4);
    await sleep(wait / 2 + Math.random() * wait, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
  }
}

interface Block {
  id: string | undefined;
  event: string | undefined;
  data: unknown;
}

/** blocks are the events of a stream; one that has an ID alone has no event. */
async function* blocks(answer: OpenAnswer): AsyncGenerator<Block, void, undefined> {
  let id: string | undefined;
  let event: string | undefined;
  let data: string | undefined;
  for await (const line of lines(answer)) {
    const colon = line.indexOf(":");
    const value = line.slice(colon + 1).replace(/^ /, "");
    switch (line.slice(0, Math.max(colon, 0))) {
      case "id":
        id = value;
        break;
      case "event":
        event = value;
        break;
      case "data":
        data = value;
        break;
    }
    if (line === "") {
      if (data !== undefined || id !== undefined) {
        yield { id, event: data === undefined ? undefined : event, data: data === undefined ? undefined : parse(data) };
      }
      id = event = data = undefined;
    }
  }
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch (err) {
    throw new NoAnswer("it does not answer like quorumbeat", true, err);
  }
}

async function* lines(answer: OpenAnswer): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of answer.chunks(PAUSE_MS)) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

/** refuse throws what a stream's last event says, unless another node may go on. */
function refuse(data: unknown): void {
  if (isObject(data) && data.code === "unauthorized") {
    throw new APIError(401, String(data.error), data.code);
  }
}
