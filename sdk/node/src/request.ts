/** What a call asks for. */
export interface Request<T> {
  method: string;
  path: string; // from /v1 on, with the query
  headers?: Record<string, string>;
  body?: Uint8Array | undefined;
  keyless?: boolean; // the path holds the credential
  once?: boolean; // it may not be repeated if it may have been done
  read: (json: unknown) => T; // throws NotQuorumbeat
}
