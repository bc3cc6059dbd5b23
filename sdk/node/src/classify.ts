import { APIError } from "./errors.js";
import type { NoAnswer } from "./exchange.js";

/** What a failed attempt means for the next one. */
export interface FailureClass {
  /** The same would come again. */
  final: boolean;
  /** It may have been done. */
  unsure: boolean;
  /** No other node will do better now. */
  ofCluster: boolean;
}

const FINAL: FailureClass = { final: true, unsure: false, ofCluster: false };
const OF_CLUSTER: FailureClass = { final: false, unsure: false, ofCluster: true };
const UNDONE: FailureClass = { final: false, unsure: false, ofCluster: false };
const UNSURE: FailureClass = { final: false, unsure: true, ofCluster: false };

export function classify(err: APIError | NoAnswer): FailureClass {
  if (!(err instanceof APIError)) {
    return err.sent ? UNSURE : UNDONE;
  }
  switch (err.statusCode) {
    case 408:
      return err.code === "timeout" ? UNDONE : UNSURE;
    case 429:
      return OF_CLUSTER; // a limit is the client's, so another node is no way round it
    case 500:
    case 502:
    case 504:
      return UNSURE;
    case 503:
      return unavailable(err.code);
    default:
      return FINAL;
  }
}

function unavailable(code: string): FailureClass {
  switch (code) {
    case "overloaded": // so is the leader, whoever is asked
      return OF_CLUSTER;
    case "no_leader":
    case "shutting_down":
      return UNDONE;
    default: // it is unknown, or another's words
      return UNSURE;
  }
}
