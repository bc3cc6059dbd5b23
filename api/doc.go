// Package api serves the HTTP interface of docs/api.md over fasthttp.
//
// Every node serves everything. Commands go through [Cluster.Propose], which
// forwards to the leader; reads wait until this node has applied all that was
// acknowledged before (?consistency=stale skips that). What a node does not find
// it looks for once more behind a shared barrier before it says 401 or 404, so
// that a node that lags is never wrong and guesses cannot flood the leader.
//
// The ping API of Healthchecks (healthchecks.go), Uptime Kuma's push URL (push.go) and
// the ping addresses of other monitors (others.go, which package compat reads) are
// served beside it, each with the answers that its clients expect.
//
// Errors of package fsm become statuses in one table, statusOf. Answers under /v1
// are JSON at any status. A ping's path from the socket to the proposal is in
// ping.go. Nothing of a request outlives its handler but the reply to a ping, which
// package deferred sends once the ping is recorded.
package api
