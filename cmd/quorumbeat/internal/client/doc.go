// Package client has the commands that call the HTTP API, one file a command. An ID that a
// command takes may be given as a name or slug, if only one thing has it. What they share is in
// call; the commands about alerts, incidents and channels are in alerts.
//
//	commands.go     the list of them
//	create.go (also ensure), update.go (also pause), fields.go  writing heartbeats, and their flags
//	list.go, get.go (also resume and delete), pings.go  reading them
//	rotate.go       new ping tokens
//	ping.go         pinging them
//	events.go       what changes, as it changes
//	schedules.go    when schedules fire, and which settings pings suggest
//	keys.go         API keys
//	published.go    status pages and badges
//	cluster.go, remove.go  the nodes
package client
