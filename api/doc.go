// Package api serves the HTTP interface of docs/api.md over fasthttp.
//
// Every node serves everything. Commands go through [Cluster.Propose], which
// forwards to the leader; reads wait until this node has applied all that was
// acknowledged before (?consistency=stale skips that). What a node does not find
// it looks for once more behind a shared barrier before it says 401 or 404, so
// that a node that lags is never wrong and guesses cannot flood the leader.
//
// Beside it: packages listener, deferred and tickets keep connections; pings takes pings of every form, and compat reads
// those of other monitors' clients; request reads what all handlers need; limits and proxied say who calls too often and
// who calls; writable says what a client may write of a heartbeat; channels, windows, incidents, templates, schedules and
// explain are those things in JSON; metrics is what /metrics shows, events the streams of changes, public the pages for
// anybody, web the dashboard.
//
//	server.go       the server: what it is made of, and its life
//	handle.go       where a request goes first, who asks, and what package pings sees of the server
//	routes.go       the table of routes under /v1 and beside it
//	auth.go         keys, revoking them, barriers for what this node does not know
//	config.go       settings, and the secrets that can be exchanged while it runs
//	errors.go       the table from errors to statuses
//	body.go         bodies: who may send one, and how much of it is read; the version that a change depends on
//	json.go         heartbeats and evidence as JSON
//	listings.go     pages of lists, and their cursors
//	events.go       the stream of what changes in them
//	heartbeats.go   heartbeats: create, read, update, delete, put by slug, rotate the token
//	pause.go        pausing one, for a time too, and resuming it
//	alerts.go       alerts and incidents, and what people do about them; test mails
//	channels.go     the routes of channels
//	schedule.go     previews of schedules, suggestions, and a zone alone
//	keys.go         API keys
//	published.go    status pages and badges: for admins, and for anybody
//	status.go       what it needs of the cluster and of the mail server; health, cluster status, backup, scrapes
//	web.go          the dashboard's view of this package
//
// Errors of package fsm become statuses in one table, statusOf. Answers under /v1
// are JSON at any status. Nothing of a request outlives its handler but the reply to a ping, which
// package deferred sends once the ping is recorded.
package api
