// Package pings takes pings, whatever they tell and in whoever's form they come: quorumbeat's own, the ping API of
// Healthchecks, Uptime Kuma's push URL and the addresses of other monitors, each with the answers that its clients
// expect (package compat knows those of others).
//
// A ping is answered with 200 only once it is on the disks of a majority. [Pings.Serve] finds out whose it is from this
// node's own index; what that does not know it asks for behind the shared barrier, through [Server], before it says 404.
// A plain ping ends there: its reply is deferred on its connection (package deferred). All others are read whole first.
// Nothing of a request outlives its handler but that reply.
//
//	pings.go         what it needs of the server and the cluster; which form a path has; how refusals look in it
//	direct.go        plain pings that do not pass the HTTP server, as nearly all do; the paths of our own form
//	plain.go         plain pings that do
//	signal.go        pings that tell more: start, failure, exit status, time, body
//	body.go          the part of a body that is kept
//	lookup.go        whose a ping is, by token or by key and slug; making what ?create=1 asks for
//	healthchecks.go  Healthchecks' ping API
//	address.go       its paths
//	others.go        the addresses of other monitors
//	push.go          Uptime Kuma's push URL
package pings
