// Package heartbeat is a client of quorumbeat's HTTP API. It imports the standard
// library only.
//
//	client := heartbeat.New(apiKey, heartbeat.WithBaseURL("http://mon1:8080", "http://mon2:8080", "http://mon3:8080"))
//	hb, err := client.Ensure(ctx, "nightly-sync", heartbeat.CreateParams{IntervalSecs: 86400, GraceSecs: 3600})
//	…
//	err = client.Ping(ctx, hb.Token) // after each good run
//
// Ensure makes a heartbeat once, and at later starts of the program finds it. Create makes
// another one each time; those that nobody pings any more alert.
//
// # Pings and signals
//
// A ping says that a run went well. A job may also tell that it starts, fails, ends
// with an exit status, or has something to note: Start, Fail, Exit and Log. A run ID
// ties them together; a body holds what the job printed.
//
// # Failover
//
// With several base URLs a call asks one node after the other, beginning with the
// one that answered last, so that only the first call after a node's death waits
// for it. An attempt fails if there is no progress for 5 seconds (15 with a single
// base URL, as a node may hold a ping for 10 while the nodes elect a leader), or
// earlier if the context's deadline could not otherwise be shared with the nodes
// that were not asked yet; see WithAttemptTimeout.
//
// # Retries
//
// When every node was asked, the client waits for about 0.5, 1, 2 and 4 seconds and
// asks them again; see WithRetries. It waits longer if the server says so with
// Retry-After, unless that is more than 30 seconds or more than the context allows:
// then the call ends at once. No attempt begins later than a minute after the first.
// So every call ends, also with a context that has no deadline.
//
// Connections that fail, attempts that take too long, and the answers 408, 429, 500,
// 502, 503 and 504 are tried again. Other answers are final.
//
// A retry never counts twice. All attempts of one ping carry the same
// Idempotency-Key, by which the server knows them for one. Create, CreateKey and
// RetryAlert, DeliverAlert, HoldAlert and CancelAlert are only repeated when the server did not get the request, or says that
// it did nothing; else their error may mean that it was done, see IsUnknownOutcome.
//
// # Errors
//
// What the server answers is an [*APIError], which may be wrapped; see IsUnauthorized,
// IsQuotaExceeded, IsNotFound and the others. No error holds a token or a key.
package heartbeat
