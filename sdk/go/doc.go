// Package heartbeat is a client of quorumbeat's HTTP API. It imports the standard
// library only.
//
//	client := heartbeat.New(apiKey, heartbeat.WithBaseURL("http://127.0.0.1:8080"))
//	hb, err := client.Create(ctx, heartbeat.CreateParams{Name: "nightly-sync", IntervalSecs: 86400})
//	…
//	_, err = client.Ping(ctx, hb.Token) // after each good run
//
// Errors that the server answers with are [*APIError]; see IsUnauthorized,
// IsQuotaExceeded and IsNotFound. Every call ends with its context.
package heartbeat
